/* SPDX-License-Identifier: BSD-2-Clause */
/* A batch gives, bit for bit, what its packets one by one would give. */
#include <check.h>

#include "check_main.h"
#include "engine_support.h"
#include "seed.h"

enum { CLIENT = MPCONN_SIDE_CLIENT, SERVER = MPCONN_SIDE_SERVER };
enum { LOAD = 150, HELD = 64, CONNS = 24, ROOM = 256 };

/* A packet twice: once for the engine that takes them one by one, once for the other. */
typedef struct twin {
    uint8_t bytes[2][ROOM];
    mpconn_pkt pkt[2];
} twin;

typedef struct load {
    twin twins[LOAD];
    unsigned n;
} load;

static bed one, many, oracle;
static mpconn_engine_config cfg;
static mpconn_callbacks cb;
static seed_rng rng;
static load now_load;
static twin held[HELD];
static unsigned n_held;

static void put_bytes(load *l, unsigned from, const uint8_t *bytes, size_t len)
{
    twin *w = &l->twins[l->n++];

    HOLDS(l->n <= LOAD && len <= ROOM);
    for (unsigned i = 0; i < 2; i++) {
        memset(w->bytes[i], 0xee, ROOM);
        memcpy(w->bytes[i], bytes, len);
        w->pkt[i] = (mpconn_pkt){.data = w->bytes[i],
                                 .len = (uint32_t)len,
                                 .cap = ROOM,
                                 .side = (uint8_t)from,
                                 .link = from == CLIENT ? 11 : 22,
                                 .mark = l->n};
    }
}

static void put_segment(load *l, unsigned from, const bed_segment *seg)
{
    uint8_t bytes[ROOM];

    put_bytes(l, from, bytes, bed_build(bytes, sizeof(bytes), seg));
}

static void assert_same_packet(const twin *w, unsigned i)
{
    const mpconn_pkt *a = &w->pkt[0], *b = &w->pkt[1];

    ck_assert_msg(a->verdict == b->verdict && a->reason == b->reason,
                  "packet %u: verdicts %u and %u, reasons %s and %s", i, a->verdict, b->verdict,
                  mpconn_reason_name(a->reason), mpconn_reason_name(b->reason));
    ck_assert_msg(a->flow == b->flow && a->len == b->len && a->flags == b->flags &&
                      a->link == b->link && a->mark == b->mark && a->side == b->side,
                  "packet %u (%s): its fields differ", i, mpconn_reason_name(a->reason));
    ck_assert_msg(memcmp(w->bytes[0], w->bytes[1], ROOM) == 0, "packet %u (%s): its bytes differ",
                  i, mpconn_reason_name(a->reason));
}

static void assert_same_event(const mpconn_event *a, const mpconn_event *b)
{
    ck_assert_uint_eq(a->type, b->type);
    ck_assert_uint_eq(a->reason, b->reason);
    ck_assert_uint_eq(a->flow, b->flow);
    ck_assert_mem_eq(&a->tuple, &b->tuple, sizeof(a->tuple));
}

/* What the hooks were told and given. */
static void assert_same_output(void)
{
    ck_assert_uint_eq(one.n_out, many.n_out);
    ck_assert_uint_le(one.n_out, BED_OUT);
    for (unsigned i = 0; i < one.n_out; i++) {
        const mpconn_pkt *a = &one.out[i].pkt, *b = &many.out[i].pkt;

        ck_assert_msg(a->len == b->len && memcmp(a->data, b->data, a->len) == 0 &&
                          a->link == b->link && a->side == b->side && a->mark == b->mark &&
                          a->zone == b->zone && a->reason == b->reason,
                      "made packet %u: %s and %s", i, mpconn_reason_name(a->reason),
                      mpconn_reason_name(b->reason));
    }
    ck_assert_uint_eq(one.n_events, many.n_events);
    for (unsigned i = 0; i < one.n_events && i < 64; i++)
        assert_same_event(&one.events[i], &many.events[i]);
    ck_assert_mem_eq(one.legs, many.legs, sizeof(one.legs));
    ck_assert_mem_eq(one.deltas, many.deltas, sizeof(one.deltas));
    ck_assert_uint_eq(one.n_released, many.n_released);
    ck_assert_uint_le(one.n_released, 64);
    ck_assert_mem_eq(one.released, many.released, sizeof(one.released));
    ck_assert_uint_eq(one.n_admit, many.n_admit);
}

