/* SPDX-License-Identifier: BSD-2-Clause */
/* What this member has to ask the others, and what comes of it. */
#include "split/actions.h"
#include "split/bind.h"
#include "split/entry.h"
#include "split/peers.h"
#include "split/share.h"

/* Half a minute, at the longest pause between two questions. */
enum { ASK_DRIVEN_TRIES = 24 };

/* The SYN|ACK came here, and somebody else has to say what it means. */
enum mpci_split_event mpci_split_ask_registrar(mpci_split *sp, mpci_handshake *h)
{
    uint32_t registrar = mpci_share_registrar(sp, &h->tuple);
    enum mpci_split_event next = mpci_peers_decide_if_known(sp, h);

    if (next != MPCI_EV_NOTHING)
        return next;
    if (mpci_peers_is_driven(h))
        mpci_share_answer(sp, h, registrar, 0);
    else
        mpci_share_answer(sp, h, MPCONN_MEMBER_ALL, MPCI_ANSWER_ALONE);
    mpci_peers_ask_later(sp, h);
    return MPCI_EV_NOTHING;
}

/* Who hears that there is no split passes it on after all. */
static void keep_syn_ack(mpci_split *sp, mpci_step *st, unsigned reason)
{
    if (mpci_peers_is_driven(st->h) || st->h->held_packets > 0)
        mpci_consume(sp->core, st->pkt, reason);
    else
        mpci_core_hold(sp->core, st->h, st->pkt);
}

enum mpci_split_event mpci_act_take_syn_ack(mpci_split *sp, mpci_step *st)
{
    mpci_handshake *h = st->h;
    unsigned bad = mpci_entry_hear_syn_ack(sp, h, st);

    if (bad != 0) {
        mpci_drop(sp->core, st->pkt, bad);
        st->h = NULL; /* stays as it was */
        return MPCI_EV_NOTHING;
    }
    mpci_bind_entry(sp, h, st->binding); /* was not known before, or is the same */
    keep_syn_ack(sp, st, MPCONN_REASON_SERVER_ANSWERED);
    h->asked = 0;
    h->noes = 0;
    return mpci_split_ask_registrar(sp, h);
}

/* The same while nothing is known here: whoever drives it will say so. A SYN|ACK alone creates no
 * trust (E35), and its place goes to whoever needs it more. */
enum mpci_split_event mpci_act_ask_commit(mpci_split *sp, mpci_step *st)
{
    if (!mpci_peers_may_ask(sp, st))
        return MPCI_EV_NOTHING;
    if (mpci_peers_entry(sp, st) == NULL) {
        mpci_drop(sp->core, st->pkt, MPCONN_REASON_HANDSHAKE_FULL);
        return MPCI_EV_NOTHING;
    }
    return mpci_act_take_syn_ack(sp, st);
}

enum mpci_split_event mpci_act_ask_commit_again(mpci_split *sp, mpci_step *st)
{
    if (st->pkt->flow != 0) { /* was held in vain */
        mpci_drop(sp->core, st->pkt, MPCONN_REASON_HOLD_EXPIRED);
        return MPCI_EV_NOTHING;
    }
    /* What nobody drives may be a stranger's, who repeats it as often as he likes. */
    if (!mpci_peers_is_driven(st->h) && !mpci_peers_may_ask(sp, st))
        return MPCI_EV_NOTHING;
    keep_syn_ack(sp, st, MPCONN_REASON_SERVER_REPEATED);
    st->h->asked = 0;
    return mpci_split_ask_registrar(sp, st->h);
}

static void send_query(mpci_split *sp, mpci_handshake *h)
{
    mpci_share_word(sp, MPCI_RECORD_QUERY, &h->tuple, h->client_isn, MPCONN_MEMBER_ALL, 0);
    mpci_peers_ask_later(sp, h);
}

