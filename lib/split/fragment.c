/* SPDX-License-Identifier: BSD-2-Clause */
/* First fragments of what is not settled here. Whether all of the segment is right nobody can tell
 * from them, so that they prove nothing and are never answered; but other members may know whose
 * they are. TCP repeats what is dropped, and whole segments get on with the handshake meanwhile. */
#include "split/actions.h"
#include "split/entry.h"

static void judge_unknown(mpci_split *sp, mpci_step *st)
{
    if (st->pkt->flow != 0) /* was held for what is over now */
        mpci_drop(sp->core, st->pkt, MPCONN_REASON_DEAD_FLOW);
    else if (mpci_sync_anybody(sp->sync))
        mpci_split_run(sp, st, MPCI_EV_STRAY);
    else if (sp->unknown_policy == MPCONN_UNKNOWN_PASS)
        mpci_forward(sp->core, st->pkt, MPCONN_REASON_UNKNOWN_PASSED);
    else
        mpci_drop(sp->core, st->pkt, MPCONN_REASON_NO_FLOW);
}

/* It waits with what was held before. */
static void wait_also(mpci_split *sp, mpci_step *st)
{
    mpci_split_run(sp, st, st->from == MPCONN_SIDE_CLIENT ? MPCI_EV_OPENER_OTHER
                                                          : MPCI_EV_ANSWERER_OTHER);
}

void mpci_split_ask(mpci_split *sp, mpci_step *st)
{
    mpci_split_find_entry(sp, st);
    if (st->h == NULL)
        judge_unknown(sp, st);
    else if (st->h->state == MPCI_ST_ASKING)
        wait_also(sp, st);
    else
        mpci_drop(sp->core, st->pkt, MPCONN_REASON_NO_FLOW);
}

void mpci_split_input_fragment(mpci_split *sp, mpci_step *st)
{
    if (st->h == NULL)
        judge_unknown(sp, st);
    else if (st->h->state == MPCI_ST_ASKING)
        wait_also(sp, st);
    else if (mpci_entry_is_plain(st->h))
        mpci_forward(sp->core, st->pkt, MPCONN_REASON_FRAGMENT_TRACKED);
    else
        mpci_drop(sp->core, st->pkt, MPCONN_REASON_FRAGMENT_EARLY);
}
