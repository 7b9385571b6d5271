/* SPDX-License-Identifier: BSD-2-Clause */
/* Actions on what a client says before its flow is settled. */
#include "split/actions.h"

#include "base/seq.h"
#include "split/bind.h"
#include "split/share.h"

/* Repeats of a SYN|ACK start after a second and double, as a client's own SYN would (RFC 6298). */
#define ANSWER_REPEAT_NS MPCONN_SECOND

/* Entries that a search for a server leg which does not get ready looks at. */
enum { OPENING_LOOK_AT = 64 };

static mpci_handshake *take_free_entry(mpci_split *sp, mpci_step *st)
{
    return mpci_handshake_add(&sp->core->handshakes, st->hash, st->tuple);
}

static mpci_handshake *more_tried(mpci_handshake *a, mpci_handshake *b)
{
    if (b == NULL || b->state != MPCI_ST_OPENING || b->tries < 2)
        return a;
    return a == NULL || b->tries > a->tries ? b : a;
}

/* Of the next few server legs that opened at the first try nobody gives way: of the others the one
 * that was tried most. Clients that prove themselves toward silent servers must not lock out the
 * rest. */
static mpci_handshake *most_tried(mpci_split *sp)
{
    const mpci_handshake_table *t = &sp->core->handshakes;
    mpci_handshake *found = NULL;

    for (unsigned i = 0; i < OPENING_LOOK_AT && i < t->capacity; i++) {
        found = more_tried(found, mpci_handshake_at(t, sp->opening_hand));
        sp->opening_hand = sp->opening_hand + 1 < t->capacity ? sp->opening_hand + 1 : 0;
    }
    return found;
}

/* For a client that has proved itself the one that has been unproved for longest gives way, then
 * one whose server does not answer; a mere SYN never takes anything from anybody. */
static mpci_handshake *take_entry(mpci_split *sp, mpci_step *st)
{
    mpci_handshake *h = take_free_entry(sp, st);
    mpci_step evict = {0};

    if (h != NULL)
        return h;
    evict.h = mpci_handshake_oldest_unproved(&sp->core->handshakes);
    if (evict.h == NULL)
        evict.h = most_tried(sp);
    if (evict.h == NULL)
        return NULL;
    mpci_count(&sp->core->counters, evict.h->state == MPCI_ST_OPENING
                                        ? MPCONN_REASON_OPENING_EVICTED
                                        : MPCONN_REASON_HANDSHAKE_EVICTED);
    mpci_split_run(sp, &evict, MPCI_EV_EVICTED);
    return take_free_entry(sp, st);
}

/* What others did, what the server said and what its leg shows is of the number that the entry
 * had. */
static void note_offers(mpci_split *sp, mpci_handshake *h, const mpci_cookie *c)
{
    if (h->client_isn != c->client_isn) {
        h->driver = h->answerer = MPCI_NOBODY;
        h->roles &= (uint8_t)~MPCI_ROLE_ANSWERED;
        mpci_bind_entry(sp, h, 0);
    }
    h->client_isn = c->client_isn;
    h->proxy_isn = c->isn;
    h->proxy_ts = c->tsval;
    h->hs = mpci_offers_pack(&c->offers);
    h->flags &= (uint8_t)~(MPCI_HANDSHAKE_REVERSE | MPCI_HANDSHAKE_STALE_TOLD);
}

/* What every segment of the client refreshes. Of one incarnation the latest timestamp stays: what
 * was overtaken must not take back the clock that the server has seen (RFC 7323 5.3). Nor must that
 * run ahead of what is held: it comes to the server behind our own segments. */
static void note_client(const mpci_split *sp, mpci_handshake *h, const mpci_step *st, int same)
{
    mpci_core_note_link(sp->core, h->link, st);
    h->mark = st->pkt->mark;
    if (st->view->ts_offset == 0 || (same && h->held_packets > 0))
        return;
    h->client_ts = same ? mpci_seq_max(h->client_ts, st->view->tsval) : st->view->tsval;
}

/* Whether the entry was split, and of this incarnation, already. */
static int is_same(const mpci_handshake *h, uint32_t client_isn)
{
    return (h->state == MPCI_ST_ANSWERED || h->state == MPCI_ST_OPENING) &&
           h->client_isn == client_isn;
}

