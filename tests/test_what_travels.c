/* SPDX-License-Identifier: BSD-2-Clause */
/* What one member was told by another is taken as it was said: not worked out again from what this
 * member would have offered itself, and no more than it is meant for. */
#include "carried.h"
#include "check_main.h"
#include "split/share.h"

/* Members whose hosts chose other offers. */
static void start_unlike(unsigned registrar)
{
    net.at[B].cfg.mss_ipv4 = 1300;
    net.at[B].cfg.wscale = 3;
    start(registrar);
}

static const mpconn_delta *delta_at(unsigned member)
{
    const bed *b = m[member];

    ck_assert_uint_gt(b->n_events, 0);
    ck_assert_uint_eq(b->events[b->n_events - 1].type, MPCONN_EVENT_SETTLED);
    return &b->deltas[b->n_events - 1];
}

static void expect_same_delta(void)
{
    ck_assert_uint_eq(delta_at(A)->seq[SERVER], c.z - c.y);
    ck_assert_mem_eq(delta_at(A), delta_at(B), sizeof(mpconn_delta));
}

/* A answers the SYN and drives, the server's answer comes to B. `wait`: between SYN and proof. */
static void settle_asymmetric(uint64_t wait)
{
    bed_segment proof;

    bed_syn(m[A], &c);
    sync_pass(&net, wait);
    proof = bed_proof_seg(&c);
    bed_in(m[A], CLIENT, &proof);
    sync_carry(&net); /* after so long A asks before it drives */
    bed_syn_ack(m[B], &c);
    sync_carry(&net);
}

/* B, who would have offered a scale of 3, shifts by the 7 that A offered. */
START_TEST(R4_commit_carries_what_was_offered_elsewhere)
{
    start_unlike((unsigned)_i & 1);
    c.timestamps = (uint8_t)(_i >> 1);
    settle_asymmetric(0);
    expect_same_delta();
    ck_assert_uint_eq(delta_at(B)->wscale_out[SERVER], 7);
    ck_assert_uint_eq(m[B]->legs[0][0].server_wscale, 7);
}
END_TEST

/* y is of an epoch that is over when the commit is made: nobody computes it again. */
START_TEST(R4_commit_carries_the_number_of_an_epoch_that_is_over)
{
    uint64_t before;

    start((unsigned)_i);
    before = m[B]->eng->sync.epochs.number;
    settle_asymmetric(65 * MPCONN_SECOND);
    ck_assert_uint_eq(m[B]->eng->sync.epochs.number, before + 1);
    expect_same_delta();
}
END_TEST

/* A copy for who asks in mid-flow is as explicit as a commit. */
START_TEST(R4_copy_carries_what_was_offered_elsewhere)
{
    start_unlike((unsigned)_i);
    bed_settle(m[A], &c);
    say(B, SERVER, MPCI_TCP_ACK, 1, 1, 100);
    ck_assert_int_eq(m[B]->pkt.verdict, MPCONN_VERDICT_HOLD);
    sync_carry(&net);
    expect_same_delta();
}
END_TEST

/* The proof comes to a member that would have offered something else: it opens the server leg with
 * what the client was told. */
START_TEST(R5_offers_are_those_of_the_member_that_answered)
{
    const bed_out *syn;

    start_unlike((unsigned)_i);
    c.client_mss = 1380;
    bed_syn(m[A], &c);
    sync_end(&net, A); /* nothing but the cookie tells B */
    sync_pass(&net, 10 * MPCONN_SECOND);
    bed_proof(m[B], &c);
    syn = bed_take(m[B]);
    ck_assert_uint_eq(syn->view.flags, MPCI_TCP_SYN);
    ck_assert_uint_eq(syn->options.mss, 1380 - 12); /* room for timestamps */
    ck_assert_uint_eq(syn->options.wscale, c.client_wscale);
    ck_assert_int_eq(syn->options.sack_permitted, 1);
    bed_syn_ack(m[B], &c);
    ck_assert_uint_eq(delta_at(B)->wscale_out[SERVER], 7);
}
END_TEST

static mpci_settled *flow_at(unsigned member)
{
    mpci_core *core = &m[member]->eng->core;
    uint32_t slot = mpci_settled_find(&core->settled,
                                      mpci_tuple_hash(&core->table_key, &c.tuple), &c.tuple);

    ck_assert_uint_ne(slot, MPCI_SLOT_NONE);
    return mpci_settled_at(&core->settled, slot);
}

