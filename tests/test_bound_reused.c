/* SPDX-License-Identifier: BSD-2-Clause */
/* A server leg that is used again, and a member that did not hear of the end of the connection that
 * had it before: the copy must not stand in the way of the next one. */
#include <check.h>

#include "bound.h"
#include "check_main.h"
#include "split/share.h"
#include "sync_bed.h"

enum { A, B };

#define LONG_AGO (20 * MPCONN_SECOND) /* nobody is sure of what was not seen since */

static sync_bed net;
static bed *const m[2] = {&net.at[A].b, &net.at[B].b};
static bound_conn c, next;

static void set_up(void)
{
    sync_bed_open(&net, 2);
    for (unsigned i = 0; i < 2; i++) {
        net.at[i].cb.bind = bed_bind;
        net.at[i].cfg.max_bindings = 8;
    }
}

static void tear_down(void)
{
    sync_bed_close(&net);
}

/* Connections from ports from `first` on, about one of which that member decides. */
static bound_conn conn_for(unsigned registrar, unsigned client, uint16_t first)
{
    bound_conn of;

    do
        of = bound_conn_of(MPCONN_FAMILY_IPV4, client, first++, MPCONN_FAMILY_IPV4);
    while (sync_registrar(&net, &of.client.tuple) != registrar);
    return of;
}

static uint64_t count(unsigned member, unsigned reason)
{
    return mpconn_engine_count(m[member]->eng, reason);
}

static mpci_settled *flow_of(unsigned member, const bound_conn *of)
{
    mpci_core *core = &m[member]->eng->core;
    uint32_t slot = mpci_settled_find(&core->settled,
                                      mpci_tuple_hash(&core->table_key, &of->client.tuple),
                                      &of->client.tuple);

    return slot != MPCI_SLOT_NONE ? mpci_settled_at(&core->settled, slot) : NULL;
}

static mpci_handshake *entry_of(unsigned member, const bound_conn *of)
{
    mpci_core *core = &m[member]->eng->core;

    return mpci_handshake_find(&core->handshakes,
                               mpci_tuple_hash(&core->table_key, &of->client.tuple),
                               &of->client.tuple);
}

static uint32_t bindings(unsigned member)
{
    return m[member]->eng->core.bindings.used;
}

/* The server's SYN|ACK comes to a member, and again when that lets go of it. */
static void answer_at(unsigned member, const bound_conn *of, uint64_t ns)
{
    static uint8_t bytes[BED_ROOM];
    bed *b = m[member];
    unsigned before = b->n_released;
    mpconn_pkt kept;

    bound_syn_ack(b, of);
    kept = b->pkt;
    memcpy(bytes, kept.data, kept.len);
    kept.data = bytes;
    sync_carry(&net);
    sync_pass(&net, ns / 2);
    if (kept.verdict == MPCONN_VERDICT_HOLD && b->n_released > before)
        bed_in_again(b, &kept);
    sync_carry(&net);
    sync_pass(&net, ns / 2);
}

/* Both ways of a connection through two members, as they were told of it. */
static void assert_carried(const bound_conn *of, unsigned client_at, unsigned server_at)
{
    bound_carry(m[client_at], of, MPCONN_SIDE_CLIENT, 1, 1, 100);
    bound_carry(m[server_at], of, MPCONN_SIDE_SERVER, 1, 101, 700);
}

/* The first one is driven by A and answered at B, or the other way round. */
static void settle_first(unsigned driver, unsigned registrar)
{
    sync_start(&net);
    bound_lead(m[A], MPCONN_FAMILY_IPV4);
    bound_lead(m[B], MPCONN_FAMILY_IPV4);
    c = conn_for(registrar, 1, 40000);
    bound_open(m[driver], &c);
    sync_carry(&net);
    answer_at(!driver, &c, 10 * MPCONN_MILLISECOND);
    assert_carried(&c, driver, !driver);
    sync_carry(&net);
}

/* The host of one member ends it, and the other one hears nothing of that. */
static void end_unheard(unsigned at)
{
    mpconn_flow_filter f;

    MPCONN_STRUCT_INIT(&f);
    ck_assert_int_eq(mpconn_engine_kill(m[at]->eng, &f, NULL, m[at]->now), MPCONN_OK);
    sync_lose(&net);
    m[A]->n_out = m[B]->n_out = 0;
}

