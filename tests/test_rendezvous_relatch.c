/* SPDX-License-Identifier: BSD-2-Clause */
/* A client of a connection that stands comes from another source, and somebody else tries to look
 * like one. */
#include "check_main.h"

#include "meeting.h"

static meeting m;
static meeting_client client[2];   /* by side */
static meeting_client moved;       /* the one of `side`, elsewhere */
static uint32_t said[2];           /* bytes that each of them has sent */

enum { ANOTHER_CLIENT = 9, ANOTHER_PORT = 51234, WINDOW = 500 };

static void begin_with(const mpconn_session_config *config, unsigned side, uint32_t isn0,
                       uint32_t isn1)
{
    meeting_open(&m, config);
    for (unsigned i = 0; i < 2; i++) {
        client[i] = meeting_client_of(&m, i, 1, (uint16_t)(40001 + i));
        client[i].isn = i == 0 ? isn0 : isn1;
        client[i].wscale = MPCONN_WSCALE_NONE;
        said[i] = 0;
    }
    meeting_join(&m, &client[0], &client[1]);
    m.b.n_events = 0;
    moved = meeting_client_of(&m, side, ANOTHER_CLIENT, ANOTHER_PORT);
    moved.isn = client[side].isn;
}

static void config_of(mpconn_session_config *config, unsigned family0, unsigned family1)
{
    meeting_config(config, family0, family1);
    config->termination[0].latch = config->termination[1].latch = MPCONN_LATCH_RELATCH;
}

static void begin_side(unsigned side)
{
    mpconn_session_config config;

    config_of(&config, MPCONN_FAMILY_IPV4, MPCONN_FAMILY_IPV4);
    begin_with(&config, side, 0x10009c41, 0x20009c42);
}

/* `from` says some more, as the client of its side. */
static void go_on(const meeting_client *from, const meeting_client *to, uint32_t payload)
{
    unsigned side = from->side;

    meeting_carry(&m, from, to, 1 + said[side], 1 + said[side ^ 1], payload);
    said[side] += payload;
}

/* What comes from there is refused, and nothing has changed. */
static void refused(unsigned flags, uint32_t seq, uint32_t ack, uint32_t payload, unsigned reason)
{
    unsigned side = moved.side;
    mpconn_session before = meeting_session(&m), after;

    meeting_send(&m, &moved, flags, seq, ack, payload);
    meeting_silent(&m, MPCONN_VERDICT_DROP, reason);
    after = meeting_session(&m);
    ck_assert_uint_eq(after.remote_port[side], client[side].side == 0
                                                   ? client[side].leg.client_port
                                                   : client[side].leg.server_port);
    ck_assert_uint_eq(after.stats[side].refused, before.stats[side].refused + 1);
    ck_assert_uint_eq(after.stats[side].relatched, before.stats[side].relatched);
    ck_assert_uint_eq(m.b.n_events, 0);
}

/* The same of a segment whose numbers are `seq` and `ack` beyond the next ones. */
static void misses(int32_t seq, int32_t ack, uint32_t payload)
{
    unsigned side = moved.side;

    refused(MPCI_TCP_ACK, moved.isn + 1 + said[side] + (uint32_t)seq,
            client[side ^ 1].isn + 1 + said[side ^ 1] + (uint32_t)ack, payload,
            MPCONN_REASON_RELATCH_REFUSED);
}

static void passes(void)
{
    bed_pass(&m.b, 1100 * MPCONN_MILLISECOND);
}

static const mpconn_addr *address_of(const meeting_client *c)
{
    return c->side == 0 ? &c->leg.client : &c->leg.server;
}

/* The flow left one name and took the other: what its host keeps follows. */
static void host_is_told(uint64_t flow)
{
    unsigned side = moved.side;

    ck_assert_uint_eq(m.b.n_events, 2);
    for (unsigned i = 0; i < 2; i++) {
        const meeting_client *shown = i == 0 ? &client[side] : &moved;

        ck_assert_uint_eq(m.b.events[i].type, i == 0 ? MPCONN_EVENT_ENDED : MPCONN_EVENT_SETTLED);
        ck_assert_uint_eq(m.b.events[i].reason, MPCONN_REASON_SESSION_RELATCHED);
        ck_assert_uint_eq(m.b.events[i].flow, flow);
        ck_assert_mem_eq(&m.b.deltas[i].tuple[side], &shown->leg, sizeof(shown->leg));
        ck_assert_mem_eq(&m.b.deltas[i].tuple[side ^ 1], &client[side ^ 1].leg,
                         sizeof(shown->leg));
        ck_assert_mem_eq(&m.b.events[i].tuple, &m.b.deltas[i].tuple[0], sizeof(mpconn_tuple));
    }
    m.b.n_events = 0;
}

