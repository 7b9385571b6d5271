/* SPDX-License-Identifier: BSD-2-Clause */
/* Actions on the timer of a handshake. */
#include "split/actions.h"

/* Window updates sent at most (rule R1c), final ACKs at most (rule R1d). */
enum { WINDOW_TRIES = 4, FINAL_ACK_TRIES = 5 };

static void again_after(mpci_split *sp, mpci_handshake *h, uint64_t first_ns)
{
    mpci_handshake_set_timer(&sp->core->handshakes, h,
                             mpci_later(sp->core->now, first_ns << h->tries));
}

enum mpci_split_event mpci_act_repeat_answer(mpci_split *sp, mpci_step *st)
{
    uint32_t most = sp->core->timeouts.syn_ack_repeats;

    if (most == MPCONN_NO_REPEATS || st->h->tries >= most)
        return MPCI_EV_EXHAUSTED;
    st->h->tries++;
    mpci_split_send_answer(sp, st->h);
    again_after(sp, st->h, MPCONN_SECOND);
    return MPCI_EV_NOTHING;
}

enum mpci_split_event mpci_act_repeat_open(mpci_split *sp, mpci_step *st)
{
    /* The server did answer, and here: the registrar has to say whether that counts, or to be down
     * for so long that we are the registrar. */
    if ((st->h->roles & MPCI_ROLE_ANSWERED) != 0)
        return mpci_act_ask_commit_by_timer(sp, st);
    if (st->h->tries >= sp->core->timeouts.syn_tries)
        return MPCI_EV_EXHAUSTED;
    st->h->flags &= (uint8_t)~MPCI_HANDSHAKE_STALE_TOLD;
    mpci_split_announce_late(sp, st->h); /* the answer may have come elsewhere */
    again_after(sp, st->h, sp->core->timeouts.syn_rto_ns);
    st->h->tries++;
    mpci_split_send_open(sp, st->h);
    return MPCI_EV_NOTHING;
}

enum mpci_split_event mpci_act_repeat_confirm(mpci_split *sp, mpci_step *st)
{
    mpci_handshake *h = st->h;

    mpci_split_replace_driver(sp, h);
    if ((h->roles & (MPCI_ROLE_OWES_DRIVER | MPCI_ROLE_OWES_ANSWERER)) != 0 &&
        h->told_due <= sp->core->now)
        mpci_split_tell_commit(sp, h);
    if (h->repeat_due <= sp->core->now) {
        if (h->tries >= FINAL_ACK_TRIES)
            return MPCI_EV_EXHAUSTED;
        mpci_split_send_confirms(sp, h, h->tries < WINDOW_TRIES);
        h->repeat_due = mpci_later(sp->core->now, sp->core->timeouts.syn_rto_ns << h->tries);
        h->tries++;
    }
    mpci_split_ask_who_heard(sp, h);
    mpci_split_confirm_timer(sp, h);
    return MPCI_EV_NOTHING;
}

enum mpci_split_event mpci_act_client_silent(mpci_split *sp, mpci_step *st)
{
    mpci_count(&sp->core->counters, MPCONN_REASON_CLIENT_SILENT);
    mpci_core_refused(sp->core, st->h, MPCONN_REASON_CLIENT_SILENT);
    return MPCI_EV_NOTHING;
}

enum mpci_split_event mpci_act_server_silent(mpci_split *sp, mpci_step *st)
{
    unsigned reason = mpci_split_is_unreachable(st->h) ? MPCONN_REASON_SERVER_UNREACHABLE
                                                       : MPCONN_REASON_SERVER_SILENT;

    mpci_count(&sp->core->counters, reason);
    mpci_split_reset_client(sp, st->h);
    mpci_split_tell_end(sp, st->h);
    mpci_split_bury(sp, st, reason);
    return MPCI_EV_NOTHING;
}

enum mpci_split_event mpci_act_forget(mpci_split *sp, mpci_step *st)
{
    uint32_t slot = st->h->settled;

    mpci_core_release(sp->core, st->h, MPCONN_REASON_RELEASED);
    if (slot != MPCI_SLOT_NONE)
        mpci_settled_at(&sp->core->settled, slot)->use &= ~(uint32_t)MPCI_SETTLED_CONFIRMING;
    return MPCI_EV_NOTHING;
}
