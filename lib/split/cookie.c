/* SPDX-License-Identifier: BSD-2-Clause */
#include "split/cookie.h"

#include "base/byteorder.h"

/* Window scales a y alone can carry; the last place means none. */
static const uint8_t small_wscales[7] = {0, 6, 7, 8, 9, 10, MPCONN_WSCALE_NONE};

/* MSS indices a y alone can carry, by family: 536 1300 1460, and 536 1220 1440. */
static const uint8_t small_mss[2][3] = {{0, 3, 6}, {0, 2, 5}};

static unsigned family_place(const mpconn_tuple *t)
{
    return t->family == MPCONN_FAMILY_IPV6;
}

static unsigned small_wscale_place(uint8_t wscale)
{
    for (unsigned i = 0; i < 6; i++)
        if (small_wscales[i] == wscale)
            return i;
    return 6;
}

static unsigned small_mss_place(const mpconn_tuple *t, unsigned index)
{
    const uint8_t *mss = small_mss[family_place(t)];

    return index >= mss[2] ? 2 : index >= mss[1] ? 1 : 0;
}

/* Make the offers such that six bits can say them; returns the six bits. */
static unsigned shrink_offers(mpci_offers *o, const mpconn_tuple *t)
{
    unsigned wscale = small_wscale_place(o->wscale_client);
    unsigned mss = small_mss_place(t, o->mss_client);

    o->mss_client = small_mss[family_place(t)][mss];
    o->wscale_client = small_wscales[wscale];
    if (o->wscale_client == MPCONN_WSCALE_NONE)
        o->wscale_proxy = MPCONN_WSCALE_NONE;
    return (wscale * 3 + mss) * 2 + o->sack;
}

/* The reverse. The window scale told to the client is the configured one (rule R5). */
static void grow_offers(mpci_offers *o, unsigned bits, const mpconn_tuple *t, const mpci_profile *p)
{
    memset(o, 0, sizeof(*o));
    o->sack = bits & 1;
    o->mss_client = small_mss[family_place(t)][bits / 2 % 3];
    o->wscale_client = small_wscales[bits / 6];
    o->wscale_proxy = o->wscale_client == MPCONN_WSCALE_NONE ? MPCONN_WSCALE_NONE : p->wscale;
}

static uint16_t offers_to_ts(const mpci_offers *o, unsigned mss_proxy)
{
    return (uint16_t)((unsigned)o->mss_client << 13 | mss_proxy << 10 |
                      (unsigned)o->wscale_client << 6 | (unsigned)o->wscale_proxy << 2 |
                      (unsigned)o->sack << 1 | o->ecn);
}

static void ts_to_offers(mpci_offers *o, uint16_t bits)
{
    memset(o, 0, sizeof(*o));
    o->mss_client = (uint8_t)(bits >> 13);
    o->wscale_client = bits >> 6 & 15;
    o->wscale_proxy = bits >> 2 & 15;
    o->sack = bits >> 1 & 1;
    o->ecn = bits & 1;
    o->timestamps = 1;
}

/* 64 bits of which y takes the upper 26 and TSval the lower 16. */
static uint64_t mac(const mpci_sipkey *key, const mpconn_tuple *t, uint32_t client_isn,
                    unsigned small, int with_ts, uint16_t large)
{
    uint8_t text[32 + 15];
    size_t n = t->family == MPCONN_FAMILY_IPV6 ? 16 : 4;
    uint8_t *p = text;

    memcpy(p, t->client.bytes, n);
    memcpy(p + n, t->server.bytes, n);
    p += 2 * n;
    mpci_store16(p, t->client_port);
    mpci_store16(p + 2, t->server_port);
    mpci_store16(p + 4, t->zone);
    mpci_store32(p + 6, client_isn);
    mpci_store16(p + 10, large);
    p[12] = (uint8_t)small;
    p[13] = (uint8_t)with_ts;
    p[14] = t->family;
    return mpci_siphash24(key, text, 2 * n + 15);
}

