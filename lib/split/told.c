/* SPDX-License-Identifier: BSD-2-Clause */
/* From a record of another member to an event of the handshake machine, or to a settled flow. */
#include "split/actions.h"
#include "split/bind.h"
#include "split/entry.h"
#include "split/incarnation.h"
#include "split/kill.h"
#include "split/peers.h"
#include "split/share.h"

static mpci_settled *settled_of(const mpci_split *sp, const mpci_step *st, uint32_t *slot)
{
    *slot = mpci_settled_find(&sp->core->settled, st->hash, st->tuple);
    return *slot != MPCI_SLOT_NONE ? mpci_settled_at(&sp->core->settled, *slot) : NULL;
}

/* What is known here of the incarnation that a record is about. */
enum fate { FATE_UNKNOWN, FATE_STANDS, FATE_OVER };

static enum fate fate_of(const mpci_split *sp, const mpci_step *st, uint32_t *slot)
{
    const mpci_settled *e = settled_of(sp, st, slot);
    uint32_t isn = st->record->client_isn;
    int names_none = st->record->type == MPCI_RECORD_QUERY && isn == 0; /* but means the last one */

    if (e != NULL && (names_none || isn == e->client_isn))
        return mpci_incarnation_is_alive(e) ? FATE_STANDS : FATE_OVER;
    return !names_none && mpci_tombstones_find(&sp->core->tombstones, st->hash, isn) !=
                              MPCI_TOMBSTONE_NONE
               ? FATE_OVER
               : FATE_UNKNOWN;
}

static void answer(mpci_split *sp, const mpci_step *st, unsigned code)
{
    mpci_share_word(sp, MPCI_RECORD_REPLY, &st->record->tuple, st->record->client_isn, st->teller,
                    code);
}

/* Who drives or saw an answer learns that all was decided. Returns 1 when it was. */
static int tell_what_is_settled(mpci_split *sp, mpci_step *st)
{
    uint32_t slot;

    switch (fate_of(sp, st, &slot)) {
    case FATE_STANDS:
        if (st->h != NULL && st->h->state == MPCI_ST_CONFIRMING)
            return 0; /* the machine still has all of the commit */
        mpci_share_flow(sp, slot, st->teller);
        return 1;
    case FATE_OVER: /* a late record must not bring it back */
        answer(sp, st, MPCI_REPLY_DEAD);
        return 1;
    case FATE_UNKNOWN:
        break;
    }
    return 0;
}

/* The entry is of this incarnation; who only asks does not know of which one it is. */
static int entry_is_same(const mpci_step *st)
{
    return st->h != NULL && (st->h->state == MPCI_ST_ASKING ||
                             st->h->client_isn == st->record->client_isn);
}

static int entry_is_other(const mpci_step *st)
{
    return st->h != NULL && !entry_is_same(st);
}

/* The entry is of this incarnation, and nothing is split. */
static int is_plain_entry(const mpci_step *st)
{
    return st->h != NULL && st->h->client_isn == st->record->client_isn &&
           mpci_entry_is_plain(st->h);
}

/* Nobody has proved the number of that entry: the one that is driven takes its place. */
static int is_left_for_a_driver(const mpci_handshake *h)
{
    return h->state == MPCI_ST_ANSWERED || h->state == MPCI_ST_EXPECTED || mpci_entry_is_plain(h);
}

static void told_drive(mpci_split *sp, mpci_step *st)
{
    mpci_echo_proved(sp->echo, st->tuple, st->record->client_isn);
    if (tell_what_is_settled(sp, st))
        return;
    if (entry_is_other(st)) /* the client goes on elsewhere */
        mpci_entry_leave_behind(sp, st);
    if (entry_is_other(st) && !is_left_for_a_driver(st->h)) {
        answer(sp, st, MPCI_REPLY_NO);
        return;
    }
    mpci_split_run(sp, st, MPCI_EV_TOLD_DRIVE);
}

/* The SYN|ACK was another server's than the one whose leg is open, or was told of. */
static int is_of_another_server(const mpci_step *st)
{
    const mpci_handshake *h = st->h;

    return entry_is_same(st) && h->binding != st->binding &&
           (h->binding != 0 || h->state == MPCI_ST_OPENING || h->state == MPCI_ST_QUITTING);
}

