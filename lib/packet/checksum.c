/* SPDX-License-Identifier: BSD-2-Clause */
#include "packet/checksum.h"

#include "base/byteorder.h"

/* One's complement addition does not care in which order the bytes of all words stand (RFC 1071
 * 2 B), so the loop adds words as the machine reads them and only the result is turned. */
uint64_t mpci_csum_add(uint64_t sum, const uint8_t *data, size_t len)
{
    uint64_t even = 0, odd = 0;
    uint32_t word[2] = {0, 0};
    uint16_t native;
    uint8_t bytes[2];

    for (; len >= sizeof word; len -= sizeof word, data += sizeof word) {
        memcpy(word, data, sizeof word);
        even += word[0];
        odd += word[1];
    }
    if (len > 0) {
        memset(word, 0, sizeof word);
        memcpy(word, data, len);
        even += word[0];
        odd += word[1];
    }
    native = mpci_csum_fold(even + odd);
    memcpy(bytes, &native, sizeof bytes);
    return sum + mpci_load16(bytes);
}

uint64_t mpci_csum_pseudo(unsigned family, const uint8_t *src, const uint8_t *dst, unsigned proto,
                          uint32_t l4_len)
{
    size_t n = family == MPCONN_FAMILY_IPV4 ? 4 : 16;
    uint64_t sum = mpci_csum_add(0, src, n);

    return mpci_csum_add(sum, dst, n) + proto + (l4_len >> 16) + (l4_len & 0xffff);
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
