/* SPDX-License-Identifier: BSD-2-Clause */
/* See host/pcapng.c for the format. Only files of this machine's byte order are read. */
#include "demo/message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_INTERFACE = 1, BLOCK_PACKET = 6, MAX_INTERFACES = 16, MAX_BLOCK = 1 << 17 };
enum { OPTION_IF_DESCRIPTION = 3, OPTION_PACKET_FLAGS = 2, FLAG_OUTBOUND = 2 };

typedef struct reader {
    FILE *file;
    uint8_t *block; /* the body of the block at hand */
    uint32_t type, len;
    uint8_t sides[MAX_INTERFACES];
    uint32_t n_interfaces;
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
    static const char *const names[] = { "client", "server", "members" };
    uint16_t len;
    const uint8_t *name = find_option(r, 8, OPTION_IF_DESCRIPTION, &len);

    for (uint8_t side = 0; name && side < 3; side++) {
        if (len == strlen(names[side]) && memcmp(name, names[side], len) == 0 &&
            r->n_interfaces < MAX_INTERFACES) {
            r->sides[r->n_interfaces++] = side;
            return true;
        }
    }
    return false;
}

/* What follows the IP header of a frame if it is of this protocol and its first `need` bytes are
 * there, and how many bytes the packet has from there on, and how many of them are there. */
static const uint8_t *find_payload(const uint8_t *frame, uint32_t kept, uint8_t protocol,
                                   uint32_t need, uint32_t *len, uint32_t *here)
{
    uint32_t at = 14, total = 0;

    while (at + 4 <= kept && (net16(frame + at - 2) == 0x8100 || net16(frame + at - 2) == 0x88a8))
        at += 4;
    if (at + 20 <= kept && net16(frame + at - 2) == 0x0800 && frame[at + 9] == protocol) {
        total = at + net16(frame + at + 2);
        at += (frame[at] & 15u) * 4;
    } else if (at + 40 <= kept && net16(frame + at - 2) == 0x86dd && frame[at + 6] == protocol) {
        at += 40;
        total = at + net16(frame + at - 36);
    }
    if (at + need > total || at + need > kept)
        return NULL;
    *len = total - at;
    *here = (kept < total ? kept : total) - at;
    return frame + at;
}

static bool take_segment(event *e, const uint8_t *frame, uint32_t kept)
{
    uint32_t len, here;
    const uint8_t *tcp = find_payload(frame, kept, 6, 20, &len, &here);
    segment *s = &e->as.s;

    if (!tcp || (tcp[12] >> 4) * 4u > len)
        return false;
    s->toward = e->left ? e->side : !e->side;
    s->seq = net32(tcp + 4);
    s->ack = net32(tcp + 8);
    s->flags = tcp[13];
    s->window = net16(tcp + 14);
    s->len = len - (tcp[12] >> 4) * 4u;
    memcpy(s->ports, s->toward == SERVER ? tcp : tcp + 2, 2);
    memcpy(s->ports + 2, s->toward == SERVER ? tcp + 2 : tcp, 2);
    return true;
}

static bool take_message(event *e, const uint8_t *frame, uint32_t kept)
{
    uint32_t len, here;
    const uint8_t *udp = find_payload(frame, kept, 17, 8, &len, &here);

    return udp && message_read(&e->as.m, udp + 8, here - 8, len - 8);
}

static bool take_packet(const reader *r, event *e)
{
    uint16_t option_len;

    if (r->len < 20)
        return false;
    uint32_t interface = native32(r->block), kept = native32(r->block + 12);
    if (interface >= r->n_interfaces || kept > r->len - 20)
        return false;
    const uint8_t *flags = find_option(r, 20 + ((kept + 3) & ~3u), OPTION_PACKET_FLAGS,
                                       &option_len);
    if (!flags || option_len != 4)
        return false;
    e->at_ns = (uint64_t)native32(r->block + 4) << 32 | native32(r->block + 8);
    e->side = r->sides[interface];
    e->left = (native32(flags) & 3) == FLAG_OUTBOUND;
    return e->side == MEMBERS ? take_message(e, r->block + 20, kept)
                              : take_segment(e, r->block + 20, kept);
}

/* Room for one more event. */
static bool make_room(capture *c)
{
    if (c->n < c->room)
        return true;
    size_t room = c->room ? 2 * c->room : 4096;
    event *more = realloc(c->events, room * sizeof(*more));
    if (!more)
        return false;
    c->events = more;
    c->room = room;
    return true;
}

static const char *read_all(reader *r, capture *c)
{
    while (next_block(r)) {
        if (r->type == BLOCK_INTERFACE && !take_interface(r))
            return "not a capture of mpconn-member";
        if (r->type != BLOCK_PACKET)
            continue;
        if (!make_room(c))
            return "out of memory";
        event *e = &c->events[c->n];
        memset(e, 0, sizeof(*e));
        e->order = c->n;
        e->member = c->n_members;
        c->n += take_packet(r, e);
    }
    return r->n_interfaces ? NULL : "not a capture of mpconn-member";
}

const char *capture_add(capture *c, const char *path)
{
    reader r = { .file = fopen(path, "rbe"), .block = malloc(MAX_BLOCK) };
    const char *wrong = "cannot be read";

    if (r.file && r.block)
        wrong = read_all(&r, c);
    if (r.file)
        fclose(r.file);
    free(r.block);
    c->n_members++;
    return wrong;
}

static int compare_events(const void *a, const void *b)
{
    const event *first = a, *second = b;
    if (first->at_ns != second->at_ns)
        return first->at_ns < second->at_ns ? -1 : 1;
    return first->order < second->order ? -1 : first->order > second->order;
}

static bool opens(const event *e)
{
    return e->side != MEMBERS && (e->as.s.flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;
}

const char *capture_finish(capture *c)
{
    size_t first = 0, n = 0;
    uint8_t ports[4];

    if (c->n)
        qsort(c->events, c->n, sizeof(event), compare_events);
    while (first < c->n && !opens(&c->events[first]))
        first++;
    if (first == c->n)
        return "no TCP connection in it";
    memcpy(ports, c->events[first].as.s.ports, sizeof(ports));
    for (size_t i = 0; i < c->n; i++) {
        const event *e = &c->events[i];
        if (e->side == MEMBERS || (i >= first && memcmp(e->as.s.ports, ports, sizeof(ports)) == 0))
            c->events[n++] = *e;
    }
    c->n = n;
    return NULL;
}

void capture_free(capture *c)
{
    free(c->events);
    memset(c, 0, sizeof(*c));
}
