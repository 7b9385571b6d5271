/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Windows and end of a settled connection. Every scenario is run at all the
 * numbers where arithmetic can go wrong (E17): `_i` picks the initial ones.
 */
#include "check_main.h"
#include "seed.h"

#include "base/seq.h"
#include "conn/track.h"

#include <string.h>

enum { C = MPCONN_SIDE_CLIENT, S = MPCONN_SIDE_SERVER };
enum { FIN = MPCI_TCP_FIN, SYN = MPCI_TCP_SYN, RST = MPCI_TCP_RST, ACK = MPCI_TCP_ACK };

static const struct {
    uint32_t client, server; /* next numbers, on the leg of each */
    uint32_t offset;         /* server leg minus client leg */
    uint32_t window;
} starts[] = {
    {1000, 2000, 0, 65535},
    {0xffffffff, 0, 0x20, 65535},
    {0, 0xffffffff, 0x80000000, 65535},
    {0x7fffffff, 0x80000000, 0xffffffff, 65535},
    {0x80000000, 0x7fffffff, 1, 65535},
    {0xffffffff, 0x7fffffff, 0, UINT32_C(65535) << 14},
    {0x80000000, 0xffff0000, 0xdeadbeef, UINT32_C(65535) << 14},
    {0xfffffff0, 0x7ffffff0, 0x7fffffff, 1},
};
enum { N_STARTS = sizeof starts / sizeof starts[0] };

/* A connection whose numbers are told from where it began. */
typedef struct flow {
    mpci_track t;
    uint32_t base[2];
    uint32_t offset;
    uint32_t window;
} flow;

static flow flow_begin(int start)
{
    flow f;

    memset(&f, 0, sizeof f);
    f.base[C] = starts[start].client;
    f.base[S] = starts[start].server;
    f.offset = starts[start].offset;
    f.window = starts[start].window;
    for (unsigned side = 0; side < 2; side++) {
        f.t.dir[side].end = f.base[side];
        f.t.dir[side].max_end = f.base[side] + f.window;
    }
    return f;
}

/* A segment `from` a side; seq and ack count from the base, the window is that of the flow. */
static enum mpci_track_result take_window(flow *f, unsigned from, unsigned flags, uint32_t seq,
                                          uint32_t len, uint32_t ack, uint32_t window)
{
    uint32_t offset = from == C ? f->offset : 0 - f->offset;
    mpci_view v;

    memset(&v, 0, sizeof v);
    v.kind = MPCI_KIND_TCP;
    v.flags = (uint16_t)flags;
    v.seq = f->base[from] + seq;
    v.ack = f->base[from ^ 1] + ack - offset;
    v.payload_len = len;
    return mpci_track_segment(&f->t, &v, from, offset, window, MPCI_TRACK_FULL);
}

static enum mpci_track_result take(flow *f, unsigned from, unsigned flags, uint32_t seq,
                                   uint32_t len, uint32_t ack)
{
    return take_window(f, from, flags, seq, len, ack, f->window);
}

static uint32_t end_of(const flow *f, unsigned side)
{
    return f->t.dir[side].end - f->base[side];
}

#define in(call) ck_assert_int_eq((call), MPCI_TRACK_IN_WINDOW)
#define reset(call) ck_assert_int_eq((call), MPCI_TRACK_RESET)
/* Out of the window means that nothing, not a bit, has changed. */
#define outside(f, call)                                \
    do {                                                \
        mpci_track before = (f)->t;                     \
        ck_assert_int_eq((call), MPCI_TRACK_OUTSIDE);   \
        ck_assert_mem_eq(&before, &(f)->t, sizeof before); \
    } while (0)
#define state_is(f, name) ck_assert_uint_eq(mpci_track_state(&(f)->t), MPCONN_FLOW_##name)

START_TEST(data_of_both_sides_advances_end_and_window)
{
    flow f = flow_begin(_i);

    in(take(&f, C, ACK, 0, 1, 0));
    ck_assert_uint_eq(end_of(&f, C), 1);
    in(take(&f, S, ACK, 0, 1, 1));
    ck_assert_uint_eq(end_of(&f, S), 1);
    ck_assert_uint_eq(f.t.dir[C].max_end - f.base[C], 1 + f.window);
    in(take(&f, C, ACK, 1, 0, 1));
    ck_assert_uint_eq(f.t.dir[S].max_end - f.base[S], 1 + f.window);
    state_is(&f, OPEN);
}
END_TEST