/* The next connection, to which the hosts give the same server leg. */
static void lead_next_there(unsigned registrar)
{
    next = conn_for(registrar, 2, 50000);
    next.server.tuple = c.server.tuple;
    m[A]->leg.client_port = m[B]->leg.client_port = c.server.tuple.client_port;
}

/* --- the words of another member --- */

/* Whoever decides about either, however sure B is of its copy, and whether it is told of the next
 * connection before its answer comes. */
START_TEST(server_leg_is_used_again_where_its_last_end_was_not_heard)
{
    settle_first(A, (unsigned)_i & 1);
    if (_i & 4)
        sync_pass(&net, LONG_AGO);
    end_unheard(A);
    lead_next_there(_i & 2 ? B : A);
    bound_open(m[A], &next);
    if (_i & 8)
        sync_lose(&net);
    sync_carry(&net);
    answer_at(B, &next, 500 * MPCONN_MILLISECOND);
    assert_carried(&next, A, B);
    ck_assert_uint_eq(bindings(A), 1);
    ck_assert_uint_eq(bindings(B), 1);
    ck_assert_ptr_null(flow_of(B, &c));
    ck_assert_uint_eq(m[B]->eng->core.handshakes.used, 0);
}
END_TEST

static mpci_record word(unsigned type, const bound_conn *of)
{
    mpci_record r = {0};

    r.type = (uint8_t)type;
    r.tuple = of->client.tuple;
    r.client_isn = of->client.x;
    if (mpci_record_has_leg(type))
        r.server_leg = of->server.tuple;
    return r;
}

static void tell(unsigned to, const mpci_record *r)
{
    sync_put(&net, !to, net.at[to].id, r);
    sync_flush(&net, !to);
    sync_deliver(&net, !to, to);
}

/* Who sees it, or is told only what nobody proved, keeps it, and asks. */
START_TEST(flow_that_may_live_does_not_yield_to_what_nobody_proved)
{
    static const unsigned types[] = {MPCI_RECORD_DRIVE, MPCI_RECORD_ANSWER, MPCI_RECORD_PLAIN};
    mpci_record r;

    settle_first(A, A);
    lead_next_there(A);
    if (_i > 0)
        sync_pass(&net, LONG_AGO);
    if (types[_i] == MPCI_RECORD_PLAIN)
        next.client.tuple = c.server.tuple;
    r = word(types[_i], &next);
    tell(B, &r);
    ck_assert_uint_eq(count(B, MPCONN_REASON_BINDING_TAKEN), 1);
    ck_assert_ptr_nonnull(flow_of(B, &c));
    ck_assert_uint_ne(flow_of(B, &c)->use & MPCI_SETTLED_ASKED, 0);
    sync_carry(&net); /* it lives, there as well */
    ck_assert_uint_eq(flow_of(B, &c)->use & MPCI_SETTLED_ASKED, 0);
    ck_assert_uint_eq(m[B]->eng->core.handshakes.used, 0);
    bound_carry(m[B], &c, MPCONN_SIDE_SERVER, 701, 101, 100);
}
END_TEST

START_TEST(flow_that_was_not_seen_for_long_yields_to_what_a_client_proved)
{
    mpci_record r;

    settle_first(A, A);
    lead_next_there(A);
    sync_pass(&net, LONG_AGO);
    r = word(_i ? MPCI_RECORD_DELTA : MPCI_RECORD_DRIVE, &next);
    r.flags = _i ? MPCI_FLOW_SPLIT : 0;
    tell(B, &r);
    ck_assert_uint_eq(count(B, MPCONN_REASON_BINDING_TAKEN), 0);
    ck_assert_ptr_null(flow_of(B, &c));
    ck_assert_uint_eq(count(B, MPCONN_REASON_FLOW_REPLACED), 1);
    ck_assert_uint_eq(bindings(B), 1);
}
END_TEST