/* Build the answer into the buffer of the SYN, or of what it came in. */
static int answer(mpci_split *sp, mpci_step *st, mpci_cookie *c, unsigned reason)
{
    const mpci_syn_options *o = st->options;
    mpconn_pkt *pkt = st->pkt;

    if (st->bad_options != 0) {
        mpci_drop(sp->core, pkt, st->bad_options);
        return 1;
    }
    if (o->duplicate)
        mpci_count(&sp->core->counters, MPCONN_REASON_OPTION_DUPLICATE);
    if (o->clamped)
        mpci_count(&sp->core->counters, MPCONN_REASON_OPTION_CLAMPED);
    mpci_cookie_make(c, &sp->sync->epochs, &sp->profile, st->tuple, st->view->seq, o);
    if (mpci_split_answer_in_place(sp, st, c, o->tsval)) {
        mpci_drop(sp->core, pkt, MPCONN_REASON_NO_SPACE);
        return 1;
    }
    mpci_verdict(sp->core, pkt, MPCONN_VERDICT_FORWARD, reason);
    return 0;
}

enum mpci_split_event mpci_act_answer(mpci_split *sp, mpci_step *st)
{
    mpci_cookie c;
    mpci_handshake *h = st->h;
    int same;

    if (answer(sp, st, &c, MPCONN_REASON_SYN_ANSWERED) != 0) {
        st->h = NULL; /* an older entry stays as it was */
        return MPCI_EV_NOTHING;
    }
    if (h == NULL && mpci_split_in_peace(sp))
        h = take_free_entry(sp, st);
    if (h == NULL)
        return MPCI_EV_NOTHING;
    st->h = h;
    same = is_same(h, c.client_isn);
    note_offers(sp, h, &c);
    note_client(sp, h, st, same);
    if (!same) { /* its own repeats do not give it more of ours */
        mpci_split_announce_early(sp, h);
        h->tries = 0;
        mpci_handshake_set_timer(&sp->core->handshakes, h,
                                 mpci_later(sp->core->now, ANSWER_REPEAT_NS));
    }
    return MPCI_EV_NOTHING;
}

enum mpci_split_event mpci_act_answer_only(mpci_split *sp, mpci_step *st)
{
    mpci_cookie c;

    (void)answer(sp, st, &c, MPCONN_REASON_SYN_ANSWERED);
    return MPCI_EV_NOTHING;
}

void mpci_split_answer_carried(mpci_split *sp, mpci_step *st)
{
    mpci_cookie c;

    (void)answer(sp, st, &c, MPCONN_REASON_ECHO_ANSWERED);
}

int mpci_split_take_proof(mpci_split *sp, mpci_step *st)
{
    int same;

    if (st->h == NULL)
        st->h = take_entry(sp, st);
    if (st->h == NULL) {
        mpci_drop(sp->core, st->pkt, MPCONN_REASON_HANDSHAKE_FULL);
        return 0;
    }
    mpci_echo_proved(sp->echo, st->tuple,
                     st->proof != NULL ? st->proof->client_isn : st->h->client_isn);
    same = st->proof == NULL || is_same(st->h, st->proof->client_isn);
    if (st->proof != NULL)
        note_offers(sp, st->h, st->proof);
    note_client(sp, st->h, st, same);
    st->h->client_window = st->view->window;
    st->h->roles |= MPCI_ROLE_DRIVES;
    return 1;
}

enum mpci_split_event mpci_split_start_opening(mpci_split *sp, mpci_step *st)
{
    mpci_handshake *h = st->h;

    st->refusal = mpci_bind_ask(sp, h);
    if (st->refusal != 0)
        return MPCI_EV_UNBOUND;
    h->tries = 1;
    h->errors = h->errors_at = 0;
    mpci_split_send_open(sp, h);
    mpci_handshake_set_timer(&sp->core->handshakes, h,
                             mpci_later(sp->core->now, sp->core->timeouts.syn_rto_ns));
    mpci_split_announce(sp, h);
    return MPCI_EV_NOTHING;
}