START_TEST(sequence_at_the_edge_of_the_window_counts_and_beyond_does_not)
{
    flow f = flow_begin(_i);

    outside(&f, take(&f, C, ACK, 0, f.window + 2, 0));
    outside(&f, take(&f, C, ACK, f.window + 2, 0, 0));
    in(take(&f, C, ACK, f.window - 1, 1, 0));
    ck_assert_uint_eq(end_of(&f, C), f.window);
    in(take(&f, C, ACK, 0, f.window, 0));
    ck_assert_uint_eq(end_of(&f, C), f.window);
}
END_TEST

START_TEST(window_that_shrinks_takes_back_nothing)
{
    flow f = flow_begin(_i);

    in(take_window(&f, S, ACK, 0, 0, 0, 0));
    ck_assert_uint_eq(f.t.dir[C].max_end - f.base[C], f.window);
    in(take(&f, C, ACK, 0, f.window, 0));
}
END_TEST

START_TEST(update_probe_and_keepalive_are_in_the_window)
{
    flow f = flow_begin(_i);

    in(take(&f, C, ACK, 0, f.window, 0));
    in(take_window(&f, S, ACK, 0, 0, f.window, 0));
    in(take(&f, C, ACK, f.window, 1, 0));         /* probe of a closed window: one byte */
    in(take(&f, C, ACK, f.window, 1, 0));         /* again */
    outside(&f, take(&f, C, ACK, f.window + 1, 1, 0));
    in(take(&f, C, ACK, f.window - 1, 0, 0));     /* the other kind of probe */
    in(take(&f, S, ACK, 0, 0, f.window));         /* window update */
    in(take(&f, C, ACK, f.window + 1, 1, 0));
    in(take(&f, S, ACK, UINT32_MAX, 0, f.window)); /* keepalive, bare and with a byte */
    in(take(&f, S, ACK, UINT32_MAX, 1, f.window));
    ck_assert_uint_eq(end_of(&f, S), 0);
}
END_TEST

START_TEST(old_segments_count_for_one_window_and_move_no_number)
{
    flow f = flow_begin(_i);
    uint32_t reach = (f.window + 0x3fff) & ~UINT32_C(0x3fff);

    if (reach < 65536)
        reach = 65536;
    in(take(&f, S, ACK, 0, 0, 0)); /* tells what was granted */
    in(take(&f, C, ACK, 0, f.window, 0));
    in(take(&f, C, ACK, 0, 1, 0));
    in(take(&f, C, ACK, f.window - reach, 0, 0));
    ck_assert_uint_eq(end_of(&f, C), f.window);
    outside(&f, take(&f, C, ACK, f.window - reach - 1, 0, 0));
}
END_TEST

START_TEST(E16_ack_of_data_never_sent_moves_nothing)
{
    flow f = flow_begin(_i);

    in(take(&f, S, ACK, 0, 1, 0));
    outside(&f, take(&f, C, ACK, 0, 1, 2));
    outside(&f, take(&f, C, ACK | FIN, 0, 0, 2));
    outside(&f, take(&f, C, ACK, 0, 1, 1 + UINT32_C(0x7fffffff)));
    outside(&f, take(&f, C, ACK, 0, 1, 1 + UINT32_C(0x80000000)));
    in(take(&f, C, ACK, 0, 1, 1));
}
END_TEST

START_TEST(E16_ack_older_than_the_greatest_window_moves_nothing)
{
    flow f = flow_begin(_i);
    uint32_t reach = (f.window + 0x3fff) & ~UINT32_C(0x3fff);

    if (reach < 65536)
        reach = 65536;
    in(take(&f, C, ACK, 0, 0, 0));
    in(take(&f, S, ACK, 0, f.window, 0));
    in(take(&f, C, ACK, 0, 1, f.window - reach));
    outside(&f, take(&f, C, ACK, 1, 1, f.window - reach - 1));
    ck_assert_uint_eq(end_of(&f, C), 1);
}
END_TEST

