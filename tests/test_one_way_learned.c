/* SPDX-License-Identifier: BSD-2-Clause */
/* What link-layer members learn of ways, and what they ask others to say. */
#include "one_way_bed.h"

#include <stdlib.h>

#include "base/byteorder.h"
#include "echo/say.h"
#include "packet/checksum.h"

static mpci_echo *echo(unsigned i)
{
    return &at(i)->eng->echo;
}

/* Whom a member tells of a connection. */
static uint32_t told(unsigned i, const bed_conn *c)
{
    mpci_echo *e = echo(i);

    return mpci_path_find(e->paths, &e->core->table_key, &c->tuple, e->core->now);
}

/* --- hints --- */

START_TEST(way_that_an_echo_showed_is_a_hint_and_one_that_was_used_is_not)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000);

    start(2);
    mpci_echo_told_path(echo(A), &c.tuple, MPCI_PATH_HERE, net.at[B].id);
    ck_assert_uint_eq(told(A, &c), net.at[B].id);
    ck_assert_int_eq(way_of(A, &c), MPCI_WAY_ECHO);
    mpci_echo_told_path(echo(A), &c.tuple, MPCI_PATH_SAID, net.at[B].id);
    ck_assert_int_eq(way_of(A, &c), MPCI_WAY_MEMBER);
    sync_bed_close(&net);
}
END_TEST

static mpci_paths paths;
static const mpci_sipkey key = {{3, 4}};

/* Of another network, remembered in the place of this one. */
static mpconn_tuple rival_of(const mpconn_tuple *t)
{
    mpconn_tuple r = *t;
    uint64_t place = mpci_path_hash(&key, t) % MPCI_PATHS;

    do {
        r.client.bytes[2]++;
        if (r.client.bytes[2] == 0)
            r.client.bytes[1]++;
    } while (mpci_path_hash(&key, &r) % MPCI_PATHS != place);
    return r;
}

START_TEST(hint_takes_the_place_of_an_older_hint_of_that_way_only)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000);
    const mpconn_tuple *t = &c.tuple, rival = rival_of(t);

    memset(&paths, 0, sizeof paths);
    mpci_path_hint(&paths, &key, t, B, 5); /* what is empty is not young */
    ck_assert_uint_eq(mpci_path_find(&paths, &key, t, 5), B);
    mpci_path_hint(&paths, &key, &rival, C, 6);
    ck_assert_uint_eq(mpci_path_find(&paths, &key, t, 6), B);
    mpci_path_hint(&paths, &key, t, C, 7);
    ck_assert_uint_eq(mpci_path_find(&paths, &key, t, 7), C);
    mpci_path_learn(&paths, &key, t, B, 8);
    mpci_path_hint(&paths, &key, t, C, 9);
    ck_assert_uint_eq(mpci_path_find(&paths, &key, t, 9), B);
    ck_assert_uint_eq(mpci_path_find_young(&paths, &key, t, 10, 9), B);
    mpci_path_hint(&paths, &key, t, C, 1000 * MPCONN_SECOND);
    ck_assert_uint_eq(mpci_path_find(&paths, &key, t, 1000 * MPCONN_SECOND), C);
}
END_TEST

/* Where nothing more can be learned the origin is told all the same. */
START_TEST(origin_is_told_where_there_is_no_room_for_its_way)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000);
    mpconn_tuple other = c.tuple;
    letter l;

    start(2);
    other.server.bytes[3] ^= 1;
    for (unsigned n = 0; n < 65536; n++) {
        mpci_store16(other.client.bytes + 1, (uint16_t)n);
        mpci_returns_saw(&echo(B)->returns, &other, LINK_ONWARD_TO_CLIENT, net.now);
    }
    ck_assert_ptr_null(mpci_returns_show(&echo(B)->returns, &c.tuple, LINK_OF_REPLY, 1, net.now));
    l = echo_of(&c);
    answered_at(B, &c, &l);
    ck_assert_uint_eq(told(A, &c), net.at[B].id);
    sync_bed_close(&net);
}
END_TEST

