/* SPDX-License-Identifier: BSD-2-Clause */
/* Actions on what the server says before its flow is confirmed. */
#include "split/actions.h"
#include "split/entry.h"
#include "split/peers.h"
#include "split/share.h"
#include "table/reset.h"

enum mpci_split_event mpci_act_commit(mpci_split *sp, mpci_step *st)
{
    mpci_handshake *h = st->h;
    unsigned bad = mpci_entry_hear_syn_ack(sp, h, st);

    if (bad != 0) {
        mpci_drop(sp->core, st->pkt, bad);
        return MPCI_EV_NOTHING;
    }
    mpci_entry_limit_to_offers(h);
    mpci_consume(sp->core, st->pkt, MPCONN_REASON_SERVER_ANSWERED);
    mpci_path_learn(&sp->paths, &sp->core->table_key, st->tuple, MPCI_NOBODY, sp->core->now);
    if (!mpci_split_may_decide(sp, h))
        return mpci_split_ask_registrar(sp, h);
    if (h->driver != MPCI_NOBODY)
        h->roles |= MPCI_ROLE_OWES_DRIVER;
    if (mpci_split_settle(sp, h) != MPCONN_OK)
        return MPCI_EV_FULL;
    /* who was told of our SYN, and whom the answer passed, need not expect it any more */
    if ((h->roles & (MPCI_ROLE_TOLD | MPCI_ROLE_OWES_DRIVER)) == MPCI_ROLE_TOLD)
        mpci_share_flow(sp, h->settled, MPCONN_MEMBER_ALL);
    return MPCI_EV_COMMITTED;
}

/* Rule R1d: a driver that is down sends no final ACK. Who committed sends it, from where it is. */
void mpci_split_replace_driver(mpci_split *sp, mpci_handshake *h)
{
    if (!mpci_peers_is_down(sp, h->driver))
        return;
    h->driver = MPCI_NOBODY;
    h->roles = (uint8_t)((h->roles & ~MPCI_ROLE_OWES_DRIVER) | MPCI_ROLE_DRIVES);
}

/* To the server where the client's segments go, to the client where the server's do (rule R1b). */
void mpci_split_send_confirms(mpci_split *sp, const mpci_handshake *h, int to_client)
{
    if ((h->roles & MPCI_ROLE_DRIVES) != 0 && (h->flags & MPCI_HANDSHAKE_SERVER_HEARD) == 0)
        mpci_split_send_final_ack(sp, h);
    if ((h->roles & MPCI_ROLE_ANSWERED) != 0 && (h->flags & MPCI_HANDSHAKE_CLIENT_HEARD) == 0 &&
        to_client)
        mpci_split_send_window(sp, h);
}

void mpci_split_confirm_timer(mpci_split *sp, mpci_handshake *h)
{
    mpconn_time due = h->repeat_due;

    if ((h->roles & (MPCI_ROLE_OWES_DRIVER | MPCI_ROLE_OWES_ANSWERER)) != 0 && h->told_due < due)
        due = h->told_due;
    mpci_handshake_set_timer(&sp->core->handshakes, h, due);
}

enum mpci_split_event mpci_act_confirm(mpci_split *sp, mpci_step *st)
{
    mpci_handshake *h = st->h;

    mpci_split_replace_driver(sp, h);
    mpci_split_send_confirms(sp, h, 1);
    h->tries = 1;
    h->asked = 0;
    h->repeat_due = mpci_later(sp->core->now, sp->core->timeouts.syn_rto_ns);
    mpci_split_tell_commit(sp, h);
    mpci_split_confirm_timer(sp, h);
    mpci_core_release(sp->core, h, MPCONN_REASON_RELEASED);
    return MPCI_EV_NOTHING;
}

enum mpci_split_event mpci_act_no_room(mpci_split *sp, mpci_step *st)
{
    mpci_handshake *h = st->h;

    mpci_count(&sp->core->counters, MPCONN_REASON_TABLE_FULL);
    mpci_split_reset_client(sp, h);
    mpci_split_reset_server(sp, h, h->client_isn + 1);
    mpci_split_bury(sp, st, MPCONN_REASON_TABLE_FULL);
    return MPCI_EV_NOTHING;
}

enum mpci_split_event mpci_act_refused(mpci_split *sp, mpci_step *st)
{
    mpci_split_reset_client(sp, st->h);
    mpci_split_tell_end(sp, st->h);
    mpci_consume(sp->core, st->pkt, MPCONN_REASON_SERVER_REFUSED);
    mpci_split_bury(sp, st, MPCONN_REASON_SERVER_REFUSED);
    return MPCI_EV_NOTHING;
}