/* Who knows the driver goes on: if the registrar is down, it will be the registrar itself. */
enum mpci_split_event mpci_act_ask_commit_by_timer(mpci_split *sp, mpci_step *st)
{
    if (st->h->asked >= (mpci_peers_is_driven(st->h) ? ASK_DRIVEN_TRIES : MPCI_ASK_TRIES))
        return MPCI_EV_EXHAUSTED;
    if ((st->h->roles & MPCI_ROLE_ANSWERED) != 0)
        return mpci_split_ask_registrar(sp, st->h);
    send_query(sp, st->h);
    return MPCI_EV_NOTHING;
}

enum mpci_split_event mpci_act_note_syn_ack(mpci_split *sp, mpci_step *st)
{
    unsigned bad = mpci_entry_hear_syn_ack(sp, st->h, st);

    if (bad != 0) {
        mpci_drop(sp->core, st->pkt, bad);
        return MPCI_EV_NOTHING;
    }
    mpci_consume(sp->core, st->pkt, MPCONN_REASON_SERVER_ANSWERED);
    return mpci_split_ask_registrar(sp, st->h);
}

/* --- the claim of a client that proved itself where its SYN was not answered (V2, V21) --- */

static void send_claim(mpci_split *sp, mpci_handshake *h)
{
    mpci_share_drive(sp, h, MPCONN_MEMBER_ALL, MPCI_DRIVE_ASKS);
    h->roles |= MPCI_ROLE_TOLD;
    mpci_peers_ask_later(sp, h);
}

enum mpci_split_event mpci_act_claim(mpci_split *sp, mpci_step *st)
{
    if (mpci_split_take_proof(sp, st) == 0)
        return MPCI_EV_NOTHING;
    st->h->asked = 0;
    st->h->noes = 0;
    mpci_split_take_stream(sp, st, MPCONN_REASON_CLIENT_PROVED);
    if (!mpci_sync_anybody(sp->sync))
        return MPCI_EV_TOLD_NO;
    send_claim(sp, st->h);
    return MPCI_EV_NOTHING;
}

enum mpci_split_event mpci_act_reclaim(mpci_split *sp, mpci_step *st)
{
    mpci_core_release(sp->core, st->h, MPCONN_REASON_CLIENT_ABORTED);
    return mpci_act_claim(sp, st);
}

enum mpci_split_event mpci_act_claim_again(mpci_split *sp, mpci_step *st)
{
    if (st->h->asked >= MPCI_ASK_TRIES)
        return MPCI_EV_EXHAUSTED;
    send_claim(sp, st->h);
    return MPCI_EV_NOTHING;
}

/* V6: that the server is silent is a decision, too, and not everybody's. But who has told nobody of
 * the handshake decides alone. */
enum mpci_split_event mpci_act_ask_before_quitting(mpci_split *sp, mpci_step *st)
{
    if ((st->h->roles & MPCI_ROLE_TOLD) == 0 || !mpci_sync_anybody(sp->sync))
        return MPCI_EV_TOLD_NO;
    st->h->asked = 0;
    st->h->noes = 0;
    send_claim(sp, st->h);
    return MPCI_EV_NOTHING;
}

enum mpci_split_event mpci_act_be_patient(mpci_split *sp, mpci_step *st)
{
    st->h->asked = 0;
    mpci_peers_set_timer(sp, st->h, MPCONN_SECOND);
    return MPCI_EV_NOTHING;
}

enum mpci_split_event mpci_act_open_claimed(mpci_split *sp, mpci_step *st)
{
    enum mpci_split_event next = mpci_split_start_opening(sp, st);

    if (next == MPCI_EV_UNBOUND)
        mpci_count(&sp->core->counters, st->refusal);
    else if (st->h->binding != 0 && (st->h->roles & MPCI_ROLE_TOLD) != 0)
        mpci_share_drive(sp, st->h, MPCONN_MEMBER_ALL, 0); /* the claim did not know it yet */
    return next;
}

