/* SPDX-License-Identifier: BSD-2-Clause */
/* How handshakes that are not split end where two members know of them: nothing that is held stays
 * behind, and nobody tells its host of the end of what another member carries. */
#include "carried.h"
#include "check_main.h"
#include "split/machine.h"

static void unsplit(void)
{
    set_up();
    for (unsigned i = 0; i < 2; i++) {
        net.at[i].cfg.split_mode = MPCONN_SPLIT_NEVER;
        net.at[i].cfg.unknown_policy = MPCONN_UNKNOWN_DROP;
    }
}

static void gets(unsigned member, unsigned from, bed_segment seg, unsigned verdict)
{
    bed_in(m[member], from, &seg);
    ck_assert_msg(m[member]->pkt.verdict == verdict, "%s",
                  mpconn_reason_name(m[member]->pkt.reason));
}

static void begin(unsigned registrar)
{
    start(registrar);
    c.y = c.z;
}

/* The client's ACK waits at A for the number of a SYN|ACK that went past A. */
static void let_wait(void)
{
    gets(A, CLIENT, bed_syn_seg(&c), MPCONN_VERDICT_FORWARD);
    gets(A, CLIENT, bed_proof_seg(&c), MPCONN_VERDICT_HOLD);
    ck_assert_uint_eq(m[A]->eng->core.held_packets, 1);
}

static void expect_none_held(void)
{
    ck_assert_uint_eq(m[A]->n_released, 1);
    ck_assert_uint_eq(m[A]->eng->core.held_packets, 0);
    ck_assert_uint_eq(m[A]->eng->core.held_bytes, 0);
    bed_in_again(m[A], &m[A]->pkt);
    ck_assert_int_eq(m[A]->pkt.verdict, MPCONN_VERDICT_DROP);
    ck_assert_uint_eq(m[A]->pkt.flow, 0);
}

/* The account of what is held is the whole engine's: a flood that takes entries must not use it up
 * for good. */
START_TEST(R12_what_waits_is_released_when_its_entry_gives_way)
{
    mpci_handshake *h;
    mpci_step evict = {0};

    begin((unsigned)_i);
    let_wait();
    h = mpci_handshake_oldest_unproved(&m[A]->eng->core.handshakes);
    ck_assert_ptr_nonnull(h);
    evict.h = h;
    mpci_split_run(&m[A]->eng->split, &evict, MPCI_EV_EVICTED);
    expect_none_held();
}
END_TEST

START_TEST(R12_what_waits_is_released_when_the_opener_or_the_answerer_resets)
{
    mpconn_pkt waits;
    uint8_t bytes[BED_ROOM];

    begin((unsigned)_i & 1);
    let_wait();
    waits = m[A]->pkt;
    memcpy(bytes, m[A]->bytes, sizeof bytes);
    if (_i < 2)
        gets(A, CLIENT, bed_seg(&c.tuple, SERVER, MPCI_TCP_RST, c.x + 1, 0),
             MPCONN_VERDICT_FORWARD);
    else
        gets(A, SERVER, bed_seg(&c.tuple, CLIENT, MPCI_TCP_RST | MPCI_TCP_ACK, 0, c.x + 1),
             MPCONN_VERDICT_FORWARD);
    memcpy(m[A]->bytes, bytes, sizeof bytes);
    m[A]->pkt = waits;
    expect_none_held();
}
END_TEST

START_TEST(R12_what_waits_is_released_when_the_host_kills_it)
{
    mpconn_flow_filter all;

    MPCONN_STRUCT_INIT(&all);
    all.flags = _i < 2 ? 0 : MPCONN_KILL_F_SILENT;
    begin((unsigned)_i & 1);
    let_wait();
    ck_assert_int_eq(mpconn_engine_kill(m[A]->eng, &all, NULL, m[A]->now), MPCONN_OK);
    expect_none_held();
}
END_TEST

