/* SPDX-License-Identifier: BSD-2-Clause */
/* What a host with NAT refuses, what it cannot mean, and what another connection has already. */
#include <check.h>

#include "bound.h"
#include "check_main.h"
#include "engine/engine.h"
#include "engine_support.h"

enum { BINDINGS = 4 };

static mpconn_engine_config cfg;
static mpconn_callbacks cb;
static bed b;
static bound_conn c, other;

static void begin(void)
{
    bed_open(&b, &cfg, &cb);
    bound_lead(&b, MPCONN_FAMILY_IPV4);
}

static void setup(void)
{
    bed_config(&cfg, &cb);
    cb.bind = bed_bind;
    cfg.max_bindings = BINDINGS;
    c = bound_conn_of(MPCONN_FAMILY_IPV4, 1, 4001, MPCONN_FAMILY_IPV4);
    other = bound_conn_of(MPCONN_FAMILY_IPV4, 2, 4002, MPCONN_FAMILY_IPV4);
    begin();
}

static void teardown(void)
{
    bound_end(&b);
}

static uint32_t bindings(void)
{
    return bed_stats(&b).bindings;
}

static void from(unsigned side, const bed_conn *leg, unsigned flags, uint32_t seq, uint32_t ack)
{
    bed_segment seg = bed_seg(&leg->tuple, side ^ 1, flags, seq, ack);

    bed_in(&b, side, &seg);
}

/* --- refused --- */

/* The client's proof, and that it is told at once that there is nobody. */
static void assert_refused(bound_conn *of, unsigned reason)
{
    uint32_t handshakes = bed_stats(&b).handshakes, bound = bindings();
    bed_segment seg;
    const bed_out *o;

    bed_syn(&b, &of->client);
    seg = bed_proof_seg(&of->client);
    seg.payload = 5 * (of->client.x & 1); /* alone, or with data that would be held */
    bed_in(&b, MPCONN_SIDE_CLIENT, &seg);
    ck_assert_int_eq(b.pkt.verdict, MPCONN_VERDICT_DROP);
    ck_assert_int_eq(b.pkt.reason, reason);
    ck_assert_uint_eq(b.n_out, 1);
    o = bed_take(&b);
    bound_assert_shows(of, &o->view, MPCONN_SIDE_CLIENT);
    ck_assert_uint_eq(o->view.flags, MPCI_TCP_RST | MPCI_TCP_ACK);
    ck_assert_uint_eq(o->view.seq, of->client.y + 1);
    ck_assert_uint_eq(o->view.ack, of->client.x + 1);
    ck_assert_uint_eq(bed_stats(&b).handshakes, handshakes);
    ck_assert_uint_eq(bed_stats(&b).held_packets, 0);
    ck_assert_uint_eq(bindings(), bound);
    ck_assert_uint_eq(b.events[(b.n_events - 1) % 64].type, MPCONN_EVENT_REFUSED);
    ck_assert_uint_eq(b.events[(b.n_events - 1) % 64].reason, reason);
}

START_TEST(connection_that_the_host_refuses_is_reset)
{
    static const int answers[] = {-1, MPCONN_ERR_INVAL, 2, INT32_MAX, INT32_MIN};

    b.bind = answers[_i];
    assert_refused(&c, MPCONN_REASON_BINDING_REFUSED);
    bound_proof(&b, &c);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_DEAD_FLOW); /* and not asked about again */
    ck_assert_uint_eq(b.n_bind, 1);
}
END_TEST

/* Server legs that there cannot be: what the hook writes over the client leg. */
static const mpconn_tuple impossible[] = {
    {.family = 5, .server_port = 8080},
    {.family = 1},
    {.family = MPCONN_FAMILY_IPV4, .zone = 1, .server_port = 8080},
    {.family = MPCONN_FAMILY_IPV4, .server = {{224, 0, 0, 1}}},
    {.family = MPCONN_FAMILY_IPV4, .server = {{127, 0, 0, 1}}},
    {.family = MPCONN_FAMILY_IPV4, .client = {{255, 255, 255, 255}}},
    {.family = MPCONN_FAMILY_IPV6, .server = {{0xff, 2, [15] = 1}}},
    {.family = MPCONN_FAMILY_IPV6, .client = {{[10] = 0xff, [11] = 0xff, 1, 2, 3, 4}},
     .server = {{0xfd, [15] = 1}}},
    {.family = MPCONN_FAMILY_IPV4, .client = {{10, 8, 0, 8}}, .server = {{10, 8, 0, 8}},
     .client_port = 80},
};

