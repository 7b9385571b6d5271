/* SPDX-License-Identifier: BSD-2-Clause */
/* Segments of flows with a second line: those of a client that are larger than its server takes,
 * and those of a server without timestamps or without SACK. */
#include "engine/engine.h"

#include "base/byteorder.h"
#include "base/seq.h"
#include "conn/duplicate.h"
#include "conn/translate.h"
#include "conn/translate_family.h"
#include "packet/checksum.h"
#include "packet/cut.h"
#include "packet/gap.h"
#include "packet/icmp_build.h"
#include "packet/insert.h"
#include "packet/ip_other.h"
#include "split/share.h"

/* What a message has to leave, so that Linux obeys it (net.ipv4.route.min_pmtu; RFC 8200 5). */
enum { HEEDED_MTU_IPV4 = 552, HEEDED_MTU_IPV6 = 1280 };

/* Of mpci_settled_more.told_size. */
#define TOLD_TICKS 0x7fffu

enum { TCP_HEADER_LEN = 20, SEQ_AT = 4, WINDOW_AT = 14, CHECKSUM_AT = 16, TSVAL_AT = 4 };

/* Options of IP and TCP count: the sender has to make room for them (RFC 6691). */
static uint32_t mtu_of(unsigned family, uint16_t mss)
{
    return mss + TCP_HEADER_LEN + (family == MPCONN_FAMILY_IPV4 ? (uint32_t)MPCI_IPV4_HEADER_LEN
                                                                : MPCI_IPV6_HEADER_LEN);
}

static uint32_t least_mtu(unsigned family)
{
    return family == MPCONN_FAMILY_IPV4 ? HEEDED_MTU_IPV4 : HEEDED_MTU_IPV6;
}

static int is_super(const mpci_view *v, const mpconn_pkt *pkt)
{
    return pkt->ext != NULL && pkt->ext->gso_size != 0 && pkt->ext->gso_size < v->payload_len;
}

/* Of a super-segment, what each segment of it will be. */
static uint32_t size_on_wire(const mpci_view *v, const mpconn_pkt *pkt)
{
    return is_super(v, pkt) ? (uint32_t)v->l4_offset + v->tcp_hlen + pkt->ext->gso_size
                            : v->total_len;
}

/* The client was told an MSS before the server could be asked, and nobody can take that back; but
 * it listens to routers. RFC 4443 2.4f: one in 17 ms for a flow; of a burst the first says all. */
static void tell_client(mpci_core *core, const mpci_step *st, mpci_settled_more *more, uint32_t mtu)
{
    const uint32_t link = core->one_way ? MPCONN_LINK_NONE : st->pkt->link;
    unsigned now = (mpci_tick(core->now) + 1) & TOLD_TICKS;
    mpci_icmp m;

    if (more->told_size == now)
        return;
    more->told_size = now & TOLD_TICKS;
    m = mpci_icmp_too_big(st->view, st->pkt, mtu, core->hop_limit);
    mpci_outbox_put_icmp(&core->outbox, &m, st->pkt, link, MPCONN_REASON_TOO_BIG_SENT);
}

/* Longer than the server takes? What begins and what ends a connection is short. */
static int is_over_mss(const mpci_step *st, const mpci_settled_more *more)
{
    return more->server_mss != 0 && st->from == MPCONN_SIDE_CLIENT &&
           (st->view->flags & (MPCI_TCP_SYN | MPCI_TCP_RST)) == 0 &&
           size_on_wire(st->view, st->pkt) > mtu_of(st->view->family, more->server_mss);
}

/* Of what may be cut, and of fragments, no router says that it is too big (RFC 1191 4): who sends
 * them need not listen. */
static int is_too_big(mpconn_engine *eng, const mpci_step *st, mpci_settled_more *more)
{
    const mpci_view *v = st->view;
    uint32_t least = least_mtu(v->family), mtu;

    if (v->first_fragment || !is_over_mss(st, more))
        return 0;
    if (size_on_wire(v, st->pkt) <= least || mpci_ip_may_be_cut(v->family, v->ip)) {
        mpci_count(&eng->core.counters, MPCONN_REASON_OVER_MSS);
        return 0;
    }
    if (mpci_input_is_wrong(eng, st->pkt, v))
        return 1;
    mtu = mtu_of(v->family, more->server_mss);
    tell_client(&eng->core, st, more, mtu > least ? mtu : least);
    mpci_drop(&eng->core, st->pkt, MPCONN_REASON_SEGMENT_TOO_BIG);
    return 1;
}

