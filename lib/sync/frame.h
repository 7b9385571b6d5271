/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames: what one datagram between members holds. doc/frames.md is the specification.
 *
 *    0  magic (2)        "MC"
 *    2  version (1)      bits 7-4 major, bits 3-0 minor
 *    3  flags (1)        bit 0 records are encrypted; bits 7-4: who does not know one refuses it
 *    4  sender (2)       member id
 *    6  destination (2)  member id, 0xffff for all
 *    8  cluster (4)      derived from the cluster key
 *   12  epoch (4)        of the sender's cookie keys, low 32 bits (rule R7)
 *   16  boot (8)         of the sender, chosen at random when it started (V19); never 0
 *   24  sequence (8)     of the sender in this boot, from 1
 *   32  records
 *       tag (16)         over everything before it
 *
 * Numbers are big endian. */
#ifndef MPCI_SYNC_FRAME_H
#define MPCI_SYNC_FRAME_H

#include <mpconn/sync.h>

#include "base/siphash.h"

enum {
    MPCI_FRAME_MAGIC = 0x4d43,
    MPCI_FRAME_VERSION = 0x10,
    MPCI_FRAME_HEADER = 32,
    MPCI_FRAME_TAG = 16,
    MPCI_FRAME_SEALED = 1 << 0,
    MPCI_FRAME_MUST_KNOW = 0xf0
};

typedef struct mpci_frame {
    uint8_t flags;
    uint16_t sender, destination;
    uint32_t cluster, epoch;
    uint64_t boot, sequence;
} mpci_frame;

/* What of the cluster key the frames need. */
typedef struct mpci_frame_key {
    mpci_sipkey tag;
    uint32_t cluster;
} mpci_frame_key;

void mpci_frame_key_init(mpci_frame_key *k, const mpci_sipkey *root);

/* Read and check all of the header that needs no key. Returns an mpconn_sync_reason: TAKEN, or why
 * the frame is refused. */
unsigned mpci_frame_parse(mpci_frame *f, const uint8_t *bytes, size_t len);

/* Write a header. */
void mpci_frame_write(const mpci_frame *f, uint8_t bytes[MPCI_FRAME_HEADER]);

/* Tag of the first `len` bytes; and whether the 16 bytes after them are that tag, in constant
 * time. */
void mpci_frame_tag(const mpci_frame_key *k, const uint8_t *bytes, size_t len, uint8_t *tag);
int mpci_frame_tag_fits(const mpci_frame_key *k, const uint8_t *bytes, size_t len);

#endif
