/* SPDX-License-Identifier: BSD-2-Clause */
#include "conn/join.h"

#include "conn/offers.h"

enum {
    HEADERS_IPV4 = 40, /* of IP and TCP, without options (RFC 6691) */
    HEADERS_IPV6 = 60,
    MSS_FLOOR = 88     /* CVE-2019-11479; what a SYN can say is not below it either */
};

/* The first repeat comes after a second (RFC 6298 2.1), or three in older stacks. */
#define GAP_LEAST MPCONN_SECOND
/* No stack repeats a SYN sooner of its own accord. */
#define TRY_LEAST (500 * MPCONN_MILLISECOND)
/* A repeat is not on the dot, and a lost one must not make us forget. */
#define GAP_SLACK (2 * MPCONN_SECOND)

static uint8_t flags_of(const mpci_syn_options *o)
{
    return (uint8_t)((o->sack_permitted ? MPCI_REQUEST_SACK : 0) |
                     (o->timestamps ? MPCI_REQUEST_TIMESTAMPS : 0) |
                     (o->ecn ? MPCI_REQUEST_ECN : 0) |
                     (o->signature ? MPCI_REQUEST_SIGNED : 0) |
                     (o->multipath ? MPCI_REQUEST_MULTIPATH : 0) |
                     (o->fast_open ? MPCI_REQUEST_FAST_OPEN : 0));
}

static void note_words(mpci_request *r, const mpci_view *v, const mpci_syn_options *o)
{
    r->tsval = o->timestamps ? o->tsval : 0;
    r->window = v->window;
    r->mss = o->mss;
    r->wscale = o->wscale;
    r->flags = flags_of(o);
}

void mpci_request_read(mpci_request *r, const mpci_view *v, const mpci_syn_options *o,
                       mpconn_time now)
{
    mpconn_tuple t;

    memset(r, 0, sizeof *r);
    mpci_view_tuple(&t, v, MPCONN_SIDE_CLIENT, 0); /* whoever sends is the client of this view */
    r->remote = t.client;
    r->port = t.client_port;
    r->family = t.family;
    r->isn = v->seq;
    r->last = now;
    r->tries = 1;
    note_words(r, v, o);
}

int mpci_request_is_try(const mpci_request *r, mpconn_time now)
{
    return now - r->last >= TRY_LEAST;
}

void mpci_request_touch(mpci_request *r, const mpci_syn_options *o, mpconn_time now)
{
    uint64_t gap_ms = (now - r->last) / MPCONN_MILLISECOND;

    if (mpci_request_is_try(r, now)) /* a duplicate does not make its sender give up sooner */
        r->gap_ms = gap_ms < UINT16_MAX ? (uint16_t)gap_ms : UINT16_MAX;
    r->last = now;
    if (r->tries < UINT8_MAX)
        r->tries++;
    if (o->timestamps)
        r->tsval = o->tsval;
}

void mpci_request_again(mpci_request *r, const mpci_view *v, const mpci_syn_options *o,
                        mpconn_time now)
{
    uint8_t tries = r->tries;
    int counts = mpci_request_is_try(r, now);

    mpci_request_touch(r, o, now);
    if (!counts)
        r->tries = tries;
    note_words(r, v, o);
}

uint64_t mpci_request_life(const mpci_request *r, uint64_t most_ns)
{
    uint64_t gap = r->gap_ms * MPCONN_MILLISECOND;
    uint64_t life = 2 * (gap > GAP_LEAST ? gap : GAP_LEAST) + GAP_SLACK;

    return life < most_ns ? life : most_ns;
}

enum mpci_join_stamps mpci_join_stamps(const mpci_request *first, unsigned stale_policy,
                                       uint64_t fresh_ns, mpconn_time now)
{
    if (now - first->last <= fresh_ns || stale_policy == MPCONN_STALE_PASS)
        return MPCI_JOIN_WITH_STAMPS;
    if (stale_policy == MPCONN_STALE_STRICT ||
        (stale_policy == MPCONN_STALE_WAIT && first->tries == 1))
        return MPCI_JOIN_ON_NEXT_SYN;
    return MPCI_JOIN_WITHOUT_STAMPS;
}

static unsigned headers_of(const mpci_request *r)
{
    return r->family == MPCONN_FAMILY_IPV6 ? HEADERS_IPV6 : HEADERS_IPV4;
}

/* The smaller packet of the two, less the greater headers: a segment that comes as IPv4 grows by
 * 20 bytes when it goes on as IPv6. */
static uint16_t common_mss(const mpci_request r[2], uint16_t max_mss)
{
    unsigned packet[2] = {r[0].mss + headers_of(&r[0]), r[1].mss + headers_of(&r[1])};
    unsigned least = packet[0] < packet[1] ? packet[0] : packet[1];
    unsigned headers = headers_of(&r[0]) > headers_of(&r[1]) ? headers_of(&r[0])
                                                             : headers_of(&r[1]);
    unsigned mss = least - headers;

    if (mss > max_mss)
        mss = max_mss;
    return (uint16_t)(least < headers + MSS_FLOOR ? MSS_FLOOR : mss);
}

