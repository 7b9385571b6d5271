/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/traffic.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#include "sim/segment.h"

enum { PAGE_HUGE = 2 << 20, CLIENT_WSCALE = 8, SERVER_WSCALE = 9, SERVER_PORT = 443 };

static const uint8_t payload[TRAFFIC_PAYLOAD] = "measured it";

/* The numbers a connection chooses: which of them, so that no two are alike. */
enum choice { CLIENT_ISN = 1, SERVER_ISN, CLIENT_TS, SERVER_TS, CLIENT_PORT };

uint64_t traffic_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static uint32_t chosen(uint32_t conn, enum choice what)
{
    uint64_t state = (uint64_t)what << 32 | conn;

    return (uint32_t)traffic_random(&state);
}

double traffic_clock(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
    return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

void traffic_die(const char *what, const mpconn_pkt *pkt)
{
    const char *name = pkt != NULL ? mpconn_reason_name(pkt->reason) : NULL;

    fflush(stdout);
    fprintf(stderr, "bench: FAILED: %s%s%s\n", what, name != NULL ? ": " : "",
            name != NULL ? name : "");
    exit(1);
}

/* ---- memory ---- */

typedef struct mapping {
    size_t size;
    uint8_t unused[64 - sizeof(size_t)];
} mapping;

/* Untouched zero pages, large ones if asked for and to be had. */
static void *map_pages(size_t size, int huge)
{
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED)
        return NULL;
#ifdef MADV_HUGEPAGE
    if (huge)
        (void)madvise(p, size, MADV_HUGEPAGE);
#else
    (void)huge;
#endif
    return p;
}

void *traffic_alloc(size_t size, int huge)
{
    size_t whole = (size + sizeof(mapping) + PAGE_HUGE - 1) / PAGE_HUGE * PAGE_HUGE;
    mapping *m = map_pages(whole, huge);

    if (m == NULL)
        return NULL;
    m->size = whole;
    return m + 1;
}

static void release_pages(void *p)
{
    mapping *m = (mapping *)p - 1;

    munmap(m, m->size);
}

static void *alloc_plain(void *user, size_t size)
{
    (void)user;
    return traffic_alloc(size, 0);
}

static void *alloc_huge(void *user, size_t size)
{
    (void)user;
    return traffic_alloc(size, 1);
}

static void release(void *user, void *p)
{
    (void)user;
    release_pages(p);
}

/* ---- engine ---- */

static int on_send(void *user, const mpconn_pkt *const *pkts, size_t n)
{
    traffic *t = user;

    (void)pkts;
    t->made += n;
    return (int)n;
}

static int on_random(void *user, uint8_t *dst, size_t len)
{
    uint64_t state = 1;

    (void)user;
    for (size_t i = 0; i < len; i++)
        dst[i] = (uint8_t)traffic_random(&state);
    return 0;
}

void traffic_open(traffic *t, unsigned family, uint32_t conns, uint32_t handshakes, int huge)
{
    static const uint8_t key[16] = "one key for all";
    mpconn_engine_config cfg;
    mpconn_callbacks cb;

    memset(t, 0, sizeof(*t));
    t->family = (uint8_t)family;
    t->now = 1000 * MPCONN_SECOND;
    t->n_conns = conns;
    t->conns = calloc(conns, sizeof(*t->conns));
    MPCONN_STRUCT_INIT(&cfg);
    cfg.key = key;
    cfg.key_len = sizeof(key);
    cfg.max_flows = family == MPCONN_FAMILY_IPV4 ? conns : 1;
    cfg.max_wide_flows = family == MPCONN_FAMILY_IPV4 ? 1 : conns;
    cfg.max_handshakes = handshakes;
    cfg.allocator.alloc = huge ? alloc_huge : alloc_plain;
    cfg.allocator.release = release;
    MPCONN_STRUCT_INIT(&cb);
    cb.send_packets = on_send;
    cb.random = on_random;
    if (t->conns == NULL || mpconn_engine_new(&t->eng, &cfg, &cb, t, t->now) != MPCONN_OK)
        traffic_die("no engine of this size", NULL);
}