START_TEST(old_way_gives_room_though_it_was_proved)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000);
    mpci_returns returns = {0};
    mpconn_tuple other = c.tuple;
    mpci_alloc memory;
    const mpconn_allocator host = {0};

    mpci_alloc_init(&memory, &host);
    ck_assert_int_eq(mpci_returns_init(&returns, &memory, &key, MPCI_CACHE_WAYS), MPCONN_OK);
    for (unsigned n = 0; n < MPCI_CACHE_WAYS; n++) {
        other.client.bytes[2] = (uint8_t)(100 + n);
        mpci_returns_saw(&returns, &other, LINK_OF_REPLY, 1000);
    }
    ck_assert_ptr_null(mpci_returns_show(&returns, &c.tuple, LINK_OF_REPLY, 1, 1001));
    ck_assert_ptr_nonnull(mpci_returns_show(&returns, &c.tuple, LINK_OF_REPLY, 1,
                                            1000 + MPCI_RETURN_LASTS_NS));
    mpci_returns_fini(&returns, &memory);
}
END_TEST

/* E35 */
START_TEST(E35_syn_ack_that_passes_by_policy_teaches_no_way)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000);
    bed_segment seg = bed_syn_ack_seg(&c);

    start(1);
    at(A)->eng->split.unknown_policy = MPCONN_UNKNOWN_PASS;
    bed_in(at(A), SERVER, &seg);
    ck_assert_uint_eq(at(A)->pkt.verdict, MPCONN_VERDICT_FORWARD);
    ck_assert_ptr_null(mpci_returns_find(&echo(A)->returns, &c.tuple, net.now));
    sync_bed_close(&net);
}
END_TEST

START_TEST(syn_ack_of_a_connection_that_passed_unsplit_teaches_the_way)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000);
    bed_segment seg = bed_syn_ack_seg(&c);

    start(1);
    at(A)->admit = MPCONN_ADMIT_TRACK;
    syn(A, &c);
    expect(A, MPCONN_VERDICT_FORWARD, MPCONN_REASON_SYN_TRACKED);
    bed_in(at(A), SERVER, &seg);
    expect(A, MPCONN_VERDICT_FORWARD, MPCONN_REASON_TRACKED);
    ck_assert_uint_eq(mpci_returns_find(&echo(A)->returns, &c.tuple, net.now)->link,
                      LINK_ONWARD_TO_CLIENT);
    sync_bed_close(&net);
}
END_TEST

/* Its handshake is remembered where it is answered: there the proof needs no cookie. */
START_TEST(second_client_of_a_way_that_leads_onward_here_is_carried)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000), d = conn_of(MPCONN_FAMILY_IPV4, 4001);

    start(1);
    connect_by(A, &c);
    bed_syn(at(A), &d);
    expect(A, MPCONN_VERDICT_FORWARD, MPCONN_REASON_SYN_ANSWERED);
    proof(&d);
    settle(A, &d);
    carried(A, CLIENT, &d);
    sync_bed_close(&net);
}
END_TEST

/* --- echoes that came back --- */

START_TEST(reply_from_the_clients_side_does_not_use_up_its_number)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000);
    letter l;

    start(2);
    l = echo_of(&c);
    give(B, CLIENT, &l, LINK_ONWARD_TO_SERVER);
    expect(B, MPCONN_VERDICT_DROP, MPCONN_REASON_ECHO_STRANGER);
    answered_at(B, &c, &l);
    sync_bed_close(&net);
}
END_TEST

/* What it says of its own progress stays as it was at the last tick. */
START_TEST(judging_a_reply_does_not_move_what_echoes_say)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000), d = conn_of(MPCONN_FAMILY_IPV4, 4001);
    letter l, m;
    uint64_t before;

    start(2);
    l = echo_of(&c);
    m = echo_of(&d);
    before = echo(B)->progress;
    answered_at(B, &c, &l); /* tells the origin */
    ck_assert_uint_gt(at(B)->eng->sync.sequence, before);
    answered_at(B, &d, &m);
    ck_assert_uint_eq(echo(B)->progress, before);
    sync_bed_close(&net);
}
END_TEST

