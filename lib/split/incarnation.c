/* SPDX-License-Identifier: BSD-2-Clause */
/* Which of two incarnations of a connection stands (rule R3). The client's number names one
 * and does not order them: ports are used again with any number. The generation does, which
 * only a server's answer opens; equal ones (of members that knew nothing of each other) go
 * by the number. */
#include "split/incarnation.h"

#include "split/actions.h"
#include "split/share.h"

/* Who has not seen a flow for longer cannot be sure of it (rule R6). */
enum { SURE_SECONDS = 10 };

int mpci_incarnation_is_later(uint16_t generation, uint32_t isn, const mpci_settled *than)
{
    if (generation != than->generation)
        return mpci_is_later(generation, than->generation);
    return isn > than->client_isn;
}

int mpci_incarnation_is_alive(const mpci_settled *e)
{
    mpci_track t;

    mpci_settled_track_load(e, &t);
    return !mpci_track_is_over(&t) && (mpci_settled_flags(e) & MPCI_SETTLED_KILLED) == 0;
}

static int is_over(const mpci_record *r)
{
    mpci_settled e = {0};

    e.state = r->state;
    return !mpci_incarnation_is_alive(&e);
}

int mpci_incarnation_is_sure(const mpci_split *sp, const mpci_settled *e)
{
    return ((uint64_t)(mpci_tick(sp->core->now) - e->last_seen) << 24) <=
           SURE_SECONDS * MPCONN_SECOND;
}

/* What is over, or was not seen for long, does not take the place of what lives here. */
static int is_outlived(const mpci_split *sp, const mpci_settled *e, const mpci_record *r)
{
    return mpci_incarnation_is_alive(e) &&
           (is_over(r) || (mpci_incarnation_is_sure(sp, e) && r->idle_s > SURE_SECONDS));
}

int mpci_incarnation_gives_way(const mpci_split *sp, const mpci_settled *e, const mpci_record *r)
{
    return (mpci_settled_flags(e) & MPCI_SETTLED_SHARED) != 0 && !mpci_incarnation_is_sure(sp, e) &&
           !is_over(r) && r->idle_s <= SURE_SECONDS;
}

/* Everybody has to hear of the new one. */
static void commit_again(mpci_split *sp, mpci_handshake *h)
{
    if (h->driver != MPCI_NOBODY)
        h->roles |= MPCI_ROLE_OWES_DRIVER;
    if (h->answerer != MPCI_NOBODY)
        h->roles |= MPCI_ROLE_OWES_ANSWERER;
    mpci_split_tell_commit(sp, h);
    mpci_split_confirm_timer(sp, h);
}

/* Who still has the server's SYN|ACK opens the generation behind one that stands in its way, but
 * once: two that both still wait would raise one another until one of them is confirmed. */
static int open_behind(mpci_split *sp, mpci_handshake *h, uint32_t slot, uint16_t generation)
{
    if (h == NULL || h->settled != slot || (h->roles & MPCI_ROLE_OPENED) != 0)
        return 0;
    h->roles |= MPCI_ROLE_OPENED;
    mpci_settled_at(&sp->core->settled, slot)->generation = mpci_generation_after(generation);
    if (h->state == MPCI_ST_CONFIRMING)
        commit_again(sp, h);
    return 1;
}

/* So does who got it not long ago and has told nobody yet; after this, others know. */
static int open_untold(mpci_settled *e, uint16_t generation)
{
    if (!mpci_incarnation_is_alive(e) ||
        (mpci_settled_flags(e) & (MPCI_SETTLED_SPLIT | MPCI_SETTLED_SHARED)) != MPCI_SETTLED_SPLIT)
        return 0;
    e->generation = mpci_generation_after(generation);
    return 1;
}

/* Who counted the same generation knew nothing of ours. A later one is taken: whoever opened that
 * may have known. */
static int holds_against(mpci_split *sp, uint32_t slot, const mpci_record *r)
{
    mpci_settled *e = mpci_settled_at(&sp->core->settled, slot);
    uint64_t hash = mpci_tuple_hash(&sp->core->table_key, &r->tuple);

    return r->generation == e->generation &&
           (open_behind(sp, mpci_handshake_find(&sp->core->handshakes, hash, &r->tuple), slot,
                        r->generation) ||
            open_untold(e, r->generation));
}

int mpci_incarnation_stands(mpci_split *sp, uint32_t slot, const mpci_record *r, uint32_t teller)
{
    mpci_settled *e = mpci_settled_at(&sp->core->settled, slot);

    if (is_outlived(sp, e, r)) {
        if (mpci_incarnation_is_later(r->generation, r->client_isn, e))
            e->generation = mpci_generation_after(r->generation);
    } else if (mpci_incarnation_is_later(r->generation, r->client_isn, e)) {
        if (!holds_against(sp, slot, r))
            return 0;
    } else {
        mpci_share_stale(sp, &r->tuple, r->client_isn, e->generation, teller);
    }
    mpci_share_flow(sp, slot, teller);
    return 1;
}

int mpci_incarnation_refuses(mpci_split *sp, uint64_t hash, const mpci_record *commit,
                             uint32_t teller)
{
    uint32_t slot = mpci_settled_find(&sp->core->settled, hash, &commit->tuple);
    const mpci_settled *e;

    if (slot == MPCI_SLOT_NONE)
        return 0;
    e = mpci_settled_at(&sp->core->settled, slot);
    if (e->client_isn == commit->client_isn || mpci_is_later(commit->generation, e->generation))
        return 0;
    mpci_share_stale(sp, &commit->tuple, commit->client_isn, e->generation, teller);
    return 1;
}

void mpci_incarnation_raise(mpci_settled *e, uint16_t generation)
{
    if (mpci_is_later(generation, e->generation))
        e->generation = generation;
}

void mpci_incarnation_refused(mpci_split *sp, mpci_step *st, uint32_t slot)
{
    mpci_settled *e = mpci_settled_at(&sp->core->settled, slot);

    if (mpci_is_later(e->generation, st->record->generation) ||
        !open_behind(sp, st->h, slot, st->record->generation))
        return; /* whoever refused it has told of the other one, too */
    mpci_share_flow(sp, slot, st->teller);
}
