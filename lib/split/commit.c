/* SPDX-License-Identifier: BSD-2-Clause */
/* From a finished handshake to a settled flow: legs, delta, table entry. */
#include "split/actions.h"

#include "conn/translate.h"
#include "split/second_line.h"
#include "table/progress.h"

static void fill_client_leg(mpconn_leg *leg, const mpci_split *sp, const mpci_handshake *h,
                            const mpci_offers *o)
{
    memset(leg, 0, sizeof(*leg));
    leg->tuple = h->tuple;
    leg->client_isn = h->client_isn;
    leg->server_isn = h->proxy_isn;
    leg->client_ts = h->client_ts;
    leg->server_ts = h->proxy_ts;
    leg->client_mss = mpci_mss_of_index(o->mss_client);
    leg->server_mss = sp->profile.mss[h->tuple.family == MPCONN_FAMILY_IPV6];
    leg->client_wscale = o->wscale_client;
    leg->server_wscale = o->wscale_proxy;
    leg->flags = (uint8_t)((o->sack ? MPCONN_LEG_F_SACK : 0) |
                           (o->timestamps ? MPCONN_LEG_F_TIMESTAMPS : 0) |
                           (o->ecn ? MPCONN_LEG_F_ECN : 0));
}

static void fill_server_leg(mpconn_leg *leg, const mpci_split *sp, const mpci_handshake *h,
                            const mpci_offers *o)
{
    mpci_server_options so;

    mpci_server_options_unpack(&so, h->server_options);
    memset(leg, 0, sizeof(*leg));
    leg->tuple = *mpci_core_leg(sp->core, &h->tuple, h->binding, MPCONN_SIDE_SERVER);
    leg->client_isn = h->client_isn;
    leg->server_isn = h->server_isn;
    leg->client_ts = h->client_ts;
    leg->server_ts = h->server_ts;
    leg->client_mss = mpci_split_mss_to_server(o);
    leg->server_mss = h->server_mss;
    leg->client_wscale = so.wscale == MPCONN_WSCALE_NONE ? MPCONN_WSCALE_NONE : o->wscale_client;
    leg->server_wscale = so.wscale;
    leg->flags = (uint8_t)((so.sack ? MPCONN_LEG_F_SACK : 0) |
                           (so.timestamps ? MPCONN_LEG_F_TIMESTAMPS : 0) |
                           (so.ecn ? MPCONN_LEG_F_ECN : 0));
}

/* What both legs of a connection show that is not split. An option is in use when both
 * SYNs had it. */
static void fill_plain_leg(mpconn_leg *leg, const mpci_handshake *h, const mpci_offers *o)
{
    mpci_server_options so;
    int scaled, stamped;

    mpci_server_options_unpack(&so, h->server_options);
    scaled = o->wscale_client != MPCONN_WSCALE_NONE && so.wscale != MPCONN_WSCALE_NONE;
    stamped = o->timestamps && so.timestamps;
    memset(leg, 0, sizeof(*leg));
    leg->tuple = h->tuple;
    leg->client_isn = h->client_isn;
    leg->server_isn = h->server_isn;
    leg->client_ts = stamped ? h->client_ts : 0;
    leg->server_ts = stamped ? h->server_ts : 0;
    leg->client_mss = h->client_mss;
    leg->server_mss = h->server_mss;
    leg->client_wscale = scaled ? o->wscale_client : MPCONN_WSCALE_NONE;
    leg->server_wscale = scaled ? so.wscale : MPCONN_WSCALE_NONE;
    leg->flags = (uint8_t)((o->sack && so.sack ? MPCONN_LEG_F_SACK : 0) |
                           (stamped ? MPCONN_LEG_F_TIMESTAMPS : 0));
}

static mpci_settled *settle(mpci_split *sp, const mpci_handshake *h, enum mpci_lines lines,
                            uint32_t *slot)
{
    mpci_settled *e = mpci_split_place(sp, h->hash, &h->tuple, lines, slot);

    if (e == NULL)
        return NULL;
    if (h->generation != 0)
        e->generation = h->generation;
    e->hs = h->hs;
    e->server_options = h->server_options;
    e->client_isn = h->client_isn;
    e->link[0] = h->link[0];
    e->link[1] = h->link[1];
    return e;
}

/* Next numbers after the handshake, each in its sender's own numbers; windows in bytes, as who may
 * use them was told. */
static void start_track(mpci_settled *e, uint32_t client_isn, uint32_t server_isn,
                        uint32_t client_window, uint32_t server_window)
{
    e->dir[MPCONN_SIDE_CLIENT].end = client_isn + 1;
    e->dir[MPCONN_SIDE_CLIENT].max_end = client_isn + 1 + server_window;
    e->dir[MPCONN_SIDE_SERVER].end = server_isn + 1;
    e->dir[MPCONN_SIDE_SERVER].max_end = server_isn + 1 + client_window;
}

