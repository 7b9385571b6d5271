/* SPDX-License-Identifier: BSD-2-Clause */
#include "rendezvous/latch.h"

#include "rendezvous/told.h"

static int prefix_fits(const uint8_t *a, const uint8_t *b, unsigned bits)
{
    unsigned bytes = bits / 8, rest = bits % 8;

    if (memcmp(a, b, bytes) != 0)
        return 0;
    return rest == 0 || ((a[bytes] ^ b[bytes]) & (0xff00u >> rest)) == 0;
}

int mpci_latch_may(const mpconn_termination *t, const mpconn_addr *remote, uint16_t port)
{
    return prefix_fits(remote->bytes, t->expect.bytes, t->expect_prefix) &&
           (t->expect_port == 0 || t->expect_port == port);
}

int mpci_latch_is_from(const mpci_request *r, const mpci_view *v)
{
    mpconn_tuple t;

    if (r->port != v->sport || r->family != v->family)
        return 0;
    mpci_view_tuple(&t, v, MPCONN_SIDE_CLIENT, 0);
    return memcmp(&t.client, &r->remote, sizeof t.client) == 0;
}

static mpci_candidate_number anew_of(const mpci_rendezvous *rz, const mpci_session *s,
                                     unsigned side)
{
    const mpci_request *client = &s->request[side], *r;
    mpci_candidate_number n = s->candidates[side];

    for (; n != 0; n = mpci_candidate_at(&rz->sessions, n)->next) {
        r = &mpci_candidate_at(&rz->sessions, n)->request;
        if (r->port == client->port && r->family == client->family &&
            memcmp(&r->remote, &client->remote, sizeof r->remote) == 0)
            return n;
    }
    return 0;
}

static mpci_candidate_number find(const mpci_rendezvous *rz, const mpci_visit *v)
{
    mpci_candidate_number n = v->s->candidates[v->side];

    while (n != 0 &&
           !mpci_latch_is_from(&mpci_candidate_at(&rz->sessions, n)->request, v->st->view))
        n = mpci_candidate_at(&rz->sessions, n)->next;
    return n;
}

int mpci_latch_knows(const mpci_rendezvous *rz, const mpci_visit *v)
{
    return find(rz, v) != 0;
}

int mpci_latch_is_better(const mpci_rendezvous *rz, const mpci_visit *v)
{
    mpci_candidate_number n = find(rz, v);
    const mpci_request *r;

    if (n == 0)
        return 0;
    r = &mpci_candidate_at(&rz->sessions, n)->request;
    return r->isn == v->st->view->seq && mpci_request_is_try(r, rz->core->now) &&
           r->tries >= v->s->request[v->side].tries;
}

int mpci_latch_is_repeated(const mpci_rendezvous *rz, const mpci_visit *v)
{
    mpci_candidate_number n = find(rz, v);
    const mpci_request *r;

    if (n == 0)
        return 0;
    r = &mpci_candidate_at(&rz->sessions, n)->request;
    return r->isn == v->st->view->seq && mpci_request_is_try(r, rz->core->now);
}

void mpci_latch_heard(mpci_rendezvous *rz, mpci_session *s, unsigned side)
{
    mpci_candidate_number n = anew_of(rz, s, side);

    if (n != 0)
        mpci_candidate_remove(&rz->sessions, s, side, n);
}

const mpci_request *mpci_latch_call(const mpci_rendezvous *rz, const mpci_visit *v)
{
    const mpci_request *r = &v->s->request[v->side];
    mpci_candidate_number n;

    if (!mpci_latch_is_from(r, v->st->view))
        return NULL;
    n = r->isn == v->st->view->seq ? 0 : anew_of(rz, v->s, v->side);
    return n != 0 ? &mpci_candidate_at(&rz->sessions, n)->request : r;
}

static mpci_request read_request(const mpci_rendezvous *rz, const mpci_visit *v)
{
    mpci_request r;

    mpci_request_read(&r, v->st->view, v->options, rz->core->now);
    r.link = (uint16_t)v->st->pkt->link;
    r.mark = v->st->pkt->mark;
    r.member = v->member;
    return r;
}

void mpci_latch_take(mpci_rendezvous *rz, mpci_visit *v)
{
    mpci_latch_heard(rz, v->s, v->side);
    v->s->request[v->side] = read_request(rz, v);
}

mpci_candidate_number mpci_latch_note(mpci_rendezvous *rz, const mpci_visit *v)
{
    mpci_candidate_number n = find(rz, v);
    mpci_request r, *old;

    if (n != 0) {
        old = &mpci_candidate_at(&rz->sessions, n)->request;
        if (old->isn == v->st->view->seq)
            mpci_request_again(old, v->st->view, v->options, rz->core->now);
        else
            *old = read_request(rz, v);
        return n;
    }
    r = read_request(rz, v);
    return mpci_candidate_add(&rz->sessions, v->s, v->side, &r);
}

