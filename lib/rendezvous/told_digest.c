/* SPDX-License-Identifier: BSD-2-Clause */
/* Words about sessions are lost, and nobody repeats them. So members compare all they have as often
 * as they greet, by sums: where two differ, who hears of it tells the sums below, and at last the
 * sessions. What is lost of that comes with the next greeting. */
#include "rendezvous/told.h"

/* So many are told at once, and the next after a while; and so many are looked at. */
enum { TOLD_AT_ONCE = 32, LOOKED_AT_ONCE = 16384 };
#define TELL_AGAIN_NS (10 * MPCONN_MILLISECOND)

/* Sums told because others differ. Whoever has lost everything is told of part of it, and of more
 * a second later. */
enum { SUMS_PER_SECOND = 64 };

static int is_compared(const mpci_rendezvous *rz)
{
    return rz->sessions.capacity > 0 && mpci_sync_has_members(rz->sync);
}

void mpci_told_note(mpci_rendezvous *rz, mpci_session_number n)
{
    static const mpci_sipkey no_key; /* the frames are authenticated */
    uint8_t bytes[MPCI_RECORD_ROOM];
    mpci_writer w = mpci_writer_of(bytes, sizeof bytes);
    mpci_record r = mpci_told_config_record(mpci_session_at(&rz->sessions, n));

    if (!is_compared(rz))
        return;
    mpci_session_record_write(&w, r.type, &r.session);
    mpci_digest_set(&rz->digest, n, mpci_siphash13(&no_key, bytes, (size_t)(w.at - bytes)));
}

void mpci_told_forget(mpci_rendezvous *rz, mpci_session_number n)
{
    if (is_compared(rz))
        mpci_digest_set(&rz->digest, n, 0);
}

/* --- sums --- */

static void tell_sums(mpci_rendezvous *rz, unsigned level, unsigned place, uint32_t to)
{
    mpci_record r;

    memset(&r, 0, sizeof r);
    r.type = MPCI_RECORD_SESSION_SUMS;
    r.session.level = (uint8_t)level;
    r.session.place = (uint16_t)place;
    mpci_digest_sums(&rz->digest, level, place, r.session.sums);
    mpci_sync_put(rz->sync, to, &r);
}

static int may_tell(mpci_rendezvous *rz)
{
    if (rz->core->now - rz->sums_since >= MPCONN_SECOND) {
        rz->sums_since = rz->core->now;
        rz->sums_told = 0;
    }
    if (rz->sums_told >= SUMS_PER_SECOND)
        return 0;
    rz->sums_told++;
    return 1;
}

static unsigned index_of(const mpci_rendezvous *rz, uint32_t member)
{
    const mpci_members *m = &rz->sync->members;

    return (unsigned)(mpci_members_find(m, member) - m->list);
}

/* A round goes on for what was not to be told yet, and no further: whoever never has room for all
 * is not told of it without end. */
static void mark(mpci_repair *p, unsigned leaf, unsigned member, uint32_t capacity)
{
    uint64_t to = UINT64_C(1) << member, bit = UINT64_C(1) << leaf % 64;

    if ((p->to & to) != 0 && (p->leaves[leaf / 64] & bit) != 0)
        return;
    p->to |= to;
    p->leaves[leaf / 64] |= bit;
    p->left = capacity;
}

/* Another place comes first each time, so that what cannot be mended keeps nothing else waiting. */
void mpci_told_take_sums(mpci_rendezvous *rz, const mpci_session_record *r)
{
    uint32_t ours[MPCI_DIGEST_FAN];
    unsigned turn = (unsigned)(rz->core->now / MPCONN_SECOND);

    mpci_digest_sums(&rz->digest, r->level, r->place, ours);
    for (unsigned k = 0; k < MPCI_DIGEST_FAN; k++) {
        unsigned i = (k + turn) % MPCI_DIGEST_FAN;
        unsigned place = r->place * MPCI_DIGEST_FAN + i;

        if (ours[i] == r->sums[i])
            continue;
        if (r->level + 1 == MPCI_DIGEST_LEVELS)
            mark(&rz->repair, place, index_of(rz, rz->teller), rz->sessions.capacity);
        else if (may_tell(rz))
            tell_sums(rz, r->level + 1u, place, rz->teller);
    }
}

/* --- time --- */

mpconn_time mpci_told_digest_due(const mpci_rendezvous *rz)
{
    if (!is_compared(rz))
        return MPCONN_TIME_NEVER;
    return rz->repair.left > 0 && rz->repair.due < rz->sums_due ? rz->repair.due : rz->sums_due;
}

static int is_marked(const mpci_repair *p, uint64_t number)
{
    unsigned leaf = mpci_digest_leaf(number);

    return number != 0 && (p->leaves[leaf / 64] >> leaf % 64 & 1) != 0;
}

static void tell_some(mpci_rendezvous *rz)
{
    mpci_repair *p = &rz->repair;
    unsigned told = 0;

    for (unsigned seen = 0; p->left > 0 && told < TOLD_AT_ONCE && seen < LOOKED_AT_ONCE; seen++) {
        uint32_t at = p->next;

        p->next = at + 1 < rz->sessions.capacity ? at + 1 : 0;
        p->left--;
        if (!is_marked(p, rz->digest.numbers[at]))
            continue;
        mpci_told_session(rz, at + 1, p->to);
        told++;
    }
    if (p->left == 0) {
        p->to = 0;
        memset(p->leaves, 0, sizeof p->leaves);
    }
    p->due = mpci_later(rz->core->now, TELL_AGAIN_NS);
}

int mpci_told_digest_next(mpci_rendezvous *rz)
{
    if (mpci_told_digest_due(rz) > rz->core->now)
        return 0;
    if (rz->sums_due <= rz->core->now) {
        rz->sums_due = mpci_later(rz->core->now, rz->core->timeouts.hello_ns);
        if (mpci_sync_who(rz->sync) != 0)
            tell_sums(rz, 0, 0, MPCONN_MEMBER_ALL);
    } else {
        tell_some(rz);
    }
    return 1;
}
