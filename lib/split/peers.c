/* SPDX-License-Identifier: BSD-2-Clause */
#include "split/peers.h"

#include "split/bind.h"
#include "split/incarnation.h"
#include "split/share.h"

void mpci_peers_set_timer(mpci_split *sp, mpci_handshake *h, uint64_t ns)
{
    mpci_handshake_set_timer(&sp->core->handshakes, h, mpci_later(sp->core->now, ns));
}

void mpci_peers_await_plain(mpci_split *sp, mpci_handshake *h)
{
    uint64_t most = sp->core->timeouts.transitory_ns;

    h->repeat_due = mpci_later(sp->core->now, most);
    mpci_peers_set_timer(sp, h, most < MPCI_PLAIN_WAIT_NS ? most : MPCI_PLAIN_WAIT_NS);
}

void mpci_peers_ask_later(mpci_split *sp, mpci_handshake *h)
{
    unsigned doublings = h->asked < MPCI_ASK_TRIES ? h->asked : MPCI_ASK_TRIES - 1;

    mpci_peers_set_timer(sp, h, MPCI_ASK_AGAIN_NS << doublings);
    h->asked++;
}

int mpci_peers_is_registrar(const mpci_split *sp, const mpci_handshake *h)
{
    return mpci_share_registrar(sp, &h->tuple) == sp->sync->members.self;
}

int mpci_peers_is_down(const mpci_split *sp, uint32_t member)
{
    const mpci_member *p = mpci_members_find(&sp->sync->members, member);

    return p != NULL && !p->up;
}

int mpci_peers_is_driven(const mpci_handshake *h)
{
    return h->driver != MPCI_NOBODY || (h->roles & MPCI_ROLE_DRIVES) != 0;
}

static int is_answered(const mpci_handshake *h)
{
    return h->answerer != MPCI_NOBODY || (h->roles & MPCI_ROLE_ANSWERED) != 0;
}

/* The registrar decides when it knows both sides, and once. */
enum mpci_split_event mpci_peers_decide_if_known(const mpci_split *sp, const mpci_handshake *h)
{
    int knows_both = mpci_peers_is_driven(h) && is_answered(h);

    return knows_both && mpci_peers_is_registrar(sp, h) ? MPCI_EV_DECIDE : MPCI_EV_NOTHING;
}

/* A bit each, so that nobody counts twice. */
int mpci_peers_all_said_no(const mpci_split *sp, mpci_step *st)
{
    const mpci_members *m = &sp->sync->members;

    for (uint32_t i = 0; i < m->n; i++)
        if (m->list[i].id == st->teller)
            st->h->noes |= UINT64_C(1) << i;
    return (mpci_sync_who(sp->sync) & ~st->h->noes) == 0;
}

mpci_handshake *mpci_peers_entry(mpci_split *sp, mpci_step *st)
{
    if (st->h != NULL || !mpci_split_in_peace(sp))
        return st->h;
    st->h = mpci_handshake_add(&sp->core->handshakes, st->hash, st->tuple);
    if (st->h != NULL)
        mpci_bind_entry(sp, st->h, st->binding);
    return st->h;
}

/* A thousand questions a second, and as many at once. */
#define ASK_COST_NS MPCONN_MILLISECOND
#define ASK_SAVED_NS MPCONN_SECOND

int mpci_peers_spend(mpci_split *sp, unsigned from)
{
    mpconn_time now = sp->core->now;
    uint64_t floor = from == MPCONN_SIDE_CLIENT ? ASK_SAVED_NS / 2 : 0;

    if (now - sp->asked_until > ASK_SAVED_NS)
        sp->asked_until = now > ASK_SAVED_NS ? now - ASK_SAVED_NS : 0;
    if (now - sp->asked_until < floor + ASK_COST_NS)
        return 0;
    sp->asked_until += ASK_COST_NS;
    return 1;
}

int mpci_peers_may_ask(mpci_split *sp, const mpci_step *st)
{
    int may = mpci_peers_spend(sp, st->from);

    if (!may)
        mpci_drop(sp->core, st->pkt, MPCONN_REASON_ASK_BUDGET);
    return may;
}

void mpci_peers_question(mpci_split *sp, uint32_t slot)
{
    const mpci_settled_table *t = &sp->core->settled;
    mpci_settled *e = mpci_settled_at(t, slot);
    mpconn_tuple tuple;

    if (!mpci_sync_anybody(sp->sync) && (mpci_settled_flags(e) & MPCI_SETTLED_SHARED) == 0)
        return;
    e->use |= MPCI_SETTLED_ASKED; /* who is gone does not answer either */
    if (!mpci_sync_anybody(sp->sync) || !mpci_peers_spend(sp, MPCONN_SIDE_CLIENT))
        return;
    mpci_settled_tuple(t, slot, &tuple);
    mpci_share_word(sp, MPCI_RECORD_QUERY, &tuple, e->client_isn, MPCONN_MEMBER_ALL, 0);
}

/* Is it worth a question? Of a flow that others carry, too, when nothing was in a window for long:
 * the streams have gone on elsewhere (rule R6). */
static int may_have_gone_on(const mpci_split *sp, const mpci_settled *e)
{
    unsigned flags = mpci_settled_flags(e);

    if ((flags & MPCI_SETTLED_SHARED) == 0)
        return (flags & MPCI_SETTLED_SPLIT) != 0;
    return (flags & MPCI_SETTLED_ASKED) == 0 && !mpci_incarnation_is_sure(sp, e);
}

void mpci_split_outside(mpci_split *sp, const mpci_step *st, uint32_t slot)
{
    if ((st->view->flags & MPCI_TCP_RST) == 0 &&
        may_have_gone_on(sp, mpci_settled_at(&sp->core->settled, slot)))
        mpci_peers_question(sp, slot);
}
