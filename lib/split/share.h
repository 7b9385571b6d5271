/* SPDX-License-Identifier: BSD-2-Clause */
/* What a handshake or a flow says to other members. */
#ifndef MPCI_SPLIT_SHARE_H
#define MPCI_SPLIT_SHARE_H

#include "split/split.h"

/* Flags of records. */
enum {
    MPCI_DRIVE_ASKS = 1 << 0,       /* does anybody know a commit of it? */
    MPCI_ANSWER_ALONE = 1 << 0,     /* nothing is known here of who drives */
    MPCI_FLOW_SPLIT = 1 << 0,
    MPCI_FLOW_REVERSE = 1 << 1,
    MPCI_FLOW_HEARD = 1 << 2,       /* the server was heard: its number is certain */
    MPCI_FLOW_GOES_ON = 1 << 3,     /* somebody spoke after its RST, which counts for nobody */
    MPCI_FLOW_LEAST_PATH = 1 << 4,  /* the server's segments may not become longer */
    MPCI_FLOW_RENDEZVOUS = 1 << 5,  /* both endpoints called */
    MPCI_FLOW_MOVED = 1 << 6,       /* one of those comes from elsewhere: an answer is awaited */
    MPCI_PLAIN_REVERSE = 1 << 0,    /* the server opened it */
    MPCI_QUERY_FROM_SERVER = 1 << 0, /* the segment that is asked about comes from the server */
    /* it was an ICMP error, which may pass: the driver counts them */
    MPCI_RST_UNREACHABLE = 1 << 0
};

/* Codes of REPLY and ACK. */
enum {
    MPCI_REPLY_NO = 1,              /* nothing is known */
    MPCI_REPLY_DEAD = 2,            /* the number is over */
    MPCI_REPLY_DRIVEN = 3,          /* somebody drives it; a commit will follow */
    MPCI_ACK_COMMIT = 1,
    MPCI_ACK_HEARD = 2              /* the server was heard after the commit */
};

uint32_t mpci_share_registrar(const mpci_split *sp, const mpconn_tuple *t);

/* Refused: another incarnation stands, of this generation. */
void mpci_share_stale(mpci_split *sp, const mpconn_tuple *t, uint32_t isn, uint16_t generation,
                      uint32_t to);
/* A flow is over; `code` is an mpconn_reason. */
void mpci_share_close(mpci_split *sp, uint32_t slot, uint32_t to, unsigned code);
void mpci_share_request(mpci_split *sp, const mpci_handshake *h, uint32_t to);
void mpci_share_drive(mpci_split *sp, const mpci_handshake *h, uint32_t to, unsigned flags);
void mpci_share_answer(mpci_split *sp, const mpci_handshake *h, uint32_t to, unsigned flags);
void mpci_share_plain(mpci_split *sp, const mpci_handshake *h, uint32_t to);
void mpci_share_commit(mpci_split *sp, const mpci_handshake *h, uint32_t to);
void mpci_share_flow(mpci_split *sp, uint32_t slot, uint32_t to);
/* The same of one whose endpoint has moved. */
void mpci_share_moved(mpci_split *sp, uint32_t slot, uint32_t to);
/* The same to all, when its life was `before` until now. */
void mpci_share_life(mpci_split *sp, uint32_t slot, uint8_t before);
/* A record that only names a connection: SHARE, STALE, QUERY, REPLY, CLOSE,
 * REACK, RST_SEEN, ACK. */
void mpci_share_word(mpci_split *sp, unsigned type, const mpconn_tuple *t, uint32_t isn,
                     uint32_t to, unsigned code);

/* An ICMP error says that the SYN does not get to the server. */
void mpci_share_unreachable(mpci_split *sp, const mpconn_tuple *t, uint32_t isn, uint32_t to);

/* The entry knows what the record says. */
void mpci_share_note_drive(mpci_handshake *h, const mpci_record *r);
void mpci_share_note_answer(mpci_handshake *h, const mpci_record *r);
void mpci_share_note_plain(mpci_handshake *h, const mpci_record *r);
void mpci_share_note_commit(mpci_handshake *h, const mpci_record *r);

#endif
