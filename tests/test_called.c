/* SPDX-License-Identifier: BSD-2-Clause */
/* What is sent to a termination is of its session and its side, whatever side the host says: TCP,
 * ICMP errors, fragments. Nothing else is. */
#include "check_main.h"
#include "fragmenting.h"
#include "icmp_about.h"
#include "meeting.h"

enum { ACK = MPCI_TCP_ACK, PIECE = 480, PAYLOAD = 900 };

static meeting m;
static meeting_client a, b;

static void setup(void)
{
    meeting_open_default(&m);
    a = meeting_client_of(&m, 0, 1, 40001);
    b = meeting_client_of(&m, 1, 1, 40002);
}

static void teardown(void)
{
    meeting_close(&m);
}

static bed_segment data_of(const meeting_client *c, const meeting_client *other, uint32_t n)
{
    bed_segment seg = bed_seg(&c->leg, c->side ^ 1, ACK, c->isn + 1, other->isn + 1);

    seg.payload = n;
    return seg;
}

static void assert_went(unsigned side, unsigned reason)
{
    ck_assert_msg(m.b.pkt.reason == reason, "%s instead of %s",
                  mpconn_reason_name(m.b.pkt.reason), mpconn_reason_name(reason));
    ck_assert_uint_eq(m.b.pkt.verdict, MPCONN_VERDICT_FORWARD);
    ck_assert_uint_eq(m.b.pkt.side, side);
}

START_TEST(clients_are_joined_whatever_side_the_host_says)
{
    const meeting_client *client[2] = {&a, &b};
    unsigned wrong = (unsigned)_i;

    for (unsigned side = 0; side < 2; side++) {
        bed_segment syn = meeting_syn_of(client[side]);

        bed_in(&m.b, side ^ wrong, &syn);
    }
    m.b.n_out = 0;
    for (unsigned side = 0; side < 2; side++) {
        bed_segment ack = data_of(client[side], client[side ^ 1], 0);

        bed_in(&m.b, side ^ wrong, &ack);
    }
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_ESTABLISHED);
    for (unsigned side = 0; side < 2; side++) {
        bed_segment seg = data_of(client[side], client[side ^ 1], 10);

        bed_in(&m.b, side ^ wrong, &seg);
        assert_went(side ^ 1, MPCONN_REASON_TRANSLATED);
    }
}
END_TEST

START_TEST(other_port_address_or_zone_is_no_termination)
{
    mpconn_tuple *t = &a.leg;
    mpconn_session s;

    switch (_i) {
    case 0:
        t->server_port++;
        break;
    case 1:
        t->server.bytes[3] ^= 0x40;
        break;
    default:
        t->zone = 3;
        break;
    }
    meeting_send(&m, &a, ACK, a.isn + 1, 1, 0);
    ck_assert_uint_ne(m.b.pkt.reason, MPCONN_REASON_SESSION_EARLY);
    s = meeting_session(&m);
    ck_assert_uint_eq(s.stats[0].refused, 0);
    a = meeting_client_of(&m, 0, 1, 40001); /* the same to the termination */
    meeting_send(&m, &a, ACK, a.isn + 1, 1, 0);
    ck_assert_uint_eq(m.b.pkt.reason, MPCONN_REASON_SESSION_EARLY);
    s = meeting_session(&m);
    ck_assert_uint_eq(s.stats[0].refused, 1);
}
END_TEST

/* A router on the way to `to` complains about a segment of the other client. */
static void complain(const meeting_client *from, const meeting_client *to, unsigned side)
{
    bed_segment seg = bed_seg(&to->leg, to->side, ACK, from->isn + 1, to->isn + 1);
    icmp_about e;

    seg.payload = 100;
    e = icmp_about_segment(&seg, 3, 1, 500);
    bed_bytes(&m.b, side, e.bytes, e.len, NULL, NULL);
}

