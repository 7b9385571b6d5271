/* SPDX-License-Identifier: BSD-2-Clause */
/* Connections that are not split and pass through different members: A sees what the client says, B
 * what the server says (rule R8). */
#include "check_main.h"
#include "split/machine.h"
#include "sync_bed.h"

enum { CLIENT = MPCONN_SIDE_CLIENT, SERVER = MPCONN_SIDE_SERVER };
enum { A, B };

static sync_bed net;
static bed *const m[] = {&net.at[A].b, &net.at[B].b};
static bed_conn c;

static void set_up(void)
{
    sync_bed_open(&net, 2);
    for (unsigned i = 0; i < 2; i++) {
        net.at[i].cfg.split_mode = MPCONN_SPLIT_NEVER;
        net.at[i].cfg.unknown_policy = MPCONN_UNKNOWN_DROP;
    }
}

static void tear_down(void)
{
    sync_bed_close(&net);
}

/* The legs of what is not split show the same number. */
static void next_port(unsigned registrar)
{
    do
        c.tuple.client_port++;
    while (sync_registrar(&net, &c.tuple) != registrar);
    c.y = c.z;
}

static void begin(unsigned registrar)
{
    mpconn_tuple t = bed_tuple(4, 1, 40000);

    sync_start(&net);
    c = bed_conn_of(&t, 0x11111111, 0x10);
    next_port(registrar);
}

static void gets(unsigned member, unsigned from, bed_segment seg, unsigned verdict)
{
    bed_in(m[member], from, &seg);
    ck_assert_msg(m[member]->pkt.verdict == verdict, "%s",
                  mpconn_reason_name(m[member]->pkt.reason));
    ck_assert_uint_eq(m[member]->n_out, 0);
}

static void gets_again(unsigned member, unsigned verdict)
{
    bed_in_again(m[member], &m[member]->pkt);
    ck_assert_msg(m[member]->pkt.verdict == verdict, "%s",
                  mpconn_reason_name(m[member]->pkt.reason));
    ck_assert_uint_eq(m[member]->n_out, 0);
}

static mpconn_flow flow_at(unsigned member)
{
    mpconn_flow_cursor cursor = {0};
    mpconn_flow f;

    MPCONN_STRUCT_INIT(&f);
    ck_assert_int_eq(mpconn_engine_flow_next(m[member]->eng, &cursor, &f), MPCONN_OK);
    return f;
}

static unsigned flows_at(unsigned member)
{
    mpconn_flow_cursor cursor = {0};
    unsigned n = 0;
    mpconn_flow f;

    MPCONN_STRUCT_INIT(&f);
    while (mpconn_engine_flow_next(m[member]->eng, &cursor, &f) == MPCONN_OK)
        n++;
    return n;
}

/* The first connection of a path: B has to ask. */
static void handshake(void)
{
    gets(A, CLIENT, bed_syn_seg(&c), MPCONN_VERDICT_FORWARD);
    ck_assert_uint_eq(sync_waiting(&net, A, B), 0); /* nobody would need to hear of it */
    gets(B, SERVER, bed_syn_ack_seg(&c), MPCONN_VERDICT_HOLD);
    sync_carry(&net);
    ck_assert_uint_eq(m[B]->n_released, 1);
    gets_again(B, MPCONN_VERDICT_FORWARD);
    sync_carry(&net);
    gets(A, CLIENT, bed_proof_seg(&c), MPCONN_VERDICT_FORWARD);
    gets(B, SERVER, bed_data(&c, SERVER, 1, 1, 100), MPCONN_VERDICT_FORWARD);
}

START_TEST(R8_answer_elsewhere_passes_when_nothing_is_split)
{
    mpconn_flow a, b;

    begin((unsigned)_i);
    handshake();
    a = flow_at(A);
    b = flow_at(B);
    ck_assert_mem_eq(&a.delta, &b.delta, sizeof a.delta);
    ck_assert_uint_eq(a.delta.seq[SERVER], 0);
    ck_assert_uint_eq(flows_at(A) + flows_at(B), 2);
}
END_TEST

START_TEST(R8_end_of_either_direction_is_known_to_both)
{
    bed_segment seg;

    begin((unsigned)_i);
    handshake();
    seg = bed_data(&c, CLIENT, 1, 101, 0);
    seg.s.flags |= MPCI_TCP_FIN;
    gets(A, CLIENT, seg, MPCONN_VERDICT_FORWARD);
    sync_carry(&net);
    seg = bed_data(&c, SERVER, 101, 2, 0);
    seg.s.flags |= MPCI_TCP_FIN;
    gets(B, SERVER, seg, MPCONN_VERDICT_FORWARD);
    sync_carry(&net);
    gets(A, CLIENT, bed_data(&c, CLIENT, 2, 102, 0), MPCONN_VERDICT_FORWARD);
    sync_carry(&net);
    for (unsigned i = 0; i < 2; i++)
        ck_assert_uint_eq(flow_at(i).state, MPCONN_FLOW_CLOSED);
}
END_TEST

