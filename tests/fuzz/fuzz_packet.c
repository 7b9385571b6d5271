/* SPDX-License-Identifier: BSD-2-Clause */
/* A fuzz target: bytes are a script of what happens to an engine.
 *
 *   config[4]  mode and policies, capacities, profile
 *   step*      one byte: low half what, high half its argument; then what that takes
 *
 * Most steps are right ones, made from what the engine itself answered, so that deep states are a
 * few bytes away; CHANGE and META spoil the packet that comes next, and RAW is whatever it is. The
 * rig judges what comes out. An input that ends in the middle of a step reads zeros. */
#include <stdint.h>

#include "fuzz/rig.h"
#include "packet/build.h"
#include "sim/segment.h"

enum { CONNS = 4, CHANGES = 8, STEPS_MOST = 400 };

enum step {
    STEP_SYN,        /* conn | 8 from the server: options */
    STEP_PROOF,      /* conn | 4 one number early | 8 with data */
    STEP_SYN_ACK,    /* conn | 8 wrong acknowledgment: options */
    STEP_CLIENT,     /* conn: flags, length, off, off */
    STEP_SERVER,     /* conn: flags, length, off, off */
    STEP_WAIT,       /* budget: exponent */
    STEP_RAW,        /* 1 side | 2 seal: length, bytes */
    STEP_CHANGE,     /* 1 seal again: at, xor */
    STEP_META,       /* 1 ext: flags, cap, cut, zone, link, total */
    STEP_HOST,       /* what: argument; 4 is an ICMP error: conn | 128 of the server, its fields */
    STEP_RESUBMIT,
    STEP_SETTLE,     /* conn: options */
    STEP_RENEW,      /* conn: added to the client's number */
    STEP_BATCH,      /* how many packets a call */
    STEP_CLOSE,      /* conn | 4 server first | 8 RST */
    STEP_REPEAT      /* the packet before once more, | 8 from the other side */
};

typedef struct conn {
    sim_addr addr[2];
    uint16_t port[2];
    uint32_t client_isn, proxy_isn, server_isn;
    uint32_t client_ts, proxy_ts, server_ts;
    uint32_t sent[2];       /* numbers used up after the SYN, by side */
    int timestamps;
} conn;

typedef struct script {
    const uint8_t *at, *end;
    rig r;
    conn conns[CONNS];
    rig_meta meta;
    struct {
        uint8_t at, with;
    } changes[CHANGES];
    unsigned n_changes;
    int seal;
    uint8_t last[RIG_PACKET];
    size_t last_len;
    unsigned last_side;
} script;

static unsigned take8(script *s)
{
    return s->at < s->end ? *s->at++ : 0;
}

static unsigned take16(script *s)
{
    unsigned high = take8(s) << 8;

    return high | take8(s);
}

/* ---- packets on their way in ---- */