START_TEST(E16_late_ack_during_loss_in_a_wide_window_still_counts)
{
    flow f = flow_begin(_i);

    in(take(&f, C, ACK, 0, 0, 0));
    in(take(&f, S, ACK, 0, f.window, 0));
    in(take(&f, C, ACK | FIN, 0, 1, 0)); /* the first byte of S was lost behind us */
    in(take(&f, S, ACK, 0, 1, 2));
    state_is(&f, CLIENT_DONE);
}
END_TEST

START_TEST(E14_rst_counts_at_the_exact_number_alone)
{
    flow f = flow_begin(_i);

    in(take(&f, C, ACK, 0, 1, 0));
    outside(&f, take(&f, C, RST, 0, 0, 0));
    outside(&f, take(&f, C, RST, 2, 0, 0));
    outside(&f, take(&f, C, RST | ACK, 2, 0, 0));
    outside(&f, take(&f, C, RST, UINT32_C(0x80000001), 0, 0));
    outside(&f, take(&f, S, RST, 1, 0, 0));
    state_is(&f, OPEN);
    ck_assert(!mpci_track_is_over(&f.t));
    reset(take(&f, C, RST, 1, 0, 0x12345678)); /* a bare RST acknowledges nothing */
    state_is(&f, RESET);
    ck_assert(mpci_track_is_over(&f.t));
}
END_TEST

START_TEST(E14_rst_is_judged_in_the_numbers_of_its_own_direction)
{
    for (unsigned side = 0; side < 2; side++) {
        flow f = flow_begin(_i);

        in(take(&f, side, ACK, 0, 1, 0));
        outside(&f, take(&f, side ^ 1, RST, 1, 0, 0));
        reset(take(&f, side ^ 1, RST, 0, 0, 0));
        reset(take(&f, side, RST | ACK, 1, 0, 0));
    }
}
END_TEST

/* Rule R11. */
START_TEST(E14_rst_is_forgotten_when_either_side_speaks)
{
    for (unsigned side = 0; side < 2; side++) {
        flow f = flow_begin(_i);

        reset(take(&f, C, RST, 0, 0, 0));
        outside(&f, take(&f, side, ACK, f.window + 2, 0, 0));
        outside(&f, take(&f, side, RST, 7, 0, 0));
        outside(&f, take(&f, side, SYN, 0, 0, 0));
        state_is(&f, RESET);
        in(take(&f, side, ACK, 0, 0, 0));
        state_is(&f, OPEN);
        reset(take(&f, S, RST, 0, 0, 0));
        state_is(&f, RESET);
    }
}
END_TEST

START_TEST(E15_syn_of_a_settled_flow_changes_nothing)
{
    flow f = flow_begin(_i);

    outside(&f, take(&f, C, SYN, UINT32_MAX, 0, 0));
    outside(&f, take(&f, C, SYN, 0, 0, 0));
    outside(&f, take(&f, S, SYN | ACK, UINT32_MAX, 0, 0));
    outside(&f, take(&f, S, SYN | ACK, 0, 0, 0));
}
END_TEST

START_TEST(segment_without_ack_changes_nothing)
{
    flow f = flow_begin(_i);

    outside(&f, take(&f, C, MPCI_TCP_PSH, 0, 1, 0));
    outside(&f, take(&f, C, FIN, 0, 0, 0));
}
END_TEST

START_TEST(fin_counts_when_the_other_side_acknowledged_it)
{
    for (unsigned side = 0; side < 2; side++) {
        flow f = flow_begin(_i);
        unsigned done = side == C ? MPCONN_FLOW_CLIENT_DONE : MPCONN_FLOW_SERVER_DONE;
        unsigned seen = side == C ? MPCI_LIFE_FIN_CLIENT : MPCI_LIFE_FIN_SERVER;

        in(take(&f, side, ACK | FIN, 0, 0, 0));
        ck_assert_uint_eq(end_of(&f, side), 1);
        ck_assert_uint_eq(f.t.life, seen);
        state_is(&f, OPEN);
        in(take(&f, side ^ 1, ACK, 0, 0, 0));
        state_is(&f, OPEN);
        in(take(&f, side ^ 1, ACK, 0, 0, 1));
        ck_assert_uint_eq(mpci_track_state(&f.t), done);
        in(take(&f, side ^ 1, ACK, 0, 1, 1)); /* half closed */
        ck_assert_uint_eq(mpci_track_state(&f.t), done);
        in(take(&f, side ^ 1, ACK | FIN, 1, 0, 1));
        in(take(&f, side, ACK, 1, 0, 2));
        state_is(&f, CLOSED);
        ck_assert(mpci_track_is_over(&f.t));
        in(take(&f, side ^ 1, ACK | FIN, 1, 0, 1)); /* the last ACK was lost */
        in(take(&f, side, ACK, 1, 0, 2));
        state_is(&f, CLOSED);
    }
}
END_TEST

