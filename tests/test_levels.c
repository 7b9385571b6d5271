/* SPDX-License-Identifier: BSD-2-Clause */
/* The two levels of doc/validation.md, full view and half view, by the numbers where each ends. Run
 * at all the numbers where arithmetic can go wrong (E17): `_i` picks the initial ones. */
#include "check_main.h"

#include "base/seq.h"
#include "conn/track.h"

#include <string.h>

enum { C = MPCONN_SIDE_CLIENT, S = MPCONN_SIDE_SERVER };
enum { FIN = MPCI_TCP_FIN, SYN = MPCI_TCP_SYN, RST = MPCI_TCP_RST, ACK = MPCI_TCP_ACK };

static const struct {
    uint32_t next[2]; /* of client and server */
    unsigned wscale;
} starts[] = {
    {{1000, 2000}, 0},           {{0xffffffff, 0}, 0},
    {{0x7fffffff, 0x80000000}, 7}, {{0x80000000, 0x7fffffff}, 7},
    {{0, 0xffffffff}, 14},       {{0xfffffff0, 0x7ffffff0}, 14},
};
enum { N_STARTS = sizeof starts / sizeof starts[0] };

/* A connection of which one window was granted to each, and as much was seen. */
typedef struct flow {
    mpci_track t;
    uint32_t next[2];
    uint32_t window; /* bytes */
    mpci_track_view view;
} flow;

static flow flow_begin(int start, int half)
{
    flow f;

    memset(&f, 0, sizeof f);
    f.window = (uint32_t)65535 << starts[start].wscale;
    f.view = half ? mpci_track_half(starts[start].wscale) : MPCI_TRACK_FULL;
    for (unsigned side = 0; side < 2; side++) {
        f.next[side] = starts[start].next[side];
        f.t.dir[side].end = f.next[side];
        f.t.dir[side].max_end = f.next[side] + f.window;
        f.t.max_window[side] = (uint16_t)((f.window + 0x3fff) >> 14);
    }
    return f;
}

/* A segment; seq and ack count from the next numbers at the beginning. */
static enum mpci_track_result take(flow *f, unsigned from, unsigned flags, uint32_t seq,
                                   uint32_t len, uint32_t ack)
{
    mpci_view v;

    memset(&v, 0, sizeof v);
    v.kind = MPCI_KIND_TCP;
    v.flags = (uint16_t)flags;
    v.seq = f->next[from] + seq;
    v.ack = f->next[from ^ 1] + ack;
    v.payload_len = len;
    return mpci_track_segment(&f->t, &v, from, 0, f->window, f->view);
}

/* The same segment, but nothing of it is kept. */
static enum mpci_track_result try(const flow *f, unsigned from, unsigned flags, uint32_t seq,
                                  uint32_t len, uint32_t ack)
{
    flow copy = *f;

    return take(&copy, from, flags, seq, len, ack);
}

#define in(call) ck_assert_int_eq((call), MPCI_TRACK_IN_WINDOW)
#define reset(call) ck_assert_int_eq((call), MPCI_TRACK_RESET)
#define outside(f, call)                                   \
    do {                                                   \
        mpci_track before = (f)->t;                        \
        ck_assert_int_eq((call), MPCI_TRACK_OUTSIDE);      \
        ck_assert_mem_eq(&before, &(f)->t, sizeof before); \
    } while (0)
#define state_is(f, name) ck_assert_uint_eq(mpci_track_state(&(f)->t), MPCONN_FLOW_##name)

START_TEST(E16_half_view_reaches_one_window_of_the_scale_each_way)
{
    flow f = flow_begin(_i, 1);
    uint32_t reach = UINT32_C(65536) << starts[_i].wscale;

    for (unsigned side = 0; side < 2; side++) {
        in(try(&f, side, ACK, reach, 0, 0));
        in(try(&f, side, ACK, 0 - reach, 0, 0));
        in(try(&f, side, ACK, reach - 1, 1, 0)); /* its end counts */
        outside(&f, take(&f, side, ACK, reach + 1, 0, 0));
        outside(&f, take(&f, side, ACK, 0 - reach - 1, 0, 0));
        outside(&f, take(&f, side, ACK, reach, 1, 0));
        in(try(&f, side, ACK, 0, 0, reach));
        in(try(&f, side, ACK, 0, 0, 0 - reach));
        outside(&f, take(&f, side, ACK, 0, 0, reach + 1));
        outside(&f, take(&f, side, ACK, 0, 0, 0 - reach - 1));
        outside(&f, take(&f, side, ACK, 0x80000000, 0, 0));
    }
}
END_TEST

