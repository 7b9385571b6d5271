/* SPDX-License-Identifier: BSD-2-Clause */
#include "conn/duplicate.h"

#include "base/byteorder.h"
#include "base/seq.h"
#include "packet/checksum.h"
#include "packet/options.h"

enum { WINDOW_AT = 14, CHECKSUM_AT = 16, SACK_ONE_BLOCK_LEN = 10 };

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

/* Did the blocks say of the segment at `ack`, all of it, that it had come? */
static int was_claimed(const mpci_acked *a, uint32_t ack, uint32_t size)
{
    uint32_t left = a->ack + size;

    return !a->was_claimed && mpci_seq_leq(left, ack) &&
           mpci_seq_leq(ack + size, left + size * a->duplicates);
}

/* Up to `ack` it is there. The client repeated what was missing once it had heard enough. When not
 * all of what came behind that lies below `ack` now, the next one is missing there; and a sender
 * with SACK, who repeats nothing for a partial acknowledgment, has to be told at once: what else it
 * sent may have been acknowledged by duplicates already. */
static void advance(mpci_acked *a, uint32_t ack, uint32_t size)
{
    uint32_t passed = (ack - a->ack + size - 1) / size;
    int repeated = a->duplicates == MPCI_DUPLICATES_MAX || (a->recovering && a->behind != 0);
    int claimed = was_claimed(a, ack, size);
    int partial = repeated && !claimed && a->behind >= passed;

    a->behind = partial ? (uint16_t)(a->behind + 1 - passed) : 0;
    a->duplicates = (uint8_t)partial;
    a->recovering = (uint8_t)repeated;
    a->was_claimed = (uint8_t)claimed;
    a->ack = ack;
}

/* What the repeats bring about is not counted: it says nothing of what comes next. */
static void count(mpci_acked *a)
{
    a->duplicates = (uint8_t)(a->duplicates + (a->duplicates < MPCI_DUPLICATES_MAX));
    a->behind = (uint16_t)(a->behind + (!a->recovering && a->behind < MPCI_BEHIND_MAX));
}

int mpci_duplicate_note(mpci_acked *a, const mpci_view *v, uint32_t size, uint32_t client_end)
{
    int tells = acknowledges_only(v) && mpci_seq_lt(v->ack, client_end);

    if ((v->flags & MPCI_TCP_ACK) == 0 || mpci_seq_lt(v->ack, a->ack))
        return 0;
    if (v->ack != a->ack) {
        advance(a, v->ack, size);
        tells = tells && a->behind != 0;
    } else {
        tells = tells && v->window == a->window;
        if (tells)
            count(a);
    }
    a->window = v->window;
    return tells;
}

/* Which segments came is a guess, and each one that did not come after all has the client wait when
 * the gap has moved up to it; so there are no more than it takes (RFC 5681 3.2; DupThresh of RFC
 * 6675 2). */
int mpci_duplicate_block(uint8_t option[MPCI_BLOCK_LEN], const mpci_acked *a, uint32_t size,
                         uint32_t client_end)
{
    uint32_t left = a->ack + size, right = left + size * a->duplicates;

    if (mpci_seq_lt(client_end, right))
        right = client_end;
    if (a->was_claimed || !mpci_seq_lt(left, right))
        return 0;
    option[0] = option[1] = MPCI_OPT_NOP;
    option[2] = MPCI_OPT_SACK;
    option[3] = SACK_ONE_BLOCK_LEN;
    mpci_store32(option + 4, left);
    mpci_store32(option + 8, right);
    return 1;
}