/* What A says of the flow at that moment, kept from B. */
static mpci_record told_by_a(void)
{
    const mpci_settled *e = flow_at(A);
    mpci_record r = {0};

    r.type = MPCI_RECORD_DELTA;
    r.tuple = c.tuple;
    r.client_isn = e->client_isn;
    r.flags = MPCI_FLOW_SPLIT | MPCI_FLOW_HEARD;
    r.generation = e->generation;
    r.hs = e->hs;
    r.server_options = e->server_options;
    r.seq_offset = e->seq_offset;
    r.ts_offset = e->ts_offset;
    r.state = e->state;
    for (unsigned i = 0; i < 2; i++) {
        r.end[i] = e->dir[i].end;
        r.room[i] = e->dir[i].max_end - e->dir[i].end;
        r.max_window[i] = e->max_window[i];
    }
    return r;
}

static void tell_b(const mpci_record *r)
{
    sync_put(&net, A, net.at[B].id, r);
    sync_flush(&net, A);
    sync_carry(&net);
}

/* Progress that is told, be it late or a lie, neither moves what passed here nor decides whether
 * data passes. */
START_TEST(R10_progress_that_is_told_does_not_move_what_passed_here)
{
    static const uint32_t away[] = {UINT32_MAX, 1, 1000000, UINT32_C(0x7fffffff),
                                    UINT32_C(0x80000000)};
    mpci_direction before[2];
    mpci_record r;

    start(A);
    settle_asymmetric(0);
    say(B, SERVER, MPCI_TCP_ACK, 1, 1, 500);
    sync_carry(&net);
    memcpy(before, flow_at(B)->dir, sizeof before);
    r = told_by_a();
    for (unsigned i = 0; i < 2; i++)
        r.end[i] = before[i].end + away[_i];
    tell_b(&r);
    ck_assert_mem_eq(flow_at(B)->dir, before, sizeof before);
    say(B, SERVER, MPCI_TCP_ACK, 501, 1, 500);
    ck_assert_int_eq(m[B]->pkt.reason, MPCONN_REASON_TRANSLATED);
}
END_TEST

/* The number behind a FIN is no advice: its acknowledgment is waited for. */
START_TEST(R10_number_behind_a_fin_is_taken)
{
    mpci_record r;

    start(A);
    settle_asymmetric(0);
    r = told_by_a();
    r.end[CLIENT] += 11;
    r.state |= MPCI_LIFE_FIN_CLIENT << 3;
    tell_b(&r);
    ck_assert_uint_eq(flow_at(B)->dir[CLIENT].end, c.x + 12);
}
END_TEST

/* It was on its way while the next incarnation began: it changes nothing, and who says it is told
 * of what stands. */
START_TEST(S08_delta_of_an_older_incarnation_is_stale)
{
    mpci_settled before;
    mpci_record late;
    uint64_t stale;

    start((unsigned)_i);
    settle_asymmetric(0);
    late = told_by_a();
    say(A, CLIENT, MPCI_TCP_RST, 1, 0, 0);
    sync_carry(&net);
    c.x += 100000;
    c.z += 100000;
    m[A]->n_out = 0;
    settle_asymmetric(0);
    say(B, SERVER, MPCI_TCP_ACK, 1, 1, 100);
    sync_carry(&net);
    ck_assert_uint_eq(flow_at(B)->generation, 2);
    before = *flow_at(B);
    late.client_isn ^= 1; /* of a life that left no tombstone here */
    stale = m[B]->eng->sync.records_out[MPCI_RECORD_STALE];
    tell_b(&late);
    ck_assert_mem_eq(flow_at(B), &before, sizeof before);
    ck_assert_uint_eq(m[B]->eng->sync.records_out[MPCI_RECORD_STALE], stale + 1);
    ck_assert_uint_eq(flow_at(A)->client_isn, c.x);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("what_travels");
    TCase *tc = tcase_create("what_travels");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_loop_test(tc, R4_commit_carries_what_was_offered_elsewhere, 0, 4);
    tcase_add_loop_test(tc, R4_commit_carries_the_number_of_an_epoch_that_is_over, 0, 2);
    tcase_add_loop_test(tc, R4_copy_carries_what_was_offered_elsewhere, 0, 2);
    tcase_add_loop_test(tc, R5_offers_are_those_of_the_member_that_answered, 0, 2);
    tcase_add_loop_test(tc, R10_progress_that_is_told_does_not_move_what_passed_here, 0, 5);
    tcase_add_test(tc, R10_number_behind_a_fin_is_taken);
    tcase_add_loop_test(tc, S08_delta_of_an_older_incarnation_is_stale, 0, 2);
    suite_add_tcase(s, tc);
    return check_run(s);
}
