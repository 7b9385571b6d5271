/* SPDX-License-Identifier: BSD-2-Clause */
#include "conn/translate_error.h"

#include "base/byteorder.h"
#include "conn/error_family.h"
#include "conn/translate.h"
#include "packet/checksum.h"
#include "packet/ip_other.h"
#include "packet/options.h"
#include "packet/tcp.h"

enum { SEQ_AT = 4, TCP_CHECKSUM_AT = 16, ICMP_CHECKSUM_AT = 2 };
enum { LONGEST_HEADER = MPCI_ERROR_HEADER_MAX };

/* The way back of what `delta` did to the segment. What it blanked is gone. */
static mpconn_delta way_back(const mpconn_delta *delta)
{
    mpconn_delta back = {.known = delta->known & (MPCONN_DELTA_K_SEQ | MPCONN_DELTA_K_TS |
                                                  MPCONN_DELTA_K_OPTIONS)};

    for (unsigned side = 0; side < 2; side++) {
        back.seq[side] = 0 - delta->seq[side];
        back.ts[side] = 0 - delta->ts[side];
        back.wscale_in[side] = delta->wscale_out[side];
        back.wscale_out[side] = delta->wscale_in[side];
    }
    return back;
}

/* An option that the quote breaks off has the wrong bytes behind it. */
static void leave_out_broken(mpci_view *v, uint32_t len)
{
    if (v->ts_offset + (uint32_t)MPCI_OPT_LEN_TIMESTAMPS > len)
        v->ts_offset = 0;
    if (v->sack_offset + 2u + 8u * v->sack_blocks > len)
        v->sack_offset = 0;
}

/* Only where it is quoted. */
static void apply_quoted(const mpci_csum_change *change, uint8_t *tcp, uint32_t len)
{
    if (len >= TCP_CHECKSUM_AT + 2)
        mpci_csum_apply(change, tcp + TCP_CHECKSUM_AT);
}

/* RFC 792 promises no more than the ports and the sequence number. */
static unsigned carry_numbers(uint8_t *tcp, uint32_t len, const mpconn_delta *back, unsigned sender)
{
    static const mpconn_pkt complete = {0};
    mpci_csum_change change = {0};
    mpci_view v = {.l4 = tcp};

    if (len < MPCI_TCP_HEADER_LEN) {
        if ((back->known & MPCONN_DELTA_K_SEQ) != 0)
            mpci_csum_set32(&change, tcp, SEQ_AT,
                            mpci_load32(tcp + SEQ_AT) +
                                mpci_translate_offset(back->seq, sender, sender));
        apply_quoted(&change, tcp, len);
        return 0;
    }
    if (mpci_tcp_parse(&v, LONGEST_HEADER, LONGEST_HEADER) != 0)
        return MPCONN_REASON_BAD_QUOTE;
    leave_out_broken(&v, len);
    mpci_translate(&v, back, sender, &complete);
    return 0;
}

/* The endpoints of the quoted segment as its sender's leg shows them. */
static mpci_error_ends ends_of(const mpconn_tuple *to, unsigned sender)
{
    int is_client = sender == MPCONN_SIDE_CLIENT;

    return (mpci_error_ends){
        .sender = is_client ? to->client.bytes : to->server.bytes,
        .other = is_client ? to->server.bytes : to->client.bytes,
        .family = to->family,
    };
}

static void carry_ends(uint8_t *tcp, uint32_t len, const uint8_t *quoted_ip, unsigned family,
                       const mpconn_tuple *to, unsigned sender)
{
    mpci_error_ends ends = ends_of(to, sender);
    mpci_ip_header h = {.family = ends.family, .src = ends.sender, .dst = ends.other};
    mpci_csum_change change = {mpci_ip_other_sum(family, quoted_ip, &h)};
    int is_client = sender == MPCONN_SIDE_CLIENT;

    mpci_csum_set16(&change, tcp, 0, is_client ? to->client_port : to->server_port);
    mpci_csum_set16(&change, tcp, 2, is_client ? to->server_port : to->client_port);
    apply_quoted(&change, tcp, len);
}

/* The quoted IP header is covered by the error's sum, and so is its own in IPv4. */
static void readdress_quote(mpci_csum_change *change, uint8_t *icmp, const mpci_quote *q,
                            const mpci_error_ends *ends)
{
    size_t len = q->ip.family == MPCONN_FAMILY_IPV4 ? q->ip.l4_offset : MPCI_IPV6_HEADER_LEN;
    uint8_t header[LONGEST_HEADER];

    memcpy(header, icmp + q->offset, len);
    (void)mpci_ip_set_addresses(q->ip.family, header, ends->sender, ends->other);
    mpci_csum_set_bytes(change, icmp, q->offset, header, len);
}

/* The pseudo-header's change; ICMP has none (RFC 792). */
static uint64_t readdress_error(const mpci_view *v, const mpci_quote *q,
                                const mpci_error_ends *ends)
{
    unsigned len = mpci_ip_addr_len(v->family);
    const uint8_t *src = mpci_ip_src(v->family, v->ip);
    int is_other = memcmp(src, mpci_ip_dst(v->family, v->l4 + q->offset), len) == 0;
    mpconn_addr router = {{0}};
    uint64_t sum;

    memcpy(router.bytes, src, len);
    sum = mpci_ip_set_addresses(v->family, v->ip, is_other ? ends->other : router.bytes,
                                ends->sender);
    return v->family == MPCONN_FAMILY_IPV6 ? sum : 0;
}

static void carry_in_place(const mpci_view *v, const mpci_quote *q, const mpci_error_segment *s,
                           const mpci_error_ends *ends, uint32_t flags)
{
    mpci_csum_change change = {0}, pseudo = {0};

    mpci_csum_set_bytes(&change, v->l4, s->offset, s->header, s->len);
    if (ends != NULL) {
        pseudo.sum = readdress_error(v, q, ends);
        readdress_quote(&change, v->l4, q, ends);
    }
    change.sum += pseudo.sum;
    /* A partial sum is one of the addresses alone: the rest is for the hardware to add. */
    if ((flags & MPCONN_PKT_F_CSUM_PARTIAL) != 0)
        mpci_csum_apply_partial(&pseudo, v->l4 + ICMP_CHECKSUM_AT);
    else
        mpci_csum_apply(&change, v->l4 + ICMP_CHECKSUM_AT);
}

/* The one translator works on a copy that is as long as a header can be: of a quote it would change
 * bytes that are not there. */
unsigned mpci_translate_error(const mpci_view *v, const mpci_quote *q, const mpci_quoted_tcp *t,
                              const mpconn_delta *delta, unsigned from, mpconn_pkt *pkt)
{
    const mpconn_tuple *to = mpci_translate_tuple(delta, from);
    mpconn_delta back = way_back(delta);
    mpci_error_segment s = {.offset = t->offset,
                            .len = t->len < LONGEST_HEADER ? t->len : LONGEST_HEADER};
    mpci_error_ends ends;
    unsigned sender = from ^ 1;

    memcpy(s.header, v->l4 + s.offset, s.len);
    if (carry_numbers(s.header, s.len, &back, sender) != 0)
        return MPCONN_REASON_BAD_QUOTE;
    if (to == NULL) {
        carry_in_place(v, q, &s, NULL, pkt->flags);
        return 0;
    }
    ends = ends_of(to, sender);
    carry_ends(s.header, s.len, v->l4 + q->offset, v->family, to, sender);
    if (to->family != v->family)
        return mpci_error_family(v, q, &s, &ends, pkt);
    carry_in_place(v, q, &s, &ends, pkt->flags);
    return 0;
}
