/* SPDX-License-Identifier: BSD-2-Clause */
/* From a segment to an event of the handshake machine. */
#include "split/split.h"

#include "split/actions.h"
#include "split/admit.h"
#include "split/entry.h"
#include "split/share.h"
#include "table/reset.h"

/* How far a client may be ahead of its own SYN before its window opens: it may probe that with a
 * byte or a few, and its challenge ACKs then stand behind them. Anything more is not its doing. */
enum { OPENING_AHEAD = 65536 };

/* How far the server's first segment that comes here may be from its first byte: what is before it
 * may have been lost. Two numbers of a server are further apart than any window. */
enum { FIRST_REACH = 65536 };

static int has(const mpci_view *v, unsigned flag)
{
    return (v->flags & flag) != 0;
}

static unsigned opener_side(const mpci_handshake *h)
{
    return h != NULL ? mpci_entry_opener(h) : MPCONN_SIDE_CLIENT;
}

static enum mpci_split_event proof_event(const mpci_view *v)
{
    return v->payload_len > 0 || has(v, MPCI_TCP_FIN) ? MPCI_EV_PROOF_DATA : MPCI_EV_PROOF;
}

/* Does it acknowledge the SYN|ACK of this very entry? */
static int fits_entry(const mpci_handshake *h, const mpci_view *v)
{
    return v->ack == h->proxy_isn + 1 && v->seq - h->client_isn <= OPENING_AHEAD;
}

/* A segment of the client with ACK and without SYN or RST: is it a proof? */
static enum mpci_split_event classify_proof(mpci_split *sp, const mpci_step *st, mpci_cookie *c)
{
    const mpci_handshake *h = st->h;
    int another;

    if (h != NULL && !mpci_entry_is_plain(h) && fits_entry(h, st->view))
        return proof_event(st->view);
    if (!mpci_cookie_check(c, &sp->sync->epochs, &sp->profile, st->tuple, st->view))
        return MPCI_EV_OPENER_OTHER;
    another = h != NULL && !mpci_entry_is_plain(h) && c->client_isn != h->client_isn;
    /* What was held, and released because its handshake is over or the client came back with
     * another number, is of the number it left. */
    if (st->pkt->flow != 0 && (h == NULL || another))
        return MPCI_EV_OPENER_OTHER;
    sp->dead = mpci_tombstones_find(&sp->core->tombstones, st->hash, c->client_isn);
    if (sp->dead != MPCI_TOMBSTONE_NONE)
        return MPCI_EV_PROOF_DEAD;
    sp->proof = c;
    return another ? MPCI_EV_PROOF_NEW : proof_event(st->view);
}

/* The answerer says nothing before it has this ACK, so only one number is right, or one of two when it
 * gave two: who cannot see the SYN|ACK must not settle a flow by trying (E12). The opener may be
 * ahead by what the SYN|ACK allowed, when its first ACK was lost before it came here. */
static int acks_plain(const mpci_handshake *h, const mpci_view *v)
{
    return h->state == MPCI_ST_PLAIN_ANSWERED &&
           (v->ack == h->server_isn + 1 || v->ack == h->other_isn + 1) &&
           v->seq - (h->client_isn + 1) <= h->server_window;
}

/* The answerer still has an older incarnation and challenged the SYN: the opener's RST, with the
 * number that was challenged, makes it forget that (RFC 9293 3.10.7.3). */
static int answers_challenge(const mpci_handshake *h, const mpci_view *v)
{
    return h->state == MPCI_ST_PLAIN_SYN && (h->flags & MPCI_HANDSHAKE_CHALLENGED) != 0 &&
           v->seq == h->server_isn;
}

static enum mpci_split_event classify_opener(mpci_split *sp, const mpci_step *st, mpci_cookie *c)
{
    const mpci_handshake *h = st->h;
    const mpci_view *v = st->view;

    if (has(v, MPCI_TCP_RST)) {
        if (h != NULL && v->seq == h->client_isn + 1)
            return MPCI_EV_OPENER_RST;
        return h != NULL && answers_challenge(h, v) ? MPCI_EV_OPENER_ACK : MPCI_EV_OPENER_OTHER;
    }
    if (!has(v, MPCI_TCP_ACK))
        return MPCI_EV_OPENER_OTHER;
    if (h != NULL && acks_plain(h, v))
        return MPCI_EV_OPENER_ACK;
    return st->from == MPCONN_SIDE_CLIENT ? classify_proof(sp, st, c) : MPCI_EV_OPENER_OTHER;
}

/* Who refuses a SYN has no number of its own: that RST bears 0 (RFC 9293 3.10.7.1). One with another
 * number comes of a connection, which a commit may have brought about that has not reached us. The
 * driver of a SYN that is out takes any (3.10.7.3). */