static void put16(uint8_t *p, unsigned v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static uint32_t sum(uint32_t start, const uint8_t *p, size_t len)
{
    for (size_t i = 0; i < len; i++)
        start += (uint32_t)p[i] << (i & 1 ? 0 : 8);
    while (start >> 16 != 0)
        start = (start & 0xffff) + (start >> 16);
    return start;
}

/* Put the checksums right, as far as there is something to be put right. */
static void seal(uint8_t *p, size_t len)
{
    int is_v4 = len > 0 && p[0] >> 4 == 4;
    size_t head = is_v4 ? (p[0] & 15u) * 4 : 40;
    uint8_t tail[4] = {0, 6, 0, 0};

    if (len < head || head < 20)
        return;
    if (is_v4) {
        put16(p + 10, 0);
        put16(p + 10, ~sum(0, p, head) & 0xffff);
    }
    if (len < head + 20)
        return;
    put16(tail + 2, (unsigned)(len - head));
    put16(p + head + 16, 0);
    put16(p + head + 16,
          ~sum(sum(is_v4 ? sum(0, p + 12, 8) : sum(0, p + 8, 32), tail, 4), p + head, len - head) &
              0xffff);
}

static void submit(script *s, uint8_t *bytes, size_t len, unsigned side, int tag)
{
    for (unsigned i = 0; i < s->n_changes && len > 0; i++)
        bytes[s->changes[i].at % len] ^= s->changes[i].with;
    if (s->n_changes > 0 && s->seal)
        seal(bytes, len);
    memcpy(s->last, bytes, len);
    s->last_len = len;
    s->last_side = side;
    s->meta.side = (uint8_t)side;
    rig_queue(&s->r, bytes, len, &s->meta, tag);
    s->n_changes = 0;
    s->seal = 0;
    memset(&s->meta, 0, sizeof(s->meta));
    s->meta.cap = 64;
    s->meta.link = 1;
}

static void send(script *s, unsigned c, unsigned side, sim_segment *seg)
{
    uint8_t bytes[RIG_PACKET];
    const conn *k = &s->conns[c];
    size_t len;

    seg->src = k->addr[side];
    seg->dst = k->addr[side ^ 1];
    seg->sport = k->port[side];
    seg->dport = k->port[side ^ 1];
    seg->ttl = 60;
    seg->has_ts = seg->has_ts || (k->timestamps && (seg->flags & SIM_SYN) == 0);
    len = sim_segment_size(seg);
    sim_segment_build(seg, bytes);
    submit(s, bytes, len, side, (int)c);
}

/* What the engine, or the server itself, told the client. */
static void after(void *arg, int tag, const mpconn_pkt *pkt)
{
    script *s = arg;
    conn *k;
    sim_segment seg;

    if (tag < 0 || pkt->verdict != MPCONN_VERDICT_FORWARD ||
        pkt->side != MPCONN_SIDE_CLIENT ||
        sim_segment_parse(&seg, pkt->data, pkt->len) != SIM_PARSE_OK ||
        seg.flags != (SIM_SYN | SIM_ACK))
        return;
    k = &s->conns[tag];
    k->proxy_isn = seg.seq;
    k->proxy_ts = seg.tsval;
    k->timestamps = seg.has_ts;
}

/* ---- steps ---- */

/* Bits: 1 MSS, 2 SACK, 4 timestamps, 8 window scale, 16 odd values, 32 data, 64 ECN, 128 an option
 * of the next byte. */
static void add_options(script *s, sim_segment *seg, unsigned bits, uint8_t extra[4])
{
    seg->has_mss = (bits & 1) != 0;
    seg->has_sack_permitted = (bits & 2) != 0;
    seg->has_ts = (bits & 4) != 0;
    seg->has_wscale = (bits & 8) != 0;
    seg->mss = bits & 16 ? (uint16_t)take16(s) : 1460;
    seg->wscale = bits & 16 ? (uint8_t)take8(s) : 7;
    if (bits & 32) {
        seg->payload = (const uint8_t *)"early data";
        seg->n_payload = 10;
    }
    if (bits & 64)
        seg->flags |= SIM_ECE | SIM_CWR;
    if (bits & 128) {
        extra[0] = (uint8_t)take8(s);
        extra[1] = (uint8_t)take8(s);
        extra[2] = extra[3] = 1;
        seg->extra = extra;
        seg->n_extra = 4;
    }
}

static void step_syn(script *s, unsigned c, unsigned from_server, unsigned options)
{
    conn *k = &s->conns[c];
    sim_segment seg = {.flags = SIM_SYN, .window = 64240};
    uint8_t extra[4];

    add_options(s, &seg, options, extra);
    seg.seq = from_server ? k->server_isn : k->client_isn;
    seg.tsval = from_server ? k->server_ts : k->client_ts;
    k->sent[0] = k->sent[1] = 0;
    k->proxy_isn = k->server_isn;
    send(s, c, from_server ? MPCONN_SIDE_SERVER : MPCONN_SIDE_CLIENT, &seg);
}

static void step_proof(script *s, unsigned c, unsigned early, unsigned data)
{
    const conn *k = &s->conns[c];
    sim_segment seg = {.flags = SIM_ACK, .window = 500};

    rig_flush(&s->r); /* the answer may wait in the queue */
    seg.seq = k->client_isn + !early;
    seg.ack = k->proxy_isn + 1;
    seg.tsval = k->client_ts + 1;
    seg.tsecr = k->proxy_ts;
    if (data) {
        seg.payload = (const uint8_t *)"request";
        seg.n_payload = 7;
    }
    send(s, c, MPCONN_SIDE_CLIENT, &seg);
}

static void step_syn_ack(script *s, unsigned c, unsigned wrong, unsigned options)
{
    const conn *k = &s->conns[c];
    sim_segment seg = {.flags = SIM_SYN | SIM_ACK, .window = 65160};
    uint8_t extra[4];

    add_options(s, &seg, options, extra);
    seg.seq = k->server_isn;
    seg.ack = k->client_isn + 1 + (wrong ? take8(s) : 0);
    seg.tsval = k->server_ts;
    seg.tsecr = k->client_ts + 1;
    send(s, c, MPCONN_SIDE_SERVER, &seg);
}

static int32_t near(unsigned byte)
{
    /* small steps near zero, long ones far from it */
    int32_t v = (int32_t)byte - 128;

    return byte == 0 ? 0 : v * v * v;
}

/* A segment in the numbers of the sender's leg. */
static sim_segment segment(const conn *k, unsigned side, uint8_t flags)
{
    int client = side == MPCONN_SIDE_CLIENT;
    sim_segment seg = {.flags = flags, .window = 1000};

    seg.seq = (client ? k->client_isn : k->server_isn) + 1 + k->sent[side];
    seg.ack = (client ? k->proxy_isn : k->client_isn) + 1 + k->sent[side ^ 1];
    seg.tsval = (client ? k->client_ts : k->server_ts) + 2;
    seg.tsecr = client ? k->proxy_ts : k->client_ts + 1;
    return seg;
}

static void step_data(script *s, unsigned c, unsigned side)
{
    static const uint8_t text[256] = {"what the endpoints say"};
    conn *k = &s->conns[c];
    unsigned flags = take8(s), len = take8(s);
    sim_segment seg;

    rig_flush(&s->r);
    seg = segment(k, side, (uint8_t)(flags ^ SIM_ACK));
    seg.seq += (uint32_t)near(take8(s));
    seg.ack += (uint32_t)near(take8(s));
    seg.payload = text;
    seg.n_payload = len;
    if (flags & SIM_URG) {
        seg.n_sack = (uint8_t)(1 + (flags >> 6) % 3);
        for (unsigned i = 0; i < seg.n_sack; i++)
            seg.sack[i] = (sim_range){seg.ack + 10 * i, seg.ack + 10 * i + 5};
        seg.flags &= (uint8_t)~SIM_URG;
    }
    k->sent[side] += sim_segment_length(&seg);
    send(s, c, side, &seg);
}

/* Both FINs and their acknowledgments, or an exact RST. */
static void step_close(script *s, unsigned c, unsigned first, unsigned reset)
{
    conn *k = &s->conns[c];

    rig_flush(&s->r);
    for (unsigned i = 0; i < (reset ? 1u : 3u); i++) {
        unsigned side = i == 1 ? first ^ 1 : first;
        sim_segment seg = segment(k, side, reset ? SIM_RST : i == 2 ? SIM_ACK : SIM_FIN | SIM_ACK);

        k->sent[side] += sim_segment_length(&seg);
        send(s, c, side, &seg);
    }
}

static void step_settle(script *s, unsigned c, unsigned options)
{
    sim_segment seg;

    step_syn(s, c, 0, options);
    step_proof(s, c, 0, 0);
    step_syn_ack(s, c, 0, options);
    rig_flush(&s->r);
    seg = segment(&s->conns[c], MPCONN_SIDE_SERVER, SIM_ACK);
    send(s, c, MPCONN_SIDE_SERVER, &seg);
}

static void step_raw(script *s, unsigned arg)
{
    uint8_t bytes[RIG_PACKET];
    size_t len = take16(s) % (RIG_PACKET / 4);

    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)take8(s);
    if (arg & 2)
        seal(bytes, len);
    submit(s, bytes, len, arg & 1, -1);
}