/* The second one is announced, and nothing is held where that comes before the answer. The opener's
 * ACK waits for the number it should acknowledge. */
START_TEST(principle_5_second_connection_of_a_path_is_announced_with_its_syn)
{
    begin((unsigned)_i);
    handshake();
    next_port((unsigned)_i);
    gets(A, CLIENT, bed_syn_seg(&c), MPCONN_VERDICT_FORWARD);
    ck_assert_uint_eq(sync_waiting(&net, A, B), 1);
    sync_carry(&net);
    gets(B, SERVER, bed_syn_ack_seg(&c), MPCONN_VERDICT_FORWARD);
    gets(A, CLIENT, bed_proof_seg(&c), MPCONN_VERDICT_HOLD);
    sync_carry(&net);
    ck_assert_uint_eq(m[A]->n_released, 1);
    gets_again(A, MPCONN_VERDICT_FORWARD);
    ck_assert_uint_eq(flows_at(A), 2);
}
END_TEST

START_TEST(lost_word_about_the_answer_is_asked_for_when_the_client_repeats_itself)
{
    begin((unsigned)_i);
    handshake();
    next_port((unsigned)_i);
    gets(A, CLIENT, bed_syn_seg(&c), MPCONN_VERDICT_FORWARD);
    sync_carry(&net);
    gets(B, SERVER, bed_syn_ack_seg(&c), MPCONN_VERDICT_FORWARD);
    sync_lose(&net);
    gets(A, CLIENT, bed_proof_seg(&c), MPCONN_VERDICT_HOLD);
    gets(A, CLIENT, bed_data(&c, CLIENT, 1, 1, 50), MPCONN_VERDICT_HOLD);
    ck_assert_uint_eq(sync_waiting(&net, A, B), 0);
    gets(A, CLIENT, bed_data(&c, CLIENT, 1, 1, 50), MPCONN_VERDICT_HOLD);
    sync_carry(&net);
    ck_assert_uint_eq(m[A]->n_released, 1);
    gets_again(A, MPCONN_VERDICT_FORWARD);
    ck_assert_uint_eq(flows_at(A), 2);
}
END_TEST

START_TEST(E35_syn_ack_of_nobody_is_dropped_and_nothing_is_kept)
{
    begin((unsigned)_i);
    gets(B, SERVER, bed_syn_ack_seg(&c), MPCONN_VERDICT_HOLD);
    sync_carry(&net);
    ck_assert_uint_eq(m[B]->n_released, 1);
    gets_again(B, MPCONN_VERDICT_DROP);
    ck_assert_uint_eq(m[B]->eng->core.handshakes.used, 0);
    ck_assert_uint_eq(flows_at(B), 0);
}
END_TEST

/* It would show the client a number that it does not have. */
START_TEST(E35_syn_ack_of_a_split_handshake_never_reaches_the_client)
{
    net.at[A].cfg.split_mode = MPCONN_SPLIT_ALWAYS;
    begin((unsigned)_i);
    bed_syn(m[A], &c);
    bed_proof(m[A], &c);
    (void)bed_take(m[A]);
    gets(B, SERVER, bed_syn_ack_seg(&c), MPCONN_VERDICT_HOLD);
    sync_carry(&net);
    ck_assert_uint_eq(m[B]->n_released, 1);
    (void)bed_take(m[B]); /* opens the client's window */
    gets_again(B, MPCONN_VERDICT_CONSUMED);
    ck_assert_uint_eq(sync_waiting(&net, B, A), 0); /* nor does the driver answer it once more */
}
END_TEST

START_TEST(E12_ack_of_another_number_settles_nothing)
{
    begin((unsigned)_i);
    gets(A, CLIENT, bed_syn_seg(&c), MPCONN_VERDICT_FORWARD);
    gets(B, SERVER, bed_syn_ack_seg(&c), MPCONN_VERDICT_HOLD);
    sync_carry(&net);
    gets_again(B, MPCONN_VERDICT_FORWARD);
    c.y = c.z + 1;
    gets(A, CLIENT, bed_proof_seg(&c), MPCONN_VERDICT_DROP);
    ck_assert_uint_eq(flows_at(A), 0);
    c.y = c.z + 0x20000; /* nor does B believe whatever calls itself the server */
    gets(B, SERVER, bed_data(&c, SERVER, 0x20001, 1, 100), MPCONN_VERDICT_FORWARD);
    ck_assert_uint_eq(flows_at(B), 0);
}
END_TEST

