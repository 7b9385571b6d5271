/* SPDX-License-Identifier: BSD-2-Clause */
/* Connections that are tracked but not split, and whose two ways go through two members. Who passed
 * the SYN on tells who sees the answer that there is no split (PLAIN); who sees the answer tells
 * its number (ANSWER), without which the opener's ACK proves nothing (E12). Nothing an endpoint
 * said passes before: a SYN|ACK alone creates no trust (E35). */
#include "split/actions.h"
#include "split/bind.h"
#include "split/entry.h"
#include "split/peers.h"
#include "split/share.h"

/* With a word from others on its way, the opener's ACK and its first data wait for that; what comes
 * then was sent again, and so the word may have been lost. */
enum { HELD_BEFORE_ASKING = 2 };

/* Whatever was known of other members was of another incarnation, or of a split. */
static void know_nobody(mpci_handshake *h)
{
    h->driver = h->answerer = MPCI_NOBODY;
    h->roles &= MPCI_ROLE_TOLD;
}

enum mpci_split_event mpci_act_expect_plain(mpci_split *sp, mpci_step *st)
{
    mpci_handshake *h = mpci_peers_entry(sp, st);
    unsigned answered;

    if (h == NULL)
        return MPCI_EV_NOTHING;
    answered = h->state == MPCI_ST_ANSWERING ? h->roles & MPCI_ROLE_ANSWERED : 0;
    know_nobody(h);
    mpci_bind_entry(sp, h, 0);
    mpci_share_note_plain(h, st->record);
    h->driver = (uint16_t)st->teller;
    h->roles |= (uint8_t)(MPCI_ROLE_TOLD | answered);
    mpci_peers_await_plain(sp, h);
    mpci_core_release(sp->core, h, MPCONN_REASON_RELEASED);
    return MPCI_EV_NOTHING;
}

enum mpci_split_event mpci_act_hear_plain_answer(mpci_split *sp, mpci_step *st)
{
    mpci_handshake *h = st->h;

    mpci_entry_note_number(h, st->record->server_isn);
    mpci_share_note_answer(h, st->record);
    h->answerer = (uint16_t)st->teller;
    mpci_path_learn(&sp->paths, &sp->core->table_key, st->tuple, st->teller, sp->core->now);
    if ((st->record->flags & MPCI_ANSWER_ALONE) != 0 && h->driver == MPCI_NOBODY)
        mpci_share_plain(sp, h, st->teller);
    mpci_peers_await_plain(sp, h);
    mpci_core_release(sp->core, h, MPCONN_REASON_RELEASED);
    return MPCI_EV_NOTHING;
}

/* The opener answers what did not come here. */
enum mpci_split_event mpci_act_ask_answer(mpci_split *sp, mpci_step *st)
{
    mpci_handshake *h = st->h;
    int was_told = (h->roles & MPCI_ROLE_TOLD) != 0;

    if (!mpci_peers_may_ask(sp, st))
        return MPCI_EV_NOTHING;
    mpci_core_hold(sp->core, h, st->pkt);
    if (was_told && h->held_packets <= HELD_BEFORE_ASKING)
        return MPCI_EV_NOTHING;
    h->roles |= MPCI_ROLE_TOLD;
    /* A flow goes by the client's number: the server's names none. */
    mpci_share_word(sp, MPCI_RECORD_QUERY, st->tuple,
                    h->flags & MPCI_HANDSHAKE_REVERSE ? 0 : h->client_isn, MPCONN_MEMBER_ALL, 0);
    return MPCI_EV_NOTHING;
}

/* The server's RST came elsewhere, where it was not known what it means. */
enum mpci_split_event mpci_act_refuse_opener(mpci_split *sp, mpci_step *st)
{
    mpci_split_reset_opener(sp, st->h);
    mpci_core_refused(sp->core, st->h, MPCONN_REASON_SERVER_REFUSED);
    mpci_core_release(sp->core, st->h, MPCONN_REASON_SERVER_REFUSED);
    return MPCI_EV_NOTHING;
}

/* Rule R8: the client's ACK decides, and a valid cookie overrides. It is of a SYN|ACK that this
 * member did not send, so the others are asked first. */
enum mpci_split_event mpci_act_claim_plain(mpci_split *sp, mpci_step *st)
{
    know_nobody(st->h);
    mpci_core_release(sp->core, st->h, MPCONN_REASON_RELEASED);
    return mpci_act_claim(sp, st);
}

enum mpci_split_event mpci_act_expect_split(mpci_split *sp, mpci_step *st)
{
    know_nobody(st->h);
    mpci_core_release(sp->core, st->h, MPCONN_REASON_RELEASED);
    return mpci_act_expect(sp, st);
}