/* A copy of what is held already would only take the room of what follows. */
static void hold_stream(mpci_split *sp, mpci_step *st)
{
    mpci_handshake *h = st->h;
    uint32_t begin = st->view->seq - h->client_isn; /* the SYN is 0, the first byte 1 */
    uint32_t end = begin + mpci_view_seq_len(st->view);
    int follows = begin <= 1 + h->held_ahead;

    if (follows && begin < end && end <= 1 + h->held_ahead && st->pkt->flow == 0) {
        mpci_consume(sp->core, st->pkt, MPCONN_REASON_CLIENT_WAITS);
        return;
    }
    mpci_core_hold(sp->core, h, st->pkt);
    if (follows && end > 1 + h->held_ahead && st->pkt->verdict == MPCONN_VERDICT_HOLD)
        h->held_ahead = end - 1;
}

void mpci_split_take_stream(mpci_split *sp, mpci_step *st, unsigned reason)
{
    if (mpci_view_seq_len(st->view) > 0)
        hold_stream(sp, st);
    else
        mpci_consume(sp->core, st->pkt, reason);
}

enum mpci_split_event mpci_act_open(mpci_split *sp, mpci_step *st)
{
    enum mpci_split_event next;

    if (mpci_split_take_proof(sp, st) == 0)
        return MPCI_EV_NOTHING;
    next = mpci_split_start_opening(sp, st);
    if (next == MPCI_EV_UNBOUND)
        mpci_drop(sp->core, st->pkt, st->refusal);
    else
        mpci_split_take_stream(sp, st, MPCONN_REASON_CLIENT_PROVED);
    return next;
}

enum mpci_split_event mpci_act_reopen(mpci_split *sp, mpci_step *st)
{
    mpci_split_reset_server(sp, st->h, st->h->client_isn + 1);
    mpci_split_bury(sp, st, MPCONN_REASON_CLIENT_ABORTED);
    return mpci_act_open(sp, st);
}

enum mpci_split_event mpci_act_wait(mpci_split *sp, mpci_step *st)
{
    note_client(sp, st->h, st, 1);
    st->h->client_window = st->view->window;
    mpci_consume(sp->core, st->pkt, MPCONN_REASON_CLIENT_WAITS);
    return MPCI_EV_NOTHING;
}

enum mpci_split_event mpci_act_hold(mpci_split *sp, mpci_step *st)
{
    if (st->from == MPCONN_SIDE_SERVER) { /* with other members what the server says waits, too */
        mpci_core_hold(sp->core, st->h, st->pkt);
        return MPCI_EV_NOTHING;
    }
    note_client(sp, st->h, st, 1);
    hold_stream(sp, st);
    return MPCI_EV_NOTHING;
}

enum mpci_split_event mpci_act_refuse_proof(mpci_split *sp, mpci_step *st)
{
    unsigned flags = st->view->flags;

    mpci_drop(sp->core, st->pkt,
              (flags & MPCI_TCP_SYN) != 0   ? MPCONN_REASON_UNEXPECTED_SYN_ACK
              : (flags & MPCI_TCP_RST) != 0 ? MPCONN_REASON_RST_NOT_EXACT
              : (flags & MPCI_TCP_ACK) == 0 ? MPCONN_REASON_UNPROVED_DATA
                                            : MPCONN_REASON_COOKIE_REFUSED);
    return MPCI_EV_NOTHING;
}

enum mpci_split_event mpci_act_client_gone(mpci_split *sp, mpci_step *st)
{
    mpci_consume(sp->core, st->pkt, MPCONN_REASON_CLIENT_ABORTED);
    mpci_core_refused(sp->core, st->h, MPCONN_REASON_CLIENT_ABORTED);
    return MPCI_EV_NOTHING;
}

enum mpci_split_event mpci_act_abort_server(mpci_split *sp, mpci_step *st)
{
    mpci_split_reset_server(sp, st->h, st->h->client_isn + 1);
    if ((st->h->roles & MPCI_ROLE_TOLD) != 0)
        mpci_share_word(sp, MPCI_RECORD_CLOSE, st->tuple, st->h->client_isn, MPCONN_MEMBER_ALL,
                        MPCONN_REASON_CLIENT_ABORTED);
    mpci_consume(sp->core, st->pkt, MPCONN_REASON_CLIENT_ABORTED);
    mpci_split_bury(sp, st, MPCONN_REASON_CLIENT_ABORTED);
    return MPCI_EV_NOTHING;
}