/* The client of that side comes from elsewhere with its next bytes, and is believed. */
static void relatches(void)
{
    unsigned side = moved.side;
    mpconn_session before = meeting_session(&m), after;
    const mpconn_session_event *ev;

    go_on(&moved, &client[side ^ 1], 100);
    after = meeting_session(&m);
    ck_assert_uint_eq(after.remote_port[side], side == 0 ? moved.leg.client_port
                                                         : moved.leg.server_port);
    ck_assert_mem_eq(&after.remote[side], address_of(&moved), sizeof(mpconn_addr));
    ck_assert_uint_eq(after.stats[side].relatched, before.stats[side].relatched + 1);
    ck_assert_uint_eq(after.stats[side].packets_in, before.stats[side].packets_in + 1);
    ck_assert_uint_eq(after.flow, before.flow);
    ck_assert_uint_eq(after.state, MPCONN_SESSION_ESTABLISHED);
    host_is_told(before.flow);
    if (m.events[0].type == MPCONN_SESSION_EVENT_REFUSED) /* it was a stranger before */
        (void)meeting_event(&m, MPCONN_SESSION_EVENT_REFUSED, MPCONN_REASON_SESSION_STRANGER);
    ev = meeting_event(&m, MPCONN_SESSION_EVENT_RELATCHED, MPCONN_REASON_SESSION_RELATCHED);
    ck_assert_uint_eq(ev->termination, side);
    ck_assert_uint_eq(ev->remote_port, after.remote_port[side]);
    ck_assert_mem_eq(&ev->remote, address_of(&moved), sizeof(ev->remote));
    ck_assert_uint_eq(m.n_events, 0);
}

/* Where it was is where it is not any more. */
static void swap_places(void)
{
    meeting_client was = client[moved.side];

    client[moved.side] = moved;
    moved = was;
}

static void check_move(unsigned side, unsigned family0, unsigned family1, uint32_t isn0,
                       uint32_t isn1)
{
    mpconn_session_config config;

    config_of(&config, family0, family1);
    begin_with(&config, side, isn0, isn1);
    for (unsigned i = 0; i < 4; i++) {
        go_on(&client[0], &client[1], 70);
        go_on(&client[1], &client[0], 90);
    }
    passes();
    relatches();
    swap_places();
    for (unsigned i = 0; i < 4; i++) {
        go_on(&client[0], &client[1], 70);
        go_on(&client[1], &client[0], 90);
    }
    meeting_close(&m);
}

enum { ISN0 = 0x10009c41, ISN1 = 0x20009c42 };

START_TEST(client_of_either_termination_moves_to_another_address_and_port)
{
    for (unsigned side = 0; side < 2; side++)
        check_move(side, MPCONN_FAMILY_IPV4, MPCONN_FAMILY_IPV4, ISN0, ISN1);
}
END_TEST

START_TEST(client_of_either_termination_moves_with_ipv6)
{
    for (unsigned side = 0; side < 2; side++)
        check_move(side, MPCONN_FAMILY_IPV6, MPCONN_FAMILY_IPV6, ISN0, ISN1);
}
END_TEST

START_TEST(R24_client_moves_in_a_session_of_both_ip_versions)
{
    for (unsigned side = 0; side < 2; side++)
        check_move(side, MPCONN_FAMILY_IPV4, MPCONN_FAMILY_IPV6, ISN0, ISN1);
}
END_TEST

START_TEST(R23_client_moves_where_the_numbers_of_both_wrap_around)
{
    for (unsigned side = 0; side < 2; side++)
        check_move(side, MPCONN_FAMILY_IPV4, MPCONN_FAMILY_IPV4, UINT32_MAX - 300,
                   UINT32_MAX - 370);
}
END_TEST

