/* SPDX-License-Identifier: BSD-2-Clause */
/* The stateless tier as a host sees it: nothing here looks inside the library. */
#include "check_main.h"
#include "other_family.h"
#include "slow_translate.h"

#include <mpconn/delta.h>
#include <mpconn/error.h>

enum { C = MPCONN_SIDE_CLIENT, S = MPCONN_SIDE_SERVER };

/* The legs behind the design's vectors: x=0x11111111 y=0xfffffff0 z=0x10, TSproxy=0xf000,
 * TS_S=0x80001000. */
static mpconn_leg client_leg(void)
{
    mpconn_leg leg;

    memset(&leg, 0, sizeof leg);
    leg.tuple.family = MPCONN_FAMILY_IPV4;
    memcpy(leg.tuple.client.bytes, "\300\0\2\12", 4);
    memcpy(leg.tuple.server.bytes, "\306\63\144\24", 4);
    leg.tuple.client_port = 40000;
    leg.tuple.server_port = 80;
    leg.client_isn = 0x11111111;
    leg.server_isn = 0xfffffff0;
    leg.client_ts = 0x22220000;
    leg.server_ts = 0xf000;
    leg.client_mss = 1460;
    leg.server_mss = 1460;
    leg.client_wscale = 7;
    leg.server_wscale = 7;
    leg.flags = MPCONN_LEG_F_SACK | MPCONN_LEG_F_TIMESTAMPS | MPCONN_LEG_F_ECN;
    return leg;
}

static mpconn_leg server_leg(void)
{
    mpconn_leg leg = client_leg();

    leg.server_isn = 0x10;
    leg.server_ts = 0x80001000;
    return leg;
}

static mpconn_delta computed(const mpconn_leg *client, const mpconn_leg *server)
{
    mpconn_delta d;

    memset(&d, 0xa5, sizeof d);
    ck_assert_int_eq(mpconn_delta_compute(&d, client, server), MPCONN_OK);
    return d;
}

START_TEST(delta_of_the_designs_legs_has_the_designs_numbers)
{
    mpconn_leg client = client_leg(), server = server_leg();
    mpconn_delta d = computed(&client, &server), want;

    memset(&want, 0, sizeof want);
    want.client_isn = 0x11111111;
    want.known = MPCONN_DELTA_K_ALL;
    want.seq[S] = 0x20;
    want.ts[S] = 0x7fff2000;
    memset(want.wscale_in, 7, 2);
    memset(want.wscale_out, 7, 2);
    ck_assert_mem_eq(&d, &want, sizeof d);
}
END_TEST

START_TEST(delta_of_equal_legs_changes_nothing)
{
    mpconn_leg client = client_leg();
    mpconn_delta d = computed(&client, &client);
    raw r, before;
    mpconn_pkt pkt;

    raw_tcp(&r, MPCONN_FAMILY_IPV4, 0x10, "\1\1\10\12abcdefgh", 12, 9);
    before = r;
    for (int from = C; from <= S; from++) {
        pkt = raw_pkt(&r);
        ck_assert_int_eq(mpconn_delta_apply(&d, from, &pkt), MPCONN_OK);
        ck_assert_mem_eq(r.bytes, before.bytes, before.len);
    }
}
END_TEST

START_TEST(what_is_reserved_in_a_leg_is_not_read)
{
    static const uint8_t zeros[sizeof(((mpconn_delta *)0)->reserved)];
    mpconn_leg client, server;
    mpconn_delta with, without;

    memset(&client, 0, sizeof client);
    client.tuple.family = MPCONN_FAMILY_IPV4;
    client.client_wscale = client.server_wscale = MPCONN_WSCALE_NONE;
    server = client;
    ck_assert_int_eq(mpconn_delta_compute(&without, &client, &server), MPCONN_OK);
    memset(client.reserved, 0xff, sizeof client.reserved);
    memset(&with, 0xff, sizeof with);
    ck_assert_int_eq(mpconn_delta_compute(&with, &client, &server), MPCONN_OK);
    ck_assert_mem_eq(&with, &without, sizeof with);
    ck_assert_mem_eq(with.reserved, zeros, sizeof zeros);
}
END_TEST