START_TEST(fins_that_cross_close_when_both_are_acknowledged)
{
    flow f = flow_begin(_i);

    in(take(&f, C, ACK | FIN, 0, 0, 0));
    in(take(&f, S, ACK | FIN, 0, 0, 0));
    state_is(&f, OPEN);
    in(take(&f, C, ACK, 1, 0, 1));
    state_is(&f, SERVER_DONE);
    in(take(&f, S, ACK, 1, 0, 1));
    state_is(&f, CLOSED);
}
END_TEST

START_TEST(E19_challenge_ack_is_not_the_last_ack)
{
    flow f = flow_begin(_i);

    in(take(&f, C, ACK | FIN, 0, 0, 0));
    in(take(&f, S, ACK | FIN, 0, 0, 1));
    state_is(&f, CLIENT_DONE);
    in(take(&f, C, ACK, 1, 0, 0)); /* challenge: the client has not got the FIN */
    in(take(&f, C, ACK, 1, 0, 0));
    state_is(&f, CLIENT_DONE);
    ck_assert(!mpci_track_is_over(&f.t));
    in(take(&f, C, ACK, 1, 0, 1));
    state_is(&f, CLOSED);
}
END_TEST

START_TEST(fin_outside_the_window_is_not_seen)
{
    flow f = flow_begin(_i);

    outside(&f, take(&f, C, ACK | FIN, f.window + 1, 0, 0));
    outside(&f, take(&f, C, ACK | FIN, 0, 0, 1));
    in(take(&f, C, ACK | FIN, f.window, 0, 0)); /* a FIN may stand where a probe may */
    ck_assert_uint_eq(end_of(&f, C), f.window + 1);
}
END_TEST

/* Rule R11: it shortens no timer before it is proved. */
START_TEST(fin_beyond_a_gap_is_a_rumour_until_acknowledged)
{
    flow f = flow_begin(0);

    in(take(&f, C, ACK | FIN, 10, 5, 0));
    ck_assert_uint_eq(f.t.life, MPCI_LIFE_LOOSE_FIN_CLIENT);
    in(take(&f, C, ACK, 0, 10, 0)); /* fills the gap */
    in(take(&f, S, ACK, 0, 0, 15));
    state_is(&f, OPEN);
    in(take(&f, S, ACK, 0, 0, 16));
    state_is(&f, CLIENT_DONE);
    ck_assert_uint_eq(f.t.life, MPCI_LIFE_FIN_CLIENT);
}
END_TEST

START_TEST(E14_forged_fin_is_taken_back_by_more_data)
{
    flow f = flow_begin(0);

    in(take(&f, C, ACK | FIN, 0, 4, 0));
    in(take(&f, C, ACK, 0, 100, 0));
    ck_assert_uint_eq(f.t.life, 0);
    in(take(&f, S, ACK, 0, 0, 5)); /* the number where the FIN was said to be */
    state_is(&f, OPEN);

    in(take(&f, C, ACK | FIN, 100, 0, 0));
    in(take(&f, S, ACK, 0, 0, 101)); /* here by bad luck the number was reached */
    state_is(&f, CLIENT_DONE);
    in(take(&f, C, ACK, 100, 50, 0));
    state_is(&f, OPEN);
    ck_assert_uint_eq(f.t.life, 0);
    in(take(&f, C, ACK | FIN, 150, 0, 0));
    in(take(&f, S, ACK, 0, 0, 151));
    state_is(&f, CLIENT_DONE);
}
END_TEST

