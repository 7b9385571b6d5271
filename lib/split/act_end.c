/* SPDX-License-Identifier: BSD-2-Clause */
/* How handshakes end without a flow. */
#include "split/actions.h"

/* A tombstone outlives the cookies of its handshake: three epochs. */
enum { TOMBSTONE_EPOCHS = 3 };

void mpci_split_bury(mpci_split *sp, mpci_handshake *h, unsigned reason)
{
    mpci_core *core = sp->core;

    mpci_core_release(core, h, reason);
    mpci_core_refused(core, h, reason);
    mpci_handshake_set_timer(&core->handshakes, h,
                             mpci_later(core->now, TOMBSTONE_EPOCHS * core->timeouts.epoch_ns));
}

enum mpci_split_event mpci_act_kill_silent(mpci_split *sp, mpci_step *st)
{
    st->h->flags |= MPCI_HANDSHAKE_QUIET;
    mpci_count(&sp->core->counters, MPCONN_REASON_KILLED);
    mpci_split_bury(sp, st->h, MPCONN_REASON_KILLED);
    return MPCI_EV_NOTHING;
}

/* The client believes that it is connected and probes our closed window for as long as it is
 * patient: a RST that was lost would cost it minutes. One small answer to one segment: one that
 * was held has had it. */
enum mpci_split_event mpci_act_refuse_again(mpci_split *sp, mpci_step *st)
{
    if ((st->h->flags & MPCI_HANDSHAKE_QUIET) == 0 && st->pkt->flow == 0)
        mpci_split_reset_client(sp, st->h);
    mpci_drop(sp->core, st->pkt, MPCONN_REASON_DEAD_FLOW);
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

enum mpci_split_event mpci_act_kill(mpci_split *sp, mpci_step *st)
{
    mpci_split_reset_client(sp, st->h);
    if (st->h->state == MPCI_ST_OPENING)
        mpci_split_reset_server(sp, st->h, st->h->client_isn + 1);
    mpci_count(&sp->core->counters, MPCONN_REASON_KILLED);
    mpci_split_bury(sp, st->h, MPCONN_REASON_KILLED);
    return MPCI_EV_NOTHING;
}

enum mpci_split_event mpci_act_evicted(mpci_split *sp, mpci_step *st)
{
    mpci_core_refused(sp->core, st->h, MPCONN_REASON_HANDSHAKE_EVICTED);
    return MPCI_EV_NOTHING;
}
