/* SPDX-License-Identifier: BSD-2-Clause */
/* Sessions as people write them. */
#include "check_main.h"
#include "rendezvous/session.h"

#include <stdio.h>
#include <string.h>

static mpconn_session_config config;
static session_problem problem;

static bool is_session(const char *name, const char *expect)
{
    char text[512];

    snprintf(text, sizeof(text),
             "{\"session\":\"%s\",\"a\":{\"local\":\"[2001:db8::9]:5\",\"expect\":\"%s\"},"
             "\"b\":{\"local\":\"[2001:db8::9]:6\"}}",
             name, expect);
    problem.text[0] = '\0';
    return session_parse(&config, text, &problem);
}

static void expects(const char *text, unsigned prefix, unsigned port)
{
    static const uint8_t two[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 2 };

    ck_assert_msg(is_session("n", text), "%s: %s", text, problem.text);
    ck_assert_mem_eq(config.termination[0].expect.bytes, two, sizeof(two));
    ck_assert_uint_eq(config.termination[0].expect_prefix, prefix);
    ck_assert_uint_eq(config.termination[0].expect_port, port);
}

START_TEST(expected_address_may_be_in_brackets)
{
    static const char *const wrong[] = { "[2001:db8::2", "2001:db8::2]", "[]", "[", "[192.0.2.1]",
                                         "[192.0.2.1]/24", "[[2001:db8::2]]", "[2001:db8::2]/",
                                         "[2001:db8::2]/129", "[2001:db8::2]x", "[2001:db8::2/64]",
                                         "[2001:db8::2]:0" };

    expects("2001:db8::2", 128, 0);
    expects("[2001:db8::2]", 128, 0);
    expects("2001:db8::2/64", 64, 0);
    expects("[2001:db8::2]/64", 64, 0);
    expects("[2001:db8::2]:7", 128, 7);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        ck_assert_msg(!is_session("n", wrong[i]), "%s", wrong[i]);
        ck_assert_ptr_nonnull(strstr(problem.text, "a.expect: expected"));
    }
}
END_TEST

/* It can be removed by the line that names it, and told in a document of one line. */
START_TEST(name_is_one_that_a_line_can_say)
{
    static const char *const wrong[] = { " n", "n ", " ", "a\\nb", "a\\tb", "\\u001f", "\\u007f" };

    ck_assert(is_session("a b", "2001:db8::2"));
    ck_assert(is_session("\xc3\xa9", "2001:db8::2"));
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        ck_assert_msg(!is_session(wrong[i], "2001:db8::2"), "%s", wrong[i]);
        ck_assert_ptr_nonnull(strstr(problem.text, "session: a name has no"));
    }
}
END_TEST

START_TEST(unknown_member_is_told_in_whole_characters)
{
    char text[128], told[128];

    for (int before = 57; before <= 60; before++) {
        snprintf(text, sizeof(text), "{\"%.*s\xc3\xa9z\":1}", before,
                 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
        ck_assert(!session_parse(&config, text, &problem));
        snprintf(told, sizeof(told), "%.*s%s%s: no such member", before, text + 2,
                 before <= 58 ? "\xc3\xa9" : "", before <= 57 ? "z" : "");
        ck_assert_str_eq(problem.text, told);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("session text");
    TCase *t = tcase_create("session text");

    tcase_add_test(t, expected_address_may_be_in_brackets);
    tcase_add_test(t, name_is_one_that_a_line_can_say);
    tcase_add_test(t, unknown_member_is_told_in_whole_characters);
    suite_add_tcase(suite, t);
    return check_run(suite);
}
