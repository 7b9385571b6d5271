/* SPDX-License-Identifier: BSD-2-Clause */
#include "rendezvous/answer.h"

#include "rendezvous/role.h"
#include "rendezvous/told.h"

/* A client that is to be answered when it calls again is by then, unless its SYNs are lost. */
#define POSTPONED_NS (1500 * MPCONN_MILLISECOND)

/* After that its acknowledgment was lost, most probably; and again. */
#define LISTENER_FIRST_NS (200 * MPCONN_MILLISECOND)
#define LISTENER_SECOND_NS MPCONN_SECOND

enum { EXCESS_PER_SECOND = 64 };

static int has_credit(const mpci_request *r)
{
    return r->answers < r->tries;
}

/* One of them may have to wait for the other one's acknowledgment: the first, or the second whose
 * SYN is sent to the first. */
static int is_its_turn(const mpci_session *s, unsigned side)
{
    unsigned waits = mpci_session_answer(s) == MPCONN_ANSWER_SECOND ? s->first : s->first ^ 1u;

    if ((s->postponed & 1 << side) != 0)
        return 0;
    return mpci_session_answer(s) == MPCONN_ANSWER_BOTH || side != waits ||
           (s->confirmed & 1 << (side ^ 1)) != 0;
}

static mpci_segment words_for(const mpci_rendezvous *rz, const mpci_session *s, unsigned side,
                              const mpconn_tuple *leg)
{
    uint8_t hop_limit = rz->core->hop_limit;

    return mpci_session_answer(s) == MPCONN_ANSWER_FORWARD &&
                   mpci_role_of(s) == MPCONN_ROLE_MERGE && side == s->first
               ? mpci_join_forward(side, s->request, &s->joint, leg, hop_limit)
               : mpci_join_answer(side, s->request, &s->joint, leg, hop_limit);
}

void mpci_answer_again(mpci_rendezvous *rz, mpci_session *s, unsigned side)
{
    mpci_request *r = &s->request[side];
    mpconn_tuple leg;
    mpci_segment answer;

    mpci_session_leg(s, side, &leg);
    answer = words_for(rz, s, side, &leg);
    mpci_outbox_put(&rz->core->outbox, &answer, r->link, r->mark,
                    MPCONN_REASON_SESSION_ANSWERED);
    if (r->answers < UINT8_MAX)
        r->answers++;
    s->stats[side].answers++;
    if ((s->answered & 1 << side) == 0) {
        s->answered |= (uint8_t)(1 << side);
        s->since = rz->core->now; /* from now on it has time to acknowledge */
    }
}

void mpci_answer_client(mpci_rendezvous *rz, mpci_session *s, unsigned side)
{
    if (is_its_turn(s, side) && has_credit(&s->request[side]) && mpci_told_is_ours(rz, s, side))
        mpci_answer_again(rz, s, side);
}

void mpci_answer_waiting(mpci_rendezvous *rz, mpci_session *s, unsigned side)
{
    if ((s->answered & 1 << side) == 0)
        mpci_answer_client(rz, s, side);
}

void mpci_answer_called(mpci_rendezvous *rz, const mpci_session *s, unsigned side)
{
    const mpci_request *r = &s->request[side];
    mpci_segment ack;
    mpconn_tuple leg;

    mpci_session_leg(s, side, &leg);
    ack = mpci_join_acknowledge(side, s->request, &s->joint, &leg, rz->core->hop_limit);
    mpci_outbox_put(&rz->core->outbox, &ack, r->link, r->mark, MPCONN_REASON_SESSION_CALLED);
}

void mpci_answer_pair(mpci_rendezvous *rz, mpci_session *s)
{
    unsigned caller = s->first, other = s->first ^ 1u;

    if (!mpci_role_was_called(s, other))
        mpci_answer_client(rz, s, other);
    mpci_answer_client(rz, s, caller);
    if (s->request[other].called == MPCONN_ROLE_REVERSE && mpci_told_is_ours(rz, s, caller))
        mpci_answer_called(rz, s, other);
}

void mpci_answer_postponed(mpci_rendezvous *rz, mpci_session *s)
{
    if ((s->marks & MPCI_MARK_STRICT) != 0 || rz->core->now - s->since < POSTPONED_NS)
        return;
    for (unsigned side = 0; side < 2; side++) {
        if ((s->postponed & 1 << side) == 0)
            continue;
        s->postponed &= (uint8_t)~(1u << side);
        mpci_answer_client(rz, s, side);
    }
}

/* So many a second, of all sessions: who plays one client can have them sent to a forged other. */
static int may_exceed(mpci_rendezvous *rz)
{
    if (rz->core->now - rz->excess_since >= MPCONN_SECOND) {
        rz->excess_since = rz->core->now;
        rz->excess = 0;
    }
    if (rz->excess >= EXCESS_PER_SECOND)
        return 0;
    rz->excess++;
    return 1;
}

void mpci_answer_listener(mpci_rendezvous *rz, mpci_session *s, unsigned side)
{
    const mpci_request *r = &s->request[side];
    uint64_t waited = rz->core->now - s->since;
    unsigned more = waited >= LISTENER_SECOND_NS ? 2 : waited >= LISTENER_FIRST_NS ? 1 : 0;

    if ((s->answered & 1 << side) == 0 || (s->confirmed & 1 << side) != 0 ||
        r->answers > more || !mpci_told_is_ours(rz, s, side))
        return;
    if (has_credit(r) || may_exceed(rz))
        mpci_answer_again(rz, s, side);
}

unsigned mpci_answer_audience(mpci_session *s)
{
    unsigned audience = 0;

    for (unsigned side = 0; side < 2; side++) {
        mpci_request *r = &s->request[side];

        if ((s->confirmed & 1 << side) == 0) {
            if ((s->answered & 1 << side) == 0 || !has_credit(r))
                continue;
            r->answers++;
        }
        audience |= 1u << side;
    }
    return audience;
}