/* How far the clocks of two members may be apart: what was told is as old as it took to come, and
 * their hosts' clocks run differently. */
#define TAKE_OVER_LEAD_MS 1000

/* Where two members take turns packet by packet each would leap at every turn. */
static int takes_over(const mpci_settled_more *more, mpconn_time now)
{
    return more->stamped_elsewhere && mpci_stamp_is_silent(&more->stamp, now);
}

static int is_shared(const mpci_settled *e)
{
    return (mpci_settled_flags(e) & MPCI_SETTLED_SHARED) != 0;
}

static void note_client(const mpconn_engine *eng, const mpci_view *v, uint32_t slot)
{
    const mpci_settled *e = mpci_settled_at(&eng->core.settled, slot);
    mpci_stamp_way way = {eng->core.now, e->dir[MPCONN_SIDE_CLIENT].end, is_shared(e)};

    mpci_stamp_note(&mpci_settled_more_at(&eng->core.settled, slot)->stamp, v, &way);
}

/* Nothing that follows is older for a segment that lies in no window. */
static uint32_t echo_of(mpci_settled_more *more, mpci_stamp before, const mpci_view *v, int shared,
                        int in_window)
{
    uint32_t tsecr = mpci_stamp_echo(&before, v, shared);

    if (in_window)
        more->stamp = before;
    return tsecr;
}

/* A reading lower than the one before would have the client drop the segment (RFC 7323 5.3). Who
 * begins where another member went before leaps over all that one may have shown, and says so. */
static void write_stamp(mpconn_engine *eng, uint32_t slot, uint32_t tsecr, uint8_t *option)
{
    mpci_settled_more *more = mpci_settled_more_at(&eng->core.settled, slot);
    mpconn_time now = eng->core.now;
    int leaps = takes_over(more, now);

    if (leaps) {
        more->stamp.base += TAKE_OVER_LEAD_MS;
        more->stamped_elsewhere = 0;
    }
    mpci_stamp_heard(&more->stamp, now);
    mpci_stamp_write(option, mpci_stamp_value(&more->stamp, now), tsecr);
    if (leaps)
        mpci_share_flow(&eng->split, slot, MPCONN_MEMBER_ALL);
}

/* A segment of IPv6 that is as long as any path takes: its sender may be told to send none that is
 * longer, but not to leave room for what is put on it (RFC 8200 5). */
static int may_not_grow(const mpci_step *st, const mpci_settled_more *more, const mpconn_delta *d)
{
    uint32_t size = size_on_wire(st->view, st->pkt);

    return more->least_path && st->from == MPCONN_SIDE_SERVER &&
           (d->flags & MPCONN_DELTA_F_STRIP_TS_TO_SERVER) != 0 && st->view->ts_offset == 0 &&
           st->view->family == MPCONN_FAMILY_IPV6 && size <= HEEDED_MTU_IPV6 &&
           size + MPCI_STAMP_LEN > HEEDED_MTU_IPV6;
}

/* 1 when the segment would be divided, but was dropped: a part of it gets a new sum, which would
 * make good what is wrong. */
static int is_wrong_to_divide(mpconn_engine *eng, const mpci_step *st,
                              const mpci_settled_more *more, const mpconn_delta *d)
{
    return may_not_grow(st, more, d) && !is_super(st->view, st->pkt) &&
           mpci_input_is_wrong(eng, st->pkt, st->view);
}

/* The timestamps take the place of the segment's first bytes, which go ahead in one of their own: a
 * receiver need not take what has none (RFC 7323 3.2). */
static int divide(mpconn_engine *eng, const mpci_step *st, uint32_t slot, const uint8_t *option)
{
    const uint32_t link = mpci_settled_at(&eng->core.settled, slot)->link[MPCONN_SIDE_CLIENT];
    const mpci_view *v = st->view;
    uint8_t first[MPCI_STAMP_LEN];
    mpci_segment s = {
        .tuple = st->tuple,
        .to = MPCONN_SIDE_CLIENT,
        .hop_limit = v->ip[7],
        .traffic_class = (uint8_t)(mpci_load16(v->ip) >> 4),
        .flags = MPCI_TCP_ACK | (v->flags & MPCI_TCP_ECE),
        .seq = mpci_load32(v->l4 + SEQ_AT),
        .ack = v->ack,
        .window = mpci_load16(v->l4 + WINDOW_AT),
        .wscale = MPCONN_WSCALE_NONE,
        .timestamps = 1,
        .tsval = mpci_load32(option + TSVAL_AT),
        .tsecr = mpci_load32(option + TSVAL_AT + 4),
        .payload = first,
        .payload_len = sizeof(first),
    };

    if (!mpci_insert_for_payload(v, st->pkt, option, MPCI_STAMP_LEN, first))
        return 0;
    mpci_outbox_put(&eng->core.outbox, &s, link, st->pkt->mark, MPCONN_REASON_SEGMENT_DIVIDED);
    return 1;
}

