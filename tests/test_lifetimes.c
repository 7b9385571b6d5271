/* SPDX-License-Identifier: BSD-2-Clause */
/* How long a flow is kept when nothing passes, by what it has come to, with the defaults: never
 * less than RFC 5382 REQ-5 asks, and not much longer. */
#include "check_main.h"
#include "engine/engine.h"
#include "engine_support.h"

#define ESTABLISHED (UINT64_C(2) * 3600 + 4 * 60)
#define TRANSITORY (UINT64_C(4) * 60)
/* A round of the sweep, and the exactness of its clock. */
#define SLACK (17 * MPCONN_SECOND)

enum { CLIENT = MPCONN_SIDE_CLIENT, SERVER = MPCONN_SIDE_SERVER, SAID = 100 };
enum { FIN = MPCI_TCP_FIN, RST = MPCI_TCP_RST, ACK = MPCI_TCP_ACK };

typedef struct line {
    unsigned from, flags;
    uint32_t seq, ack;
} line;

/* What is said after both have said something, and what is left of the flow then. */
static const struct row {
    const char *name;
    uint64_t seconds;
    unsigned state;
    line lines[4];
} rows[] = {
    {"open", ESTABLISHED, MPCONN_FLOW_OPEN, {{CLIENT, ACK, 101, 101}}},
    {"FIN beyond a gap", ESTABLISHED, MPCONN_FLOW_OPEN, {{CLIENT, FIN | ACK, 151, 101}}},
    {"RST not exact", ESTABLISHED, MPCONN_FLOW_OPEN, {{SERVER, RST | ACK, 102, 101}}},
    {"FIN", TRANSITORY, MPCONN_FLOW_OPEN, {{CLIENT, FIN | ACK, 101, 101}}},
    {"client done", TRANSITORY, MPCONN_FLOW_CLIENT_DONE,
     {{CLIENT, FIN | ACK, 101, 101}, {SERVER, ACK, 101, 102}}},
    {"server done", TRANSITORY, MPCONN_FLOW_SERVER_DONE,
     {{SERVER, FIN | ACK, 101, 101}, {CLIENT, ACK, 101, 102}}},
    {"closed", TRANSITORY, MPCONN_FLOW_CLOSED,
     {{CLIENT, FIN | ACK, 101, 101}, {SERVER, FIN | ACK, 101, 102}, {CLIENT, ACK, 102, 102}}},
    {"reset", TRANSITORY, MPCONN_FLOW_RESET, {{CLIENT, RST | ACK, 101, 101}}},
};
enum { N_ROWS = sizeof rows / sizeof rows[0] };

static bed b;
static bed_conn c;

static void say(unsigned from, unsigned flags, uint32_t seq, uint32_t ack, uint32_t n)
{
    bed_segment seg = bed_data(&c, from, seq, ack, n);

    seg.s.flags = (uint16_t)flags;
    bed_in(&b, from, &seg);
    ck_assert_int_eq(b.pkt.verdict, MPCONN_VERDICT_FORWARD);
}

/* Split, tracked, or split and carried by other members as well. */
static void begin(int kind)
{
    mpconn_tuple t = bed_tuple(4, 1, 40000);
    mpconn_engine_config cfg;
    mpconn_callbacks cb;

    c = bed_conn_of(&t, 0x11111111, 0x10);
    bed_config(&cfg, &cb);
    if (kind == 1) {
        c.y = c.z;
        cfg.split_mode = MPCONN_SPLIT_NEVER;
        bed_open(&b, &cfg, &cb);
        bed_plain(&b, &c, CLIENT, 2);
    } else {
        bed_open(&b, &cfg, &cb);
        bed_settle(&b, &c);
    }
    say(CLIENT, ACK, 1, 1, SAID);
    say(SERVER, ACK, 1, 1 + SAID, SAID);
    if (kind == 2)
        mpci_settled_at(&b.eng->core.settled, 0)->use |= MPCI_SETTLED_SHARED;
}

static void is_kept_for(uint64_t seconds)
{
    bed_pass(&b, seconds * MPCONN_SECOND - MPCONN_MILLISECOND);
    ck_assert_uint_eq(bed_n_flows(&b), 1);
    bed_pass(&b, SLACK);
    ck_assert_uint_eq(bed_n_flows(&b), 0);
}

START_TEST(RFC5382_REQ5_flow_is_kept_as_long_as_its_state_asks)
{
    const struct row *r = &rows[_i % N_ROWS];

    begin(_i / N_ROWS);
    for (size_t i = 0; i < 4 && r->lines[i].flags != 0; i++)
        say(r->lines[i].from, r->lines[i].flags, r->lines[i].seq, r->lines[i].ack, 0);
    ck_assert_msg(bed_flow(&b, &c.tuple).state == r->state, "%s: state %u", r->name,
                  (unsigned)bed_flow(&b, &c.tuple).state);
    is_kept_for(r->seconds);
    bed_close(&b);
}
END_TEST