static void told_answer(mpci_split *sp, mpci_step *st)
{
    int alone = (st->record->flags & MPCI_ANSWER_ALONE) != 0;

    if (is_of_another_server(st)) {
        mpci_count(&sp->core->counters, MPCONN_REASON_COMMIT_CONFLICT);
        return;
    }
    if (is_plain_entry(st)) { /* also of a number that is dead: its SYN was passed on (rule R3) */
        mpci_split_run(sp, st, MPCI_EV_TOLD_ANSWER);
        return;
    }
    if (tell_what_is_settled(sp, st))
        return;
    if (entry_is_other(st) || (st->h == NULL && mpci_share_registrar(sp, st->tuple) !=
                                                    sp->sync->members.self)) {
        if (alone)
            answer(sp, st, MPCI_REPLY_NO);
        return;
    }
    if (alone && (st->h == NULL || st->h->state == MPCI_ST_ANSWERED))
        answer(sp, st, MPCI_REPLY_NO);
    mpci_split_run(sp, st, MPCI_EV_TOLD_ANSWER);
}

/* What passed here of a handshake that is not split. Returns 1 when there was anything. */
static int tell_what_is_plain(mpci_split *sp, mpci_step *st)
{
    mpci_handshake *h = st->h;
    int opened_here, answered_here;

    if (h == NULL || !mpci_entry_is_plain(h) ||
        (st->record->client_isn != 0 && st->record->client_isn != h->client_isn))
        return 0;
    opened_here = h->driver == MPCI_NOBODY;
    answered_here = h->state == MPCI_ST_PLAIN_ANSWERED && h->answerer == MPCI_NOBODY;
    h->roles |= MPCI_ROLE_TOLD;
    if (opened_here)
        mpci_share_plain(sp, h, st->teller);
    if (answered_here)
        mpci_share_answer(sp, h, st->teller, 0);
    return opened_here || answered_here;
}

static void told_query(mpci_split *sp, mpci_step *st)
{
    uint32_t slot;
    enum fate fate = fate_of(sp, st, &slot);

    if (fate == FATE_STANDS) {
        mpci_share_flow(sp, slot, st->teller);
        return;
    }
    if (tell_what_is_plain(sp, st))
        return;
    /* Not of what was settled and is over: it would be driven again when we fall silent. */
    if (st->h != NULL && (st->h->roles & MPCI_ROLE_DRIVES) != 0 &&
        st->h->settled == MPCI_SLOT_NONE) {
        st->h->roles |= MPCI_ROLE_TOLD;
        mpci_share_drive(sp, st->h, st->teller, 0);
        return;
    }
    answer(sp, st, fate == FATE_OVER ? MPCI_REPLY_DEAD : MPCI_REPLY_NO);
    /* the ports have gone on, and the asker did not hear of it */
    if (slot != MPCI_SLOT_NONE &&
        mpci_incarnation_is_alive(mpci_settled_at(&sp->core->settled, slot)))
        mpci_share_flow(sp, slot, st->teller);
}

/* The controller of a session waits for what becomes of its connection. */
static void tell_session(const mpci_split *sp, uint32_t slot, uint8_t before)
{
    const mpci_core *core = sp->core;
    const mpci_settled *e = mpci_settled_at(&core->settled, slot);

    if (e->state != before && (mpci_settled_flags(e) & MPCI_SETTLED_RENDEZVOUS) != 0 &&
        core->moved != NULL)
        core->moved(core->ended_owner, slot);
}

/* A question about a flow that stands here is answered: over elsewhere, it is over unless somebody
 * speaks. */
static void told_of_flow(mpci_split *sp, mpci_step *st)
{
    uint32_t slot;
    mpci_settled *e = settled_of(sp, st, &slot);
    uint8_t before;

    if (e == NULL || e->client_isn != st->record->client_isn)
        return;
    e->use &= ~(uint32_t)MPCI_SETTLED_ASKED;
    if (st->record->code != MPCI_REPLY_DEAD)
        return;
    before = e->state;
    e->state |= (uint8_t)(MPCI_LIFE_RST << 3);
    if (st->h != NULL && st->h->settled == slot)
        mpci_entry_leave_behind(sp, st);
    tell_session(sp, slot, before);
}

