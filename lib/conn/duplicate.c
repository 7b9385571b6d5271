/* SPDX-License-Identifier: BSD-2-Clause */
#include "conn/duplicate.h"

#include "base/byteorder.h"
#include "base/seq.h"
#include "packet/checksum.h"
#include "packet/options.h"

enum { WINDOW_AT = 14, CHECKSUM_AT = 16, SACK_ONE_BLOCK_LEN = 10 };

/* RFC 5681 3.2, RFC 6675 2 (DupThresh). Which segments came is a guess, and each one that did not
 * come after all has the client wait when the gap has moved up to it; so there are no more than
 * these. */
enum { DUPLICATES_THAT_TELL = 3 };

static int acknowledges_only(const mpci_view *v)
{
    return v->payload_len == 0 && !v->first_fragment &&
           (v->flags & (MPCI_TCP_SYN | MPCI_TCP_FIN | MPCI_TCP_RST | MPCI_TCP_ACK)) == MPCI_TCP_ACK;
}

int mpci_duplicate_reports_gap(const mpci_view *v)
{
    const uint8_t *edge = v->l4 + v->sack_offset + 2;

    if (!acknowledges_only(v))
        return 0;
    for (unsigned i = 0; i < v->sack_blocks; i++) {
        if (mpci_seq_lt(v->ack, mpci_load32(edge + 8 * i)))
            return 1;
    }
    return 0;
}

void mpci_duplicate_set_window(const mpci_view *v, const mpconn_pkt *pkt, uint16_t window)
{
    mpci_csum_change change = {0};

    mpci_csum_set16(&change, v->l4, WINDOW_AT, window);
    if ((pkt->flags & MPCONN_PKT_F_CSUM_PARTIAL) == 0)
        mpci_csum_apply(&change, v->l4 + CHECKSUM_AT);
}

int mpci_duplicate_note(mpci_acked *a, const mpci_view *v, uint32_t client_end)
{
    int is_duplicate = v->ack == a->ack && v->window == a->window && acknowledges_only(v) &&
                       mpci_seq_lt(v->ack, client_end);

    if ((v->flags & MPCI_TCP_ACK) == 0 || mpci_seq_lt(v->ack, a->ack))
        return 0;
    if (v->ack != a->ack)
        a->duplicates = 0;
    a->ack = v->ack;
    a->window = v->window;
    if (is_duplicate && a->duplicates < DUPLICATES_THAT_TELL)
        a->duplicates++;
    return is_duplicate;
}

int mpci_duplicate_block(uint8_t option[MPCI_BLOCK_LEN], const mpci_acked *a, uint32_t size,
                         uint32_t client_end)
{
    uint32_t left = a->ack + size, right = left + size * a->duplicates;

    if (mpci_seq_lt(client_end, right))
        right = client_end;
    if (!mpci_seq_lt(left, right))
        return 0;
    option[0] = option[1] = MPCI_OPT_NOP;
    option[2] = MPCI_OPT_SACK;
    option[3] = SACK_ONE_BLOCK_LEN;
    mpci_store32(option + 4, left);
    mpci_store32(option + 8, right);
    return 1;
}