START_TEST(server_leg_that_cannot_be_is_refused)
{
    b.leg = impossible[_i];
    assert_refused(&c, MPCONN_REASON_BINDING_REFUSED);
}
END_TEST

static int bind_port_0(void *user, const mpconn_tuple *client_leg, mpconn_tuple *server_leg)
{
    (void)user;
    (void)client_leg;
    server_leg->server_port = 0;
    return 1;
}

static int bind_noise(void *user, const mpconn_tuple *client_leg, mpconn_tuple *server_leg)
{
    bed *of = user;

    (void)client_leg;
    of->n_bind++;
    memset(server_leg, 0xa5, sizeof(*server_leg));
    return 1;
}

START_TEST(host_that_writes_nonsense_is_refused)
{
    bed_close(&b);
    cb.bind = _i == 0 ? bind_port_0 : bind_noise;
    begin();
    assert_refused(&c, MPCONN_REASON_BINDING_REFUSED);
}
END_TEST

/* What stands behind an IPv4 address means nothing. */
static int bind_dirty(void *user, const mpconn_tuple *client_leg, mpconn_tuple *server_leg)
{
    int answer = bed_bind(user, client_leg, server_leg);

    memset(server_leg->client.bytes + 4, 0xee, 12);
    memset(server_leg->server.bytes + 4, 0xee, 12);
    server_leg->reserved = 9;
    return answer;
}

START_TEST(what_stands_behind_an_ipv4_address_is_left_out)
{
    mpconn_flow f;

    bed_close(&b);
    cb.bind = bind_dirty;
    begin();
    bound_settle(&b, &c);
    f = bed_flow(&b, NULL);
    ck_assert_mem_eq(&f.delta.tuple[MPCONN_SIDE_SERVER], &c.server.tuple, sizeof(mpconn_tuple));
}
END_TEST

static int reentered;

static int bind_reenters(void *user, const mpconn_tuple *client_leg, mpconn_tuple *server_leg)
{
    bed *of = user;
    mpconn_flow_filter f;
    mpconn_pkt *none = NULL;

    MPCONN_STRUCT_INIT(&f);
    reentered += mpconn_engine_kill(of->eng, &f, NULL, of->now) == MPCONN_ERR_REENTRANT;
    reentered += mpconn_engine_input(of->eng, &none, 0, of->now) == MPCONN_ERR_REENTRANT;
    reentered += mpconn_engine_expire(of->eng, 0, NULL, of->now) == MPCONN_ERR_REENTRANT;
    reentered += mpconn_engine_del(of->eng) == MPCONN_ERR_REENTRANT;
    reentered += bed_stats(of).handshakes == 1; /* what only looks may be called */
    return bed_bind(user, client_leg, server_leg);
}

START_TEST(hook_that_calls_the_engine_is_told_so)
{
    bed_close(&b);
    cb.bind = bind_reenters;
    begin();
    reentered = 0;
    bound_settle(&b, &c);
    ck_assert_int_eq(reentered, 5);
}
END_TEST

/* --- taken --- */

START_TEST(server_leg_of_another_connection_is_refused)
{
    bound_settle(&b, &c);
    b.leg.client_port = 4001;
    other.server.tuple = c.server.tuple;
    assert_refused(&other, MPCONN_REASON_BINDING_TAKEN);
    bound_carry(&b, &c, MPCONN_SIDE_SERVER, 1, 1, 100);
}
END_TEST

/* While it is opened, too. */
START_TEST(server_leg_of_another_handshake_is_refused)
{
    bound_open(&b, &c);
    b.n_out = 0;
    b.leg.client_port = 4001;
    assert_refused(&other, MPCONN_REASON_BINDING_TAKEN);
    bound_syn_ack(&b, &c);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_SERVER_ANSWERED);
}
END_TEST

