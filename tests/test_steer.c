/* SPDX-License-Identifier: BSD-2-Clause */
#include "check_main.h"
#include "packets.h"
#include "seed.h"

#include <mpconn/error.h>

static const unsigned families[] = {MPCONN_FAMILY_IPV4, MPCONN_FAMILY_IPV6};
static const uint8_t key[16] = {9, 8, 7, 6, 5, 4, 3, 2, 1};
static const uint32_t many = 1u << 30; /* engines enough to tell any two flows apart */
static seed_rng rng;

static uint32_t steer_bytes(const uint8_t *bytes, uint32_t len, uint32_t zone, uint32_t n)
{
    uint8_t *exact = malloc(len > 0 ? len : 1);
    mpconn_pkt pkt;
    uint32_t engine = UINT32_MAX;

    memset(&pkt, 0xff, sizeof pkt); /* nothing else is read */
    pkt.data = exact;
    pkt.len = len;
    pkt.zone = zone;
    memcpy(exact, bytes, len);
    HOLDS(mpconn_steer(&engine, &pkt, key, n) == MPCONN_OK);
    HOLDS(engine < n);
    free(exact);
    return engine;
}

static uint32_t steer(const raw *r)
{
    return steer_bytes(r->bytes, r->len, 3, many);
}

static uint8_t *addresses(raw *r)
{
    return r->bytes + (r->bytes[0] >> 4 == 4 ? 12 : 8);
}

/* The packet the other endpoint would send. */
static raw turned(const raw *r)
{
    uint32_t n = r->bytes[0] >> 4 == 4 ? 4 : 16;
    raw back = *r;
    uint8_t *a = addresses(&back);

    memcpy(a, r->bytes + (a - back.bytes) + n, n);
    memcpy(a + n, r->bytes + (a - back.bytes), n);
    memcpy(back.bytes + r->l4, r->bytes + r->l4 + 2, 2);
    memcpy(back.bytes + r->l4 + 2, r->bytes + r->l4, 2);
    return back;
}

static void random_flow(raw *r, unsigned family)
{
    raw_tcp(r, family, 0x10, NULL, 0, 4);
    seed_fill(&rng, addresses(r), family == MPCONN_FAMILY_IPV4 ? 8 : 32);
    seed_fill(&rng, r->bytes + r->l4, 4);
}

/* An ICMP error of a router on the way, about the first `len` bytes of r. */
static raw error_about(const raw *r, uint32_t len)
{
    unsigned family = r->bytes[0] >> 4;
    raw e;

    raw_ip(&e, family, family == MPCONN_FAMILY_IPV4 ? 1 : 58);
    raw_add(&e, family == MPCONN_FAMILY_IPV4 ? "\13\0\0\0\0\0\0\0" : "\3\0\0\0\0\0\0\0", 8);
    raw_add(&e, r->bytes, len);
    addresses(&e)[3] ^= 0x55; /* the router's own address */
    return e;
}

START_TEST(both_directions_go_to_one_engine)
{
    for (int round = 0; round < 500; round++) {
        raw there, back;

        random_flow(&there, families[_i]);
        back = turned(&there);
        ck_assert_uint_eq(steer(&there), steer(&back));
    }
}
END_TEST