static uint32_t isn_of(uint64_t m, unsigned small)
{
    return (uint32_t)(m >> 38) << 6 | small;
}

static uint32_t tsval_of(uint64_t m, uint16_t large)
{
    return (uint32_t)(m & 0xffff) << 16 | large;
}

uint16_t mpci_cookie_offers(const mpci_syn_options *o)
{
    mpci_offers f = {0};

    f.mss_client = (uint8_t)mpci_mss_index(o->mss);
    f.wscale_client = o->wscale;
    f.wscale_proxy = MPCONN_WSCALE_NONE;
    f.sack = o->sack_permitted;
    f.timestamps = o->timestamps;
    f.ecn = o->ecn;
    return mpci_offers_pack(&f);
}

void mpci_cookie_make(mpci_cookie *c, const mpci_epochs *e, const mpci_profile *p,
                      const mpconn_tuple *tuple, uint32_t client_isn, const mpci_syn_options *o)
{
    mpci_offers *f = &c->offers;
    unsigned small = 0;
    uint16_t large = 0;
    uint64_t m;

    memset(c, 0, sizeof(*c));
    f->mss_client = (uint8_t)mpci_mss_index(o->mss);
    f->wscale_client = o->wscale;
    f->wscale_proxy = o->wscale == MPCONN_WSCALE_NONE ? MPCONN_WSCALE_NONE : p->wscale;
    f->sack = o->sack_permitted;
    f->timestamps = o->timestamps;
    f->ecn = o->ecn && o->timestamps; /* y has no bit for it */
    f->epoch_parity = e->number & 1;
    if (o->timestamps)
        large = offers_to_ts(f, mpci_mss_index(p->mss[family_place(tuple)]));
    else
        small = shrink_offers(f, tuple);
    m = mac(&e->key[MPCI_EPOCH_CURRENT], tuple, client_isn, small, o->timestamps, large);
    c->client_isn = client_isn;
    c->isn = isn_of(m, small);
    c->tsval = o->timestamps ? tsval_of(m, large) : 0;
}

/* Which key and which form of the sequence number fit: 2 * place + form, or -1. A segment that
 * fails has cost all six tries, whatever part of it was wrong. */
static int find_key(const mpci_epochs *e, const mpconn_tuple *tuple, const mpci_view *v)
{
    int with_ts = v->ts_offset != 0;
    uint32_t y = v->ack - 1;
    unsigned small = y & 63;
    uint16_t large = with_ts ? (uint16_t)v->tsecr : 0;

    for (unsigned try = 0; try < 2 * MPCI_EPOCHS; try++) {
        uint32_t client_isn = v->seq - 1 + (try & 1);
        uint64_t m = mac(&e->key[try / 2], tuple, client_isn, small, with_ts, large);
        uint32_t wrong = isn_of(m, small) ^ y;

        if (with_ts)
            wrong |= tsval_of(m, large) ^ v->tsecr;
        if (wrong == 0)
            return (int)try;
    }
    return -1;
}

int mpci_cookie_check(mpci_cookie *c, const mpci_epochs *e, const mpci_profile *p,
                      const mpconn_tuple *tuple, const mpci_view *v)
{
    int with_ts = v->ts_offset != 0;
    unsigned small = (v->ack - 1) & 63;
    int found = find_key(e, tuple, v);

    if (found < 0 || small >= (with_ts ? 1 : MPCI_COOKIE_SMALL_OFFERS))
        return 0;
    memset(c, 0, sizeof(*c));
    if (with_ts)
        ts_to_offers(&c->offers, (uint16_t)v->tsecr);
    else
        grow_offers(&c->offers, small, tuple, p);
    c->offers.epoch_parity = mpci_epochs_number(e, (unsigned)found / 2) & 1;
    c->client_isn = v->seq - 1 + ((unsigned)found & 1);
    c->isn = v->ack - 1;
    c->tsval = with_ts ? v->tsecr : 0;
    return 1;
}
