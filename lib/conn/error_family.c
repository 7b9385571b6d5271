/* SPDX-License-Identifier: BSD-2-Clause */
#include "conn/error_family.h"

#include "base/byteorder.h"
#include "packet/checksum.h"
#include "packet/gap.h"
#include "packet/icmp_build.h"
#include "packet/icmp_other.h"
#include "packet/ip_other.h"

enum { ICMP_HEADER_LEN = 8, CHECKSUM_AT = 2 };

/* RFC 4884 3 and 4: a quote with something behind it has at least so many bytes, zeros if need be;
 * its length in words is a byte. */
enum { LEAST_BEFORE_EXTENSION = 128, WORDS_MAX = 255, PAD_MAX = 20 };

/* The error as it will be. */
typedef struct shape {
    mpci_icmp_head head;
    mpci_ip_header outer, quoted;
    uint32_t outer_len, quoted_len; /* of the headers */
    uint32_t quote_len;             /* with its header */
    uint32_t pad;                   /* zeros behind it */
    uint32_t cut;                   /* bytes of the old error that are left out at its end */
} shape;

static uint32_t icmp_len_of(const mpci_view *v)
{
    return v->total_len - v->l4_offset;
}

/* A length that cannot be told is left open. Of a quote it says little, and errors are short. */
static uint32_t settle(mpci_ip_header *h)
{
    if (mpci_ip_build_len(h) == 0)
        h->length_unset = 1;
    return (uint32_t)mpci_ip_build_len(h);
}

static void shape_quoted(shape *to, const mpci_view *v, const mpci_quote *q,
                         const mpci_error_segment *s, const mpci_error_ends *ends)
{
    uint32_t len = q->ip.length_unset ? 0 : q->ip.claimed_len - q->ip.l4_offset;

    to->quoted = mpci_ip_other(v->family, v->l4 + q->offset, s->header, len, len);
    to->quoted.length_unset = q->ip.length_unset;
    to->quoted.proto = MPCI_PROTO_TCP;
    to->quoted.src = ends->sender;
    to->quoted.dst = ends->other;
    to->quoted_len = settle(&to->quoted);
    to->quote_len = q->len - q->ip.l4_offset + to->quoted_len;
}

/* What stands behind the quote is kept where the new error can tell where it begins. */
static int keep_extension(shape *to, uint32_t behind)
{
    unsigned unit = mpci_quote_unit(to->outer.family, to->head.type);
    uint32_t len = to->quote_len < LEAST_BEFORE_EXTENSION ? LEAST_BEFORE_EXTENSION : to->quote_len;

    if (unit == 0)
        return 0;
    len = (len + unit - 1) / unit * unit;
    if (len / unit > WORDS_MAX || len - to->quote_len > PAD_MAX ||
        MPCI_IPV6_HEADER_LEN + ICMP_HEADER_LEN + len + behind > MPCI_ICMP_ERROR_MAX)
        return 0;
    to->pad = len - to->quote_len;
    to->head.rest |= len / unit << (to->outer.family == MPCONN_FAMILY_IPV4 ? 16 : 24);
    return 1;
}

static void shape_length(shape *to, const mpci_view *v, const mpci_quote *q)
{
    const uint32_t longest = MPCI_ICMP_ERROR_MAX - MPCI_IPV6_HEADER_LEN - ICMP_HEADER_LEN;
    uint32_t behind = icmp_len_of(v) - ICMP_HEADER_LEN - q->len;

    if (behind != 0 && keep_extension(to, behind))
        return;
    to->cut = behind;
    if (to->quote_len > longest) {
        to->cut += to->quote_len - longest;
        to->quote_len = longest;
    }
}

static void shape_outer(shape *to, const mpci_view *v, const mpci_quote *q,
                        const mpci_error_ends *ends)
{
    uint32_t len = icmp_len_of(v) - to->cut - q->ip.l4_offset + to->quoted_len + to->pad;

    to->outer = mpci_ip_other(v->family, v->ip, v->l4, len, len);
    to->outer.proto = to->outer.family == MPCONN_FAMILY_IPV4 ? MPCI_PROTO_ICMP : MPCI_PROTO_ICMPV6;
    to->outer.src = ends->other;
    to->outer.dst = ends->sender;
    to->outer_len = settle(&to->outer);
}

