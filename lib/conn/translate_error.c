/* SPDX-License-Identifier: BSD-2-Clause */
#include "conn/translate_error.h"

#include "base/byteorder.h"
#include "conn/translate.h"
#include "packet/checksum.h"
#include "packet/options.h"
#include "packet/tcp.h"

enum { SEQ_AT = 4, ICMP_CHECKSUM_AT = 2, LONGEST_HEADER = 60 };

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

/* The one translator works on a copy that is as long as a header can be: of a quote it would change
 * bytes that are not there. */
static unsigned carry_header(mpci_csum_change *change, uint8_t *icmp, const mpci_quoted_tcp *t,
                             const mpconn_delta *back, unsigned sender)
{
    static const mpconn_pkt complete = {0};
    uint8_t header[LONGEST_HEADER] = {0};
    uint32_t len = t->len < sizeof header ? t->len : (uint32_t)sizeof header;
    mpci_view v = {.l4 = header};

    memcpy(header, icmp + t->offset, len);
    if (mpci_tcp_parse(&v, sizeof header, sizeof header) != 0)
        return MPCONN_REASON_BAD_QUOTE;
    leave_out_broken(&v, len);
    mpci_translate(&v, back, sender, &complete);
    mpci_csum_set_bytes(change, icmp, t->offset, header, len);
    return 0;
}

/* RFC 792 promises no more than the ports and this. */
static void carry_seq(mpci_csum_change *change, uint8_t *icmp, const mpci_quoted_tcp *t,
                      const mpconn_delta *back, unsigned sender)
{
    if ((back->known & MPCONN_DELTA_K_SEQ) != 0)
        mpci_csum_set32(change, icmp, t->offset + SEQ_AT,
                        t->seq + mpci_translate_offset(back->seq, sender, sender));
}

unsigned mpci_translate_error(const mpci_view *v, const mpci_quoted_tcp *t,
                              const mpconn_delta *delta, unsigned from, const mpconn_pkt *pkt)
{
    mpconn_delta back = way_back(delta);
    mpci_csum_change change = {0};
    unsigned sender = from ^ 1, bad = 0;

    if (t->len < MPCI_TCP_HEADER_LEN)
        carry_seq(&change, v->l4, t, &back, sender);
    else
        bad = carry_header(&change, v->l4, t, &back, sender);
    /* A partial sum is one of the addresses alone: the rest is for the hardware to add. */
    if ((pkt->flags & MPCONN_PKT_F_CSUM_PARTIAL) == 0)
        mpci_csum_apply(&change, v->l4 + ICMP_CHECKSUM_AT);
    return bad;
}
