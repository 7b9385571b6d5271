/* SPDX-License-Identifier: BSD-2-Clause */
/* See host/pcapng.c for the format. Only files of this machine's byte order are read. */
#include "demo/capture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_INTERFACE = 1, BLOCK_PACKET = 6, MAX_INTERFACES = 16, MAX_BLOCK = 1 << 20 };
enum { OPTION_IF_DESCRIPTION = 3, OPTION_PACKET_FLAGS = 2, FLAG_OUTBOUND = 2 };

typedef struct reader {
    FILE *file;
    uint8_t *block; /* the body of the block at hand */
    uint32_t type, len;
    uint8_t legs[MAX_INTERFACES];
    uint32_t n_interfaces;
    uint8_t ports[4]; /* of the connection: client's, server's */
    bool found;
} reader;

static uint32_t native32(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof(v));
    return v;
}

static uint16_t native16(const uint8_t *p)
{
    uint16_t v;
    memcpy(&v, p, sizeof(v));
    return v;
}

static uint32_t net32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint16_t net16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

/* False at the end of the file, or where it is cut off. */
static bool next_block(reader *r)
{
    uint8_t head[8];
    if (fread(head, 1, sizeof(head), r->file) != sizeof(head))
        return false;
    r->type = native32(head);
    uint32_t total = native32(head + 4);
    if (total < 12 || total > MAX_BLOCK || total % 4)
        return false;
    r->len = total - 12;
    return fread(r->block, 1, r->len + 4, r->file) == r->len + 4;
}

/* The value of an option of a block whose options begin at `at`, or NULL. */
static const uint8_t *find_option(const reader *r, uint32_t at, uint16_t code, uint16_t *len)
{
    while (at + 4 <= r->len) {
        *len = native16(r->block + at + 2);
        if (at + 4 + *len > r->len)
            return NULL;
        if (native16(r->block + at) == code)
            return r->block + at + 4;
        at += 4 + ((*len + 3u) & ~3u);
    }
    return NULL;
}

static bool take_interface(reader *r)
{
    uint16_t len;
    const uint8_t *name = find_option(r, 8, OPTION_IF_DESCRIPTION, &len);
    if (!name || r->n_interfaces == MAX_INTERFACES)
        return false;
    r->legs[r->n_interfaces++] = len == 6 && memcmp(name, "server", 6) == 0 ? SERVER : CLIENT;
    return true;
}

/* The TCP header of a frame, and how many bytes of the packet follow its IP header. */
static const uint8_t *find_tcp(const uint8_t *frame, uint32_t len, uint32_t *tcp_len)
{
    uint32_t at = 14;
    while (at + 4 <= len && (net16(frame + at - 2) == 0x8100 || net16(frame + at - 2) == 0x88a8))
        at += 4;
    if (at + 40 <= len && net16(frame + at - 2) == 0x0800 && frame[at + 9] == 6) {
        uint32_t ip = (frame[at] & 15u) * 4;
        *tcp_len = net16(frame + at + 2) - ip;
        at += ip;
    } else if (at + 60 <= len && net16(frame + at - 2) == 0x86dd && frame[at + 6] == 6) {
        *tcp_len = net16(frame + at + 4);
        at += 40;
    } else {
        return NULL;
    }
    return at + 20 <= len ? frame + at : NULL;
}

/* The first SYN says which connection this is about. */
static bool is_ours(reader *r, const uint8_t *tcp, uint8_t toward)
{
    if (!r->found) {
        if ((tcp[13] & (TCP_SYN | TCP_ACK)) != TCP_SYN)
            return false;
        memcpy(r->ports, tcp, 4);
        r->found = true;
    }
    if (toward == SERVER)
        return memcmp(tcp, r->ports, 4) == 0;
    return memcmp(tcp, r->ports + 2, 2) == 0 && memcmp(tcp + 2, r->ports, 2) == 0;
}

static bool take_packet(reader *r, segment *s)
{
    if (r->len < 20)
        return false;
    uint32_t interface = native32(r->block), kept = native32(r->block + 12), tcp_len;
    if (interface >= r->n_interfaces || kept > r->len - 20)
        return false;
    uint16_t option_len;
    const uint8_t *flags = find_option(r, 20 + ((kept + 3) & ~3u), OPTION_PACKET_FLAGS,
                                       &option_len);
    const uint8_t *tcp = find_tcp(r->block + 20, kept, &tcp_len);
    if (!flags || option_len != 4 || !tcp)
        return false;
    s->at_ns = (uint64_t)native32(r->block + 4) << 32 | native32(r->block + 8);
    s->leg = r->legs[interface];
    s->made_or_sent = (native32(flags) & 3) == FLAG_OUTBOUND;
    s->toward = s->made_or_sent ? s->leg : !s->leg;
    s->seq = net32(tcp + 4);
    s->ack = net32(tcp + 8);
    s->flags = tcp[13];
    s->window = net16(tcp + 14);
    s->len = tcp_len - (tcp[12] >> 4) * 4u;
    return is_ours(r, tcp, s->toward);
}

static const char *read_all(reader *r, capture *c)
{
    size_t room = 0;
    while (next_block(r)) {
        if (r->type == BLOCK_INTERFACE && !take_interface(r))
            return "not a capture of mpconn-member";
        if (r->type != BLOCK_PACKET)
            continue;
        if (c->n == room) {
            room = room ? 2 * room : 4096;
            segment *more = realloc(c->segments, room * sizeof(*more));
            if (!more)
                return "out of memory";
            c->segments = more;
        }
        c->n += take_packet(r, &c->segments[c->n]);
    }
    return c->n ? NULL : "no TCP connection in it";
}

const char *capture_read(capture *c, const char *path)
{
    reader r = { .file = fopen(path, "rbe"), .block = malloc(MAX_BLOCK) };
    const char *wrong = "cannot be read";

    memset(c, 0, sizeof(*c));
    if (r.file && r.block)
        wrong = read_all(&r, c);
    if (r.file)
        fclose(r.file);
    free(r.block);
    return wrong;
}

void capture_free(capture *c)
{
    free(c->segments);
    c->segments = NULL;
    c->n = 0;
}
