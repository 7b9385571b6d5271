/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of a session's machine, cell by cell. */
#include "rendezvous/machine.h"

#include "check_main.h"
#include "engine/engine.h"
#include "meeting.h"
#include "rendezvous/actions.h"

static meeting m;

START_TEST(cell_is_written)
{
    for (unsigned e = 0; e < MPCI_MEET_EVENT_COUNT; e++) {
        const mpci_meet_cell *c = mpci_meet_cell_at((unsigned)_i, e);

        ck_assert_ptr_nonnull(c);
        ck_assert_msg(c->action != NULL, "%s x %s is empty",
                      mpconn_session_state_name((unsigned)_i), mpci_meet_event_name(e));
        ck_assert_uint_lt(c->next, MPCI_MEET_STATE_COUNT);
        ck_assert_ptr_nonnull(c->action_name);
        if (c->action == mpci_meet_absent) /* what cannot happen changes nothing */
            ck_assert_uint_eq(c->next, (unsigned)_i);
    }
}
END_TEST

START_TEST(names_are_those_of_the_list)
{
    ck_assert_str_eq(mpci_meet_event_name(MPCI_MEET_NOTHING), "NOTHING");
    ck_assert_str_eq(mpci_meet_event_name(MPCI_MEET_DECIDED), "DECIDED");
    ck_assert_ptr_null(mpci_meet_event_name(MPCI_MEET_EVENT_COUNT));
    ck_assert_ptr_null(mpci_meet_cell_at(MPCI_MEET_STATE_COUNT, 0));
    ck_assert_ptr_null(mpci_meet_cell_at(0, MPCI_MEET_EVENT_COUNT));
}
END_TEST

/* Every state but the one in which a connection stands has a way out that needs no packet. */
START_TEST(state_ends_by_time_alone)
{
    static const enum mpci_meet_event by_time[] = {MPCI_MEET_STALE, MPCI_MEET_EMPTY,
                                                   MPCI_MEET_UNPROVED, MPCI_MEET_ENDED};
    unsigned s = (unsigned)_i;

    for (unsigned steps = 0; s != MPCONN_SESSION_IDLE; steps++) {
        unsigned before = s;

        for (unsigned i = 0; i < sizeof by_time / sizeof by_time[0] && s == before; i++)
            s = mpci_meet_cell_at(s, by_time[i])->next;
        ck_assert_msg(s != before, "%s does not end", mpconn_session_state_name(s));
        ck_assert_uint_lt(steps, MPCI_MEET_STATE_COUNT);
    }
}
END_TEST

static int needs_packet(unsigned event)
{
    return event >= MPCI_MEET_SYN && event <= MPCI_MEET_MOVED;
}

/* As far as packets lead there. */
static void bring_to(unsigned state, meeting_client *a, meeting_client *b)
{
    meeting_open_default(&m);
    *a = meeting_client_of(&m, 0, 1, 40001);
    *b = meeting_client_of(&m, 1, 1, 40002);
    if (state != MPCONN_SESSION_IDLE)
        meeting_syn(&m, a);
    if (state == MPCONN_SESSION_CONFLICT) {
        meeting_client rival = meeting_client_of(&m, 0, 2, 40003);

        meeting_syn(&m, &rival);
    }
    if (state >= MPCONN_SESSION_ANSWERED)
        meeting_syn(&m, b);
    if (state >= MPCONN_SESSION_HALF)
        meeting_ack(&m, b, a);
    if (state >= MPCONN_SESSION_ESTABLISHED)
        meeting_ack(&m, a, b);
    if (state == MPCONN_SESSION_CLOSING)
        meeting_send(&m, a, MPCI_TCP_RST, a->isn + 1, 0, 0);
    ck_assert_uint_eq(meeting_state(&m), state);
}

/* Any event in any state, however it may have come about: a verdict, or the packet goes on; and a
 * session whose books are in order, as its table takes it back. */
static void run_cell(unsigned state, unsigned event)
{
    meeting_client a, b;
    mpci_syn_options options;
    mpci_view view;
    mpci_step st;
    mpci_visit v = {.n = 1};
    mpconn_pkt pkt = {.cap = BED_ROOM, .verdict = 0xff};
    uint8_t bytes[BED_ROOM];
    bed_segment seg;

    bring_to(state, &a, &b);
    seg = meeting_syn_of(&a);
    pkt.data = bytes;
    pkt.len = (uint32_t)mpci_build_tcp(bytes, sizeof(bytes), &seg.s);
    mpci_view_parse(&view, &pkt);
    ck_assert_uint_eq(mpci_syn_options_parse(&options, &view), 0);
    mpci_step_begin(&st, &pkt, &view, &a.leg);
    v.s = mpci_session_at(&m.b.eng->rendezvous.sessions, 1);
    v.options = &options;
    v.st = needs_packet(event) ? &st : NULL;
    mpci_meet_run(&m.b.eng->rendezvous, &v, (enum mpci_meet_event)event);
    if (v.st != NULL)
        ck_assert_msg(v.goes_on || pkt.verdict <= MPCONN_VERDICT_CONSUMED, "%s x %s: no verdict",
                      mpconn_session_state_name(state), mpci_meet_event_name(event));
    ck_assert_int_eq(mpconn_session_remove(m.b.eng, "m", m.b.now), MPCONN_OK);
    ck_assert_uint_eq(m.b.eng->rendezvous.sessions.used_candidates, 0);
    ck_assert_uint_eq(m.b.eng->rendezvous.sessions.waiting, 0);
    meeting_close(&m);
}

START_TEST(cell_keeps_the_books)
{
    for (unsigned e = 0; e < MPCI_MEET_EVENT_COUNT; e++)
        run_cell((unsigned)_i, e);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("rendezvous_machine");
    TCase *tc = tcase_create("rendezvous_machine");

    tcase_add_loop_test(tc, cell_is_written, 0, MPCI_MEET_STATE_COUNT);
    tcase_add_test(tc, names_are_those_of_the_list);
    tcase_add_loop_test(tc, state_ends_by_time_alone, 0, MPCI_MEET_STATE_COUNT);
    tcase_add_loop_test(tc, cell_keeps_the_books, 0, MPCI_MEET_STATE_COUNT);
    suite_add_tcase(s, tc);
    return check_run(s);
}
