/* SPDX-License-Identifier: BSD-2-Clause */
/* ICMP and ICMPv6 errors. One about a segment of a split connection quotes it as it was on the
 * other leg, so that its sender would not know it again (RFC 5927 4.1): it is translated and goes
 * on, for the sender to judge. Nothing else is done about it: no error ends a connection here
 * (E31). Errors about our own SYN are the exception (V7). Redirects go on like the others: whether
 * they come from its first router only the sender knows (RFC 1122 3.2.2.2). */
#include "engine/engine.h"

#include "base/byteorder.h"
#include "conn/translate.h"
#include "conn/translate_error.h"
#include "packet/checksum.h"
#include "packet/icmp_build.h"
#include "packet/ip_other.h"
#include "split/second_line.h"
#include "table/progress.h"

/* Types of IPv4: destination unreachable, source quench. Of IPv6: destination unreachable, packet
 * too big. */
enum { TYPE_IPV4 = 3, TYPE_QUENCH = 4, TYPE_IPV6 = 1, TYPE_TOO_BIG = 2 };
enum { PROTOCOL = 2, PORT = 3, FRAGMENTATION_NEEDED = 4 };
enum { NET_PROHIBITED = 9, HOST_PROHIBITED = 10, FILTERED = 13 };
enum { PROHIBITED_IPV6 = 1, PORT_IPV6 = 4, POLICY_IPV6 = 5, REJECTED_IPV6 = 6 };

/* An error, and the segment that it quotes: as it was on the leg that the error comes from. */
typedef struct quoting {
    mpci_quote quote;
    mpci_quoted_tcp segment;
    mpconn_tuple leg, tuple;
    mpci_step st;
} quoting;

/* That the next attempt will fare no better. RFC 9293 3.9.2.2 calls so what comes from the server
 * itself (protocol, port), and "too big", which a SYN is not; RFC 1122 3.2.2.1 and RFC 1812 5.2.7.1
 * have added the codes of a filter, which are as final. What may pass, as no route at present, must
 * not end a connection (RFC 1122 4.2.3.9), though many endpoints do so (RFC 5461 4). */
static int is_hard_ipv4(uint8_t code)
{
    return code == PROTOCOL || code == PORT || code == NET_PROHIBITED ||
           code == HOST_PROHIBITED || code == FILTERED;
}

/* RFC 4443 3.1; 5 and 6 are subsets of "prohibited". */
static int is_hard_ipv6(uint8_t code)
{
    return code == PROHIBITED_IPV6 || code == PORT_IPV6 || code == POLICY_IPV6 ||
           code == REJECTED_IPV6;
}

static int is_hard(const mpci_view *v)
{
    const uint8_t *icmp = v->l4;

    return v->family == MPCONN_FAMILY_IPV4 ? icmp[0] == TYPE_IPV4 && is_hard_ipv4(icmp[1])
                                           : icmp[0] == TYPE_IPV6 && is_hard_ipv6(icmp[1]);
}

/* RFC 6633: nobody may send it, and whoever gets it has to ignore it. */
static int is_quench(const mpci_view *v)
{
    return v->family == MPCONN_FAMILY_IPV4 && v->l4[0] == TYPE_QUENCH;
}

static int is_too_big(const mpci_view *v)
{
    const uint8_t *icmp = v->l4;

    return v->family == MPCONN_FAMILY_IPV4
               ? icmp[0] == TYPE_IPV4 && icmp[1] == FRAGMENTATION_NEEDED
               : icmp[0] == TYPE_TOO_BIG;
}

/* The least that can be told to an endpoint, as it stands in an error of the other leg (RFC 7915
 * 4.2, 5.2). */
static uint32_t least_to_tell(unsigned there, unsigned here)
{
    uint32_t least = mpci_icmp_least_mtu(there);

    if (there == here)
        return least;
    return there == MPCONN_FAMILY_IPV6 ? least - MPCI_IP_OTHER_GROWTH
                                       : least + MPCI_IP_OTHER_GROWTH;
}

/* RFC 1191 4, RFC 4443 3.2. */
static uint32_t mtu_of(const mpci_view *v)
{
    return v->family == MPCONN_FAMILY_IPV4 ? mpci_load16(v->l4 + 6) : mpci_load32(v->l4 + 4);
}

static void set_mtu(const mpci_view *v, const mpconn_pkt *pkt, uint32_t mtu)
{
    mpci_csum_change change = {0};

    if (v->family == MPCONN_FAMILY_IPV4)
        mpci_csum_set16(&change, v->l4, 6, (uint16_t)mtu);
    else
        mpci_csum_set32(&change, v->l4, 4, mtu);
    if ((pkt->flags & MPCONN_PKT_F_CSUM_PARTIAL) == 0)
        mpci_csum_apply(&change, v->l4 + 2);
}

/* RFC 5927 7.2 and RFC 8201 4: a forger would have the sender cut its data into crumbs. MTU 0,
 * which routers older than RFC 1191 send, is no exception: that the receiver then guesses (RFC 1191
 * 5) is what a forger wants. */
