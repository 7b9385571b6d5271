/* SPDX-License-Identifier: BSD-2-Clause */
/* Whose a segment is that meets a settled flow between its ports: that flow's, or of the next
 * incarnation. An incarnation goes by its client's number, and not every segment names one. */
#include "split/actions.h"
#include "split/bind.h"
#include "split/classify.h"
#include "split/entry.h"
#include "split/share.h"
#include "table/reset.h"

enum life {
    OF_FLOW,    /* or of nobody that is known better */
    OF_ENTRY,   /* of the handshake in progress; and the flow's SYN|ACK as long as that waits */
    OF_NEXT,    /* of a handshake that begins with it, or is driven elsewhere */
    OF_NOBODY   /* the server has forgotten the flow and answers a SYN that was passed on */
};

typedef struct whose {
    enum life life;
    enum mpci_split_event event; /* what it is to that handshake; a SYN alone is not judged yet */
} whose;

/* Events that show that a segment is not of the flow: when that is over, or even when it lives.
 * Then only the client can say so, by proving another number. */
enum { NEVER, IF_OVER, ALWAYS };

static const uint8_t shows_next[MPCI_EV_COUNT] = {
    [MPCI_EV_PROOF] = ALWAYS,
    [MPCI_EV_PROOF_DATA] = ALWAYS,
    [MPCI_EV_PROOF_NEW] = ALWAYS,
    [MPCI_EV_PROOF_ELSEWHERE] = ALWAYS,
    [MPCI_EV_PROOF_DEAD] = IF_OVER,
    [MPCI_EV_OPENER_ACK] = IF_OVER,
    [MPCI_EV_OPENER_RST] = IF_OVER,
    [MPCI_EV_SYN_ACK] = IF_OVER,
    [MPCI_EV_SYN_ACK_STRAY] = IF_OVER,
    [MPCI_EV_SYN_ACK_DEAD] = IF_OVER,
    [MPCI_EV_ANSWERER_RST] = IF_OVER,
    [MPCI_EV_ANSWERER_SPEAKS] = IF_OVER,
};

/* While a SYN is out, whatever the server says answers that: any segment to our own, and to that of
 * another member what goes on behind the SYN|ACK that came here. */
static int answers_our_syn(const mpci_step *st, enum mpci_split_event event)
{
    const mpci_handshake *h = st->h;

    if (h == NULL)
        return 0;
    if (h->state == MPCI_ST_ANSWERING && (h->roles & MPCI_ROLE_ANSWERED) != 0)
        return event == MPCI_EV_ANSWERER_OTHER && st->pkt->flow == 0;
    return h->state == MPCI_ST_OPENING &&
           (event == MPCI_EV_ANSWERER_OTHER || event == MPCI_EV_SYN_ACK_OTHER);
}

static int is_of_next(const mpci_step *st, enum mpci_split_event event, int over)
{
    return shows_next[event] == ALWAYS ||
           (over && (shows_next[event] == IF_OVER || answers_our_syn(st, event)));
}

/* Does a segment with this event, that no entry knows, name the flow? */
static int names_flow(const mpci_step *st, enum mpci_split_event event, const mpci_settled *flow)
{
    if (st->proof != NULL)
        return st->proof->client_isn == flow->client_isn;
    return event == MPCI_EV_SYN_ACK_STRAY && st->view->ack == flow->client_isn + 1;
}

/* The entry of the step is one in progress; that of the flow itself is `own`. */
static whose whose_is(const mpci_split *sp, mpci_step *st, const mpci_handshake *own,
                      const mpci_settled *flow, int over, mpci_cookie *c)
{
    whose w = {OF_FLOW, MPCI_EV_NOTHING};

    if (mpci_classify_is_syn_alone(st->view)) {
        /* The number of the flow that is over is dead: its SYN passes unsplit (rule R3). */
        if (st->view->seq != flow->client_isn || st->h != NULL)
            w.life = OF_NEXT;
        return w;
    }
    if (over ? own != NULL : st->pkt->flow != 0)
        return w; /* that still waits to hear just this; it was held for another, and in vain */
    w.event = mpci_classify(sp, st, c);
    if (is_of_next(st, w.event, over) && !names_flow(st, w.event, flow))
        w.life = OF_NEXT;
    return w;
}