static void assert_same_engines(void)
{
    static snapshot a, b;

    snapshot_take(&a, one.eng);
    snapshot_take(&b, many.eng);
    snapshot_assert_sane(&a);
    snapshot_assert_equal(&a, &b);
    ck_assert_uint_eq(mpconn_engine_next_expiry(one.eng), mpconn_engine_next_expiry(many.eng));
}

static void hand_in(bed *bd, unsigned which, load *l, unsigned from, unsigned n)
{
    mpconn_pkt *list[LOAD];

    for (unsigned i = 0; i < n; i++)
        list[i] = &l->twins[from + i].pkt[which];
    ck_assert_int_eq(mpconn_engine_input(bd->eng, list, n, bd->now), MPCONN_OK);
}

/* One engine gets the packets one by one, the other in calls of `cut` (0 = all at once). */
static void run_load(load *l, unsigned cut)
{
    for (unsigned i = 0; i < l->n; i++)
        hand_in(&one, 0, l, i, 1);
    for (unsigned i = 0, n; i < l->n; i += n) {
        n = cut == 0 || cut > l->n - i ? l->n - i : cut;
        hand_in(&many, 1, l, i, n);
    }
    for (unsigned i = 0; i < l->n; i++)
        assert_same_packet(&l->twins[i], i);
    assert_same_output();
    assert_same_engines();
}

/* A decision that depends on the connection, so that all of them occur. */
static int admit_by_port(void *user, const mpconn_admit_request *r)
{
    static const int answers[8] = {MPCONN_ADMIT_DEFAULT, MPCONN_ADMIT_SPLIT, MPCONN_ADMIT_SPLIT,
                                   MPCONN_ADMIT_TRACK,   MPCONN_ADMIT_TRACK, MPCONN_ADMIT_BYPASS,
                                   MPCONN_ADMIT_RESET,   MPCONN_ADMIT_REFUSE};
    bed *bd = user;

    bd->n_admit++;
    return answers[r->tuple.client_port % 8];
}

static void setup(void)
{
    bed_config(&cfg, &cb);
    cfg.max_flows = 8;
    cfg.max_wide_flows = 8;
    cfg.max_handshakes = 16;
    bed_open(&oracle, &cfg, &cb);
    cb.admit = admit_by_port;
    bed_open(&one, &cfg, &cb);
    bed_open(&many, &cfg, &cb);
    now_load.n = n_held = 0;
}

static void teardown(void)
{
    bed_close(&one);
    bed_close(&many);
    bed_close(&oracle);
}

/* --- connections that make up random traffic --- */

typedef struct conn {
    bed_conn c;
    unsigned step;
    uint32_t sent[2]; /* bytes of each endpoint so far, a FIN included */
    uint8_t tracked;
} conn;

static conn conns[CONNS];

/* What the engines will answer is a function of SYN, key and time: a third engine tells. */
static void learn_cookie(conn *k)
{
    oracle.now = one.now;
    oracle.n_out = 0;
    bed_syn(&oracle, &k->c);
    if (k->tracked) {
        k->c.y = k->c.z;
        k->c.proxy_ts = k->c.server_ts;
    }
}

static void begin(conn *k, unsigned n)
{
    mpconn_tuple t = bed_tuple(n % 3 == 2 ? MPCONN_FAMILY_IPV6 : MPCONN_FAMILY_IPV4, n / 8,
                               (uint16_t)(20000 + n % 8));

    k->c = bed_conn_of(&t, seed_u32(&rng), seed_u32(&rng));
    k->c.timestamps = (uint8_t)seed_below(&rng, 2);
    k->c.client_ts = seed_u32(&rng);
    k->tracked = n % 8 == 3 || n % 8 == 4;
    k->step = 0;
    k->sent[CLIENT] = k->sent[SERVER] = 1;
    learn_cookie(k);
}

