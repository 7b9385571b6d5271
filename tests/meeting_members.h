/* SPDX-License-Identifier: BSD-2-Clause */
/* One session of several members, and clients that call any of them. */
#ifndef TESTS_MEETING_MEMBERS_H
#define TESTS_MEETING_MEMBERS_H

#include "check_main.h"
#include "meeting.h"
#include "rendezvous/told.h"
#include "sync_bed.h"

enum { EVENTS = 64 };

static sync_bed net;
static struct told_event {
    unsigned member, type, reason;
} told[EVENTS];
static unsigned n_told;
static mpconn_session_config config;

static inline void on_session_event(void *user, const mpconn_session_event *event)
{
    const sync_station *m = user;

    ck_assert_uint_lt(n_told, EVENTS);
    told[n_told++] = (struct told_event){m->index, event->type, event->reason};
}

static inline unsigned told_of(unsigned type)
{
    unsigned n = 0;

    for (unsigned i = 0; i < n_told; i++)
        n += told[i].type == type;
    return n;
}

static inline void open_members(unsigned n)
{
    sync_bed_open(&net, n);
    n_told = 0;
    for (unsigned i = 0; i < n; i++) {
        net.at[i].cfg.max_sessions = 8;
        net.at[i].cb.session_event = on_session_event;
    }
    sync_start(&net);
    meeting_config(&config, MPCONN_FAMILY_IPV4, MPCONN_FAMILY_IPV4);
}

static inline mpconn_engine *engine(unsigned i)
{
    return net.at[i].b.eng;
}

static inline void add_at(unsigned i)
{
    ck_assert_int_eq(mpconn_session_add(engine(i), &config, net.now), MPCONN_OK);
    sync_carry(&net);
}

static inline int is_known_at(unsigned i)
{
    return mpci_sessions_named(&engine(i)->rendezvous.sessions, config.name) != 0;
}

static inline const mpci_session *session_at(unsigned i)
{
    const mpci_sessions *t = &engine(i)->rendezvous.sessions;

    ck_assert_msg(is_known_at(i), "member %u does not know the session", i);
    return mpci_session_at(t, mpci_sessions_named(t, config.name));
}

static inline unsigned state_at(unsigned i)
{
    return session_at(i)->state;
}

static inline unsigned registrar(void)
{
    unsigned found = net.n;

    for (unsigned i = 0; i < net.n; i++)
        if (engine(i) != NULL && mpci_told_is_registrar(&engine(i)->rendezvous, session_at(i)))
            found = i;
    ck_assert_uint_lt(found, net.n);
    return found;
}

/* Another name until that member is the registrar. */
static inline void choose_registrar(unsigned wanted)
{
    for (char c = 'a';; c++) {
        const mpci_members *m = &engine(wanted)->sync.members;
        uint32_t ids[MPCI_DIRECTORS];

        config.name[0] = c;
        (void)mpci_members_directors(m, mpci_members_session_key(m, config.name), ids);
        if (ids[0] == net.at[wanted].id)
            return;
        ck_assert_int_lt(c, 'z');
    }
}

/* Another name until the first two members decide about it, and no third one. */
static inline void choose_directors(void)
{
    const mpci_members *m = &engine(0)->sync.members;
    uint32_t ids[MPCI_DIRECTORS];

    for (char c = 'a'; c <= 'z'; c++) {
        config.name[0] = c;
        (void)mpci_members_directors(m, mpci_members_session_key(m, config.name), ids);
        if (ids[0] == net.at[0].id && ids[1] == net.at[1].id)
            return;
    }
    ck_abort_msg("no such name");
}

static inline meeting_client client_of(unsigned side)
{
    meeting m = {.config = config};

    return meeting_client_of(&m, side, 1, (uint16_t)(40000 + side));
}

static inline void hand_in(unsigned at, const meeting_client *c, const bed_segment *seg)
{
    bed_in(&net.at[at].b, c->side, seg);
    net.at[at].b.now = net.now;
}

