/* SPDX-License-Identifier: BSD-2-Clause */
/* ICMP and ICMPv6 errors. Of those that quote a segment of a connection only one kind is read so
 * far: that a SYN of ours does not get to the server (V7). All others pass. */
#include "engine/engine.h"

#include "packet/quote.h"

/* Destination unreachable. */
enum { TYPE_IPV4 = 3, TYPE_IPV6 = 1 };
enum { PROTOCOL = 2, PORT = 3, NET_PROHIBITED = 9, HOST_PROHIBITED = 10, FILTERED = 13 };
enum { PROHIBITED_IPV6 = 1, PORT_IPV6 = 4, POLICY_IPV6 = 5, REJECTED_IPV6 = 6 };

/* That the next attempt will fare no better. RFC 9293 3.9.2.2 calls so what comes from the server
 * itself (protocol, port), and "too big", which a SYN is not; RFC 1122 3.2.2.1 and RFC 1812 5.2.7.1
 * have added the codes of a filter, which are as final. What may pass, as no route at present, must
 * not end a connection (RFC 1122 4.2.3.9), though many endpoints do so (RFC 5461 4). */
static int is_hard_ipv4(uint8_t code)
{
    return code == PROTOCOL || code == PORT || code == NET_PROHIBITED ||
           code == HOST_PROHIBITED || code == FILTERED;
}

/* RFC 4443 3.1; 5 and 6 are subsets of "prohibited". */
static int is_hard_ipv6(uint8_t code)
{
    return code == PROHIBITED_IPV6 || code == PORT_IPV6 || code == POLICY_IPV6 ||
           code == REJECTED_IPV6;
}

static int is_hard(const mpci_view *v)
{
    const uint8_t *icmp = v->l4;

    return v->family == MPCONN_FAMILY_IPV4 ? icmp[0] == TYPE_IPV4 && is_hard_ipv4(icmp[1])
                                           : icmp[0] == TYPE_IPV6 && is_hard_ipv6(icmp[1]);
}

/* The segment of a client that the error is about, with its connection; 0 when there is none.
 * Whether the error reached those bytes unharmed is for the caller to ask. */
static int read_quote(const mpci_view *v, const mpconn_pkt *pkt, mpci_quoted_tcp *segment,
                      mpconn_tuple *tuple)
{
    uint32_t end = v->total_len < pkt->len ? v->total_len : pkt->len;
    mpci_quote q;

    if (mpci_quote_parse(&q, v->l4, end - v->l4_offset) != 0 || q.ip.family != v->family ||
        !mpci_quote_tcp(segment, &q, v->l4))
        return 0;
    mpci_quote_tuple(tuple, &q, segment, v->l4, MPCONN_SIDE_CLIENT, pkt->zone);
    return 1;
}

/* What counts here comes from where our SYN went. We act on it, and do not only pass it on: so its
 * checksum has to be right, whatever the host's hardware says of those of TCP. */
static int is_of_our_syn(mpconn_engine *eng, mpconn_pkt *pkt, const mpci_view *v)
{
    mpci_quoted_tcp segment;
    mpconn_tuple tuple;
    mpci_step st = {0};

    if (pkt->side != MPCONN_SIDE_SERVER || !is_hard(v) ||
        !read_quote(v, pkt, &segment, &tuple) || !mpci_view_icmp_is_right(v, pkt))
        return 0;
    st.pkt = pkt;
    st.view = v;
    st.tuple = &tuple;
    st.hash = mpci_tuple_hash(&eng->core.table_key, &tuple);
    st.from = pkt->side;
    return mpci_split_unreachable(&eng->split, &st, segment.seq);
}

void mpci_errors_input(mpconn_engine *eng, mpconn_pkt *pkt, const mpci_view *v)
{
    if (!is_of_our_syn(eng, pkt, v))
        mpci_input_pass(eng, pkt, v, MPCONN_REASON_ICMP_ERROR);
}
