/* SPDX-License-Identifier: BSD-2-Clause */
#include "meeting.h"

#include "check_main.h"

static void on_session_event(void *user, const mpconn_session_event *event)
{
    meeting *m = user;

    if (strcmp(event->name, "m") != 0)
        return;
    ck_assert_uint_lt(m->n_events, MEETING_EVENTS);
    m->state_then[m->n_events] = meeting_state(m);
    m->events[m->n_events++] = *event;
}

static void put_termination(mpconn_termination *t, unsigned family, unsigned side)
{
    t->family = (uint8_t)family;
    t->local_port = (uint16_t)(5001 + side);
    if (family == MPCONN_FAMILY_IPV4)
        memcpy(t->local.bytes, side == 0 ? "\xc6\x33\x64\x07" : "\xc6\x33\x64\x08", 4);
    else
        memcpy(t->local.bytes, side == 0 ? "\x20\x01\x0d\xb8\xff\x01" : "\x20\x01\x0d\xb8\xff\x02",
               6);
}

void meeting_config(mpconn_session_config *config, unsigned family0, unsigned family1)
{
    MPCONN_STRUCT_INIT(config);
    memcpy(config->name, "m", 2);
    put_termination(&config->termination[0], family0, 0);
    put_termination(&config->termination[1], family1, 1);
    if (family0 != family1)
        config->flags = MPCONN_SESSION_F_FAMILIES;
}

void meeting_open(meeting *m, const mpconn_session_config *config)
{
    meeting_open_with_room(m, config, 0);
}

void meeting_open_with_room(meeting *m, const mpconn_session_config *config, uint32_t candidates)
{
    mpconn_engine_config cfg;
    mpconn_callbacks cb;

    bed_config(&cfg, &cb);
    cfg.max_sessions = 8;
    cfg.max_candidates = candidates;
    cb.session_event = on_session_event;
    memset(m, 0, sizeof(*m));
    bed_open(&m->b, &cfg, &cb);
    m->config = *config;
    ck_assert_int_eq(mpconn_session_add(m->b.eng, config, m->b.now), MPCONN_OK);
}

void meeting_open_default(meeting *m)
{
    mpconn_session_config config;

    meeting_config(&config, MPCONN_FAMILY_IPV4, MPCONN_FAMILY_IPV4);
    meeting_open(m, &config);
}

void meeting_close(meeting *m)
{
    bed_close(&m->b);
}

meeting_client meeting_client_of(const meeting *m, unsigned side, unsigned number, uint16_t port)
{
    const mpconn_termination *t = &m->config.termination[side];
    mpconn_tuple remote = bed_tuple(t->family, 100 * side + number, port);
    meeting_client c = {
        .leg = {.family = t->family, .zone = m->config.zone},
        .side = side,
        .isn = 0x10000000u * (side + 1) + port,
        .tsval = 5000 * (side + 1),
        .window = (uint16_t)(64000 + side),
        .mss = t->family == MPCONN_FAMILY_IPV4 ? 1460 : 1440,
        .wscale = (uint8_t)(7 + side),
        .sack = 1,
        .timestamps = 1,
    };

    if (side == 0) {
        c.leg.client = remote.client;
        c.leg.client_port = port;
        c.leg.server = t->local;
        c.leg.server_port = t->local_port;
    } else {
        c.leg.server = remote.client;
        c.leg.server_port = port;
        c.leg.client = t->local;
        c.leg.client_port = t->local_port;
    }
    return c;
}

void meeting_begin(meeting *m, meeting_client *a, meeting_client *b)
{
    meeting_open_default(m);
    *a = meeting_client_of(m, 0, 1, 40001);
    *b = meeting_client_of(m, 1, 1, 40002);
}

static void hand_in(meeting *m, const meeting_client *c, const bed_segment *seg)
{
    bed_in(&m->b, c->side, seg);
}

bed_segment meeting_syn_of(const meeting_client *c)
{
    bed_segment seg = bed_seg(&c->leg, c->side ^ 1, MPCI_TCP_SYN, c->isn, 0);

    if (c->ecn)
        seg.s.flags |= MPCI_TCP_ECE | MPCI_TCP_CWR;
    seg.s.window = c->window;
    seg.s.mss = c->mss;
    seg.s.wscale = c->wscale;
    seg.s.sack_permitted = c->sack;
    seg.s.timestamps = c->timestamps;
    seg.s.tsval = c->tsval;
    return seg;
}

void meeting_syn(meeting *m, const meeting_client *c)
{
    bed_segment seg = meeting_syn_of(c);

    hand_in(m, c, &seg);
}

void meeting_send(meeting *m, const meeting_client *c, unsigned flags, uint32_t seq, uint32_t ack,
                  uint32_t payload)
{
    bed_segment seg = bed_seg(&c->leg, c->side ^ 1, flags, seq, ack);

    seg.payload = payload;
    hand_in(m, c, &seg);
}

void meeting_ack(meeting *m, const meeting_client *c, const meeting_client *other)
{
    meeting_send(m, c, MPCI_TCP_ACK, c->isn + 1, other->isn + 1, 0);
}

