/* SPDX-License-Identifier: BSD-2-Clause */
/* What a client sends before its server has answered, over two members: it waits wherever it comes,
 * until the commit comes there. */
#include "carried.h"
#include "check_main.h"

enum { OPEN = 65535, PAYLOAD = 1000, KEPT = 16 };

static mpconn_pkt kept[KEPT]; /* what a member holds, oldest first */
static uint8_t kept_bytes[KEPT][BED_ROOM];
static unsigned n_kept;

static void open_members(void)
{
    set_up();
    n_kept = 0;
    net.at[A].cfg.client_window = net.at[B].cfg.client_window = OPEN;
}

static void keep(const bed *b)
{
    ck_assert_msg(b->pkt.verdict == MPCONN_VERDICT_HOLD, "%s", mpconn_reason_name(b->pkt.reason));
    memcpy(kept_bytes[n_kept], b->pkt.data, b->pkt.len);
    kept[n_kept] = b->pkt;
    kept[n_kept].data = kept_bytes[n_kept];
    n_kept++;
}

/* Before the server answered; numbers from 1, the first byte. */
static void early(unsigned member, unsigned flags, uint32_t seq, uint32_t n)
{
    bed_segment seg = bed_data(&c, CLIENT, seq, 1, n);

    seg.s.flags = (uint16_t)(MPCI_TCP_ACK | flags);
    seg.s.tsval = c.client_ts + 1;
    seg.s.tsecr = c.proxy_ts;
    bed_in(m[member], CLIENT, &seg);
    keep(m[member]);
}

static void syn_ack_at(unsigned member)
{
    bed_segment seg = bed_syn_ack_seg(&c);

    bed_in(m[member], SERVER, &seg);
    sync_carry(&net);
}

/* The host submits what it was asked for, and it goes to the server. */
static void all_pass(unsigned member)
{
    const bed *b = m[member];

    ck_assert_uint_gt(b->n_released, 0);
    ck_assert_int_eq(b->release_reason, MPCONN_REASON_RELEASED);
    ck_assert_ptr_nonnull(carried_flow(member));
    for (unsigned i = 0; i < n_kept; i++) {
        mpci_view v;

        bed_in_again(m[member], &kept[i]);
        ck_assert_msg(kept[i].reason == MPCONN_REASON_TRANSLATED, "%u: %s", i,
                      mpconn_reason_name(kept[i].reason));
        mpci_view_parse(&v, &kept[i]);
        ck_assert_uint_eq(v.ack, c.z + 1);
        ck_assert_uint_eq(v.tsecr, c.server_ts);
    }
}

START_TEST(data_at_the_driver_waits_for_a_commit_elsewhere)
{
    start((unsigned)_i);
    bed_syn(m[A], &c);
    bed_proof(m[A], &c);
    early(A, 0, 1, PAYLOAD);
    early(A, 0, 1 + PAYLOAD, PAYLOAD);
    sync_carry(&net);
    syn_ack_at(B);
    all_pass(A);
    ck_assert_uint_eq(carried_flow(A)->dir[CLIENT].end, c.x + 1 + 2 * PAYLOAD);
}
END_TEST

START_TEST(data_that_is_the_proof_waits_for_a_commit_elsewhere)
{
    start((unsigned)_i);
    bed_syn(m[A], &c);
    early(A, 0, 1, PAYLOAD);
    sync_carry(&net);
    syn_ack_at(B);
    all_pass(A);
}
END_TEST

/* B, who knows nothing of the client, gets what it says; A gets all else. */
START_TEST(data_at_another_member_waits_for_the_commit_of_the_driver)
{
    start((unsigned)_i);
    bed_syn(m[A], &c);
    bed_proof(m[A], &c);
    sync_carry(&net);
    early(B, 0, 1, PAYLOAD);
    sync_carry(&net);
    early(B, 0, 1 + PAYLOAD, PAYLOAD);
    ck_assert_uint_eq(m[B]->n_released, 0);
    syn_ack_at(A);
    all_pass(B);
}
END_TEST

/* The same of a client that has nothing to say but that it says nothing more. */
START_TEST(fin_at_another_member_waits_for_the_commit_of_the_driver)
{
    start((unsigned)_i);
    bed_syn(m[A], &c);
    bed_proof(m[A], &c);
    sync_carry(&net);
    early(B, MPCI_TCP_FIN, 1, 0);
    sync_carry(&net);
    syn_ack_at(A);
    all_pass(B);
}
END_TEST

START_TEST(fin_where_the_answer_came_waits_for_the_commit)
{
    start((unsigned)_i);
    bed_syn(m[A], &c);
    bed_proof(m[A], &c);
    bed_in(m[B], SERVER, &(bed_segment){.s = bed_syn_ack_seg(&c).s});
    early(B, MPCI_TCP_FIN, 1, 0);
    sync_carry(&net);
    all_pass(B);
}
END_TEST

START_TEST(window_that_opens_comes_from_where_the_server_answers)
{
    const bed_out *out;

    start((unsigned)_i);
    bed_syn(m[A], &c);
    bed_proof(m[A], &c);
    early(A, 0, 1, PAYLOAD);
    sync_carry(&net);
    m[A]->n_out = 0;
    c.server_mss = 1400;
    bed_in(m[B], SERVER, &(bed_segment){.s = bed_syn_ack_seg(&c).s});
    sync_carry(&net);
    out = bed_take(m[B]);
    ck_assert_uint_eq(out->view.flags, MPCI_TCP_ACK);
    ck_assert_uint_ge((uint32_t)out->view.window << 7, OPEN);
    all_pass(A);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("client_window_pair");
    TCase *tc = tcase_create("client_window_pair");

    tcase_add_checked_fixture(tc, open_members, tear_down);
    tcase_add_loop_test(tc, data_at_the_driver_waits_for_a_commit_elsewhere, A, B + 1);
    tcase_add_loop_test(tc, data_that_is_the_proof_waits_for_a_commit_elsewhere, A, B + 1);
    tcase_add_loop_test(tc, data_at_another_member_waits_for_the_commit_of_the_driver, A, B + 1);
    tcase_add_loop_test(tc, fin_at_another_member_waits_for_the_commit_of_the_driver, A, B + 1);
    tcase_add_loop_test(tc, fin_where_the_answer_came_waits_for_the_commit, A, B + 1);
    tcase_add_loop_test(tc, window_that_opens_comes_from_where_the_server_answers, A, B + 1);
    suite_add_tcase(s, tc);
    return check_run(s);
}
