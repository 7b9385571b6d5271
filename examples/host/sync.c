/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/sync.h"

#include "host/cli.h"
#include "host/datagram.h"
#include "host/ether.h"
#include "host/wait.h"

#include <string.h>

/* So many at a time, so that packets do not wait for a burst of frames. */
#define SYNC_BATCH 64
/* Frames that can be delayed at a time. */
#define SYNC_FRAMES 1024

/* Options */

const char *sync_set_channel(sync_config *c, const char *value)
{
    channel_config config;
    const char *wrong = channel_parse(&config, value);
    const bool to_one = config.kind == CHANNEL_UDP || config.kind == CHANNEL_ETHER;
    const bool to_group = config.kind != CHANNEL_UDP;

    if (wrong)
        return wrong;
    if ((to_one && c->point_text) || (to_group && c->group_text))
        return "one point to point and one to a group at most";
    if (to_one) {
        c->point = config;
        c->point_text = value;
    }
    if (to_group) {
        c->group = config;
        c->group_text = value;
    }
    if (to_one && to_group)
        ether_make_group(&c->group);
    return NULL;
}

static const char *parse_peer_address(channel_address *out, const char *text)
{
    return ether_parse_station(out, text) ? NULL : channel_parse_address(out, text);
}

/* ID, ID=ADDR:PORT or ID=MAC */
const char *sync_add_peer(sync_config *c, const char *value)
{
    char number[16];
    size_t len = strcspn(value, "=");
    sync_peer *p = &c->peers[c->n_peers];

    if (c->n_peers == SYNC_PEERS)
        return "too many members";
    if (len >= sizeof(number))
        return "expected ID=ADDR:PORT";
    memcpy(number, value, len);
    number[len] = '\0';
    if (cli_member(&p->id, number))
        return "expected ID=ADDR:PORT";
    for (size_t i = 0; i < c->n_peers; i++) {
        if (c->peers[i].id == p->id)
            return "the same member twice";
    }
    c->n_peers++;
    return value[len] ? parse_peer_address(&p->address, value + len + 1) : NULL;
}

void sync_require_ways(const sync_config *c, uint32_t self)
{
    if (c->n_peers == 0 && (c->point_text || c->group_text))
        die(EXIT_USAGE, "--peer ID=ADDR:PORT is missing");
    for (size_t i = 0; i < c->n_peers; i++) {
        const sync_peer *p = &c->peers[i];
        if (p->id == self)
            die(EXIT_USAGE, "--peer %u: that is this member", p->id);
        if (p->address.len == 0 && !c->group_text)
            die(EXIT_USAGE, "--peer %u: without an address, and there is no group", p->id);
        if (p->address.len != 0 && !c->point_text)
            die(EXIT_USAGE, "--peer %u: --sync udp: or ether: is missing", p->id);
        if (p->address.len != 0 && p->address.at.ss_family != c->point.address.at.ss_family)
            die(EXIT_USAGE, "--peer %u: not an address of the same kind as --sync", p->id);
    }
}

void sync_members(const sync_config *c, uint16_t *members)
{
    for (size_t i = 0; i < c->n_peers; i++)
        members[i] = (uint16_t)c->peers[i].id;
}

/* Channels */

const char *sync_open(sync_io *s, const sync_config *config, recorder *engine, sync_note *note,
                      void *user)
{
    const char *failed;

    s->config = config;
    s->engine = engine;
    s->note = note;
    s->user = user;
    frame_pool_init(&s->pool, SYNC_FRAMES);
    impair_init(&s->impair, &config->impair);
    s->group.fd = -1;
    s->failed = config->point_text;
    failed = channel_open(&s->point, &config->point);
    if (failed)
        return failed;
    s->failed = config->group_text;
    return channel_open(&s->group, &config->group);
}

void sync_close(sync_io *s)
{
    channel_close(&s->point);
    channel_close(&s->group);
    impair_clear(&s->impair, &s->pool);
    frame_pool_fini(&s->pool);
}

size_t sync_poll(const sync_io *s, struct pollfd *fds)
{
    size_t n = 0;
    if (s->point.fd >= 0)
        fds[n++] = (struct pollfd){ .fd = s->point.fd, .events = POLLIN };
    if (s->group.fd >= 0)
        fds[n++] = (struct pollfd){ .fd = s->group.fd, .events = POLLIN };
    return n;
}

static void note(sync_io *s, bool outbound, const channel_address *from, const channel_address *to,
                 const uint8_t *bytes, size_t len)
{
    frame *f = s->note ? frame_new(&s->pool) : NULL;
    if (!f)
        return;
    datagram_frame(f, from, to, bytes, len);
    s->note(s->user, outbound, f);
    frame_del(&s->pool, f);
}

/* What the system refuses was shown before: to the others it is the same as lost. */
static int send_by(sync_io *s, channel *c, const channel_address *to, const uint8_t *bytes,
                   size_t len)
{
    note(s, true, &c->config.address, to, bytes, len);
    return channel_send(c, to, bytes, len);
}

int sync_send(sync_io *s, uint32_t to, const uint8_t *bytes, size_t len)
{
    int status = 0;
    bool to_group = false;

    for (size_t i = 0; i < s->config->n_peers; i++) {
        const sync_peer *p = &s->config->peers[i];
        if (p->id != to && to != MPCONN_MEMBER_ALL)
            continue;
        if (p->address.len == 0)
            to_group = true;
        else if (send_by(s, &s->point, &p->address, bytes, len) < 0)
            status = -1;
    }
    if (to_group && s->group.fd >= 0 &&
        send_by(s, &s->group, &s->group.config.address, bytes, len) < 0)
        status = -1;
    return status;
}

static void take(sync_io *s, frame *f)
{
    recorder_sync_input(s->engine, f->pkt.data, f->pkt.len, NULL, host_now());
    frame_del(&s->pool, f);
}

static void receive(sync_io *s, channel *c)
{
    for (size_t i = 0; i < SYNC_BATCH && c->fd >= 0; i++) {
        frame *f = frame_new(&s->pool);
        if (!f)
            return;
        channel_address from;
        ptrdiff_t n = channel_receive(c, f->pkt.data, f->pkt.cap, &from);
        if (n < 0) {
            frame_del(&s->pool, f);
            return;
        }
        f->pkt.len = (uint32_t)n;
        note(s, false, &from, &c->config.address, f->pkt.data, f->pkt.len);
        if (impair_active(&s->impair))
            impair_put(&s->impair, f, &s->pool, host_now());
        else
            take(s, f);
    }
}

void sync_handle(sync_io *s)
{
    frame *f;

    receive(s, &s->point);
    receive(s, &s->group);
    while ((f = impair_take(&s->impair, host_now())))
        take(s, f);
}

mpconn_time sync_next(const sync_io *s)
{
    return impair_next(&s->impair);
}
