/* SPDX-License-Identifier: BSD-2-Clause */
/* Actions on what other members say of a handshake. */
#include "split/actions.h"
#include "split/bind.h"
#include "split/entry.h"
#include "split/incarnation.h"
#include "split/peers.h"
#include "split/share.h"
#include "table/reset.h"

/* How often a driver elsewhere is looked after, and how long it is expected to get ready: its own
 * five SYNs take 31 s. */
#define WATCH_NS MPCONN_SECOND
enum { WATCH_TIMES = 40 };

/* --- DRIVE --- */

static void note_driver(mpci_split *sp, mpci_handshake *h, const mpci_step *st)
{
    mpci_bind_note(sp, h, st);
    mpci_share_note_drive(h, st->record);
    h->driver = (uint16_t)st->teller;
}

static void reply(mpci_split *sp, const mpci_step *st, unsigned code)
{
    if ((st->record->flags & MPCI_DRIVE_ASKS) != 0)
        mpci_share_word(sp, MPCI_RECORD_REPLY, st->tuple, st->record->client_isn, st->teller,
                        code);
}

enum mpci_split_event mpci_act_expect(mpci_split *sp, mpci_step *st)
{
    mpci_handshake *h = mpci_peers_entry(sp, st);

    reply(sp, st, MPCI_REPLY_NO);
    if (h == NULL)
        return MPCI_EV_NOTHING;
    note_driver(sp, h, st);
    h->asked = 0;
    mpci_peers_set_timer(sp, h, WATCH_NS);
    return MPCI_EV_NOTHING;
}

/* What is held may be of this handshake, or of an older one. */
enum mpci_split_event mpci_act_expect_asked(mpci_split *sp, mpci_step *st)
{
    (void)mpci_act_expect(sp, st);
    mpci_core_release(sp->core, st->h, MPCONN_REASON_RELEASED);
    return MPCI_EV_NOTHING;
}

/* V12b: the server has an older incarnation. Its answer to our driver's SYN comes here: it is made
 * to forget, and the SYN is sent again at once. */
enum mpci_split_event mpci_act_hold_or_stale(mpci_split *sp, mpci_step *st)
{
    const mpci_view *v = st->view;

    if ((v->flags & (MPCI_TCP_ACK | MPCI_TCP_RST)) != MPCI_TCP_ACK ||
        v->ack - (st->h->client_isn + 1) <= UINT16_MAX) {
        mpci_core_hold(sp->core, st->h, st->pkt);
        return MPCI_EV_NOTHING;
    }
    if ((st->h->flags & MPCI_HANDSHAKE_STALE_TOLD) == 0) {
        st->h->flags |= MPCI_HANDSHAKE_STALE_TOLD;
        mpci_reset_answer(sp->core, st);
        mpci_split_final_ack_again(sp, st->h);
    }
    mpci_consume(sp->core, st->pkt, MPCONN_REASON_SERVER_STALE);
    return MPCI_EV_NOTHING;
}

enum mpci_split_event mpci_act_open_once_more(mpci_split *sp, mpci_step *st)
{
    if (st->h->roles & MPCI_ROLE_DRIVES)
        mpci_split_send_open(sp, st->h);
    return MPCI_EV_NOTHING;
}

/* A client was answered elsewhere: what comes of it here is no stranger. */
enum mpci_split_event mpci_act_expect_request(mpci_split *sp, mpci_step *st)
{
    mpci_handshake *h = mpci_peers_entry(sp, st);

    if (h == NULL)
        return MPCI_EV_NOTHING;
    h->client_isn = st->record->client_isn;
    h->client_ts = st->record->client_ts;
    h->asked = 0;
    mpci_peers_set_timer(sp, h, WATCH_NS);
    return MPCI_EV_NOTHING;
}

/* Rule R1d: all that the driver knew is here. */
enum mpci_split_event mpci_act_watch_driver(mpci_split *sp, mpci_step *st)
{
    mpci_handshake *h = st->h;

    if (mpci_peers_is_down(sp, h->driver) && mpci_peers_is_registrar(sp, h)) {
        h->roles |= MPCI_ROLE_DRIVES;
        h->driver = MPCI_NOBODY;
        return MPCI_EV_TAKE_OVER;
    }
    if (++h->asked >= WATCH_TIMES)
        return MPCI_EV_EXHAUSTED;
    mpci_peers_set_timer(sp, h, WATCH_NS);
    return MPCI_EV_NOTHING;
}

/* Two drivers: the first one is remembered, the other learns of the commit when it asks again. */
enum mpci_split_event mpci_act_expect_also(mpci_split *sp, mpci_step *st)
{
    if (st->h->driver == MPCI_NOBODY || st->h->client_isn != st->record->client_isn)
        note_driver(sp, st->h, st);
    else
        mpci_bind_note(sp, st->h, st);
    if (st->h->driver != st->teller)
        reply(sp, st, MPCI_REPLY_DRIVEN);
    else
        reply(sp, st, MPCI_REPLY_NO);
    return MPCI_EV_NOTHING;
}

