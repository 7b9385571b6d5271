/* SPDX-License-Identifier: BSD-2-Clause */
/* A link-layer member sends nothing back: what would turn round goes another way (echo/echo.h). */
#include "engine/engine.h"

#include "base/byteorder.h"
#include "echo/carrier.h"
#include "echo/name.h"
#include "echo/say.h"
#include "engine/own_echo.h"
#include "packet/ip.h"
#include "packet/options.h"
#include "table/reset.h"

#include <mpconn/echo.h>
#include <mpconn/return_path.h>

enum { ICMP_HEADER_LEN = 8, LONGEST_ECHO = MPCI_KEPT_SYN + MPCI_ECHO_ROOM };

/* --- a SYN that was answered in its own buffer --- */

static void keep(mpconn_engine *eng, const mpconn_pkt *pkt, const mpci_view *v)
{
    mpci_kept_syn *k = &eng->kept_syn;

    k->len = 0;
    k->from = pkt->side;
    k->link = pkt->link;
    if (v->kind != MPCI_KIND_TCP || pkt->side != MPCONN_SIDE_CLIENT ||
        (v->flags & (MPCI_TCP_SYN | MPCI_TCP_ACK)) != MPCI_TCP_SYN ||
        v->total_len > sizeof k->bytes || v->total_len > pkt->len)
        return;
    memcpy(k->bytes, pkt->data, v->total_len);
    k->len = v->total_len;
    k->isn = v->seq;
}

/* What the answer says that was made of it: an answer, or a RST. */
static unsigned kind_of(const mpconn_pkt *pkt)
{
    mpci_view v;

    mpci_view_parse(&v, pkt);
    return (v.flags & MPCI_TCP_RST) != 0 ? MPCONN_ECHO_REFUSE : MPCONN_ECHO_ANSWER;
}

/* The short form has no room for options. */
static void fill_offers(mpconn_echo *echo, const mpci_view *syn)
{
    mpci_syn_options o;

    if ((echo->flags & MPCONN_ECHO_F_SHORT) == 0 || mpci_syn_options_parse(&o, syn) != 0)
        return;
    echo->offers = mpci_cookie_offers(&o);
    echo->client_ts = o.tsval;
}

/* What the host knows of the frame, for the host of the member that sees the reply. */
static void fill_link_header(mpconn_engine *eng, mpconn_echo *echo, const mpconn_pkt *pkt)
{
    const mpconn_callbacks *cb = &eng->core.callbacks;
    uint8_t header[MPCONN_ECHO_LINK_HEADER_MAX];
    mpconn_pkt as_it_came = *pkt;
    int len;

    if (cb->link_header == NULL || (echo->flags & MPCONN_ECHO_F_SHORT) != 0)
        return;
    as_it_came.link = eng->kept_syn.link;
    as_it_came.side = MPCONN_SIDE_CLIENT;
    len = cb->link_header(eng->core.user, &as_it_came, header);
    if (len <= 0 || len > MPCONN_ECHO_LINK_HEADER_MAX)
        return;
    memcpy(echo->link_header, header, (size_t)len);
    echo->link_header_len = (uint8_t)len;
}

static void look_at_kept(mpci_view *v, mpci_kept_syn *k)
{
    mpconn_pkt syn = {.data = k->bytes, .len = k->len, .cap = k->len};

    mpci_view_parse(v, &syn);
}

/* How long an echo may become: what the host will say of the frame is not known yet. */
static size_t longest_of(const mpconn_engine *eng, const mpconn_echo *echo, const mpci_view *syn)
{
    int is_short = (echo->flags & MPCONN_ECHO_F_SHORT) != 0;
    uint32_t head = syn->l4_offset + (uint32_t)MPCI_TCP_HEADER_LEN;

    return mpconn_echo_size(is_short ? head : eng->kept_syn.len, syn->family, echo->flags,
                            eng->core.callbacks.link_header != NULL ? MPCONN_ECHO_LINK_HEADER_MAX
                                                                    : 0);
}

/* As long as a member is heard under the key before the last change, that seals: everybody opens
 * it, and what a member cannot open is somebody's ping. */
static const mpci_sipkey *sealing_root(const mpconn_engine *eng)
{
    return mpci_sync_is_anybody_behind(&eng->sync) ? &eng->echo.old_root
                                                   : &eng->sync.epochs.root;
}

