/* SPDX-License-Identifier: BSD-2-Clause */
/* From a segment to an event of the handshake machine. Nothing is changed here. */
#include "split/classify.h"

#include "split/entry.h"
#include "split/peers.h"

/* How far a client may be ahead of its own SYN before its window opens: it may probe that with a
 * byte or a few, and its challenge ACKs then stand behind them. Anything more is not its doing. */
enum { OPENING_AHEAD = 65536 };

static int has(const mpci_view *v, unsigned flag)
{
    return (v->flags & flag) != 0;
}

static enum mpci_split_event proof_event(const mpci_view *v)
{
    return v->payload_len > 0 || has(v, MPCI_TCP_FIN) ? MPCI_EV_PROOF_DATA : MPCI_EV_PROOF;
}

/* Does it acknowledge the SYN|ACK of this very entry? Its number is known only of what was answered
 * here, or is driven; of what is asked or merely heard about there is none that could be right. */
static int fits_entry(const mpci_handshake *h, const mpci_view *v)
{
    return (h->state == MPCI_ST_ANSWERED || mpci_peers_is_driven(h)) &&
           v->ack == h->proxy_isn + 1 && v->seq - h->client_isn <= OPENING_AHEAD;
}

/* A segment of the client with ACK and without SYN or RST: is it a proof? */
static enum mpci_split_event classify_proof(const mpci_split *sp, mpci_step *st, mpci_cookie *c)
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
    st->dead = mpci_tombstones_find(&sp->core->tombstones, st->hash, c->client_isn);
    if (st->dead != MPCI_TOMBSTONE_NONE)
        return MPCI_EV_PROOF_DEAD;
    st->proof = c;
    return another ? MPCI_EV_PROOF_NEW : proof_event(st->view);
}

/* RFC 9293 3.10.7.4: the number after all that was said. What was not held may be lost; who
 * said it is not known to have gone on. */
static int is_exact_reset(const mpci_handshake *h, const mpci_view *v)
{
    uint32_t first = h->client_isn + 1;

    return v->seq == first || v->seq == first + h->held_ahead;
}

/* The answerer says nothing before it has this ACK, so only one number is right, or one of two when
 * it gave two: who cannot see the SYN|ACK must not settle a flow by trying (E12). The opener may be
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

static enum mpci_split_event classify_opener(const mpci_split *sp, mpci_step *st, mpci_cookie *c)
{
    const mpci_handshake *h = st->h;
    const mpci_view *v = st->view;

    if (has(v, MPCI_TCP_RST)) {
        if (h != NULL && is_exact_reset(h, v))
            return MPCI_EV_OPENER_RST;
        return h != NULL && answers_challenge(h, v) ? MPCI_EV_OPENER_ACK : MPCI_EV_OPENER_OTHER;
    }
    if (!has(v, MPCI_TCP_ACK))
        return MPCI_EV_OPENER_OTHER;
    if (h != NULL && acks_plain(h, v))
        return MPCI_EV_OPENER_ACK;
    return st->from == MPCONN_SIDE_CLIENT ? classify_proof(sp, st, c) : MPCI_EV_OPENER_OTHER;
}

/* Who refuses a SYN has no number of its own: that RST bears 0 (RFC 9293 3.10.7.1). One with
 * another number comes of a connection, which a commit may have brought about that has not reached
 * us. The driver of a SYN that is out takes any (3.10.7.3). */
static int is_of_connection(const mpci_handshake *h, const mpci_view *v)
{
    return v->seq != 0 &&
           (h == NULL || h->state == MPCI_ST_EXPECTED || h->state == MPCI_ST_ANSWERING);
}

/* Others were told of the SYN, so the opener's ACK may have gone past one of them. Who cannot see
 * the SYN|ACK does not know where the answerer goes on. */
static int goes_on(const mpci_handshake *h, const mpci_view *v)
{
    return h->state == MPCI_ST_PLAIN_ANSWERED && (h->roles & MPCI_ROLE_TOLD) != 0 &&
           has(v, MPCI_TCP_ACK) && v->seq - (h->server_isn + 1) <= MPCI_FIRST_REACH &&
           v->ack - (h->client_isn + 1) <= MPCI_FIRST_REACH;
}

static enum mpci_split_event classify_answerer(const mpci_split *sp, mpci_step *st)
{
    const mpci_handshake *h = st->h;
    const mpci_view *v = st->view;
    int acks_syn = h != NULL && has(v, MPCI_TCP_ACK) && v->ack == h->client_isn + 1;

    if (has(v, MPCI_TCP_SYN)) {
        if (h != NULL)
            return acks_syn ? MPCI_EV_SYN_ACK : MPCI_EV_SYN_ACK_OTHER;
        st->dead = mpci_tombstones_find(&sp->core->tombstones, st->hash, v->ack - 1);
        return st->dead != MPCI_TOMBSTONE_NONE ? MPCI_EV_SYN_ACK_DEAD : MPCI_EV_SYN_ACK_OTHER;
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
        return st->from != mpci_entry_opener(h) && h->driver != MPCI_NOBODY;
    return event == MPCI_EV_PROOF_ELSEWHERE ||
           (event == MPCI_EV_STRAY && st->from == mpci_entry_opener(h) &&
            h->state == MPCI_ST_PLAIN_SYN);
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

static enum mpci_split_event classify_here(const mpci_split *sp, mpci_step *st, mpci_cookie *c)
{
    /* a split handshake is opened by the client, and so is what nothing is known about */
    unsigned opener = st->h != NULL ? mpci_entry_opener(st->h) : MPCONN_SIDE_CLIENT;

    st->proof = NULL;
    if (st->from != opener)
        return classify_answerer(sp, st);
    if (has(st->view, MPCI_TCP_SYN)) /* in a simultaneous open the opener answers, too */
        return st->h != NULL && mpci_entry_is_plain(st->h) ? MPCI_EV_SYN_ACK_OTHER
                                                           : MPCI_EV_OPENER_OTHER;
    return classify_opener(sp, st, c);
}

enum mpci_split_event mpci_classify(const mpci_split *sp, mpci_step *st, mpci_cookie *c)
{
    return event_with_members(sp, st, classify_here(sp, st, c));
}
