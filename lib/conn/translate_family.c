/* SPDX-License-Identifier: BSD-2-Clause */
#include "conn/translate_family.h"

#include "base/byteorder.h"
#include "packet/checksum.h"
#include "packet/gap.h"
#include "packet/ip.h"
#include "packet/ip_other.h"

enum { TCP_CHECKSUM_AT = 16 };

static int is_super(const mpconn_pkt *pkt)
{
    return pkt->ext != NULL && pkt->ext->gso_size != 0;
}

/* That of a segment which became `more` bytes longer. Its addresses are still to come. */
static mpci_ip_header header_of(const mpci_view *v, const mpconn_pkt *pkt, uint32_t more)
{
    uint32_t len = v->total_len - v->l4_offset + more;
    uint32_t piece = is_super(pkt) ? (uint32_t)v->tcp_hlen + pkt->ext->gso_size : len;
    mpci_ip_header h = mpci_ip_other(v->family, v->ip, v->l4, len, piece);

    h.proto = MPCI_PROTO_TCP;
    h.length_unset = mpci_load16(mpci_ip_length_field(v->family, v->ip)) == 0;
    /* what the host tells of a super-segment counts anyway */
    if (mpci_ip_build_len(&h) == 0 && is_super(pkt) && pkt->ext->total_len != 0)
        h.length_unset = 1;
    return h;
}

unsigned mpci_translate_family_fits(const mpci_view *v, const mpconn_pkt *pkt)
{
    mpci_ip_header h = header_of(v, pkt, 0);
    uint32_t len = (uint32_t)mpci_ip_build_len(&h);

    /* of a fragment the others would have to follow it */
    if (len == 0 || v->first_fragment ||
        (v->family == MPCONN_FAMILY_IPV4 && mpci_ip_is_routed(v->ip, v->l4_offset)))
        return MPCONN_REASON_NO_COUNTERPART;
    return len <= v->l4_offset || mpci_gap_fits(pkt, len - v->l4_offset) ? 0
                                                                         : MPCONN_REASON_NO_SPACE;
}

int mpci_translate_family_can_tell(const mpci_view *v, const mpconn_pkt *pkt, uint32_t more)
{
    mpci_ip_header h = header_of(v, pkt, more);

    return mpci_ip_build_len(&h) != 0;
}

/* Of the pseudo-header only the addresses change. */
static void carry_sums(const mpci_view *v, const mpci_ip_header *h, uint16_t sport, uint16_t dport,
                       uint32_t flags)
{
    mpci_csum_change pseudo = {mpci_ip_other_sum(v->family, v->ip, h)};
    mpci_csum_change all = pseudo;

    mpci_csum_set16(&all, v->l4, 0, sport);
    mpci_csum_set16(&all, v->l4, 2, dport);
    if ((flags & MPCONN_PKT_F_CSUM_PARTIAL) != 0)
        mpci_csum_apply_partial(&pseudo, v->l4 + TCP_CHECKSUM_AT);
    else
        mpci_csum_apply(&all, v->l4 + TCP_CHECKSUM_AT);
}

void mpci_translate_family(mpconn_pkt *pkt, const mpconn_tuple *to, unsigned from)
{
    int to_server = from == MPCONN_SIDE_CLIENT;
    mpci_ip_header h;
    mpci_view v;
    uint32_t len;

    mpci_view_parse(&v, pkt);
    h = header_of(&v, pkt, 0);
    h.src = to_server ? to->client.bytes : to->server.bytes;
    h.dst = to_server ? to->server.bytes : to->client.bytes;
    carry_sums(&v, &h, to_server ? to->client_port : to->server_port,
               to_server ? to->server_port : to->client_port, pkt->flags);
    len = (uint32_t)mpci_ip_build_len(&h);
    mpci_gap_resize(pkt, 0, v.l4_offset, len);
    mpci_ip_build(pkt->data, &h);
    if (pkt->ext != NULL && pkt->ext->l4_offset != 0)
        pkt->ext->l4_offset = len;
}