static void put_data(load *l, conn *k, unsigned from, unsigned flags, uint32_t payload)
{
    unsigned other = from ^ 1;
    bed_segment seg = bed_data(&k->c, from, k->sent[from], k->sent[other], payload);

    seg.s.flags = (uint16_t)flags;
    if (from == CLIENT && k->c.timestamps)
        seg.s.tsecr = k->c.proxy_ts;
    put_segment(l, from, &seg);
    k->sent[from] += payload + ((flags & MPCI_TCP_FIN) != 0);
}

/* The next segment of a connection that lives as it should. */
static void put_next(load *l, conn *k)
{
    bed_segment seg;

    switch (k->step++) {
    case 0:
        seg = bed_syn_seg(&k->c);
        put_segment(l, CLIENT, &seg);
        break;
    case 1:
        seg = k->tracked ? bed_syn_ack_seg(&k->c) : bed_proof_seg(&k->c);
        put_segment(l, k->tracked ? SERVER : CLIENT, &seg);
        break;
    case 2:
        put_data(l, k, CLIENT, MPCI_TCP_ACK, seed_below(&rng, 2) * 20);
        break;
    case 3:
        seg = k->tracked ? bed_proof_seg(&k->c) : bed_syn_ack_seg(&k->c);
        put_segment(l, k->tracked ? CLIENT : SERVER, &seg);
        break;
    case 8:
    case 9:
        put_data(l, k, k->step == 9 ? SERVER : CLIENT, MPCI_TCP_FIN | MPCI_TCP_ACK, 3);
        break;
    case 12:
        begin(k, (unsigned)(k - conns));
        break;
    default:
        put_data(l, k, seed_below(&rng, 2), MPCI_TCP_ACK, seed_below(&rng, 60));
    }
}

/* What goes wrong on the way, or is meant to. */
static void put_odd(load *l, conn *k)
{
    unsigned from = seed_below(&rng, 2);
    bed_segment seg = bed_data(&k->c, from, k->sent[from], k->sent[from ^ 1], 10);
    twin *last;

    if (seed_below(&rng, 2) == 0)
        seg.s.seq += seed_u32(&rng) >> seed_below(&rng, 32);
    seg.s.flags = (uint16_t)seed_below(&rng, 64);
    if (seed_below(&rng, 3) == 0)
        seg.s.flags = MPCI_TCP_RST | MPCI_TCP_ACK;
    put_segment(l, from, &seg);
    last = &l->twins[l->n - 1];
    for (unsigned i = 0, at = seed_below(&rng, last->pkt[0].len), what = seed_below(&rng, 4);
         i < 2; i++) {
        if (what == 0)
            last->bytes[i][at] ^= 0x10;
        else if (what == 1)
            last->pkt[i].len = at;
        else if (what == 2)
            last->pkt[i].zone = 1;
    }
}

static void put_repeat(load *l)
{
    const twin *w = &l->twins[seed_below(&rng, l->n)];
    unsigned from = w->pkt[0].side;

    put_bytes(l, from, w->bytes[0], w->pkt[0].len);
}

static void make_load(load *l, unsigned n)
{
    unsigned live = 1 + seed_below(&rng, CONNS); /* few: many packets of one flow in the load */

    while (l->n < n) {
        conn *k = &conns[seed_below(&rng, live)];
        unsigned dice = seed_below(&rng, 20);

        if (dice == 0)
            put_odd(l, k);
        else if (dice == 1 && l->n > 0)
            put_repeat(l);
        else if (dice == 2)
            k->step = seed_below(&rng, 13);
        else if (dice == 3 && seed_below(&rng, 4) == 0)
            begin(k, (unsigned)(k - conns));
        else
            put_next(l, k);
    }
}

/* --- the host's part: keep what is held, submit what is released --- */

static void keep_held(const load *l)
{
    for (unsigned i = 0; i < l->n; i++)
        if (l->twins[i].pkt[0].verdict == MPCONN_VERDICT_HOLD) {
            HOLDS(n_held < HELD);
            held[n_held++] = l->twins[i];
        }
}