enum mpci_split_event mpci_act_claim_aborted(mpci_split *sp, mpci_step *st)
{
    mpci_consume(sp->core, st->pkt, MPCONN_REASON_CLIENT_ABORTED);
    mpci_split_bury(sp, st, MPCONN_REASON_CLIENT_ABORTED);
    mpci_share_word(sp, MPCI_RECORD_CLOSE, st->tuple, st->h->client_isn, MPCONN_MEMBER_ALL,
                    MPCONN_REASON_CLIENT_ABORTED);
    return MPCI_EV_NOTHING;
}

/* The client's proof comes where the SYN|ACK came, too. */
enum mpci_split_event mpci_act_drive_also(mpci_split *sp, mpci_step *st)
{
    mpci_handshake *h = st->h;

    if (h->driver != MPCI_NOBODY) /* it has all the driver knew; the commit will come */
        h->roles |= MPCI_ROLE_DRIVES;
    else if (mpci_split_take_proof(sp, st) == 0)
        return MPCI_EV_NOTHING;
    mpci_split_take_stream(sp, st, MPCONN_REASON_CLIENT_WAITS);
    mpci_share_drive(sp, h, mpci_share_registrar(sp, &h->tuple), 0);
    return mpci_peers_decide_if_known(sp, h);
}

/* --- segments of a connection that only another member can know --- */

static uint64_t *unknown_at(mpci_split *sp, uint64_t hash)
{
    return &sp->unknown[hash % MPCI_UNKNOWN];
}

int mpci_split_is_unknown(const mpci_split *sp, uint64_t hash)
{
    return sp->unknown[hash % MPCI_UNKNOWN] == hash;
}

enum mpci_split_event mpci_act_ask(mpci_split *sp, mpci_step *st)
{
    if (!mpci_peers_may_ask(sp, st))
        return MPCI_EV_NOTHING;
    if (mpci_peers_entry(sp, st) == NULL) {
        mpci_drop(sp->core, st->pkt, MPCONN_REASON_HANDSHAKE_FULL);
        return MPCI_EV_NOTHING;
    }
    *unknown_at(sp, st->h->hash) = 0;
    mpci_core_hold(sp->core, st->h, st->pkt);
    send_query(sp, st->h);
    return MPCI_EV_NOTHING;
}

enum mpci_split_event mpci_act_hold_asked(mpci_split *sp, mpci_step *st)
{
    mpci_core_hold(sp->core, st->h, st->pkt);
    return MPCI_EV_NOTHING;
}

enum mpci_split_event mpci_act_ask_by_timer(mpci_split *sp, mpci_step *st)
{
    if (st->h->asked >= MPCI_ASK_TRIES)
        return MPCI_EV_EXHAUSTED;
    send_query(sp, st->h);
    return MPCI_EV_NOTHING;
}

enum mpci_split_event mpci_act_nobody_knows(mpci_split *sp, mpci_step *st)
{
    *unknown_at(sp, st->h->hash) = st->h->hash;
    mpci_core_release(sp->core, st->h, MPCONN_REASON_NO_FLOW);
    return MPCI_EV_NOTHING;
}

/* Who does not answer may know it: nobody is told that it is over (rule R9). */
enum mpci_split_event mpci_act_nobody_answers(mpci_split *sp, mpci_step *st)
{
    mpci_core_release(sp->core, st->h, MPCONN_REASON_HOLD_EXPIRED);
    return MPCI_EV_NOTHING;
}

enum mpci_split_event mpci_act_answer_asked(mpci_split *sp, mpci_step *st)
{
    mpci_core_release(sp->core, st->h, MPCONN_REASON_NO_FLOW);
    return mpci_act_answer(sp, st);
}

enum mpci_split_event mpci_act_track_asked(mpci_split *sp, mpci_step *st)
{
    mpci_core_release(sp->core, st->h, MPCONN_REASON_NO_FLOW);
    return mpci_act_track_syn(sp, st);
}

enum mpci_split_event mpci_act_kill_asked(mpci_split *sp, mpci_step *st)
{
    mpci_count(&sp->core->counters, MPCONN_REASON_KILLED);
    mpci_core_release(sp->core, st->h, MPCONN_REASON_KILLED);
    return MPCI_EV_NOTHING;
}