void traffic_close(traffic *t)
{
    mpconn_engine_del(t->eng);
    free(t->conns);
    memset(t, 0, sizeof(*t));
}

void traffic_batch_init(traffic_batch *b)
{
    memset(b, 0, sizeof(*b));
    for (size_t i = 0; i < MPCONN_BATCH; i++) {
        b->pkt[i].data = b->bytes[i];
        b->pkt[i].cap = TRAFFIC_ROOM;
        b->list[i] = &b->pkt[i];
    }
}

void traffic_input(traffic *t, traffic_batch *b, size_t n)
{
    if (mpconn_engine_input(t->eng, b->list, n, t->now) != MPCONN_OK)
        traffic_die("input refused", NULL);
}

void traffic_expect(const traffic_batch *b, size_t n, unsigned reason)
{
    for (size_t i = 0; i < n; i++)
        if (b->pkt[i].reason != reason)
            traffic_die("a packet got another verdict than it had to", &b->pkt[i]);
}

/* ---- segments ---- */

/* No two connections share a client address: odd factors and shifts lose nothing of 30 bits. All
 * are between 16.0.0.0 and 79.255.255.255. */
static uint32_t client_address(uint32_t conn)
{
    const uint32_t mask = (UINT32_C(1) << 30) - 1;
    uint32_t a = conn * UINT32_C(0x9e3779b1) & mask;

    a ^= a >> 15;
    a = a * UINT32_C(0x85ebca6b) & mask;
    a ^= a >> 13;
    return UINT32_C(0x10000000) + a;
}

static sim_segment segment_of(const traffic *t, uint32_t conn, unsigned side, uint8_t flags)
{
    sim_segment s;
    sim_addr client, server;
    uint16_t port = (uint16_t)(1024 + chosen(conn, CLIENT_PORT) % 64000);

    memset(&s, 0, sizeof(s));
    if (t->family == MPCONN_FAMILY_IPV4) {
        client = sim_addr_ipv4(client_address(conn));
        server = sim_addr_ipv4(UINT32_C(0xc6336401) + conn % 16); /* 198.51.100.1 */
    } else {
        client = sim_addr_ipv6(1, client_address(conn));
        server = sim_addr_ipv6(2, 1 + conn % 16);
    }
    s.src = side == MPCONN_SIDE_CLIENT ? client : server;
    s.dst = side == MPCONN_SIDE_CLIENT ? server : client;
    s.sport = side == MPCONN_SIDE_CLIENT ? port : SERVER_PORT;
    s.dport = side == MPCONN_SIDE_CLIENT ? SERVER_PORT : port;
    s.flags = flags;
    s.ttl = 60;
    s.window = 60000;
    s.has_ts = true;
    return s;
}

static void put(traffic_batch *b, size_t at, unsigned side, const sim_segment *s)
{
    mpconn_pkt *p = &b->pkt[at];

    sim_segment_build(s, b->bytes[at]);
    p->flow = 0;
    p->flags = 0;
    p->len = (uint32_t)sim_segment_size(s);
    p->side = (uint8_t)side;
    p->link = 1 + side;
}

static sim_segment syn_of(const traffic *t, uint32_t conn)
{
    sim_segment s = segment_of(t, conn, MPCONN_SIDE_CLIENT, SIM_SYN);

    s.seq = chosen(conn, CLIENT_ISN);
    s.tsval = chosen(conn, CLIENT_TS);
    s.has_mss = s.has_wscale = s.has_sack_permitted = true;
    s.mss = 1460;
    s.wscale = CLIENT_WSCALE;
    return s;
}

void traffic_put_syn(const traffic *t, traffic_batch *b, size_t at, uint32_t conn)
{
    sim_segment s = syn_of(t, conn);

    put(b, at, MPCONN_SIDE_CLIENT, &s);
}

