/* SPDX-License-Identifier: BSD-2-Clause */
/* Loads and stores of wire-order numbers at any address. */
#ifndef MPCI_BASE_BYTEORDER_H
#define MPCI_BASE_BYTEORDER_H

#include <stdint.h>
#include <string.h>

static inline uint16_t mpci_load16(const uint8_t *p)
{
    return (uint16_t)((uint16_t)p[0] << 8 | p[1]);
}

static inline uint32_t mpci_load32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline void mpci_store16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static inline void mpci_store32(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 24);
    p[1] = (uint8_t)(v >> 16);
    p[2] = (uint8_t)(v >> 8);
    p[3] = (uint8_t)v;
}

static inline uint64_t mpci_load64(const uint8_t *p)
{
    return (uint64_t)mpci_load32(p) << 32 | mpci_load32(p + 4);
}

static inline void mpci_store64(uint8_t *p, uint64_t v)
{
    mpci_store32(p, (uint32_t)(v >> 32));
    mpci_store32(p + 4, (uint32_t)v);
}

static inline void mpci_store64le(uint8_t *p, uint64_t v)
{
    for (unsigned i = 0; i < 8; i++)
        p[i] = (uint8_t)(v >> (8 * i));
}

/* Written out, not looped: as one expression it becomes one load. */
static inline uint64_t mpci_load64le(const uint8_t *p)
{
    return (uint64_t)p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 | (uint64_t)p[3] << 24 |
           (uint64_t)p[4] << 32 | (uint64_t)p[5] << 40 | (uint64_t)p[6] << 48 |
           (uint64_t)p[7] << 56;
}

#endif