/* A client that addresses the server as its leg shows it, from where a server leg begins: bound or
 * not, or only tracked. */
START_TEST(client_leg_that_looks_like_a_server_leg_is_refused)
{
    bound_conn direct = c;

    bound_settle(&b, &c);
    direct.client.tuple = direct.server.tuple = c.server.tuple;
    direct.client.x++;
    b.bind = _i;
    b.leg.client_port = 5;
    assert_refused(&direct, MPCONN_REASON_BINDING_TAKEN);
    b.admit = MPCONN_ADMIT_TRACK;
    from(MPCONN_SIDE_CLIENT, &direct.client, MPCI_TCP_SYN, 7, 0);
    ck_assert_int_eq(b.pkt.verdict, MPCONN_VERDICT_DROP);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_BINDING_TAKEN);
    bound_carry(&b, &c, MPCONN_SIDE_SERVER, 1, 1, 100);
}
END_TEST

/* And the other way round: one of these was there before. */
START_TEST(server_leg_that_looks_like_a_client_leg_is_refused)
{
    bed_conn direct = c.client;

    direct.tuple = c.server.tuple;
    b.bind = 0;
    if (_i == 0) {
        bed_settle(&b, &direct);
    } else if (_i == 1) {
        bed_syn(&b, &direct);
        bed_proof(&b, &direct);
    } else {
        b.admit = MPCONN_ADMIT_TRACK;
        bed_plain(&b, &direct, MPCONN_SIDE_CLIENT, 3);
        b.admit = MPCONN_ADMIT_DEFAULT;
    }
    b.n_out = 0;
    b.bind = 1;
    assert_refused(&c, MPCONN_REASON_BINDING_TAKEN);
}
END_TEST

START_TEST(connection_that_is_over_yields_its_server_leg)
{
    bound_settle(&b, &c);
    bound_close(&b, &c);
    b.leg.client_port = 4001;
    other.server.tuple = c.server.tuple;
    bound_settle(&b, &other);
    ck_assert_uint_eq(bindings(), 1);
    ck_assert_uint_eq(bed_count(&b, MPCONN_REASON_FLOW_REPLACED), 1);
    bound_carry(&b, &other, MPCONN_SIDE_SERVER, 1, 1, 100);
}
END_TEST

START_TEST(connection_that_is_over_yields_its_tuple_to_a_server_leg)
{
    bound_conn direct = c;

    direct.client.tuple = direct.server.tuple = c.server.tuple;
    b.bind = 0;
    bound_settle(&b, &direct);
    bound_close(&b, &direct);
    b.bind = 1;
    bound_settle(&b, &c);
    ck_assert_uint_eq(bed_count(&b, MPCONN_REASON_FLOW_REPLACED), 1);
    bound_carry(&b, &c, MPCONN_SIDE_SERVER, 1, 1, 100);
}
END_TEST

/* And its server leg to one that goes by that. */
START_TEST(connection_that_is_over_yields_its_server_leg_as_a_tuple)
{
    bound_conn direct = c;

    bound_settle(&b, &c);
    bound_close(&b, &c);
    direct.client.tuple = direct.server.tuple = c.server.tuple;
    direct.client.x++;
    direct.server.x++;
    b.bind = 0;
    bound_settle(&b, &direct);
    ck_assert_uint_eq(bindings(), 0);
    ck_assert_uint_eq(bed_count(&b, MPCONN_REASON_FLOW_REPLACED), 1);
    bound_carry(&b, &direct, MPCONN_SIDE_SERVER, 1, 1, 100);
}
END_TEST

/* A mere SYN takes nothing from anybody who proved itself. */
START_TEST(unproved_entry_yields_its_tuple_to_a_server_leg)
{
    bed_conn direct = c.client;

    direct.tuple = c.server.tuple;
    bed_syn(&b, &direct);
    ck_assert_uint_eq(bed_stats(&b).handshakes, 1);
    bound_settle(&b, &c);
    bound_carry(&b, &c, MPCONN_SIDE_SERVER, 1, 1, 100);
}
END_TEST

/* --- the table is full --- */

static bound_conn nth(unsigned i)
{
    return bound_conn_of(MPCONN_FAMILY_IPV4, 10 + i, (uint16_t)(5000 + i), MPCONN_FAMILY_IPV4);
}

