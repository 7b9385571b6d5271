/* SPDX-License-Identifier: BSD-2-Clause */
/* Members that know different incarnations of one connection (rule R3): whatever comes when, they
 * end with the same one. */
#include "carried.h"
#include "check_main.h"
#include "split/share.h"

enum { OVER = MPCONN_FLOW_CLOSED };

/* What another member would say of a flow. */
static mpci_record flow_record(uint16_t generation, uint32_t isn, unsigned state)
{
    mpci_record r = {0};

    r.type = MPCI_RECORD_DELTA;
    r.tuple = c.tuple;
    r.client_isn = isn;
    r.flags = MPCI_FLOW_SPLIT | MPCI_FLOW_HEARD;
    r.generation = generation;
    r.hs = 0x4ff0;
    r.server_options = 0x0f;
    r.seq_offset = isn * 3 + 1;
    r.end[CLIENT] = isn + 1;
    r.end[SERVER] = isn * 3 + 2;
    r.room[CLIENT] = r.room[SERVER] = 60000;
    r.state = (uint8_t)state;
    return r;
}

static void tell(unsigned member, mpci_record r)
{
    m[member]->eng->core.now = m[member]->now;
    mpci_split_told(&m[member]->eng->split, &r, net.at[member ^ 1].id);
    sync_flush(&net, member);
}

static mpci_settled *flow_at(unsigned member)
{
    mpci_core *core = &m[member]->eng->core;
    uint32_t slot = mpci_settled_find(&core->settled, mpci_tuple_hash(&core->table_key, &c.tuple),
                                      &c.tuple);

    return slot == MPCI_SLOT_NONE ? NULL : mpci_settled_at(&core->settled, slot);
}

/* A member says what it has, to the other. */
static void share(unsigned member)
{
    mpci_core *core = &m[member]->eng->core;
    uint32_t slot = mpci_settled_find(&core->settled, mpci_tuple_hash(&core->table_key, &c.tuple),
                                      &c.tuple);

    if (slot != MPCI_SLOT_NONE)
        mpci_share_flow(&m[member]->eng->split, slot, net.at[member ^ 1].id);
    sync_flush(&net, member);
}

static void expect_both(uint16_t generation, uint32_t isn)
{
    for (unsigned i = A; i <= B; i++) {
        ck_assert_ptr_nonnull(flow_at(i));
        ck_assert_uint_eq(flow_at(i)->client_isn, isn);
        ck_assert_uint_eq(flow_at(i)->generation, generation);
        ck_assert_uint_eq(flow_at(i)->seq_offset, isn * 3 + 1);
    }
}

/* The answer to the next incarnation comes to B, which decides and never heard of the last one. */
static void reuse(uint16_t known_to_a)
{
    bed_segment seg;

    tell(A, flow_record(known_to_a, c.x - 1000, OVER));
    bed_syn(m[A], &c);
    bed_proof(m[A], &c);
    (void)bed_take(m[A]);
    seg = bed_syn_ack_seg(&c);
    bed_in(m[B], SERVER, &seg);
    sync_carry(&net);
}

START_TEST(R3_commit_of_an_old_generation_is_refused_and_told_again)
{
    start(B);
    reuse(5);
    for (unsigned i = A; i <= B; i++) {
        ck_assert_ptr_nonnull(flow_at(i));
        ck_assert_uint_eq(flow_at(i)->client_isn, c.x);
        ck_assert_uint_eq(flow_at(i)->generation, 6);
    }
    ck_assert_uint_eq(bed_take(m[A])->view.flags, MPCI_TCP_ACK);
    ck_assert_uint_eq(bed_take(m[B])->view.flags, MPCI_TCP_ACK);
}
END_TEST

static void expect_of_c(uint16_t generation)
{
    for (unsigned i = A; i <= B; i++) {
        ck_assert_ptr_nonnull(flow_at(i));
        ck_assert_uint_eq(flow_at(i)->client_isn, c.x);
        ck_assert_uint_eq(flow_at(i)->generation, generation);
    }
}

/* B has decided about c, which nobody told it the last incarnation of, and waits to
 * hear its ends. */