static void told_reply(mpci_split *sp, mpci_step *st)
{
    told_of_flow(sp, st);
    if (!entry_is_same(st))
        return;
    switch (st->record->code) {
    case MPCI_REPLY_NO:
        if (mpci_peers_all_said_no(sp, st))
            mpci_split_run(sp, st, MPCI_EV_TOLD_NO);
        break;
    case MPCI_REPLY_DEAD:
        mpci_split_run(sp, st, MPCI_EV_TOLD_OVER);
        break;
    case MPCI_REPLY_DRIVEN:
        mpci_split_run(sp, st, MPCI_EV_TOLD_DRIVEN);
        break;
    default:
        break; /* of a later version */
    }
}

static void told_commit(mpci_split *sp, mpci_step *st)
{
    uint32_t slot, isn = st->record->client_isn;

    if (entry_is_same(st)) {
        mpci_split_run(sp, st, MPCI_EV_TOLD_COMMIT);
        return;
    }
    switch (fate_of(sp, st, &slot)) {
    case FATE_STANDS: /* our acknowledgment was lost, or another refused its generation */
        mpci_incarnation_raise(mpci_settled_at(&sp->core->settled, slot), st->record->generation);
        mpci_share_word(sp, MPCI_RECORD_ACK, st->tuple, isn, st->teller, MPCI_ACK_COMMIT);
        break;
    case FATE_OVER: /* or the client gave up meanwhile (V10) */
        mpci_share_word(sp, MPCI_RECORD_CLOSE, st->tuple, isn, st->teller,
                        MPCONN_REASON_DEAD_FLOW);
        break;
    case FATE_UNKNOWN:
        if (mpci_incarnation_refuses(sp, st->hash, st->record, st->teller))
            break;
        mpci_entry_leave_behind(sp, st);
        if (st->h == NULL)
            mpci_split_run(sp, st, MPCI_EV_TOLD_COMMIT);
        break;
    }
}

/* A flow goes by the client's number, and its handshake by the opener's: the server may be that. */
static int is_opened_by_server(const mpci_step *st)
{
    const mpci_handshake *h = st->h;

    return h != NULL && (h->flags & MPCI_HANDSHAKE_REVERSE) != 0 &&
           (st->record->flags & MPCI_FLOW_REVERSE) != 0 &&
           (h->state == MPCI_ST_PLAIN_SYN || (h->state == MPCI_ST_PLAIN_ANSWERED &&
                                              h->server_isn == st->record->client_isn));
}

/* That nobody takes back by going on, as a RST is: who speaks of it has missed the word. */
static int is_killed(const mpci_settled *e)
{
    return (mpci_settled_flags(e) & MPCI_SETTLED_KILLED) != 0 && !mpci_settled_is_unused(e);
}

/* Clients that were joined in vain are joined again by the same numbers. */
static int is_next_pair(const mpci_settled *e, const mpci_record *r)
{
    return mpci_settled_is_unused(e) && !mpci_incarnation_is_alive(e) &&
           mpci_is_later(r->generation, e->generation);
}

static void told_flow(mpci_split *sp, mpci_step *st)
{
    uint32_t slot;
    mpci_settled *e = settled_of(sp, st, &slot);

    if (e != NULL && e->client_isn == st->record->client_isn && !is_next_pair(e, st->record)) {
        uint8_t before = e->state;

        if (is_killed(e))
            mpci_split_tell_kill(sp, slot, st->teller);
        else if (mpci_split_merge_copy(sp, st, slot))
            mpci_share_flow(sp, slot, MPCONN_MEMBER_ALL);
        else if ((e->state & ~st->record->state) != 0) /* it has missed something */
            mpci_share_flow(sp, slot, st->teller);
        if (!mpci_incarnation_is_alive(e)) /* nobody waits any more for who was to be heard */
            mpci_split_flow_ends(sp, slot);
        tell_session(sp, slot, before);
    } else if (entry_is_other(st) && !is_opened_by_server(st))
        /* late, or of a life that the entry knows nothing of */
        (void)mpci_split_keep_copy(sp, st);
    else if (st->h == NULL || st->h->state != MPCI_ST_CONFIRMING)
        mpci_split_run(sp, st, MPCI_EV_TOLD_FLOW);
}