/* The SYN|ACK comes to A after all: nobody has to wait until it is too late. */
START_TEST(ack_that_waits_goes_on_when_the_answer_comes_here)
{
    bed_segment seg;
    mpconn_pkt waits;
    uint8_t bytes[BED_ROOM];

    begin((unsigned)_i);
    let_wait();
    waits = m[A]->pkt;
    memcpy(bytes, m[A]->bytes, sizeof bytes);
    seg = bed_syn_ack_seg(&c);
    gets(A, SERVER, seg, MPCONN_VERDICT_FORWARD);
    ck_assert_uint_eq(m[A]->n_released, 1);
    memcpy(m[A]->bytes, bytes, sizeof bytes);
    m[A]->pkt = waits;
    bed_in_again(m[A], &m[A]->pkt);
    ck_assert_int_eq(m[A]->pkt.verdict, MPCONN_VERDICT_FORWARD);
    ck_assert_uint_eq(flows_at(A), 1);
}
END_TEST

START_TEST(A2_syn_that_is_passed_on_is_announced_to_all)
{
    net.at[A].cfg.announce = MPCONN_ANNOUNCE_EARLY;
    begin((unsigned)_i);
    gets(A, CLIENT, bed_syn_seg(&c), MPCONN_VERDICT_FORWARD);
    sync_carry(&net);
    gets(B, SERVER, bed_syn_ack_seg(&c), MPCONN_VERDICT_FORWARD); /* at once: no question */
    sync_carry(&net);
    gets(A, CLIENT, bed_proof_seg(&c), MPCONN_VERDICT_FORWARD);
    ck_assert_uint_eq(flows_at(A), 1);
}
END_TEST

/* With EARLY everybody is told of every SYN; for most of them nothing follows. */
START_TEST(entry_of_what_was_only_told_ends_without_a_word)
{
    net.at[A].cfg.announce = MPCONN_ANNOUNCE_EARLY;
    begin((unsigned)_i);
    gets(A, CLIENT, bed_syn_seg(&c), MPCONN_VERDICT_FORWARD);
    sync_carry(&net);
    ck_assert_uint_eq(m[B]->eng->core.handshakes.used, 1);
    m[A]->n_events = m[B]->n_events = 0;
    sync_pass(&net, 250 * MPCONN_SECOND);
    for (unsigned i = 0; i < 2; i++)
        ck_assert_uint_eq(m[i]->eng->core.handshakes.used, 0);
    ck_assert_uint_eq(sync_events(&net, A, MPCONN_EVENT_REFUSED, 0), 1);
    ck_assert_uint_eq(sync_events(&net, B, MPCONN_EVENT_REFUSED, 0), 0);
}
END_TEST

START_TEST(entry_of_what_was_only_told_gives_way_without_a_word)
{
    net.at[A].cfg.announce = MPCONN_ANNOUNCE_EARLY;
    begin((unsigned)_i);
    gets(A, CLIENT, bed_syn_seg(&c), MPCONN_VERDICT_FORWARD);
    sync_carry(&net);
    m[A]->n_events = m[B]->n_events = 0;
    for (unsigned i = 0; i < 2; i++) {
        mpci_step evict = {0};

        evict.h = mpci_handshake_oldest_unproved(&m[i]->eng->core.handshakes);
        ck_assert_ptr_nonnull(evict.h);
        mpci_split_run(&m[i]->eng->split, &evict, MPCI_EV_EVICTED);
    }
    ck_assert_uint_eq(sync_events(&net, A, MPCONN_EVENT_REFUSED, 0), 1);
    ck_assert_uint_eq(sync_events(&net, B, MPCONN_EVENT_REFUSED, 0), 0);
}
END_TEST

/* The client came back with another number, and where connections are split. What the server
 * answers must not go past the driver as if it were the old one's. */
START_TEST(R8_driver_of_the_next_number_is_heard_where_the_last_one_was_tracked)
{
    bed_conn next;
    bed_segment seg;

    net.at[A].cfg.split_mode = MPCONN_SPLIT_ALWAYS;
    net.at[A].cfg.announce = MPCONN_ANNOUNCE_EARLY;
    begin((unsigned)_i);
    gets(B, CLIENT, bed_syn_seg(&c), MPCONN_VERDICT_FORWARD);
    next = bed_conn_of(&c.tuple, c.x + 5000000, 0x77770000);
    bed_syn(m[A], &next);
    bed_proof(m[A], &next);
    (void)bed_take(m[A]);
    sync_carry(&net);
    seg = bed_syn_ack_seg(&next);
    gets(B, SERVER, seg, MPCONN_VERDICT_CONSUMED);
    sync_carry(&net);
    ck_assert_uint_eq(flows_at(A), 1);
    ck_assert_uint_eq(flows_at(B), 1);
}
END_TEST

