/* SPDX-License-Identifier: BSD-2-Clause */
/* ICMP errors about a handshake, and first of all about our SYN to the server (V7). */
#include "split/actions.h"
#include "split/bind.h"
#include "split/entry.h"
#include "split/incarnation.h"
#include "split/peers.h"
#include "split/share.h"

/* So many of our SYNs have to draw an error, each one of its own. A single message may come from
 * anybody who has the number, or from a route that is just being changed; the next SYN shows
 * whether it was true (RFC 5927 7.2 lets an error about the path mature in the same way). */
enum { UNREACHABLE_SYNS = 2 };

int mpci_split_is_unreachable(const mpci_handshake *h)
{
    return h->errors >= UNREACHABLE_SYNS;
}

/* An error comes as soon as an answer would, and so before its member has heard of the handshake:
 * whoever drives that number will know. Nobody else takes notice, and no more of these are told
 * than of any other stranger's segments. Whose SYN it was is not known here. */
static void report_unknown(mpci_split *sp, const mpci_step *st, uint32_t client_isn)
{
    const mpci_settled_table *t = &sp->core->settled;
    uint32_t slot = mpci_settled_find(t, st->hash, st->tuple);

    if (slot != MPCI_SLOT_NONE && mpci_incarnation_is_alive(mpci_settled_at(t, slot)))
        return; /* about that; one that is over leaves its ports to the next */
    if (mpci_sync_anybody(sp->sync) && mpci_peers_spend(sp, st->from))
        mpci_share_unreachable(sp, st->tuple, client_isn, MPCONN_MEMBER_ALL);
}

int mpci_split_unreachable(mpci_split *sp, mpci_step *st, uint32_t client_isn)
{
    st->h = mpci_handshake_find(&sp->core->handshakes, st->hash, st->tuple);
    if (st->h == NULL)
        report_unknown(sp, st, client_isn);
    if (st->h == NULL || st->h->client_isn != client_isn || mpci_bind_is_strange(st, st->h))
        return 0;
    mpci_split_run(sp, st, MPCI_EV_UNREACHABLE);
    return 1;
}

static void pass_unknown(mpci_split *sp, mpci_step *st)
{
    if (sp->unknown_policy == MPCONN_UNKNOWN_PASS)
        mpci_forward(sp->core, st->pkt, MPCONN_REASON_ICMP_ERROR);
    else
        mpci_drop(sp->core, st->pkt, MPCONN_REASON_ERROR_NO_FLOW);
}

void mpci_split_error(mpci_split *sp, mpci_step *st, uint32_t seq, int is_worth_asking)
{
    mpci_handshake *h = mpci_handshake_find(&sp->core->handshakes, st->hash, st->tuple);

    st->h = h;
    if (h == NULL && is_worth_asking && st->pkt->flow == 0 && mpci_sync_anybody(sp->sync))
        mpci_split_run(sp, st, MPCI_EV_STRAY);
    else if (h == NULL)
        pass_unknown(sp, st);
    else if (h->state == MPCI_ST_ASKING)
        mpci_split_run(sp, st, st->from == MPCONN_SIDE_CLIENT ? MPCI_EV_OPENER_OTHER
                                                              : MPCI_EV_ANSWERER_OTHER);
    else if (mpci_bind_is_strange(st, h))
        mpci_drop(sp->core, st->pkt, MPCONN_REASON_ERROR_OUTSIDE);
    else if (h->binding != 0 && st->from == MPCONN_SIDE_SERVER && seq == h->client_isn)
        mpci_consume(sp->core, st->pkt, MPCONN_REASON_OPENING_ERROR); /* tells the client nothing */
    else if (mpci_entry_is_plain(h) || (st->from == MPCONN_SIDE_SERVER && seq == h->client_isn))
        mpci_forward(sp->core, st->pkt, MPCONN_REASON_ICMP_ERROR);
    else if (st->from == MPCONN_SIDE_CLIENT && seq == h->proxy_isn)
        mpci_consume(sp->core, st->pkt, MPCONN_REASON_ANSWER_ERROR);
    else
        mpci_drop(sp->core, st->pkt, MPCONN_REASON_ERROR_OUTSIDE);
}

/* The SYN is ours, though it bears the client's name and number. In the client's eyes its own SYN
 * was acknowledged long ago: a careful stack finds the number old and ignores the error, and a
 * careless one would end the connection at the first of them. So it stays here; what becomes of it
 * the client learns by the exact RST. */
static void absorb(mpci_split *sp, mpci_step *st)
{
    mpci_consume(sp->core, st->pkt, MPCONN_REASON_OPENING_ERROR);
}

/* The server's SYN|ACK is better news than any error. */
enum mpci_split_event mpci_act_note_error(mpci_split *sp, mpci_step *st)
{
    mpci_handshake *h = st->h;

    (void)sp;
    if ((h->roles & MPCI_ROLE_ANSWERED) != 0 || h->errors_at == h->tries)
        return MPCI_EV_NOTHING;
    h->errors_at = h->tries;
    h->errors++;
    return mpci_split_is_unreachable(h) ? MPCI_EV_EXHAUSTED : MPCI_EV_NOTHING;
}

enum mpci_split_event mpci_act_take_error(mpci_split *sp, mpci_step *st)
{
    absorb(sp, st);
    return mpci_act_note_error(sp, st);
}

enum mpci_split_event mpci_act_absorb_error(mpci_split *sp, mpci_step *st)
{
    absorb(sp, st);
    return MPCI_EV_NOTHING;
}

/* Only its driver knows how often it has sent that SYN. */
enum mpci_split_event mpci_act_report_error(mpci_split *sp, mpci_step *st)
{
    const mpci_handshake *h = st->h;

    if (!mpci_peers_may_ask(sp, st))
        return MPCI_EV_NOTHING;
    absorb(sp, st);
    mpci_share_unreachable(sp, st->tuple, h->client_isn,
                           h->driver != MPCI_NOBODY ? h->driver : MPCONN_MEMBER_ALL);
    return MPCI_EV_NOTHING;
}

/* The SYN is the client's own, or the server has long answered. */
enum mpci_split_event mpci_act_pass_error(mpci_split *sp, mpci_step *st)
{
    mpci_forward(sp->core, st->pkt, MPCONN_REASON_ICMP_ERROR);
    return MPCI_EV_NOTHING;
}