START_TEST(both_streams_and_clocks_have_an_offset_of_their_own)
{
    mpconn_leg client = client_leg(), server = client;
    mpconn_delta d;

    server.client_isn -= 1;
    server.server_isn += 2;
    server.client_ts += 3;
    server.server_ts -= 4;
    d = computed(&client, &server);
    ck_assert_uint_eq(d.client_isn, client.client_isn);
    ck_assert_uint_eq(d.seq[C], 0xffffffff);
    ck_assert_uint_eq(d.seq[S], 2);
    ck_assert_uint_eq(d.ts[C], 3);
    ck_assert_uint_eq(d.ts[S], 0xfffffffc);
}
END_TEST

START_TEST(E33_clocks_have_no_offset_unless_both_legs_have_timestamps)
{
    for (unsigned bits = 0; bits < 4; bits++) {
        mpconn_leg client = client_leg(), server = server_leg();
        mpconn_delta d;
        unsigned strip = bits == 1   ? MPCONN_DELTA_F_STRIP_TS_TO_SERVER
                         : bits == 2 ? MPCONN_DELTA_F_STRIP_TS_TO_CLIENT
                                     : 0;

        client.flags = bits & 1 ? MPCONN_LEG_F_TIMESTAMPS : 0;
        server.flags = bits & 2 ? MPCONN_LEG_F_TIMESTAMPS : 0;
        d = computed(&client, &server);
        ck_assert_uint_eq(d.ts[S], bits == 3 ? 0x7fff2000 : 0);
        ck_assert_uint_eq(d.flags, strip);
    }
}
END_TEST

START_TEST(sack_of_one_leg_alone_is_stripped)
{
    mpconn_leg client = client_leg(), server = server_leg();
    mpconn_delta d;

    client.flags = MPCONN_LEG_F_SACK;
    server.flags = 0;
    d = computed(&client, &server);
    ck_assert_uint_eq(d.flags, MPCONN_DELTA_F_STRIP_SACK_TO_SERVER);
    d = computed(&server, &client);
    ck_assert_uint_eq(d.flags, MPCONN_DELTA_F_STRIP_SACK_TO_CLIENT);
}
END_TEST

START_TEST(windows_are_not_scaled_on_a_leg_where_one_end_has_no_scale)
{
    mpconn_leg client = client_leg(), server = server_leg();
    mpconn_delta d;

    client.client_wscale = 10;
    server.client_wscale = 10;
    server.server_wscale = MPCONN_WSCALE_NONE;
    d = computed(&client, &server);
    ck_assert_uint_eq(d.wscale_in[C], 10);
    ck_assert_uint_eq(d.wscale_out[C], 0);
    ck_assert_uint_eq(d.wscale_in[S], 0);
    ck_assert_uint_eq(d.wscale_out[S], 7);
}
END_TEST

START_TEST(other_addresses_or_ports_are_carried_and_other_zones_are_not)
{
    for (unsigned i = 0; i < 6; i++) {
        mpconn_leg client = client_leg(), server = server_leg();
        mpconn_delta d;

        server.tuple.client.bytes[3] ^= i == 1;
        server.tuple.server.bytes[0] ^= i == 2;
        server.tuple.client_port ^= i == 3;
        server.tuple.server_port ^= i == 4;
        server.tuple.zone ^= i == 5;
        d = computed(&client, &server);
        ck_assert_int_eq((d.flags & MPCONN_DELTA_F_TUPLE) != 0, i >= 1 && i <= 4);
        if (d.flags & MPCONN_DELTA_F_TUPLE) {
            ck_assert_mem_eq(&d.tuple[C], &client.tuple, sizeof client.tuple);
            ck_assert_mem_eq(&d.tuple[S], &server.tuple, sizeof server.tuple);
        }
    }
}
END_TEST

