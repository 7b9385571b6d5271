/* SPDX-License-Identifier: BSD-2-Clause */
#include "packet/cut.h"

#include <string.h>

#include "base/byteorder.h"
#include "packet/gap.h"
#include "packet/ip.h"

/* RFC 8200 5: what any link carries. */
enum { LONGEST = 1280 };

enum {
    LENGTH_AT = 4,
    NEXT_HEADER_AT = 6,
    OFFSET_AT = MPCI_IPV6_HEADER_LEN + 2,
    ID_AT = MPCI_IPV6_HEADER_LEN + 4,
    HEADERS_LEN = MPCI_IPV6_HEADER_LEN + MPCI_CUT_GROWTH,
    PIECE_LEN = (LONGEST - HEADERS_LEN) & ~7,
    FRAGMENT = 44,
    MORE = 1
};

/* Without what a link layer may have put behind it. */
static void trim(mpconn_pkt *pkt)
{
    pkt->len = MPCI_IPV6_HEADER_LEN + (uint32_t)mpci_load16(pkt->data + LENGTH_AT);
    if (pkt->ext != NULL && pkt->ext->total_len != 0)
        pkt->ext->total_len = pkt->len;
}

/* The one in front, of what is there. */
static void write_front(const mpconn_pkt *pkt, uint32_t offset)
{
    uint32_t len = pkt->len - HEADERS_LEN;
    unsigned more = len > PIECE_LEN ? MORE : 0;

    mpci_store16(pkt->data + LENGTH_AT,
                 (uint16_t)(MPCI_CUT_GROWTH + (more != 0 ? (uint32_t)PIECE_LEN : len)));
    mpci_store16(pkt->data + OFFSET_AT, (uint16_t)(offset | more));
}

void mpci_cut_begin(mpconn_pkt *pkt, uint32_t id)
{
    uint8_t *header;

    trim(pkt);
    mpci_gap_open(pkt, MPCI_IPV6_HEADER_LEN, MPCI_CUT_GROWTH);
    header = pkt->data + MPCI_IPV6_HEADER_LEN;
    memset(header, 0, MPCI_CUT_GROWTH);
    header[0] = pkt->data[NEXT_HEADER_AT];
    pkt->data[NEXT_HEADER_AT] = FRAGMENT;
    mpci_store32(pkt->data + ID_AT, id);
    write_front(pkt, 0);
}

uint32_t mpci_cut_front(const mpconn_pkt *pkt)
{
    return (mpci_load16(pkt->data + OFFSET_AT) & MORE) != 0 ? HEADERS_LEN + PIECE_LEN : 0;
}

void mpci_cut_off(mpconn_pkt *pkt)
{
    uint32_t offset = mpci_load16(pkt->data + OFFSET_AT) & ~(uint32_t)MORE;

    mpci_gap_close(pkt, HEADERS_LEN, PIECE_LEN);
    write_front(pkt, offset + PIECE_LEN);
}
