/* SPDX-License-Identifier: BSD-2-Clause */
/* Records: what members tell one another, each about one incarnation of one connection; those about
 * sessions have another form, which sync/session_record.h describes.
 *
 *   type (1)     bit 7 is part of it: who does not know the type refuses the record and says so;
 *                one without it is skipped
 *   length (1)   of what follows
 *   reference (1) and the parts of the name that it does not take from the record before:
 *     bit 0  IPv6
 *     bit 1  zone, client and server address, ports and x as before: nothing follows
 *     bit 2  server's address and port as before
 *     bit 3  client's address as before
 *     bit 4  zone follows (otherwise it is 0)
 *     zone (2), client's address (4 or 16), client's port (2), server's address (4 or 16), server's
 *     port (2), x (4)
 *   mask (1, or 2 for types of more than 8 fields): bit n says that field n follows; a field that
 *     does not is zero, and one that is zero does not follow
 *   fields, in the order of record.def
 *   extensions, up to the length: id (1; bit 7: who does not know it must refuse the record),
 *     length (1), bytes. Of records that can bring about an entry elsewhere the first may be
 *     BINDING: client's address (4 or 16), client's port (2), server's address (as long), server's
 *     port (2), as the server leg shows them; it is left out where that shows the name
 *
 * What a record refers to is the last one before it of a type that is known here; types that come
 * later must keep to that, or their records would change what those after them mean to a member
 * that skips them. Numbers are big endian. There is one way to write a record, and any other is
 * refused. */
#ifndef MPCI_SYNC_RECORD_H
#define MPCI_SYNC_RECORD_H

#include <mpconn/base.h>

#include "base/cursor.h"
#include "sync/record.def"
#include "sync/session_record.h"

enum mpci_record_type {
    MPCI_RECORD_NONE = 0,
    MPCI_RECORD_HELLO = 1, /* sync/hello.h */
#define MPCI_RECORD_TYPE(number, name, fields, meaning) MPCI_RECORD_##name = number,
    MPCI_RECORD_TYPES(MPCI_RECORD_TYPE)
    MPCI_SESSION_TYPES(MPCI_RECORD_TYPE)
#undef MPCI_RECORD_TYPE
    MPCI_RECORD_LIMIT = 23
};

enum mpci_record_extension {
#define MPCI_RECORD_EXTENSION(number, name, meaning) MPCI_EXTENSION_##name = number,
    MPCI_RECORD_EXTENSIONS(MPCI_RECORD_EXTENSION)
#undef MPCI_RECORD_EXTENSION
};

/* Bit 7 of the type of every record there is today: none may be missed. */
#define MPCI_RECORD_CRITICAL 0x80

/* The longest record with its type and length, and the shortest (one that refers to the one
 * before): what bounds the number of records in a frame. */
enum { MPCI_RECORD_ROOM = 145, MPCI_RECORD_SHORTEST = 4 };

typedef struct mpci_record {
    uint8_t type;          /* mpci_record_type */
    union {
        struct {
            uint8_t flags;
            uint8_t code;
            uint8_t server_options; /* conn/offers.h */
            uint16_t generation;
            uint16_t hs;           /* conn/offers.h */
            mpconn_tuple tuple;
            uint32_t client_isn;   /* x */
            uint32_t proxy_isn, server_isn, seq_offset, ts_offset;
            uint32_t client_ts, proxy_ts, server_ts;
            uint16_t client_window, server_window, server_mss;
            uint8_t state;
            uint16_t idle_s;
            uint32_t end[2], room[2];
            uint16_t max_window[2];
            uint32_t stamp;
            uint32_t seq, acked, tsval, tsecr; /* of a segment */
            uint16_t control, window, mss;
            uint8_t scale;
            mpconn_tuple server_leg; /* what that shows; family NONE = what `tuple` says */
        };
        mpci_session_record session; /* of one about a session, which has nothing else */
    };
} mpci_record;

/* What a record refers to: the one before it in the same frame. */
typedef struct mpci_record_context {
    mpconn_tuple tuple;    /* family NONE before the first */
    uint32_t client_isn;
} mpci_record_context;

enum mpci_record_result {
    MPCI_RECORD_OK,
    MPCI_RECORD_SKIPPED,   /* unknown, but need not be known */
    MPCI_RECORD_REFUSED,   /* unknown, and had to be known; the others of the frame count */
    MPCI_RECORD_MALFORMED  /* nothing in the frame counts */
};

/* Write a record; 0 and nothing written when there is no room. `c` moves on. */
int mpci_record_encode(mpci_writer *w, mpci_record_context *c, const mpci_record *r);

/* Read the next record; HELLO is returned with its body left in *body. `c` moves on. */
enum mpci_record_result mpci_record_decode(mpci_reader *frame, mpci_record_context *c,
                                           mpci_record *r, mpci_reader *body);

/* Is a record of this type about a session? */
static inline int mpci_record_is_about_session(unsigned type)
{
    return type >= MPCI_RECORD_SESSION && type <= MPCI_RECORD_SESSION_SUMS;
}

/* Can a record of this type say what the server leg shows? */
int mpci_record_has_leg(unsigned type);

/* Name of a type, NULL for a number that is not in use. */
const char *mpci_record_name(unsigned type);

#endif
