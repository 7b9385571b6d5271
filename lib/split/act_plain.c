/* SPDX-License-Identifier: BSD-2-Clause */
/* Actions on connections that are tracked but not split, and on segments of none. */
#include "split/actions.h"
#include "split/bind.h"
#include "split/entry.h"
#include "split/peers.h"
#include "split/share.h"

enum mpci_split_event mpci_act_pass(mpci_split *sp, mpci_step *st)
{
    mpci_forward(sp->core, st->pkt, MPCONN_REASON_TRACKED);
    return MPCI_EV_NOTHING;
}

enum mpci_split_event mpci_act_pass_challenge(mpci_split *sp, mpci_step *st)
{
    if ((st->view->flags & (MPCI_TCP_ACK | MPCI_TCP_RST | MPCI_TCP_SYN)) == MPCI_TCP_ACK) {
        st->h->flags |= MPCI_HANDSHAKE_CHALLENGED;
        st->h->server_isn = st->view->ack;
    }
    return mpci_act_pass(sp, st);
}

enum mpci_split_event mpci_act_pass_reset(mpci_split *sp, mpci_step *st)
{
    mpci_core_refused(sp->core, st->h,
                      st->from == mpci_entry_opener(st->h) ? MPCONN_REASON_CLIENT_ABORTED
                                                           : MPCONN_REASON_SERVER_REFUSED);
    return mpci_act_pass(sp, st);
}

static uint16_t plain_hs(const mpci_syn_options *o)
{
    mpci_offers f;

    memset(&f, 0, sizeof(f));
    f.mss_client = (uint8_t)mpci_mss_index(o->mss);
    f.wscale_client = o->wscale;
    f.wscale_proxy = MPCONN_WSCALE_NONE;
    f.sack = o->sack_permitted;
    f.timestamps = o->timestamps;
    return mpci_offers_pack(&f);
}

static void note_syn(const mpci_split *sp, mpci_handshake *h, const mpci_step *st)
{
    const mpci_syn_options *o = st->options; /* the endpoints judge a list that is malformed */

    h->client_isn = st->view->seq;
    h->client_mss = o->mss;
    h->client_ts = o->tsval;
    h->client_window = st->view->window;
    h->hs = plain_hs(o);
    h->mark = st->pkt->mark;
    mpci_core_note_link(sp->core, h->link, st);
    h->driver = h->answerer = MPCI_NOBODY;
    h->roles = 0;
    h->flags &= (uint8_t)~(MPCI_HANDSHAKE_REVERSE | MPCI_HANDSHAKE_CHALLENGED);
    if (st->from == MPCONN_SIDE_SERVER)
        h->flags |= MPCI_HANDSHAKE_REVERSE;
}

enum mpci_split_event mpci_act_track_syn(mpci_split *sp, mpci_step *st)
{
    mpci_handshake *h = st->h;

    if (mpci_bind_is_taken(sp, st->hash, st->tuple)) { /* its answer would be taken for another's */
        mpci_drop(sp->core, st->pkt, MPCONN_REASON_BINDING_TAKEN);
        st->h = NULL; /* an older entry stays as it was */
        return MPCI_EV_NOTHING;
    }
    if (h == NULL)
        h = mpci_handshake_add(&sp->core->handshakes, st->hash, st->tuple);
    if (h == NULL && sp->unknown_policy == MPCONN_UNKNOWN_DROP) {
        /* its answer would be dropped: the server's backlog is not for that */
        mpci_drop(sp->core, st->pkt, MPCONN_REASON_HANDSHAKE_FULL);
        return MPCI_EV_NOTHING;
    }
    if (h == NULL) { /* forwarded all the same: the flow is then unknown */
        mpci_count(&sp->core->counters, MPCONN_REASON_HANDSHAKE_FULL);
    } else {
        st->h = h;
        mpci_bind_entry(sp, h, 0);
        note_syn(sp, h, st);
        mpci_peers_await_plain(sp, h);
        mpci_split_announce_plain(sp, h, st->from);
    }
    mpci_forward(sp->core, st->pkt, MPCONN_REASON_SYN_TRACKED);
    return MPCI_EV_NOTHING;
}

enum mpci_split_event mpci_act_track_answer(mpci_split *sp, mpci_step *st)
{
    mpci_handshake *h = st->h;
    mpci_syn_options o;

