/* SPDX-License-Identifier: BSD-2-Clause */
/* A connection of two link-layer members that its host ends at the one by which nothing reaches the
 * server: that hears of it all the same, where its client's segments pass. */
#include "one_way_bed.h"

static bed_conn c;
static mpci_record words[SYNC_TAKEN];
static unsigned n_words;

static void keep_word(void *user, const mpci_record *r, uint32_t from)
{
    (void)user;
    ck_assert_uint_eq(from, net.at[B].id);
    ck_assert_uint_lt(n_words, SYNC_TAKEN);
    words[n_words++] = *r;
}

static void forget_outputs(void)
{
    for (unsigned i = 0; i < net.n; i++)
        at(i)->n_out = 0;
}

static void kill_at(unsigned i, uint32_t flags)
{
    mpconn_flow_filter all;
    size_t killed;

    MPCONN_STRUCT_INIT(&all);
    all.flags = flags;
    ck_assert_int_eq(mpconn_engine_kill(at(i)->eng, &all, &killed, net.now), MPCONN_OK);
    ck_assert_uint_eq(killed, 1);
}

/* A connection that both have carried. */
static void connect_both(void)
{
    bed_segment seg;

    start(2);
    c = conn_of(MPCONN_FAMILY_IPV4, 4000);
    connect_by(B, &c);
    carried(A, CLIENT, &c);
    seg = bed_data(&c, SERVER, 1, 101, 100);
    bed_in(at(B), SERVER, &seg);
    expect(B, MPCONN_VERDICT_FORWARD, MPCONN_REASON_TRANSLATED);
    sync_carry(&net);
    forget_outputs();
}

/* What B says of the end reaches A in the order of the test. */
static void kill_at_return_path(int last_first)
{
    mpci_record_taker take;
    void *taker;

    connect_both();
    take = at(A)->eng->sync.take;
    taker = at(A)->eng->sync.taker;
    at(A)->eng->sync.take = keep_word;
    n_words = 0;
    kill_at(B, 0);
    sync_carry(&net);
    at(A)->eng->sync.take = take;
    at(A)->eng->sync.taker = taker;
    ck_assert_uint_ge(n_words, 2);
    for (unsigned i = 0; i < n_words; i++) {
        sync_put(&net, B, net.at[A].id, &words[last_first ? n_words - 1 - i : i]);
        sync_flush(&net, B);
        sync_carry(&net);
    }
}

static void expect_reset_at_a(unsigned flags, uint32_t seq)
{
    const bed_out *o = bed_take(at(A));

    ck_assert_uint_eq(o->pkt.side, SERVER);
    ck_assert_uint_eq(o->pkt.link, LINK_ONWARD_TO_SERVER);
    ck_assert_uint_eq(o->view.flags, flags);
    ck_assert_uint_eq(o->view.seq, seq);
    ck_assert_uint_eq(at(A)->n_out, 0);
}

START_TEST(server_is_reset_by_the_origin_in_either_order_of_words)
{
    kill_at_return_path(_i);
    expect_reset_at_a(MPCI_TCP_RST | MPCI_TCP_ACK, c.x + 101);
    sync_bed_close(&net);
}
END_TEST

/* What is dead at B draws a RST with the very number that the server waits for. */
START_TEST(server_that_goes_on_is_reset_by_the_origin)
{
    bed_segment seg;

    kill_at_return_path(_i);
    for (unsigned i = 0; i < 3; i++) {
        forget_outputs();
        seg = bed_data(&c, SERVER, 101 + i, 101, 100);
        bed_in(at(B), SERVER, &seg);
        expect(B, MPCONN_VERDICT_DROP, MPCONN_REASON_DEAD_FLOW);
        sync_carry(&net);
        expect_reset_at_a(MPCI_TCP_RST, c.x + 101);
        ck_assert_uint_eq(at(B)->n_out, 0);
    }
    sync_bed_close(&net);
}
END_TEST