static void submit_released(load *l)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < n_held; i++) {
        unsigned r = 0;

        while (r < one.n_released && one.released[r] != held[i].pkt[0].flow)
            r++;
        if (r == one.n_released) {
            held[kept++] = held[i];
            continue;
        }
        put_bytes(l, held[i].pkt[0].side, held[i].bytes[0], held[i].pkt[0].len);
        l->twins[l->n - 1].pkt[0].flow = l->twins[l->n - 1].pkt[1].flow = held[i].pkt[0].flow;
    }
    n_held = kept;
    one.n_released = many.n_released = 0;
}

static void pass(uint64_t ns)
{
    bed_pass(&one, ns);
    bed_pass(&many, ns);
    assert_same_output();
    assert_same_engines();
    one.n_out = many.n_out = 0;
    one.n_events = many.n_events = 0;
}

START_TEST(batch_of_random_packets_equals_the_packets_one_by_one)
{
    static const unsigned cuts[] = {0, 0, 2, 7, 64, 65};
    uint64_t settled;

    rng = seed_start();
    rng.state += (uint64_t)_i << 32;
    for (unsigned i = 0; i < CONNS; i++)
        begin(&conns[i], i);
    for (unsigned round = 0; round < 40; round++) {
        now_load.n = 0;
        submit_released(&now_load);
        make_load(&now_load, now_load.n + 1 + seed_below(&rng, LOAD - HELD - 1));
        run_load(&now_load, cuts[seed_below(&rng, 6)]);
        keep_held(&now_load);
        one.n_out = many.n_out = 0;
        one.n_events = many.n_events = 0;
        pass(seed_below(&rng, 3000) * MPCONN_MILLISECOND);
    }
    /* the traffic was worth it */
    settled = bed_stats(&one).flows_settled;
    ck_assert_uint_gt(settled, 20);
    ck_assert_uint_gt(bed_count(&one, MPCONN_REASON_TRANSLATED), 50);
    ck_assert_uint_gt(bed_count(&one, MPCONN_REASON_TRACKED), 20);
    ck_assert_uint_gt(bed_count(&one, MPCONN_REASON_HELD), 5);
    ck_assert_uint_gt(bed_count(&one, MPCONN_REASON_FLOW_REPLACED), 0);
}
END_TEST

static void assert_reasons(const load *l, const unsigned *reasons, unsigned n)
{
    ck_assert_uint_eq(l->n, n);
    for (unsigned i = 0; i < n; i++)
        ck_assert_msg(l->twins[i].pkt[1].reason == reasons[i], "packet %u: %s instead of %s", i,
                      mpconn_reason_name(l->twins[i].pkt[1].reason),
                      mpconn_reason_name(reasons[i]));
}

/* The flow comes into being, ends, and gives way to its next incarnation between two packets of
 * one call, all of which were looked up at its beginning. */