/* The kept SYN, which was that of a packet, as an echo in the buffer of another or of itself. */
static int put_echo(mpconn_engine *eng, mpconn_pkt *to, const mpconn_pkt *pkt, mpconn_echo *echo,
                    const mpci_view *syn)
{
    const mpci_kept_syn *k = &eng->kept_syn;
    const mpci_sipkey *root = sealing_root(eng);
    mpconn_echo_key key = {{root->k[0], root->k[1]}};
    size_t len;

    echo->sequence = mpci_echo_name(root, syn->family, mpci_ip_src(syn->family, syn->ip),
                                    mpci_ip_dst(syn->family, syn->ip), echo->id);
    fill_offers(echo, syn);
    fill_link_header(eng, echo, pkt);
    if (mpconn_echo_encapsulate(to->data, to->cap, &len, echo, &key, k->bytes, k->len) !=
        MPCONN_OK)
        return 0;
    mpci_packet_became(to, (uint32_t)len);
    return 1;
}

static void send_echo(mpconn_engine *eng, mpconn_pkt *pkt, const mpconn_tuple *t, uint64_t hash)
{
    mpconn_echo echo;
    mpci_view syn;

    mpci_echo_fill(&eng->echo, &echo, t, kind_of(pkt), eng->kept_syn.link);
    look_at_kept(&syn, &eng->kept_syn);
    if (longest_of(eng, &echo, &syn) > pkt->cap) {
        mpci_drop(&eng->core, pkt, MPCONN_REASON_NO_SPACE);
        return;
    }
    if (!mpci_echo_may_send(&eng->echo, &echo, t, hash, eng->kept_syn.isn)) {
        mpci_drop(&eng->core, pkt, MPCONN_REASON_ECHO_BUDGET);
        return;
    }
    if (!put_echo(eng, pkt, pkt, &echo, &syn)) {
        mpci_drop(&eng->core, pkt, MPCONN_REASON_NO_SPACE);
        return;
    }
    pkt->side = MPCONN_SIDE_SERVER;
    pkt->link = MPCONN_LINK_NONE;
    mpci_verdict(&eng->core, pkt, MPCONN_VERDICT_FORWARD, MPCONN_REASON_ECHO_SENT);
}

static int may_say(mpconn_engine *eng, uint64_t hash)
{
    const mpci_kept_syn *k = &eng->kept_syn;

    return k->len != 0 ? mpci_echo_may_say_answer(&eng->echo, hash, k->isn)
                       : mpci_echo_may_say(&eng->echo);
}

static void say_instead(mpconn_engine *eng, mpconn_pkt *pkt, const mpconn_tuple *t, uint64_t hash,
                        mpci_way way)
{
    int asks = way.kind == MPCI_WAY_ALL && eng->kept_syn.len != 0;

    if (!may_say(eng, hash)) {
        mpci_drop(&eng->core, pkt, MPCONN_REASON_ECHO_BUDGET);
        return;
    }
    if (asks)
        mpci_echo_asks(&eng->echo, t, hash, eng->kept_syn.isn);
    if (mpci_elsewhere_say(eng, pkt, way.member, asks ? MPCI_SAY_ASKS : 0))
        mpci_consume(&eng->core, pkt, MPCONN_REASON_RETURN_ASKED);
    else
        mpci_drop(&eng->core, pkt, MPCONN_REASON_RETURN_UNKNOWN);
}

/* A SYN that others are asked to answer, or that passes unsplit, the first time or again; or would,
 * if it could be tracked. */
static int goes_without_echo(unsigned reason)
{
    return reason == MPCONN_REASON_RETURN_ASKED || reason == MPCONN_REASON_SYN_TRACKED ||
           reason == MPCONN_REASON_TRACKED || reason == MPCONN_REASON_HANDSHAKE_FULL;
}