/* B answered the SYN, too, as it splits: the client took that. */
START_TEST(R8_valid_cookie_overrides_what_is_tracked)
{
    bed_segment seg;
    uint32_t y;

    net.at[B].cfg.split_mode = MPCONN_SPLIT_ALWAYS;
    begin((unsigned)_i);
    gets(A, CLIENT, bed_syn_seg(&c), MPCONN_VERDICT_FORWARD);
    bed_syn(m[B], &c);
    y = c.y;
    gets(A, CLIENT, bed_proof_seg(&c), MPCONN_VERDICT_CONSUMED); /* it asks who drives */
    sync_carry(&net);
    ck_assert_uint_eq(bed_take(m[A])->view.flags, MPCI_TCP_SYN);
    seg = bed_syn_ack_seg(&c);
    bed_in(m[B], SERVER, &seg);
    ck_assert_int_eq(m[B]->pkt.verdict, MPCONN_VERDICT_CONSUMED);
    sync_carry(&net);
    for (unsigned i = 0; i < 2; i++)
        ck_assert_uint_eq(flow_at(i).delta.seq[SERVER], c.z - y);
}
END_TEST

START_TEST(V5_refusal_that_came_elsewhere_is_told_to_the_client)
{
    const bed_out *out;

    begin((unsigned)_i);
    gets(A, CLIENT, bed_syn_seg(&c), MPCONN_VERDICT_FORWARD);
    gets(B, SERVER, bed_seg(&c.tuple, CLIENT, MPCI_TCP_RST | MPCI_TCP_ACK, 0, c.x + 1),
         MPCONN_VERDICT_DROP);
    sync_carry(&net);
    out = bed_take(m[A]);
    ck_assert_uint_eq(out->pkt.side, CLIENT);
    ck_assert_uint_eq(out->view.flags, MPCI_TCP_RST | MPCI_TCP_ACK);
    ck_assert_uint_eq(out->view.ack, c.x + 1);
    ck_assert_uint_eq(m[A]->eng->core.handshakes.used, 0);
}
END_TEST

/* V17: the server opens it. Its SYN passes B, and A asks what the client's SYN|ACK is. */
START_TEST(V17_answer_of_a_client_passes_elsewhere)
{
    bed_segment seg;

    begin((unsigned)_i);
    gets(B, SERVER, bed_seg(&c.tuple, CLIENT, MPCI_TCP_SYN, c.z, 0), MPCONN_VERDICT_FORWARD);
    seg = bed_seg(&c.tuple, SERVER, MPCI_TCP_SYN | MPCI_TCP_ACK, c.x, c.z + 1);
    gets(A, CLIENT, seg, MPCONN_VERDICT_HOLD);
    sync_carry(&net);
    gets_again(A, MPCONN_VERDICT_FORWARD);
    sync_carry(&net);
    gets(B, SERVER, bed_seg(&c.tuple, CLIENT, MPCI_TCP_ACK, c.z + 1, c.x + 1),
         MPCONN_VERDICT_FORWARD);
    gets(A, CLIENT, bed_data(&c, CLIENT, 1, 1, 10), MPCONN_VERDICT_FORWARD);
    for (unsigned i = 0; i < 2; i++)
        ck_assert_uint_eq(flow_at(i).delta.client_isn, c.x);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("tracked pair");
    TCase *tc = tcase_create("R8");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_loop_test(tc, R8_answer_elsewhere_passes_when_nothing_is_split, 0, 2);
    tcase_add_loop_test(tc, R8_end_of_either_direction_is_known_to_both, 0, 2);
    tcase_add_loop_test(tc, principle_5_second_connection_of_a_path_is_announced_with_its_syn, 0,
                        2);
    tcase_add_loop_test(tc, lost_word_about_the_answer_is_asked_for_when_the_client_repeats_itself,
                        0, 2);
    tcase_add_loop_test(tc, E35_syn_ack_of_nobody_is_dropped_and_nothing_is_kept, 0, 2);
    tcase_add_loop_test(tc, E35_syn_ack_of_a_split_handshake_never_reaches_the_client, 0, 2);
    tcase_add_loop_test(tc, E12_ack_of_another_number_settles_nothing, 0, 2);
    tcase_add_loop_test(tc, R8_valid_cookie_overrides_what_is_tracked, 0, 2);
    tcase_add_loop_test(tc, V5_refusal_that_came_elsewhere_is_told_to_the_client, 0, 2);
    tcase_add_loop_test(tc, V17_answer_of_a_client_passes_elsewhere, 0, 2);
    suite_add_tcase(s, tc);
    return check_run(s);
}