/* What the other endpoint sent elsewhere is known from what is acknowledged here. */
START_TEST(half_view_learns_from_acknowledgments_what_full_view_refuses)
{
    flow full = flow_begin(_i, 0), half = flow_begin(_i, 1);

    outside(&full, take(&full, C, ACK, 0, 10, 500));
    in(take(&half, C, ACK, 0, 10, 500));
    ck_assert_uint_eq(half.t.dir[S].end, half.next[S] + 500);
    in(take(&half, C, ACK, 10, 10, 400)); /* a late one takes nothing back */
    ck_assert_uint_eq(half.t.dir[S].end, half.next[S] + 500);
}
END_TEST

START_TEST(E14_half_view_resets_at_the_exact_number_alone)
{
    for (unsigned side = 0; side < 2; side++) {
        flow f = flow_begin(_i, 1);

        in(take(&f, side, ACK, 0, 100, 0));
        outside(&f, take(&f, side, RST, 99, 0, 0));
        outside(&f, take(&f, side, RST, 101, 0, 0));
        outside(&f, take(&f, side, RST | ACK, 0, 0, 0));
        state_is(&f, OPEN);
        reset(take(&f, side, RST, 100, 0, 0));
        state_is(&f, RESET);
        in(take(&f, side ^ 1, ACK, 0, 1, 100));
        state_is(&f, OPEN);
    }
}
END_TEST

START_TEST(E15_half_view_learns_nothing_without_an_ack_or_from_a_syn)
{
    flow f = flow_begin(_i, 1);

    for (unsigned side = 0; side < 2; side++) {
        outside(&f, take(&f, side, SYN, 0, 0, 0));
        outside(&f, take(&f, side, SYN | ACK, 0, 0, 0));
        outside(&f, take(&f, side, MPCI_TCP_PSH, 0, 1, 0));
        outside(&f, take(&f, side, FIN, 0, 0, 0));
    }
}
END_TEST

START_TEST(half_view_takes_keepalives_and_probes)
{
    flow f = flow_begin(_i, 1);

    for (unsigned side = 0; side < 2; side++) {
        in(take(&f, side, ACK, UINT32_MAX, 0, 0));
        in(take(&f, side, ACK, UINT32_MAX, 1, 0));
        in(take(&f, side, ACK, 0, 1, 0)); /* beyond what was granted, for all that is known */
        ck_assert_uint_eq(f.t.dir[side].end, f.next[side] + 1);
        f = flow_begin(_i, 1);
    }
}
END_TEST

/* Rule R11, and its limit: in half view an end is where it is said to be. */
START_TEST(R11_fin_beyond_the_next_number_ends_nothing_before_it_is_acknowledged)
{
    for (int half = 0; half < 2; half++) {
        flow f = flow_begin(_i, half);

        in(take(&f, C, ACK | FIN, 1000, 10, 0));
        ck_assert_uint_eq(f.t.life, MPCI_LIFE_LOOSE_FIN_CLIENT);
        state_is(&f, OPEN);
        in(take(&f, S, ACK, 0, 1, 1010)); /* all but the FIN itself */
        state_is(&f, OPEN);
        in(take(&f, C, ACK, 1010, 20, 0)); /* the client goes on: there was none */
        ck_assert_uint_eq(f.t.life, 0);
        state_is(&f, OPEN);
    }
}
END_TEST

/* How many numbers each level takes, for the figures of the page. */
static uint64_t taken(const flow *f, int by_ack)
{
    uint32_t span[2];

    for (unsigned below = 0; below < 2; below++) {
        uint32_t good = 0, bad = 0x7fffffff;

        while (bad - good > 1) {
            uint32_t middle = good + (bad - good) / 2, n = below ? 0 - middle : middle;
            int fits = try(f, C, ACK, by_ack ? 0 : n, 0, by_ack ? n : 0) == MPCI_TRACK_IN_WINDOW;

            *(fits ? &good : &bad) = middle;
        }
        span[below] = good;
    }
    return (uint64_t)span[0] + span[1] + 1;
}

