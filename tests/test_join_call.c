/* SPDX-License-Identifier: BSD-2-Clause */
/* A client that is called in another one's name: the SYN it gets, and the ACK that ends its
 * handshake. Packets are written byte by byte here. */
#include "check_main.h"

#include "conn/join.h"
#include "packets.h"

enum { CALLED = 1, HOP_LIMIT = 64, MAX_MSS = 1460 };

/* Of Linux, with ECN. */
static const mpci_request caller = {
    .family = MPCONN_FAMILY_IPV4,
    .port = 40000,
    .isn = 1000,
    .window = 64240,
    .mss = 1460,
    .wscale = 7,
    .tsval = 100,
    .flags = MPCI_REQUEST_SACK | MPCI_REQUEST_TIMESTAMPS | MPCI_REQUEST_ECN,
};

/* From 198.51.100.8:5002 or 2001:db8::8, which nobody has, to 192.0.2.9:40001 or 2001:db8::9. */
static mpconn_tuple leg_of(unsigned family)
{
    static const uint8_t ipv4[2][4] = {{198, 51, 100, 8}, {192, 0, 2, 9}};
    static const uint8_t ipv6[2][16] = {{0x20, 1, 0x0d, 0xb8, [15] = 8},
                                        {0x20, 1, 0x0d, 0xb8, [15] = 9}};
    mpconn_tuple t = {.family = (uint8_t)family, .client_port = 5002, .server_port = 40001};

    if (family == MPCONN_FAMILY_IPV4) {
        memcpy(t.client.bytes, ipv4[0], 4);
        memcpy(t.server.bytes, ipv4[1], 4);
    } else {
        memcpy(t.client.bytes, ipv6[0], 16);
        memcpy(t.server.bytes, ipv6[1], 16);
    }
    return t;
}

/* The checksums of what is expected are made by another code than the library's. */
static void assert_bytes(const mpci_segment *s, const uint8_t *expected, size_t len, size_t l4)
{
    uint8_t bytes[MPCI_BUILD_MAX];
    raw want = {.len = (uint32_t)len, .l4 = (uint32_t)l4};

    memcpy(want.bytes, expected, len);
    raw_seal(&want);
    ck_assert_uint_eq(mpci_build_tcp(bytes, sizeof bytes, s), len);
    ck_assert_mem_eq(bytes, want.bytes, len);
}

static mpci_segment call_by(const mpci_request *r, const mpconn_tuple *leg, unsigned max_mss)
{
    return mpci_join_call(CALLED, r, (uint16_t)max_mss, leg, HOP_LIMIT);
}

START_TEST(call_is_the_callers_syn_from_the_termination)
{
    static const uint8_t expected[60] = {
        0x45, 0, 0, 60, 0, 0, 0x40, 0, 64, 6, 0, 0, 198, 51, 100, 8, 192, 0, 2, 9,
        0x13, 0x8a, 0x9c, 0x41, /* ports 5002 to 40001 */
        0, 0, 3, 0xe8,          /* seq 1000: the caller's */
        0, 0, 0, 0,
        0xa0, 0xc2, 0xfa, 0xf0, 0, 0, 0, 0, /* SYN, ECE, CWR, window 64240 */
        2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 100, 0, 0, 0, 0, 1, 3, 3, 7};
    mpconn_tuple leg = leg_of(MPCONN_FAMILY_IPV4);
    mpci_segment s = call_by(&caller, &leg, MAX_MSS);

    assert_bytes(&s, expected, sizeof expected, 20);
}
END_TEST

/* Also to the other IP version, whose headers are longer. */
START_TEST(call_offers_nothing_that_the_caller_did_not)
{
    static const uint8_t expected[64] = {
        0x60, 0, 0, 0, 0, 24, 6, 64,
        0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8,
        0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9,
        0x13, 0x8a, 0x9c, 0x41, 0, 0, 3, 0xe8, 0, 0, 0, 0,
        0x60, 0x02, 0xfa, 0xf0, 0, 0, 0, 0, /* SYN */
        2, 4, 5, 0xa0};                     /* MSS 1440 */
    mpconn_tuple leg = leg_of(MPCONN_FAMILY_IPV6);
    mpci_request r = caller;
    mpci_segment s;

    r.flags = 0;
    r.wscale = MPCONN_WSCALE_NONE;
    s = call_by(&r, &leg, MAX_MSS);
    assert_bytes(&s, expected, sizeof expected, 40);
}
END_TEST

