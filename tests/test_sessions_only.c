/* SPDX-License-Identifier: BSD-2-Clause */
/* An engine for nothing but sessions: a host hands in copies of all it hears. */
#include "check_main.h"
#include "engine_support.h"
#include "icmp_about.h"

#include <mpconn/rendezvous.h>

enum { CLIENT = MPCONN_SIDE_CLIENT, CALLED = 7001 };

static bed b;

static void begin(uint32_t flags)
{
    mpconn_engine_config cfg;
    mpconn_callbacks cb;
    mpconn_session_config session;

    bed_config(&cfg, &cb);
    cfg.flags = flags;
    cfg.max_sessions = 1;
    bed_open(&b, &cfg, &cb);
    MPCONN_STRUCT_INIT(&session);
    strcpy(session.name, "one");
    for (unsigned side = 0; side < 2; side++) {
        mpconn_tuple t = bed_tuple(4, 1, 40000);
        session.termination[side].family = MPCONN_FAMILY_IPV4;
        session.termination[side].local = t.server;
        session.termination[side].local_port = (uint16_t)(CALLED + side);
    }
    ck_assert_int_eq(mpconn_session_add(b.eng, &session, b.now), MPCONN_OK);
}

static bed_segment syn_to(uint16_t port)
{
    static bed_conn c; /* the segment points into it */
    mpconn_tuple t = bed_tuple(4, 1, 40000);

    t.server_port = port;
    c = bed_conn_of(&t, 1000, 2000);
    return bed_syn_seg(&c);
}

/* What a host hears that is not for a termination: 0 to OTHERS - 1. */
enum { SYN, ACK, NO_TCP, ABOUT_NONE, LATER, OTHERS };

static void hear(int what)
{
    bed_segment seg = syn_to(CALLED + 2);
    raw r = {.len = 0};

    if (what == SYN || what == ACK) {
        seg.s.flags = what == SYN ? MPCI_TCP_SYN : MPCI_TCP_ACK;
        bed_in(&b, CLIENT, &seg);
        return;
    }
    if (what == ABOUT_NONE) {
        icmp_about e = icmp_about_segment(&seg, 3, 1, 28);
        bed_bytes(&b, CLIENT, e.bytes, e.len, NULL, NULL);
        return;
    }
    raw_ip(&r, 4, what == NO_TCP ? 17 : 6);
    raw_add(&r, "some bytes that say nothing", 24);
    if (what == LATER)
        poke16(r.bytes + 6, 100);
    raw_seal(&r);
    bed_raw(&b, CLIENT, &r);
}

START_TEST(what_is_for_no_termination_is_dropped_and_never_answered)
{
    begin(MPCONN_ENGINE_F_SESSIONS_ONLY);
    hear(_i);
    ck_assert_int_eq(b.pkt.verdict, MPCONN_VERDICT_DROP);
    ck_assert_uint_eq(b.pkt.reason, MPCONN_REASON_SESSION_NONE);
    ck_assert_uint_eq(bed_stats(&b).packets_made, 0);
    ck_assert_uint_eq(bed_count(&b, MPCONN_REASON_SESSION_NONE), 1);
    bed_close(&b);
}
END_TEST

START_TEST(other_engines_do_with_it_what_they_do_without_sessions)
{
    begin(0);
    hear(_i);
    ck_assert_uint_ne(b.pkt.reason, MPCONN_REASON_SESSION_NONE);
    bed_close(&b);
}
END_TEST

START_TEST(syn_to_a_termination_is_heard_either_way)
{
    bed_segment seg = syn_to(CALLED);

    begin(_i ? MPCONN_ENGINE_F_SESSIONS_ONLY : 0);
    bed_in(&b, CLIENT, &seg);
    ck_assert_uint_ne(b.pkt.reason, MPCONN_REASON_SESSION_NONE);
    ck_assert_uint_eq(bed_stats(&b).packets_made, 0);
    bed_close(&b);
}
END_TEST

START_TEST(flag_without_sessions_is_refused)
{
    mpconn_engine_config cfg;
    mpconn_callbacks cb;
    mpconn_engine *eng = NULL;

    bed_config(&cfg, &cb);
    cfg.flags = MPCONN_ENGINE_F_SESSIONS_ONLY;
    ck_assert_int_eq(mpconn_engine_new(&eng, &cfg, &cb, &b, 1), MPCONN_ERR_INVAL);
    cfg.max_sessions = 1;
    cfg.flags <<= 1;
    ck_assert_int_eq(mpconn_engine_new(&eng, &cfg, &cb, &b, 1), MPCONN_ERR_INVAL);
    cfg.flags >>= 1;
    ck_assert_int_eq(mpconn_engine_new(&eng, &cfg, &cb, &b, 1), MPCONN_OK);
    ck_assert_int_eq(mpconn_engine_del(eng), MPCONN_OK);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("sessions only");
    TCase *tc = tcase_create("what a host hears");

    tcase_add_loop_test(tc, what_is_for_no_termination_is_dropped_and_never_answered, 0, OTHERS);
    tcase_add_loop_test(tc, other_engines_do_with_it_what_they_do_without_sessions, 0, OTHERS);
    tcase_add_loop_test(tc, syn_to_a_termination_is_heard_either_way, 0, 2);
    tcase_add_test(tc, flag_without_sessions_is_refused);
    suite_add_tcase(s, tc);
    return check_run(s);
}
