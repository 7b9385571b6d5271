/* SPDX-License-Identifier: BSD-2-Clause */
/* How handshakes that concern other members go on and end. */
#include "split/actions.h"
#include "split/peers.h"
#include "split/share.h"

/* --- a flow that was committed here alone (claims A3, A9) --- */

/* Symmetric, and nobody was told: short-lived ones never are. Where the server was not heard for as
 * long as we say that we heard it, its way may lead past us. */
static void tell_or_wait(mpci_split *sp, const mpci_handshake *h)
{
    if (!mpci_sync_has_members(sp->sync) ||
        (mpci_settled_flags(mpci_settled_at(&sp->core->settled, h->settled)) &
         MPCI_SETTLED_SHARED) != 0)
        return;
    if ((h->flags & MPCI_HANDSHAKE_SERVER_HEARD) != 0)
        mpci_split_defer(sp, h->settled);
    else
        mpci_share_flow(sp, h->settled, MPCONN_MEMBER_ALL);
}

enum mpci_split_event mpci_act_confirmed(mpci_split *sp, mpci_step *st)
{
    tell_or_wait(sp, st->h);
    return mpci_act_forget(sp, st);
}

/* --- ends --- */

enum mpci_split_event mpci_act_forget_shared(mpci_split *sp, mpci_step *st)
{
    mpci_core_release(sp->core, st->h, MPCONN_REASON_HOLD_EXPIRED);
    return MPCI_EV_NOTHING;
}

/* So it was the client's own SYN, which passed a member that still knows the last incarnation: what
 * the server made of it has to go, and the client's next SYN is answered by us. */
static void server_forgot(mpci_split *sp, const mpci_handshake *h)
{
    uint32_t slot = mpci_settled_find(&sp->core->settled, h->hash, &h->tuple);
    mpci_settled *e;

    if (slot == MPCI_SLOT_NONE || (h->roles & MPCI_ROLE_ANSWERED) == 0)
        return;
    e = mpci_settled_at(&sp->core->settled, slot);
    if (e->client_isn == h->client_isn)
        return;
    e->use |= MPCI_SETTLED_FORGOTTEN;
    mpci_split_reset_server(sp, h, h->client_isn + 1);
    mpci_share_word(sp, MPCI_RECORD_STALE, &h->tuple, e->client_isn, MPCONN_MEMBER_ALL, 0);
}

enum mpci_split_event mpci_act_nobody_drives(mpci_split *sp, mpci_step *st)
{
    server_forgot(sp, st->h);
    mpci_core_release(sp->core, st->h, MPCONN_REASON_UNEXPECTED_SYN_ACK);
    return MPCI_EV_NOTHING;
}

enum mpci_split_event mpci_act_over(mpci_split *sp, mpci_step *st)
{
    mpci_split_bury(sp, st, MPCONN_REASON_DEAD_FLOW);
    return MPCI_EV_NOTHING;
}

enum mpci_split_event mpci_act_over_client(mpci_split *sp, mpci_step *st)
{
    mpci_split_reset_client(sp, st->h);
    return mpci_act_over(sp, st);
}

enum mpci_split_event mpci_act_over_server(mpci_split *sp, mpci_step *st)
{
    mpci_split_reset_server(sp, st->h, st->h->client_isn + 1);
    return mpci_act_over(sp, st);
}

/* V5: the client gets its exact RST where it proved itself ... */
enum mpci_split_event mpci_act_refused_elsewhere(mpci_split *sp, mpci_step *st)
{
    mpci_split_reset_client(sp, st->h);
    mpci_split_bury(sp, st, MPCONN_REASON_SERVER_REFUSED);
    return MPCI_EV_NOTHING;
}

/* ... and where the server's RST came, which flows toward the client as well. */
enum mpci_split_event mpci_act_refused_here(mpci_split *sp, mpci_step *st)
{
    mpci_consume(sp->core, st->pkt, MPCONN_REASON_SERVER_REFUSED);
    if (mpci_peers_is_driven(st->h))
        mpci_split_reset_client(sp, st->h);
    mpci_share_word(sp, MPCI_RECORD_RST_SEEN, st->tuple, st->h->client_isn, MPCONN_MEMBER_ALL, 0);
    mpci_split_bury(sp, st, MPCONN_REASON_SERVER_REFUSED);
    return MPCI_EV_NOTHING;
}

/* Who drives the number that it acknowledges will know what it means. */
enum mpci_split_event mpci_act_report_refusal(mpci_split *sp, mpci_step *st)
{
    if (!mpci_peers_may_ask(sp, st))
        return MPCI_EV_NOTHING;
    mpci_drop(sp->core, st->pkt, MPCONN_REASON_NO_FLOW);
    mpci_share_word(sp, MPCI_RECORD_RST_SEEN, st->tuple, st->view->ack - 1, MPCONN_MEMBER_ALL, 0);
    return MPCI_EV_NOTHING;
}

enum mpci_split_event mpci_act_abort_elsewhere(mpci_split *sp, mpci_step *st)
{
    mpci_split_reset_server(sp, st->h, st->h->client_isn + 1);
    return mpci_act_claim_aborted(sp, st);
}