/* Longer than any echo of a member, with the checksum that is right. */
static void lengthen(letter *l)
{
    enum { LONGER = 900 };

    memset(l->bytes + l->len, 0, LONGER - l->len);
    l->len = LONGER;
    mpci_store16(l->bytes + 2, LONGER);
    mpci_store16(l->bytes + 10, 0);
    mpci_store16(l->bytes + 10, (uint16_t)~mpci_csum_fold(mpci_csum_add(0, l->bytes, 20)));
    mpci_store16(l->bytes + 22, 0);
    mpci_store16(l->bytes + 22,
                 (uint16_t)~mpci_csum_fold(mpci_csum_add(0, l->bytes + 20, LONGER - 20)));
}

START_TEST(F4_what_is_longer_than_an_echo_of_a_member_is_not_opened)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000);
    letter l;

    start(2);
    l = echo_of(&c);
    lengthen(&l);
    give(B, SERVER, &l, LINK_OF_REPLY);
    expect(B, MPCONN_VERDICT_FORWARD, MPCONN_REASON_NOT_TCP);
    sync_bed_close(&net);
}
END_TEST

START_TEST(old_key_opens_no_echo_when_its_time_is_over)
{
    static const uint8_t other_key[16] = {9, 9, 9};
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000);
    letter l;

    start(2);
    l = echo_of(&c);
    ck_assert_int_eq(mpconn_engine_set_key(at(B)->eng, other_key, sizeof other_key, at(B)->now),
                     MPCONN_OK);
    at(B)->eng->sync.old_key_until = at(B)->now;
    give(B, SERVER, &l, LINK_OF_REPLY);
    expect(B, MPCONN_VERDICT_FORWARD, MPCONN_REASON_ECHO_FORGED);
    sync_bed_close(&net);
}
END_TEST

/* RFC 9293 3.10.7.1: a RST acknowledges what the SYN bore, also where that was cut off. */
START_TEST(RST_for_a_short_echo_acknowledges_the_data_of_its_SYN)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000);
    bed_segment seg = bed_syn_seg(&c);
    uint32_t whole = 0;
    mpci_view v;
    letter l;

    start(2);
    at(A)->admit = MPCONN_ADMIT_RESET;
    seg.payload = 10;
    for (unsigned i = 0; i < 3; i++) { /* the third is short */
        whole = at(A)->pkt.len;
        bed_in(at(A), CLIENT, &seg);
        expect(A, MPCONN_VERDICT_FORWARD, MPCONN_REASON_ECHO_SENT);
    }
    l = reply_to(at(A));
    ck_assert_uint_lt(l.len, whole);
    give(B, SERVER, &l, LINK_OF_REPLY);
    expect(B, MPCONN_VERDICT_FORWARD, MPCONN_REASON_ECHO_REFUSED);
    bed_view(at(B), &v, NULL);
    ck_assert_uint_eq(v.flags, MPCI_TCP_RST | MPCI_TCP_ACK);
    ck_assert_uint_eq(v.ack, c.x + 1 + seg.payload);
    sync_bed_close(&net);
}
END_TEST