bed_segment meeting_accept_of(const meeting_client *c, const meeting_client *caller)
{
    bed_segment seg = meeting_syn_of(c);

    seg.s.flags |= MPCI_TCP_ACK;
    seg.s.ack = caller->isn + 1;
    seg.s.tsecr = caller->tsval;
    return seg;
}

void meeting_accept(meeting *m, const meeting_client *c, const meeting_client *caller)
{
    bed_segment seg = meeting_accept_of(c, caller);

    hand_in(m, c, &seg);
}

void meeting_leads_to(const meeting_client *c, const mpci_view *v)
{
    mpconn_tuple t;

    mpci_view_tuple(&t, v, c->side ^ 1, c->leg.zone);
    ck_assert_mem_eq(&t, &c->leg, sizeof(t));
}

const bed_out *meeting_answer(meeting *m, const meeting_client *c, const meeting_client *other)
{
    const bed_out *o = bed_take(&m->b);

    meeting_leads_to(c, &o->view);
    ck_assert_uint_eq(o->view.flags & (MPCI_TCP_SYN | MPCI_TCP_ACK | MPCI_TCP_RST),
                      MPCI_TCP_SYN | MPCI_TCP_ACK);
    ck_assert_uint_eq(o->view.seq, other->isn);
    ck_assert_uint_eq(o->view.ack, c->isn + 1);
    ck_assert_uint_eq(o->view.window, other->window);
    ck_assert_uint_eq(o->pkt.side, c->side);
    ck_assert_uint_eq(o->pkt.link, c->side == MPCONN_SIDE_CLIENT ? 11 : 22);
    ck_assert_uint_eq(o->pkt.mark, 77);
    ck_assert_uint_eq(o->pkt.reason, MPCONN_REASON_SESSION_ANSWERED);
    return o;
}

void meeting_reset(meeting *m, const meeting_client *c, uint32_t seq, uint32_t ack)
{
    const bed_out *o = bed_take(&m->b);

    meeting_leads_to(c, &o->view);
    ck_assert_uint_eq(o->view.flags, MPCI_TCP_RST | MPCI_TCP_ACK);
    ck_assert_uint_eq(o->view.seq, seq);
    ck_assert_uint_eq(o->view.ack, ack);
}

void meeting_pair(meeting *m, const meeting_client *a, const meeting_client *b)
{
    meeting_syn(m, a);
    meeting_syn(m, b);
    (void)meeting_answer(m, b, a);
    (void)meeting_answer(m, a, b);
    ck_assert_uint_eq(m->b.n_out, 0);
}

void meeting_join(meeting *m, const meeting_client *a, const meeting_client *b)
{
    meeting_pair(m, a, b);
    meeting_ack(m, b, a);
    meeting_ack(m, a, b);
    ck_assert_uint_eq(m->b.pkt.verdict, MPCONN_VERDICT_FORWARD);
    ck_assert_uint_eq(meeting_state(m), MPCONN_SESSION_ESTABLISHED);
    m->n_events = 0;
}

void meeting_carry(meeting *m, const meeting_client *from, const meeting_client *to, uint32_t seq,
                   uint32_t ack, uint32_t payload)
{
    mpci_view v;
    mpci_syn_options o;

    meeting_send(m, from, MPCI_TCP_ACK, from->isn + seq, to->isn + ack, payload);
    ck_assert_uint_eq(m->b.pkt.verdict, MPCONN_VERDICT_FORWARD);
    ck_assert_uint_eq(m->b.pkt.side, to->side);
    bed_view(&m->b, &v, &o);
    meeting_leads_to(to, &v);
    ck_assert_uint_eq(mpci_view_verify(&v, &m->b.pkt), 0);
    ck_assert_uint_eq(v.seq, from->isn + seq);
    ck_assert_uint_eq(v.ack, to->isn + ack);
    ck_assert_uint_eq(v.window, 500);
    ck_assert_uint_eq(v.payload_len, payload);
}

void meeting_silent(meeting *m, unsigned verdict, unsigned reason)
{
    ck_assert_msg(m->b.pkt.reason == reason, "%s instead of %s",
                  mpconn_reason_name(m->b.pkt.reason), mpconn_reason_name(reason));
    ck_assert_uint_eq(m->b.pkt.verdict, verdict);
    ck_assert_uint_eq(m->b.n_out, 0);
}

mpconn_session meeting_session(const meeting *m)
{
    mpconn_session s;

    MPCONN_STRUCT_INIT(&s);
    ck_assert_int_eq(mpconn_session_get(m->b.eng, "m", &s), MPCONN_OK);
    return s;
}

unsigned meeting_state(const meeting *m)
{
    return meeting_session(m).state;
}

const mpconn_session_event *meeting_event(meeting *m, unsigned type, unsigned reason)
{
    static mpconn_session_event taken;

    ck_assert_uint_gt(m->n_events, 0);
    taken = m->events[0];
    memmove(m->events, m->events + 1, --m->n_events * sizeof(taken));
    memmove(m->state_then, m->state_then + 1, m->n_events * sizeof(m->state_then[0]));
    ck_assert_msg(taken.type == type && taken.reason == reason, "%s, %s",
                  mpconn_session_event_name(taken.type), mpconn_reason_name(taken.reason));
    return &taken;
}