START_TEST(legs_of_two_ip_versions_have_a_delta)
{
    mpconn_leg client = client_leg(), server = server_leg();
    mpconn_delta d;

    server.tuple.family = MPCONN_FAMILY_IPV6;
    d = computed(&client, &server);
    ck_assert(d.flags & MPCONN_DELTA_F_TUPLE);
}
END_TEST

static void compute_is_refused(const mpconn_leg *client, const mpconn_leg *server)
{
    mpconn_delta d, before;

    memset(&d, 0xa5, sizeof d);
    before = d;
    ck_assert_int_eq(mpconn_delta_compute(&d, client, server), MPCONN_ERR_INVAL);
    ck_assert_mem_eq(&d, &before, sizeof d);
}

START_TEST(E41_compute_refuses_what_is_out_of_range_and_changes_nothing)
{
    mpconn_leg good = client_leg(), bad[6];

    for (unsigned i = 0; i < 6; i++)
        bad[i] = good;
    bad[0].client_wscale = 16;
    bad[1].server_wscale = 255;
    bad[2].tuple.family = MPCONN_FAMILY_NONE;
    bad[3].tuple.family = 5;
    bad[4].client_wscale = 255;
    bad[5].server_wscale = 16;
    for (unsigned i = 0; i < 6; i++) {
        compute_is_refused(&good, &bad[i]);
        compute_is_refused(&bad[i], &good);
    }
    compute_is_refused(NULL, &good);
    compute_is_refused(&good, NULL);
    ck_assert_int_eq(mpconn_delta_compute(NULL, &good, &good), MPCONN_ERR_INVAL);
}
END_TEST

static mpconn_delta design_delta(void)
{
    mpconn_leg client = client_leg(), server = server_leg();

    return computed(&client, &server);
}

static void apply_is_refused(const mpconn_delta *d, int from, mpconn_pkt pkt, int err)
{
    uint8_t *copy = malloc(pkt.len + 1);

    memcpy(copy, pkt.data, pkt.len);
    ck_assert_int_eq(mpconn_delta_apply(d, from, &pkt), err);
    ck_assert_mem_eq(pkt.data, copy, pkt.len);
    free(copy);
}

START_TEST(E41_apply_refuses_bad_arguments)
{
    mpconn_delta d = design_delta();
    mpconn_pkt none = {0};
    raw r;

    raw_tcp(&r, MPCONN_FAMILY_IPV4, 0x10, NULL, 0, 1);
    ck_assert_int_eq(mpconn_delta_apply(&d, C, NULL), MPCONN_ERR_INVAL);
    ck_assert_int_eq(mpconn_delta_apply(&d, C, &none), MPCONN_ERR_INVAL);
    apply_is_refused(NULL, C, raw_pkt(&r), MPCONN_ERR_INVAL);
    apply_is_refused(&d, -1, raw_pkt(&r), MPCONN_ERR_INVAL);
    apply_is_refused(&d, 2, raw_pkt(&r), MPCONN_ERR_INVAL);
    d.wscale_out[C] = 15;
    apply_is_refused(&d, C, raw_pkt(&r), MPCONN_ERR_INVAL);
}
END_TEST

START_TEST(apply_refuses_every_cut_of_the_headers)
{
    mpconn_delta d = design_delta();
    raw r;

    for (unsigned family = 4; family <= 6; family += 2) {
        raw_tcp(&r, family, 0x10, "\1\1\10\12abcdefgh", 12, 0);
        for (uint32_t len = 0; len < r.len; len++) {
            uint8_t *room = malloc(len + 1);
            mpconn_pkt pkt = {.data = room, .len = len, .cap = len};

            memcpy(room, r.bytes, len);
            apply_is_refused(&d, S, pkt, MPCONN_ERR_TRUNCATED);
            free(room);
        }
    }
}
END_TEST