    (void)mpci_syn_options_parse(&o, st->view);
    mpci_entry_note_number(h, st->view->seq);
    mpci_entry_note_answer(sp, h, st, &o);
    mpci_peers_await_plain(sp, h);
    if (h->driver == MPCI_NOBODY)
        mpci_path_learn(&sp->paths, &sp->core->table_key, st->tuple, MPCI_NOBODY, sp->core->now);
    else if (st->pkt->flow == 0 || (h->roles & MPCI_ROLE_ANSWERED) == 0) /* not told of it yet */
        mpci_share_answer(sp, h, h->driver, 0);
    mpci_core_release(sp->core, h, MPCONN_REASON_RELEASED); /* the opener's ACK came first */
    mpci_forward(sp->core, st->pkt, MPCONN_REASON_TRACKED);
    return MPCI_EV_NOTHING;
}

enum mpci_split_event mpci_act_settle_plain(mpci_split *sp, mpci_step *st)
{
    mpci_handshake *h = st->h;
    int full;

    if (mpci_entry_opener(h) == st->from && st->view->ack == h->other_isn + 1)
        h->server_isn = h->other_isn;
    full = mpci_split_settle_plain(sp, st) != MPCONN_OK;
    if (full)
        mpci_count(&sp->core->counters, MPCONN_REASON_TABLE_FULL);
    mpci_forward(sp->core, st->pkt, MPCONN_REASON_TRACKED);
    return full ? MPCI_EV_FULL : MPCI_EV_COMMITTED;
}

enum mpci_split_event mpci_act_no_room_plain(mpci_split *sp, mpci_step *st)
{
    mpci_core_refused(sp->core, st->h, MPCONN_REASON_TABLE_FULL);
    return MPCI_EV_NOTHING;
}

/* Whoever passed the SYN on knows what became of it; who was only told of it does not. */
/* RFC 5382 REQ-5 keeps what is half open for four minutes. A flood (RFC 4987) must not fill the
 * table by that: beside many others it has the time in which any client would have repeated its
 * SYN. */
enum mpci_split_event mpci_act_wait_plain(mpci_split *sp, mpci_step *st)
{
    mpci_handshake *h = st->h;
    mpconn_time now = sp->core->now;
    int crowded = sp->half_open >= sp->adaptive_threshold;
    uint64_t left = h->repeat_due > now ? h->repeat_due - now : 0;

    if (crowded || left == 0)
        return MPCI_EV_EXHAUSTED;
    mpci_peers_set_timer(sp, h, left < MPCI_PLAIN_WAIT_NS ? left : MPCI_PLAIN_WAIT_NS);
    return MPCI_EV_NOTHING;
}

enum mpci_split_event mpci_act_plain_expired(mpci_split *sp, mpci_step *st)
{
    if (st->h->driver != MPCI_NOBODY)
        return MPCI_EV_NOTHING;
    mpci_count(&sp->core->counters, MPCONN_REASON_EXPIRED);
    mpci_core_refused(sp->core, st->h, MPCONN_REASON_EXPIRED);
    return MPCI_EV_NOTHING;
}

enum mpci_split_event mpci_act_unknown(mpci_split *sp, mpci_step *st)
{
    const mpci_view *v = st->view;
    unsigned reason = MPCONN_REASON_NO_FLOW;

    if (st->pkt->flow != 0) { /* was held for what is over now */
        mpci_drop(sp->core, st->pkt, MPCONN_REASON_DEAD_FLOW);
        return MPCI_EV_NOTHING;
    }
    if (sp->unknown_policy == MPCONN_UNKNOWN_PASS) {
        mpci_forward(sp->core, st->pkt, MPCONN_REASON_UNKNOWN_PASSED);
        return MPCI_EV_NOTHING;
    }
    if ((v->flags & MPCI_TCP_SYN) != 0)
        reason = MPCONN_REASON_UNEXPECTED_SYN_ACK;
    else if (st->from == MPCONN_SIDE_CLIENT && (v->flags & MPCI_TCP_ACK) != 0 &&
             (v->flags & MPCI_TCP_RST) == 0)
        reason = MPCONN_REASON_COOKIE_REFUSED;
    mpci_drop(sp->core, st->pkt, reason);
    return MPCI_EV_NOTHING;
}

enum mpci_split_event mpci_act_absent(mpci_split *sp, mpci_step *st)
{
    if (st->pkt != NULL)
        mpci_drop(sp->core, st->pkt, MPCONN_REASON_SYN_UNEXPECTED);
    return MPCI_EV_NOTHING;
}