/* The client leg shows what the flow goes by. */
static void show_legs(const mpconn_engine *eng, const mpci_step *st, mpci_binding_number n,
                      mpconn_delta *d)
{
    d->flags |= MPCONN_DELTA_F_TUPLE;
    d->tuple[MPCONN_SIDE_CLIENT] = *st->tuple;
    d->tuple[MPCONN_SIDE_SERVER] = mpci_binding_at(&eng->core.bindings, n)->server_leg;
}

/* Of the other IP version is the leg that the segment goes to? */
static int changes_family(const mpci_step *st, const mpconn_delta *d)
{
    return (d->flags & MPCONN_DELTA_F_TUPLE) != 0 &&
           d->tuple[st->from ^ 1].family != st->view->family;
}

/* 1 when the segment cannot be what the leg it goes to needs, and was dropped. */
static int is_without_counterpart(mpconn_engine *eng, const mpci_step *st, const mpconn_delta *d)
{
    unsigned bad = changes_family(st, d) ? mpci_translate_family_fits(st->view, st->pkt) : 0;

    if (bad != 0)
        mpci_drop(&eng->core, st->pkt, bad);
    return bad != 0;
}

/* Must a segment that is longer than the server takes be cut here? Its sender leaves that to the
 * routers, and those of IPv6 do not do it (RFC 7915 4). */
static int is_to_be_cut(const mpci_step *st, const mpci_settled_more *more, const mpconn_delta *d)
{
    const mpci_view *v = st->view;

    return changes_family(st, d) && !v->first_fragment && mpci_ip_may_be_cut(v->family, v->ip) &&
           is_over_mss(st, more) &&
           size_on_wire(v, st->pkt) - v->l4_offset + MPCI_IPV6_HEADER_LEN > HEEDED_MTU_IPV6;
}

/* The host cuts it anyway, into pieces that do not have to be cut again. */
static void shorten_pieces(const mpci_step *st, const mpci_settled_more *more)
{
    uint32_t mtu = mtu_of(MPCONN_FAMILY_IPV6, more->server_mss);

    if (mtu < HEEDED_MTU_IPV6)
        mtu = HEEDED_MTU_IPV6;
    st->pkt->ext->gso_size = (uint16_t)(mtu - MPCI_IPV6_HEADER_LEN - st->view->tcp_hlen);
}

/* 1 when it was dropped, since not all of it is here, or there is no room. Of its two headers the
 * second one is made behind the first. */
static int is_not_to_cut(mpconn_engine *eng, const mpci_step *st)
{
    const uint32_t growth = MPCI_IP_OTHER_GROWTH + MPCI_CUT_GROWTH;
    const mpci_view *v = st->view;
    unsigned bad = 0;

    if (v->total_len > st->pkt->len || mpci_load16(mpci_ip_length_field(v->family, v->ip)) == 0)
        bad = MPCONN_REASON_SEGMENT_TOO_BIG;
    else if (v->l4_offset < MPCI_IPV4_HEADER_LEN + growth && !mpci_gap_fits(st->pkt, growth))
        bad = MPCONN_REASON_NO_SPACE;
    if (bad != 0)
        mpci_drop(&eng->core, st->pkt, bad);
    return bad != 0;
}

/* Nobody can complete the sum of a segment that is in several packets. */
static void complete_sum(mpconn_pkt *pkt)
{
    uint8_t *l4 = pkt->data + MPCI_IPV6_HEADER_LEN;
    uint32_t len = mpci_load16(mpci_ip_length_field(MPCONN_FAMILY_IPV6, pkt->data));

    if ((pkt->flags & MPCONN_PKT_F_CSUM_PARTIAL) == 0)
        return;
    pkt->flags &= ~MPCONN_PKT_F_CSUM_PARTIAL;
    mpci_store16(l4 + CHECKSUM_AT, (uint16_t)~mpci_csum_fold(mpci_csum_add(0, l4, len)));
}