static int has_impossible_mtu(const mpci_view *v)
{
    return is_too_big(v) && mtu_of(v) < mpci_icmp_least_mtu(v->family);
}

/* Does it go to who sent the segment? */
static int is_to_the_sender(const mpci_view *v, const mpci_quote *q)
{
    return memcmp(mpci_ip_dst(v->family, v->ip), mpci_ip_src(v->family, v->l4 + q->offset),
                  mpci_ip_addr_len(v->family)) == 0;
}

/* Whoever gets a wrong one would drop it, so that verifying costs nobody anything but us, and few
 * packets are errors. The host's hardware may vouch for sums of TCP, but not for these. */
static int is_wrong(const mpci_view *v, const mpconn_pkt *pkt)
{
    return (pkt->flags & (MPCONN_PKT_F_CSUM_PARTIAL | MPCONN_PKT_F_HEAD_ONLY)) == 0 &&
           v->total_len <= pkt->len && !mpci_view_icmp_is_right(v, pkt);
}

/* Why an error is refused whatever it is about; 0 = it is not. */
static unsigned refuse_any(const quoting *e, const mpci_view *v, const mpconn_pkt *pkt)
{
    if (is_wrong(v, pkt))
        return MPCONN_REASON_BAD_ICMP_CHECKSUM;
    if (!is_to_the_sender(v, &e->quote))
        return MPCONN_REASON_ERROR_ASTRAY;
    return is_quench(v) ? MPCONN_REASON_ERROR_QUENCH : 0;
}

/* The connection, if the segment was sent by that side. */
static void look_up(const mpconn_engine *eng, quoting *e, unsigned sender)
{
    const mpconn_pkt *pkt = e->st.pkt;

    mpci_quote_tuple(&e->leg, &e->quote, &e->segment, e->st.view->l4, sender, pkt->zone);
    e->st.hash = mpci_tuple_hash(&eng->core.table_key, &e->leg);
    e->st.binding = 0;
    if (e->st.from == MPCONN_SIDE_SERVER)
        e->st.binding = mpci_input_bound(eng, &e->leg, &e->st.hash);
    e->tuple = e->st.binding != 0 ? mpci_binding_at(&eng->core.bindings, e->st.binding)->client_leg
                                  : e->leg;
}

/* We act on it, and do not only pass it on: here a sum that cannot be verified is not enough. */
static int is_of_our_syn(mpconn_engine *eng, quoting *e)
{
    mpci_step *st = &e->st;

    return st->from == MPCONN_SIDE_SERVER && is_hard(st->view) &&
           mpci_view_icmp_is_right(st->view, st->pkt) &&
           mpci_split_unreachable(&eng->split, st, e->segment.seq);
}

/* The quoted number is that of the leg the error comes from; what is tracked is as its sender chose
 * it. */
static int is_under_way(const mpci_settled *f, const mpconn_delta *d, const quoting *e)
{
    unsigned sender = e->st.from ^ 1;
    uint32_t seq = e->segment.seq + mpci_translate_offset(d->seq, e->st.from, sender);
    mpci_track t;

    mpci_settled_track_load(f, &t);
    return mpci_track_is_under_way(&t, sender, seq, mpci_progress_view(f, d));
}

/* Why an error about this flow is refused; 0 = it is not. */
static unsigned refuse(const mpconn_engine *eng, uint32_t slot, const mpconn_delta *d,
                       const quoting *e)
{
    const mpci_settled *f = mpci_settled_at(&eng->core.settled, slot);

    if ((mpci_settled_flags(f) & MPCI_SETTLED_KILLED) != 0)
        return MPCONN_REASON_DEAD_FLOW;
    if ((mpci_settled_flags(f) & MPCI_SETTLED_RENDEZVOUS) != 0 &&
        !mpci_rendezvous_is_proved(&eng->rendezvous, slot))
        return MPCONN_REASON_SESSION_EARLY;
    if (!is_under_way(f, d, e))
        return MPCONN_REASON_ERROR_OUTSIDE;
    return has_impossible_mtu(e->st.view) ? MPCONN_REASON_ERROR_MTU : 0;
}

/* The segments of a server without timestamps grow, if the flow has a second line. */
static int is_stamped(const mpconn_delta *d, unsigned sender, uint32_t slot)
{
    return sender == MPCONN_SIDE_SERVER && (slot & MPCI_SLOT_WIDE) != 0 &&
           (d->flags & MPCONN_DELTA_F_STRIP_TS_TO_SERVER) != 0;
}

/* A segment of the server that is to fit has to leave room for the timestamps it gets on its way.
 * With less than the least MTU the server would not take the error for one. */
