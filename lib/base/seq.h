/* SPDX-License-Identifier: BSD-2-Clause */
/* Sequence number arithmetic modulo 2^32 (RFC 9293 3.4). */
#ifndef MPCI_BASE_SEQ_H
#define MPCI_BASE_SEQ_H

#include <stdint.h>

/* Distance from b to a as a signed number; the two are taken to be less than 2^31 apart. */
static inline int32_t mpci_seq_diff(uint32_t a, uint32_t b)
{
    uint32_t d = a - b;
    return d < UINT32_C(0x80000000) ? (int32_t)d : -(int32_t)(UINT32_MAX - d) - 1;
}

static inline int mpci_seq_lt(uint32_t a, uint32_t b)
{
    return mpci_seq_diff(a, b) < 0;
}

static inline int mpci_seq_leq(uint32_t a, uint32_t b)
{
    return mpci_seq_diff(a, b) <= 0;
}

static inline uint32_t mpci_seq_max(uint32_t a, uint32_t b)
{
    return mpci_seq_lt(a, b) ? b : a;
}

#endif