/* RFC 9293 3.10.7.3: a segment without SYN whose acknowledgment is not ours belongs to an older
 * incarnation the server still has. The RST makes it forget that; the client, which never had it,
 * must not see any of this. */
enum mpci_split_event mpci_act_stale(mpci_split *sp, mpci_step *st)
{
    const mpci_view *v = st->view;

    if ((v->flags & MPCI_TCP_RST) != 0) {
        mpci_drop(sp->core, st->pkt, MPCONN_REASON_RST_NOT_EXACT);
        return MPCI_EV_NOTHING;
    }
    if ((v->flags & MPCI_TCP_ACK) == 0 || v->ack == st->h->client_isn + 1) {
        mpci_drop(sp->core, st->pkt, MPCONN_REASON_NO_FLOW);
        return MPCI_EV_NOTHING;
    }
    mpci_core_note_link(sp->core, st->h->link, st);
    if (v->ack - (st->h->client_isn + 1) <= UINT16_MAX) {
        /* It has this very incarnation: somebody has committed it. Where there is nobody (V9),
         * nobody knows any more how its legs differ. */
        mpci_consume(sp->core, st->pkt, MPCONN_REASON_SERVER_STALE);
        if (mpci_sync_anybody(sp->sync)) {
            mpci_split_ask_once(sp, st->h);
            return MPCI_EV_NOTHING;
        }
        mpci_reset_answer(sp->core, st);
        return MPCI_EV_TOLD_OVER;
    }
    if ((st->h->flags & MPCI_HANDSHAKE_STALE_TOLD) == 0) {
        /* Once for each of our SYNs: who answers a RST by saying the same again gets no other. */
        st->h->flags |= MPCI_HANDSHAKE_STALE_TOLD;
        mpci_split_reset_server(sp, st->h, v->ack);
        mpci_split_send_open(sp, st->h);
    }
    mpci_consume(sp->core, st->pkt, MPCONN_REASON_SERVER_STALE);
    return MPCI_EV_NOTHING;
}

enum mpci_split_event mpci_act_ack_again(mpci_split *sp, mpci_step *st)
{
    /* Another number than the committed one (a server with cookies gave two): whichever final ACK
     * it took, ours names the first (rule R2). */
    if (st->view->seq == st->h->server_isn)
        mpci_split_final_ack_again(sp, st->h);
    mpci_consume(sp->core, st->pkt, MPCONN_REASON_SERVER_REPEATED);
    return MPCI_EV_NOTHING;
}

enum mpci_split_event mpci_act_unexpected(mpci_split *sp, mpci_step *st)
{
    unsigned flags = st->view->flags;

    mpci_drop(sp->core, st->pkt,
              (flags & MPCI_TCP_SYN) != 0   ? MPCONN_REASON_UNEXPECTED_SYN_ACK
              : (flags & MPCI_TCP_RST) != 0 ? MPCONN_REASON_RST_NOT_EXACT
                                            : MPCONN_REASON_NO_FLOW);
    return MPCI_EV_NOTHING;
}

static enum mpci_split_event heard(mpci_handshake *h, unsigned bit)
{
    const unsigned both = MPCI_HANDSHAKE_CLIENT_HEARD | MPCI_HANDSHAKE_SERVER_HEARD;

    h->flags |= (uint8_t)bit;
    return (h->flags & both) == both ? MPCI_EV_CONFIRMED : MPCI_EV_NOTHING;
}

enum mpci_split_event mpci_act_heard_client(mpci_split *sp, mpci_step *st)
{
    (void)sp;
    return heard(st->h, MPCI_HANDSHAKE_CLIENT_HEARD);
}

/* Who drives from elsewhere does not see it: its final ACK has arrived (rule R1d). */
enum mpci_split_event mpci_act_heard_server(mpci_split *sp, mpci_step *st)
{
    mpci_handshake *h = st->h;

    if ((h->roles & MPCI_ROLE_DRIVES) == 0 && (h->flags & MPCI_HANDSHAKE_SERVER_HEARD) == 0 &&
        st->record == NULL)
        mpci_share_word(sp, MPCI_RECORD_ACK, st->tuple, h->client_isn,
                        h->driver != MPCI_NOBODY ? h->driver : MPCONN_MEMBER_ALL, MPCI_ACK_HEARD);
    return heard(h, MPCI_HANDSHAKE_SERVER_HEARD);
}