/* Beside such a SYN: is its server still mute? Only the way is to be learned by that. */
static void try_server(mpconn_engine *eng, const mpconn_pkt *pkt, const mpconn_tuple *t,
                       uint64_t hash)
{
    uint8_t bytes[LONGEST_ECHO];
    mpconn_pkt ask = {.data = bytes,
                      .cap = sizeof bytes,
                      .link = eng->kept_syn.link,
                      .mark = pkt->mark,
                      .zone = pkt->zone,
                      .side = MPCONN_SIDE_SERVER,
                      .reason = MPCONN_REASON_ECHO_SENT};
    mpconn_echo echo;
    mpci_view syn;

    if (eng->kept_syn.len == 0 || eng->kept_syn.link == MPCONN_LINK_NONE ||
        !goes_without_echo(pkt->reason) || !mpci_echo_is_mute(&eng->echo, t))
        return;
    mpci_echo_fill(&eng->echo, &echo, t, MPCONN_ECHO_LEARN, eng->kept_syn.link);
    look_at_kept(&syn, &eng->kept_syn);
    if (longest_of(eng, &echo, &syn) <= sizeof bytes &&
        mpci_echo_may_try(&eng->echo, &echo, t, hash, eng->kept_syn.isn) &&
        put_echo(eng, &ask, pkt, &echo, &syn))
        mpci_outbox_put_ready(&eng->core.outbox, &ask);
}

/* A segment that was answered in its own buffer. */
static void turn(mpconn_engine *eng, mpconn_pkt *pkt, const mpconn_tuple *t, uint64_t hash)
{
    int is_syn = eng->kept_syn.len != 0;
    mpci_way way = is_syn ? mpci_echo_way(&eng->echo, t, hash, eng->kept_syn.isn)
                          : mpci_elsewhere_way(eng, t, pkt->side);

    switch (way.kind) {
    case MPCI_WAY_HERE:
        pkt->link = way.link;
        break;
    case MPCI_WAY_MEMBER:
    case MPCI_WAY_ALL:
        say_instead(eng, pkt, t, hash, way);
        break;
    case MPCI_WAY_ECHO:
        send_echo(eng, pkt, t, hash);
        break;
    case MPCI_WAY_NONE:
        mpci_drop(&eng->core, pkt, MPCONN_REASON_RETURN_UNKNOWN);
        break;
    }
}

/* A SYN|ACK of a connection that somebody opened here, or said to have opened elsewhere: one that
 * is merely held, or passes by policy, anybody can make (E35). */
static int is_awaited(const mpconn_pkt *pkt)
{
    return pkt->verdict == MPCONN_VERDICT_CONSUMED ||
           (pkt->verdict == MPCONN_VERDICT_FORWARD && pkt->reason == MPCONN_REASON_TRACKED);
}

void mpci_one_way_after(mpconn_engine *eng, mpconn_pkt *pkt, size_t i)
{
    const mpci_batch *b = &eng->batch;
    unsigned from = eng->kept_syn.from;
    unsigned control = b->view[i].flags & (MPCI_TCP_SYN | MPCI_TCP_ACK);

    if (b->view[i].kind != MPCI_KIND_TCP)
        return;
    if (pkt->verdict == MPCONN_VERDICT_FORWARD && pkt->side == from)
        turn(eng, pkt, &b->tuple[i], b->hash[i]);
    else if (from == MPCONN_SIDE_SERVER && control == (MPCI_TCP_SYN | MPCI_TCP_ACK) &&
             is_awaited(pkt))
        mpci_echo_saw_server(&eng->echo, &b->tuple[i], eng->kept_syn.link);
    if (from == MPCONN_SIDE_CLIENT)
        try_server(eng, pkt, &b->tuple[i], b->hash[i]);
}

/* --- an echo that came back --- */

/* Options of a SYN of which the short form was carried. */
static void offered(mpci_syn_options *out, const mpconn_echo *echo)
{
    mpci_offers o;

    memset(out, 0, sizeof *out);
    mpci_offers_unpack(&o, (uint16_t)echo->offers);
    out->mss = mpci_mss_of_index(o.mss_client);
    out->wscale = o.wscale_client;
    out->sack_permitted = o.sack;
    out->timestamps = o.timestamps;
    out->ecn = o.ecn;
    out->tsval = echo->client_ts;
}

/* RST|ACK in the buffer of the reply, as a member makes it that refuses a SYN (RFC 9293
 * 3.10.7.1). */
static void refuse_carried(mpconn_engine *eng, mpci_step *st)
{
    mpci_segment s = mpci_reset_ack(&eng->core, st->tuple, MPCONN_SIDE_CLIENT, 0,
                                    st->view->seq + mpci_view_seq_len(st->view));
    size_t len = mpci_build_tcp(st->pkt->data, st->pkt->cap, &s);

    mpci_packet_became(st->pkt, (uint32_t)len);
    mpci_verdict(&eng->core, st->pkt, MPCONN_VERDICT_FORWARD, MPCONN_REASON_ECHO_REFUSED);
}

