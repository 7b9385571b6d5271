/* SPDX-License-Identifier: BSD-2-Clause */
/* The Internet checksum: full (RFC 1071) and incremental (RFC 1624 equation 3). */
#ifndef MPCI_PACKET_CHECKSUM_H
#define MPCI_PACKET_CHECKSUM_H

#include <mpconn/base.h>

/* Sum of 16-bit big-endian words, not folded, continuing `sum`. An odd last byte is the high half
 * of a word. */
uint64_t mpci_csum_add(uint64_t sum, const uint8_t *data, size_t len);

/* Fold to 16 bits, not complemented. */
uint16_t mpci_csum_fold(uint64_t sum);

/* Pseudo-header sum, not folded; family 4 or 6, addresses in network order. */
uint64_t mpci_csum_pseudo(unsigned family, const uint8_t *src, const uint8_t *dst, unsigned proto,
                          uint32_t l4_len);

/* A change to a checksummed area, collected field by field and applied once. Each *_set writes the
 * new value at p and adds ~old + new; `odd` fields (at an odd offset from the start of the
 * checksummed header) are handled by parity of `offset`. */
typedef struct mpci_csum_change {
    uint64_t sum;
} mpci_csum_change;

void mpci_csum_set16(mpci_csum_change *c, uint8_t *base, size_t offset, uint16_t value);
void mpci_csum_set32(mpci_csum_change *c, uint8_t *base, size_t offset, uint32_t value);
/* Replace len bytes (any alignment). */
void mpci_csum_set_bytes(mpci_csum_change *c, uint8_t *base, size_t offset, const uint8_t *bytes,
                         size_t len);

/* Put the change into the complemented checksum field at `field`. */
void mpci_csum_apply(const mpci_csum_change *c, uint8_t *field);

/* Put the change into a field that holds a pseudo-header sum, not complemented (transmit offload);
 * only changes to the pseudo-header belong here. */
void mpci_csum_apply_partial(const mpci_csum_change *c, uint8_t *field);

#endif
