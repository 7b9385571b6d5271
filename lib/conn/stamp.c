/* SPDX-License-Identifier: BSD-2-Clause */
#include "conn/stamp.h"

#include "base/byteorder.h"
#include "base/seq.h"
#include "packet/checksum.h"
#include "packet/gap.h"
#include "packet/ip.h"
#include "packet/options.h"

#define CLOCK_TICK UINT64_C(1000000) /* 1 ms: RFC 7323 5.4 wants 1 ms to 1 s */

enum {
    OPTIONS_MAX = 40,
    SACK_BLOCK_LEN = 8,
    DATA_OFFSET_AT = 12,
    CHECKSUM_AT = 16,
    IPV4_CHECKSUM_AT = 10
};

static uint32_t clock_of(mpconn_time now)
{
    return (uint32_t)(now / CLOCK_TICK);
}

mpci_stamp mpci_stamp_begin(mpconn_time now, uint32_t tsval, uint32_t client_ts,
                            uint32_t client_next)
{
    return (mpci_stamp){
        .base = tsval - clock_of(now),
        .ts_recent = client_ts,
        .last_ack = client_next,
        .client_end = client_next,
    };
}

uint32_t mpci_stamp_value(const mpci_stamp *s, mpconn_time now)
{
    return s->base + clock_of(now);
}

int mpci_stamp_raise(mpci_stamp *s, mpconn_time now, uint32_t tsval)
{
    int behind = mpci_seq_lt(mpci_stamp_value(s, now), tsval);

    if (behind)
        s->base = tsval - clock_of(now);
    return behind;
}

void mpci_stamp_note(mpci_stamp *s, const mpci_view *v)
{
    s->client_end = mpci_seq_max(s->client_end, v->seq + mpci_view_seq_len(v));
    if (v->ts_offset != 0 && mpci_seq_leq(v->seq, s->last_ack) &&
        (s->ts_recent == 0 || mpci_seq_leq(s->ts_recent, v->tsval)))
        s->ts_recent = v->tsval;
}

uint32_t mpci_stamp_echo(mpci_stamp *s, const mpci_view *v)
{
    if ((v->flags & MPCI_TCP_ACK) == 0)
        return 0;
    s->last_ack = mpci_seq_max(s->last_ack, v->ack);
    return mpci_seq_leq(v->ack, s->client_end) ? s->ts_recent : 0;
}

/* Bytes of SACK blocks that have to go, the last ones first (RFC 2018 4 has the first one be the
 * latest). More than 40 when that does not make room enough. */
static unsigned bytes_to_cut(const mpci_view *v)
{
    unsigned options = v->tcp_hlen - MPCI_TCP_HEADER_LEN;
    unsigned blocks;

    if (options <= OPTIONS_MAX - MPCI_STAMP_LEN)
        return 0;
    blocks = (options - (OPTIONS_MAX - MPCI_STAMP_LEN) + SACK_BLOCK_LEN - 1) / SACK_BLOCK_LEN;
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

static int has_room(const mpci_view *v, const mpconn_pkt *pkt, unsigned cut)
{
    uint32_t length = mpci_load16(mpci_ip_length_field(v->family, v->ip));

    return cut <= OPTIONS_MAX && v->ts_offset == 0 && !v->first_fragment &&
           (length == 0 || length + MPCI_STAMP_LEN - cut <= UINT16_MAX) &&
           (pkt->headroom + cut >= MPCI_STAMP_LEN || pkt->cap - pkt->len >= MPCI_STAMP_LEN);
}

int mpci_stamp_insert(const mpci_view *v, mpconn_pkt *pkt, uint32_t tsval, uint32_t tsecr)
{
    uint8_t option[MPCI_STAMP_LEN] = {MPCI_OPT_NOP, MPCI_OPT_NOP, MPCI_OPT_TIMESTAMPS,
                                      MPCI_OPT_LEN_TIMESTAMPS};
    unsigned cut = bytes_to_cut(v);
    uint32_t grow = (uint32_t)MPCI_STAMP_LEN - cut; /* modulo 2^32: two blocks are more than it */
    size_t head = (size_t)v->l4_offset + MPCI_TCP_HEADER_LEN, end_of_kept = 0;
    mpci_csum_change header = {0}, pseudo = {0};

    if (!has_room(v, pkt, cut))
        return 0;
    mpci_store32(option + 4, tsval);
    mpci_store32(option + 8, tsecr);
    set_lengths(v, grow, &header, &pseudo);
    header.sum += mpci_csum_add(0, option, sizeof(option));
    if (cut > 0)
        end_of_kept = blank_blocks(v, cut, &header);
    apply(v, pkt, &header, &pseudo);

    mpci_gap_close(pkt, end_of_kept, cut);
    mpci_gap_open(pkt, head, MPCI_STAMP_LEN);
    memcpy(pkt->data + head, option, sizeof(option));
    return 1;
}
