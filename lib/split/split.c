/* SPDX-License-Identifier: BSD-2-Clause */
/* What comes to the handshake machine: segments, deadlines, orders of the host. */
#include "split/split.h"

#include "split/actions.h"
#include "split/admit.h"
#include "split/bind.h"
#include "split/classify.h"
#include "split/entry.h"
#include "split/share.h"

void mpci_split_find_entry(const mpci_split *sp, mpci_step *st)
{
    st->h = mpci_handshake_find(&sp->core->handshakes, st->hash, st->tuple);
}

void mpci_split_input_syn(mpci_split *sp, mpci_step *st)
{
    const mpci_handshake *h = st->h;
    mpci_syn_options options;
    enum mpconn_admit admitted;
    unsigned dead;
    int unsplit;

    st->bad_options = mpci_syn_options_parse(&options, st->view);
    st->options = &options;

    /* simultaneous open: the endpoints' own affair */
    if (h != NULL && st->from != mpci_entry_opener(h)) {
        mpci_split_run(sp, st, MPCI_EV_ANSWERER_OTHER);
        return;
    }
    if (h != NULL && st->view->seq == h->client_isn &&
        !(h->state == MPCI_ST_ANSWERED && mpci_split_cannot_answer(sp, st))) {
        mpci_split_run(sp, st, MPCI_EV_SYN_AGAIN);
        return;
    }
    admitted = mpci_split_admit(sp, st, &unsplit);
    if (admitted != MPCONN_ADMIT_SPLIT && admitted != MPCONN_ADMIT_TRACK)
        return;
    dead = mpci_tombstones_find(&sp->core->tombstones, st->hash, st->view->seq);
    if (dead & MPCI_TOMBSTONE_KILLED)
        mpci_drop(sp->core, st->pkt, MPCONN_REASON_DEAD_FLOW);
    else if (dead != MPCI_TOMBSTONE_NONE) /* not to be driven again: the endpoints' own affair */
        mpci_split_run(sp, st, MPCI_EV_SYN_TRACK);
    else
        mpci_split_run(sp, st,
                       admitted == MPCONN_ADMIT_SPLIT ? MPCI_EV_SYN_SPLIT : MPCI_EV_SYN_TRACK);
    if (unsplit && st->pkt->verdict != MPCONN_VERDICT_DROP)
        mpci_split_passes_unsplit(sp, st);
}

static void input(mpci_split *sp, mpci_step *st)
{
    mpci_cookie c;

    if (st->h != NULL && mpci_bind_is_strange(st, st->h))
        mpci_drop(sp->core, st->pkt, MPCONN_REASON_NO_FLOW);
    else if (st->view->first_fragment)
        mpci_split_input_fragment(sp, st);
    else if (mpci_classify_is_syn_alone(st->view))
        mpci_split_input_syn(sp, st);
    else
        mpci_split_run(sp, st, mpci_classify(sp, st, &c));
}

void mpci_split_input(mpci_split *sp, mpci_step *st)
{
    mpci_split_find_entry(sp, st);
    input(sp, st);
}

void mpci_split_input_beside(mpci_split *sp, mpci_step *st)
{
    mpci_split_find_entry(sp, st);
    if (st->h != NULL)
        input(sp, st);
    else
        mpci_drop(sp->core, st->pkt, MPCONN_REASON_NO_FLOW);
}

static int flow_is_over(const mpci_core *core, uint32_t slot)
{
    mpci_track t;

    mpci_settled_track_load(mpci_settled_at(&core->settled, slot), &t);
    return mpci_track_is_over(&t);
}

int mpci_split_fits_first(uint32_t server_isn, uint32_t max_end, uint32_t seq)
{
    uint32_t first = server_isn + 1;
    uint32_t reach = max_end - first;

    return seq - first <= (reach > MPCI_FIRST_REACH ? reach : MPCI_FIRST_REACH);
}

