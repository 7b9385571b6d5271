/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/frame.h"

#include <net/ethernet.h>
#include <stdlib.h>
#include <string.h>

_Static_assert((FRAME_HEADROOM + ETH_HLEN) % 16 == 0, "the IP header is aligned");

void frame_pool_init(frame_pool *pool, size_t limit)
{
    pool->idle = NULL;
    pool->made = 0;
    pool->limit = limit;
}

void frame_pool_fini(frame_pool *pool)
{
    while (pool->idle) {
        frame *f = pool->idle;
        pool->idle = f->next;
        free(f);
    }
}

bool frame_pool_has(const frame_pool *pool)
{
    return pool->idle || pool->made < pool->limit;
}

frame *frame_new(frame_pool *pool)
{
    frame *f = pool->idle;
    if (f) {
        pool->idle = f->next;
    } else {
        if (pool->made == pool->limit)
            return NULL;
        f = aligned_alloc(64, (sizeof(*f) + 63) / 64 * 64);
        if (!f)
            return NULL;
        pool->made++;
    }
    /* everything but the bytes of the packet */
    memset(f, 0, offsetof(frame, room));
    f->pkt.user = f;
    f->pkt.data = frame_receive_at(f);
    f->pkt.cap = FRAME_BYTES;
    f->pkt.headroom = FRAME_HEADROOM;
    return f;
}

void frame_del(frame_pool *pool, frame *f)
{
    f->next = pool->idle;
    pool->idle = f;
}

frame *frame_copy(frame_pool *pool, const frame *f)
{
    frame *copy = frame_new(pool);
    if (!copy)
        return NULL;
    size_t at = (size_t)(f->pkt.data - f->room);
    memcpy(copy, f, offsetof(frame, room));
    memcpy(copy->room + at, f->pkt.data, f->pkt.len);
    copy->next = NULL;
    copy->pkt.user = copy;
    copy->pkt.data = copy->room + at;
    copy->pkt.ext = f->pkt.ext ? &copy->ext : NULL;
    return copy;
}

static uint16_t read16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static void write16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static bool is_tag(uint16_t type)
{
    return type == ETHERTYPE_VLAN || type == 0x88a8;
}

bool frame_parse(frame *f, size_t len, bool tagged, uint16_t tag_type, uint16_t tag)
{
    const uint8_t *start = frame_receive_at(f);
    if (len < ETH_HLEN)
        return false;
    memcpy(f->l2.bytes, start, 2 * ETH_ALEN);
    size_t at = 2 * ETH_ALEN, out = at;
    if (tagged) {
        write16(f->l2.bytes + out, tag_type);
        write16(f->l2.bytes + out + 2, tag);
        out += 4;
    }
    while (is_tag(read16(start + at))) {
        if (at + 6 > len || out + 6 > L2_MAX)
            return false;
        memcpy(f->l2.bytes + out, start + at, 4);
        at += 4;
        out += 4;
    }
    f->type = read16(start + at);
    write16(f->l2.bytes + out, f->type);
    f->l2.len = (uint8_t)(out + 2);
    f->vlan = l2_vlan(&f->l2);
    f->zone = f->vlan;
    at += 2;
    f->pkt.data = frame_receive_at(f) + at;
    f->pkt.len = (uint32_t)(len - at);
    f->pkt.cap = (uint32_t)(FRAME_BYTES - at);
    f->pkt.headroom = (uint32_t)(FRAME_HEADROOM + at);
    /* csum_start counts from the start of the frame, and tags were put back into it */
    if (f->vnet.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM)
        f->vnet.csum_start = (uint16_t)(f->vnet.csum_start + (tagged ? 4 : 0));
    return true;
}

bool frame_is_ip(const frame *f)
{
    return f->type == ETHERTYPE_IP || f->type == ETHERTYPE_IPV6;
}

void frame_prepare(frame *f)
{
    f->pkt.ext = &f->ext;
    MPCONN_STRUCT_INIT(&f->ext);
    f->pkt.flags = 0;
    if (f->vnet.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM)
        f->pkt.flags |= MPCONN_PKT_F_CSUM_PARTIAL;
    else if (f->vnet.flags & VIRTIO_NET_HDR_F_DATA_VALID)
        f->pkt.flags |= MPCONN_PKT_F_CSUM_OK;
    if (f->vnet.gso_type != VIRTIO_NET_HDR_GSO_NONE) {
        f->ext.gso_type = f->vnet.gso_type;
        f->ext.gso_size = f->vnet.gso_size;
    }
    f->pkt.link = f->in_link;
    f->pkt.side = f->in_side;
    f->pkt.zone = f->zone;
}

uint16_t l2_vlan(const l2_header *h)
{
    uint16_t vlan = 0;

    for (size_t at = 2 * ETH_ALEN; vlan == 0 && at + 6 <= h->len; at += 4)
        vlan = read16(h->bytes + at + 2) & 0xfff;
    return vlan;
}

void l2_reverse(l2_header *back, const l2_header *h)
{
    *back = *h;
    memcpy(back->bytes, h->bytes + ETH_ALEN, ETH_ALEN);
    memcpy(back->bytes + ETH_ALEN, h->bytes, ETH_ALEN);
}

void frame_list_init(frame_list *list)
{
    list->head = NULL;
    list->tail = &list->head;
    list->n = 0;
}

void frame_list_add(frame_list *list, frame *f)
{
    f->next = NULL;
    *list->tail = f;
    list->tail = &f->next;
    list->n++;
}

frame *frame_list_take(frame_list *list)
{
    frame *f = list->head;
    if (!f)
        return NULL;
    list->head = f->next;
    if (!list->head)
        list->tail = &list->head;
    list->n--;
    return f;
}

void frame_list_move(frame_list *to, frame_list *from)
{
    frame *f;
    while ((f = frame_list_take(from)))
        frame_list_add(to, f);
}

void frame_list_clear(frame_list *list, frame_pool *pool)
{
    frame *f;
    while ((f = frame_list_take(list)))
        frame_del(pool, f);
}