/* Whoever translates by hand may well do so on its own machine. */
START_TEST(apply_does_not_judge_addresses_and_ports)
{
    mpconn_delta d = design_delta();
    raw r;
    mpconn_pkt pkt;

    raw_tcp(&r, MPCONN_FAMILY_IPV4, 0x10, NULL, 0, 5);
    poke32(r.bytes + 12, 0x7f000001);
    poke32(r.bytes + 16, 0x7f000001);
    poke16(r.bytes + r.l4, 0);
    raw_seal(&r);
    pkt = raw_pkt(&r);
    ck_assert_int_eq(mpconn_delta_apply(&d, C, &pkt), MPCONN_OK);
}
END_TEST

START_TEST(apply_refuses_headers_that_contradict_themselves)
{
    mpconn_delta d = design_delta();
    raw r;

    raw_tcp(&r, MPCONN_FAMILY_IPV4, 0x10, NULL, 0, 1);
    r.bytes[r.l4 + 12] = 0x40;
    apply_is_refused(&d, S, raw_pkt(&r), MPCONN_ERR_MALFORMED);
    raw_tcp(&r, MPCONN_FAMILY_IPV4, 0x10, NULL, 0, 1);
    r.bytes[0] = 0x44;
    apply_is_refused(&d, S, raw_pkt(&r), MPCONN_ERR_MALFORMED);
    raw_tcp(&r, MPCONN_FAMILY_IPV4, 0x02, "\1\1\1\10", 4, 0); /* E03 on a SYN */
    apply_is_refused(&d, C, raw_pkt(&r), MPCONN_ERR_MALFORMED);
}
END_TEST

START_TEST(apply_refuses_what_is_no_whole_segment)
{
    mpconn_delta d = design_delta();
    raw r;

    raw_tcp(&r, MPCONN_FAMILY_IPV4, 0x10, NULL, 0, 1);
    r.bytes[9] = 17;
    apply_is_refused(&d, S, raw_pkt(&r), MPCONN_ERR_UNSUPPORTED);
    raw_tcp(&r, MPCONN_FAMILY_IPV4, 0x10, NULL, 0, 16);
    poke16(r.bytes + 6, 100);
    apply_is_refused(&d, S, raw_pkt(&r), MPCONN_ERR_UNSUPPORTED);
    poke16(r.bytes + 6, 0x2000); /* a first fragment of 36 bytes */
    apply_is_refused(&d, S, raw_pkt(&r), MPCONN_ERR_MALFORMED);
    r.bytes[32] = 0xa0; /* its header takes 40 */
    apply_is_refused(&d, S, raw_pkt(&r), MPCONN_ERR_UNSUPPORTED);
}
END_TEST

/* Of a later one nothing changes, see above. */
START_TEST(apply_carries_a_first_fragment_like_a_segment)
{
    mpconn_delta d = design_delta();
    mpconn_pkt pkt;
    raw whole, r;

    raw_tcp(&whole, MPCONN_FAMILY_IPV4, 0x10, NULL, 0, 12);
    r = whole;
    poke16(r.bytes + 6, 0x2000);
    pkt = raw_pkt(&whole);
    ck_assert_int_eq(mpconn_delta_apply(&d, S, &pkt), MPCONN_OK);
    pkt = raw_pkt(&r);
    ck_assert_int_eq(mpconn_delta_apply(&d, S, &pkt), MPCONN_OK);
    ck_assert_mem_eq(r.bytes + 20, whole.bytes + 20, whole.len - 20);
}
END_TEST

START_TEST(apply_refuses_a_segment_of_another_ip_version_than_the_leg)
{
    mpconn_delta d = design_delta();
    raw r;

    raw_tcp(&r, MPCONN_FAMILY_IPV4, 0x10, NULL, 0, 1);
    d.flags |= MPCONN_DELTA_F_TUPLE;
    d.tuple[C].family = MPCONN_FAMILY_IPV4;
    d.tuple[S].family = MPCONN_FAMILY_IPV6;
    apply_is_refused(&d, S, raw_pkt(&r), MPCONN_ERR_UNSUPPORTED); /* not of that leg */
    d.tuple[S].family = 5;
    apply_is_refused(&d, C, raw_pkt(&r), MPCONN_ERR_UNSUPPORTED);
    d.tuple[C].family = MPCONN_FAMILY_IPV6;
    apply_is_refused(&d, C, raw_pkt(&r), MPCONN_ERR_UNSUPPORTED);
}
END_TEST