/* The packet becomes the last fragment, and those before it are sent ahead. */
static void cut(mpconn_engine *eng, const mpci_step *st, uint32_t slot, const mpconn_delta *d,
                uint32_t id)
{
    mpconn_pkt *pkt = st->pkt;
    mpconn_pkt front = {
        .link = mpci_settled_at(&eng->core.settled, slot)->link[MPCONN_SIDE_SERVER],
        .zone = d->tuple[MPCONN_SIDE_SERVER].zone,
        .mark = pkt->mark,
        .reason = MPCONN_REASON_FRAGMENT_MADE,
        .side = MPCONN_SIDE_SERVER,
    };

    complete_sum(pkt);
    if (pkt->ext != NULL)
        pkt->ext->gso_size = 0;
    for (mpci_cut_begin(pkt, id); (front.len = mpci_cut_front(pkt)) != 0; mpci_cut_off(pkt)) {
        front.data = pkt->data;
        mpci_outbox_put_ready(&eng->core.outbox, &front);
    }
    if (pkt->ext != NULL)
        pkt->ext->l4_offset = 0;
}

/* Payload of a full segment of the client, from what it was told, at first or later. */
static uint32_t size_of_full(const mpconn_engine *eng, const mpci_settled *e,
                             const mpci_settled_more *more)
{
    int is_v6 = (mpci_settled_flags(e) & MPCI_SETTLED_IPV6) != 0;
    unsigned family = is_v6 ? MPCONN_FAMILY_IPV6 : MPCONN_FAMILY_IPV4;
    uint32_t least = least_mtu(family), mtu;
    uint16_t mss = more->server_mss != 0 ? more->server_mss : eng->split.profile.mss[is_v6];
    mpci_offers o;

    mpci_offers_unpack(&o, e->hs);
    mtu = mtu_of(family, mss);
    return (mtu > least ? mtu : least) - mtu_of(family, 0) - (o.timestamps ? MPCI_STAMP_LEN : 0);
}

/* In half view the client's segments may pass elsewhere. Each duplicate stands for one of them, so
 * there is as much outstanding as a block can claim; a client takes no block for what it did not
 * send. */
static uint32_t end_of_sent(const mpci_settled *e, uint32_t ack)
{
    uint32_t end = e->dir[MPCONN_SIDE_CLIENT].end;

    return is_shared(e) && mpci_seq_leq(end, ack) ? ack + UINT16_MAX : end;
}

static mpci_acked last_acked(const mpci_settled_more *more)
{
    mpci_acked last = {more->stamp.last_ack, more->last_window, more->behind,
                       more->duplicates, more->recovering, more->was_claimed};

    return last;
}

static void keep_acked(mpci_settled_more *more, const mpci_acked *last)
{
    more->stamp.last_ack = last->ack;
    more->last_window = last->window;
    more->behind = (unsigned)last->behind & MPCI_BEHIND_MAX;
    more->duplicates = (unsigned)last->duplicates & MPCI_DUPLICATES_MAX;
    more->recovering = last->recovering != 0;
    more->was_claimed = last->was_claimed != 0;
}

/* Whether a segment of the server needs a block, and there is something to claim. */
static int write_block(const mpconn_engine *eng, const mpci_view *v, const mpci_settled *e,
                       mpci_settled_more *more, uint8_t *option)
{
    mpci_acked last = last_acked(more);
    uint32_t end = end_of_sent(e, v->ack), size = size_of_full(eng, e, more);
    int tells = mpci_duplicate_note(&last, v, size, end);

    keep_acked(more, &last);
    return tells && v->sack_offset == 0 && mpci_duplicate_block(option, &last, size, end);
}

/* The header of the other IP version comes after them, and that there is room for alone; and it has
 * to tell their length, too. */
static int insert(const mpci_step *st, const uint8_t *options, unsigned len, int is_other)
{
    return (!is_other || (mpci_gap_fits(st->pkt, len + MPCI_IP_OTHER_GROWTH) &&
                          mpci_translate_family_can_tell(st->view, st->pkt, len))) &&
           mpci_insert_options(st->view, st->pkt, options, len);
}

/* What may not grow is divided: a super-segment by its host, into smaller pieces. Without
 * timestamps it goes where that cannot be. */
static int insert_stamp(mpconn_engine *eng, const mpci_step *st, uint32_t slot,
                        const mpconn_delta *d, const uint8_t *option)
{
    if (may_not_grow(st, mpci_settled_more_at(&eng->core.settled, slot), d)) {
        if (!is_super(st->view, st->pkt))
            return divide(eng, st, slot, option);
        st->pkt->ext->gso_size -= MPCI_STAMP_LEN;
    }
    return insert(st, option, MPCI_STAMP_LEN, changes_family(st, d));
}