enum mpci_split_event mpci_act_meet_driver(mpci_split *sp, mpci_step *st)
{
    st->h->driver = (uint16_t)st->teller;
    reply(sp, st, MPCI_REPLY_DRIVEN);
    return MPCI_EV_NOTHING;
}

/* Two that wait for one another's word: who asks knows of no commit, and drives nothing yet. The
 * registrar goes on, the other waits for its commit. */
enum mpci_split_event mpci_act_meet_claimer(mpci_split *sp, mpci_step *st)
{
    int asks = (st->record->flags & MPCI_DRIVE_ASKS) != 0;

    if (!asks || mpci_peers_is_registrar(sp, st->h)) {
        (void)mpci_act_meet_driver(sp, st);
        return asks && mpci_peers_all_said_no(sp, st) ? MPCI_EV_TOLD_NO : MPCI_EV_NOTHING;
    }
    st->h->driver = (uint16_t)st->teller;
    reply(sp, st, MPCI_REPLY_NO);
    return MPCI_EV_NOTHING;
}

enum mpci_split_event mpci_act_hear_drive(mpci_split *sp, mpci_step *st)
{
    note_driver(sp, st->h, st);
    reply(sp, st, MPCI_REPLY_DRIVEN);
    return mpci_peers_decide_if_known(sp, st->h);
}

enum mpci_split_event mpci_act_tell_driver(mpci_split *sp, mpci_step *st)
{
    st->h->driver = (uint16_t)st->teller;
    mpci_share_commit(sp, st->h, st->teller);
    return MPCI_EV_NOTHING;
}

/* --- ANSWER --- */

static void note_answerer(mpci_split *sp, mpci_handshake *h, const mpci_step *st)
{
    mpci_bind_note(sp, h, st);
    mpci_share_note_answer(h, st->record);
    h->answerer = (uint16_t)st->teller;
}

/* The registrar hears of a SYN|ACK elsewhere; without a driver it asks who that is. */
enum mpci_split_event mpci_act_hear_answer(mpci_split *sp, mpci_step *st)
{
    mpci_handshake *h = mpci_peers_entry(sp, st);

    if (h == NULL)
        return MPCI_EV_NOTHING;
    note_answerer(sp, h, st);
    h->asked = 0;
    h->noes = 0;
    mpci_peers_ask_later(sp, h);
    return mpci_peers_decide_if_known(sp, h);
}

enum mpci_split_event mpci_act_hear_answer_again(mpci_split *sp, mpci_step *st)
{
    if ((st->h->roles & MPCI_ROLE_ANSWERED) == 0)
        note_answerer(sp, st->h, st);
    else
        st->h->answerer = (uint16_t)st->teller; /* one z counts: the one that was seen here */
    return mpci_peers_decide_if_known(sp, st->h);
}

/* The server answers a SYN of ours at another member. */
enum mpci_split_event mpci_act_join(mpci_split *sp, mpci_step *st)
{
    mpci_handshake *h = st->h;

    mpci_path_learn(&sp->paths, &sp->core->table_key, st->tuple, st->teller, sp->core->now);
    if (!mpci_peers_is_registrar(sp, h)) {
        h->roles |= MPCI_ROLE_TOLD;
        mpci_share_drive(sp, h, mpci_share_registrar(sp, &h->tuple), 0);
        return MPCI_EV_NOTHING;
    }
    if ((h->roles & MPCI_ROLE_ANSWERED) == 0)
        note_answerer(sp, h, st);
    return mpci_peers_decide_if_known(sp, h);
}

enum mpci_split_event mpci_act_tell_answerer(mpci_split *sp, mpci_step *st)
{
    st->h->answerer = (uint16_t)st->teller;
    mpci_share_commit(sp, st->h, st->teller);
    return MPCI_EV_NOTHING;
}

/* --- COMMIT --- */

static enum mpci_split_event settled_or_full(mpci_split *sp, mpci_step *st)
{
    return mpci_split_settle(sp, st->h) == MPCONN_OK ? MPCI_EV_COMMITTED : MPCI_EV_FULL;
}

enum mpci_split_event mpci_act_decide(mpci_split *sp, mpci_step *st)
{
    mpci_handshake *h = st->h;

    mpci_entry_limit_to_offers(h);
    if (h->driver != MPCI_NOBODY)
        h->roles |= MPCI_ROLE_OWES_DRIVER;
    if (h->answerer != MPCI_NOBODY)
        h->roles |= MPCI_ROLE_OWES_ANSWERER;
    return settled_or_full(sp, st);
}