static void leave_room_for_stamp(mpconn_engine *eng, const quoting *e, uint32_t slot,
                                 const mpconn_delta *d)
{
    const mpci_view *v = e->st.view;
    unsigned there = (d->flags & MPCONN_DELTA_F_TUPLE) != 0 ? d->tuple[MPCONN_SIDE_SERVER].family
                                                            : v->family;
    uint32_t mtu = mtu_of(v), least = least_to_tell(there, v->family);

    if (mtu >= least + MPCI_STAMP_LEN) {
        set_mtu(v, e->st.pkt, mtu - MPCI_STAMP_LEN);
        return;
    }
    set_mtu(v, e->st.pkt, least);
    if (there == MPCONN_FAMILY_IPV6)
        mpci_second_line_note_path(&eng->split, slot);
}

static void carry(mpconn_engine *eng, quoting *e, uint32_t slot)
{
    const mpci_settled *f = mpci_settled_at(&eng->core.settled, slot);
    int split = (mpci_settled_flags(f) & MPCI_SETTLED_SPLIT) != 0;
    mpconn_pkt *pkt = e->st.pkt;
    mpconn_delta d;
    unsigned bad;

    mpci_core_delta(&eng->core, slot, &d);
    bad = refuse(eng, slot, &d, e);
    if (bad == 0 && is_stamped(&d, e->st.from ^ 1, slot) && is_too_big(e->st.view))
        leave_room_for_stamp(eng, e, slot, &d);
    if (bad == 0 && split)
        bad = mpci_translate_error(e->st.view, &e->quote, &e->segment, &d, e->st.from, pkt);
    if (bad != 0) {
        mpci_drop(&eng->core, pkt, bad);
        return;
    }
    mpci_forward(&eng->core, pkt,
                 split ? MPCONN_REASON_ERROR_TRANSLATED : MPCONN_REASON_ERROR_TRACKED);
    pkt->flow = mpci_settled_id(&eng->core.settled, slot);
}

/* Of a segment that this very side sent: errors about it come from the other one. */
static int is_from_the_wrong_side(const mpconn_engine *eng, const quoting *e)
{
    quoting turned = *e;

    look_up(eng, &turned, e->st.from);
    return mpci_settled_find(&eng->core.settled, turned.st.hash, &turned.tuple) != MPCI_SLOT_NONE;
}

/* An error about what was sent from a termination comes from its side. Returns whether it is. */
static int find_side(const mpconn_engine *eng, quoting *e)
{
    const mpci_view *v = e->st.view;
    const uint8_t *sender = mpci_ip_src(v->family, v->l4 + e->quote.offset);

    if (eng->rendezvous.sessions.used == 0 ||
        mpci_called_look_up(eng, e->st.pkt, v->family, sender, e->segment.sport) == 0)
        return 0;
    e->st.from = e->st.pkt->side;
    return 1;
}

static void step_error(mpconn_engine *eng, quoting *e)
{
    unsigned bad = refuse_any(e, e->st.view, e->st.pkt);
    uint32_t slot;

    if (!find_side(eng, e) && (eng->flags & MPCONN_ENGINE_F_SESSIONS_ONLY) != 0)
        bad = MPCONN_REASON_SESSION_NONE;
    if (bad != 0) {
        mpci_drop(&eng->core, e->st.pkt, bad);
        return;
    }
    look_up(eng, e, e->st.from ^ 1);
    if (is_of_our_syn(eng, e))
        return;
    slot = mpci_settled_find(&eng->core.settled, e->st.hash, &e->tuple);
    if (slot != MPCI_SLOT_NONE && mpci_input_is_of_flow(eng, &e->st, slot))
        carry(eng, e, slot);
    else if (slot != MPCI_SLOT_NONE)
        mpci_drop(&eng->core, e->st.pkt, MPCONN_REASON_ERROR_NO_FLOW);
    else if (is_from_the_wrong_side(eng, e))
        mpci_drop(&eng->core, e->st.pkt, MPCONN_REASON_ERROR_ASTRAY);
    else
        mpci_split_error(&eng->split, &e->st, e->segment.seq, !is_hard(e->st.view));
}

/* What these bear is known to those who experiment with them only (RFC 4443 2.1). */
static int need_not_quote(const mpci_view *v)
{
    return v->family == MPCONN_FAMILY_IPV6 && (v->l4[0] == 100 || v->l4[0] == 101);
}

void mpci_errors_input(mpconn_engine *eng, mpconn_pkt *pkt, const mpci_view *v)
{
    quoting e = {.st = {.pkt = pkt, .view = v, .from = pkt->side}};
    unsigned bad = mpci_quote_read(&e.quote, &e.segment, v, pkt);

    e.st.tuple = &e.tuple;
    e.st.leg = &e.leg;
    if (bad == 0)
        step_error(eng, &e);
    else if (bad == MPCONN_REASON_NOT_TCP ||
             (bad == MPCONN_REASON_BAD_QUOTE && need_not_quote(v)))
        mpci_input_pass(eng, pkt, v, MPCONN_REASON_ICMP_ERROR);
    else
        mpci_drop(&eng->core, pkt, bad);
}