/* The last number that fits in each direction, and the first that does not. */
START_TEST(R21_sequence_number_beyond_the_window_does_not_move_the_client)
{
    begin_side(0);
    go_on(&client[0], &client[1], 100);
    go_on(&client[1], &client[0], 100); /* allows 500 more */
    passes();
    misses(64001, 0, 1);   /* its SYN allowed more */
    misses(-65537, 0, 0);
    passes();
    meeting_send(&m, &moved, MPCI_TCP_ACK, moved.isn + 1 + 100 - 65536, client[1].isn + 101, 0);
    ck_assert_uint_eq(m.b.pkt.verdict, MPCONN_VERDICT_FORWARD);
    ck_assert_uint_eq(meeting_session(&m).stats[0].relatched, 1);
    meeting_close(&m);
}
END_TEST

START_TEST(R21_acknowledgment_outside_the_window_does_not_move_the_client)
{
    for (unsigned side = 0; side < 2; side++) {
        begin_side(side);
        go_on(&client[0], &client[1], 100);
        go_on(&client[1], &client[0], 100);
        passes();
        misses(0, 1, 0); /* never sent */
        misses(0, -65537, 0);
        passes();
        m.n_events = 0;
        relatches();
        meeting_close(&m);
    }
}
END_TEST

START_TEST(R21_only_a_whole_segment_with_an_acknowledgment_moves_the_client)
{
    uint32_t seq, ack;

    begin_side(1);
    passes();
    seq = moved.isn + 1;
    ack = client[0].isn + 1;
    refused(MPCI_TCP_RST, seq, 0, 0, MPCONN_REASON_SESSION_STRANGER);
    refused(MPCI_TCP_RST | MPCI_TCP_ACK, seq, ack, 0, MPCONN_REASON_SESSION_STRANGER);
    refused(MPCI_TCP_SYN | MPCI_TCP_ACK, seq, ack, 0, MPCONN_REASON_SESSION_STRANGER);
    relatches();
    meeting_close(&m);
}
END_TEST

START_TEST(wrong_checksum_does_not_move_the_client)
{
    uint8_t *checksum = &m.b.bytes[20 + 16];

    begin_side(0);
    misses(0, 0, 100); /* too early */
    passes();
    *checksum ^= 1;
    bed_in_again(&m.b, &m.b.pkt);
    meeting_silent(&m, MPCONN_VERDICT_DROP, MPCONN_REASON_BAD_TCP_CHECKSUM);
    ck_assert_uint_eq(meeting_session(&m).stats[0].relatched, 0);
    *checksum ^= 1;
    bed_in_again(&m.b, &m.b.pkt);
    ck_assert_uint_eq(m.b.pkt.verdict, MPCONN_VERDICT_FORWARD);
    ck_assert_uint_eq(meeting_session(&m).stats[0].relatched, 1);
    meeting_close(&m);
}
END_TEST

START_TEST(client_that_is_heard_where_it_was_has_not_moved)
{
    for (unsigned side = 0; side < 2; side++) {
        begin_side(side);
        for (unsigned i = 0; i < 5; i++) {
            go_on(&client[side], &client[side ^ 1], 100);
            bed_pass(&m.b, 980 * MPCONN_MILLISECOND);
            go_on(&client[side ^ 1], &client[side], 100); /* which does not count */
            misses(0, 0, 100);
        }
        ck_assert_uint_eq(m.n_events, 0); /* it may be on its way */
        bed_pass(&m.b, 40 * MPCONN_MILLISECOND);
        relatches();
        meeting_close(&m);
    }
}
END_TEST

START_TEST(silence_that_the_controller_asks_for_is_waited_for)
{
    mpconn_session_config config;

    config_of(&config, MPCONN_FAMILY_IPV4, MPCONN_FAMILY_IPV4);
    config.relatch_ms = 5000;
    begin_with(&config, 0, ISN0, ISN1);
    bed_pass(&m.b, 4900 * MPCONN_MILLISECOND);
    misses(0, 0, 10);
    bed_pass(&m.b, 200 * MPCONN_MILLISECOND);
    relatches();
    meeting_close(&m);
}
END_TEST