static void step_change(script *s, unsigned arg)
{
    unsigned n = s->n_changes < CHANGES ? s->n_changes++ : CHANGES - 1;

    s->changes[n].at = (uint8_t)take8(s);
    s->changes[n].with = (uint8_t)take8(s);
    s->seal = (arg & 1) != 0;
}

static void step_meta(script *s, unsigned arg)
{
    rig_meta *m = &s->meta;

    m->flags = take8(s);
    m->cap = take8(s);
    m->cut = take8(s);
    m->zone = arg & 2 ? take16(s) : 0;
    m->link = arg & 4 ? take16(s) | (arg & 8) << 13 : 1;
    m->has_ext = arg & 1;
    if (m->has_ext) {
        m->ext.struct_size = sizeof(m->ext);
        m->ext.total_len = take16(s);
        m->ext.l4_offset = take8(s);
        m->ext.gso_size = (uint16_t)take8(s);
    }
}

/* An ICMP error about a segment that `side` sent, as it is on the other leg. */
static void step_error(script *s, unsigned c, unsigned side)
{
    static const uint8_t router[16] = {203, 0, 113, 1};
    const conn *k = &s->conns[c];
    sim_segment seg = segment(k, side, SIM_ACK);
    uint8_t bytes[RIG_PACKET], quote[RIG_PACKET / 4];
    mpci_icmp m = {.hop_limit = 60, .type = (uint8_t)take8(s), .code = (uint8_t)take8(s)};
    size_t len;

    if (side == MPCONN_SIDE_SERVER)
        seg.seq -= k->server_isn - k->proxy_isn;
    seg.seq -= take8(s);
    seg.src = k->addr[side];
    seg.dst = k->addr[side ^ 1];
    seg.sport = k->port[side];
    seg.dport = k->port[side ^ 1];
    seg.has_ts = k->timestamps;
    sim_segment_build(&seg, quote);
    m.family = seg.src.family;
    memcpy(m.src.bytes, router, sizeof router);
    memcpy(m.dst.bytes, seg.src.bytes, sizeof m.dst.bytes);
    m.rest = (uint32_t)take16(s) << (take8(s) & 16);
    m.body = quote;
    m.body_len = sim_segment_size(&seg);
    if (m.body_len > take8(s))
        m.body_len -= take8(s) % m.body_len;
    len = mpci_build_icmp(bytes, sizeof bytes, &m);
    submit(s, bytes, len, side ^ 1, -1);
}