static int is_of_connection(const mpci_handshake *h, const mpci_view *v)
{
    return v->seq != 0 &&
           (h == NULL || h->state == MPCI_ST_EXPECTED || h->state == MPCI_ST_ANSWERING);
}

/* Others were told of the SYN, so the opener's ACK may have gone past one of them. Who cannot see the
 * SYN|ACK does not know where the answerer goes on. */
static int goes_on(const mpci_handshake *h, const mpci_view *v)
{
    return h->state == MPCI_ST_PLAIN_ANSWERED && (h->roles & MPCI_ROLE_TOLD) != 0 &&
           has(v, MPCI_TCP_ACK) && v->seq - (h->server_isn + 1) <= FIRST_REACH &&
           v->ack - (h->client_isn + 1) <= FIRST_REACH;
}

static enum mpci_split_event classify_answerer(mpci_split *sp, const mpci_step *st)
{
    const mpci_handshake *h = st->h;
    const mpci_view *v = st->view;
    int acks_syn = h != NULL && has(v, MPCI_TCP_ACK) && v->ack == h->client_isn + 1;

    if (has(v, MPCI_TCP_SYN)) {
        if (h != NULL)
            return acks_syn ? MPCI_EV_SYN_ACK : MPCI_EV_SYN_ACK_OTHER;
        sp->dead = mpci_tombstones_find(&sp->core->tombstones, st->hash, v->ack - 1);
        return sp->dead != MPCI_TOMBSTONE_NONE ? MPCI_EV_SYN_ACK_DEAD : MPCI_EV_SYN_ACK_OTHER;
    }
    if (!has(v, MPCI_TCP_RST))
        return h != NULL && goes_on(h, v) ? MPCI_EV_ANSWERER_SPEAKS : MPCI_EV_ANSWERER_OTHER;
    if (is_of_connection(h, v))
        return MPCI_EV_ANSWERER_OTHER;
    if (acks_syn || (h != NULL && h->state == MPCI_ST_PLAIN_ANSWERED &&
                     v->seq == h->server_isn + 1))
        return MPCI_EV_ANSWERER_RST;
    return MPCI_EV_ANSWERER_OTHER;
}

static void input_syn(mpci_split *sp, mpci_step *st)
{
    const mpci_handshake *h = st->h;
    mpci_syn_options options;
    enum mpconn_admit admitted;
    unsigned dead;

    st->bad_options = mpci_syn_options_parse(&options, st->view);
    st->options = &options;

    if (h != NULL && st->from != opener_side(h)) { /* simultaneous open: the endpoints' own affair */
        mpci_split_run(sp, st, MPCI_EV_ANSWERER_OTHER);
        return;
    }
    if (h != NULL && st->view->seq == h->client_isn) {
        mpci_split_run(sp, st, MPCI_EV_SYN_AGAIN);
        return;
    }
    admitted = mpci_split_admit(sp, st);
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
}

/* The event a segment without SYN (or with SYN and ACK) is. `c` backs sp->proof. */
static enum mpci_split_event classify(mpci_split *sp, const mpci_step *st, mpci_cookie *c)
{
    sp->proof = NULL;
    if (st->from != opener_side(st->h))
        return classify_answerer(sp, st);
    if (has(st->view, MPCI_TCP_SYN)) /* in a simultaneous open the opener answers, too */
        return st->h != NULL && mpci_entry_is_plain(st->h) ? MPCI_EV_SYN_ACK_OTHER : MPCI_EV_OPENER_OTHER;
    return classify_opener(sp, st, c);
}

static void find_entry(mpci_split *sp, mpci_step *st)
{
    st->h = mpci_handshake_find(&sp->core->handshakes, st->hash, st->tuple);
}

static int is_syn_alone(const mpci_view *v)
{
    return has(v, MPCI_TCP_SYN) && !has(v, MPCI_TCP_ACK);
}

/* Nothing is kept here; or a connection that is not split, but the client proves that it was
 * answered elsewhere, or its SYN went past another member, or its SYN|ACK did. */
static int may_be_elsewhere(const mpci_step *st, enum mpci_split_event event)
{
    const mpci_handshake *h = st->h;

    if (h == NULL)
        return 1;
    if (!mpci_entry_is_plain(h))
        return 0;
    if (event == MPCI_EV_SYN_ACK_STRAY)
        return st->from != opener_side(h) && h->driver != MPCI_NOBODY;
    return event == MPCI_EV_PROOF_ELSEWHERE ||
           (event == MPCI_EV_STRAY && st->from == opener_side(h) && h->state == MPCI_ST_PLAIN_SYN);
}

