/* SPDX-License-Identifier: BSD-2-Clause */
#include "split/machine.h"

#include "split/actions.h"

#define C(next, action) {MPCI_ST_##next, mpci_act_##action, #action}
#define E(event) [MPCI_EV_##event]

/* Follow-up events of split states that a state never raises. */
#define NO_FOLLOW_UPS(state)       \
    E(COMMITTED) = C(state, absent), E(FULL) = C(state, absent), E(CONFIRMED) = C(state, absent)

/* Events only a settled flow raises. */
#define NOT_SETTLED(state) \
    E(HEARD_CLIENT) = C(state, absent), E(HEARD_SERVER) = C(state, absent)

static const mpci_split_cell table[MPCI_ST_COUNT][MPCI_EV_COUNT] = {
    [MPCI_ST_NONE] = {
        E(NOTHING) = C(NONE, absent),
        E(SYN_AGAIN) = C(NONE, absent),
        E(SYN_SPLIT) = C(ANSWERED, answer),
        E(SYN_TRACK) = C(PLAIN_SYN, track_syn),
        E(PROOF) = C(OPENING, open),
        E(PROOF_DATA) = C(OPENING, open_hold),
        E(PROOF_NEW) = C(NONE, absent),
        E(PROOF_DEAD) = C(NONE, refuse_dead),
        E(OPENER_OTHER) = C(NONE, unknown),
        E(OPENER_RST) = C(NONE, absent),
        E(OPENER_ACK) = C(NONE, absent),
        E(SYN_ACK) = C(NONE, absent),
        E(SYN_ACK_OTHER) = C(NONE, unknown),
        E(SYN_ACK_DEAD) = C(NONE, late_answer),
        E(ANSWERER_RST) = C(NONE, absent),
        E(ANSWERER_OTHER) = C(NONE, unknown),
        E(TIMER) = C(NONE, absent),
        E(EXHAUSTED) = C(NONE, absent),
        NOT_SETTLED(NONE), NO_FOLLOW_UPS(NONE),
        E(EVICTED) = C(NONE, absent),
        E(KILLED) = C(NONE, absent),
        E(KILLED_SILENT) = C(NONE, absent),
    },
    [MPCI_ST_ANSWERED] = {
        E(NOTHING) = C(ANSWERED, absent),
        E(SYN_AGAIN) = C(ANSWERED, answer),
        E(SYN_SPLIT) = C(ANSWERED, answer),
        E(SYN_TRACK) = C(PLAIN_SYN, track_syn),
        E(PROOF) = C(OPENING, open),
        E(PROOF_DATA) = C(OPENING, open_hold),
        E(PROOF_NEW) = C(OPENING, open),
        E(PROOF_DEAD) = C(ANSWERED, refuse_dead),
        E(OPENER_OTHER) = C(ANSWERED, refuse_proof),
        E(OPENER_RST) = C(NONE, client_gone),
        E(OPENER_ACK) = C(ANSWERED, absent),
        E(SYN_ACK) = C(ANSWERED, unexpected),
        E(SYN_ACK_OTHER) = C(ANSWERED, unexpected),
        E(SYN_ACK_DEAD) = C(ANSWERED, absent),
        E(ANSWERER_RST) = C(ANSWERED, unexpected),
        E(ANSWERER_OTHER) = C(ANSWERED, unknown),
        E(TIMER) = C(ANSWERED, repeat_answer),
        E(EXHAUSTED) = C(NONE, client_silent),
        NOT_SETTLED(ANSWERED), NO_FOLLOW_UPS(ANSWERED),
        E(EVICTED) = C(NONE, evicted),
        E(KILLED) = C(NONE, kill),
        E(KILLED_SILENT) = C(NONE, kill_silent),
    },
    [MPCI_ST_OPENING] = {
        E(NOTHING) = C(OPENING, absent),
        E(SYN_AGAIN) = C(OPENING, answer_only),
        E(SYN_SPLIT) = C(OPENING, answer_only),
        E(SYN_TRACK) = C(OPENING, answer_only),
        E(PROOF) = C(OPENING, wait),
        E(PROOF_DATA) = C(OPENING, hold),
        E(PROOF_NEW) = C(OPENING, reopen),
        E(PROOF_DEAD) = C(OPENING, refuse_dead),
        E(OPENER_OTHER) = C(OPENING, refuse_proof),
        E(OPENER_RST) = C(NONE, abort_server),
        E(OPENER_ACK) = C(OPENING, absent),
        E(SYN_ACK) = C(OPENING, commit),
        E(SYN_ACK_OTHER) = C(OPENING, stale),
        E(SYN_ACK_DEAD) = C(OPENING, absent),
        E(ANSWERER_RST) = C(NONE, refused),
        E(ANSWERER_OTHER) = C(OPENING, stale),
        E(TIMER) = C(OPENING, repeat_open),
        E(EXHAUSTED) = C(NONE, server_silent),
        NOT_SETTLED(OPENING),
        E(COMMITTED) = C(CONFIRMING, confirm),
        E(FULL) = C(NONE, no_room),
        E(CONFIRMED) = C(OPENING, absent),
        E(EVICTED) = C(NONE, give_up),
        E(KILLED) = C(NONE, kill),
        E(KILLED_SILENT) = C(NONE, kill_silent),
    },
    [MPCI_ST_CONFIRMING] = {
        E(NOTHING) = C(CONFIRMING, absent),
        E(SYN_AGAIN) = C(CONFIRMING, absent),
        E(SYN_SPLIT) = C(CONFIRMING, absent),
        E(SYN_TRACK) = C(CONFIRMING, absent),
        E(PROOF) = C(CONFIRMING, absent),
        E(PROOF_DATA) = C(CONFIRMING, absent),
        E(PROOF_NEW) = C(CONFIRMING, absent),
        E(PROOF_DEAD) = C(CONFIRMING, absent),
        E(OPENER_OTHER) = C(CONFIRMING, absent),
        E(OPENER_RST) = C(CONFIRMING, absent),
        E(OPENER_ACK) = C(CONFIRMING, absent),
        E(SYN_ACK) = C(CONFIRMING, ack_again),
        E(SYN_ACK_OTHER) = C(CONFIRMING, unexpected),
        E(SYN_ACK_DEAD) = C(CONFIRMING, absent),
        E(ANSWERER_RST) = C(CONFIRMING, absent),
        E(ANSWERER_OTHER) = C(CONFIRMING, absent),
        E(HEARD_CLIENT) = C(CONFIRMING, heard_client),
        E(HEARD_SERVER) = C(CONFIRMING, heard_server),
        E(TIMER) = C(CONFIRMING, repeat_confirm),
        E(EXHAUSTED) = C(NONE, forget),
        E(COMMITTED) = C(CONFIRMING, absent),
        E(FULL) = C(CONFIRMING, absent),
        E(CONFIRMED) = C(NONE, forget),
        E(EVICTED) = C(CONFIRMING, absent),
        E(KILLED) = C(NONE, forget),
        E(KILLED_SILENT) = C(NONE, forget),
    },
    [MPCI_ST_PLAIN_SYN] = {
        E(NOTHING) = C(PLAIN_SYN, absent),
        E(SYN_AGAIN) = C(PLAIN_SYN, pass),
        E(SYN_SPLIT) = C(ANSWERED, answer),
        E(SYN_TRACK) = C(PLAIN_SYN, track_syn),
        E(PROOF) = C(OPENING, open),
        E(PROOF_DATA) = C(OPENING, open_hold),
        E(PROOF_NEW) = C(OPENING, open),
        E(PROOF_DEAD) = C(PLAIN_SYN, refuse_dead),
        E(OPENER_OTHER) = C(PLAIN_SYN, unknown),
        E(OPENER_RST) = C(NONE, pass_reset),
        E(OPENER_ACK) = C(PLAIN_SYN, pass),
        E(SYN_ACK) = C(PLAIN_ANSWERED, track_answer),
        E(SYN_ACK_OTHER) = C(PLAIN_SYN, pass),
        E(SYN_ACK_DEAD) = C(PLAIN_SYN, absent),
        E(ANSWERER_RST) = C(NONE, pass_reset),
        E(ANSWERER_OTHER) = C(PLAIN_SYN, pass_challenge),
        E(TIMER) = C(NONE, plain_expired),
        E(EXHAUSTED) = C(NONE, plain_expired),
        NOT_SETTLED(PLAIN_SYN), NO_FOLLOW_UPS(PLAIN_SYN),
        E(EVICTED) = C(NONE, evicted),
        E(KILLED) = C(NONE, kill_plain),
        E(KILLED_SILENT) = C(NONE, kill_plain_silent),
    },
    [MPCI_ST_PLAIN_ANSWERED] = {
        E(NOTHING) = C(PLAIN_ANSWERED, absent),
        E(SYN_AGAIN) = C(PLAIN_ANSWERED, pass),
        E(SYN_SPLIT) = C(ANSWERED, answer),
        E(SYN_TRACK) = C(PLAIN_SYN, track_syn),
        E(PROOF) = C(OPENING, open),
        E(PROOF_DATA) = C(OPENING, open_hold),
        E(PROOF_NEW) = C(OPENING, open),
        E(PROOF_DEAD) = C(PLAIN_ANSWERED, refuse_dead),
        E(OPENER_OTHER) = C(PLAIN_ANSWERED, unknown),
        E(OPENER_RST) = C(NONE, pass_reset),
        E(OPENER_ACK) = C(PLAIN_ANSWERED, settle_plain),
        E(SYN_ACK) = C(PLAIN_ANSWERED, track_answer),
        E(SYN_ACK_OTHER) = C(PLAIN_ANSWERED, pass),
        E(SYN_ACK_DEAD) = C(PLAIN_ANSWERED, absent),
        E(ANSWERER_RST) = C(NONE, pass_reset),
        E(ANSWERER_OTHER) = C(PLAIN_ANSWERED, pass),
        E(TIMER) = C(NONE, plain_expired),
        E(EXHAUSTED) = C(NONE, plain_expired),
        NOT_SETTLED(PLAIN_ANSWERED),
        E(COMMITTED) = C(NONE, forget),
        E(FULL) = C(NONE, no_room_plain),
        E(CONFIRMED) = C(PLAIN_ANSWERED, absent),
        E(EVICTED) = C(NONE, evicted),
        E(KILLED) = C(NONE, kill_plain),
        E(KILLED_SILENT) = C(NONE, kill_plain_silent),
    },
};

