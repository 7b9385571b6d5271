/* SPDX-License-Identifier: BSD-2-Clause */
#include "split/entry.h"

void mpci_entry_leave_behind(mpci_split *sp, mpci_step *st)
{
    if (st->h != NULL && st->h->state == MPCI_ST_CONFIRMING)
        mpci_split_run(sp, st, MPCI_EV_DONE);
}

void mpci_entry_note_answer(const mpci_split *sp, mpci_handshake *h, const mpci_step *st,
                            const mpci_syn_options *o)
{
    mpci_server_options so = {0};

    so.wscale = o->wscale;
    so.sack = o->sack_permitted;
    so.timestamps = o->timestamps;
    so.ecn = o->ecn;
    h->server_options = mpci_server_options_pack(&so);
    h->server_isn = st->view->seq;
    h->server_ts = o->timestamps ? o->tsval : 0;
    h->server_mss = o->mss;
    h->server_window = st->view->window;
    mpci_core_note_link(sp->core, h->link, st);
}

unsigned mpci_entry_hear_syn_ack(const mpci_split *sp, mpci_handshake *h, const mpci_step *st)
{
    uint32_t client_isn = st->view->ack - 1;
    mpci_syn_options o;
    unsigned bad = mpci_syn_options_parse(&o, st->view);

    if (bad != 0)
        return bad;
    if (h->client_isn != client_isn) { /* of another incarnation, that may be a newer one */
        h->driver = h->answerer = MPCI_NOBODY;
        h->client_isn = client_isn;
    }
    mpci_entry_note_answer(sp, h, st, &o);
    h->roles |= MPCI_ROLE_ANSWERED;
    return 0;
}

void mpci_entry_limit_to_offers(mpci_handshake *h)
{
    mpci_server_options so;
    mpci_offers offers;

    mpci_offers_unpack(&offers, h->hs);
    mpci_server_options_unpack(&so, h->server_options);
    if (offers.wscale_client == MPCONN_WSCALE_NONE)
        so.wscale = MPCONN_WSCALE_NONE;
    so.sack = so.sack && offers.sack;
    so.timestamps = so.timestamps && offers.timestamps;
    so.ecn = so.ecn && offers.ecn;
    h->server_options = mpci_server_options_pack(&so);
    if (!so.timestamps)
        h->server_ts = 0;
}

void mpci_entry_note_number(mpci_handshake *h, uint32_t server_isn)
{
    if (h->state != MPCI_ST_PLAIN_ANSWERED)
        h->other_isn = server_isn;
    else if (h->server_isn != server_isn)
        h->other_isn = h->server_isn;
}