void mpci_join(mpci_joint *j, const mpci_request r[2], uint16_t max_mss, int stamps)
{
    unsigned both = r[0].flags & r[1].flags;
    int scaled = r[0].wscale != MPCONN_WSCALE_NONE && r[1].wscale != MPCONN_WSCALE_NONE;

    memset(j, 0, sizeof *j);
    j->mss = common_mss(r, max_mss);
    for (unsigned side = 0; side < 2; side++)
        j->wscale[side] = scaled ? r[side].wscale : MPCONN_WSCALE_NONE;
    j->flags = (uint8_t)(((both & MPCI_REQUEST_SACK) != 0 ? MPCI_JOINT_SACK : 0) |
                         ((both & MPCI_REQUEST_TIMESTAMPS) != 0 && stamps ? MPCI_JOINT_TIMESTAMPS
                                                                          : 0) |
                         ((both & MPCI_REQUEST_ECN) != 0 ? MPCI_JOINT_ECN : 0));
}

mpci_segment mpci_join_answer(unsigned to, const mpci_request r[2], const mpci_joint *j,
                              const mpconn_tuple *leg, uint8_t hop_limit)
{
    const mpci_request *own = &r[to], *other = &r[to ^ 1];

    return (mpci_segment){
        .tuple = leg,
        .to = (uint8_t)to,
        .hop_limit = hop_limit,
        .flags = (uint16_t)(MPCI_TCP_SYN | MPCI_TCP_ACK |
                            ((j->flags & MPCI_JOINT_ECN) != 0 ? MPCI_TCP_ECE : 0)),
        .seq = other->isn,
        .ack = own->isn + 1,
        .window = other->window,
        .mss = j->mss,
        .wscale = j->wscale[to ^ 1],
        .sack_permitted = (j->flags & MPCI_JOINT_SACK) != 0,
        .timestamps = (j->flags & MPCI_JOINT_TIMESTAMPS) != 0,
        .tsval = other->tsval,
        .tsecr = own->tsval,
    };
}

mpci_segment mpci_join_forward(unsigned to, const mpci_request r[2], const mpci_joint *j,
                               const mpconn_tuple *leg, uint8_t hop_limit)
{
    mpci_segment s = mpci_join_answer(to, r, j, leg, hop_limit);

    s.flags = (uint16_t)(MPCI_TCP_SYN | ((j->flags & MPCI_JOINT_ECN) != 0
                                             ? MPCI_TCP_ECE | MPCI_TCP_CWR
                                             : 0));
    s.ack = 0;
    s.tsecr = 0;
    return s;
}

mpci_segment mpci_join_call(unsigned to, const mpci_request *caller, uint16_t max_mss,
                            const mpconn_tuple *leg, uint8_t hop_limit)
{
    mpci_request r[2] = {*caller, *caller}; /* as if the other one could do all of it */
    mpci_joint j;

    r[1].family = leg->family;
    r[1].mss = UINT16_MAX;
    mpci_join(&j, r, max_mss, 1);
    return (mpci_segment){
        .tuple = leg,
        .to = (uint8_t)to,
        .hop_limit = hop_limit,
        .flags = (uint16_t)(MPCI_TCP_SYN | ((j.flags & MPCI_JOINT_ECN) != 0
                                                ? MPCI_TCP_ECE | MPCI_TCP_CWR : 0)),
        .seq = caller->isn,
        .window = caller->window,
        .mss = j.mss,
        .wscale = j.wscale[0],
        .sack_permitted = (j.flags & MPCI_JOINT_SACK) != 0,
        .timestamps = (j.flags & MPCI_JOINT_TIMESTAMPS) != 0,
        .tsval = caller->tsval,
    };
}

/* RFC 7323 2.2: the window of a SYN is not scaled, that of this ACK is. */
mpci_segment mpci_join_acknowledge(unsigned to, const mpci_request r[2], const mpci_joint *j,
                                   const mpconn_tuple *leg, uint8_t hop_limit)
{
    const mpci_request *own = &r[to], *other = &r[to ^ 1];
    unsigned shift = j->wscale[to ^ 1] == MPCONN_WSCALE_NONE ? 0 : j->wscale[to ^ 1];

    return (mpci_segment){
        .tuple = leg,
        .to = (uint8_t)to,
        .hop_limit = hop_limit,
        .flags = MPCI_TCP_ACK,
        .seq = other->isn + 1,
        .ack = own->isn + 1,
        .window = (uint16_t)(other->window >> shift),
        .wscale = MPCONN_WSCALE_NONE,
        .timestamps = (j->flags & MPCI_JOINT_TIMESTAMPS) != 0,
        .tsval = other->tsval,
        .tsecr = own->tsval,
    };
}

void mpci_join_offers(uint16_t *hs, uint8_t *server_options, const mpci_request r[2],
                      const mpci_joint *j)
{
    uint8_t sack = (j->flags & MPCI_JOINT_SACK) != 0;
    uint8_t timestamps = (j->flags & MPCI_JOINT_TIMESTAMPS) != 0;
    uint8_t ecn = (j->flags & MPCI_JOINT_ECN) != 0;
    mpci_offers o = {
        .mss_client = (uint8_t)mpci_mss_index(r[MPCONN_SIDE_CLIENT].mss),
        .wscale_client = j->wscale[MPCONN_SIDE_CLIENT],
        .wscale_proxy = j->wscale[MPCONN_SIDE_SERVER],
        .sack = sack,
        .ecn = ecn,
        .timestamps = timestamps,
    };
    mpci_server_options so = {
        .wscale = j->wscale[MPCONN_SIDE_SERVER],
        .sack = sack,
        .timestamps = timestamps,
        .ecn = ecn,
    };

    *hs = mpci_offers_pack(&o);
    *server_options = mpci_server_options_pack(&so);
}
