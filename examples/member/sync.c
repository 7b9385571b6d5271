/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames between members. A peer with an address is spoken to at that address, all others at once
 * by the group.
 */
#include "member/sync.h"

#include "host/datagram.h"

/* So many at a time, so that packets do not wait for a burst of frames. */
#define SYNC_BATCH 64
/* Frames that can be delayed at a time. */
#define SYNC_FRAMES 1024

const char *sync_open(member *m)
{
    const options *o = &m->options;
    const char *failed = channel_open(&m->sync.point, &o->point);

    frame_pool_init(&m->sync.pool, SYNC_FRAMES);
    impair_init(&m->sync.impair, &o->sync_impair);
    if (!failed) {
        m->sync.failed = o->group_text;
        failed = channel_open(&m->sync.group, &o->group);
    } else {
        m->sync.failed = o->point_text;
        m->sync.group.fd = -1;
    }
    return failed;
}

void sync_close(member *m)
{
    channel_close(&m->sync.point);
    channel_close(&m->sync.group);
    impair_clear(&m->sync.impair, &m->sync.pool);
    frame_pool_fini(&m->sync.pool);
}

size_t sync_poll(const member *m, struct pollfd *fds)
{
    size_t n = 0;
    if (m->sync.point.fd >= 0)
        fds[n++] = (struct pollfd){ .fd = m->sync.point.fd, .events = POLLIN };
    if (m->sync.group.fd >= 0)
        fds[n++] = (struct pollfd){ .fd = m->sync.group.fd, .events = POLLIN };
    return n;
}

static void record(member *m, bool outbound, const channel_address *from, const channel_address *to,
                   const uint8_t *bytes, size_t len)
{
    frame *f = m->pcap.file ? frame_new(&m->sync.pool) : NULL;
    if (!f)
        return;
    datagram_frame(f, from, to, bytes, len);
    member_record(m, m->n_ports, outbound, &f->l2, f);
    frame_del(&m->sync.pool, f);
}

/* What the system refuses was on record before: to the others it is the same as lost. */
static int send_by(member *m, channel *c, const channel_address *to, const uint8_t *bytes,
                   size_t len)
{
    record(m, true, &c->config.address, to, bytes, len);
    return channel_send(c, to, bytes, len);
}

int sync_send(void *user, uint32_t to, const uint8_t *bytes, size_t len)
{
    member *m = user;
    const options *o = &m->options;
    int status = 0;
    bool to_group = false;

    for (size_t i = 0; i < o->n_peers; i++) {
        const peer *p = &o->peers[i];
        if (p->id != to && to != MPCONN_MEMBER_ALL)
            continue;
        if (p->address.len == 0)
            to_group = true;
        else if (send_by(m, &m->sync.point, &p->address, bytes, len) < 0)
            status = -1;
    }
    if (to_group && m->sync.group.fd >= 0 &&
        send_by(m, &m->sync.group, &m->sync.group.config.address, bytes, len) < 0)
        status = -1;
    return status;
}

static void take(member *m, frame *f)
{
    recorder_sync_input(&m->engine, f->pkt.data, f->pkt.len, NULL, member_now());
    frame_del(&m->sync.pool, f);
}

static void receive(member *m, channel *c)
{
    for (size_t i = 0; i < SYNC_BATCH && c->fd >= 0; i++) {
        frame *f = frame_new(&m->sync.pool);
        if (!f)
            return;
        channel_address from;
        ptrdiff_t n = channel_receive(c, f->pkt.data, f->pkt.cap, &from);
        if (n < 0) {
            frame_del(&m->sync.pool, f);
            return;
        }
        f->pkt.len = (uint32_t)n;
        record(m, false, &from, &c->config.address, f->pkt.data, f->pkt.len);
        if (impair_active(&m->sync.impair))
            impair_put(&m->sync.impair, f, &m->sync.pool, member_now());
        else
            take(m, f);
    }
}

void sync_handle(member *m)
{
    frame *f;

    receive(m, &m->sync.point);
    receive(m, &m->sync.group);
    while ((f = impair_take(&m->sync.impair, member_now())))
        take(m, f);
    member_carry_out(m);
}

mpconn_time sync_next(const member *m)
{
    return impair_next(&m->sync.impair);
}