static void decide_at_b(void)
{
    bed_segment seg;

    start(B);
    bed_syn(m[A], &c);
    bed_proof(m[A], &c);
    seg = bed_syn_ack_seg(&c);
    bed_in(m[B], SERVER, &seg);
    sync_carry(&net);
    expect_of_c(1);
}

START_TEST(R3_copy_of_an_equal_generation_does_not_replace_what_the_server_just_answered)
{
    decide_at_b();
    tell(B, flow_record(1, c.x + 1000, 0));
    sync_carry(&net);
    expect_of_c(2);
}
END_TEST

/* Two that both still wait would raise one another until one of them is confirmed. */
START_TEST(R3_handshake_opens_one_generation_behind_what_is_told)
{
    mpci_record r = {.type = MPCI_RECORD_STALE, .generation = 1};

    decide_at_b();
    r.tuple = c.tuple;
    r.client_isn = c.x;
    tell(B, r);
    ck_assert_uint_eq(flow_at(B)->generation, 2);
    r.generation = 2;
    tell(B, r);
    sync_carry(&net);
    expect_of_c(2);
}
END_TEST

/* A commit that is refused does not end the waiting of what refuses it. */
START_TEST(R3_refused_commit_leaves_the_handshake_that_stands)
{
    mpci_record r = {.type = MPCI_RECORD_COMMIT, .generation = 1, .server_isn = 77,
                     .seq_offset = 7};

    decide_at_b();
    r.tuple = c.tuple;
    r.client_isn = c.x + 1000;
    tell(B, r);
    tell(B, flow_record(1, c.x + 1000, 0));
    sync_carry(&net);
    expect_of_c(2);
}
END_TEST

START_TEST(R3_generation_after_the_last_is_the_first)
{
    start(B);
    tell(A, flow_record(UINT16_MAX - 1, 111, 0));
    tell(B, flow_record(UINT16_MAX, 222, OVER));
    share(B);
    sync_carry(&net);
    expect_both(1, 111);
}
END_TEST

/* Of two generations that are as far apart as can be neither is the later one by their distance.
 * They must not refuse one another for ever. */
START_TEST(R3_generations_half_the_circle_apart_end_with_one)
{
    start(B);
    tell(A, flow_record(7, 111, 0));
    tell(B, flow_record(0x8007, 222, 0));
    share((unsigned)_i);
    for (unsigned rounds = 0; sync_waiting(&net, A, B) + sync_waiting(&net, B, A) > 0; rounds++) {
        ck_assert_uint_lt(rounds, 10);
        sync_deliver(&net, A, B);
        sync_deliver(&net, B, A);
    }
    ck_assert_uint_eq(flow_at(A)->client_isn, flow_at(B)->client_isn);
    ck_assert_uint_eq(flow_at(A)->generation, flow_at(B)->generation);
}
END_TEST

/* The refusal, or the commit after it, is lost: the registrar repeats its own until it is heard. */
START_TEST(R3_lost_refusal_is_said_again)
{
    net.rng.state += (unsigned)_i;
    start(B);
    net.loss = 40;
    reuse(5);
    net.loss = 0;
    sync_pass(&net, 5 * MPCONN_SECOND);
    for (unsigned i = A; i <= B; i++) {
        ck_assert_ptr_nonnull(flow_at(i));
        ck_assert_uint_eq(flow_at(i)->client_isn, c.x);
        ck_assert_uint_eq(flow_at(i)->generation, 6);
    }
}
END_TEST

START_TEST(R3_what_lives_here_outlives_what_is_over_elsewhere)
{
    start((unsigned)_i);
    tell(A, flow_record(2, 111, 0));
    tell(B, flow_record(7, 222, OVER));
    share((unsigned)_i);
    sync_carry(&net);
    share(A);
    share(B);
    sync_carry(&net);
    expect_both(8, 111);
}
END_TEST

START_TEST(R6_copy_that_was_not_seen_for_long_gives_way_to_a_living_one)
{
    mpci_record old;

    start((unsigned)_i);
    old = flow_record(7, 222, 0);
    old.idle_s = 50;
    tell(A, flow_record(2, 111, 0));
    tell(B, old);
    share(B);
    sync_carry(&net);
    expect_both(8, 111);
}
END_TEST

