/* SPDX-License-Identifier: BSD-2-Clause */
/* Ports: network interfaces as AF_PACKET sockets, read and written in batches. */
#ifndef HOST_PORT_H
#define HOST_PORT_H

#include "host/frame.h"

#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/socket.h>

#define PORT_BATCH 64

typedef struct port_counters {
    uint64_t frames_in, bytes_in, super_segments_in;
    uint64_t frames_out, bytes_out;
    uint64_t unusable_in;   /* too long, too short, or with too many tags */
    uint64_t too_long_out;  /* longer than the interface's MTU allows */
    uint64_t failed_out;    /* refused by the kernel: interface down, no buffer */
    uint64_t dropped_in;    /* by the kernel, because we were too slow */
} port_counters;

/* A frame on its way out. The packet's bytes are not copied: they stay until port_flush. */
typedef struct port_slot {
    struct virtio_net_hdr vnet;
    l2_header l2;
    struct iovec iov[3];
} port_slot;

/* A frame that waits to be received into. Set up once, and again only when it was used: touching
 * all of them at every call would cost more than receiving one. */
typedef struct port_receiver {
    frame *frame;
    struct iovec iov[2];
    union {
        struct cmsghdr align;
        uint8_t bytes[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
    } control;
} port_receiver;

typedef struct port {
    int fd;
    int ifindex;
    uint16_t number;
    uint8_t side;
    bool vnet_hdr;
    char name[IF_NAMESIZE];
    port_counters counters;
    size_t n_out;
    port_slot out[PORT_BATCH];
    port_receiver in[PORT_BATCH];
    struct mmsghdr messages[PORT_BATCH]; /* for recvmmsg(), one for each receiver */
} port;

/* What a port hears; never what we send ourselves. */
typedef enum port_ears {
    PORT_ALL,  /* every frame on the wire */
    PORT_HOST  /* IP packets in frames that are addressed to this host */
} port_ears;

/* Start listening on an interface. Returns NULL, or what failed; errno says why. */
const char *port_open(port *p, const char *name, uint8_t side, port_ears ears, bool vnet_hdr);
void port_close(port *p, frame_pool *pool);

/* Read what is there, up to PORT_BATCH frames. Returns how many. */
size_t port_receive(port *p, frame **frames, frame_pool *pool);
/* Whether there is a buffer to read into. */
bool port_has_room(const port *p, const frame_pool *pool);

/* Queue the packet under this header; port_flush sends it. */
void port_queue(port *p, const l2_header *l2, const frame *f);
void port_flush(port *p);

/* The counters, with those that the kernel keeps. */
const port_counters *port_read_counters(port *p);

#endif