START_TEST(fin_below_what_was_seen_is_ignored)
{
    flow f = flow_begin(0);

    in(take(&f, C, ACK, 0, 100, 0));
    in(take(&f, C, ACK | FIN, 0, 50, 0));
    in(take(&f, C, ACK | FIN, 0, 99, 0));
    in(take(&f, S, ACK, 0, 0, 100));
    ck_assert_uint_eq(f.t.life, 0);
    state_is(&f, OPEN);
}
END_TEST

START_TEST(fin_repeated_with_collapsed_data_counts_once)
{
    flow f = flow_begin(0);

    in(take(&f, C, ACK, 0, 10, 0));
    in(take(&f, C, ACK | FIN, 0, 10, 0));
    ck_assert_uint_eq(f.t.life, MPCI_LIFE_FIN_CLIENT);
    in(take(&f, C, ACK | FIN, 0, 10, 0));
    in(take(&f, C, ACK | FIN, 10, 0, 0));
    ck_assert_uint_eq(f.t.life, MPCI_LIFE_FIN_CLIENT);
    in(take(&f, S, ACK, 0, 0, 11));
    state_is(&f, CLIENT_DONE);
}
END_TEST

START_TEST(rst_after_both_fins_shortens_nothing)
{
    flow f = flow_begin(_i);

    in(take(&f, C, ACK | FIN, 0, 0, 0));
    in(take(&f, S, ACK | FIN, 0, 0, 1));
    in(take(&f, C, ACK, 1, 0, 1));
    in(take(&f, C, RST, 1, 0, 0));
    state_is(&f, CLOSED);
}
END_TEST

START_TEST(nothing_revives_a_closed_flow)
{
    flow f = flow_begin(0);

    in(take(&f, C, ACK | FIN, 0, 0, 0));
    in(take(&f, S, ACK | FIN, 0, 0, 1));
    in(take(&f, C, ACK, 1, 0, 1));
    in(take(&f, C, ACK, 1, 10, 1));
    in(take(&f, S, ACK | FIN, 1, 10, 1));
    in(take(&f, C, RST, 11, 0, 0));
    state_is(&f, CLOSED);
    ck_assert_uint_eq(f.t.life, MPCI_LIFE_FIN_CLIENT | MPCI_LIFE_FIN_SERVER);
}
END_TEST

START_TEST(rst_of_a_half_closed_flow_leaves_its_state_for_whoever_speaks)
{
    flow f = flow_begin(_i);

    in(take(&f, C, ACK | FIN, 0, 0, 0));
    in(take(&f, S, ACK, 0, 0, 1));
    reset(take(&f, C, RST, 1, 0, 0));
    state_is(&f, RESET);
    in(take(&f, S, ACK, 0, 1, 1));
    state_is(&f, CLIENT_DONE);
}
END_TEST

START_TEST(greatest_window_is_remembered_rounded_up)
{
    static const struct {
        uint32_t window;
        uint16_t units;
    } rows[] = {{0, 0}, {1, 1}, {16384, 1}, {16385, 2}, {65535, 4}, {65535u << 14, 65535},
                {(65535u << 14) + 1, 65535}, {16384, 65535}};
    flow f = flow_begin(0);

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        in(take_window(&f, S, ACK, 0, 0, 0, rows[i].window));
        ck_assert_uint_eq(f.t.max_window[C], rows[i].units);
        ck_assert_uint_eq(f.t.max_window[S], 0);
    }
}
END_TEST

/* A stream of 2^34 bytes in steps of a wide window goes round four times. */
START_TEST(E17_long_transfer_goes_round_without_a_segment_outside)
{
    flow f = flow_begin(_i);
    uint32_t sent = 0, step = f.window < 100000 ? f.window : 100000000;

    for (unsigned i = 0; i < 200; i++) {
        in(take(&f, S, ACK, sent, step, 0));
        sent += step;
        in(take(&f, C, ACK, 0, 0, sent));
        in(take(&f, S, ACK, sent - 1, 1, 0));
    }
    in(take(&f, S, ACK | FIN, sent, 0, 0));
    in(take(&f, C, ACK, 0, 0, sent + 1));
    state_is(&f, SERVER_DONE);
}
END_TEST