/* Of the short form: an IP header, and the first 20 bytes of TCP. */
static int look_at_head(mpci_view *v, const mpconn_echo *echo, uint8_t *bytes, size_t len)
{
    uint32_t headers;

    memset(v, 0, sizeof *v);
    if (len < MPCI_IPV4_HEADER_LEN + MPCI_TCP_HEADER_LEN)
        return 0;
    v->kind = MPCI_KIND_TCP;
    v->family = echo->family;
    v->proto = MPCI_PROTO_TCP;
    v->ip = bytes;
    v->l4 = bytes + len - MPCI_TCP_HEADER_LEN;
    v->sport = mpci_load16(v->l4);
    v->dport = mpci_load16(v->l4 + 2);
    v->seq = mpci_load32(v->l4 + 4);
    v->ack = mpci_load32(v->l4 + 8);
    v->flags = mpci_load16(v->l4 + 12) & 0x1ff;
    v->window = mpci_load16(v->l4 + 14);
    /* a RST has to acknowledge what the SYN bore */
    headers = (uint32_t)len - MPCI_TCP_HEADER_LEN + (v->l4[12] >> 4) * 4u;
    v->payload_len = echo->packet_len > headers ? echo->packet_len - headers : 0;
    return 1;
}

/* The packet inside, as if it had come from the client; 0 when it is not what the echo says. */
static int look_inside(mpci_view *v, const mpconn_echo *echo, const uint8_t *inner, size_t len,
                       const mpconn_pkt *pkt)
{
    uint8_t *at = pkt->data + (inner - pkt->data); /* the same, not const */
    mpconn_pkt p = {.data = at, .len = (uint32_t)len, .cap = (uint32_t)len};

    if ((echo->flags & MPCONN_ECHO_F_SHORT) != 0)
        return look_at_head(v, echo, at, len);
    mpci_view_parse(v, &p);
    return v->kind == MPCI_KIND_TCP;
}

static void answer_carried(mpconn_engine *eng, mpconn_pkt *pkt, const mpconn_echo *echo,
                           const mpci_view *v, const mpconn_tuple *t)
{
    mpci_syn_options options;
    mpci_step st;
    int is_syn = (v->flags & (MPCI_TCP_SYN | MPCI_TCP_ACK)) == MPCI_TCP_SYN;

    mpci_step_begin(&st, pkt, v, t);
    st.from = MPCONN_SIDE_CLIENT;
    if (!is_syn || echo->kind == MPCONN_ECHO_LEARN) {
        mpci_consume(&eng->core, pkt, MPCONN_REASON_ECHO_LEARNED);
        return;
    }
    if ((echo->flags & MPCONN_ECHO_F_SHORT) != 0)
        offered(&options, echo);
    else
        st.bad_options = mpci_syn_options_parse(&options, v);
    st.options = &options;
    if (echo->kind == MPCONN_ECHO_REFUSE)
        refuse_carried(eng, &st);
    else
        mpci_split_answer_carried(&eng->split, &st);
    pkt->side = MPCONN_SIDE_CLIENT;
}

static void tell_origin(mpconn_engine *eng, const mpconn_tuple *t, const mpconn_echo *echo)
{
    mpci_record word = {.type = MPCI_RECORD_PATH, .tuple = *t};

    word.code = (echo->flags & MPCONN_ECHO_F_SHORT) != 0 ? MPCI_PATH_CUT : MPCI_PATH_HERE;
    mpci_sync_put(&eng->sync, echo->origin, &word);
}

/* By which link the client is to be reached; that of the reply, unless the host knows better. */
static uint32_t choose_link(mpconn_engine *eng, const mpconn_pkt *pkt, const mpconn_echo *echo,
                            const mpconn_tuple *t, uint32_t isn)
{
    const mpconn_callbacks *cb = &eng->core.callbacks;
    mpconn_return_request r;
    uint32_t link;

    if (cb->return_link == NULL)
        return pkt->link;
    MPCONN_STRUCT_INIT(&r);
    r.pkt = pkt;
    r.tuple = *t;
    r.isn = isn;
    r.origin = echo->origin;
    r.origin_link = echo->origin_link;
    memcpy(r.link_header, echo->link_header, sizeof r.link_header);
    r.link_header_len = echo->link_header_len;
    r.kind = echo->kind;
    link = cb->return_link(eng->core.user, &r);
    return link != MPCONN_LINK_NONE && link <= MPCONN_LINK_MAX ? link : pkt->link;
}

