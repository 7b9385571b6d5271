/* SPDX-License-Identifier: BSD-2-Clause */
/* What the host is told: once for each handshake that ends without a flow, and why. */
#include <check.h>

#include "check_main.h"
#include "engine_support.h"

enum { CLIENT = MPCONN_SIDE_CLIENT, SERVER = MPCONN_SIDE_SERVER };

static bed b;
static mpconn_engine_config cfg;
static mpconn_callbacks cb;
static bed_conn c;

static bed_conn conn_at_port(uint16_t port)
{
    mpconn_tuple t = bed_tuple(MPCONN_FAMILY_IPV4, 1, port);

    return bed_conn_of(&t, 0x1000u * port, 0x77000000u + port);
}

static void setup(void)
{
    bed_config(&cfg, &cb);
    cfg.max_flows = cfg.max_wide_flows = 1;
    cfg.max_handshakes = 2;
    c = conn_at_port(40000);
}

static void assert_told(unsigned reason)
{
    mpconn_event *e = &b.events[0];

    ck_assert_msg(b.n_events == 1, "%u events, the last for %s", b.n_events,
                  b.n_events > 0 ? mpconn_reason_name(b.events[b.n_events - 1].reason) : "nothing");
    ck_assert_uint_eq(e->struct_size, sizeof(*e));
    ck_assert_uint_eq(e->type, MPCONN_EVENT_REFUSED);
    ck_assert_msg(e->reason == reason, "%s", mpconn_reason_name(e->reason));
    ck_assert_uint_eq(e->flow, 0);
    ck_assert_mem_eq(&e->tuple, &c.tuple, sizeof(c.tuple));
    ck_assert_ptr_null(e->client);
    ck_assert_ptr_null(e->server);
    ck_assert_ptr_null(e->delta);
}

/* Long enough for every tombstone: nothing is told twice. */
static void wait_for_the_end(void)
{
    bed_pass(&b, 300 * MPCONN_SECOND);
    ck_assert_uint_eq(bed_stats(&b).handshakes, 0);
}

static void kill_all(void)
{
    mpconn_flow_filter all;

    MPCONN_STRUCT_INIT(&all);
    all.client_port = c.tuple.client_port;
    ck_assert_int_eq(mpconn_engine_kill(b.eng, &all, NULL, b.now), MPCONN_OK);
}

static void reset_from(unsigned from, uint32_t seq, uint32_t ack)
{
    bed_segment seg = bed_seg(&c.tuple, from ^ 1, MPCI_TCP_RST | MPCI_TCP_ACK, seq, ack);

    bed_in(&b, from, &seg);
}

static void fill_flows(void)
{
    for (uint16_t i = 0; i < 2; i++) {
        bed_conn other = conn_at_port((uint16_t)(50000 + i));
        bed_segment seg;

        b.admit = MPCONN_ADMIT_SPLIT;
        bed_settle(&b, &other);
        for (unsigned from = CLIENT; from <= SERVER; from++) { /* their handshakes end */
            seg = bed_data(&other, from, 1, from == CLIENT ? 1 : 11, 10);
            bed_in(&b, from, &seg);
        }
    }
    b.n_events = 0;
}

/* Two clients prove themselves: whoever is unproved gives way. */
static void crowd_out(void)
{
    b.admit = MPCONN_ADMIT_SPLIT;
    for (uint16_t i = 0; i < 2; i++) {
        bed_conn other = conn_at_port((uint16_t)(50000 + i));

        b.n_out = 0;
        bed_syn(&b, &other);
        b.n_out = 0;
        bed_proof(&b, &other);
        if (b.n_events > 0)
            break;
    }
    ck_assert_uint_eq(bed_count(&b, MPCONN_REASON_HANDSHAKE_EVICTED), 1);
}

/* --- split handshakes --- */

enum { ABORTED_EARLY, CROWDED_OUT, SILENT, KILLED, REFUSED, ABORTED, SERVER_DEAF, FULL, N_ENDS };

static void end_split(int how)
{
    switch (how) {
    case ABORTED_EARLY:
    case ABORTED:
        reset_from(CLIENT, c.x + 1, 0);
        break;
    case CROWDED_OUT:
        crowd_out();
        break;
    case KILLED:
        kill_all();
        break;
    case REFUSED:
        reset_from(SERVER, 0, c.x + 1);
        break;
    case FULL:
        bed_syn_ack(&b, &c);
        break;
    default:
        bed_pass(&b, 60 * MPCONN_SECOND);
    }
}