/* A stranger repeats a SYN|ACK that nobody waits for, while the others do not answer. */
START_TEST(R12_forged_syn_acks_make_no_more_records_than_the_budget_allows)
{
    enum { FORGED = 3000, ALLOWED = 1010 };
    uint64_t before;

    begin((unsigned)_i);
    before = m[B]->eng->sync.records_out[MPCI_RECORD_ANSWER];
    for (unsigned i = 0; i < FORGED; i++) {
        bed_segment seg = bed_syn_ack_seg(&c);

        bed_in(m[B], SERVER, &seg);
        sync_lose(&net);
    }
    ck_assert_uint_le(m[B]->eng->sync.records_out[MPCI_RECORD_ANSWER] - before, ALLOWED);
}
END_TEST

/* SYN cookies of a server across a tick: the client repeats its SYN, and takes either of the two
 * SYN|ACKs. The answers come to A, or to B. */
static void answer_with(uint32_t z, unsigned at)
{
    bed_conn other = c;

    other.z = z;
    gets(at, SERVER, bed_syn_ack_seg(&other), MPCONN_VERDICT_FORWARD);
    sync_carry(&net);
}

START_TEST(R2_ack_says_which_of_two_numbers_of_the_server_counts)
{
    unsigned at = _i & 1 ? B : A;
    uint32_t slot, z[] = {c.z, c.z + 12448274};
    mpci_core *core;

    net.at[A].cfg.announce = MPCONN_ANNOUNCE_EARLY;
    begin(_i & 4 ? A : B);
    gets(A, CLIENT, bed_syn_seg(&c), MPCONN_VERDICT_FORWARD);
    sync_carry(&net);
    answer_with(z[0], at);
    gets(A, CLIENT, bed_syn_seg(&c), MPCONN_VERDICT_FORWARD);
    sync_carry(&net);
    answer_with(z[1], at);
    answer_with(z[1], at); /* it was sent again */
    c.y = z[1] + 1;
    gets(A, CLIENT, bed_proof_seg(&c), MPCONN_VERDICT_DROP);
    c.y = c.z = z[_i >> 1 & 1];
    gets(A, CLIENT, bed_proof_seg(&c), MPCONN_VERDICT_FORWARD);
    ck_assert_uint_eq(flows_at(A), 1);
    core = &m[A]->eng->core;
    slot = mpci_settled_find(&core->settled, mpci_tuple_hash(&core->table_key, &c.tuple), &c.tuple);
    ck_assert_uint_eq(mpci_settled_at(&core->settled, slot)->dir[SERVER].end, c.z + 1);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("plain ends");
    TCase *tc = tcase_create("R8");

    tcase_add_checked_fixture(tc, unsplit, tear_down);
    tcase_add_loop_test(tc, R12_what_waits_is_released_when_its_entry_gives_way, 0, 2);
    tcase_add_loop_test(tc, R12_what_waits_is_released_when_the_opener_or_the_answerer_resets, 0,
                        4);
    tcase_add_loop_test(tc, R12_what_waits_is_released_when_the_host_kills_it, 0, 4);
    tcase_add_loop_test(tc, ack_that_waits_goes_on_when_the_answer_comes_here, 0, 2);
    tcase_add_loop_test(tc, A2_syn_that_is_passed_on_is_announced_to_all, 0, 2);
    tcase_add_loop_test(tc, entry_of_what_was_only_told_ends_without_a_word, 0, 2);
    tcase_add_loop_test(tc, entry_of_what_was_only_told_gives_way_without_a_word, 0, 2);
    tcase_add_loop_test(tc, R8_driver_of_the_next_number_is_heard_where_the_last_one_was_tracked, 0,
                        2);
    tcase_add_loop_test(tc, R12_forged_syn_acks_make_no_more_records_than_the_budget_allows, 0, 2);
    tcase_add_loop_test(tc, R2_ack_says_which_of_two_numbers_of_the_server_counts, 0, 8);
    suite_add_tcase(s, tc);
    return check_run(s);
}
