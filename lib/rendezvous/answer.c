/* SPDX-License-Identifier: BSD-2-Clause */
#include "rendezvous/answer.h"

#include "rendezvous/told.h"

static int has_credit(const mpci_request *r)
{
    return r->answers < r->tries;
}

/* One of them may have to wait for the other one's acknowledgment: the first, or the second whose
 * SYN is sent to the first. */
static int is_its_turn(const mpci_session *s, unsigned side)
{
    unsigned waits = s->config.answer == MPCONN_ANSWER_SECOND ? s->first : s->first ^ 1u;

    if ((s->postponed & 1 << side) != 0)
        return 0;
    return s->config.answer == MPCONN_ANSWER_BOTH || side != waits ||
           (s->confirmed & 1 << (side ^ 1)) != 0;
}

static mpci_segment words_for(const mpci_rendezvous *rz, const mpci_session *s, unsigned side,
                              const mpconn_tuple *leg)
{
    uint8_t hop_limit = rz->core->hop_limit;

    return s->config.answer == MPCONN_ANSWER_FORWARD && side == s->first
               ? mpci_join_forward(side, s->request, &s->joint, leg, hop_limit)
               : mpci_join_answer(side, s->request, &s->joint, leg, hop_limit);
}

void mpci_answer_client(mpci_rendezvous *rz, mpci_session *s, unsigned side)
{
    mpci_request *r = &s->request[side];
    mpconn_tuple leg;
    mpci_segment answer;

    if (!is_its_turn(s, side) || !has_credit(r) || !mpci_told_is_ours(rz, s, side))
        return;
    mpci_session_leg(s, side, &leg);
    answer = words_for(rz, s, side, &leg);
    mpci_outbox_put(&rz->core->outbox, &answer, r->link, r->mark,
                    MPCONN_REASON_SESSION_ANSWERED);
    r->answers++;
    s->stats[side].answers++;
    if ((s->answered & 1 << side) == 0) {
        s->answered |= (uint8_t)(1 << side);
        s->since = rz->core->now; /* from now on it has time to acknowledge */
    }
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
