/* SPDX-License-Identifier: BSD-2-Clause */
#include "packet/endpoints.h"

#include "base/byteorder.h"
#include "packet/ip.h"

/* Multicast, limited broadcast, loopback, unspecified: neither end of a connection (E25, RFC 1122
 * 3.2.1.3). */
static int is_bad_ipv4(const uint8_t *a)
{
    uint32_t addr = mpci_load32(a);

    return addr >> 28 == 0xe || addr >> 24 == 127 || addr == 0 || addr == UINT32_MAX;
}

/* The same, and IPv4-mapped addresses, which never belong on a wire (RFC 4942 2.2). */
static int is_bad_ipv6(const uint8_t *a)
{
    if (a[0] == 0xff)
        return 1;
    if ((mpci_load32(a) | mpci_load32(a + 4)) != 0)
        return 0;
    return mpci_load32(a + 8) == 0x0000ffff ||
           (mpci_load32(a + 8) == 0 && mpci_load32(a + 12) <= 1);
}

static int is_bad(unsigned family, const uint8_t *a)
{
    return family == MPCONN_FAMILY_IPV4 ? is_bad_ipv4(a) : is_bad_ipv6(a);
}

int mpci_endpoints_is_possible(unsigned family, const uint8_t *addr, unsigned port)
{
    return port != 0 && !is_bad(family, addr);
}

unsigned mpci_endpoints_check(unsigned family, const uint8_t *src, unsigned sport,
                              const uint8_t *dst, unsigned dport)
{
    if (sport == 0 || dport == 0)
        return MPCONN_REASON_BAD_PORT;
    if (is_bad(family, src) || is_bad(family, dst))
        return MPCONN_REASON_BAD_ADDRESS;
    /* LAND: a segment from an endpoint to itself */
    if (sport == dport && memcmp(src, dst, mpci_ip_addr_len(family)) == 0)
        return MPCONN_REASON_BAD_ADDRESS;
    return 0;
}

/* Ports are read before anything else of a segment is judged: they come first here, too. */
void mpci_endpoints_judge(mpci_view *v)
{
    unsigned reason = 0;

    if (v->tcp_hlen != 0)
        reason = mpci_endpoints_check(v->family, mpci_ip_src(v->family, v->ip), v->sport,
                                      mpci_ip_dst(v->family, v->ip), v->dport);
    if (reason == 0)
        return;
    v->kind = MPCI_KIND_BAD;
    v->reason = (uint8_t)reason;
}
