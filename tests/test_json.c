/* SPDX-License-Identifier: BSD-2-Clause */
/* Documents of host programs: whatever is in a text, they are JSON, which is UTF-8 (RFC 8259). */
#include "check_main.h"
#include "host/json.h"

#include <stdlib.h>
#include <string.h>

static void written(const char *text, const char *as)
{
    char *bytes = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&bytes, &len);
    json j = { .out = out };

    ck_assert_ptr_nonnull(out);
    json_text(&j, NULL, text);
    fclose(out);
    ck_assert_str_eq(bytes, as);
    free(bytes);
}

START_TEST(text_is_escaped)
{
    written("a\"b\\c\n\x01", "\"a\\\"b\\\\c\\u000a\\u0001\"");
}
END_TEST

START_TEST(characters_of_every_length_pass)
{
    written("\x7f \xc2\x80 \xdf\xbf \xe0\xa0\x80 \xed\x9f\xbf \xef\xbf\xbf \xf0\x90\x80\x80 "
            "\xf4\x8f\xbf\xbf",
            "\"\x7f \xc2\x80 \xdf\xbf \xe0\xa0\x80 \xed\x9f\xbf \xef\xbf\xbf \xf0\x90\x80\x80 "
            "\xf4\x8f\xbf\xbf\"");
}
END_TEST

START_TEST(bytes_that_are_no_character_are_replaced)
{
    written("a\xc3", "\"a\\ufffd\"");
    written("\xc3:", "\"\\ufffd:\"");
    written("\x80", "\"\\ufffd\"");
    written("\xff", "\"\\ufffd\"");
    written("\xc1\xbf", "\"\\ufffd\\ufffd\"");         /* longer than need be */
    written("\xe0\x9f\xbf", "\"\\ufffd\\ufffd\\ufffd\"");
    written("\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\""); /* half of a pair */
    written("\xf4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\"");
    written("\xe2\x82", "\"\\ufffd\\ufffd\"");
    written("\xf0\x90\x80\"", "\"\\ufffd\\ufffd\\ufffd\\\"\"");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("json");
    TCase *t = tcase_create("json");

    tcase_add_test(t, text_is_escaped);
    tcase_add_test(t, characters_of_every_length_pass);
    tcase_add_test(t, bytes_that_are_no_character_are_replaced);
    suite_add_tcase(suite, t);
    return check_run(suite);
}