/* Another member may know more. */
static enum mpci_split_event event_with_members(const mpci_split *sp, const mpci_step *st,
                                                enum mpci_split_event event)
{
    static const uint8_t elsewhere[MPCI_EV_COUNT] = {
        [MPCI_EV_PROOF] = MPCI_EV_PROOF_ELSEWHERE,
        [MPCI_EV_PROOF_DATA] = MPCI_EV_PROOF_ELSEWHERE,
        [MPCI_EV_SYN_ACK_OTHER] = MPCI_EV_SYN_ACK_STRAY,
        [MPCI_EV_OPENER_OTHER] = MPCI_EV_STRAY,
        [MPCI_EV_ANSWERER_OTHER] = MPCI_EV_STRAY,
    };
    enum mpci_split_event other = (enum mpci_split_event)elsewhere[event];

    if (other == MPCI_EV_NOTHING || !may_be_elsewhere(st, other) || st->pkt->flow != 0 ||
        !mpci_sync_anybody(sp->sync))
        return event;
    if (!has(st->view, MPCI_TCP_ACK))
        return event;
    if (!has(st->view, MPCI_TCP_RST))
        return other;
    if (event != MPCI_EV_ANSWERER_OTHER)
        return event;
    return is_of_connection(st->h, st->view) ? MPCI_EV_STRAY : MPCI_EV_STRAY_RST;
}

void mpci_split_input(mpci_split *sp, mpci_step *st)
{
    mpci_cookie c;

    find_entry(sp, st);
    if (is_syn_alone(st->view))
        input_syn(sp, st);
    else
        mpci_split_run(sp, st, event_with_members(sp, st, classify(sp, st, &c)));
}

/* Events that show that a segment is of the handshake and not of the flow that is over. */
static int is_of_handshake(const mpci_step *st, enum mpci_split_event event)
{
    const mpci_handshake *h = st->h;
    static const uint8_t certain[MPCI_EV_COUNT] = {
        [MPCI_EV_PROOF] = 1,      [MPCI_EV_PROOF_DATA] = 1, [MPCI_EV_PROOF_NEW] = 1,
        [MPCI_EV_OPENER_ACK] = 1, [MPCI_EV_OPENER_RST] = 1, [MPCI_EV_SYN_ACK] = 1,
        [MPCI_EV_ANSWERER_RST] = 1, [MPCI_EV_PROOF_DEAD] = 1, [MPCI_EV_SYN_ACK_DEAD] = 1,
        [MPCI_EV_PROOF_ELSEWHERE] = 1, [MPCI_EV_SYN_ACK_STRAY] = 1,
        [MPCI_EV_ANSWERER_SPEAKS] = 1,
    };

    if (certain[event])
        return 1;
    /* What a server says that answered the SYN of another member belongs to that. */
    if (h != NULL && h->state == MPCI_ST_ANSWERING && (h->roles & MPCI_ROLE_ANSWERED) != 0)
        return event == MPCI_EV_ANSWERER_OTHER && st->pkt->flow == 0;
    /* While our own SYN is out, whatever the server says answers that. */
    return h != NULL && h->state == MPCI_ST_OPENING &&
           (event == MPCI_EV_ANSWERER_OTHER || event == MPCI_EV_SYN_ACK_OTHER);
}

int mpci_split_input_over(mpci_split *sp, mpci_step *st, const mpci_settled *old)
{
    const mpci_view *v = st->view;
    enum mpci_split_event event;
    mpci_cookie c;

    find_entry(sp, st);
    if (st->h != NULL && st->h->state == MPCI_ST_CONFIRMING) {
        if (!is_syn_alone(v) || v->seq == old->client_isn)
            return 0;
        mpci_entry_leave_behind(sp, st); /* the client has gone on */
    }
    if (is_syn_alone(v)) {
        /* The number of the flow that is over is dead: its SYN passes unsplit (rule R3). */
        if (v->seq == old->client_isn && st->h == NULL)
            return 0;
        input_syn(sp, st);
        return 1;
    }
    event = event_with_members(sp, st, classify(sp, st, &c));
    if (sp->proof != NULL && sp->proof->client_isn == old->client_isn)
        return 0;
    if (event == MPCI_EV_SYN_ACK_STRAY && v->ack == old->client_isn + 1)
        return 0;
    if (!is_of_handshake(st, event))
        return 0;
    mpci_split_run(sp, st, event);
    return 1;
}

static int is_proof(enum mpci_split_event event)
{
    return event == MPCI_EV_PROOF || event == MPCI_EV_PROOF_DATA || event == MPCI_EV_PROOF_NEW;
}