/* But not to what its teller is not sure of either, or knows to be over. */
START_TEST(flow_that_was_not_seen_for_long_stays_where_the_other_was_not_either)
{
    mpci_record r;

    settle_first(A, A);
    lead_next_there(A);
    sync_pass(&net, LONG_AGO);
    r = word(MPCI_RECORD_DELTA, &next);
    r.flags = MPCI_FLOW_SPLIT;
    if (_i)
        r.state = MPCONN_FLOW_CLOSED;
    else
        r.idle_s = 30;
    tell(B, &r);
    ck_assert_uint_eq(count(B, MPCONN_REASON_BINDING_TAKEN), 1);
    ck_assert_ptr_nonnull(flow_of(B, &c));
}
END_TEST

/* What its own driver has left behind: not what another one drives, nor for a mere SYN|ACK. */
START_TEST(handshake_yields_to_the_next_one_of_its_driver)
{
    static const unsigned types[] = {MPCI_RECORD_DRIVE, MPCI_RECORD_ANSWER, MPCI_RECORD_DRIVE};
    mpci_record r;

    sync_start(&net);
    c = conn_for(A, 1, 40000);
    lead_next_there(A);
    r = word(MPCI_RECORD_DRIVE, &c);
    tell(B, &r);
    ck_assert_ptr_nonnull(entry_of(B, &c));
    if (_i == 2)
        entry_of(B, &c)->driver = 3;
    r = word(types[_i], &next);
    tell(B, &r);
    ck_assert_uint_eq(count(B, MPCONN_REASON_BINDING_TAKEN), _i > 0);
    ck_assert_uint_eq(bindings(B), 1);
    ck_assert_ptr_nonnull(entry_of(B, _i > 0 ? &c : &next));
    ck_assert_uint_eq(m[B]->eng->core.handshakes.used, 1);
}
END_TEST

/* --- who asks is answered --- */

static unsigned told_back(unsigned type, unsigned code)
{
    unsigned n = 0;

    sync_deliver(&net, B, A);
    for (unsigned i = 0; i < net.at[A].n_taken; i++)
        n += net.at[A].taken[i].type == type && net.at[A].taken[i].code == code;
    return n;
}

/* A claim that another binding contradicts is answered: nothing is known of it. */
START_TEST(claim_that_cannot_be_is_answered)
{
    mpci_record r, k;

    net.catch_records = 1;
    sync_start(&net);
    net.at[B].b.eng->sync.take = mpci_split_told;
    net.at[B].b.eng->sync.taker = &net.at[B].b.eng->split;
    c = conn_for(A, 1, 40000);
    k = word(MPCI_RECORD_DELTA, &c);
    k.flags = MPCI_FLOW_SPLIT;
    tell(B, &k);
    ck_assert_uint_eq(bindings(B), 1);
    next = conn_for(A, 2, 50000);
    next.server.tuple = c.server.tuple;
    if (_i & 1) { /* its client leg is the server leg of the other one */
        next.client.tuple = c.server.tuple;
        r = word(MPCI_RECORD_DRIVE, &next);
        memset(&r.server_leg, 0, sizeof(r.server_leg));
    } else {
        r = word(MPCI_RECORD_DRIVE, &next);
    }
    r.flags = _i & 2 ? 0 : MPCI_DRIVE_ASKS;
    tell(B, &r);
    ck_assert_uint_eq(count(B, MPCONN_REASON_BINDING_TAKEN), 1);
    ck_assert_uint_eq(told_back(MPCI_RECORD_REPLY, MPCI_REPLY_NO), (_i & 2) == 0);
}
END_TEST

/* --- the word of this host --- */

/* The client is refused once; by then the end is known. */
START_TEST(server_leg_is_free_for_the_next_client_of_this_member)
{
    settle_first(B, (unsigned)_i & 1);
    if (_i & 2)
        sync_pass(&net, LONG_AGO);
    end_unheard(B);
    lead_next_there(A);
    bed_syn(m[A], &next.client);
    bound_proof(m[A], &next);
    ck_assert_int_eq(m[A]->pkt.reason, MPCONN_REASON_BINDING_TAKEN);
    m[A]->n_out = 0;
    sync_carry(&net);
    next = conn_for(A, 3, 50000);
    next.server.tuple = c.server.tuple;
    bound_settle(m[A], &next);
    bound_carry(m[A], &next, MPCONN_SIDE_SERVER, 1, 1, 100);
}
END_TEST