static void step_kill(script *s, unsigned flags)
{
    const conn *k = &s->conns[flags >> 1 & (CONNS - 1)];
    mpconn_flow_filter f;

    MPCONN_STRUCT_INIT(&f);
    f.flags = flags & 1 ? MPCONN_KILL_F_SILENT : 0;
    if (flags & 8)
        f.client_port = k->port[MPCONN_SIDE_CLIENT];
    if (flags & 16) {
        f.family = k->addr[0].family;
        memcpy(f.server.bytes, k->addr[MPCONN_SIDE_SERVER].bytes, sizeof(f.server.bytes));
        f.server_prefix = (uint8_t)(flags >> 3);
    }
    rig_kill(&s->r, &f);
}

static void step_timeouts(script *s, unsigned exponent)
{
    mpconn_timeouts t;

    MPCONN_STRUCT_INIT(&t);
    t.established_ns = t.transitory_ns = t.closed_ns = t.reset_ns =
        MPCONN_SECOND << (exponent & 15);
    t.syn_tries = 1 + (exponent >> 4 & 3);
    t.syn_ack_repeats = exponent & 128 ? MPCONN_NO_REPEATS : 1 + (exponent >> 6 & 1);
    rig_set_timeouts(&s->r, &t);
}

static void step_host(script *s, unsigned what)
{
    static const uint8_t keys[2][16] = {"the first secret", "another secret!!"};
    unsigned arg = take8(s);

    switch (what & 7) {
    case 0:
        rig_flush(&s->r);
        s->r.admit = arg % (MPCONN_ADMIT_REFUSE + 2);
        break;
    case 1:
        rig_flush(&s->r);
        s->r.send_fails = arg & 1;
        break;
    case 2:
        rig_set_key(&s->r, keys[arg & 1], 16);
        break;
    case 3:
        step_timeouts(s, arg);
        break;
    case 4:
        rig_flush(&s->r);
        step_error(s, arg & (CONNS - 1), arg >> 7);
        break;
    default:
        step_kill(s, arg);
        break;
    }
}

static void step_repeat(script *s, unsigned other_side)
{
    uint8_t bytes[RIG_PACKET];

    memcpy(bytes, s->last, s->last_len);
    submit(s, bytes, s->last_len, s->last_side ^ other_side, -1);
}

