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

uint16_t mpci_csum_fold(uint64_t sum)
{
    sum = (sum & UINT32_MAX) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}

uint64_t mpci_csum_pseudo(unsigned family, const uint8_t *src, const uint8_t *dst, unsigned proto,
                          uint32_t l4_len)
{
    size_t n = family == MPCONN_FAMILY_IPV4 ? 4 : 16;
    uint64_t sum = mpci_csum_add(0, src, n);

    return mpci_csum_add(sum, dst, n) + proto + (l4_len >> 16) + (l4_len & 0xffff);
}

static inline uint16_t swap16(uint16_t v)
{
    return (uint16_t)((unsigned)v << 8 | v >> 8);
}

/* Add ~old + new, RFC 1624 equation 3. At an odd offset the field's bytes are the low half of one
 * word and the high half of the next, which sums as the swapped field would. */
static inline void note_change(mpci_csum_change *c, size_t offset, uint16_t from, uint16_t to)
{
    if (offset & 1) {
        from = swap16(from);
        to = swap16(to);
    }
    c->sum += (uint32_t)(uint16_t)~from + to;
}

void mpci_csum_set16(mpci_csum_change *c, uint8_t *base, size_t offset, uint16_t value)
{
    note_change(c, offset, mpci_load16(base + offset), value);
    mpci_store16(base + offset, value);
}

void mpci_csum_set32(mpci_csum_change *c, uint8_t *base, size_t offset, uint32_t value)
{
    uint32_t old = mpci_load32(base + offset);

    note_change(c, offset, (uint16_t)(old >> 16), (uint16_t)(value >> 16));
    note_change(c, offset, (uint16_t)old, (uint16_t)value);
    mpci_store32(base + offset, value);
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

/* A change that sums to nothing leaves the field bit for bit, even one that says 0xffff where
 * others say 0. */
static int is_nothing(uint16_t folded)
{
    return folded == 0 || folded == 0xffff;
}

void mpci_csum_apply(const mpci_csum_change *c, uint8_t *field)
{
    uint16_t change = mpci_csum_fold(c->sum);

    if (!is_nothing(change)) {
        uint16_t sum = (uint16_t)~mpci_load16(field);
        mpci_store16(field, (uint16_t)~mpci_csum_fold((uint64_t)sum + change));
    }
}

void mpci_csum_apply_partial(const mpci_csum_change *c, uint8_t *field)
{
    uint16_t change = mpci_csum_fold(c->sum);

    if (!is_nothing(change))
        mpci_store16(field, mpci_csum_fold((uint64_t)mpci_load16(field) + change));
}