int mpci_split_input_stray(mpci_split *sp, mpci_step *st, mpci_settled *old)
{
    enum mpci_split_event event;
    mpci_cookie c;

    if (st->from != MPCONN_SIDE_CLIENT || has(st->view, MPCI_TCP_RST) || st->pkt->flow != 0)
        return 0;
    find_entry(sp, st);
    event = classify(sp, st, &c);
    if (!is_proof(event) ||
        (sp->proof != NULL ? sp->proof->client_isn : st->h->client_isn) == old->client_isn)
        return 0;
    /* The client seems to know nothing of the flow any more. That may be wrong: what it still says
     * in a window restores it, and it stays until the server answers the new number. */
    old->use |= MPCI_SETTLED_FORGOTTEN;
    if (st->h != NULL && st->h->state == MPCI_ST_CONFIRMING) {
        /* The client began anew before it heard of the commit; nobody waits for that any more. */
        mpci_entry_leave_behind(sp, st);
        event = proof_event(st->view);
    }
    mpci_split_run(sp, st, event);
    return 1;
}

/* Nothing of the server's connection that the SYN brought about may stay: the client's next SYN is
 * answered by us. Anybody can forge a SYN|ACK: so the RST never bears the client's next number,
 * and the flow lives on until a client proves itself for the next incarnation. */
static void server_forgot(mpci_split *sp, mpci_step *st, mpci_settled *old)
{
    mpci_reset_answer(sp->core, st);
    old->use |= MPCI_SETTLED_FORGOTTEN;
    mpci_consume(sp->core, st->pkt, MPCONN_REASON_SERVER_STALE);
}

/* Another member may drive the next incarnation, of a client whose last words went past us. If
 * nobody does, the server has forgotten this one. */
static void ask_who_drives(mpci_split *sp, mpci_step *st, mpci_settled *old)
{
    mpci_split_run(sp, st, st->h == NULL ? MPCI_EV_SYN_ACK_STRAY : MPCI_EV_SYN_ACK_OTHER);
    if (st->h != NULL)
        old->use |= MPCI_SETTLED_FORGOTTEN;
}

static int may_be_driven_elsewhere(const mpci_split *sp, const mpci_handshake *h)
{
    return mpci_sync_anybody(sp->sync) &&
           (h == NULL || h->state == MPCI_ST_EXPECTED);
}

void mpci_split_syn_ack_again(mpci_split *sp, mpci_step *st, uint32_t slot)
{
    mpci_settled *e = mpci_settled_at(&sp->core->settled, slot);

    find_entry(sp, st);
    if (st->pkt->flow != 0) /* was read when it came, and held in case that there is no split */
        mpci_consume(sp->core, st->pkt, MPCONN_REASON_SERVER_REPEATED);
    else if (st->h != NULL && st->view->ack == st->h->client_isn + 1 &&
        (st->h->settled == slot || st->h->settled == MPCI_SLOT_NONE))
        mpci_split_run(sp, st, MPCI_EV_SYN_ACK);
    else if (st->view->ack == e->client_isn + 1 ||
             st->view->ack == e->dir[MPCONN_SIDE_CLIENT].end ||
             (st->h != NULL && st->h->state == MPCI_ST_CONFIRMING))
        mpci_consume(sp->core, st->pkt, MPCONN_REASON_SERVER_REPEATED);
    else if (may_be_driven_elsewhere(sp, st->h))
        ask_who_drives(sp, st, e);
    else
        server_forgot(sp, st, e);
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

    return seq - first <= (reach > FIRST_REACH ? reach : FIRST_REACH);
}

int mpci_split_unheard(mpci_split *sp, mpci_step *st, const mpci_settled *e)
{
    mpci_handshake *h;

    if (st->from != MPCONN_SIDE_SERVER || !mpci_sync_has_members(sp->sync))
        return 0;
    find_entry(sp, st);
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

    find_entry(sp, st);
    if (st->h == NULL || st->h->state != MPCI_ST_CONFIRMING)
        return;
    if (flow_is_over(sp->core, st->h->settled)) {
        mpci_entry_leave_behind(sp, st);
    } else if (st->from == MPCONN_SIDE_SERVER) {
        mpci_split_run(sp, st, MPCI_EV_HEARD_SERVER);
        /* it told the client what our window update says; nobody may wait for that any more */
        if (st->h != NULL && st->h->state == MPCI_ST_CONFIRMING && v->window > 0)
            mpci_split_run(sp, st, MPCI_EV_HEARD_CLIENT);
    } else if (v->payload_len > 1 || has(v, MPCI_TCP_FIN) || v->ack != st->h->proxy_isn + 1) {
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