void traffic_put_proof(const traffic *t, traffic_batch *b, size_t at, uint32_t conn,
                       uint32_t proxy_isn, uint32_t proxy_ts)
{
    sim_segment s = segment_of(t, conn, MPCONN_SIDE_CLIENT, SIM_ACK);

    s.seq = chosen(conn, CLIENT_ISN) + 1;
    s.ack = proxy_isn + 1;
    s.tsval = chosen(conn, CLIENT_TS) + 1;
    s.tsecr = proxy_ts;
    put(b, at, MPCONN_SIDE_CLIENT, &s);
}

static void put_syn_ack(const traffic *t, traffic_batch *b, size_t at, uint32_t conn)
{
    sim_segment s = segment_of(t, conn, MPCONN_SIDE_SERVER, SIM_SYN | SIM_ACK);

    s.seq = chosen(conn, SERVER_ISN);
    s.ack = chosen(conn, CLIENT_ISN) + 1;
    s.tsval = chosen(conn, SERVER_TS);
    s.tsecr = chosen(conn, CLIENT_TS) + 1;
    s.has_mss = s.has_wscale = s.has_sack_permitted = true;
    s.mss = 1400;
    s.wscale = SERVER_WSCALE;
    put(b, at, MPCONN_SIDE_SERVER, &s);
}

void traffic_read_answer(const traffic_batch *b, size_t at, uint32_t *proxy_isn,
                         uint32_t *proxy_ts)
{
    sim_segment s;

    if (sim_segment_parse(&s, b->pkt[at].data, b->pkt[at].len) != SIM_PARSE_OK ||
        s.flags != (SIM_SYN | SIM_ACK) || !s.has_ts)
        traffic_die("what should answer a SYN does not", &b->pkt[at]);
    *proxy_isn = s.seq;
    *proxy_ts = s.tsval;
}

/* The next segment of a stream, acknowledging all of the other. */
static sim_segment next_segment(traffic *t, uint32_t conn, unsigned side)
{
    traffic_conn *c = &t->conns[conn];
    sim_segment s = segment_of(t, conn, side, SIM_ACK | SIM_PSH);
    uint32_t client = chosen(conn, CLIENT_ISN) + 1 + c->sent[MPCONN_SIDE_CLIENT];
    uint32_t moved = c->sent[0] + c->sent[1];

    if (side == MPCONN_SIDE_CLIENT) {
        s.seq = client;
        s.ack = c->proxy_isn + 1 + c->sent[MPCONN_SIDE_SERVER];
        s.tsval = chosen(conn, CLIENT_TS) + 1 + moved;
        s.tsecr = c->proxy_ts + moved;
    } else {
        s.seq = chosen(conn, SERVER_ISN) + 1 + c->sent[MPCONN_SIDE_SERVER];
        s.ack = client;
        s.tsval = chosen(conn, SERVER_TS) + moved;
        s.tsecr = chosen(conn, CLIENT_TS) + 1 + moved;
    }
    s.payload = payload;
    s.n_payload = TRAFFIC_PAYLOAD;
    c->sent[side] += TRAFFIC_PAYLOAD;
    return s;
}

void traffic_put_segment(traffic *t, traffic_batch *b, size_t at, uint32_t conn, unsigned side)
{
    sim_segment s = next_segment(t, conn, side);

    put(b, at, side, &s);
}

/* ---- handshakes ---- */

/* The server's first data shows that it has the final ACK and opens the client's window: with it
 * the handshake is forgotten. */
static void settle_batch(traffic *t, traffic_batch *b, uint32_t first, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        traffic_put_syn(t, b, i, first + i);
    traffic_input(t, b, n);
    traffic_expect(b, n, MPCONN_REASON_SYN_ANSWERED);
    for (uint32_t i = 0; i < n; i++) {
        traffic_conn *c = &t->conns[first + i];

        traffic_read_answer(b, i, &c->proxy_isn, &c->proxy_ts);
        traffic_put_proof(t, b, i, first + i, c->proxy_isn, c->proxy_ts);
    }
    traffic_input(t, b, n);
    traffic_expect(b, n, MPCONN_REASON_CLIENT_PROVED);
    for (uint32_t i = 0; i < n; i++)
        put_syn_ack(t, b, i, first + i);
    traffic_input(t, b, n);
    traffic_expect(b, n, MPCONN_REASON_SERVER_ANSWERED);
    for (uint32_t i = 0; i < n; i++)
        traffic_put_segment(t, b, i, first + i, MPCONN_SIDE_SERVER);
    traffic_input(t, b, n);
    traffic_expect(b, n, MPCONN_REASON_TRANSLATED);
}

