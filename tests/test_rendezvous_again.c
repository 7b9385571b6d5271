/* SPDX-License-Identifier: BSD-2-Clause */
/* The next connection of a session whose second client is called: it answers on the leg that it had
 * in the one before. */
#include "check_main.h"

#include "meeting.h"

static meeting m;
static meeting_client a, b;

static void begin(unsigned role, unsigned caller)
{
    mpconn_session_config config;
    mpconn_termination *t;

    meeting_config(&config, MPCONN_FAMILY_IPV4, MPCONN_FAMILY_IPV4);
    config.role = (uint8_t)role;
    m.config = config;
    a = meeting_client_of(&m, caller, 1, 40001);
    b = meeting_client_of(&m, caller ^ 1, 1, 40002);
    t = &config.termination[b.side];
    t->expect = b.side == MPCONN_SIDE_CLIENT ? b.leg.client : b.leg.server;
    t->expect_port = 40002;
    t->expect_prefix = 32;
    meeting_open(&m, &config);
}

static void connect_and_close(void)
{
    bed_segment answer = meeting_syn_of(&b);

    meeting_syn(&m, &a);
    answer.s.flags |= MPCI_TCP_ACK;
    answer.s.ack = a.isn + 1;
    answer.s.tsecr = a.tsval;
    bed_in(&m.b, b.side, &answer);
    meeting_ack(&m, &a, &b);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_ESTABLISHED);
    meeting_send(&m, &a, MPCI_TCP_FIN | MPCI_TCP_ACK, a.isn + 1, b.isn + 1, 0);
    meeting_send(&m, &b, MPCI_TCP_FIN | MPCI_TCP_ACK, b.isn + 1, a.isn + 2, 0);
    meeting_send(&m, &a, MPCI_TCP_ACK, a.isn + 2, b.isn + 2, 0);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_CLOSING);
    while (m.b.n_out > 0)
        (void)bed_take(&m.b);
}

/* The loop: bit 0 says who calls, the rest is the role. */
START_TEST(called_one_that_refuses_the_next_call_is_heard)
{
    begin((unsigned)_i >> 1, (unsigned)_i & 1);
    connect_and_close();
    a = meeting_client_of(&m, a.side, 1, 40003);
    a.isn += 1000000;
    meeting_syn(&m, &a);
    (void)bed_take(&m.b);
    meeting_send(&m, &b, MPCI_TCP_RST | MPCI_TCP_ACK, 0, a.isn + 1, 0);
    ck_assert_uint_eq(m.b.pkt.reason, MPCONN_REASON_SESSION_REJECTED);
    meeting_reset(&m, &a, 0, a.isn + 1);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_IDLE);
    meeting_close(&m);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("rendezvous_again");
    TCase *tc = tcase_create("rendezvous_again");

    tcase_add_loop_test(tc, called_one_that_refuses_the_next_call_is_heard, 2 * MPCONN_ROLE_TRACK,
                        2 * MPCONN_ROLE_REVERSE + 2);
    suite_add_tcase(s, tc);
    return check_run(s);
}