/* Keepalives come after two hours of silence (RFC 9293 3.8.4): one is enough to go on. */
START_TEST(RFC5382_REQ5_keepalive_after_two_hours_comes_in_time)
{
    begin(_i);
    for (unsigned i = 0; i < 3; i++) {
        bed_pass(&b, 7200 * MPCONN_SECOND);
        say(SERVER, ACK, SAID, 1 + SAID, 0);
        say(CLIENT, ACK, 1 + SAID, 1 + SAID, 0);
    }
    is_kept_for(ESTABLISHED);
    bed_close(&b);
}
END_TEST

/* A table of so many handshakes, where nothing is split. */
static void open_plain(uint32_t handshakes)
{
    mpconn_engine_config cfg;
    mpconn_callbacks cb;

    bed_config(&cfg, &cb);
    cfg.split_mode = MPCONN_SPLIT_NEVER;
    cfg.max_handshakes = handshakes;
    bed_open(&b, &cfg, &cb);
}

static void half_open(uint16_t port, unsigned steps)
{
    mpconn_tuple t = bed_tuple(4, 1, port);

    c = bed_conn_of(&t, 0x11111111, 0x10);
    bed_plain(&b, &c, CLIENT, steps);
}

static void assert_kept_for(uint64_t ns)
{
    uint32_t had = bed_stats(&b).handshakes;

    ck_assert_uint_gt(had, 0);
    bed_pass(&b, ns - MPCONN_MILLISECOND);
    ck_assert_uint_eq(bed_stats(&b).handshakes, had);
    bed_pass(&b, 2 * MPCONN_MILLISECOND);
    ck_assert_uint_eq(bed_stats(&b).handshakes, 0);
}

START_TEST(RFC5382_REQ5_tracked_handshake_is_kept_for_four_minutes)
{
    open_plain(64);
    half_open(40000, (unsigned)_i);
    assert_kept_for(TRANSITORY * MPCONN_SECOND);
    bed_close(&b);
}
END_TEST

/* The answer comes late, and begins the time anew. */
START_TEST(RFC5382_REQ5_four_minutes_are_from_the_answer)
{
    bed_segment syn_ack;

    open_plain(64);
    half_open(40000, 1);
    bed_pass(&b, 3 * 64 * MPCONN_SECOND);
    syn_ack = bed_seg(&c.tuple, CLIENT, MPCI_TCP_SYN | MPCI_TCP_ACK, c.z, c.x + 1);
    bed_in(&b, SERVER, &syn_ack);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_TRACKED);
    assert_kept_for(TRANSITORY * MPCONN_SECOND);
    bed_close(&b);
}
END_TEST

/* RFC 4987: where a quarter of the table, which is the default of adaptive_threshold, is half open
 * each has about a minute, as its client says its SYN again by then. */
START_TEST(tracked_handshake_among_many_is_kept_for_64_seconds)
{
    open_plain(64);
    for (unsigned i = 0; i < 16; i++)
        half_open((uint16_t)(40000 + i), 1);
    bed_pass(&b, 64 * MPCONN_SECOND - MPCONN_MILLISECOND);
    ck_assert_uint_eq(bed_stats(&b).handshakes, 16);
    bed_pass(&b, 2 * MPCONN_MILLISECOND);
    ck_assert_uint_eq(bed_stats(&b).handshakes, 15); /* fewer: these have their four minutes */
    assert_kept_for((TRANSITORY - 64) * MPCONN_SECOND - MPCONN_MILLISECOND);
    bed_close(&b);
}
END_TEST

START_TEST(host_may_give_handshakes_less)
{
    mpconn_timeouts less;

    MPCONN_STRUCT_INIT(&less);
    less.transitory_ns = 10 * MPCONN_SECOND;
    open_plain(64);
    ck_assert_int_eq(mpconn_engine_set_timeouts(b.eng, &less, b.now), MPCONN_OK);
    half_open(40000, 1);
    assert_kept_for(10 * MPCONN_SECOND);
    bed_close(&b);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("lifetimes");
    TCase *tc = tcase_create("defaults");

    tcase_add_loop_test(tc, RFC5382_REQ5_flow_is_kept_as_long_as_its_state_asks, 0, 3 * N_ROWS);
    tcase_add_loop_test(tc, RFC5382_REQ5_keepalive_after_two_hours_comes_in_time, 0, 3);
    tcase_add_loop_test(tc, RFC5382_REQ5_tracked_handshake_is_kept_for_four_minutes, 1, 3);
    tcase_add_test(tc, RFC5382_REQ5_four_minutes_are_from_the_answer);
    tcase_add_test(tc, tracked_handshake_among_many_is_kept_for_64_seconds);
    tcase_add_test(tc, host_may_give_handshakes_less);
    suite_add_tcase(s, tc);
    return check_run(s);
}