/* Only its head was handed in. */
START_TEST(syn_that_is_not_all_there_passes_unsplit)
{
    enum { PAYLOAD = 100 };
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000);
    bed_segment seg = bed_syn_seg(&c);
    mpconn_pkt_ext ext = {.struct_size = sizeof ext};
    bed *b;

    start(2);
    b = at(A);
    memset(&b->pkt, 0, sizeof b->pkt);
    b->pkt.data = b->bytes;
    b->pkt.len = (uint32_t)mpci_build_tcp(b->bytes, sizeof b->bytes, &seg.s);
    b->pkt.cap = sizeof b->bytes;
    b->pkt.side = CLIENT;
    b->pkt.link = LINK_ONWARD_TO_SERVER;
    b->pkt.flags = MPCONN_PKT_F_HEAD_ONLY;
    b->pkt.ext = &ext;
    ext.total_len = b->pkt.len + PAYLOAD;
    mpci_store16(b->bytes + 2, (uint16_t)ext.total_len);
    mpci_store16(b->bytes + 10, 0);
    mpci_store16(b->bytes + 10, (uint16_t)~mpci_csum_fold(mpci_csum_add(0, b->bytes, 20)));
    bed_in_again(b, &b->pkt);
    expect(A, MPCONN_VERDICT_FORWARD, MPCONN_REASON_SYN_TRACKED);
    ck_assert_uint_eq(counted(A, MPCONN_REASON_RETURN_UNSPLIT), 1);
    sync_bed_close(&net);
}
END_TEST

/* --- what others are asked --- */

/* A packet that a member has made for the server of a connection: was it said? */
static int made_for_server(unsigned i, const bed_conn *c, unsigned flags)
{
    bed_segment seg = bed_seg(&c->tuple, SERVER, flags, c->x + 1, c->z + 1);
    mpconn_pkt pkt = {.data = at(i)->bytes, .cap = sizeof at(i)->bytes, .side = SERVER};
    unsigned before = counted(i, MPCONN_REASON_RETURN_SAID);

    pkt.len = (uint32_t)mpci_build_tcp(pkt.data, sizeof at(i)->bytes, &seg.s);
    ck_assert_int_eq(mpci_elsewhere_made(at(i)->eng, &pkt), 0);
    mpci_sync_flush(&at(i)->eng->sync);
    sync_carry(&net);
    return counted(i, MPCONN_REASON_RETURN_SAID) != before;
}

/* This member saw the client, and does not know by which link any more: another one may. */
START_TEST(others_are_told_what_this_one_cannot_say_to_a_server)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000);

    start(2);
    mpci_returns_show(&echo(A)->returns, &c.tuple, LINK_OF_REPLY, net.at[A].id, net.now);
    mpci_returns_saw(&echo(A)->returns, &c.tuple, LINK_OF_REPLY, net.now);
    ck_assert_int_eq(made_for_server(A, &c, MPCI_TCP_ACK), 1);
    ck_assert_uint_eq(counted(B, MPCONN_REASON_RETURN_UNKNOWN), 1); /* it has heard of it */
    sync_bed_close(&net);
}
END_TEST

/* Strangers can draw those, one for one. */
START_TEST(RSTs_that_others_are_to_send_have_a_budget)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000);

    start(2);
    echo(A)->rate = 4; /* one at a moment */
    ck_assert_int_eq(made_for_server(A, &c, MPCI_TCP_RST | MPCI_TCP_ACK), 1);
    ck_assert_int_eq(made_for_server(A, &c, MPCI_TCP_RST | MPCI_TCP_ACK), 0);
    ck_assert_int_eq(made_for_server(A, &c, MPCI_TCP_ACK), 1);
    sync_bed_close(&net);
}
END_TEST

/* The way to a server says nothing of the way to its clients. */
START_TEST(what_was_said_to_a_server_shows_no_way_to_the_client)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000);
    mpci_record r;
    bed_segment seg;
    mpconn_pkt pkt = {.cap = sizeof at(B)->bytes, .side = SERVER};

    start(2);
    connect_by(B, &c);
    seg = bed_seg(&c.tuple, SERVER, MPCI_TCP_ACK, c.x + 1, c.z + 1);
    pkt.data = at(B)->bytes;
    pkt.len = (uint32_t)mpci_build_tcp(pkt.data, sizeof at(B)->bytes, &seg.s);
    ck_assert_int_eq(mpci_say_make(&r, &pkt), 1);
    r.flags |= MPCI_SAY_ASKS;
    mpci_elsewhere_told(at(A)->eng, &r, net.at[B].id);
    ck_assert_uint_eq(counted(A, MPCONN_REASON_RETURN_SENT), 1);
    mpci_sync_flush(&at(A)->eng->sync);
    sync_carry(&net);
    ck_assert_uint_ne(told(B, &c), net.at[A].id);
    sync_bed_close(&net);
}
END_TEST