START_TEST(binding_that_there_is_no_room_for_is_refused)
{
    for (unsigned i = 0; i < BINDINGS; i++) {
        bound_conn of = nth(i);

        bound_settle(&b, &of);
    }
    assert_refused(&c, MPCONN_REASON_BINDING_FULL);
    b.bind = 0; /* whoever needs none goes on */
    other.server = other.client;
    bound_settle(&b, &other);
}
END_TEST

START_TEST(connection_that_is_over_yields_its_place_in_the_table)
{
    for (unsigned i = 0; i < BINDINGS; i++) {
        bound_conn of = nth(i);

        bound_settle(&b, &of);
        if (i == 2)
            bound_close(&b, &of);
    }
    bound_settle(&b, &c);
    ck_assert_uint_eq(bed_count(&b, MPCONN_REASON_FLOW_RECLAIMED), 1);
    ck_assert_uint_eq(bindings(), BINDINGS);
    bound_carry(&b, &c, MPCONN_SIDE_SERVER, 1, 1, 100);
    assert_refused(&other, MPCONN_REASON_BINDING_FULL);
}
END_TEST

/* Clients that prove nothing take none. */
START_TEST(unproved_clients_take_no_bindings)
{
    for (unsigned i = 0; i < 3 * BINDINGS; i++) {
        bound_conn of = nth(i);

        bed_syn(&b, &of.client);
        from(MPCONN_SIDE_CLIENT, &of.client, MPCI_TCP_ACK, of.client.x + 1, of.client.y + 77);
    }
    ck_assert_uint_eq(b.n_bind, 0);
    ck_assert_uint_eq(bindings(), 0);
}
END_TEST

START_TEST(members_without_the_hook_have_no_bindings)
{
    mpconn_stats with = bed_stats(&b), without;

    bed_close(&b);
    cb.bind = NULL;
    cfg.max_bindings = 0;
    begin();
    without = bed_stats(&b);
    ck_assert_uint_lt(without.memory_bytes, with.memory_bytes);
    ck_assert_ptr_null(b.eng->core.bindings.entries);
    bed_close(&b);
    cb.bind = bed_bind;
    begin();
    ck_assert_uint_eq(b.eng->core.bindings.capacity, 16384);
    bed_close(&b);
    cb.bind = NULL;
    cfg.max_bindings = 7; /* to learn those of others */
    begin();
    ck_assert_uint_eq(b.eng->core.bindings.capacity, 7);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("bound refused");
    TCase *t = tcase_create("refused");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, connection_that_the_host_refuses_is_reset, 0, 5);
    tcase_add_loop_test(t, server_leg_that_cannot_be_is_refused, 0,
                        sizeof(impossible) / sizeof(impossible[0]));
    tcase_add_loop_test(t, host_that_writes_nonsense_is_refused, 0, 2);
    tcase_add_test(t, what_stands_behind_an_ipv4_address_is_left_out);
    tcase_add_test(t, hook_that_calls_the_engine_is_told_so);
    tcase_add_test(t, server_leg_of_another_connection_is_refused);
    tcase_add_test(t, server_leg_of_another_handshake_is_refused);
    tcase_add_loop_test(t, client_leg_that_looks_like_a_server_leg_is_refused, 0, 2);
    tcase_add_loop_test(t, server_leg_that_looks_like_a_client_leg_is_refused, 0, 3);
    tcase_add_test(t, connection_that_is_over_yields_its_server_leg);
    tcase_add_test(t, connection_that_is_over_yields_its_tuple_to_a_server_leg);
    tcase_add_test(t, connection_that_is_over_yields_its_server_leg_as_a_tuple);
    tcase_add_test(t, unproved_entry_yields_its_tuple_to_a_server_leg);
    tcase_add_test(t, binding_that_there_is_no_room_for_is_refused);
    tcase_add_test(t, connection_that_is_over_yields_its_place_in_the_table);
    tcase_add_test(t, unproved_clients_take_no_bindings);
    tcase_add_test(t, members_without_the_hook_have_no_bindings);
    suite_add_tcase(s, t);
    return check_run(s);
}
