/* SPDX-License-Identifier: BSD-2-Clause */
/* What a link-layer member makes and has no link for leaves at another one (the records SAY and
 * PATH). */
#include "engine/elsewhere.h"

#include "engine/engine.h"

#include "echo/say.h"
#include "packet/icmp_build.h"
#include "packet/quote.h"

int mpci_elsewhere_say(mpconn_engine *eng, const mpconn_pkt *pkt, uint32_t to, unsigned flags)
{
    mpci_record r;

    if (!mpci_say_make(&r, pkt))
        return 0;
    r.flags |= (uint8_t)(flags | (to != MPCONN_MEMBER_ALL ? MPCI_SAY_ALONE : 0));
    mpci_sync_put(&eng->sync, to, &r);
    mpci_count(&eng->core.counters, MPCONN_REASON_RETURN_SAID);
    return 1;
}

/* The link that leads to the server of this connection from here, if its client was heard here. */
static uint32_t link_of_flow(mpconn_engine *eng, const mpconn_tuple *leg, unsigned to)
{
    uint64_t hash = mpci_tuple_hash(&eng->core.table_key, leg);
    mpci_binding_number n =
        to == MPCONN_SIDE_SERVER ? mpci_input_bound(eng, leg, &hash) : 0;
    const mpconn_tuple *key = n != 0 ? &mpci_binding_at(&eng->core.bindings, n)->client_leg : leg;
    const mpci_handshake *h = mpci_handshake_find(&eng->core.handshakes, hash, key);
    uint32_t slot;

    if (h != NULL && h->link[to] != MPCONN_LINK_NONE)
        return h->link[to];
    slot = mpci_settled_find(&eng->core.settled, hash, key);
    return slot != MPCI_SLOT_NONE ? mpci_settled_at(&eng->core.settled, slot)->link[to]
                                  : MPCONN_LINK_NONE;
}

/* Who heard the client of this connection, where that is known; other clients of its network may be
 * heard by others. */
static uint32_t who_heard_client(const mpconn_engine *eng, const mpconn_tuple *leg)
{
    uint64_t hash = mpci_tuple_hash(&eng->core.table_key, leg);
    const mpci_handshake *h = mpci_handshake_find(&eng->core.handshakes, hash, leg);

    return h != NULL && h->driver != MPCI_NOBODY &&
                   !mpci_echo_has_no_client(&eng->echo, hash, h->driver)
               ? h->driver
               : MPCONN_MEMBER_ALL;
}

mpci_way mpci_elsewhere_way(mpconn_engine *eng, const mpconn_tuple *leg, unsigned to)
{
    mpci_way way = mpci_echo_way_to_client(&eng->echo, leg);
    uint32_t link = link_of_flow(eng, leg, to);

    if (link != MPCONN_LINK_NONE)
        return (mpci_way){MPCI_WAY_HERE, link, MPCONN_MEMBER_ALL};
    if (to == MPCONN_SIDE_CLIENT)
        return way;
    way.kind = MPCI_WAY_ALL;
    way.member = who_heard_client(eng, leg);
    return way;
}

/* What a client was answered is sent again by who has sent it: whose ACK was lost does not repeat
 * its SYN. */
static mpci_way way_of(mpconn_engine *eng, const mpci_view *v, const mpconn_tuple *leg,
                       unsigned to)
{
    mpci_way way = mpci_elsewhere_way(eng, leg, to);
    int is_repeat = to == MPCONN_SIDE_CLIENT && v->kind == MPCI_KIND_TCP &&
                    (v->flags & MPCI_TCP_SYN) != 0;
    int is_known = way.kind == MPCI_WAY_HERE || way.kind == MPCI_WAY_MEMBER;

    return is_repeat && !is_known ? mpci_echo_way_shown(&eng->echo, leg) : way;
}

/* Nobody else is asked for that, as nobody has to be. And what strangers can draw must not flood
 * the other members. */
static int may_be_said(mpconn_engine *eng, const mpci_view *v, mpci_way way)
{
    int is_segment = v->kind == MPCI_KIND_TCP;

    if (way.kind != MPCI_WAY_MEMBER &&
        (way.kind != MPCI_WAY_ALL || (is_segment && (v->flags & MPCI_TCP_SYN) != 0)))
        return 0;
    return (is_segment && (v->flags & (MPCI_TCP_RST | MPCI_TCP_SYN)) == 0) ||
           mpci_echo_may_say(&eng->echo);
}

