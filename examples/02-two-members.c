/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two members carry one connection: A sees what the client says, B what the server says. Each is an
 * engine of its own; all that they share is the key, and a channel for the frames that they send
 * one another. The channel is a list here, and could as well be UDP, or anything else that takes
 * bytes to another machine, now and then.
 */
#include <mpconn/mpconn.h>
#include <stdio.h>
#include <string.h>

enum { SYN = 0x02, ACK = 0x10, HEADERS = 40, FRAMES = 64, FRAME_BYTES = 1400 };
enum { A, B, MEMBERS };

/* What passes by at one end of the wire. */
struct segment {
    uint32_t seq, ack;
    unsigned flags, window;
    char text[32];
};

struct member {
    mpconn_engine *engine;
    const char *name;
    uint16_t id, other;
};

/* On its way from one member to the other. */
struct frame {
    unsigned to;
    size_t len;
    uint8_t bytes[FRAME_BYTES];
};

static struct member members[MEMBERS] = { { NULL, "A", 1, 2 }, { NULL, "B", 2, 1 } };
static struct frame channel[FRAMES];
static unsigned n_sent, n_delivered;
static size_t bytes_sent;
static mpconn_time now;
static struct segment out[2]; /* the last segment that came out toward each side */
static int failed;

static void expect(int holds, const char *what)
{
    if (!holds)
        printf("FAILED: %s\n", what);
    failed |= !holds;
}

static void write32(uint8_t *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> (24 - 8 * i));
}

static uint32_t read32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* IPv4 and TCP headers and the text. Checksums stay 0: the packet will be marked as verified. */
static uint32_t build(uint8_t *p, int from, const struct segment *s)
{
    static const uint8_t address[2][4] = { { 192, 0, 2, 1 }, { 198, 51, 100, 1 } };
    static const uint8_t port[2][2] = { { 0x9c, 0x40 }, { 0, 80 } };
    size_t text_len = strlen(s->text);

    memset(p, 0, HEADERS);
    p[0] = 0x45;
    p[3] = (uint8_t)(HEADERS + text_len);
    p[8] = 64;
    p[9] = 6;
    memcpy(p + 12, address[from], 4);
    memcpy(p + 16, address[!from], 4);
    memcpy(p + 20, port[from], 2);
    memcpy(p + 22, port[!from], 2);
    write32(p + 24, s->seq);
    write32(p + 28, s->ack);
    p[32] = 0x50;
    p[33] = (uint8_t)s->flags;
    p[34] = (uint8_t)(s->window >> 8);
    p[35] = (uint8_t)s->window;
    memcpy(p + HEADERS, s->text, text_len);
    return (uint32_t)(HEADERS + text_len);
}

static void print(const char *from, const char *to, const struct segment *s)
{
    printf("%-6s -> %-6s  %s%s seq %u ack %u window %u %s\n", from, to,
           s->flags & SYN ? "SYN " : "",
           s->flags & ACK ? "ACK" : "", s->seq, s->ack, s->window, s->text);
}

/* A packet leaves a member. */
static void leave(const struct member *m, const mpconn_pkt *pkt)
{
    const uint8_t *tcp = pkt->data + 20;
    const uint8_t *text = tcp + (tcp[12] >> 4) * 4;
    struct segment *s = &out[pkt->side];

    memset(s, 0, sizeof(*s));
    s->seq = read32(tcp + 4);
    s->ack = read32(tcp + 8);
    s->flags = tcp[13];
    s->window = (unsigned)tcp[14] << 8 | tcp[15];
    memcpy(s->text, text, (size_t)(pkt->data + pkt->len - text) % sizeof(s->text));
    print(m->name, pkt->side == MPCONN_SIDE_SERVER ? "server" : "client", s);
}

static int send_packets(void *user, const mpconn_pkt *const *pkts, size_t n_pkts)
{
    for (size_t i = 0; i < n_pkts; i++)
        leave(user, pkts[i]);
    return (int)n_pkts; /* all of them taken */
}

/* A frame for the other member: `to` need not be looked at where there are two. */
static int send_frame(void *user, uint32_t to, const uint8_t *bytes, size_t len)
{
    const struct member *m = user;
    struct frame *f = &channel[n_sent % FRAMES];

    (void)to;
    if (n_sent - n_delivered == FRAMES || len > FRAME_BYTES)
        return -1;
    f->to = m == &members[A] ? B : A;
    f->len = len;
    memcpy(f->bytes, bytes, len);
    n_sent++;
    bytes_sent += len;
    printf("%-6s => %-6s  %zu bytes\n", m->name, members[f->to].name, len);
    return 0;
}

/* A real host takes these from its system: see getrandom(2). No two members draw the same. */
static int fill_random(void *user, uint8_t *dst, size_t len)
{
    const struct member *m = user;

    memset(dst, 0x5a + m->id, len);
    return 0;
}

