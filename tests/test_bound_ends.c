/* SPDX-License-Identifier: BSD-2-Clause */
/* A binding ends with its connection, however that ends; and the next incarnation is bound anew. */
#include <check.h>

#include "bound.h"
#include "check_main.h"
#include "engine/engine.h"
#include "engine_support.h"

enum { BINDINGS = 4 };

static mpconn_engine_config cfg;
static mpconn_callbacks cb;
static bed b;
static bound_conn c;

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

/* --- an end for each way there is --- */

static void kill_all(int silent)
{
    mpconn_flow_filter f;

    MPCONN_STRUCT_INIT(&f);
    f.flags = silent ? MPCONN_KILL_F_SILENT : 0;
    ck_assert_int_eq(mpconn_engine_kill(b.eng, &f, NULL, b.now), MPCONN_OK);
}

static void refused_by_server(void)
{
    from(MPCONN_SIDE_SERVER, &c.server, MPCI_TCP_RST | MPCI_TCP_ACK, 0, c.client.x + 1);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_SERVER_REFUSED);
}

static void server_silent(void)
{
    bed_pass(&b, 32 * MPCONN_SECOND);
    ck_assert_uint_eq(bed_count(&b, MPCONN_REASON_SERVER_SILENT), 1);
}

static void client_aborts(void)
{
    from(MPCONN_SIDE_CLIENT, &c.client, MPCI_TCP_RST, c.client.x + 1, 0);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_CLIENT_ABORTED);
}

static void killed(void)
{
    kill_all(0);
}

static void killed_silently(void)
{
    kill_all(1);
}

/* The client comes back with another number, and then gives that up, too. */
static void client_begins_anew(void)
{
    c.client.x += 1000;
    bed_syn(&b, &c.client);
    bound_proof(&b, &c);
    ck_assert_uint_eq(b.n_bind, 2);
    ck_assert_uint_eq(bindings(), 1);
    client_aborts();
}

/* Now its legs are alike. */
static void client_begins_anew_unbound(void)
{
    b.bind = 0;
    c.client.x += 1000;
    bed_syn(&b, &c.client);
    bound_proof(&b, &c);
    ck_assert_uint_eq(b.n_bind, 2);
}

static void has_no_line(void)
{
    mpci_settled_table *t = &b.eng->core.settled;
    uint32_t head = t->pool[1].free_head;

    t->pool[1].free_head = MPCI_SLOT_NONE; /* as if they were taken */
    bound_syn_ack(&b, &c);
    ck_assert_uint_eq(bed_count(&b, MPCONN_REASON_TABLE_FULL), 1);
    t->pool[1].free_head = head;
}

/* Others want the place of a server leg that does not get ready. */
static void gives_way(void)
{
    bed_pass(&b, 4 * MPCONN_SECOND);
    b.bind = 0;
    for (unsigned i = 0; bed_count(&b, MPCONN_REASON_OPENING_EVICTED) == 0; i++) {
        bound_conn of = bound_conn_of(MPCONN_FAMILY_IPV4, i, (uint16_t)(6000 + i), 4);

        ck_assert_uint_lt(i, 100);
        bed_syn(&b, &of.client);
        bound_proof(&b, &of);
    }
}

typedef struct way {
    const char *name;
    int settled; /* it ends a flow, not a handshake */
    void (*end)(void);
} way;

static void settled_closes(void)
{
    bound_close(&b, &c);
    bed_pass(&b, 300 * MPCONN_SECOND);
}

static void settled_is_reset(void)
{
    from(MPCONN_SIDE_SERVER, &c.server, MPCI_TCP_RST, c.client.z + 1, 0);
    bed_pass(&b, 300 * MPCONN_SECOND);
}

static void settled_is_idle(void)
{
    bed_pass(&b, 7500 * MPCONN_SECOND);
}

static void settled_is_killed(void)
{
    kill_all(0);
    ck_assert_uint_eq(bindings(), 1); /* with its tombstone */
    bed_pass(&b, 300 * MPCONN_SECOND);
}

static void settled_is_replaced(void)
{
    b.bind = 0;
    bound_close(&b, &c);
    c.client.x += 1000;
    c.client.z += 1000;
    c.server = c.client;
    bound_settle(&b, &c);
}

