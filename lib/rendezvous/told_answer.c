/* SPDX-License-Identifier: BSD-2-Clause */
/* What a client says that was called (mpconn_role), and another member decides about. */
#include "rendezvous/role.h"
#include "rendezvous/told.h"
#include "split/peers.h"

/* What is over says nothing of the next call. */
static int is_for_registrar(const mpci_rendezvous *rz, const mpci_visit *v)
{
    const mpci_session *s = v->s;

    return mpci_role_is_called(s, v->side) && !mpci_told_has_pair(s) &&
           (s->request[v->side].port == 0 || s->state == MPCONN_SESSION_CLOSING) &&
           !mpci_told_is_registrar(rz, s);
}

/* Who did not answer may know it. */
int mpci_told_asked_in_vain(const mpci_rendezvous *rz, const mpci_step *st)
{
    return (st->pkt->flow != 0 && mpci_split_is_unknown(rz->split, st->hash)) ||
           !mpci_sync_anybody(rz->sync);
}

/* RFC 5961 4: who still has the connection before challenges the SYN. */
static int may_be_challenge(const mpci_rendezvous *rz, const mpci_step *st, uint32_t slot)
{
    const mpci_view *v = st->view;

    return slot == MPCI_SLOT_NONE && mpci_told_asked_in_vain(rz, st) &&
           mpci_view_seq_len(v) == 0 &&
           (v->flags & (MPCI_TCP_ACK | MPCI_TCP_RST)) == MPCI_TCP_ACK;
}

static mpci_record write_answer(const mpci_session *s, unsigned side, const mpci_request *r,
                                unsigned why, const mpci_answer_told *answer)
{
    mpci_record record = mpci_told_record(s, MPCI_RECORD_REQUEST);
    mpci_session_record *to = &record.session;

    mpci_told_write_caller(to, side, r);
    to->wscale[side] = r->wscale;
    to->options[side] = r->flags;
    to->why = (uint16_t)why;
    to->isn[side ^ 1] = answer->acknowledged;
    to->tsval[side ^ 1] = answer->echoed;
    return record;
}

/* What WHY of a REQUEST says of an answer, and what it is rebuilt from. */
static const struct {
    uint16_t why, flags;
} answers[] = {
    {MPCONN_REASON_SESSION_ACCEPTED, MPCI_TCP_SYN | MPCI_TCP_ACK},
    {MPCONN_REASON_SESSION_REJECTED, MPCI_TCP_RST | MPCI_TCP_ACK},
    {MPCONN_REASON_SESSION_EARLY, MPCI_TCP_ACK},
};

static uint16_t reason_of(unsigned flags)
{
    unsigned i = 0;

    while (answers[i].flags != (flags & (MPCI_TCP_SYN | MPCI_TCP_RST | MPCI_TCP_ACK)))
        i++;
    return answers[i].why;
}

static void tell_answer(mpci_rendezvous *rz, const mpci_visit *v, const mpci_syn_options *o)
{
    const mpci_view *view = v->st->view;
    mpci_answer_told answer = {.acknowledged = view->ack - 1, .echoed = o->tsecr};
    uint32_t ids[MPCI_DIRECTORS];
    mpci_request r;
    mpci_record record;

    mpci_request_read(&r, view, o, rz->core->now);
    record = write_answer(v->s, v->side, &r, reason_of(view->flags), &answer);
    mpci_told_each(rz, ids, mpci_told_directors(rz, v->s, ids), MPCONN_MEMBER_ALL, &record);
}

int mpci_told_answer(mpci_rendezvous *rz, const mpci_visit *v, uint32_t slot)
{
    const mpci_view *view = v->st->view;
    mpci_syn_options o = {.wscale = MPCONN_WSCALE_NONE};
    int answers_syn = mpci_role_is_answer(view);

    if (!is_for_registrar(rz, v) || (!answers_syn && !may_be_challenge(rz, v->st, slot)))
        return 0;
    if ((view->flags & MPCI_TCP_SYN) != 0 &&
        (mpci_syn_options_parse(&o, view) != 0 || o.signature))
        return 0;
    if (!mpci_peers_may_ask(rz->split, v->st)) /* whose source may be forged */
        return 1;
    tell_answer(rz, v, &o);
    if (answers_syn)
        mpci_consume(rz->core, v->st->pkt, reason_of(view->flags));
    return answers_syn;
}

void mpci_told_refused(mpci_rendezvous *rz, const mpci_visit *v)
{
    const mpci_session *s = v->s;
    const mpci_request *caller = &s->request[v->side ^ 1];
    const mpconn_termination *t = &s->config.termination[v->side];
    mpci_request called = {.remote = t->expect, .port = t->expect_port, .family = t->family};
    mpci_answer_told answer = {.acknowledged = caller->isn};
    uint32_t to[MPCI_DIRECTORS + 1];
    unsigned n = mpci_told_directors(rz, s, to);
    mpci_record record = write_answer(s, v->side, &called, MPCONN_REASON_SESSION_REJECTED,
                                      &answer);

    if (!mpci_sync_has_members(rz->sync) || !mpci_told_is_registrar(rz, s))
        return;
    to[n++] = caller->member;
    mpci_told_each(rz, to, n, MPCONN_MEMBER_ALL, &record);
}

/* Who decides takes it as if it had come there. That its caller was refused all believe who wait
 * with that. */
void mpci_told_take_answer(mpci_rendezvous *rz, mpci_session_number n, unsigned side,
                           const mpci_request *r, const mpci_session_record *told)
{
    const mpci_session *s = mpci_session_at(&rz->sessions, n);
    int refuses = told->why == MPCONN_REASON_SESSION_REJECTED;
    mpci_answer_told answer = {
        .acknowledged = told->isn[side ^ 1],
        .echoed = told->tsval[side ^ 1],
    };

    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++)
        if (answers[i].why == told->why)
            answer.flags = answers[i].flags;
    if (answer.flags == 0)
        mpci_count(&rz->core->counters, MPCONN_REASON_SESSION_WORD);
    else if (mpci_role_awaits(s, side) && (refuses || mpci_told_is_registrar(rz, s)))
        mpci_rendezvous_retold(rz, n, side, r, &answer);
}