/* A SYN that is denied: the RST is said to all, but nobody is asked whether there is a way. */
START_TEST(only_who_is_to_answer_a_SYN_is_asked_for_a_way)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000);
    bed_segment seg = bed_syn_seg(&c);

    start(2);
    at(A)->admit = MPCONN_ADMIT_RESET;
    seg.payload = 230; /* too long to be kept */
    bed_in(at(A), CLIENT, &seg);
    expect(A, MPCONN_VERDICT_CONSUMED, MPCONN_REASON_RETURN_ASKED);
    ck_assert_ptr_null(mpci_servers_find(&echo(A)->servers, &c.tuple));
    sync_bed_close(&net);
}
END_TEST

/* Who was not asked, for want of budget, has not been asked in vain. */
START_TEST(others_are_not_asked_in_vain_when_the_budget_is_spent)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000);
    mpci_server *s;

    start(2);
    for (unsigned i = 0; i < 3; i++) {
        (void)echo_of(&c);
        sync_pass(&net, MPCONN_SECOND / 2 + 1);
    }
    s = mpci_servers_find(&echo(A)->servers, &c.tuple);
    echo(A)->rate = 4; /* one at a moment */
    mpci_budget_spend(&echo(A)->say, 4, net.now);
    syn(A, &c);
    expect(A, MPCONN_VERDICT_DROP, MPCONN_REASON_ECHO_BUDGET);
    ck_assert_uint_eq(s->asked, 0);
    sync_bed_close(&net);
}
END_TEST

/* A flood of SYNs to servers that nobody has must not push out those that are known. */
START_TEST(server_takes_no_place_when_the_budget_of_all_is_spent)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000), d = conn_of(MPCONN_FAMILY_IPV4, 4001);

    start(2);
    echo(A)->rate = 4; /* one at a moment */
    (void)echo_of(&c);
    d.tuple.server.bytes[3] ^= 1;
    syn(A, &d);
    expect(A, MPCONN_VERDICT_DROP, MPCONN_REASON_ECHO_BUDGET);
    ck_assert_ptr_null(mpci_servers_find(&echo(A)->servers, &d.tuple));
    sync_bed_close(&net);
}
END_TEST

int main(void)
{
    return CHECK_MAIN(
        "one way learned", way_that_an_echo_showed_is_a_hint_and_one_that_was_used_is_not,
        hint_takes_the_place_of_an_older_hint_of_that_way_only,
        origin_is_told_where_there_is_no_room_for_its_way, old_way_gives_room_though_it_was_proved,
        E35_syn_ack_that_passes_by_policy_teaches_no_way,
        syn_ack_of_a_connection_that_passed_unsplit_teaches_the_way,
        second_client_of_a_way_that_leads_onward_here_is_carried,
        reply_from_the_clients_side_does_not_use_up_its_number,
        judging_a_reply_does_not_move_what_echoes_say,
        F4_what_is_longer_than_an_echo_of_a_member_is_not_opened,
        old_key_opens_no_echo_when_its_time_is_over,
        RST_for_a_short_echo_acknowledges_the_data_of_its_SYN,
        syn_that_is_not_all_there_passes_unsplit,
        others_are_told_what_this_one_cannot_say_to_a_server,
        RSTs_that_others_are_to_send_have_a_budget,
        what_was_said_to_a_server_shows_no_way_to_the_client,
        only_who_is_to_answer_a_SYN_is_asked_for_a_way,
        others_are_not_asked_in_vain_when_the_budget_is_spent,
        server_takes_no_place_when_the_budget_of_all_is_spent);
}