/* Until neither member has anything to say. */
static void deliver(void)
{
    while (n_delivered != n_sent) {
        struct frame f = channel[n_delivered++ % FRAMES];

        now += MPCONN_MILLISECOND;
        expect(mpconn_engine_sync_input(members[f.to].engine, f.bytes, f.len, NULL, now) ==
                   MPCONN_OK, "a frame is taken");
    }
}

/* A packet arrives at a member: ask the engine, do what it says. */
static void arrive(const struct member *m, int from, struct segment s)
{
    uint8_t buffer[256];
    mpconn_pkt pkt = { .data = buffer + 64, .headroom = 64, .cap = sizeof(buffer) - 64 };
    mpconn_pkt *batch[] = { &pkt };

    print(from == MPCONN_SIDE_SERVER ? "server" : "client", m->name, &s);
    pkt.len = build(pkt.data, from, &s);
    pkt.side = (uint8_t)from;
    pkt.flags = MPCONN_PKT_F_CSUM_OK;
    now += MPCONN_MILLISECOND;
    expect(mpconn_engine_input(m->engine, batch, 1, now) == MPCONN_OK, "a packet is taken");
    if (pkt.verdict == MPCONN_VERDICT_FORWARD)
        leave(m, &pkt);
    deliver();
}

static void start(struct member *m)
{
    static const uint8_t key[] = "keep it secret!!";
    mpconn_engine_config config;
    mpconn_callbacks callbacks;

    MPCONN_STRUCT_INIT(&config);
    MPCONN_STRUCT_INIT(&callbacks);
    config.key = key;
    config.key_len = 16;
    config.member_id = m->id;
    config.members = &m->other;
    config.n_members = 1;
    callbacks.send_packets = send_packets;
    callbacks.send_frame = send_frame;
    callbacks.random = fill_random;
    expect(mpconn_engine_new(&m->engine, &config, &callbacks, m, now) == MPCONN_OK,
           "a member starts");
}

/* What a member has to add to the server's numbers to get from the client's leg to the server's. */
static uint32_t delta_of(const struct member *m)
{
    mpconn_flow_cursor cursor = { 0 };
    mpconn_flow flow;

    MPCONN_STRUCT_INIT(&flow);
    if (mpconn_engine_flow_next(m->engine, &cursor, &flow) != MPCONN_OK)
        return 0;
    return flow.delta.seq[MPCONN_SIDE_SERVER];
}

/* The client sends through A, and the server through B. */
static void converse(void)
{
    const uint32_t x = 1000, z = 5000; /* initial numbers of client and server */
    const struct member *a = &members[A], *b = &members[B];

    arrive(a, MPCONN_SIDE_CLIENT, (struct segment){ x, 0, SYN, 65535, "" });
    uint32_t y = out[MPCONN_SIDE_CLIENT].seq; /* what A says in the server's place */
    arrive(a, MPCONN_SIDE_CLIENT, (struct segment){ x + 1, y + 1, ACK, 65535, "" });
    arrive(b, MPCONN_SIDE_SERVER, (struct segment){ z, x + 1, SYN | ACK, 65535, "" });
    expect(out[MPCONN_SIDE_SERVER].ack == z + 1, "A knows the server's number");
    arrive(b, MPCONN_SIDE_SERVER, (struct segment){ z + 1, x + 1, ACK, 65535, "hello" });
    expect(out[MPCONN_SIDE_CLIENT].seq == y + 1, "B translates what the server says");
    expect(strcmp(out[MPCONN_SIDE_CLIENT].text, "hello") == 0, "and leaves the text alone");
    arrive(a, MPCONN_SIDE_CLIENT, (struct segment){ x + 1, y + 6, ACK, 65535, "" });
    expect(out[MPCONN_SIDE_SERVER].ack == z + 6, "A translates what the client says");
    expect(delta_of(a) == z - y && delta_of(b) == z - y, "both hold the same delta");
    printf("client counts from %u, server from %u, delta of A %u, of B %u\n", y, z, delta_of(a),
           delta_of(b));
}

int main(void)
{
    for (unsigned i = 0; i < MEMBERS; i++)
        start(&members[i]);
    for (unsigned i = 0; i < MEMBERS && !failed; i++)
        mpconn_engine_expire(members[i].engine, 0, NULL, now);
    deliver(); /* members greet one another before they believe anything */
    const unsigned greetings = n_sent;
    const size_t greeting_bytes = bytes_sent;

    if (!failed)
        converse();
    printf("between the members: %u frames with %zu bytes about the connection, %u with %zu to "
           "greet: %s\n", n_sent - greetings, bytes_sent - greeting_bytes, greetings,
           greeting_bytes, failed ? "FAILED" : "ok");
    for (unsigned i = 0; i < MEMBERS; i++)
        mpconn_engine_del(members[i].engine);
    return failed;
}