static void came_back(mpconn_engine *eng, mpconn_pkt *pkt, const mpconn_echo *echo,
                      const uint8_t *inner, size_t len)
{
    mpconn_tuple t;
    mpci_view v;
    uint32_t link;
    unsigned bad = MPCONN_REASON_ECHO_STRANGER;

    /* its number is taken last: shown where it does not belong, it still counts where it does */
    if (pkt->side == MPCONN_SIDE_SERVER && look_inside(&v, echo, inner, len, pkt))
        bad = mpci_echo_judge(&eng->echo, echo);
    if (bad != 0) {
        mpci_drop(&eng->core, pkt, bad);
        return;
    }
    mpci_view_tuple(&t, &v, MPCONN_SIDE_CLIENT, pkt->zone);
    link = choose_link(eng, pkt, echo, &t, v.seq);
    if (mpci_echo_came_back(&eng->echo, &t, v.seq, echo, link))
        tell_origin(eng, &t, echo);
    /* without one it goes onward under the header of the reply */
    if (link == pkt->link)
        link = MPCONN_LINK_NONE;
    answer_carried(eng, pkt, echo, &v, &t);
    pkt->link = link;
}

/* Somebody's ping: without our mark, or longer than any echo of a member. To open it would cost as
 * much as it is long. */
static int is_a_ping(const mpconn_pkt *pkt, const mpci_view *v)
{
    uint32_t at = v->l4_offset + (uint32_t)ICMP_HEADER_LEN;

    return v->total_len > pkt->len || v->total_len > LONGEST_ECHO || v->total_len < at + 4 ||
           mpci_load32(pkt->data + at) != MPCI_ECHO_MAGIC;
}

static int open_echo(mpconn_engine *eng, mpconn_pkt *pkt, mpconn_echo *echo,
                     const mpci_sipkey *root, const uint8_t **inner, size_t *len)
{
    mpconn_echo_key key = {{root->k[0], root->k[1]}};

    MPCONN_STRUCT_INIT(echo);
    echo->epoch = (uint32_t)eng->sync.epochs.number;
    return mpconn_echo_unencapsulate(echo, inner, len, &key, pkt->data, pkt->len);
}

static int take_echo(mpconn_engine *eng, mpconn_pkt *pkt, const mpci_view *v)
{
    mpconn_echo echo;
    const uint8_t *inner;
    size_t len;
    int rc;

    if (is_a_ping(pkt, v))
        return 0;
    rc = open_echo(eng, pkt, &echo, &eng->sync.epochs.root, &inner, &len);
    if (rc == MPCONN_ERR_FORGED && eng->core.now < eng->sync.old_key_until)
        rc = open_echo(eng, pkt, &echo, &eng->echo.old_root, &inner, &len);
    switch (rc) {
    case MPCONN_OK:
        came_back(eng, pkt, &echo, inner, len);
        break;
    case MPCONN_ERR_REWRITTEN:
        mpci_drop(&eng->core, pkt, MPCONN_REASON_ECHO_REWRITTEN);
        break;
    case MPCONN_ERR_EXPIRED:
        mpci_drop(&eng->core, pkt, MPCONN_REASON_ECHO_OLD);
        break;
    case MPCONN_ERR_REFLECTED: /* on its way to the server */
        mpci_forward(&eng->core, pkt, MPCONN_REASON_ECHO_PASSED);
        break;
    case MPCONN_ERR_FORGED: /* somebody's ping */
        mpci_forward(&eng->core, pkt, MPCONN_REASON_ECHO_FORGED);
        break;
    default: /* whose it was nobody can tell any more */
        mpci_forward(&eng->core, pkt, MPCONN_REASON_ECHO_DAMAGED);
        break;
    }
    return 1;
}

int mpci_one_way_before(mpconn_engine *eng, mpconn_pkt *pkt, const mpci_view *v)
{
    keep(eng, pkt, v);
    return mpci_own_echo_before(eng, pkt, v) ||
           (v->kind == MPCI_KIND_ICMP_OTHER && take_echo(eng, pkt, v));
}