int mpci_split_input_next(mpci_split *sp, mpci_step *st, mpci_settled *flow, int over)
{
    mpci_handshake *own;
    mpci_cookie c;
    whose w;

    if (st->view->first_fragment) /* whether all of it is right nobody can tell */
        return 0;
    mpci_split_find_entry(sp, st);
    if (st->h != NULL && mpci_bind_is_strange(st, st->h))
        return 0;
    own = st->h != NULL && st->h->state == MPCI_ST_CONFIRMING ? st->h : NULL;
    if (own != NULL)
        st->h = NULL;
    w = whose_is(sp, st, own, flow, over, &c);
    if (w.life == OF_FLOW)
        return 0;
    /* The client seems to know nothing of a flow that lives. That may be wrong: what it still says
     * in a window restores it, and it stays until the server answers the new number. */
    if (!over)
        flow->use |= MPCI_SETTLED_FORGOTTEN;
    if (own != NULL) { /* the client has gone on: nobody waits any more */
        st->h = own;
        mpci_entry_leave_behind(sp, st);
    }
    if (mpci_classify_is_syn_alone(st->view))
        mpci_split_input_syn(sp, st);
    else
        mpci_split_run(sp, st, w.event);
    return 1;
}

/* Nothing of the server's connection that the SYN brought about may stay: the client's next SYN is
 * answered by us. Anybody can forge a SYN|ACK: so the RST never bears the client's next number,
 * and the flow lives on until a client proves itself for the next incarnation. */
static void server_forgot(mpci_split *sp, mpci_step *st, mpci_settled *flow)
{
    mpci_reset_answer(sp->core, st);
    flow->use |= MPCI_SETTLED_FORGOTTEN;
    mpci_consume(sp->core, st->pkt, MPCONN_REASON_SERVER_STALE);
}

/* Another member may drive the next incarnation, of a client whose last words went past us. If
 * nobody does, the server has forgotten this one. */
static void ask_who_drives(mpci_split *sp, mpci_step *st, mpci_settled *flow)
{
    mpci_split_run(sp, st, st->h == NULL ? MPCI_EV_SYN_ACK_STRAY : MPCI_EV_SYN_ACK_OTHER);
    if (st->h != NULL)
        flow->use |= MPCI_SETTLED_FORGOTTEN;
}

static int may_be_driven_elsewhere(const mpci_split *sp, const mpci_handshake *h)
{
    return mpci_sync_anybody(sp->sync) && (h == NULL || h->state == MPCI_ST_EXPECTED);
}

static enum life whose_syn_ack(const mpci_split *sp, const mpci_step *st, const mpci_settled *flow)
{
    const mpci_handshake *h = st->h;
    uint32_t ack = st->view->ack;

    if (st->pkt->flow != 0) /* was read when it came, and held in case that there is no split */
        return OF_FLOW;
    if (h != NULL && mpci_bind_is_strange(st, h))
        return OF_FLOW;
    if (h != NULL && ack == h->client_isn + 1)
        return OF_ENTRY;
    if (ack == flow->client_isn + 1 || ack == flow->dir[MPCONN_SIDE_CLIENT].end ||
        (h != NULL && h->state == MPCI_ST_CONFIRMING))
        return OF_FLOW;
    return may_be_driven_elsewhere(sp, h) ? OF_NEXT : OF_NOBODY;
}

void mpci_split_syn_ack_again(mpci_split *sp, mpci_step *st, mpci_settled *flow)
{
    mpci_split_find_entry(sp, st);
    switch (whose_syn_ack(sp, st, flow)) {
    case OF_FLOW:
        mpci_consume(sp->core, st->pkt, MPCONN_REASON_SERVER_REPEATED);
        break;
    case OF_ENTRY:
        mpci_split_run(sp, st, MPCI_EV_SYN_ACK);
        break;
    case OF_NEXT:
        ask_who_drives(sp, st, flow);
        break;
    case OF_NOBODY:
        server_forgot(sp, st, flow);
        break;
    }
}
