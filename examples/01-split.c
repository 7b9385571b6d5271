/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The smallest host there is: one engine, and a wire that is only a few variables. A client and a
 * server exchange a greeting through it. Each thinks that it talks to the other; the server hears
 * of the connection only when the client has shown that it is really there.
 */
#include <mpconn/mpconn.h>
#include <stdio.h>
#include <string.h>

enum { SYN = 0x02, ACK = 0x10, HEADERS = 40 };

/* What passes by at one end of the wire. */
struct segment {
    uint32_t seq, ack;
    unsigned flags, window;
    char text[32];
};

/* The last segment that came out toward each side. */
static struct segment out[2];
static int failed;

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

/* A packet leaves the member. */
static void leave(const mpconn_pkt *pkt)
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
    printf("    to %s: %s%s seq %u ack %u window %u %s\n", pkt->side ? "server" : "client",
           s->flags & SYN ? "SYN " : "", s->flags & ACK ? "ACK" : "", s->seq, s->ack, s->window,
           s->text);
}

static int send_packets(void *user, const mpconn_pkt *const *pkts, size_t n_pkts)
{
    (void)user;
    for (size_t i = 0; i < n_pkts; i++)
        leave(pkts[i]);
    return (int)n_pkts; /* all of them taken */
}

/* A real host takes these from its system: see getrandom(2). */
static int fill_random(void *user, uint8_t *dst, size_t len)
{
    (void)user;
    memset(dst, 0x5a, len);
    return 0;
}

/* A packet arrives at the member: ask the engine, do what it says. */
static void arrive(mpconn_engine *engine, int from, struct segment s)
{
    static mpconn_time now;
    uint8_t buffer[256];
    mpconn_pkt pkt = { .data = buffer + 64, .headroom = 64, .cap = sizeof(buffer) - 64 };
    mpconn_pkt *batch[] = { &pkt };

    printf("%s sends: seq %u ack %u %s\n", from ? "server" : "client", s.seq, s.ack, s.text);
    pkt.len = build(pkt.data, from, &s);
    pkt.side = (uint8_t)from;
    pkt.flags = MPCONN_PKT_F_CSUM_OK;
    now += MPCONN_MILLISECOND;
    failed |= mpconn_engine_input(engine, batch, 1, now) != MPCONN_OK;
    if (pkt.verdict == MPCONN_VERDICT_FORWARD)
        leave(&pkt);
}

int main(void)
{
    const uint8_t key[] = "keep it secret!!";
    const uint32_t x = 1000, z = 5000; /* initial numbers of client and server */
    mpconn_engine_config config;
    mpconn_callbacks callbacks;
    mpconn_engine *engine;

    MPCONN_STRUCT_INIT(&config);
    MPCONN_STRUCT_INIT(&callbacks);
    config.key = key;
    config.key_len = 16;
    callbacks.send_packets = send_packets;
    callbacks.random = fill_random;
    if (mpconn_engine_new(&engine, &config, &callbacks, NULL, 0) != MPCONN_OK)
        return 1;

    arrive(engine, MPCONN_SIDE_CLIENT, (struct segment){ x, 0, SYN, 65535, "" });
    uint32_t y = out[MPCONN_SIDE_CLIENT].seq; /* what the member says in the server's place */
    arrive(engine, MPCONN_SIDE_CLIENT, (struct segment){ x + 1, y + 1, ACK, 65535, "" });
    arrive(engine, MPCONN_SIDE_SERVER, (struct segment){ z, x + 1, SYN | ACK, 65535, "" });
    arrive(engine, MPCONN_SIDE_SERVER, (struct segment){ z + 1, x + 1, ACK, 65535, "hello" });
    failed |= out[MPCONN_SIDE_CLIENT].seq != y + 1;
    failed |= strcmp(out[MPCONN_SIDE_CLIENT].text, "hello") != 0;
    arrive(engine, MPCONN_SIDE_CLIENT, (struct segment){ x + 1, y + 6, ACK, 65535, "" });
    failed |= out[MPCONN_SIDE_SERVER].ack != z + 6;

    mpconn_engine_del(engine);
    printf("client counts from %u, server from %u: %s\n", y, z, failed ? "FAILED" : "ok");
    return failed;
}
