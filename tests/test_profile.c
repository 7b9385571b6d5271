/* SPDX-License-Identifier: BSD-2-Clause */
/* Members that tell clients something else than another one does: their hosts hear of it. */
#include "check_main.h"
#include "sync/hello.h"
#include "sync_bed.h"

static sync_bed s;

static uint64_t greetings_that_differ(unsigned at)
{
    return mpconn_engine_sync_count(s.at[at].b.eng, MPCONN_SYNC_PROFILE_DIFFERS);
}

static unsigned told(unsigned at)
{
    return sync_events(&s, at, MPCONN_EVENT_MEMBER_DIFFERS, at == 0 ? 2 : 1);
}

static void change(mpconn_engine_config *cfg, int what)
{
    switch (what) {
    case 0:
        cfg->mss_ipv4 = 1400;
        break;
    case 1:
        cfg->mss_ipv6 = 1400;
        break;
    case 2:
        cfg->wscale = 8;
        break;
    default:
        cfg->client_window = 1;
        break;
    }
}

START_TEST(member_that_tells_something_else_is_told_of_once)
{
    sync_bed_open(&s, 2);
    change(&s.at[1].cfg, _i);
    sync_boot_all(&s);
    sync_pass(&s, 20 * MPCONN_SECOND);
    for (unsigned at = 0; at < 2; at++) {
        ck_assert_uint_eq(told(at), 1);
        /* of 20 greetings, one in 255 by chance is not noticed */
        ck_assert_uint_ge(greetings_that_differ(at), 15);
    }
    sync_bed_close(&s);
}
END_TEST

START_TEST(member_that_differs_is_told_of_again_after_it_was_started_anew)
{
    sync_bed_open(&s, 2);
    change(&s.at[1].cfg, 0);
    sync_boot_all(&s);
    sync_pass(&s, 5 * MPCONN_SECOND);
    sync_boot(&s, 1);
    sync_pass(&s, 5 * MPCONN_SECOND);
    ck_assert_uint_eq(told(0), 2);
    s.at[1].cfg.mss_ipv4 = 0;
    sync_boot(&s, 1);
    sync_pass(&s, 5 * MPCONN_SECOND);
    ck_assert_uint_eq(told(0), 2);
    ck_assert_uint_eq(told(1), 0);
    sync_bed_close(&s);
}
END_TEST

/* What stands in a configuration, or is taken because nothing does. */
START_TEST(members_that_tell_the_same_do_not_differ)
{
    sync_bed_open(&s, 2);
    s.at[0].cfg.mss_ipv4 = 1460;
    s.at[0].cfg.wscale = 7;
    sync_boot_all(&s);
    sync_pass(&s, 20 * MPCONN_SECOND);
    for (unsigned at = 0; at < 2; at++) {
        ck_assert_uint_eq(told(at), 0);
        ck_assert_uint_eq(greetings_that_differ(at), 0);
    }
    sync_bed_close(&s);
}
END_TEST

START_TEST(change_of_key_makes_nobody_differ)
{
    static const uint8_t key[16] = "another, as long";

    sync_bed_open(&s, 2);
    sync_start(&s);
    s.strict = 0; /* for a while one of them does not take what the other sends */
    ck_assert_int_eq(mpconn_engine_set_key(s.at[0].b.eng, key, sizeof key, s.now), MPCONN_OK);
    sync_pass(&s, 2 * MPCONN_SECOND);
    ck_assert_int_eq(mpconn_engine_set_key(s.at[1].b.eng, key, sizeof key, s.now), MPCONN_OK);
    sync_pass(&s, 5 * MPCONN_SECOND);
    ck_assert_uint_eq(greetings_that_differ(0) + greetings_that_differ(1), 0);
    sync_bed_close(&s);
}
END_TEST

/* As members did that knew of no mark. */
START_TEST(member_that_says_nothing_does_not_differ)
{
    uint8_t bytes[SYNC_BYTES], records[MPCI_HELLO_HEAD] = {0x81, 1, 0};
    mpci_frame f;
    size_t len;

    sync_bed_open(&s, 2);
    sync_start(&s);
    f = sync_header(&s, 0, 2);
    len = sync_forge(bytes, &f, records, sizeof records, bed_key);
    ck_assert_uint_eq(sync_input(&s, 1, bytes, len), MPCONN_SYNC_TAKEN);
    ck_assert_uint_eq(greetings_that_differ(1), 0);
    f.sequence++;
    records[2] = (uint8_t)(mpci_hello_mark(&s.at[1].b.eng->sync.members.told, f.boot,
                                           f.sequence) % 255 + 1);
    len = sync_forge(bytes, &f, records, sizeof records, bed_key);
    ck_assert_uint_eq(sync_input(&s, 1, bytes, len), MPCONN_SYNC_TAKEN);
    ck_assert_uint_eq(greetings_that_differ(1), 1);
    sync_bed_close(&s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("profile");
    TCase *tc = tcase_create("profile");

    tcase_add_loop_test(tc, member_that_tells_something_else_is_told_of_once, 0, 4);
    tcase_add_test(tc, member_that_differs_is_told_of_again_after_it_was_started_anew);
    tcase_add_test(tc, members_that_tell_the_same_do_not_differ);
    tcase_add_test(tc, change_of_key_makes_nobody_differ);
    tcase_add_test(tc, member_that_says_nothing_does_not_differ);
    suite_add_tcase(suite, tc);
    return check_run(suite);
}