START_TEST(split_handshake_that_ends_without_a_flow_is_told_once)
{
    static const unsigned reasons[N_ENDS] = {
        [ABORTED_EARLY] = MPCONN_REASON_CLIENT_ABORTED,
        [CROWDED_OUT] = MPCONN_REASON_HANDSHAKE_EVICTED,
        [SILENT] = MPCONN_REASON_CLIENT_SILENT,
        [KILLED] = MPCONN_REASON_KILLED,
        [REFUSED] = MPCONN_REASON_SERVER_REFUSED,
        [ABORTED] = MPCONN_REASON_CLIENT_ABORTED,
        [SERVER_DEAF] = MPCONN_REASON_SERVER_SILENT,
        [FULL] = MPCONN_REASON_TABLE_FULL,
    };

    bed_open(&b, &cfg, &cb);
    if (_i == FULL)
        fill_flows();
    bed_syn(&b, &c);
    if (_i >= REFUSED)
        bed_proof(&b, &c);
    ck_assert_uint_eq(b.n_events, 0);
    end_split(_i);
    assert_told(reasons[_i]);
    if (_i != CROWDED_OUT) {
        wait_for_the_end();
        assert_told(reasons[_i]);
    }
    bed_close(&b);
}
END_TEST

START_TEST(end_that_was_told_is_not_told_again)
{
    bed_open(&b, &cfg, &cb);
    bed_syn(&b, &c);
    bed_proof(&b, &c);
    end_split(REFUSED);
    b.n_out = 0;
    for (uint16_t i = 0; i < 2; i++) {
        bed_conn other = conn_at_port((uint16_t)(50000 + i));

        bed_syn(&b, &other);
        bed_proof(&b, &other);
        b.n_out = 0;
    }
    assert_told(MPCONN_REASON_SERVER_REFUSED);
    bed_close(&b);
}
END_TEST

/* --- handshakes that are tracked --- */

enum { BY_OPENER, BY_ANSWERER, BY_TIME, BY_HOST, BY_OTHERS, BY_ROOM, N_PLAIN_ENDS };

static const unsigned plain_reasons[N_PLAIN_ENDS] = {
    MPCONN_REASON_CLIENT_ABORTED,    MPCONN_REASON_SERVER_REFUSED,
    MPCONN_REASON_EXPIRED,           MPCONN_REASON_KILLED,
    MPCONN_REASON_HANDSHAKE_EVICTED, MPCONN_REASON_TABLE_FULL,
};

static void end_plain(int how, unsigned opener)
{
    bed_segment seg;

    switch (how) {
    case BY_OPENER:
        reset_from(opener, c.x + 1, c.z + 1);
        break;
    case BY_ANSWERER:
        reset_from(opener ^ 1, c.z + 1, c.x + 1);
        break;
    case BY_TIME:
        bed_pass(&b, 64 * MPCONN_SECOND);
        break;
    case BY_HOST:
        kill_all();
        break;
    case BY_OTHERS:
        crowd_out();
        break;
    default:
        seg = bed_seg(&c.tuple, opener ^ 1, MPCI_TCP_ACK, c.x + 1, c.z + 1);
        bed_in(&b, opener, &seg);
        ck_assert_int_eq(b.pkt.verdict, MPCONN_VERDICT_FORWARD);
    }
}

START_TEST(tracked_handshake_that_ends_without_a_flow_is_told_once)
{
    int how = _i % N_PLAIN_ENDS, variant = _i / N_PLAIN_ENDS;
    unsigned opener = variant & 1 ? SERVER : CLIENT;

    bed_open(&b, &cfg, &cb);
    if (how == BY_ROOM)
        fill_flows();
    b.admit = MPCONN_ADMIT_TRACK;
    bed_plain(&b, &c, opener, how == BY_ROOM || variant & 2 ? 2 : 1);
    ck_assert_uint_eq(b.n_events, 0);
    end_plain(how, opener);
    assert_told(plain_reasons[how]);
    if (how != BY_OTHERS) {
        wait_for_the_end();
        assert_told(plain_reasons[how]);
    }
    bed_close(&b);
}
END_TEST

/* The handshake of a tuple goes on when its client comes back with another number. */
START_TEST(another_number_is_no_end)
{
    bed_open(&b, &cfg, &cb);
    bed_syn(&b, &c);
    c.x += 1000;
    bed_syn(&b, &c);
    bed_proof(&b, &c);
    ck_assert_uint_eq(b.n_events, 0);
    bed_syn_ack(&b, &c);
    ck_assert_uint_eq(b.n_events, 1);
    ck_assert_uint_eq(b.events[0].type, MPCONN_EVENT_SETTLED);
    bed_close(&b);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("engine: events");
    TCase *tc = tcase_create("events");

    tcase_add_checked_fixture(tc, setup, NULL);
    tcase_add_loop_test(tc, split_handshake_that_ends_without_a_flow_is_told_once, 0, N_ENDS);
    tcase_add_test(tc, end_that_was_told_is_not_told_again);
    tcase_add_loop_test(tc, tracked_handshake_that_ends_without_a_flow_is_told_once, 0,
                        4 * N_PLAIN_ENDS);
    tcase_add_test(tc, another_number_is_no_end);
    suite_add_tcase(s, tc);
    return check_run(s);
}