static unsigned nearest_power(uint64_t n)
{
    unsigned power = 0;

    while ((UINT64_C(3) << power) / 2 < n)
        power++;
    return power;
}

START_TEST(E16_blind_segments_that_count_are_as_rare_as_the_page_says)
{
    static const struct {
        unsigned wscale, full, half; /* one of 2^n segments with random numbers counts */
    } rows[] = {{0, 31, 30}, {7, 17, 16}, {14, 3, 2}};
    const unsigned row = (unsigned)_i / 2;
    flow full = flow_begin(_i, 0), half = flow_begin(_i, 1);

    ck_assert_uint_eq(starts[_i].wscale, rows[row].wscale);
    ck_assert_uint_eq(64 - nearest_power(taken(&full, 0)) - nearest_power(taken(&full, 1)),
                      rows[row].full);
    ck_assert_uint_eq(64 - nearest_power(taken(&half, 0)) - nearest_power(taken(&half, 1)),
                      rows[row].half);
}
END_TEST

/* Whoever hit a window once knows the number. What he gains is a mark, and the endpoints, who
 * judge for themselves, take it back. */
START_TEST(E14_forger_who_moved_the_number_resets_until_an_endpoint_speaks)
{
    for (int half = 0; half < 2; half++) {
        flow f = flow_begin(_i, half);

        in(take(&f, C, ACK, 5000, 0, 0));
        ck_assert_uint_eq(f.t.dir[C].end, f.next[C] + 5000);
        outside(&f, take(&f, C, RST, 0, 0, 0)); /* the client's own is missed now */
        reset(take(&f, C, RST, 5000, 0, 0));
        state_is(&f, RESET);
        in(take(&f, C, ACK, 0, 10, 0)); /* the client's true number is near enough */
        state_is(&f, OPEN);
    }
}
END_TEST

/* Full view is never led away: the forger gets no further than the window, and from there back it
 * is no more than that. */
START_TEST(E16_forged_segments_never_put_the_true_numbers_outside_of_full_view)
{
    flow f = flow_begin(_i, 0);

    for (unsigned i = 0; i < 10; i++) {
        uint32_t beyond = f.t.dir[C].max_end + 1 - f.next[C];

        in(take(&f, C, ACK, beyond, 0, 0));
        outside(&f, take(&f, C, ACK, beyond + 1, 0, 0));
    }
    in(take(&f, C, ACK, 1, 0, 0));
    in(take(&f, S, ACK, 0, 1, 1));
}
END_TEST

/* Half view is, by one window with each: then nothing counts (rule R6 says what is done). */
START_TEST(E16_forged_segments_lead_half_view_away_by_a_window_each)
{
    flow f = flow_begin(_i, 1);
    uint32_t reach = f.view, led = 0;

    for (; led < UINT32_C(0x7fffffff) - reach && led <= 2 * reach; led += reach)
        in(take(&f, C, ACK, led, 0, 0));
    outside(&f, take(&f, C, ACK, 1, 0, 0));
    outside(&f, take(&f, S, ACK, 0, 1, 1));
}
END_TEST

int main(void)
{
    const TTest *const all[] = {
        E16_half_view_reaches_one_window_of_the_scale_each_way,
        half_view_learns_from_acknowledgments_what_full_view_refuses,
        E14_half_view_resets_at_the_exact_number_alone,
        E15_half_view_learns_nothing_without_an_ack_or_from_a_syn,
        half_view_takes_keepalives_and_probes,
        R11_fin_beyond_the_next_number_ends_nothing_before_it_is_acknowledged,
        E16_blind_segments_that_count_are_as_rare_as_the_page_says,
        E14_forger_who_moved_the_number_resets_until_an_endpoint_speaks,
        E16_forged_segments_never_put_the_true_numbers_outside_of_full_view,
    };
    Suite *suite = suite_create("levels");
    TCase *tc = tcase_create("E17_at_all_numbers");

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        tcase_add_loop_test(tc, all[i], 0, N_STARTS);
    /* with the widest windows there is no number so far away */
    tcase_add_loop_test(tc, E16_forged_segments_lead_half_view_away_by_a_window_each, 0, 4);
    suite_add_tcase(suite, tc);
    return check_run(suite);
}