START_TEST(client_that_goes_on_is_reset_by_the_return_path)
{
    bed_segment seg;
    const bed_out *o;

    kill_at_return_path(_i);
    forget_outputs();
    seg = bed_data(&c, CLIENT, 101, 101, 100);
    bed_in(at(A), CLIENT, &seg);
    expect(A, MPCONN_VERDICT_DROP, MPCONN_REASON_DEAD_FLOW);
    sync_carry(&net);
    o = bed_take(at(B));
    ck_assert_uint_eq(o->pkt.side, CLIENT);
    ck_assert_uint_eq(o->pkt.link, LINK_ONWARD_TO_CLIENT);
    ck_assert_uint_eq(o->view.flags, MPCI_TCP_RST);
    ck_assert_uint_eq(o->view.seq, c.y + 101);
    ck_assert_uint_eq(at(B)->n_out + at(A)->n_out, 0);
    sync_bed_close(&net);
}
END_TEST

static unsigned flows_at(unsigned i)
{
    mpconn_flow_cursor cursor = {0};
    mpconn_flow flow;
    unsigned n = 0;

    MPCONN_STRUCT_INIT(&flow);
    while (mpconn_engine_flow_next(at(i)->eng, &cursor, &flow) == MPCONN_OK)
        n++;
    return n;
}

/* Nothing of it is left at A when the words come. */
START_TEST(words_of_a_killed_flow_bring_none_back)
{
    kill_at_return_path(0);
    sync_boot(&net, A);
    sync_meet(&net);
    forget_outputs();
    for (unsigned i = 0; i < n_words; i++)
        sync_put(&net, B, net.at[A].id, &words[i]);
    sync_flush(&net, B);
    sync_carry(&net);
    ck_assert_uint_eq(flows_at(A), 0);
    ck_assert_uint_eq(at(A)->n_out, 0);
    ck_assert_uint_ge(counted(A, MPCONN_REASON_RETURN_UNKNOWN), 1);
    sync_bed_close(&net);
}
END_TEST

/* It is kept for as long as after any RST, and then it is gone everywhere. */
START_TEST(what_is_kept_of_a_killed_flow_goes_by_itself)
{
    kill_at_return_path(0);
    ck_assert_uint_eq(flows_at(A), 1);
    sync_pass(&net, 600 * MPCONN_SECOND);
    ck_assert_uint_eq(flows_at(A), 0);
    ck_assert_uint_eq(flows_at(B), 0);
    sync_bed_close(&net);
}
END_TEST

/* Whether it is held or not, it does not pass and draws nothing. */
static void goes_on_in_vain(unsigned i, unsigned from)
{
    bed_segment seg = bed_data(&c, from, 101, 101, 100);

    bed_in(at(i), from, &seg);
    sync_carry(&net);
    if (at(i)->pkt.verdict == MPCONN_VERDICT_HOLD)
        bed_in_again(at(i), &at(i)->pkt);
    expect(i, MPCONN_VERDICT_DROP, MPCONN_REASON_DEAD_FLOW);
    sync_carry(&net);
}

START_TEST(silent_kill_is_silent_at_every_member)
{
    connect_both();
    kill_at(_i ? A : B, MPCONN_KILL_F_SILENT);
    sync_carry(&net);
    goes_on_in_vain(A, CLIENT);
    goes_on_in_vain(B, SERVER);
    ck_assert_uint_eq(at(A)->n_out, 0);
    ck_assert_uint_eq(at(B)->n_out, 0);
    sync_bed_close(&net);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("one way killed");
    TCase *tc = tcase_create("all");

    tcase_add_loop_test(tc, server_is_reset_by_the_origin_in_either_order_of_words, 0, 2);
    tcase_add_loop_test(tc, server_that_goes_on_is_reset_by_the_origin, 0, 2);
    tcase_add_loop_test(tc, client_that_goes_on_is_reset_by_the_return_path, 0, 2);
    tcase_add_test(tc, words_of_a_killed_flow_bring_none_back);
    tcase_add_test(tc, what_is_kept_of_a_killed_flow_goes_by_itself);
    tcase_add_loop_test(tc, silent_kill_is_silent_at_every_member, 0, 2);
    suite_add_tcase(s, tc);
    return check_run(s);
}
