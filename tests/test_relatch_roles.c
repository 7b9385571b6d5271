/* SPDX-License-Identifier: BSD-2-Clause */
/* Sessions of which one client calls and the other one is called, and the one who calls moves. Who
 * is called is expected at one address and port, and so can be nowhere else. */
#include "check_main.h"

#include "meeting.h"

static meeting m;
static meeting_client a, b, moved; /* who calls, who is called; who calls, elsewhere */
static uint32_t said[2];           /* by termination */

enum { VARIANTS = 24 };

/* Bits 0 and 1 of the variant are the families of the terminations, bit 2 says who calls. */
static unsigned role_of(unsigned variant)
{
    return MPCONN_ROLE_FORWARD + variant / 8;
}

static void expect(mpconn_session_config *config, const meeting_client *c)
{
    mpconn_termination *t = &config->termination[c->side];

    t->expect = c->side == 0 ? c->leg.client : c->leg.server;
    t->expect_port = c->side == 0 ? c->leg.client_port : c->leg.server_port;
    t->expect_prefix = t->family == MPCONN_FAMILY_IPV4 ? 32 : 128;
}

static void open_session(unsigned variant, unsigned latch)
{
    static const unsigned family[2] = {MPCONN_FAMILY_IPV4, MPCONN_FAMILY_IPV6};
    mpconn_session_config config;

    meeting_config(&config, family[variant & 1], family[variant >> 1 & 1]);
    config.role = (uint8_t)role_of(variant);
    config.termination[0].latch = config.termination[1].latch = (uint8_t)latch;
    m.config = config;
    a = meeting_client_of(&m, variant >> 2 & 1, 1, 40001);
    b = meeting_client_of(&m, a.side ^ 1, 1, 40002);
    moved = meeting_client_of(&m, a.side, 9, 51234);
    moved.isn = a.isn;
    said[0] = said[1] = 0;
    expect(&config, &b);
    meeting_open(&m, &config);
}

static void join(void)
{
    meeting_syn(&m, &a);
    m.b.n_out = 0;
    meeting_accept(&m, &b, &a);
    m.b.n_out = 0;
    meeting_ack(&m, &a, &b);
    ck_assert_uint_eq(m.b.pkt.verdict, MPCONN_VERDICT_FORWARD);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_ESTABLISHED);
}

static void go_on(const meeting_client *from, const meeting_client *to)
{
    meeting_carry(&m, from, to, 1 + said[from->side], 1 + said[to->side], 100);
    said[from->side] += 100;
}

static unsigned tries_from(const meeting_client *from, const meeting_client *other)
{
    meeting_send(&m, from, MPCI_TCP_ACK, from->isn + 1 + said[from->side],
                 other->isn + 1 + said[other->side], 10);
    return m.b.pkt.reason;
}

START_TEST(client_that_calls_moves_in_every_role)
{
    for (unsigned variant = 0; variant < VARIANTS; variant++) {
        open_session(variant, MPCONN_LATCH_RELATCH);
        join();
        for (unsigned i = 0; i < 3; i++) {
            go_on(&a, &b);
            go_on(&b, &a);
        }
        ck_assert_uint_eq(tries_from(&moved, &b), MPCONN_REASON_RELATCH_REFUSED);
        bed_pass(&m.b, 1100 * MPCONN_MILLISECOND);
        for (unsigned i = 0; i < 3; i++) {
            go_on(&moved, &b);
            go_on(&b, &moved);
        }
        ck_assert_uint_eq(meeting_session(&m).stats[a.side].relatched, 1);
        ck_assert_uint_eq(tries_from(&a, &b), MPCONN_REASON_RELATCH_REFUSED);
        meeting_close(&m);
    }
}
END_TEST

START_TEST(client_that_is_called_does_not_move)
{
    for (unsigned variant = 0; variant < VARIANTS; variant++) {
        meeting_client elsewhere;

        open_session(variant, MPCONN_LATCH_RELATCH);
        join();
        bed_pass(&m.b, 1100 * MPCONN_MILLISECOND);
        elsewhere = meeting_client_of(&m, b.side, 1, 40003);
        elsewhere.isn = b.isn;
        ck_assert_uint_eq(tries_from(&elsewhere, &a), MPCONN_REASON_SESSION_STRANGER);
        meeting_close(&m);
    }
}
END_TEST

START_TEST(client_that_calls_and_is_latched_for_good_does_not_move)
{
    for (unsigned variant = 0; variant < VARIANTS; variant++) {
        open_session(variant, MPCONN_LATCH_ON);
        join();
        bed_pass(&m.b, 1100 * MPCONN_MILLISECOND);
        ck_assert_uint_eq(tries_from(&moved, &b), MPCONN_REASON_SESSION_STRANGER);
        meeting_close(&m);
    }
}
END_TEST

/* With MPCONN_ROLE_FORWARD the connection stands from the SYN on; but there are no numbers yet that
 * only its clients know. */
START_TEST(R21_client_does_not_move_before_the_other_one_has_answered)
{
    for (unsigned variant = 0; variant < VARIANTS; variant++) {
        open_session(variant, MPCONN_LATCH_RELATCH);
        meeting_syn(&m, &a);
        m.b.n_out = 0;
        bed_pass(&m.b, 1100 * MPCONN_MILLISECOND);
        meeting_send(&m, &moved, MPCI_TCP_ACK, a.isn + 1, 1, 0); /* as if b's number were 0 */
        ck_assert_uint_eq(m.b.pkt.verdict, MPCONN_VERDICT_DROP);
        ck_assert_uint_eq(meeting_session(&m).stats[a.side].relatched, 0);
        meeting_close(&m);
    }
}
END_TEST

int main(void)
{
    return CHECK_MAIN("relatch_roles", client_that_calls_moves_in_every_role,
                      client_that_is_called_does_not_move,
                      client_that_calls_and_is_latched_for_good_does_not_move,
                      R21_client_does_not_move_before_the_other_one_has_answered);
}