static inline void call(unsigned at, const meeting_client *c)
{
    bed_segment seg = meeting_syn_of(c);

    hand_in(at, c, &seg);
}

static inline void acknowledge(unsigned at, const meeting_client *c, const meeting_client *other)
{
    bed_segment seg = bed_seg(&c->leg, c->side ^ 1, MPCI_TCP_ACK, c->isn + 1, other->isn + 1);

    hand_in(at, c, &seg);
}

static inline unsigned carries(unsigned at, const meeting_client *c, const meeting_client *other)
{
    bed_segment seg = bed_seg(&c->leg, c->side ^ 1, MPCI_TCP_ACK, c->isn + 1, other->isn + 1);

    seg.payload = 10;
    hand_in(at, c, &seg);
    return net.at[at].b.pkt.verdict == MPCONN_VERDICT_FORWARD;
}

/* The one packet that this member sent is the SYN|ACK for that client; by its link, or none. */
static inline void assert_answer(unsigned at, const meeting_client *c, const meeting_client *other,
                          int has_link)
{
    bed *b = &net.at[at].b;
    const bed_out *o;

    ck_assert_msg(b->n_out == 1, "member %u sent %u packets", at, b->n_out);
    o = bed_take(b);
    ck_assert_uint_eq(o->view.flags & (MPCI_TCP_SYN | MPCI_TCP_ACK), MPCI_TCP_SYN | MPCI_TCP_ACK);
    ck_assert_uint_eq(o->view.seq, other->isn);
    ck_assert_uint_eq(o->view.ack, c->isn + 1);
    ck_assert_uint_eq(o->pkt.side, c->side);
    ck_assert_int_eq(o->pkt.link != MPCONN_LINK_NONE, has_link);
}

static inline void assert_silent(void)
{
    for (unsigned i = 0; i < net.n; i++)
        if (engine(i) != NULL)
            ck_assert_msg(net.at[i].b.n_out == 0, "member %u spoke", i);
}

static inline uint64_t count(unsigned i, unsigned reason)
{
    return mpconn_engine_count(engine(i), reason);
}

/* Two members of which that one is the registrar, and a client at each, answered there. */
static inline void open_answered(unsigned who, meeting_client *a, meeting_client *b)
{
    open_members(2);
    choose_registrar(who);
    add_at(0);
    *a = client_of(0);
    *b = client_of(1);
    call(0, a);
    call(1, b); /* before either member hears of the other's */
    assert_silent();
    sync_carry(&net);
    assert_answer(0, a, b, 1);
    assert_answer(1, b, a, 1);
}

/* Client 0 at one member, client 1 at another: both answered there, acknowledged, and carried. */
static inline void assert_joined(unsigned at0, unsigned at1)
{
    meeting_client a = client_of(0), b = client_of(1);

    call(at0, &a);
    sync_carry(&net);
    assert_silent();
    call(at1, &b);
    sync_carry(&net);
    assert_answer(at0, &a, &b, 1);
    assert_answer(at1, &b, &a, 1);
    assert_silent();
    acknowledge(at0, &a, &b);
    sync_carry(&net);
    ck_assert_uint_eq(state_at(at0), MPCONN_SESSION_HALF);
    ck_assert(!carries(at0, &a, &b)); /* client 1 may not be there */
    acknowledge(at1, &b, &a);
    sync_carry(&net);
    ck_assert_uint_eq(state_at(at0), MPCONN_SESSION_ESTABLISHED);
    ck_assert_uint_eq(state_at(at1), MPCONN_SESSION_ESTABLISHED);
    ck_assert(carries(at0, &a, &b));
    ck_assert(carries(at1, &b, &a));
    ck_assert_uint_eq(told_of(MPCONN_SESSION_EVENT_ESTABLISHED), 1);
    ck_assert_uint_eq(told_of(MPCONN_SESSION_EVENT_LATCHED), 2);
    assert_silent();
}

#endif