void mpci_latch_miss(mpci_rendezvous *rz, const mpci_visit *v)
{
    v->s->marks |= (uint8_t)(MPCI_MARK_UNKEPT << v->side);
    v->s->tick = (uint16_t)mpci_tick(rz->core->now);
}

void mpci_latch_swap(mpci_rendezvous *rz, mpci_session *s, unsigned side, mpci_candidate_number n)
{
    mpci_request *candidate = &mpci_candidate_at(&rz->sessions, n)->request;
    mpci_request r = s->request[side];

    mpci_latch_heard(rz, s, side);
    s->request[side] = *candidate;
    *candidate = r;
}

static void keep_allowed(mpci_rendezvous *rz, mpci_session *s, unsigned side)
{
    const mpconn_termination *t = &s->config.termination[side];
    mpci_candidate_number n = s->candidates[side], next;

    for (; n != 0; n = next) {
        const mpci_request *r = &mpci_candidate_at(&rz->sessions, n)->request;

        next = mpci_candidate_at(&rz->sessions, n)->next;
        if (!mpci_latch_may(t, &r->remote, r->port))
            mpci_candidate_remove(&rz->sessions, s, side, n);
    }
}

/* Who calls more often comes first, then who called first. */
static mpci_candidate_number best_of(const mpci_rendezvous *rz, const mpci_session *s,
                                     unsigned side)
{
    mpci_candidate_number best = s->candidates[side], n = best;
    unsigned tries = 0;

    for (; n != 0; n = mpci_candidate_at(&rz->sessions, n)->next) {
        const mpci_request *r = &mpci_candidate_at(&rz->sessions, n)->request;

        if (r->tries > tries) {
            tries = r->tries;
            best = n;
        }
    }
    return best;
}

int mpci_latch_review(mpci_rendezvous *rz, mpci_session *s, unsigned side)
{
    mpci_request *r = &s->request[side];
    mpci_candidate_number n;

    if (mpci_latch_is_told(&s->config.termination[side]))
        s->marks &= (uint8_t)~(MPCI_MARK_UNKEPT << side);
    keep_allowed(rz, s, side);
    if (r->port != 0 && !mpci_latch_may(&s->config.termination[side], &r->remote, r->port))
        memset(r, 0, sizeof *r);
    n = best_of(rz, s, side);
    if (r->port != 0 || n == 0)
        return 0;
    *r = mpci_candidate_at(&rz->sessions, n)->request;
    mpci_candidate_remove(&rz->sessions, s, side, n);
    return 1;
}

static void expire_side(mpci_rendezvous *rz, mpci_session *s, unsigned side)
{
    uint64_t most = s->config.wait_ms * MPCONN_MILLISECOND;
    mpci_candidate_number n = s->candidates[side], next;

    for (; n != 0; n = next) {
        const mpci_request *r = &mpci_candidate_at(&rz->sessions, n)->request;

        next = mpci_candidate_at(&rz->sessions, n)->next;
        if (rz->core->now - r->last > mpci_request_life(r, most))
            mpci_candidate_remove(&rz->sessions, s, side, n);
    }
}

/* It may have called again since and found room: what is known of it is one SYN. */
static void expire_unkept(const mpci_rendezvous *rz, mpci_session *s)
{
    static const mpci_request once = {0};
    uint16_t ticks = (uint16_t)(mpci_tick(rz->core->now) - s->tick);

    if ((uint64_t)ticks << 24 >= mpci_request_life(&once, UINT64_MAX))
        s->marks &= (uint8_t)~(MPCI_MARK_UNKEPT << 0 | MPCI_MARK_UNKEPT << 1);
}

void mpci_latch_expire(mpci_rendezvous *rz, mpci_session *s)
{
    if (s->flow == 0)
        expire_unkept(rz, s);
    expire_side(rz, s, 0);
    expire_side(rz, s, 1);
}

void mpci_latch_clear(mpci_rendezvous *rz, mpci_session *s)
{
    for (unsigned side = 0; side < 2; side++)
        while (s->candidates[side] != 0)
            mpci_candidate_remove(&rz->sessions, s, side, s->candidates[side]);
}

int mpci_latch_is_disputed(const mpci_rendezvous *rz, const mpci_session *s, unsigned side)
{
    if ((s->marks & MPCI_MARK_UNKEPT << side) != 0)
        return 1;
    if (mpci_latch_is_told(&s->config.termination[side]))
        return anew_of(rz, s, side) != 0;
    return s->candidates[side] != 0;
}

enum mpci_meet_event mpci_latch_outcome(const mpci_rendezvous *rz, const mpci_session *s)
{
    int first = s->request[0].port != 0, second = s->request[1].port != 0;

    if (mpci_latch_is_disputed(rz, s, 0) || mpci_latch_is_disputed(rz, s, 1))
        return MPCI_MEET_NOTHING;
    if (first && second && mpci_told_is_registrar(rz, s))
        return MPCI_MEET_PAIR;
    return first || second ? MPCI_MEET_ALONE : MPCI_MEET_EMPTY;
}