/* What the client was promised and the server does not send; where there is no room for both,
 * timestamps alone. A block needs an acknowledgment that counts. */
static void add_options(mpconn_engine *eng, const mpci_step *st, uint32_t slot,
                        const mpconn_delta *d, int in_window)
{
    mpci_settled_more *more = mpci_settled_more_at(&eng->core.settled, slot);
    const mpci_settled *e = mpci_settled_at(&eng->core.settled, slot);
    uint8_t options[MPCI_STAMP_LEN + MPCI_BLOCK_LEN];
    int unstamped = (d->flags & MPCONN_DELTA_F_STRIP_TS_TO_SERVER) != 0;
    int unsacked = (d->flags & MPCONN_DELTA_F_STRIP_SACK_TO_SERVER) != 0 && in_window;
    unsigned stamp = unstamped && st->view->ts_offset == 0 ? MPCI_STAMP_LEN : 0;
    unsigned block = 0;
    mpci_stamp before = more->stamp;
    int is_other = changes_family(st, d);

    if (unsacked && write_block(eng, st->view, e, more, options + stamp))
        block = MPCI_BLOCK_LEN;
    if (stamp != 0)
        write_stamp(eng, slot, echo_of(more, before, st->view, is_shared(e), in_window), options);
    if (block != 0 && !insert(st, options, stamp + block, is_other)) {
        mpci_count(&eng->core.counters, MPCONN_REASON_DUPLICATE_UNMARKED);
        block = 0;
    }
    if (unstamped && block == 0 && (stamp == 0 || !insert_stamp(eng, st, slot, d, options)))
        mpci_count(&eng->core.counters, MPCONN_REASON_SEGMENT_UNSTAMPED);
}

/* How a segment of a bound flow goes on. */
enum way { REFUSED, WHOLE, IN_PIECES };

static enum way way_of(mpconn_engine *eng, const mpci_step *st, uint32_t slot,
                       const mpci_settled_more *more, const mpconn_delta *d)
{
    if (is_without_counterpart(eng, st, d))
        return REFUSED;
    if (st->view->first_fragment)
        mpci_fragments_note(eng, st, slot);
    if (!is_to_be_cut(st, more, d))
        return WHOLE;
    if (!is_super(st->view, st->pkt))
        return is_not_to_cut(eng, st) ? REFUSED : IN_PIECES;
    shorten_pieces(st, more);
    return WHOLE;
}

static void change_family(mpconn_engine *eng, const mpci_step *st, uint32_t slot,
                          const mpconn_delta *d, enum way way)
{
    uint32_t id = way == IN_PIECES ? mpci_ip_other_fragment_id(st->view->ip) : 0;

    mpci_translate_family(st->pkt, &d->tuple[st->from ^ 1], st->from);
    if (way == IN_PIECES)
        cut(eng, st, slot, d, id);
}

int mpci_translate_wide(mpconn_engine *eng, const mpci_step *st, uint32_t slot, mpconn_delta *d,
                        int in_window, uint16_t window)
{
    const unsigned lacking = MPCONN_DELTA_F_STRIP_TS_TO_SERVER |
                             MPCONN_DELTA_F_STRIP_SACK_TO_SERVER;
    mpci_settled_more *more = mpci_settled_more_at(&eng->core.settled, slot);
    int lacks = (d->flags & lacking) != 0;
    enum way way = WHOLE;

    if (is_too_big(eng, st, more) || is_wrong_to_divide(eng, st, more, d))
        return 1;
    if (more->binding != 0) {
        show_legs(eng, st, more->binding, d);
        way = way_of(eng, st, slot, more, d);
    }
    if (way == REFUSED)
        return 1;
    if ((d->flags & MPCONN_DELTA_F_STRIP_TS_TO_SERVER) != 0 && in_window &&
        st->from == MPCONN_SIDE_CLIENT)
        note_client(eng, st->view, slot);
    mpci_translate(st->view, d, st->from, st->pkt);
    if (window != 0)
        mpci_duplicate_set_window(st->view, st->pkt, window);
    if (lacks && st->from == MPCONN_SIDE_SERVER &&
        (st->view->flags & (MPCI_TCP_SYN | MPCI_TCP_RST)) == 0)
        add_options(eng, st, slot, d, in_window);
    if (more->binding != 0 && changes_family(st, d))
        change_family(eng, st, slot, d, way);
    return 0;
}
