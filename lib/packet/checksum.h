/* SPDX-License-Identifier: BSD-2-Clause */
/* The Internet checksum: full (RFC 1071) and incremental (RFC 1624 equation 3). */
#ifndef MPCI_PACKET_CHECKSUM_H
#define MPCI_PACKET_CHECKSUM_H

#include "base/byteorder.h"

#include <mpconn/base.h>

/* Sum of 16-bit big-endian words, not folded, continuing `sum`. An odd last byte is the high half
 * of a word. */
uint64_t mpci_csum_add(uint64_t sum, const uint8_t *data, size_t len);

/* Fold to 16 bits, not complemented. A word plus itself with its halves exchanged has their sum in
 * the upper half, and the carry that comes round with it. */
static inline uint16_t mpci_csum_fold(uint64_t sum)
{
    uint32_t word = (uint32_t)((sum + (sum << 32 | sum >> 32)) >> 32);

    return (uint16_t)((word + (word << 16 | word >> 16)) >> 16);
}

/* Pseudo-header sum, not folded; family 4 or 6, addresses in network order. */
uint64_t mpci_csum_pseudo(unsigned family, const uint8_t *src, const uint8_t *dst, unsigned proto,
                          uint32_t l4_len);

/* A change to a checksummed area, collected field by field and applied once. Each *_set writes the
 * new value at p and adds ~old + new; `odd` fields (at an odd offset from the start of the
 * checksummed header) are handled by parity of `offset`. */
typedef struct mpci_csum_change {
    uint64_t sum;
} mpci_csum_change;

/* Add ~old + new, RFC 1624 equation 3; a word of 32 bits sums as its two halves do. At an odd
 * offset the bytes stand one place further on, which is a factor of 2^8 (2^16 is 1 here). */
static inline void mpci_csum_set16(mpci_csum_change *c, uint8_t *base, size_t offset,
                                   uint16_t value)
{
    uint16_t old = mpci_load16(base + offset);

    c->sum += ((uint64_t)(uint16_t)~old + value) << (offset & 1 ? 8 : 0);
    mpci_store16(base + offset, value);
}

static inline void mpci_csum_set32(mpci_csum_change *c, uint8_t *base, size_t offset,
                                   uint32_t value)
{
    uint32_t old = mpci_load32(base + offset);

    c->sum += ((uint64_t)(uint32_t)~old + value) << (offset & 1 ? 8 : 0);
    mpci_store32(base + offset, value);
}

/* Replace len bytes (any alignment). */
void mpci_csum_set_bytes(mpci_csum_change *c, uint8_t *base, size_t offset, const uint8_t *bytes,
                         size_t len);

/* Put the change into the complemented checksum field at `field`. A change that sums to nothing
 * leaves the field bit for bit, even one that says 0xffff where others say 0. */
static inline void mpci_csum_apply(const mpci_csum_change *c, uint8_t *field)
{
    uint32_t change = mpci_csum_fold(c->sum);
    uint32_t sum = (uint16_t)~mpci_load16(field) + change;

    if (change != 0 && change != 0xffff)
        mpci_store16(field, (uint16_t)~((sum & 0xffff) + (sum >> 16)));
}

/* Put the change into a field that holds a pseudo-header sum, not complemented (transmit offload);
 * only changes to the pseudo-header belong here. */
static inline void mpci_csum_apply_partial(const mpci_csum_change *c, uint8_t *field)
{
    uint32_t change = mpci_csum_fold(c->sum);
    uint32_t sum = mpci_load16(field) + change;

    if (change != 0 && change != 0xffff)
        mpci_store16(field, (uint16_t)((sum & 0xffff) + (sum >> 16)));
}

#endif