enum mpci_split_event mpci_act_adopt(mpci_split *sp, mpci_step *st)
{
    if (st->record->client_isn != st->h->client_isn && st->h->client_isn != 0)
        return MPCI_EV_NOTHING;
    if (mpci_incarnation_refuses(sp, st->hash, st->record, st->teller))
        return MPCI_EV_NOTHING;
    mpci_bind_note(sp, st->h, st);
    mpci_share_note_commit(st->h, st->record);
    if ((st->h->roles & (MPCI_ROLE_DRIVES | MPCI_ROLE_ANSWERED)) == MPCI_ROLE_DRIVES)
        mpci_path_learn(&sp->paths, &sp->core->table_key, st->tuple, st->teller, sp->core->now);
    mpci_share_word(sp, MPCI_RECORD_ACK, st->tuple, st->record->client_isn, st->teller,
                    MPCI_ACK_COMMIT);
    return settled_or_full(sp, st);
}

/* Without room for an entry the flow is kept all the same, as a copy. */
static void keep_commit(mpci_split *sp, const mpci_step *st)
{
    mpci_handshake h = {0};

    h.tuple = *st->tuple;
    h.hash = st->hash;
    h.driver = h.answerer = MPCI_NOBODY;
    h.binding = st->binding; /* which the step holds */
    mpci_share_note_commit(&h, st->record);
    if (mpci_split_settle(sp, &h) != MPCONN_OK) {
        mpci_count(&sp->core->counters, MPCONN_REASON_TABLE_FULL);
        return;
    }
    mpci_settled_at(&sp->core->settled, h.settled)->use &= ~(uint32_t)MPCI_SETTLED_CONFIRMING;
    mpci_share_word(sp, MPCI_RECORD_ACK, st->tuple, st->record->client_isn, st->teller,
                    MPCI_ACK_COMMIT);
}

/* A member that was started anew, or had no room, has forgotten its part in it, and the commit says
 * all that there is to know. */
enum mpci_split_event mpci_act_adopt_unknown(mpci_split *sp, mpci_step *st)
{
    if (mpci_incarnation_refuses(sp, st->hash, st->record, st->teller))
        return MPCI_EV_NOTHING;
    if (mpci_peers_entry(sp, st) != NULL)
        return mpci_act_adopt(sp, st);
    keep_commit(sp, st);
    return MPCI_EV_NOTHING;
}

enum mpci_split_event mpci_act_compare(mpci_split *sp, mpci_step *st)
{
    if (st->record->client_isn != st->h->client_isn)
        return MPCI_EV_NOTHING;
    mpci_incarnation_raise(mpci_settled_at(&sp->core->settled, st->h->settled),
                           st->record->generation);
    if (st->record->server_isn != st->h->server_isn || st->binding != st->h->binding)
        mpci_count(&sp->core->counters, MPCONN_REASON_COMMIT_CONFLICT);
    mpci_share_word(sp, MPCI_RECORD_ACK, st->tuple, st->record->client_isn, st->teller,
                    MPCI_ACK_COMMIT);
    return MPCI_EV_NOTHING;
}

enum mpci_split_event mpci_act_commit_taken(mpci_split *sp, mpci_step *st)
{
    mpci_handshake *h = st->h;

    if (st->record->code == MPCI_ACK_HEARD)
        return MPCI_EV_HEARD_SERVER;
    (void)sp;
    if (h->driver == st->teller)
        h->roles &= (uint8_t)~MPCI_ROLE_OWES_DRIVER;
    if (h->answerer == st->teller)
        h->roles &= (uint8_t)~MPCI_ROLE_OWES_ANSWERER;
    return MPCI_EV_NOTHING;
}

/* Only its driver is told so: who knows of none is that, and has forgotten it. */
enum mpci_split_event mpci_act_ack_once_more(mpci_split *sp, mpci_step *st)
{
    if ((st->h->roles & MPCI_ROLE_DRIVES) != 0 || st->h->driver == MPCI_NOBODY)
        mpci_split_send_final_ack(sp, st->h);
    return MPCI_EV_NOTHING;
}

/* --- a flow that others settled --- */

static int store_flow(mpci_split *sp, mpci_step *st)
{
    return mpci_split_keep_copy(sp, st);
}

enum mpci_split_event mpci_act_keep_flow(mpci_split *sp, mpci_step *st)
{
    (void)store_flow(sp, st);
    return MPCI_EV_NOTHING;
}

enum mpci_split_event mpci_act_adopt_flow(mpci_split *sp, mpci_step *st)
{
    int stored = store_flow(sp, st);

    mpci_core_release(sp->core, st->h, stored ? MPCONN_REASON_RELEASED : MPCONN_REASON_TABLE_FULL);
    return MPCI_EV_NOTHING;
}