START_TEST(R3_late_record_does_not_bring_back_a_number_that_is_over)
{
    start((unsigned)_i);
    mpci_core_bury(&m[A]->eng->core, mpci_tuple_hash(&m[A]->eng->core.table_key, &c.tuple), 222,
                   MPCI_TOMBSTONE_FOUND);
    tell(A, flow_record(3, 222, 0));
    ck_assert_ptr_null(flow_at(A));
    tell(A, flow_record(2, 111, 0));
    tell(A, flow_record(3, 222, 0));
    ck_assert_uint_eq(flow_at(A)->client_isn, 111);
}
END_TEST

typedef struct fact {
    uint16_t generation;
    uint32_t isn;
} fact;

/* Near one another, also across the end of the numbers; no two alike. */
static void draw_facts(fact *f, unsigned n)
{
    uint16_t first = (uint16_t)(seed_below(&net.rng, 2) ? 65530 : seed_below(&net.rng, 100));

    for (unsigned i = 0; i < n; i++) {
        f[i].generation = first;
        for (unsigned steps = seed_below(&net.rng, 3) + 1; steps > 0; steps--)
            f[i].generation = mpci_generation_after(f[i].generation);
        f[i].isn = (i + 1) * 0x40000000u + seed_below(&net.rng, 1000);
    }
}

static fact latest(const fact *f, unsigned n)
{
    fact best = f[0];

    for (unsigned i = 1; i < n; i++)
        if (f[i].generation == best.generation ? f[i].isn > best.isn
                                               : mpci_is_later(f[i].generation, best.generation))
            best = f[i];
    return best;
}

/* Each fact comes to one of the members or to both, once or more; words between them are lost,
 * repeated and reordered, and said again. */
START_TEST(R3_members_end_with_the_latest_incarnation_in_any_order)
{
    fact f[3], best;

    net.rng.state += (unsigned)_i; /* seeds that follow one another */
    start((unsigned)_i & 1);
    draw_facts(f, 3);
    best = latest(f, 3);
    net.strict = 0; /* what is repeated was taken already */
    net.loss = 30;
    net.repeat = net.reorder = 30;
    for (unsigned told = 0, n = 0; told != 7 || n < 8; n++) {
        unsigned which = seed_below(&net.rng, 3);

        told |= 1u << which;
        tell(seed_below(&net.rng, 2), flow_record(f[which].generation, f[which].isn, 0));
        if (seed_below(&net.rng, 2))
            share(seed_below(&net.rng, 2));
        sync_carry(&net);
    }
    net.loss = 0;
    share(A);
    share(B);
    sync_carry(&net);
    expect_both(best.generation, best.isn);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("generations");
    TCase *tc = tcase_create("R3");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, R3_commit_of_an_old_generation_is_refused_and_told_again);
    tcase_add_test(tc,
                   R3_copy_of_an_equal_generation_does_not_replace_what_the_server_just_answered);
    tcase_add_test(tc, R3_handshake_opens_one_generation_behind_what_is_told);
    tcase_add_test(tc, R3_refused_commit_leaves_the_handshake_that_stands);
    tcase_add_test(tc, R3_generation_after_the_last_is_the_first);
    tcase_add_loop_test(tc, R3_generations_half_the_circle_apart_end_with_one, 0, 2);
    tcase_add_loop_test(tc, R3_lost_refusal_is_said_again, 0, 20);
    tcase_add_loop_test(tc, R3_what_lives_here_outlives_what_is_over_elsewhere, 0, 2);
    tcase_add_loop_test(tc, R6_copy_that_was_not_seen_for_long_gives_way_to_a_living_one, 0, 2);
    tcase_add_loop_test(tc, R3_late_record_does_not_bring_back_a_number_that_is_over, 0, 2);
    tcase_add_loop_test(tc, R3_members_end_with_the_latest_incarnation_in_any_order, 0, 200);
    suite_add_tcase(s, tc);
    return check_run(s);
}