START_TEST(whole_life_of_two_incarnations_in_one_batch)
{
    static const unsigned split[] = {
        MPCONN_REASON_SYN_ANSWERED, MPCONN_REASON_CLIENT_PROVED, MPCONN_REASON_SERVER_ANSWERED,
        MPCONN_REASON_TRANSLATED,   MPCONN_REASON_TRANSLATED,    MPCONN_REASON_TRANSLATED,
        MPCONN_REASON_TRANSLATED,   MPCONN_REASON_TRANSLATED,    MPCONN_REASON_TRANSLATED,
        MPCONN_REASON_SYN_ANSWERED, MPCONN_REASON_CLIENT_PROVED, MPCONN_REASON_SERVER_ANSWERED,
        MPCONN_REASON_TRANSLATED};
    conn k;
    bed_segment seg[3];

    rng = (seed_rng){7};
    for (unsigned life = 0; life < 2; life++) {
        begin(&k, 1 + (unsigned)_i); /* 1 is split IPv4, 2 is split IPv6 */
        seg[0] = bed_syn_seg(&k.c);
        seg[1] = bed_proof_seg(&k.c);
        seg[2] = bed_syn_ack_seg(&k.c);
        put_segment(&now_load, CLIENT, &seg[0]);
        put_segment(&now_load, CLIENT, &seg[1]);
        put_segment(&now_load, SERVER, &seg[2]);
        put_data(&now_load, &k, CLIENT, MPCI_TCP_ACK, 30);
        if (life == 1)
            break;
        put_data(&now_load, &k, SERVER, MPCI_TCP_ACK, 40);
        put_data(&now_load, &k, CLIENT, MPCI_TCP_FIN | MPCI_TCP_ACK, 0);
        put_data(&now_load, &k, SERVER, MPCI_TCP_FIN | MPCI_TCP_ACK, 0);
        put_data(&now_load, &k, CLIENT, MPCI_TCP_ACK, 0);
        put_data(&now_load, &k, SERVER, MPCI_TCP_ACK, 0);
    }
    run_load(&now_load, 0);
    assert_reasons(&now_load, split, sizeof(split) / sizeof(split[0]));
    ck_assert_uint_eq(bed_stats(&many).flows_settled, 2);
    ck_assert_uint_eq(bed_count(&many, MPCONN_REASON_FLOW_REPLACED), 1);
    ck_assert_uint_eq(bed_n_flows(&many), 1);
}
END_TEST

START_TEST(tracked_flow_that_settles_within_a_batch_is_found_by_the_next_packet)
{
    static const unsigned reasons[] = {MPCONN_REASON_SYN_TRACKED, MPCONN_REASON_TRACKED,
                                       MPCONN_REASON_TRACKED, MPCONN_REASON_TRACKED};
    conn k;
    bed_segment seg;

    rng = (seed_rng){9};
    begin(&k, 3); /* tracked */
    seg = bed_syn_seg(&k.c);
    put_segment(&now_load, CLIENT, &seg);
    seg = bed_syn_ack_seg(&k.c);
    put_segment(&now_load, SERVER, &seg);
    seg = bed_proof_seg(&k.c);
    put_segment(&now_load, CLIENT, &seg);
    put_data(&now_load, &k, SERVER, MPCI_TCP_ACK, 40);
    run_load(&now_load, 0);
    assert_reasons(&now_load, reasons, 4);
    ck_assert_uint_eq(bed_flow(&many, &k.c.tuple).next_seq[SERVER], k.c.z + 41);
}
END_TEST

/* What is held and released within one call is told with its number all the same. */
START_TEST(held_and_released_within_one_batch)
{
    conn k;
    bed_segment seg;

    rng = (seed_rng){11};
    begin(&k, 1);
    seg = bed_syn_seg(&k.c);
    put_segment(&now_load, CLIENT, &seg);
    put_data(&now_load, &k, CLIENT, MPCI_TCP_ACK, 30); /* proof and data in one */
    seg = bed_syn_ack_seg(&k.c);
    put_segment(&now_load, SERVER, &seg);
    run_load(&now_load, 0);
    ck_assert_int_eq(now_load.twins[1].pkt[1].verdict, MPCONN_VERDICT_HOLD);
    ck_assert_uint_eq(many.n_released, 1);
    ck_assert_uint_eq(many.released[0], now_load.twins[1].pkt[1].flow);
    keep_held(&now_load);
    now_load.n = 0;
    submit_released(&now_load);
    ck_assert_uint_eq(now_load.n, 1);
    run_load(&now_load, 0);
    ck_assert_int_eq(now_load.twins[0].pkt[1].reason, MPCONN_REASON_TRANSLATED);
    ck_assert_uint_eq(bed_flow(&many, &k.c.tuple).next_seq[CLIENT], k.c.x + 31);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("engine: batches");
    TCase *tc = tcase_create("batches");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, batch_of_random_packets_equals_the_packets_one_by_one, 0, 6);
    tcase_add_loop_test(tc, whole_life_of_two_incarnations_in_one_batch, 0, 2);
    tcase_add_test(tc, tracked_flow_that_settles_within_a_batch_is_found_by_the_next_packet);
    tcase_add_test(tc, held_and_released_within_one_batch);
    suite_add_tcase(s, tc);
    return check_run(s);
}
