/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames: a packet for the engine, the link-layer header it came with, and the buffer of both. */
#ifndef HOST_FRAME_H
#define HOST_FRAME_H

#include <linux/virtio_net.h>
#include <mpconn/packet.h>
#include <stdbool.h>

/* Two addresses, two tags, a type: 22 bytes. The rest is room for deeper stacks of tags. */
#define L2_MAX 30
#define L2_MIN 14

typedef struct l2_header {
    uint8_t bytes[L2_MAX];
    uint8_t len;
} l2_header;

/* Room before the packet, so that it can grow without being moved (mpconn_engine_headroom). With
 * the 14 bytes of a plain Ethernet header the IP header starts at a multiple of 16. */
#define FRAME_HEADROOM 242
/* A super-segment is at most an IP packet of 64 KiB. */
#define FRAME_BYTES (65536 + 64)

typedef struct frame {
    mpconn_pkt pkt;              /* pkt.user points to the frame */
    mpconn_pkt_ext ext;
    struct frame *next;          /* in a frame_list */
    struct virtio_net_hdr vnet;  /* as received; zero on a frame the engine made */
    l2_header l2;                /* as received, tags put back */
    uint64_t due;                /* when an impaired frame goes on */
    uint32_t in_link;            /* link it came by */
    uint16_t in_port;
    uint16_t type;               /* EtherType after the tags; below 0x600 a length */
    uint16_t vlan;               /* identifier of the outermost tag, 0 = none */
    uint16_t zone;               /* that of the packet: the VLAN, if the host knows no better */
    uint8_t in_side;
    uint8_t room[FRAME_HEADROOM + FRAME_BYTES] __attribute__((aligned(16)));
} frame;

typedef struct frame_list {
    frame *head, **tail;
    size_t n;
} frame_list;

/* Frames are made one by one up to a limit, and kept for the next use. */
typedef struct frame_pool {
    frame *idle;
    size_t made, limit;
} frame_pool;

void frame_pool_init(frame_pool *pool, size_t limit);
void frame_pool_fini(frame_pool *pool);
bool frame_pool_has(const frame_pool *pool);
/* An empty frame, or NULL when the pool is used up. */
frame *frame_new(frame_pool *pool);
void frame_del(frame_pool *pool, frame *f);
frame *frame_copy(frame_pool *pool, const frame *f);

/* Where a received frame goes: the start of its Ethernet header. */
static inline uint8_t *frame_receive_at(frame *f)
{
    return f->room + FRAME_HEADROOM;
}

/* Take a received frame apart: `len` bytes, and the tag that the kernel took off, if any. Returns
 * false for what is too short to be a frame or carries more tags than we know to put back. */
bool frame_parse(frame *f, size_t len, bool tagged, uint16_t tag_type, uint16_t tag);
bool frame_is_ip(const frame *f);
/* Set what the engine reads, from what is known of the frame. Also before it is submitted again. */
void frame_prepare(frame *f);

/* Identifier of the outermost tag that has one, 0 = none. */
uint16_t l2_vlan(const l2_header *h);
/* The header that sends a frame back to where this one came from. Twice gives it again. */
void l2_reverse(l2_header *back, const l2_header *h);

void frame_list_init(frame_list *list);
void frame_list_add(frame_list *list, frame *f);
frame *frame_list_take(frame_list *list);
void frame_list_move(frame_list *to, frame_list *from);
void frame_list_clear(frame_list *list, frame_pool *pool);

#endif