static const char *const state_names[MPCI_ST_COUNT] = {
#define STATE_NAME(name, meaning) #name,
    MPCI_SPLIT_STATES(STATE_NAME)
#undef STATE_NAME
};

static const char *const event_names[MPCI_EV_COUNT] = {
#define EVENT_NAME(name, meaning) #name,
    MPCI_SPLIT_EVENTS(EVENT_NAME)
#undef EVENT_NAME
};

const mpci_split_cell *mpci_split_cell_at(unsigned state, unsigned event)
{
    return state < MPCI_ST_COUNT && event < MPCI_EV_COUNT ? &table[state][event] : NULL;
}

const char *mpci_split_state_name(unsigned state)
{
    return state < MPCI_ST_COUNT ? state_names[state] : NULL;
}

const char *mpci_split_event_name(unsigned event)
{
    return event < MPCI_EV_COUNT ? event_names[event] : NULL;
}

static int is_half_open(enum mpci_split_state s)
{
    return s == MPCI_ST_ANSWERED || s == MPCI_ST_PLAIN_SYN || s == MPCI_ST_PLAIN_ANSWERED;
}

static void enter(mpci_split *sp, mpci_step *st, enum mpci_split_state next)
{
    mpci_handshake *h = st->h;
    enum mpci_split_state old;

    if (h == NULL)
        return; /* nothing was kept */
    old = (enum mpci_split_state)h->state;
    if (is_half_open(old))
        sp->half_open--;
    if (is_half_open(next))
        sp->half_open++;
    h->state = (uint8_t)next;
    if (next == MPCI_ST_NONE) {
        mpci_handshake_remove(&sp->core->handshakes, h);
        st->h = NULL;
    } else if (is_half_open(next)) {
        mpci_handshake_unproved(&sp->core->handshakes, h);
    } else {
        mpci_handshake_proved(&sp->core->handshakes, h);
    }
}

void mpci_split_run(mpci_split *sp, mpci_step *st, enum mpci_split_event event)
{
    while (event != MPCI_EV_NOTHING) {
        unsigned state = st->h != NULL ? st->h->state : (unsigned)MPCI_ST_NONE;
        const mpci_split_cell *cell = &table[state][event];

        event = cell->action(sp, st);
        enter(sp, st, cell->next);
    }
}
