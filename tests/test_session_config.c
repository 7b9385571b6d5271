/* SPDX-License-Identifier: BSD-2-Clause */
/* What a controller may not ask for. */
#include <check.h>

#include "check_main.h"
#include "bed.h"
#include "session_wishes.h"

enum { NAME = MPCONN_SESSION_NAME_MAX + 1 };

static bed b;

static void setup(void)
{
    mpconn_engine_config cfg;
    mpconn_callbacks cb;

    bed_config(&cfg, &cb);
    cfg.max_sessions = 2;
    bed_open(&b, &cfg, &cb);
}

static void teardown(void)
{
    bed_close(&b);
}

static int add(const mpconn_session_config *c)
{
    return mpconn_session_add(b.eng, c, b.now);
}

static void name_empty(mpconn_session_config *c) { c->name[0] = '\0'; }
static void name_endless(mpconn_session_config *c) { memset(c->name, 'x', NAME); }
static void family_none(mpconn_session_config *c) { c->termination[0].family = 0; }
static void family_odd(mpconn_session_config *c) { c->termination[1].family = 5; }
static void local_none(mpconn_session_config *c)
{
    c->termination[1].local = (mpconn_addr){{0}};
}
static void local_multicast(mpconn_session_config *c) { c->termination[0].local.bytes[0] = 224; }
static void local_loopback(mpconn_session_config *c) { c->termination[0].local.bytes[0] = 127; }
static void port_none(mpconn_session_config *c) { c->termination[1].local_port = 0; }
static void prefix_long(mpconn_session_config *c) { c->termination[0].expect_prefix = 33; }
static void prefix_long_ipv6(mpconn_session_config *c)
{
    c->flags = MPCONN_SESSION_F_FAMILIES;
    wish_ipv6(&c->termination[0]);
    c->termination[0].expect_prefix = 129;
}
static void expect_multicast(mpconn_session_config *c)
{
    c->termination[0].expect.bytes[0] = 224;
    c->termination[0].expect_prefix = 32;
}
static void latch_odd(mpconn_session_config *c) { c->termination[1].latch = 3; }
static void latch_off_to_many(mpconn_session_config *c)
{
    c->termination[0].expect.bytes[0] = 10;
    c->termination[0].expect_prefix = 31;
    c->termination[0].expect_port = 4000;
    c->termination[0].latch = MPCONN_LATCH_OFF;
}
static void latch_off_to_any_port(mpconn_session_config *c)
{
    latch_off_to_many(c);
    c->termination[0].expect_prefix = 32;
    c->termination[0].expect_port = 0;
}
static void reserved_first(mpconn_session_config *c) { c->termination[0].reserved[0] = 1; }
static void reserved_last(mpconn_session_config *c) { c->termination[1].reserved[4] = 1; }
static void reserved_of_session(mpconn_session_config *c) { c->reserved = 1; }
static void families_differ(mpconn_session_config *c) { wish_ipv6(&c->termination[1]); }
static void called_alike(mpconn_session_config *c) { c->termination[1] = c->termination[0]; }
static void mss_small(mpconn_session_config *c) { c->max_mss = 87; }
static void role_odd(mpconn_session_config *c) { c->role = 4; }
static void answer_odd(mpconn_session_config *c) { c->answer = 3; }
static void stale_odd(mpconn_session_config *c) { c->stale = 4; }
static void candidates_many(mpconn_session_config *c) { c->candidates = 9; }
static void flags_odd(mpconn_session_config *c) { c->flags = 4; }
static void wait_long(mpconn_session_config *c) { c->wait_ms = 240001; }
static void fresh_long(mpconn_session_config *c) { c->fresh_ms = 240001; }
static void confirm_long(mpconn_session_config *c) { c->confirm_ms = 240001; }
static void relatch_long(mpconn_session_config *c) { c->relatch_ms = UINT32_MAX; }

#define BAD(change) {#change, change}
static const struct {
    const char *name;
    void (*change)(mpconn_session_config *c);
} bad[] = {
    BAD(name_empty), BAD(name_endless), BAD(family_none), BAD(family_odd), BAD(local_none),
    BAD(local_multicast), BAD(local_loopback), BAD(port_none), BAD(prefix_long),
    BAD(prefix_long_ipv6), BAD(expect_multicast), BAD(latch_odd), BAD(latch_off_to_many),
    BAD(latch_off_to_any_port), BAD(reserved_first), BAD(reserved_last),
    BAD(reserved_of_session), BAD(families_differ), BAD(called_alike), BAD(mss_small),
    BAD(role_odd), BAD(answer_odd), BAD(stale_odd), BAD(candidates_many), BAD(flags_odd),
    BAD(wait_long), BAD(fresh_long), BAD(confirm_long), BAD(relatch_long),
};
enum { N_BAD = sizeof(bad) / sizeof(bad[0]) };

START_TEST(session_of_bad_input_is_refused)
{
    mpconn_session_config c = wish(0), good = wish(0);

    bad[_i].change(&c);
    ck_assert_msg(add(&c) == MPCONN_ERR_INVAL, "%s was taken", bad[_i].name);
    ck_assert_int_eq(mpconn_session_remove(b.eng, good.name, b.now), MPCONN_ERR_NOTFOUND);
    ck_assert_int_eq(add(&good), MPCONN_OK);
    ck_assert_msg(mpconn_session_modify(b.eng, &c, b.now) == MPCONN_ERR_INVAL,
                  "%s was modified to", bad[_i].name);
}
END_TEST

START_TEST(session_at_the_edges_is_taken)
{
    mpconn_session_config c = wish(0);

    memset(c.name, 'x', NAME - 1);
    c.termination[0].expect = (mpconn_addr){{198, 51, 100, 7}};
    c.termination[0].expect_prefix = 32;
    c.termination[0].expect_port = 1;
    c.termination[0].latch = MPCONN_LATCH_OFF;
    c.termination[1].latch = MPCONN_LATCH_RELATCH;
    c.max_mss = 88;
    c.candidates = 8;
    c.stale = MPCONN_STALE_PASS;
    c.flags = MPCONN_SESSION_F_FAMILIES | MPCONN_SESSION_F_SIGNED_SILENT;
    c.wait_ms = c.fresh_ms = c.confirm_ms = c.relatch_ms = 240000;
    ck_assert_int_eq(add(&c), MPCONN_OK);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("session_config");
    TCase *tc = tcase_create("session_config");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, session_of_bad_input_is_refused, 0, N_BAD);
    tcase_add_test(tc, session_at_the_edges_is_taken);
    suite_add_tcase(suite, tc);
    return check_run(suite);
}