/* Whose connection a packet is of, be it a segment or an ICMP error about one of its receiver's. */
static int find_leg(mpconn_tuple *leg, const mpci_view *v, const mpconn_pkt *pkt)
{
    mpci_quote q;
    mpci_quoted_tcp t;

    if (v->kind == MPCI_KIND_TCP) {
        mpci_view_tuple(leg, v, pkt->side ^ 1u, pkt->zone);
        return 1;
    }
    if (v->kind != MPCI_KIND_ICMP_ERROR || mpci_quote_read(&q, &t, v, pkt) != 0)
        return 0;
    mpci_quote_tuple(leg, &q, &t, v->l4, pkt->side, pkt->zone);
    return 1;
}

int mpci_elsewhere_made(void *engine, mpconn_pkt *pkt)
{
    mpconn_engine *eng = engine;
    mpconn_tuple leg;
    mpci_view v;
    mpci_way way;

    if (pkt->link != MPCONN_LINK_NONE)
        return 1;
    mpci_view_parse(&v, pkt);
    if (find_leg(&leg, &v, pkt)) {
        way = way_of(eng, &v, &leg, pkt->side);
        pkt->link = way.link;
        if (way.kind == MPCI_WAY_HERE)
            return 1;
        if (may_be_said(eng, &v, way) && mpci_elsewhere_say(eng, pkt, way.member, 0))
            return 0;
    }
    mpci_count(&eng->core.counters, MPCONN_REASON_RETURN_UNKNOWN);
    return 0;
}

static void send_said(mpconn_engine *eng, const mpci_record *r, uint32_t link)
{
    uint8_t hop_limit = eng->core.hop_limit;
    mpci_say_quote quote;
    mpci_segment s;
    mpci_icmp m;

    if ((r->flags & MPCI_SAY_TOO_BIG) != 0) {
        m = mpci_say_error(r, &quote, hop_limit);
        mpci_outbox_put_icmp(&eng->core.outbox, &m, &quote.pkt, link, MPCONN_REASON_RETURN_SENT);
        return;
    }
    s = mpci_say_segment(r, hop_limit);
    mpci_outbox_put(&eng->core.outbox, &s, link, 0, MPCONN_REASON_RETURN_SENT);
}

static void told_say(mpconn_engine *eng, const mpci_record *r, uint32_t from)
{
    unsigned to = mpci_say_to(r);
    uint32_t link = link_of_flow(eng, &r->tuple, to);
    mpci_record word = {.type = MPCI_RECORD_PATH, .tuple = r->tuple, .code = MPCI_PATH_SAID};
    const mpci_return *ret;
    unsigned answered;

    if (!mpci_say_is_possible(r)) {
        mpci_count(&eng->core.counters, MPCONN_REASON_RETURN_UNKNOWN);
        return;
    }
    if (link == MPCONN_LINK_NONE && to == MPCONN_SIDE_CLIENT) {
        ret = mpci_returns_find_caller(&eng->echo.returns, &r->tuple, eng->core.now);
        link = ret != NULL ? ret->link : MPCONN_LINK_NONE;
    }
    if (link != MPCONN_LINK_NONE) {
        send_said(eng, r, link);
    } else {
        mpci_count(&eng->core.counters, MPCONN_REASON_RETURN_UNKNOWN);
        word.code = to == MPCONN_SIDE_CLIENT ? MPCI_PATH_UNKNOWN : MPCI_PATH_NO_CLIENT;
    }
    /* who was not alone asked and knows no way says nothing; who was sent here in vain is told */
    answered = word.code != MPCI_PATH_SAID  ? MPCI_SAY_ALONE
               : to == MPCONN_SIDE_CLIENT ? MPCI_SAY_ASKS
                                            : 0;
    if ((r->flags & answered) != 0)
        mpci_sync_put(&eng->sync, from, &word);
}

void mpci_elsewhere_told(mpconn_engine *eng, const mpci_record *r, uint32_t from)
{
    if (!eng->echo.on)
        return;
    if (r->type == MPCI_RECORD_SAY)
        told_say(eng, r, from);
    else if (r->code == MPCI_PATH_NO_CLIENT)
        mpci_echo_told_no_client(&eng->echo,
                                 mpci_tuple_hash(&eng->core.table_key, &r->tuple), from);
    else
        mpci_echo_told_path(&eng->echo, &r->tuple, r->code, from);
}
