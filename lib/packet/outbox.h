/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets made during one call, sent together when it ends or when the box is full. */
#ifndef MPCI_PACKET_OUTBOX_H
#define MPCI_PACKET_OUTBOX_H

#include "base/counters.h"
#include "packet/build.h"

/* As many segments as there are slots; ICMP errors take the room of several. */
enum { MPCI_OUTBOX_SLOTS = 64, MPCI_OUTBOX_ROOM = MPCI_BUILD_MAX + 4 };

typedef int (*mpci_outbox_send)(void *user, const mpconn_pkt *const *pkts, size_t n_pkts);

/* May this packet be sent, and by which link? 0: it has gone another way. */
typedef int (*mpci_outbox_made)(void *maker, mpconn_pkt *pkt);

typedef struct mpci_outbox {
    mpconn_pkt pkts[MPCI_OUTBOX_SLOTS];
    const mpconn_pkt *list[MPCI_OUTBOX_SLOTS];
    uint8_t bytes[MPCI_OUTBOX_SLOTS * MPCI_OUTBOX_ROOM];
    unsigned n;
    uint32_t used; /* of bytes */
    uint64_t sent; /* given to `send`, taken or not */
    mpci_outbox_send send;
    void *user;
    mpci_outbox_made made;
    void *maker;
    mpci_counters *counters;
} mpci_outbox;

void mpci_outbox_init(mpci_outbox *box, mpci_outbox_send send, void *user, mpci_counters *counters);

/* Build a segment and queue it to leave by `link`. `reason` is what it counts as. */
void mpci_outbox_put(mpci_outbox *box, const mpci_segment *s, uint32_t link, uint32_t mark,
                     unsigned reason);

/* The same of an ICMP error about a packet: it goes to the side that that came from. */
void mpci_outbox_put_icmp(mpci_outbox *box, const mpci_icmp *m, const mpconn_pkt *about,
                          uint32_t link, unsigned reason);

/* Queue a copy of a packet that is ready; its reason is what it counts as. */
void mpci_outbox_put_ready(mpci_outbox *box, const mpconn_pkt *ready);

/* Hand all that is queued to the host; what it does not take is lost, and counted. */
void mpci_outbox_flush(mpci_outbox *box);

#endif