static mpconn_delta delta_between_versions(void)
{
    mpconn_leg client = client_leg(), server = server_leg();

    server.tuple.family = MPCONN_FAMILY_IPV6;
    memcpy(server.tuple.client.bytes, "\0\144\377\233\0\0\0\0\0\0\0\0\300\0\2\12", 16);
    memcpy(server.tuple.server.bytes, "\40\1\15\270\0\0\0\0\0\0\0\0\0\0\0\5", 16);
    server.tuple.server_port = 8080;
    return computed(&client, &server);
}

/* Numbers, options, ports, addresses and version, in one call; and back. */
START_TEST(apply_carries_a_segment_into_the_other_ip_version_and_back)
{
    mpconn_delta d = delta_between_versions(), numbers = d;
    uint8_t buffer[RAW_MAX];
    mpconn_pkt pkt;
    raw in, want;

    numbers.flags &= (uint8_t)~MPCONN_DELTA_F_TUPLE;
    raw_tcp(&in, MPCONN_FAMILY_IPV4, 0x10, "\1\1\10\12abcdefgh\1\1\5\12abcdefgh", 24, 1300);
    memcpy(in.bytes + 12, d.tuple[C].client.bytes, 4);
    memcpy(in.bytes + 16, d.tuple[C].server.bytes, 4);
    poke16(in.bytes + in.l4 + 2, 80);
    raw_seal(&in);
    want = in;
    slow_translate(&want, &numbers, C, 0);
    want = other_tcp(&want, &d.tuple[S], C);
    memcpy(buffer + 20, in.bytes, in.len);
    pkt = (mpconn_pkt){.data = buffer + 20, .len = in.len, .cap = in.len, .headroom = 20};
    ck_assert_int_eq(mpconn_delta_apply(&d, C, &pkt), MPCONN_OK);
    ck_assert_ptr_eq(pkt.data, buffer);
    ck_assert_uint_eq(pkt.len, want.len);
    ck_assert_uint_eq(pkt.cap, want.len);
    ck_assert_uint_eq(pkt.headroom, 0);
    ck_assert_mem_eq(pkt.data, want.bytes, want.len);

    numbers.seq[S] = 0 - numbers.seq[S]; /* the way back of a segment of the client */
    d.seq[S] = numbers.seq[S];
    d.ts[S] = 0 - d.ts[S];
    d.tuple[C] = d.tuple[S];
    d.tuple[S] = client_leg().tuple;
    ck_assert_int_eq(mpconn_delta_apply(&d, C, &pkt), MPCONN_OK);
    ck_assert_ptr_eq(pkt.data, buffer + 20);
    ck_assert_uint_eq(pkt.headroom, 20);
    ck_assert_uint_eq(pkt.len, in.len);
    ck_assert_mem_eq(pkt.data, in.bytes, in.len);
}
END_TEST

START_TEST(apply_refuses_what_the_other_ip_version_has_no_room_or_word_for)
{
    mpconn_delta d = delta_between_versions();
    mpconn_pkt pkt;
    raw r;

    raw_tcp(&r, MPCONN_FAMILY_IPV4, 0x10, NULL, 0, 1);
    pkt = raw_pkt(&r);
    pkt.cap = r.len + 19;
    pkt.headroom = 0;
    apply_is_refused(&d, C, pkt, MPCONN_ERR_NOSPACE);
    pkt.cap = r.len - 1;
    apply_is_refused(&d, C, pkt, MPCONN_ERR_INVAL);
    raw_insert_headers(&r, (const uint8_t *)"\203\7\4abcd", 8, 0); /* a source route */
    apply_is_refused(&d, C, raw_pkt(&r), MPCONN_ERR_UNSUPPORTED);
}
END_TEST