/* Whatever comes, what the sweep and the validation rely on holds. */
START_TEST(random_segments_keep_the_invariants)
{
    seed_rng rng = seed_start();

    for (unsigned round = 0; round < 300; round++) {
        flow f = flow_begin((int)seed_below(&rng, N_STARTS));

        for (unsigned i = 0; i < 200; i++) {
            unsigned from = seed_below(&rng, 2);
            mpci_direction old[2] = {f.t.dir[0], f.t.dir[1]};
            uint32_t seq = end_of(&f, from) + seed_below(&rng, 7) - 3;
            uint32_t ack = end_of(&f, from ^ 1) + seed_below(&rng, 5) - 3;
            uint32_t len = seed_below(&rng, 4);

            if (seed_below(&rng, 10) == 0)
                seq = seed_u32(&rng);
            if (seed_below(&rng, 10) == 0)
                ack = seed_u32(&rng);
            take_window(&f, from, seed_u32(&rng) & (FIN | SYN | RST | ACK) & ~(unsigned)(
                        seed_below(&rng, 4) ? RST | SYN : 0), seq, len, ack,
                        seed_below(&rng, 3) ? f.window : seed_below(&rng, 4));
            HOLDS(f.t.state < MPCONN_FLOW_RESET);
            for (unsigned side = 0; side < 2; side++) {
                HOLDS(mpci_seq_diff(f.t.dir[side].end, old[side].end) >= 0);
                HOLDS(mpci_seq_diff(f.t.dir[side].max_end, old[side].max_end) >= 0);
                HOLDS(mpci_seq_diff(f.t.dir[side].end, f.t.dir[side].max_end) <= 1);
            }
            if (f.t.state & 1)
                HOLDS(f.t.life & MPCI_LIFE_FIN_CLIENT);
            if (f.t.state & 2)
                HOLDS(f.t.life & MPCI_LIFE_FIN_SERVER);
        }
    }
}
END_TEST

int main(void)
{
    const TTest *const at_all_numbers[] = {
        data_of_both_sides_advances_end_and_window,
        sequence_at_the_edge_of_the_window_counts_and_beyond_does_not,
        window_that_shrinks_takes_back_nothing,
        update_probe_and_keepalive_are_in_the_window,
        old_segments_count_for_one_window_and_move_no_number,
        E16_ack_of_data_never_sent_moves_nothing,
        E16_ack_older_than_the_greatest_window_moves_nothing,
        E16_late_ack_during_loss_in_a_wide_window_still_counts,
        E14_rst_counts_at_the_exact_number_alone,
        E14_rst_is_judged_in_the_numbers_of_its_own_direction,
        E14_rst_is_forgotten_when_either_side_speaks,
        E15_syn_of_a_settled_flow_changes_nothing,
        segment_without_ack_changes_nothing,
        fin_counts_when_the_other_side_acknowledged_it,
        fins_that_cross_close_when_both_are_acknowledged,
        E19_challenge_ack_is_not_the_last_ack,
        fin_outside_the_window_is_not_seen,
        rst_after_both_fins_shortens_nothing,
        rst_of_a_half_closed_flow_leaves_its_state_for_whoever_speaks,
        E17_long_transfer_goes_round_without_a_segment_outside,
    };
    const TTest *const once[] = {
        fin_beyond_a_gap_is_a_rumour_until_acknowledged,
        E14_forged_fin_is_taken_back_by_more_data,
        fin_below_what_was_seen_is_ignored,
        nothing_revives_a_closed_flow,
        fin_repeated_with_collapsed_data_counts_once,
        greatest_window_is_remembered_rounded_up,
        random_segments_keep_the_invariants,
    };
    Suite *suite = suite_create("track");
    TCase *tc = tcase_create("E17_at_all_numbers");

    for (size_t i = 0; i < sizeof at_all_numbers / sizeof at_all_numbers[0]; i++)
        tcase_add_loop_test(tc, at_all_numbers[i], 0, N_STARTS);
    suite_add_tcase(suite, tc);
    tc = tcase_create("once");
    for (size_t i = 0; i < sizeof once / sizeof once[0]; i++)
        tcase_add_test(tc, once[i]);
    suite_add_tcase(suite, tc);
    return check_run(suite);
}