/* Why it is over, in the words of who ended it where they are known here. */
static unsigned close_reason(const mpci_record *r)
{
    return r->code != MPCONN_REASON_NONE && mpconn_reason_name(r->code) != NULL
               ? r->code
               : MPCONN_REASON_FLOW_RESET;
}

/* Of a pair that carried nothing: another one may have the same numbers. */
static int is_of_unused(const mpci_record *close)
{
    return close->code == MPCONN_REASON_SESSION_UNCONFIRMED ||
           close->code == MPCONN_REASON_SESSION_OLD;
}

/* Of a pair, whoever of its clients goes on is told: unless they call anew already. And of any flow
 * at a link-layer member: by its links alone an endpoint is told what another member says to it. */
static int leaves_tombstone(const mpci_core *core, const mpci_record *close,
                            const mpci_settled *e)
{
    int is_pair = (mpci_settled_flags(e) & MPCI_SETTLED_RENDEZVOUS) != 0;

    return (close->code == MPCONN_REASON_KILLED && (is_pair || core->one_way)) ||
           (close->code == MPCONN_REASON_SESSION_UNCONFIRMED && is_pair);
}

/* Who ended it without a word to its endpoints gives no reason: they are told nothing here, too. */
static unsigned tombstone_of(const mpci_record *close)
{
    return close->code == MPCONN_REASON_NONE
               ? MPCI_TOMBSTONE_FOUND | MPCI_TOMBSTONE_KILLED | MPCI_TOMBSTONE_QUIET
               : MPCI_TOMBSTONE_FOUND;
}

/* A late word of a pair that failed: its clients went on by the same numbers, and have another. */
static int is_of_earlier_pair(const mpci_record *close, const mpci_settled *e)
{
    return is_of_unused(close) && close->generation != 0 &&
           mpci_is_later(e->generation, close->generation);
}

static void told_close(mpci_split *sp, mpci_step *st)
{
    uint32_t slot;
    mpci_settled *e = settled_of(sp, st, &slot);
    int is_same = e != NULL && e->client_isn == st->record->client_isn;

    if (is_same && is_of_earlier_pair(st->record, e)) {
        mpci_count(&sp->core->counters, MPCONN_REASON_SESSION_OLD);
        return;
    }
    if (!is_of_unused(st->record))
        mpci_core_bury(sp->core, st->hash, st->record->client_isn, tombstone_of(st->record));
    if (is_same) {
        mpci_split_flow_ends(sp, slot);
        if (leaves_tombstone(sp->core, st->record, e))
            mpci_split_told_killed(sp, slot);
        else
            mpci_core_end_flow(sp->core, slot, close_reason(st->record));
        return;
    }
    if (entry_is_same(st))
        mpci_split_run(sp, st, MPCI_EV_TOLD_OVER);
}

/* Another incarnation stands there. Or the server was heard to have forgotten this one: as long as
 * the client does not go on, its next SYN is answered. */
static void told_stale(mpci_split *sp, mpci_step *st)
{
    uint32_t slot;

    if (fate_of(sp, st, &slot) != FATE_STANDS)
        return;
    if (st->record->generation != 0)
        mpci_incarnation_refused(sp, st, slot);
    else
        mpci_settled_at(&sp->core->settled, slot)->use |= MPCI_SETTLED_FORGOTTEN;
}

/* Who drives it, or settled it, knows better. */
static void told_plain(mpci_split *sp, mpci_step *st)
{
    uint32_t slot;

    if (fate_of(sp, st, &slot) == FATE_STANDS || is_plain_entry(st))
        return;
    if (st->h != NULL && st->h->state == MPCI_ST_ANSWERING &&
        (entry_is_other(st) || mpci_peers_is_driven(st->h)))
        return;
    mpci_split_run(sp, st, MPCI_EV_TOLD_PLAIN);
}

static void told_if_same(mpci_split *sp, mpci_step *st, enum mpci_split_event event)
{
    if (entry_is_same(st))
        mpci_split_run(sp, st, event);
}

static void told_refused(mpci_split *sp, mpci_step *st)
{
    told_if_same(sp, st, st->record->flags & MPCI_RST_UNREACHABLE ? MPCI_EV_TOLD_UNREACHABLE
                                                                  : MPCI_EV_TOLD_RST);
}