int mpci_split_unheard(mpci_split *sp, mpci_step *st, const mpci_settled *e)
{
    mpci_handshake *h;

    if (st->from != MPCONN_SIDE_SERVER || !mpci_sync_has_members(sp->sync))
        return 0;
    mpci_split_find_entry(sp, st);
    h = st->h;
    if (h == NULL || h->state != MPCI_ST_CONFIRMING ||
        (h->flags & MPCI_HANDSHAKE_SERVER_HEARD) != 0)
        return 0;
    if (mpci_split_fits_first(h->server_isn, e->dir[MPCONN_SIDE_SERVER].max_end, st->view->seq))
        return 0;
    if ((h->flags & MPCI_HANDSHAKE_MISMATCH) == 0) {
        h->flags |= MPCI_HANDSHAKE_MISMATCH;
        h->heard_seq = st->view->seq;
        mpci_count(&sp->core->counters, MPCONN_REASON_COMMIT_CONFLICT);
        mpci_share_word(sp, MPCI_RECORD_QUERY, st->tuple, h->client_isn, MPCONN_MEMBER_ALL, 0);
    }
    mpci_core_hold(sp->core, h, st->pkt);
    return 1;
}

void mpci_split_forwarded(mpci_split *sp, mpci_step *st)
{
    const mpci_view *v = st->view;

    mpci_split_find_entry(sp, st);
    if (st->h == NULL || st->h->state != MPCI_ST_CONFIRMING)
        return;
    if (flow_is_over(sp->core, st->h->settled)) {
        mpci_entry_leave_behind(sp, st);
    } else if (st->from == MPCONN_SIDE_SERVER) {
        mpci_split_run(sp, st, MPCI_EV_HEARD_SERVER);
        /* it told the client what our window update says; nobody may wait for that any more */
        if (st->h != NULL && st->h->state == MPCI_ST_CONFIRMING && v->window > 0)
            mpci_split_run(sp, st, MPCI_EV_HEARD_CLIENT);
    } else if (v->payload_len > 1 || (v->flags & MPCI_TCP_FIN) != 0 ||
               v->ack != st->h->proxy_isn + 1) {
        /* Not a bare ACK or a one-byte probe: those a client with a closed window sends, too. */
        mpci_split_run(sp, st, MPCI_EV_HEARD_CLIENT);
        /* The client acknowledges what the server said elsewhere. */
        if (st->h != NULL && (st->h->roles & MPCI_ROLE_ANSWERED) == 0 &&
            v->ack != st->h->proxy_isn + 1)
            mpci_split_run(sp, st, MPCI_EV_HEARD_SERVER);
    }
}

void mpci_split_expire(mpci_split *sp, mpci_handshake *h)
{
    mpci_step st = {0};

    if (h->hold_due <= sp->core->now)
        mpci_core_release(sp->core, h, MPCONN_REASON_HOLD_EXPIRED);
    if (h->timer_due > sp->core->now)
        return;
    mpci_handshake_set_timer(&sp->core->handshakes, h, MPCONN_TIME_NEVER);
    st.h = h;
    mpci_split_run(sp, &st, MPCI_EV_TIMER);
}

void mpci_split_kill(mpci_split *sp, mpci_handshake *h, int silent)
{
    mpci_step st = {0};

    st.h = h;
    mpci_split_run(sp, &st, silent ? MPCI_EV_KILLED_SILENT : MPCI_EV_KILLED);
}

void mpci_split_flow_ends(mpci_split *sp, uint32_t slot)
{
    mpci_step st = {0};
    mpconn_tuple tuple;

    if ((mpci_settled_flags(mpci_settled_at(&sp->core->settled, slot)) &
         MPCI_SETTLED_CONFIRMING) == 0)
        return;
    mpci_settled_tuple(&sp->core->settled, slot, &tuple);
    st.h = mpci_handshake_find(&sp->core->handshakes,
                               mpci_tuple_hash(&sp->core->table_key, &tuple), &tuple);
    mpci_entry_leave_behind(sp, &st);
}