START_TEST(client_of_a_termination_that_is_latched_for_good_does_not_move)
{
    mpconn_session_config config;

    config_of(&config, MPCONN_FAMILY_IPV4, MPCONN_FAMILY_IPV4);
    config.termination[0].latch = MPCONN_LATCH_ON; /* the other one's may */
    begin_with(&config, 0, ISN0, ISN1);
    passes();
    refused(MPCI_TCP_ACK, moved.isn + 1, client[1].isn + 1, 10, MPCONN_REASON_SESSION_STRANGER);
    moved = meeting_client_of(&m, 1, ANOTHER_CLIENT, ANOTHER_PORT);
    moved.isn = client[1].isn;
    relatches();
    meeting_close(&m);
}
END_TEST

/* Bound to one address the client may have another port; the address is not its to choose. */
START_TEST(client_does_not_move_to_where_it_is_not_expected)
{
    mpconn_session_config config;

    config_of(&config, MPCONN_FAMILY_IPV4, MPCONN_FAMILY_IPV4);
    meeting_open(&m, &config);
    config.termination[1].expect = *address_of(&(meeting_client){
        .side = 1, .leg = meeting_client_of(&m, 1, 1, 1).leg});
    config.termination[1].expect_prefix = 32;
    meeting_close(&m);
    begin_with(&config, 1, ISN0, ISN1);
    passes();
    refused(MPCI_TCP_ACK, moved.isn + 1, client[0].isn + 1, 10, MPCONN_REASON_SESSION_STRANGER);
    moved = meeting_client_of(&m, 1, 1, ANOTHER_PORT);
    moved.isn = client[1].isn;
    relatches();
    meeting_close(&m);
}
END_TEST

START_TEST(client_that_has_moved_is_a_stranger_where_it_was_and_may_come_back)
{
    for (unsigned side = 0; side < 2; side++) {
        begin_side(side);
        passes();
        relatches();
        swap_places();
        misses(0, 0, 100); /* it was heard where it is */
        bed_pass(&m.b, 900 * MPCONN_MILLISECOND);
        go_on(&client[side ^ 1], &client[side], 100);
        misses(0, 0, 100);
        passes();
        relatches();
        swap_places();
        go_on(&client[side ^ 1], &client[side], 100);
        go_on(&client[side], &client[side ^ 1], 100);
        meeting_close(&m);
    }
}
END_TEST

START_TEST(client_moves_once_in_a_second_at_most)
{
    mpconn_session_config config;

    config_of(&config, MPCONN_FAMILY_IPV4, MPCONN_FAMILY_IPV4);
    config.relatch_ms = 1;
    begin_with(&config, 0, ISN0, ISN1);
    bed_pass(&m.b, 10 * MPCONN_MILLISECOND);
    relatches();
    swap_places();
    for (unsigned i = 0; i < 9; i++) {
        bed_pass(&m.b, 100 * MPCONN_MILLISECOND);
        misses(0, 0, 100);
    }
    bed_pass(&m.b, 150 * MPCONN_MILLISECOND);
    relatches();
    meeting_close(&m);
}
END_TEST

/* Guesses are cut short, and reported once a second. */
START_TEST(R21_few_guesses_are_looked_at_in_a_second)
{
    begin_side(0);
    passes();
    for (unsigned second = 0; second < 3; second++) {
        for (unsigned i = 0; i < 8; i++)
            misses(1000000 + (int32_t)i, 0, 10);
        ck_assert_uint_eq(meeting_event(&m, MPCONN_SESSION_EVENT_REFUSED,
                                        MPCONN_REASON_RELATCH_REFUSED)->remote_port,
                          ANOTHER_PORT);
        misses(0, 0, 10); /* would have been right */
        ck_assert_uint_eq(m.n_events, 0);
        passes();
    }
    relatches();
    meeting_close(&m);
}
END_TEST

