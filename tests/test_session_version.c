/* SPDX-License-Identifier: BSD-2-Clause */
/* Versions of a session's configuration have 16 bits, and 0 stands for none: after the last one
 * comes the first again, which is later all the same. */
#include "meeting_members.h"

enum { MEMBERS = 2 };

static sync_letter late; /* word that has not come yet */

static void change(uint16_t max_mss)
{
    config.max_mss = max_mss;
    ck_assert_int_eq(mpconn_session_modify(engine(0), &config, net.now), MPCONN_OK);
}

static void assert_all_have(unsigned version, unsigned max_mss)
{
    for (unsigned i = 0; i < MEMBERS; i++) {
        ck_assert_uint_eq(session_at(i)->version, version);
        ck_assert_uint_eq(session_at(i)->config.max_mss, max_mss);
    }
}

/* Of the latest change the others heard by a greeting: its word is late. */
static void open_at(unsigned version)
{
    open_members(MEMBERS);
    config.max_mss = 500;
    add_at(0);
    for (unsigned i = 0; i < MEMBERS && version > 1; i++) {
        mpci_sessions *t = &engine(i)->rendezvous.sessions;

        mpci_session_at(t, mpci_sessions_named(t, config.name))->version = (uint16_t)(version - 1);
    }
    if (version > 1) {
        change(501);
        late = sync_take(&net, 0, 1);
        sync_lose(&net);
    }
    sync_pass(&net, 2 * MPCONN_SECOND);
    assert_all_have(version, config.max_mss);
}

static uint64_t told_by(unsigned member)
{
    return engine(member)->sync.records_out[MPCI_RECORD_SESSION];
}

static void hear_late_word(void)
{
    ck_assert_uint_eq(sync_input(&net, 1, late.bytes, late.len), MPCONN_SYNC_TAKEN);
    sync_carry(&net);
}

START_TEST(change_after_the_last_version_is_taken)
{
    open_at(UINT16_MAX);
    change(999);
    sync_carry(&net);
    assert_all_have(1, 999);
    change(998);
    sync_carry(&net);
    assert_all_have(2, 998);
    sync_bed_close(&net);
}
END_TEST

START_TEST(change_after_the_last_version_that_was_lost_comes_with_a_greeting)
{
    open_at(UINT16_MAX);
    change(999);
    sync_lose(&net);
    sync_pass(&net, 2 * MPCONN_SECOND);
    assert_all_have(1, 999);
    sync_bed_close(&net);
}
END_TEST

START_TEST(who_says_the_last_version_is_told_the_first)
{
    uint64_t told_before;

    open_at(UINT16_MAX);
    change(999);
    sync_carry(&net);
    told_before = told_by(1);
    hear_late_word();
    ck_assert_uint_eq(told_by(1), told_before + 1);
    assert_all_have(1, 999);
    sync_bed_close(&net);
}
END_TEST

START_TEST(session_that_was_removed_after_the_last_version_stays_away)
{
    open_at(UINT16_MAX);
    change(999);
    change(998);
    sync_carry(&net);
    ck_assert_int_eq(mpconn_session_remove(engine(0), config.name, net.now), MPCONN_OK);
    sync_carry(&net);
    hear_late_word();
    for (unsigned i = 0; i < MEMBERS; i++)
        ck_assert(!is_known_at(i));
    add_at(1);
    assert_all_have(3, 998);
    sync_bed_close(&net);
}
END_TEST

START_TEST(late_removal_of_the_last_version_leaves_the_first)
{
    open_at(UINT16_MAX);
    ck_assert_int_eq(mpconn_session_remove(engine(0), config.name, net.now), MPCONN_OK);
    late = sync_take(&net, 0, 1);
    sync_lose(&net);
    add_at(0);
    assert_all_have(1, config.max_mss);
    hear_late_word();
    assert_all_have(1, config.max_mss);
    sync_bed_close(&net);
}
END_TEST

/* Who missed that it was removed must take the new one for the later one. */
START_TEST(session_that_comes_again_is_later_than_the_one_that_is_gone)
{
    static const unsigned removed[] = {1, 6, 16384, 16385, 32767, 32768, 32769, 49152, 65535};

    for (unsigned k = 0; k < sizeof removed / sizeof removed[0]; k++) {
        open_at(removed[k]);
        ck_assert_int_eq(mpconn_session_remove(engine(0), config.name, net.now), MPCONN_OK);
        config.max_mss = 999;
        ck_assert_int_eq(mpconn_session_add(engine(0), &config, net.now), MPCONN_OK);
        sync_lose(&net);
        sync_pass(&net, 2 * MPCONN_SECOND);
        assert_all_have(session_at(0)->version, 999);
        sync_bed_close(&net);
    }
}
END_TEST

int main(void)
{
    return CHECK_MAIN("session_version", change_after_the_last_version_is_taken,
                      change_after_the_last_version_that_was_lost_comes_with_a_greeting,
                      who_says_the_last_version_is_told_the_first,
                      session_that_was_removed_after_the_last_version_stays_away,
                      late_removal_of_the_last_version_leaves_the_first,
                      session_that_comes_again_is_later_than_the_one_that_is_gone);
}