/* --- the next incarnation of the same connection --- */

/* Both have no more to say, and both members know it. */
static void finish_first(void)
{
    const bed_conn *l = &c.client;
    bed_segment seg = bed_seg(&l->tuple, MPCONN_SIDE_SERVER, MPCI_TCP_FIN | MPCI_TCP_ACK,
                              l->x + 101, l->y + 701);

    bed_in(m[A], MPCONN_SIDE_CLIENT, &seg);
    sync_carry(&net);
    seg = bed_seg(&c.server.tuple, MPCONN_SIDE_CLIENT, MPCI_TCP_FIN | MPCI_TCP_ACK, l->z + 701,
                  l->x + 102);
    bed_in(m[B], MPCONN_SIDE_SERVER, &seg);
    sync_carry(&net);
    seg = bed_seg(&l->tuple, MPCONN_SIDE_SERVER, MPCI_TCP_ACK, l->x + 102, l->y + 702);
    bed_in(m[A], MPCONN_SIDE_CLIENT, &seg);
    sync_carry(&net);
    ck_assert_uint_eq(flow_of(B, &c)->state & 3, MPCONN_FLOW_CLOSED);
    m[A]->n_out = m[B]->n_out = 0;
}

static void begin_next_incarnation(void)
{
    next = c;
    next.client.x += 0x1000000;
    next.client.z += 0x1000000;
    bed_syn(m[A], &next.client);
    next.server = next.client;
    next.server.tuple = c.server.tuple;
}

/* The answer comes where nobody has told of the SYN, but the server leg is still known. */
START_TEST(answer_to_the_next_incarnation_names_its_server_leg)
{
    settle_first(A, (unsigned)_i & 1);
    finish_first();
    begin_next_incarnation();
    bed_proof(m[A], &next.client);
    sync_lose(&net);
    answer_at(B, &next, 500 * MPCONN_MILLISECOND);
    ck_assert_uint_eq(count(A, MPCONN_REASON_COMMIT_CONFLICT), 0);
    assert_carried(&next, A, B);
}
END_TEST

/* Nor does it say what the server leg shows that a client was answered elsewhere. */
START_TEST(answer_to_a_requested_incarnation_names_its_server_leg)
{
    net.at[A].cfg.announce = MPCONN_ANNOUNCE_EARLY;
    settle_first(A, (unsigned)_i & 1);
    finish_first();
    begin_next_incarnation();
    sync_carry(&net);
    ck_assert_ptr_nonnull(entry_of(B, &next));
    bed_proof(m[A], &next.client);
    sync_lose(&net);
    answer_at(B, &next, 500 * MPCONN_MILLISECOND);
    assert_carried(&next, A, B);
}
END_TEST

static TCase *make_case(void)
{
    TCase *t = tcase_create("two members");

    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_loop_test(t, server_leg_is_used_again_where_its_last_end_was_not_heard, 0, 16);
    tcase_add_loop_test(t, flow_that_may_live_does_not_yield_to_what_nobody_proved, 0, 3);
    tcase_add_loop_test(t, flow_that_was_not_seen_for_long_yields_to_what_a_client_proved, 0, 2);
    tcase_add_loop_test(t, flow_that_was_not_seen_for_long_stays_where_the_other_was_not_either,
                        0, 2);
    tcase_add_loop_test(t, handshake_yields_to_the_next_one_of_its_driver, 0, 3);
    tcase_add_loop_test(t, claim_that_cannot_be_is_answered, 0, 4);
    tcase_add_loop_test(t, server_leg_is_free_for_the_next_client_of_this_member, 0, 4);
    tcase_add_loop_test(t, answer_to_the_next_incarnation_names_its_server_leg, 0, 2);
    tcase_add_loop_test(t, answer_to_a_requested_incarnation_names_its_server_leg, 0, 2);
    return t;
}

int main(void)
{
    Suite *s = suite_create("bound reused");

    suite_add_tcase(s, make_case());
    return check_run(s);
}