START_TEST(client_does_not_move_before_both_have_acknowledged_nor_after_the_end)
{
    begin_side(0);
    meeting_send(&m, &client[0], MPCI_TCP_RST, client[0].isn + 1, 0, 0);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_CLOSING);
    passes();
    refused(MPCI_TCP_ACK, moved.isn + 1, client[1].isn + 1, 10, MPCONN_REASON_SESSION_STRANGER);
    meeting_close(&m);

    begin_side(0);
    client[0].isn += 1000;
    client[1].isn += 1000;
    moved.isn += 1000;
    ck_assert_int_eq(mpconn_session_remove(m.b.eng, "m", m.b.now), MPCONN_OK);
    m.b.n_out = 0;
    ck_assert_int_eq(mpconn_session_add(m.b.eng, &m.config, m.b.now), MPCONN_OK);
    meeting_pair(&m, &client[0], &client[1]);
    meeting_ack(&m, &client[1], &client[0]);
    ck_assert_uint_eq(meeting_state(&m), MPCONN_SESSION_HALF);
    passes();
    m.b.n_events = 0;
    refused(MPCI_TCP_ACK, moved.isn + 1, client[1].isn + 1, 0, MPCONN_REASON_SESSION_STRANGER);
    meeting_close(&m);
}
END_TEST

/* The end of a connection that has moved is found where it is. */
START_TEST(connection_that_has_moved_ends_as_any_other)
{
    for (unsigned side = 0; side < 2; side++) {
        begin_side(side);
        passes();
        relatches();
        swap_places();
        meeting_send(&m, &client[0], MPCI_TCP_FIN | MPCI_TCP_ACK, client[0].isn + 1 + said[0],
                     client[1].isn + 1 + said[1], 0);
        meeting_send(&m, &client[1], MPCI_TCP_FIN | MPCI_TCP_ACK, client[1].isn + 1 + said[1],
                     client[0].isn + 2 + said[0], 0);
        meeting_send(&m, &client[0], MPCI_TCP_ACK, client[0].isn + 2 + said[0],
                     client[1].isn + 2 + said[1], 0);
        ck_assert_uint_eq(m.b.pkt.verdict, MPCONN_VERDICT_FORWARD);
        (void)meeting_event(&m, MPCONN_SESSION_EVENT_CLOSED, MPCONN_REASON_FLOW_CLOSED);
        client[0].isn += 1000000;
        client[1].isn += 1000000;
        meeting_join(&m, &client[0], &client[1]);
        meeting_close(&m);
    }
}
END_TEST

START_TEST(host_that_kills_a_connection_that_has_moved_resets_both_where_they_are)
{
    mpconn_flow_filter f;
    size_t n;

    for (unsigned side = 0; side < 2; side++) {
        begin_side(side);
        passes();
        relatches();
        swap_places();
        MPCONN_STRUCT_INIT(&f);
        f.id = meeting_session(&m).flow;
        ck_assert_int_eq(mpconn_engine_kill(m.b.eng, &f, &n, m.b.now), MPCONN_OK);
        ck_assert_uint_eq(n, 1);
        meeting_reset(&m, &client[0], client[1].isn + 1 + said[1], client[0].isn + 1 + said[0]);
        meeting_reset(&m, &client[1], client[0].isn + 1 + said[0], client[1].isn + 1 + said[1]);
        meeting_close(&m);
    }
}
END_TEST

int main(void)
{
    return CHECK_MAIN(
        "rendezvous_relatch", client_of_either_termination_moves_to_another_address_and_port,
        client_of_either_termination_moves_with_ipv6,
        R24_client_moves_in_a_session_of_both_ip_versions,
        R23_client_moves_where_the_numbers_of_both_wrap_around,
        R21_sequence_number_beyond_the_window_does_not_move_the_client,
        R21_acknowledgment_outside_the_window_does_not_move_the_client,
        R21_only_a_whole_segment_with_an_acknowledgment_moves_the_client,
        wrong_checksum_does_not_move_the_client, client_that_is_heard_where_it_was_has_not_moved,
        silence_that_the_controller_asks_for_is_waited_for,
        client_of_a_termination_that_is_latched_for_good_does_not_move,
        client_does_not_move_to_where_it_is_not_expected,
        client_that_has_moved_is_a_stranger_where_it_was_and_may_come_back,
        client_moves_once_in_a_second_at_most, R21_few_guesses_are_looked_at_in_a_second,
        client_does_not_move_before_both_have_acknowledged_nor_after_the_end,
        connection_that_has_moved_ends_as_any_other,
        host_that_kills_a_connection_that_has_moved_resets_both_where_they_are);
}