START_TEST(R09_call_bounds_what_the_called_one_may_send)
{
    static const struct {
        unsigned from, to, mss, max, told;
    } rows[] = {
        {4, 4, 1460, 1460, 1460}, {4, 4, 1460, 1200, 1200}, {4, 4, 9000, 1460, 1460},
        {4, 6, 1460, 1460, 1440}, {6, 4, 1440, 1460, 1440}, {6, 6, 1440, 1440, 1440},
        {4, 4, 40, 1460, 88},     {4, 6, 40, 1460, 88},
    };

    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        mpconn_tuple leg = leg_of(rows[i].to == 4 ? MPCONN_FAMILY_IPV4 : MPCONN_FAMILY_IPV6);
        mpci_request r = caller;
        mpci_segment s;

        r.family = rows[i].from == 4 ? MPCONN_FAMILY_IPV4 : MPCONN_FAMILY_IPV6;
        r.mss = (uint16_t)rows[i].mss;
        s = call_by(&r, &leg, rows[i].max);
        ck_assert_msg(s.mss == rows[i].told, "row %u: %u", i, s.mss);
    }
}
END_TEST

/* What the called one answered with: its numbers, and options that both have. */
static void agree(mpci_request r[2], mpci_joint *j)
{
    r[0] = r[1] = caller;
    r[CALLED].isn = 0xffffffff;
    r[CALLED].window = 1234;
    r[CALLED].wscale = 9;
    r[CALLED].tsval = 50;
    mpci_join(j, r, MAX_MSS, 1);
}

START_TEST(R23_acknowledgment_has_the_next_numbers_of_both)
{
    static const uint8_t expected[52] = {
        0x45, 0, 0, 52, 0, 0, 0x40, 0, 64, 6, 0, 0, 198, 51, 100, 8, 192, 0, 2, 9,
        0x13, 0x8a, 0x9c, 0x41,
        0, 0, 3, 0xe9, /* seq 1001 */
        0, 0, 0, 0,    /* ack 0, after 2^32 - 1 */
        0x80, 0x10, 0x01, 0xf5, 0, 0, 0, 0, /* ACK, window 64240 >> 7 */
        1, 1, 8, 10, 0, 0, 0, 100, 0, 0, 0, 50};
    mpconn_tuple leg = leg_of(MPCONN_FAMILY_IPV4);
    mpci_request r[2];
    mpci_segment s;
    mpci_joint j;

    agree(r, &j);
    s = mpci_join_acknowledge(CALLED, r, &j, &leg, HOP_LIMIT);
    assert_bytes(&s, expected, sizeof expected, 20);
}
END_TEST

START_TEST(acknowledgment_without_options_has_the_window_as_it_is)
{
    static const uint8_t expected[60] = {
        0x60, 0, 0, 0, 0, 20, 6, 64,
        0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8,
        0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9,
        0x13, 0x8a, 0x9c, 0x41, 0, 0, 3, 0xe9, 0, 0, 0, 0,
        0x50, 0x10, 0xfa, 0xf0, 0, 0, 0, 0};
    mpconn_tuple leg = leg_of(MPCONN_FAMILY_IPV6);
    mpci_request r[2];
    mpci_segment s;
    mpci_joint j;

    agree(r, &j);
    r[CALLED].wscale = MPCONN_WSCALE_NONE;
    r[CALLED].flags = 0;
    mpci_join(&j, r, MAX_MSS, 1);
    s = mpci_join_acknowledge(CALLED, r, &j, &leg, HOP_LIMIT);
    assert_bytes(&s, expected, sizeof expected, 40);
}
END_TEST

/* The client of termination 0 is called from the other side of its leg. */
START_TEST(client_of_either_side_can_be_called)
{
    mpconn_tuple leg = leg_of(MPCONN_FAMILY_IPV4);
    mpci_segment s = mpci_join_call(0, &caller, MAX_MSS, &leg, HOP_LIMIT);
    uint8_t bytes[MPCI_BUILD_MAX];
    mpci_request r[2];
    mpci_joint j;

    ck_assert_uint_eq(mpci_build_tcp(bytes, sizeof bytes, &s), 60);
    ck_assert_uint_eq(peek32(bytes + 16), 0xc6336408); /* to 198.51.100.8 */
    agree(r, &j);
    s = mpci_join_acknowledge(0, r, &j, &leg, HOP_LIMIT);
    ck_assert_uint_eq(s.seq, 0);
    ck_assert_uint_eq(s.ack, 1001);
    ck_assert_uint_eq(s.window, 1234 >> 9);
    ck_assert_uint_eq(s.tsval, 50);
    ck_assert_uint_eq(s.tsecr, 100);
}
END_TEST

int main(void)
{
    return CHECK_MAIN("join_call", call_is_the_callers_syn_from_the_termination,
                      call_offers_nothing_that_the_caller_did_not,
                      R09_call_bounds_what_the_called_one_may_send,
                      R23_acknowledgment_has_the_next_numbers_of_both,
                      acknowledgment_without_options_has_the_window_as_it_is,
                      client_of_either_side_can_be_called);
}