void traffic_settle(traffic *t)
{
    traffic_batch *b = traffic_alloc(sizeof(*b), 0);
    mpconn_stats s;

    if (b == NULL)
        traffic_die("no memory", NULL);
    traffic_batch_init(b);
    for (uint32_t done = 0; done < t->n_conns; done += MPCONN_BATCH)
        settle_batch(t, b, done,
                     t->n_conns - done < MPCONN_BATCH ? t->n_conns - done : MPCONN_BATCH);
    release_pages(b);
    MPCONN_STRUCT_INIT(&s);
    mpconn_engine_stats(t->eng, &s);
    if (s.flows + s.wide_flows != t->n_conns || s.handshakes != 0)
        traffic_die("not all handshakes ended as flows", NULL);
}

void traffic_press(traffic *t, uint32_t handshakes)
{
    traffic_batch *b = traffic_alloc(sizeof(*b), 0);
    mpconn_stats s;

    if (b == NULL)
        traffic_die("no memory", NULL);
    traffic_batch_init(b);
    /* From the other end of the numbers, where no connection of the table is. */
    for (uint32_t i = 0; i < handshakes; i++) {
        traffic_put_syn(t, b, 0, UINT32_C(0x3fffffff) - i);
        traffic_input(t, b, 1);
        traffic_expect(b, 1, MPCONN_REASON_SYN_ANSWERED);
    }
    release_pages(b);
    MPCONN_STRUCT_INIT(&s);
    mpconn_engine_stats(t->eng, &s);
    if (s.unproved == 0 || s.unproved == handshakes)
        traffic_die("the table of handshakes is not under pressure", NULL);
}

/* ---- rings ---- */

void traffic_ring_init(traffic_ring *r, uint32_t n, int huge)
{
    r->n = n;
    r->bytes = traffic_alloc((size_t)n * sizeof(*r->bytes), huge);
    r->side = traffic_alloc(n, huge);
    r->len = traffic_alloc(n, huge);
    if (r->bytes == NULL || r->side == NULL || r->len == NULL)
        traffic_die("no memory", NULL);
}

void traffic_ring_free(traffic_ring *r)
{
    release_pages(r->bytes);
    release_pages(r->side);
    release_pages(r->len);
}

static void put_in_ring(traffic_ring *r, uint32_t at, unsigned side, const sim_segment *s)
{
    size_t size = sim_segment_size(s);

    if (size > sizeof(r->bytes[0]))
        traffic_die("packet too long for a ring", NULL);
    sim_segment_build(s, r->bytes[at]);
    r->side[at] = (uint8_t)side;
    r->len[at] = (uint8_t)size;
}

void traffic_ring_segments(traffic *t, traffic_ring *r, uint64_t *random)
{
    for (uint32_t i = 0; i < r->n; i++) {
        uint64_t draw = traffic_random(random);
        uint32_t conn = (uint32_t)((draw >> 32) * t->n_conns >> 32);
        unsigned side = draw & 1 ? MPCONN_SIDE_CLIENT : MPCONN_SIDE_SERVER;
        sim_segment s = next_segment(t, conn, side);

        put_in_ring(r, i, side, &s);
    }
}

void traffic_ring_syns(traffic *t, traffic_ring *r, uint32_t first_conn)
{
    for (uint32_t i = 0; i < r->n; i++) {
        sim_segment s = syn_of(t, first_conn + i);

        put_in_ring(r, i, MPCONN_SIDE_CLIENT, &s);
    }
}
