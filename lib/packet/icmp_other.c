/* SPDX-License-Identifier: BSD-2-Clause */
#include "packet/icmp_other.h"

#include "base/byteorder.h"

enum { UNREACHABLE_V4 = 3, TIME_V4 = 11, PARAMETER_V4 = 12 };
enum { UNREACHABLE_V6 = 1, TOO_BIG_V6 = 2, TIME_V6 = 3, PARAMETER_V6 = 4 };
enum { PROTOCOL = 2, FRAGMENTATION_NEEDED = 4, BAD_LENGTH = 2, UNKNOWN_NEXT_HEADER = 1 };
enum { NEXT_HEADER_AT = 6, HEADERS_DIFFER_BY = 20, LEAST_V4 = 68, LEAST_V6 = 1280, NONE = 255 };

/* Type and code; type 0 = none. */
typedef struct kind {
    uint8_t type, code;
} kind;

/* "Destination unreachable" by its code. */
static const kind unreachable_v6[] = {{1, 0}, {1, 0}, {4, 1}, {1, 4}, {2, 0}, {1, 0},
                                      {1, 0}, {1, 0}, {1, 0}, {1, 1}, {1, 1}, {1, 0},
                                      {1, 0}, {1, 1}, {0, 0}, {1, 1}};
static const kind unreachable_v4[] = {{3, 1}, {3, 10}, {3, 1}, {3, 1}, {3, 3}};

/* "Parameter problem": which byte of a header stands for the same in the other one (figures 3 and
 * 6). Addresses are told by their first byte. */
static const uint8_t pointer_v6[] = {0, 1,    4,    4, NONE, NONE, NONE, NONE, 7,  6,
                                     NONE, NONE, 8, 8, 8,    8,    24,   24,   24, 24};
static const uint8_t pointer_v4[] = {0,  1,  NONE, NONE, 2,  2,  9,  8,  12, 12, 12, 12, 12, 12,
                                     12, 12, 12,   12,   12, 12, 12, 12, 12, 12, 16, 16, 16, 16,
                                     16, 16, 16,   16,   16, 16, 16, 16, 16, 16, 16, 16};

/* RFC 1191 7.1. */
static const uint16_t plateaus[] = {32000, 17914, 8166, 4352, 2002, 1492};

/* A router that names no MTU: RFC 7915 4.2 has it guessed. None below is worth a guess. */
static uint32_t likely_mtu(uint32_t quoted_len)
{
    for (size_t i = 0; i < sizeof(plateaus) / sizeof(plateaus[0]); i++)
        if (plateaus[i] < quoted_len)
            return plateaus[i];
    return LEAST_V6 - HEADERS_DIFFER_BY;
}

static uint32_t mtu_v6(uint32_t mtu, uint32_t quoted_len)
{
    uint32_t there = (mtu != 0 ? mtu : likely_mtu(quoted_len)) + HEADERS_DIFFER_BY;

    return there > LEAST_V6 ? there : LEAST_V6;
}

static uint32_t mtu_v4(uint32_t mtu)
{
    if (mtu > (uint32_t)UINT16_MAX + HEADERS_DIFFER_BY)
        return UINT16_MAX;
    return mtu > LEAST_V4 + HEADERS_DIFFER_BY ? mtu - HEADERS_DIFFER_BY : LEAST_V4;
}

static int point(mpci_icmp_head *h, uint8_t type, uint32_t pointer, unsigned shift)
{
    *h = (mpci_icmp_head){.type = type, .rest = pointer << shift};
    return pointer != NONE;
}

static int name_v6(mpci_icmp_head *h, const uint8_t *icmp, uint32_t quoted_len)
{
    kind k = {0, 0};

    switch (icmp[0]) {
    case UNREACHABLE_V4:
        if (icmp[1] < sizeof(unreachable_v6) / sizeof(unreachable_v6[0]))
            k = unreachable_v6[icmp[1]];
        break;
    case TIME_V4:
        k = (kind){TIME_V6, icmp[1]};
        break;
    case PARAMETER_V4:
        if ((icmp[1] != 0 && icmp[1] != BAD_LENGTH) || icmp[4] >= sizeof(pointer_v6))
            return 0;
        return point(h, PARAMETER_V6, pointer_v6[icmp[4]], 0);
    default:
        break; /* redirects and quenches are not for other networks */
    }
    *h = (mpci_icmp_head){.type = k.type, .code = k.code};
    if (k.type == TOO_BIG_V6)
        h->rest = mtu_v6(mpci_load16(icmp + 6), quoted_len);
    if (k.type == PARAMETER_V6)
        h->rest = NEXT_HEADER_AT;
    return k.type != 0;
}

static int name_v4(mpci_icmp_head *h, const uint8_t *icmp)
{
    uint32_t rest = mpci_load32(icmp + 4);
    kind k = {0, 0};

    switch (icmp[0]) {
    case UNREACHABLE_V6:
        if (icmp[1] < sizeof(unreachable_v4) / sizeof(unreachable_v4[0]))
            k = unreachable_v4[icmp[1]];
        break;
    case TOO_BIG_V6:
        *h = (mpci_icmp_head){UNREACHABLE_V4, FRAGMENTATION_NEEDED, mtu_v4(rest)};
        return 1;
    case TIME_V6:
        k = (kind){TIME_V4, icmp[1]};
        break;
    case PARAMETER_V6:
        if (icmp[1] == UNKNOWN_NEXT_HEADER)
            k = (kind){UNREACHABLE_V4, PROTOCOL};
        else if (icmp[1] == 0 && rest < sizeof(pointer_v4))
            return point(h, PARAMETER_V4, pointer_v4[rest], 24);
        break;
    default:
        break;
    }
    *h = (mpci_icmp_head){.type = k.type, .code = k.code};
    return k.type != 0;
}

int mpci_icmp_other(mpci_icmp_head *h, unsigned family, const uint8_t *icmp, uint32_t quoted_len)
{
    return family == MPCONN_FAMILY_IPV4 ? name_v6(h, icmp, quoted_len) : name_v4(h, icmp);
}
