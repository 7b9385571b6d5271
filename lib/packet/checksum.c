/* SPDX-License-Identifier: BSD-2-Clause */
#include "packet/checksum.h"

#include "base/byteorder.h"

/* What does not fill a word of 64 bits, as the machine reads it: a sum of at most 2^34. */
static uint64_t add_tail(const uint8_t *data, size_t len)
{
    uint32_t word = 0;
    uint16_t half = 0, last = 0;

    if (len & 4) {
        memcpy(&word, data, sizeof word);
        data += sizeof word;
    }
    if (len & 2) {
        memcpy(&half, data, sizeof half);
        data += sizeof half;
    }
    if (len & 1)
        memcpy(&last, data, 1);
    return (uint64_t)word + half + last;
}

/* One's complement addition does not care in which order the bytes of all words stand (RFC 1071
 * 2 B), so the loop adds words as the machine reads them, with the carries aside, and only the
 * result is turned. */
uint64_t mpci_csum_add(uint64_t sum, const uint8_t *data, size_t len)
{
    uint64_t total = 0, carries = 0, word;
    uint16_t native;
    uint8_t bytes[2];

    for (; len >= sizeof word; len -= sizeof word, data += sizeof word) {
        memcpy(&word, data, sizeof word);
        total += word;
        carries += total < word;
    }
    native = mpci_csum_fold((total >> 32) + (total & UINT32_MAX) + carries + add_tail(data, len));
    memcpy(bytes, &native, sizeof bytes);
    return sum + mpci_load16(bytes);
}

uint64_t mpci_csum_pseudo(unsigned family, const uint8_t *src, const uint8_t *dst, unsigned proto,
                          uint32_t l4_len)
{
    uint64_t rest = (uint64_t)proto + l4_len;

    if (family == MPCONN_FAMILY_IPV4)
        return rest + mpci_load32(src) + mpci_load32(dst);
    return mpci_csum_add(mpci_csum_add(rest, src, 16), dst, 16);
}

void mpci_csum_set_bytes(mpci_csum_change *c, uint8_t *base, size_t offset, const uint8_t *bytes,
                         size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned shift = (offset + i) & 1 ? 0 : 8;
        uint16_t from = (uint16_t)((unsigned)base[offset + i] << shift);
        uint16_t to = (uint16_t)((unsigned)bytes[i] << shift);

        c->sum += (uint32_t)(uint16_t)~from + to;
        base[offset + i] = bytes[i];
    }
}