static uint32_t growth(uint32_t old_len, uint32_t new_len)
{
    return new_len > old_len ? new_len - old_len : 0;
}

static unsigned plan(shape *to, const mpci_view *v, const mpci_quote *q,
                     const mpci_error_segment *s, const mpci_error_ends *ends,
                     const mpconn_pkt *pkt)
{
    memset(to, 0, sizeof(*to));
    if (v->total_len > pkt->len)
        return MPCONN_REASON_TRUNCATED;
    if (!mpci_icmp_other(&to->head, v->family, v->l4, q->ip.claimed_len) ||
        (v->family == MPCONN_FAMILY_IPV4 && mpci_ip_is_routed(v->ip, v->l4_offset)))
        return MPCONN_REASON_NO_COUNTERPART;
    to->outer.family = ends->family;
    shape_quoted(to, v, q, s, ends);
    shape_length(to, v, q);
    shape_outer(to, v, q, ends);
    return mpci_gap_fits(pkt, growth(v->l4_offset, to->outer_len) +
                                  growth(q->ip.l4_offset, to->quoted_len) + to->pad)
               ? 0
               : MPCONN_REASON_NO_SPACE;
}

static uint64_t pseudo_of(unsigned family, const uint8_t *src, const uint8_t *dst, uint32_t len)
{
    return family == MPCONN_FAMILY_IPV6 ? mpci_csum_pseudo(family, src, dst, MPCI_PROTO_ICMPV6, len)
                                        : 0;
}

/* All that the sum covers, its own field too: that is the same before and after. */
static uint16_t sum_of(const mpci_view *v)
{
    uint32_t len = icmp_len_of(v);
    uint64_t pseudo = pseudo_of(v->family, mpci_ip_src(v->family, v->ip),
                                mpci_ip_dst(v->family, v->ip), len);

    return mpci_csum_fold(mpci_csum_add(pseudo, v->l4, len));
}

/* The bytes, from the end to the beginning, so that offsets before stay what they are. */
static uint8_t *reshape(const mpci_view *v, const mpci_quote *q, const mpci_error_segment *s,
                        const shape *to, mpconn_pkt *pkt)
{
    uint32_t quote_at = v->l4_offset + q->offset, old_quote = v->l4_offset + q->offset + q->len;
    uint8_t *icmp;

    memcpy(v->l4 + s->offset, s->header, s->len);
    mpci_gap_close(pkt, v->total_len - to->cut, to->cut);
    if (to->pad != 0) {
        mpci_gap_open(pkt, old_quote, to->pad);
        memset(pkt->data + old_quote, 0, to->pad);
    }
    mpci_gap_resize(pkt, quote_at, q->ip.l4_offset, to->quoted_len);
    mpci_gap_resize(pkt, 0, v->l4_offset, to->outer_len);
    icmp = pkt->data + to->outer_len;
    mpci_ip_build(pkt->data, &to->outer);
    icmp[0] = to->head.type;
    icmp[1] = to->head.code;
    mpci_store32(icmp + 4, to->head.rest);
    mpci_ip_build(icmp + ICMP_HEADER_LEN, &to->quoted);
    if (pkt->ext != NULL && pkt->ext->l4_offset != 0)
        pkt->ext->l4_offset = to->outer_len;
    return icmp;
}

unsigned mpci_error_family(const mpci_view *v, const mpci_quote *q, const mpci_error_segment *s,
                           const mpci_error_ends *ends, mpconn_pkt *pkt)
{
    mpci_csum_change change;
    uint64_t pseudo;
    uint8_t *icmp;
    shape to;
    unsigned reason = plan(&to, v, q, s, ends, pkt);

    if (reason != 0)
        return reason;
    change.sum = (uint16_t)~sum_of(v);
    icmp = reshape(v, q, s, &to, pkt);
    pseudo = pseudo_of(to.outer.family, to.outer.src, to.outer.dst, to.outer.payload_len);
    if ((pkt->flags & MPCONN_PKT_F_CSUM_PARTIAL) != 0) {
        mpci_store16(icmp + CHECKSUM_AT, mpci_csum_fold(pseudo));
        return 0;
    }
    change.sum += mpci_csum_fold(mpci_csum_add(pseudo, icmp, to.outer.payload_len));
    mpci_csum_apply(&change, icmp + CHECKSUM_AT);
    return 0;
}
