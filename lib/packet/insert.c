/* SPDX-License-Identifier: BSD-2-Clause */
#include "packet/insert.h"

#include "base/byteorder.h"
#include "packet/checksum.h"
#include "packet/gap.h"
#include "packet/ip.h"
#include "packet/options.h"

enum {
    OPTIONS_MAX = 40,
    SACK_BLOCK_LEN = 8,
    SEQ_AT = 4,
    DATA_OFFSET_AT = 12,
    CHECKSUM_AT = 16,
    IPV4_CHECKSUM_AT = 10
};

/* Bytes of SACK blocks that have to go, the last ones first (RFC 2018 4 has the first one be the
 * latest). More than 40 when that does not make room enough. */
static unsigned bytes_to_cut(const mpci_view *v, unsigned len)
{
    unsigned options = v->tcp_hlen - MPCI_TCP_HEADER_LEN + len;
    unsigned blocks;

    if (options <= OPTIONS_MAX)
        return 0;
    blocks = (options - OPTIONS_MAX + SACK_BLOCK_LEN - 1) / SACK_BLOCK_LEN;
    return blocks < v->sack_blocks ? blocks * SACK_BLOCK_LEN : OPTIONS_MAX + 1;
}

/* All lengths but that of the packet. The pseudo-header has that of the segment; a field that says
 * nothing goes on saying nothing. */
static void set_lengths(const mpci_view *v, uint32_t grow, mpci_csum_change *header,
                        mpci_csum_change *pseudo)
{
    mpci_csum_change ip = {0};
    uint8_t *field = mpci_ip_length_field(v->family, v->ip);
    uint16_t length = mpci_load16(field);
    uint32_t segment = v->total_len - v->l4_offset;
    uint16_t word = mpci_load16(v->l4 + DATA_OFFSET_AT);

    if (length != 0)
        mpci_csum_set16(&ip, field, 0, (uint16_t)(length + grow));
    if (v->family == MPCONN_FAMILY_IPV4)
        mpci_csum_apply(&ip, v->ip + IPV4_CHECKSUM_AT);
    mpci_csum_set16(header, v->l4, DATA_OFFSET_AT, (uint16_t)(word + (grow << 10)));
    pseudo->sum += (uint64_t)(uint32_t)~segment + (segment + grow);
}

/* A block of zeros adds nothing to a sum, so it can be taken out afterwards. */
static size_t blank_blocks(const mpci_view *v, unsigned cut, mpci_csum_change *header)
{
    static const uint8_t zeros[OPTIONS_MAX];
    uint8_t len = (uint8_t)(2u + 8u * v->sack_blocks - cut);

    if (v->l4[v->sack_offset] == MPCI_OPT_SACK) /* it may have been blanked on its way */
        mpci_csum_set_bytes(header, v->l4, v->sack_offset + 1u, &len, 1);
    mpci_csum_set_bytes(header, v->l4, (size_t)v->sack_offset + len, zeros, cut);
    return (size_t)v->l4_offset + v->sack_offset + len;
}

/* Of a partial checksum only the pseudo-header's part is there. */
static void apply(const mpci_view *v, const mpconn_pkt *pkt, mpci_csum_change *header,
                  const mpci_csum_change *pseudo)
{
    if ((pkt->flags & MPCONN_PKT_F_CSUM_PARTIAL) != 0) {
        mpci_csum_apply_partial(pseudo, v->l4 + CHECKSUM_AT);
        return;
    }
    header->sum += pseudo->sum;
    mpci_csum_apply(header, v->l4 + CHECKSUM_AT);
}

static int has_room(const mpci_view *v, const mpconn_pkt *pkt, unsigned len, unsigned cut)
{
    uint32_t length = mpci_load16(mpci_ip_length_field(v->family, v->ip));

    return cut <= OPTIONS_MAX && !v->first_fragment &&
           (length == 0 || length + len - cut <= UINT16_MAX) &&
           (pkt->headroom + cut >= len || pkt->cap - pkt->len >= len);
}

int mpci_insert_options(const mpci_view *v, mpconn_pkt *pkt, const uint8_t *options, unsigned len)
{
    unsigned cut = bytes_to_cut(v, len);
    uint32_t grow = (uint32_t)len - cut; /* modulo 2^32: two blocks may be more than it */
    size_t head = (size_t)v->l4_offset + MPCI_TCP_HEADER_LEN, end_of_kept = 0;
    mpci_csum_change header = {0}, pseudo = {0};

    if (!has_room(v, pkt, len, cut))
        return 0;
    set_lengths(v, grow, &header, &pseudo);
    header.sum += mpci_csum_add(0, options, len);
    if (cut > 0)
        end_of_kept = blank_blocks(v, cut, &header);
    apply(v, pkt, &header, &pseudo);

    mpci_gap_close(pkt, end_of_kept, cut);
    mpci_gap_open(pkt, head, len);
    memcpy(pkt->data + head, options, len);
    return 1;
}

static int can_make_room(const mpci_view *v, const mpconn_pkt *pkt, unsigned len)
{
    return v->tcp_hlen - MPCI_TCP_HEADER_LEN + len <= OPTIONS_MAX && v->payload_len > len &&
           (uint32_t)v->l4_offset + v->tcp_hlen + len <= pkt->len && !v->first_fragment &&
           (v->flags & MPCI_TCP_URG) == 0;
}

int mpci_insert_for_payload(const mpci_view *v, const mpconn_pkt *pkt, const uint8_t *options,
                            unsigned len, uint8_t *taken)
{
    unsigned old_len = v->tcp_hlen - MPCI_TCP_HEADER_LEN;
    mpci_csum_change change = {0};
    uint8_t all[OPTIONS_MAX];

    if (!can_make_room(v, pkt, len))
        return 0;
    memcpy(taken, v->l4 + v->tcp_hlen, len);
    memcpy(all, options, len);
    memcpy(all + len, v->l4 + MPCI_TCP_HEADER_LEN, old_len);
    mpci_csum_set_bytes(&change, v->l4, MPCI_TCP_HEADER_LEN, all, len + old_len);
    mpci_csum_set16(&change, v->l4, DATA_OFFSET_AT,
                    (uint16_t)(mpci_load16(v->l4 + DATA_OFFSET_AT) + (len << 10)));
    mpci_csum_set32(&change, v->l4, SEQ_AT, mpci_load32(v->l4 + SEQ_AT) + len);
    if ((pkt->flags & MPCONN_PKT_F_CSUM_PARTIAL) == 0)
        mpci_csum_apply(&change, v->l4 + CHECKSUM_AT);
    return 1;
}