static const way ways[] = {
    {"refused by the server", 0, refused_by_server},
    {"server silent", 0, server_silent},
    {"client aborts", 0, client_aborts},
    {"killed", 0, killed},
    {"killed silently", 0, killed_silently},
    {"client begins anew", 0, client_begins_anew},
    {"client begins anew unbound", 0, client_begins_anew_unbound},
    {"no line", 0, has_no_line},
    {"gives way", 0, gives_way},
    {"closed", 1, settled_closes},
    {"reset", 1, settled_is_reset},
    {"idle", 1, settled_is_idle},
    {"settled and killed", 1, settled_is_killed},
    {"replaced", 1, settled_is_replaced},
};

enum { WAYS = sizeof(ways) / sizeof(ways[0]) };

START_TEST(binding_ends_with_its_connection)
{
    const way *w = &ways[_i];

    if (w->settled)
        bound_settle(&b, &c);
    else
        bound_open(&b, &c);
    b.n_out = 0;
    ck_assert_uint_eq(bindings(), 1);
    w->end();
    ck_assert_msg(bindings() == 0, "%s: %u left", w->name, bindings());
}
END_TEST

/* What the server still says is of nothing, and a SYN|ACK to the SYN that was given up is reset, on
 * the leg that it came by. */
START_TEST(late_segments_of_a_server_leg_that_is_over_are_known)
{
    const bed_out *o;

    bound_open(&b, &c);
    server_silent();
    b.n_out = 0;
    bound_syn_ack(&b, &c);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_DEAD_FLOW);
    ck_assert_uint_eq(b.n_out, 1);
    o = bed_take(&b);
    bound_assert_shows(&c, &o->view, MPCONN_SIDE_SERVER);
    ck_assert_uint_eq(o->view.flags, MPCI_TCP_RST);
    ck_assert_uint_eq(o->view.seq, c.client.x + 1);
    from(MPCONN_SIDE_SERVER, &c.server, MPCI_TCP_ACK, c.client.z + 1, c.client.x + 1);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_NO_FLOW);
}
END_TEST

/* --- the next incarnation --- */

/* Bound as before, or to another server: the host is asked again, and the segments of the server
 * leg before are of the incarnation before. */
START_TEST(next_incarnation_is_bound_anew)
{
    bound_conn old = c;
    bed_segment seg;

    bound_settle(&b, &c);
    old = c;
    bound_close(&b, &c);
    c.client.x += 100000;
    c.client.z += 500000;
    if (_i == 1) {
        b.leg.server_port = 9090;
        c.server.tuple.server_port = 9090;
    }
    c.server.x = c.client.x;
    c.server.z = c.client.z;
    bound_open(&b, &c);
    ck_assert_uint_eq(b.n_bind, 2);
    ck_assert_uint_eq(bindings(), 1u + (unsigned)_i);
    b.n_out = 0;
    if (_i == 1) {
        bed_syn_ack(&b, &old.server); /* with the old number, by the old leg */
        ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_SERVER_REPEATED);
        old.server.x = c.client.x;    /* a guess of another server: the number of our SYN */
        bed_syn_ack(&b, &old.server);
        ck_assert_int_ne(b.pkt.reason, MPCONN_REASON_SERVER_ANSWERED);
    }
    bound_syn_ack(&b, &c);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_SERVER_ANSWERED);
    bound_carry(&b, &c, MPCONN_SIDE_SERVER, 1, 1, 100);
    ck_assert_uint_eq(bindings(), 1);
    if (_i == 1) {
        seg = bed_data(&old.server, MPCONN_SIDE_SERVER, 1, 1, 10);
        bed_in(&b, MPCONN_SIDE_SERVER, &seg);
        ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_NO_FLOW);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("bound ends");
    TCase *t = tcase_create("ends");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, binding_ends_with_its_connection, 0, WAYS);
    tcase_add_test(t, late_segments_of_a_server_leg_that_is_over_are_known);
    tcase_add_loop_test(t, next_incarnation_is_bound_anew, 0, 2);
    suite_add_tcase(s, t);
    return check_run(s);
}