START_TEST(E30_apply_refuses_a_checksum_the_host_knows_is_wrong)
{
    mpconn_delta d = design_delta();
    mpconn_pkt pkt;
    raw r;

    raw_tcp(&r, MPCONN_FAMILY_IPV4, 0x10, NULL, 0, 1);
    pkt = raw_pkt(&r);
    pkt.flags = MPCONN_PKT_F_CSUM_BAD;
    apply_is_refused(&d, S, pkt, MPCONN_ERR_CHECKSUM);
}
END_TEST

START_TEST(apply_reads_only_what_it_says)
{
    mpconn_delta d = design_delta();
    raw plain, odd;
    mpconn_pkt pkt;

    raw_tcp(&plain, MPCONN_FAMILY_IPV4, 0x10, NULL, 0, 1);
    odd = plain;
    pkt = raw_pkt(&plain);
    ck_assert_int_eq(mpconn_delta_apply(&d, S, &pkt), MPCONN_OK);
    pkt = raw_pkt(&odd);
    pkt.cap = 0;
    pkt.side = 77;
    pkt.zone = pkt.link = UINT32_MAX;
    ck_assert_int_eq(mpconn_delta_apply(&d, S, &pkt), MPCONN_OK);
    ck_assert_mem_eq(odd.bytes, plain.bytes, plain.len);
    ck_assert_uint_eq(pkt.side, 77);
}
END_TEST

START_TEST(apply_touches_only_what_the_delta_knows)
{
    for (unsigned known = 0; known <= MPCONN_DELTA_K_ALL; known++) {
        mpconn_delta d;
        raw got, want;
        mpconn_pkt pkt;

        memset(&d, 0, sizeof d);
        d.known = (uint8_t)known;
        d.flags = MPCONN_DELTA_F_TUPLE | MPCONN_DELTA_F_STRIP_SACK_TO_CLIENT;
        d.seq[S] = d.ts[S] = 7;
        d.wscale_in[S] = 3;
        d.tuple[C].family = d.tuple[S].family = MPCONN_FAMILY_IPV4;
        raw_tcp(&got, MPCONN_FAMILY_IPV4, 0x10, "\1\1\10\12abcdefgh\1\1\5\12abcdefgh", 24, 1);
        want = got;
        slow_translate(&want, &d, S, 0);
        pkt = raw_pkt(&got);
        ck_assert_int_eq(mpconn_delta_apply(&d, S, &pkt), MPCONN_OK);
        ck_assert_mem_eq(got.bytes, want.bytes, want.len);
    }
}
END_TEST

int main(void)
{
    return CHECK_MAIN("delta", delta_of_the_designs_legs_has_the_designs_numbers,
                      delta_of_equal_legs_changes_nothing,
                      what_is_reserved_in_a_leg_is_not_read,
                      both_streams_and_clocks_have_an_offset_of_their_own,
                      E33_clocks_have_no_offset_unless_both_legs_have_timestamps,
                      sack_of_one_leg_alone_is_stripped,
                      windows_are_not_scaled_on_a_leg_where_one_end_has_no_scale,
                      other_addresses_or_ports_are_carried_and_other_zones_are_not,
                      legs_of_two_ip_versions_have_a_delta,
                      E41_compute_refuses_what_is_out_of_range_and_changes_nothing,
                      E41_apply_refuses_bad_arguments, apply_refuses_every_cut_of_the_headers,
                      apply_does_not_judge_addresses_and_ports,
                      apply_refuses_headers_that_contradict_themselves,
                      apply_refuses_what_is_no_whole_segment,
                      apply_carries_a_first_fragment_like_a_segment,
                      apply_refuses_a_segment_of_another_ip_version_than_the_leg,
                      apply_carries_a_segment_into_the_other_ip_version_and_back,
                      apply_refuses_what_the_other_ip_version_has_no_room_or_word_for,
                      E30_apply_refuses_a_checksum_the_host_knows_is_wrong,
                      apply_reads_only_what_it_says, apply_touches_only_what_the_delta_knows);
}
