/* SPDX-License-Identifier: BSD-2-Clause */
/* How handshakes end without a flow, and what is said to those who come too late. */
#include "split/actions.h"

#include "table/reset.h"

static void bury(mpci_split *sp, const mpci_step *st, unsigned reason, unsigned kind)
{
    mpci_handshake *h = st->h;

    mpci_core_release(sp->core, h, reason);
    mpci_core_refused(sp->core, h, reason);
    mpci_core_bury_bound(sp->core, h->hash, h->binding, h->client_isn,
                         MPCI_TOMBSTONE_FOUND | kind);
}

void mpci_split_bury(mpci_split *sp, const mpci_step *st, unsigned reason)
{
    bury(sp, st, reason, 0);
}

enum mpci_split_event mpci_act_kill_silent(mpci_split *sp, mpci_step *st)
{
    mpci_count(&sp->core->counters, MPCONN_REASON_KILLED);
    bury(sp, st, MPCONN_REASON_KILLED, MPCI_TOMBSTONE_KILLED | MPCI_TOMBSTONE_QUIET);
    return MPCI_EV_NOTHING;
}

enum mpci_split_event mpci_act_kill(mpci_split *sp, mpci_step *st)
{
    mpci_split_reset_client(sp, st->h);
    if (st->h->state == MPCI_ST_OPENING)
        mpci_split_reset_server(sp, st->h, st->h->client_isn + 1);
    mpci_count(&sp->core->counters, MPCONN_REASON_KILLED);
    bury(sp, st, MPCONN_REASON_KILLED, MPCI_TOMBSTONE_KILLED);
    return MPCI_EV_NOTHING;
}

enum mpci_split_event mpci_act_kill_plain_silent(mpci_split *sp, mpci_step *st)
{
    mpci_count(&sp->core->counters, MPCONN_REASON_KILLED);
    mpci_core_refused(sp->core, st->h, MPCONN_REASON_KILLED);
    return MPCI_EV_NOTHING;
}

enum mpci_split_event mpci_act_kill_plain(mpci_split *sp, mpci_step *st)
{
    mpci_split_reset_plain(sp, st->h);
    return mpci_act_kill_plain_silent(sp, st);
}

/* Its offers travel in the cookie: a client that proves itself later loses nothing. What was only
 * told here goes on elsewhere. */
enum mpci_split_event mpci_act_evicted(mpci_split *sp, mpci_step *st)
{
    if (st->h->driver == MPCI_NOBODY)
        mpci_core_refused(sp->core, st->h, MPCONN_REASON_HANDSHAKE_EVICTED);
    return MPCI_EV_NOTHING;
}

/* Where the client is led there is nobody. Its packet has its verdict. */
enum mpci_split_event mpci_act_refuse_leg(mpci_split *sp, mpci_step *st)
{
    mpci_split_reset_client(sp, st->h);
    mpci_split_tell_end(sp, st->h);
    mpci_split_bury(sp, st, st->refusal);
    return MPCI_EV_NOTHING;
}

/* The server has had more than one chance, and others wait for the place. */
enum mpci_split_event mpci_act_give_up(mpci_split *sp, mpci_step *st)
{
    mpci_split_reset_client(sp, st->h);
    mpci_split_reset_server(sp, st->h, st->h->client_isn + 1);
    bury(sp, st, MPCONN_REASON_OPENING_EVICTED, 0);
    return MPCI_EV_NOTHING;
}

/* The client believes that it is connected and probes our closed window for as long as it is
 * patient: a RST that was lost would cost it minutes. One small answer to one segment, exact by
 * RFC 9293 3.10.7.1; one that was held does not come here again. */
enum mpci_split_event mpci_act_refuse_dead(mpci_split *sp, mpci_step *st)
{
    if ((st->dead & MPCI_TOMBSTONE_QUIET) == 0)
        mpci_reset_answer(sp->core, st);
    mpci_drop(sp->core, st->pkt, MPCONN_REASON_DEAD_FLOW);
    return MPCI_EV_NOTHING;
}

enum mpci_split_event mpci_act_late_answer(mpci_split *sp, mpci_step *st)
{
    int was_held = st->pkt->flow != 0; /* who did so has answered */

    if (!was_held && (st->dead & MPCI_TOMBSTONE_QUIET) == 0)
        mpci_reset_answer(sp->core, st);
    mpci_drop(sp->core, st->pkt, MPCONN_REASON_DEAD_FLOW);
    return MPCI_EV_NOTHING;
}