START_TEST(flows_that_differ_in_anything_go_their_own_ways)
{
    uint32_t n = families[_i] == MPCONN_FAMILY_IPV4 ? 8 : 32, home;
    raw r;

    random_flow(&r, families[_i]);
    home = steer(&r);
    for (uint32_t bit = 0; bit < n * 8; bit++) {
        addresses(&r)[bit / 8] ^= (uint8_t)(1u << bit % 8);
        ck_assert_uint_ne(steer(&r), home);
        addresses(&r)[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (uint32_t bit = 0; bit < 32; bit++) {
        r.bytes[r.l4 + bit / 8] ^= (uint8_t)(1u << bit % 8);
        ck_assert_uint_ne(steer(&r), home);
        r.bytes[r.l4 + bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    ck_assert_uint_ne(steer_bytes(r.bytes, r.len, 4, many), home);
    r.bytes[r.l4 + 4] ^= 1; /* but not in a sequence number */
    ck_assert_uint_eq(steer(&r), home);
}
END_TEST

/* Address and port belong together: a sum of ends would take these for the same flow. */
START_TEST(flows_with_ports_swapped_alone_are_two)
{
    raw r, swapped;

    random_flow(&r, families[_i]);
    swapped = r;
    memcpy(swapped.bytes + r.l4, r.bytes + r.l4 + 2, 2);
    memcpy(swapped.bytes + r.l4 + 2, r.bytes + r.l4, 2);
    ck_assert_uint_ne(steer(&r), steer(&swapped));
}
END_TEST

START_TEST(icmp_errors_go_where_their_quote_went)
{
    for (int round = 0; round < 100; round++) {
        raw there, back, about;

        random_flow(&there, families[_i]);
        back = turned(&there);
        for (uint32_t len = there.l4 + 4; len <= there.len; len++) { /* 4 bytes do; RFC 792 has 8 */
            about = error_about(&there, len);
            ck_assert_uint_eq(steer(&about), steer(&there));
            about = error_about(&back, len);
            ck_assert_uint_eq(steer(&about), steer(&there));
        }
        about = error_about(&there, there.l4 + 3);
        ck_assert_uint_eq(steer(&about), 0);
    }
}
END_TEST

START_TEST(icmp_that_quotes_nothing_goes_by_its_addresses)
{
    unsigned family = families[_i];
    raw ping, pong;

    raw_ip(&ping, family, family == MPCONN_FAMILY_IPV4 ? 1 : 58);
    pong = ping;
    raw_add(&ping, family == MPCONN_FAMILY_IPV4 ? "\10\0\0\0\1\2\3\4" : "\200\0\0\0\1\2\3\4", 8);
    raw_add(&pong, family == MPCONN_FAMILY_IPV4 ? "\0\0\0\0\5\6\7\10" : "\201\0\0\0\5\6\7\10", 8);
    ck_assert_uint_eq(steer(&ping), steer(&pong));
}
END_TEST

START_TEST(E27_all_fragments_of_a_packet_go_to_one_engine)
{
    static const unsigned fields[] = {0x2000, 0x2001, 0x2010, 0x00ff};
    uint32_t home = 0;

    for (unsigned i = 0; i < 4; i++) {
        raw r;

        raw_tcp(&r, MPCONN_FAMILY_IPV4, 0x10, NULL, 0, 100);
        poke16(r.bytes + 6, fields[i]);
        memset(r.bytes + r.l4, (int)(0x30 + i), 20); /* what stands there is no port */
        if (i == 0)
            home = steer(&r);
        ck_assert_uint_eq(steer(&r), home);
    }
    ck_assert_uint_ne(home, 0);
    for (unsigned i = 0; i < 4; i++) {
        uint8_t fragment[8] = {6, 0, 0, 0, 0, 0, 0, 7};
        raw r, plain;

        raw_tcp(&plain, MPCONN_FAMILY_IPV6, 0x10, NULL, 0, 100);
        raw_ip(&r, MPCONN_FAMILY_IPV6, 44);
        poke16(fragment + 2, i == 0 ? 1 : i * 8 + 1);
        raw_add(&r, fragment, 8);
        raw_add(&r, plain.bytes + 40 + i, 60);
        if (i == 0)
            home = steer(&r);
        ck_assert_uint_eq(steer(&r), home);
    }
}
END_TEST

START_TEST(atomic_fragment_goes_where_its_flow_goes)
{
    uint8_t fragment[8] = {6};
    raw r, plain;

    raw_tcp(&plain, MPCONN_FAMILY_IPV6, 0x10, NULL, 0, 10);
    raw_ip(&r, MPCONN_FAMILY_IPV6, 44);
    raw_add(&r, fragment, 8);
    raw_add(&r, plain.bytes + 40, plain.len - 40);
    ck_assert_uint_eq(steer(&r), steer(&plain));
}
END_TEST

START_TEST(unreadable_packets_go_to_engine_0)
{
    mpconn_pkt nothing = {.data = NULL, .len = 100};
    uint32_t engine = 7;
    raw r;

    raw_tcp(&r, families[_i], 0x10, NULL, 0, 0);
    for (uint32_t len = 0; len < r.l4 + 4; len++)
        ck_assert_uint_eq(steer_bytes(r.bytes, len, 3, many), 0);
    ck_assert_uint_ne(steer_bytes(r.bytes, r.l4 + 4, 3, many), 0);
    ck_assert_int_eq(mpconn_steer(&engine, &nothing, key, 9), MPCONN_OK);
    ck_assert_uint_eq(engine, 0);
}
END_TEST

START_TEST(flows_spread_evenly)
{
    enum { ENGINES = 7, FLOWS = 7000 };
    unsigned hits[ENGINES] = {0};

    for (int i = 0; i < FLOWS; i++) { /* one client, port after port: what a host really sees */
        raw r;

        raw_tcp(&r, families[_i], 0x10, NULL, 0, 0);
        poke16(r.bytes + r.l4, 1024 + (unsigned)i);
        hits[steer_bytes(r.bytes, r.len, 0, ENGINES)]++;
    }
    for (int i = 0; i < ENGINES; i++) {
        ck_assert_uint_gt(hits[i], 850);
        ck_assert_uint_lt(hits[i], 1150);
    }
}
END_TEST

START_TEST(any_number_of_engines_is_kept_to)
{
    static const uint32_t counts[] = {1, 2, 3, 64, 65535, UINT32_MAX};

    for (int round = 0; round < 200; round++) {
        raw r;

        random_flow(&r, families[_i]);
        for (unsigned i = 0; i < 6; i++)
            steer_bytes(r.bytes, r.len, seed_u32(&rng), counts[i]);
    }
}
END_TEST

START_TEST(another_key_gives_another_order)
{
    uint8_t other[16] = {1};
    uint32_t a = 0, b = 0;
    mpconn_pkt pkt;
    raw r;

    random_flow(&r, families[_i]);
    pkt = raw_pkt(&r);
    ck_assert_int_eq(mpconn_steer(&a, &pkt, key, many), MPCONN_OK);
    ck_assert_int_eq(mpconn_steer(&b, &pkt, other, many), MPCONN_OK);
    ck_assert_uint_ne(a, b);
}
END_TEST

START_TEST(E41_missing_arguments_are_refused_and_nothing_is_written)
{
    uint32_t engine = 77;
    mpconn_pkt pkt;
    raw r;

    raw_tcp(&r, families[_i], 0x10, NULL, 0, 0);
    pkt = raw_pkt(&r);
    ck_assert_int_eq(mpconn_steer(NULL, &pkt, key, 4), MPCONN_ERR_INVAL);
    ck_assert_int_eq(mpconn_steer(&engine, NULL, key, 4), MPCONN_ERR_INVAL);
    ck_assert_int_eq(mpconn_steer(&engine, &pkt, NULL, 4), MPCONN_ERR_INVAL);
    ck_assert_int_eq(mpconn_steer(&engine, &pkt, key, 0), MPCONN_ERR_INVAL);
    ck_assert_uint_eq(engine, 77);
}
END_TEST

START_TEST(E26_steering_of_bent_errors_reads_only_what_is_there)
{
    for (int round = 0; round < 20000; round++) {
        raw r, e;

        random_flow(&r, families[_i]);
        e = error_about(&r, seed_below(&rng, r.len + 1));
        for (unsigned n = seed_below(&rng, 4); n > 0; n--)
            e.bytes[seed_below(&rng, e.len)] = seed_u8(&rng);
        steer_bytes(e.bytes, seed_below(&rng, e.len + 1), 0, 16);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("steer");
    TCase *both = tcase_create("both families"), *once = tcase_create("once");

    rng = seed_start();
    tcase_add_loop_test(both, both_directions_go_to_one_engine, 0, 2);
    tcase_add_loop_test(both, flows_that_differ_in_anything_go_their_own_ways, 0, 2);
    tcase_add_loop_test(both, flows_with_ports_swapped_alone_are_two, 0, 2);
    tcase_add_loop_test(both, icmp_errors_go_where_their_quote_went, 0, 2);
    tcase_add_loop_test(both, icmp_that_quotes_nothing_goes_by_its_addresses, 0, 2);
    tcase_add_loop_test(both, unreadable_packets_go_to_engine_0, 0, 2);
    tcase_add_loop_test(both, flows_spread_evenly, 0, 2);
    tcase_add_loop_test(both, any_number_of_engines_is_kept_to, 0, 2);
    tcase_add_loop_test(both, another_key_gives_another_order, 0, 2);
    tcase_add_loop_test(both, E41_missing_arguments_are_refused_and_nothing_is_written, 0, 2);
    tcase_add_loop_test(both, E26_steering_of_bent_errors_reads_only_what_is_there, 0, 2);
    tcase_add_test(once, E27_all_fragments_of_a_packet_go_to_one_engine);
    tcase_add_test(once, atomic_fragment_goes_where_its_flow_goes);
    suite_add_tcase(suite, both);
    suite_add_tcase(suite, once);
    return check_run(suite);
}