/* From a nanosecond to the end of time. */
static void step_wait(script *s, unsigned budget)
{
    unsigned exponent = take8(s);

    rig_wait(&s->r, (UINT64_C(1) << (exponent & 63)) + (exponent >> 6), budget);
}

static void run_step(script *s, unsigned step)
{
    unsigned arg = step >> 4, c = arg & (CONNS - 1);
    unsigned four = arg >> 2 & 1, eight = arg >> 3;

    switch ((enum step)(step & 15)) {
    case STEP_SYN: step_syn(s, c, eight, take8(s)); break;
    case STEP_PROOF: step_proof(s, c, four, eight); break;
    case STEP_SYN_ACK: step_syn_ack(s, c, eight, take8(s)); break;
    case STEP_CLIENT: step_data(s, c, MPCONN_SIDE_CLIENT); break;
    case STEP_SERVER: step_data(s, c, MPCONN_SIDE_SERVER); break;
    case STEP_WAIT: step_wait(s, arg); break;
    case STEP_RAW: step_raw(s, arg); break;
    case STEP_CHANGE: step_change(s, arg); break;
    case STEP_META: step_meta(s, arg); break;
    case STEP_HOST: step_host(s, arg); break;
    case STEP_RESUBMIT: rig_resubmit(&s->r); break;
    case STEP_SETTLE: step_settle(s, c, take8(s)); break;
    case STEP_RENEW: s->conns[c].client_isn += 1 + take8(s); break;
    case STEP_BATCH: rig_set_batch(&s->r, arg + 1); break;
    case STEP_CLOSE: step_close(s, c, four, eight); break;
    case STEP_REPEAT: step_repeat(s, eight); break;
    }
}

/* ---- begin and end ---- */

static void init_conns(script *s)
{
    for (unsigned i = 0; i < CONNS; i++) {
        conn *k = &s->conns[i];

        k->addr[MPCONN_SIDE_CLIENT] =
            i < 2 ? sim_addr_ipv4(0xc0000201) : sim_addr_ipv6(1, 2);
        k->addr[MPCONN_SIDE_SERVER] =
            i < 2 ? sim_addr_ipv4(0xc6336402) : sim_addr_ipv6(3, 4);
        k->port[MPCONN_SIDE_CLIENT] = (uint16_t)(40000 + i);
        k->port[MPCONN_SIDE_SERVER] = 80;
        k->client_isn = 0xfffffff0 + 4 * i;
        k->server_isn = 0x7ffffffa + i;
        k->client_ts = 0x22220000;
        k->server_ts = 0xffffffff - i;
    }
}

static void configure(script *s)
{
    unsigned mode = take8(s), flows = take8(s), handshakes = take8(s), profile = take8(s);
    mpconn_engine_config *cfg = &s->r.cfg;

    cfg->split_mode = mode % 3;
    cfg->unknown_policy = (mode >> 2 & 3) % 3;
    cfg->flags = mode & 16 ? MPCONN_ENGINE_F_VERIFY_CHECKSUMS : 0;
    if (mode & 32)
        s->r.cb.release = NULL;
    if (mode & 64)
        s->r.cb.admit = NULL;
    if (mode & 128)
        s->r.cb.event = NULL;
    cfg->max_flows = 1 + (flows & 15);
    cfg->max_wide_flows = 1 + (flows >> 4);
    cfg->max_handshakes = 1 + (handshakes & 15);
    cfg->max_held_packets = 1 + (handshakes >> 4 & 7);
    cfg->max_held_bytes = handshakes & 128 ? 100 : 0;
    cfg->wscale = (uint8_t)(1 + (profile & 15) % 14);
    cfg->mss_ipv4 = cfg->mss_ipv6 = (uint16_t)(88 + (profile >> 4) * 600);
    cfg->client_window = (uint16_t)(profile * 257);
    cfg->adaptive_threshold = 1 + (profile & 3);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static script s;

    memset(&s, 0, sizeof(s));
    s.at = data;
    s.end = data + size;
    s.meta.cap = 64;
    s.meta.link = 1;
    rig_init(&s.r);
    s.r.after = after;
    s.r.arg = &s;
    init_conns(&s);
    configure(&s);
    rig_start(&s.r);
    for (unsigned i = 0; i < STEPS_MOST && s.at < s.end; i++)
        run_step(&s, take8(&s));
    rig_stop(&s.r);
    return 0;
}