static void tell_settled(mpci_split *sp, const mpci_handshake *h, uint32_t slot)
{
    mpci_core *core = sp->core;
    mpci_offers o;
    mpconn_leg client, server;
    mpconn_delta delta = {0};
    mpconn_event ev;

    if (core->callbacks.event == NULL)
        return;
    MPCONN_STRUCT_INIT(&ev);
    mpci_offers_unpack(&o, h->hs);
    if (mpci_settled_flags(mpci_settled_at(&core->settled, slot)) & MPCI_SETTLED_SPLIT) {
        fill_client_leg(&client, sp, h, &o);
        fill_server_leg(&server, sp, h, &o);
    } else {
        fill_plain_leg(&client, h, &o);
        server = client;
    }
    mpci_core_delta(core, slot, &delta);
    ev.type = MPCONN_EVENT_SETTLED;
    ev.reason = MPCONN_REASON_NONE;
    ev.flow = mpci_settled_id(&core->settled, slot);
    ev.tuple = h->tuple;
    ev.client = &client;
    ev.server = &server;
    ev.delta = &delta;
    core->callbacks.event(core->user, &ev);
}

/* The windows of a split handshake as the other leg was told them: what rounding gives, it may use,
 * and what was announced before the server answered, the client has used. */
static void start_split_track(const mpci_split *sp, mpci_settled *e, const mpci_handshake *h)
{
    mpconn_delta d = {0};
    unsigned to_client, to_server;

    mpci_offers_delta(&d, h->hs, h->server_options);
    to_client = d.wscale_out[MPCONN_SIDE_SERVER];
    to_server = d.wscale_out[MPCONN_SIDE_CLIENT];
    start_track(e, h->client_isn, h->server_isn,
                (uint32_t)mpci_translate_window(h->client_window, d.wscale_in[MPCONN_SIDE_CLIENT],
                                                to_server) << to_server,
                (uint32_t)mpci_split_first_window(sp, h, to_client) << to_client);
}

int mpci_split_settle(mpci_split *sp, mpci_handshake *h)
{
    mpci_server_options so;
    mpci_settled *e;
    uint32_t slot;

    e = settle(sp, h, mpci_second_line_of_handshake(sp, h), &slot);
    if (e == NULL)
        return MPCONN_ERR_LIMIT;
    mpci_second_line_begin(sp, h, slot);
    mpci_server_options_unpack(&so, h->server_options);
    start_split_track(sp, e, h);
    e->seq_offset = h->server_isn - h->proxy_isn;
    e->ts_offset = so.timestamps ? h->server_ts - h->proxy_ts : 0;
    e->use |= MPCI_SETTLED_SPLIT | MPCI_SETTLED_CONFIRMING;
    if (h->driver != MPCI_NOBODY || h->answerer != MPCI_NOBODY || h->generation != 0)
        e->use |= MPCI_SETTLED_SHARED;
    h->settled = slot;
    tell_settled(sp, h, slot);
    return MPCONN_OK;
}

static void swap16(uint16_t *a, uint16_t *b)
{
    uint16_t t = *a;

    *a = *b;
    *b = t;
}

static void swap32(uint32_t *a, uint32_t *b)
{
    uint32_t t = *a;

    *a = *b;
    *b = t;
}

/* The entry speaks of opener and answerer, table and host of client and server. */
static void turn_round(mpci_handshake *h)
{
    mpci_offers o;
    mpci_server_options so;
    uint8_t wscale;

    swap32(&h->client_isn, &h->server_isn);
    swap32(&h->client_ts, &h->server_ts);
    swap16(&h->client_mss, &h->server_mss);
    swap16(&h->client_window, &h->server_window);
    mpci_offers_unpack(&o, h->hs);
    mpci_server_options_unpack(&so, h->server_options);
    wscale = o.wscale_client;
    o.wscale_client = so.wscale;
    so.wscale = wscale;
    o.mss_client = (uint8_t)mpci_mss_index(h->client_mss);
    h->hs = mpci_offers_pack(&o);
    h->server_options = mpci_server_options_pack(&so);
}

int mpci_split_settle_plain(mpci_split *sp, mpci_step *st)
{
    mpci_handshake *h = st->h;
    int reverse = (h->flags & MPCI_HANDSHAKE_REVERSE) != 0;
    mpconn_delta d = {0};
    mpci_settled *e;
    uint32_t slot;

    if (reverse)
        turn_round(h);
    e = settle(sp, h, MPCI_LINES_ONE, &slot);
    if (e == NULL)
        return MPCONN_ERR_LIMIT;
    if (reverse)
        e->use |= MPCI_SETTLED_REVERSE;
    if ((h->roles & MPCI_ROLE_TOLD) != 0)
        e->use |= MPCI_SETTLED_SHARED;
    start_track(e, h->client_isn, h->server_isn, h->client_window, h->server_window);
    /* The ACK that ends a handshake may bring the first data, or FIN: who is not told of them takes
     * all that follows for a fault. */
    mpci_settled_delta(e, &d);
    (void)mpci_progress_note(sp->core, e, &d, st);
    tell_settled(sp, h, slot);
    st->pkt->flow = mpci_settled_id(&sp->core->settled, slot);
    return MPCONN_OK;
}