START_TEST(error_about_what_a_termination_sent_comes_from_its_side)
{
    meeting_join(&m, &a, &b);
    meeting_carry(&m, &a, &b, 1, 1, 100);
    meeting_carry(&m, &b, &a, 1, 101, 100);
    complain(&a, &b, (unsigned)_i);
    assert_went(a.side, MPCONN_REASON_ERROR_TRANSLATED);
    complain(&b, &a, (unsigned)_i);
    assert_went(b.side, MPCONN_REASON_ERROR_TRANSLATED);
}
END_TEST

static raw whole_of(const meeting_client *c, const meeting_client *other)
{
    bed_segment seg = data_of(c, other, PAYLOAD);
    raw r = {.l4 = 20};

    r.len = (uint32_t)bed_build(r.bytes, sizeof r.bytes, &seg);
    return r;
}

START_TEST(later_fragment_is_of_the_side_its_first_one_came_from)
{
    const meeting_client *client[2] = {&a, &b};
    raw parts[FRAGMENTS_MAX], whole;

    meeting_join(&m, &a, &b);
    for (unsigned side = 0; side < 2; side++) {
        whole = whole_of(client[side], client[side ^ 1]);
        ck_assert_uint_eq(fragment_cut(parts, &whole, PIECE), 2);
        bed_raw(&m.b, (unsigned)_i, &parts[0]);
        assert_went(side ^ 1, MPCONN_REASON_FRAGMENT_TRANSLATED);
        bed_raw(&m.b, (unsigned)_i, &parts[1]);
        assert_went(side ^ 1, MPCONN_REASON_FRAGMENT_MAPPED);
        ck_assert_mem_eq(m.b.pkt.data + 16,
                         side == 0 ? b.leg.server.bytes : a.leg.client.bytes, 4);
    }
}
END_TEST

START_TEST(wrong_checksum_neither_calls_nor_proves)
{
    bed_segment seg = meeting_syn_of(&a);
    uint8_t bytes[256];
    size_t len = bed_build(bytes, sizeof bytes, &seg);

    bytes[37] ^= 1;
    bed_bytes(&m.b, 0, bytes, len, NULL, NULL);
    ck_assert_uint_eq(m.b.pkt.reason, MPCONN_REASON_BAD_TCP_CHECKSUM);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_IDLE);
    meeting_pair(&m, &a, &b);
    seg = data_of(&a, &b, 0);
    len = bed_build(bytes, sizeof bytes, &seg);
    bytes[37] ^= 1;
    bed_bytes(&m.b, 0, bytes, len, NULL, NULL);
    ck_assert_uint_eq(m.b.pkt.reason, MPCONN_REASON_BAD_TCP_CHECKSUM);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_ANSWERED);
}
END_TEST

START_TEST(sessions_are_looked_at_while_somebody_waits_and_not_longer)
{
    ck_assert_uint_eq(mpconn_engine_next_expiry(m.b.eng), MPCONN_TIME_NEVER);
    meeting_syn(&m, &a);
    ck_assert_uint_le(mpconn_engine_next_expiry(m.b.eng), m.b.now + MPCONN_SECOND);
    bed_pass(&m.b, 200 * MPCONN_SECOND);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_IDLE);
    ck_assert_uint_eq(mpconn_engine_next_expiry(m.b.eng), MPCONN_TIME_NEVER);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("called");
    TCase *tc = tcase_create("called");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, clients_are_joined_whatever_side_the_host_says, 0, 2);
    tcase_add_loop_test(tc, other_port_address_or_zone_is_no_termination, 0, 3);
    tcase_add_loop_test(tc, error_about_what_a_termination_sent_comes_from_its_side, 0, 2);
    tcase_add_loop_test(tc, later_fragment_is_of_the_side_its_first_one_came_from, 0, 2);
    tcase_add_test(tc, wrong_checksum_neither_calls_nor_proves);
    tcase_add_test(tc, sessions_are_looked_at_while_somebody_waits_and_not_longer);
    suite_add_tcase(suite, tc);
    return check_run(suite);
}