static void told_share(mpci_split *sp, mpci_step *st)
{
    if (!tell_what_is_settled(sp, st))
        mpci_split_run(sp, st, MPCI_EV_TOLD_SHARE);
}

static void take_word(mpci_split *sp, mpci_step *st)
{
    switch ((enum mpci_record_type)st->record->type) {
    case MPCI_RECORD_DRIVE:
        told_drive(sp, st);
        break;
    case MPCI_RECORD_ANSWER:
        told_answer(sp, st);
        break;
    case MPCI_RECORD_COMMIT:
        told_commit(sp, st);
        break;
    case MPCI_RECORD_DELTA:
        told_flow(sp, st);
        break;
    case MPCI_RECORD_QUERY:
        told_query(sp, st);
        break;
    case MPCI_RECORD_REPLY:
        told_reply(sp, st);
        break;
    case MPCI_RECORD_CLOSE:
        told_close(sp, st);
        break;
    case MPCI_RECORD_REACK:
        told_if_same(sp, st, MPCI_EV_TOLD_REACK);
        break;
    case MPCI_RECORD_RST_SEEN:
        told_refused(sp, st);
        break;
    case MPCI_RECORD_ACK:
        told_if_same(sp, st, MPCI_EV_TOLD_ACK);
        break;
    case MPCI_RECORD_SHARE:
        told_share(sp, st);
        break;
    case MPCI_RECORD_PLAIN:
        told_plain(sp, st);
        break;
    case MPCI_RECORD_STALE:
        told_stale(sp, st);
        break;
    case MPCI_RECORD_NONE:
    case MPCI_RECORD_HELLO:
    case MPCI_RECORD_SESSION: /* not for us */
    case MPCI_RECORD_REQUEST:
    case MPCI_RECORD_PAIR:
    case MPCI_RECORD_SESSION_END:
    case MPCI_RECORD_SESSION_SUMS:
    case MPCI_RECORD_SAY:
    case MPCI_RECORD_PATH:
    case MPCI_RECORD_LIMIT:
        break;
    }
}

/* Who names a connection by its server leg has seen what the server says, and knows nothing else:
 * it learns the right name, and then says or asks again what is to be said by that. But there is no
 * more to a RST than what it says. */
static void take_word_renamed(mpci_split *sp, mpci_step *st)
{
    if (st->record->type == MPCI_RECORD_RST_SEEN)
        told_refused(sp, st);
    else
        told_query(sp, st);
}

/* It names a server leg, or goes by one, that another connection has here. Who waits for a word
 * gets one, lest it repeats in vain. */
static void refuse_word(mpci_split *sp, mpci_step *st)
{
    const mpci_record *r = st->record;
    mpconn_tuple key;
    int asks = (r->type == MPCI_RECORD_DRIVE && (r->flags & MPCI_DRIVE_ASKS) != 0) ||
               (r->type == MPCI_RECORD_ANSWER && (r->flags & MPCI_ANSWER_ALONE) != 0);

    int renamed = mpci_bind_rename_refused(sp, st, &key);

    mpci_split_find_entry(sp, st);
    if (renamed)
        told_query(sp, st);
    else if (asks && !tell_what_is_settled(sp, st))
        answer(sp, st, MPCI_REPLY_NO);
}

void mpci_split_told(void *split, const mpci_record *r, uint32_t from)
{
    mpci_split *sp = split;
    mpci_step st = {.record = r, .teller = from, .tuple = &r->tuple};
    mpconn_tuple key;
    int renamed;

    st.hash = mpci_tuple_hash(&sp->core->table_key, st.tuple);
    renamed = mpci_bind_rename(sp, &st, &key);
    if (!mpci_bind_hear(sp, &st)) {
        refuse_word(sp, &st);
        return;
    }
    mpci_split_find_entry(sp, &st);
    /* Whoever has heard of it from another does not commit it alone any more (R1a). */
    if (entry_is_same(&st))
        st.h->roles |= MPCI_ROLE_TOLD;
    if (renamed)
        take_word_renamed(sp, &st);
    else
        take_word(sp, &st);
    mpci_bind_heard(sp, &st);
}
