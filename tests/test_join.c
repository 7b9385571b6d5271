/* SPDX-License-Identifier: BSD-2-Clause */
/* Two SYNs, and the SYN|ACKs that join their clients. Packets are written byte by byte here. */
#include "check_main.h"

#include "conn/join.h"
#include "conn/offers.h"
#include "packets.h"

/* Of Linux: MSS 1460, SACK, timestamps, NOP, window scale 7. */
static const uint8_t full[20] = {2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 100, 0, 0, 0, 0, 1, 3, 3, 7};

typedef struct call {
    unsigned family, flags;
    uint32_t isn;
    uint16_t window;
    const uint8_t *options;
    size_t options_len, payload;
} call;

static const call plain_call = {MPCONN_FAMILY_IPV4, MPCI_TCP_SYN, 1000, 64240,
                                full, sizeof full, 0};

static mpci_request request_of(const call *c, mpconn_time now)
{
    mpci_request r;
    mpci_view v;
    mpci_syn_options o;
    mpconn_pkt pkt;
    raw syn;

    raw_tcp(&syn, c->family, c->flags, c->options, c->options_len, c->payload);
    poke32(syn.bytes + syn.l4 + 4, c->isn);
    poke16(syn.bytes + syn.l4 + 14, c->window);
    raw_seal(&syn);
    pkt = raw_pkt(&syn);
    mpci_view_parse(&v, &pkt);
    ck_assert_uint_eq(v.kind, MPCI_KIND_TCP);
    ck_assert_uint_eq(mpci_syn_options_parse(&o, &v), 0);
    mpci_request_read(&r, &v, &o, now);
    return r;
}

/* The leg of a client at 192.0.2.1:40000 that called 198.51.100.2:443, whichever side it is. */
static mpconn_tuple leg_of(const mpci_request *r, unsigned side)
{
    mpconn_tuple t = {.family = r->family};
    raw syn;
    mpci_view v;
    mpconn_pkt pkt;

    raw_tcp(&syn, r->family, MPCI_TCP_SYN, NULL, 0, 0);
    pkt = raw_pkt(&syn);
    mpci_view_parse(&v, &pkt);
    mpci_view_tuple(&t, &v, side, 0);
    return t;
}

static void answer(mpci_view *v, mpci_syn_options *o, uint8_t bytes[MPCI_BUILD_MAX], unsigned to,
                   const mpci_request r[2], const mpci_joint *j)
{
    mpconn_tuple leg = leg_of(&r[to], to);
    mpci_segment s = mpci_join_answer(to, r, j, &leg, 64);
    mpconn_pkt pkt = {.data = bytes, .cap = MPCI_BUILD_MAX};

    pkt.len = (uint32_t)mpci_build_tcp(bytes, MPCI_BUILD_MAX, &s);
    ck_assert_uint_ne(pkt.len, 0);
    mpci_view_parse(v, &pkt);
    ck_assert_uint_eq(mpci_view_verify(v, &pkt), 0);
    ck_assert_uint_eq(mpci_syn_options_parse(o, v), 0);
}

START_TEST(request_is_what_the_syn_says)
{
    mpci_request r = request_of(&plain_call, 5);

    ck_assert_uint_eq(r.family, MPCONN_FAMILY_IPV4);
    ck_assert_uint_eq(peek32(r.remote.bytes), 0xc0000201);
    ck_assert_uint_eq(r.port, 40000);
    ck_assert_uint_eq(r.isn, 1000);
    ck_assert_uint_eq(r.window, 64240);
    ck_assert_uint_eq(r.mss, 1460);
    ck_assert_uint_eq(r.wscale, 7);
    ck_assert_uint_eq(r.tsval, 100);
    ck_assert_uint_eq(r.flags, MPCI_REQUEST_SACK | MPCI_REQUEST_TIMESTAMPS);
    ck_assert_uint_eq(r.tries, 1);
    ck_assert_uint_eq(r.last, 5);
    ck_assert_uint_eq(r.gap_ms, 0);
}
END_TEST

START_TEST(R02_repeated_syn_counts_and_its_timestamp_is_the_latest)
{
    mpci_request r = request_of(&plain_call, MPCONN_SECOND);
    uint8_t later[20];
    call c = plain_call;
    raw syn;
    mpci_view v;
    mpci_syn_options o;
    mpconn_pkt pkt;

    memcpy(later, full, sizeof later);
    later[11] = 200;
    c.options = later;
    raw_tcp(&syn, c.family, c.flags, c.options, c.options_len, 0);
    pkt = raw_pkt(&syn);
    mpci_view_parse(&v, &pkt);
    ck_assert_uint_eq(mpci_syn_options_parse(&o, &v), 0);
    mpci_request_again(&r, &v, &o, 3 * MPCONN_SECOND);
    ck_assert_uint_eq(r.tries, 2);
    ck_assert_uint_eq(r.gap_ms, 2000);
    ck_assert_uint_eq(r.last, 3 * MPCONN_SECOND);
    ck_assert_uint_eq(r.tsval, 200);
    ck_assert_uint_eq(r.isn, 1000);
}
END_TEST

/* A duplicate of the network, or a burst of somebody who wants to be the one who calls most. */
START_TEST(R02_syns_of_a_burst_are_one_try_and_leave_the_gap_as_it_is)
{
    mpci_request r = request_of(&plain_call, 0);
    mpci_view v = {0};
    mpci_syn_options o = {0};

    mpci_request_again(&r, &v, &o, 2 * MPCONN_SECOND);
    for (unsigned i = 1; i < 10; i++)
        mpci_request_again(&r, &v, &o, 2 * MPCONN_SECOND + i * 499 * MPCONN_MILLISECOND);
    ck_assert_uint_eq(r.tries, 2);
    ck_assert_uint_eq(r.gap_ms, 2000);
    ck_assert_uint_eq(r.last, 6491 * MPCONN_MILLISECOND);
    mpci_request_again(&r, &v, &o, 6991 * MPCONN_MILLISECOND);
    ck_assert_uint_eq(r.tries, 3);
    ck_assert_uint_eq(r.gap_ms, 500);
    mpci_request_touch(&r, &o, 6992 * MPCONN_MILLISECOND); /* each is answered once it is paired */
    ck_assert_uint_eq(r.tries, 4);
    ck_assert_uint_eq(r.gap_ms, 500);
}
END_TEST

START_TEST(R02_tries_do_not_wrap_around)
{
    mpci_request r = request_of(&plain_call, 0);
    mpci_view v = {0};
    mpci_syn_options o = {0};

    for (unsigned i = 1; i < 300; i++)
        mpci_request_again(&r, &v, &o, i * MPCONN_SECOND);
    ck_assert_uint_eq(r.tries, 255);
}
END_TEST

START_TEST(R01_syn_counts_for_twice_its_gap_and_a_little_more)
{
    mpci_request r = {.gap_ms = 0};
    uint64_t most = 127 * MPCONN_SECOND;

    ck_assert_uint_eq(mpci_request_life(&r, most), 4 * MPCONN_SECOND);
    r.gap_ms = 16000;
    ck_assert_uint_eq(mpci_request_life(&r, most), 34 * MPCONN_SECOND);
    r.gap_ms = 64000;
    ck_assert_uint_eq(mpci_request_life(&r, most), most);
    r.gap_ms = UINT16_MAX;
    ck_assert_uint_eq(mpci_request_life(&r, most), most);
}
END_TEST

/* Both full: each is told the other's numbers, with its own clock in the echo. */
START_TEST(attack_R11_answer_has_the_others_numbers_and_the_own_echo)
{
    static const uint8_t expected[60] = {
        0x45, 0, 0, 60, 0, 0, 0x40, 0, 64, 6, 0, 0, 198, 51, 100, 2, 192, 0, 2, 1,
        1, 0xbb, 0x9c, 0x40, /* ports 443 to 40000 */
        0, 0, 0x13, 0x88,    /* seq 5000: the other's */
        0, 0, 3, 0xe9,       /* ack 1001 */
        0xa0, 0x12, 0x04, 0xd2, 0, 0, 0, 0, /* SYN|ACK, window 1234 */
        2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 50, 0, 0, 0, 100, 1, 3, 3, 9};
    uint8_t other[20], bytes[MPCI_BUILD_MAX];
    call a = plain_call, b = plain_call;
    mpci_request r[2];
    mpci_joint j;
    mpci_view v;
    mpci_syn_options o;
    raw want = {.len = sizeof expected, .l4 = 20};

    memcpy(other, full, sizeof other);
    other[11] = 50;
    other[19] = 9;
    b.isn = 5000;
    b.window = 1234;
    b.options = other;
    r[0] = request_of(&a, 0);
    r[1] = request_of(&b, 0);
    mpci_join(&j, r, 1460, 1);
    answer(&v, &o, bytes, 0, r, &j);
    memcpy(want.bytes, expected, sizeof expected);
    raw_seal(&want);
    ck_assert_mem_eq(bytes, want.bytes, want.len);
    answer(&v, &o, bytes, 1, r, &j);
    ck_assert_uint_eq(v.seq, 1000);
    ck_assert_uint_eq(v.ack, 5001);
    ck_assert_uint_eq(v.window, 64240);
    ck_assert_uint_eq(o.tsval, 100);
    ck_assert_uint_eq(o.tsecr, 50);
    ck_assert_uint_eq(o.wscale, 7);
}
END_TEST

/* Each option in turn is missing at one side, then at the other. */
START_TEST(R07_option_of_one_side_alone_is_in_neither_answer)
{
    enum { SACK, STAMPS, WSCALE, OPTIONS };

    for (unsigned what = 0; what < OPTIONS; what++) {
        for (unsigned lacks = 0; lacks < 2; lacks++) {
            uint8_t part[20], bytes[MPCI_BUILD_MAX];
            call c = plain_call;
            mpci_request r[2];
            mpci_joint j;

            memcpy(part, full, sizeof part);
            if (what == SACK)
                memset(part + 4, 1, 2);
            else if (what == STAMPS)
                memset(part + 6, 1, 10);
            else
                memset(part + 17, 1, 3);
            c.options = part;
            r[lacks] = request_of(&c, 0);
            r[lacks ^ 1] = request_of(&plain_call, 0);
            mpci_join(&j, r, 1460, 1);
            for (unsigned to = 0; to < 2; to++) {
                mpci_view v;
                mpci_syn_options o;

                answer(&v, &o, bytes, to, r, &j);
                ck_assert_uint_eq(o.sack_permitted, what != SACK);
                ck_assert_uint_eq(o.timestamps, what != STAMPS);
                ck_assert_uint_eq(o.wscale, what != WSCALE ? 7 : MPCONN_WSCALE_NONE);
            }
        }
    }
}
END_TEST

START_TEST(timestamps_of_both_are_left_out_when_they_would_harm)
{
    mpci_request r[2] = {request_of(&plain_call, 0), request_of(&plain_call, 0)};
    uint8_t bytes[MPCI_BUILD_MAX];
    mpci_view v;
    mpci_syn_options o;
    mpci_joint j;

    mpci_join(&j, r, 1460, 0);
    answer(&v, &o, bytes, 1, r, &j);
    ck_assert_uint_eq(o.timestamps, 0);
    ck_assert_uint_eq(o.sack_permitted, 1);
}
END_TEST

START_TEST(R09_mss_is_the_smaller_one_within_bounds)
{
    static const struct {
        unsigned family[2];
        uint16_t mss[2], most, told;
    } rows[] = {
        {{4, 4}, {1460, 1460}, 1460, 1460}, {{4, 4}, {1460, 1200}, 1460, 1200},
        {{4, 4}, {1460, 1460}, 1300, 1300}, {{6, 6}, {1440, 1400}, 1440, 1400},
        {{4, 6}, {1460, 1440}, 1440, 1440}, /* both take packets of 1500 bytes */
        {{4, 6}, {1400, 1440}, 1440, 1380}, /* 1440 bytes as IPv4: 20 more as IPv6 */
        {{6, 4}, {1380, 1460}, 1440, 1380}, {{4, 4}, {88, 1460}, 1460, 88},
        {{4, 6}, {88, 1440}, 1440, 88},     {{6, 6}, {65535, 65535}, 65535, 65535},
        {{4, 6}, {65535, 65535}, 65535, 65515},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        mpci_request r[2];
        mpci_joint j;

        memset(r, 0, sizeof r);
        for (unsigned side = 0; side < 2; side++) {
            r[side].family = rows[i].family[side] == 4 ? MPCONN_FAMILY_IPV4 : MPCONN_FAMILY_IPV6;
            r[side].mss = rows[i].mss[side];
        }
        mpci_join(&j, r, rows[i].most, 1);
        ck_assert_msg(j.mss == rows[i].told, "row %zu: %u", i, j.mss);
    }
}
END_TEST

/* As the option parser reads it: MSS 1 is 88, none at all is the default of its family. */
START_TEST(R09_mss_of_one_byte_or_none_never_reaches_the_other_client)
{
    static const uint8_t tiny[4] = {2, 4, 0, 1};
    call c = plain_call;
    mpci_request r[2];
    mpci_joint j;

    c.options = tiny;
    c.options_len = sizeof tiny;
    r[0] = request_of(&plain_call, 0);
    r[1] = request_of(&c, 0);
    mpci_join(&j, r, 1460, 1);
    ck_assert_uint_eq(j.mss, 88);
    c.options_len = 0;
    r[1] = request_of(&c, 0);
    mpci_join(&j, r, 1460, 1);
    ck_assert_uint_eq(j.mss, 536);
}
END_TEST

/* A client that cannot take anything yet says so to the other one: to make it more would be to lie
 * about its room. */
START_TEST(R09_window_of_zero_is_told_as_it_is)
{
    call c = plain_call;
    mpci_request r[2];
    uint8_t bytes[MPCI_BUILD_MAX];
    mpci_joint j;
    mpci_view v;
    mpci_syn_options o;

    c.window = 0;
    r[0] = request_of(&c, 0);
    r[1] = request_of(&plain_call, 0);
    mpci_join(&j, r, 1460, 1);
    answer(&v, &o, bytes, 1, r, &j);
    ck_assert_uint_eq(v.window, 0);
}
END_TEST

START_TEST(attack_R10_window_scale_above_14_is_14)
{
    uint8_t wide[20];
    call c = plain_call;
    mpci_request r[2];
    mpci_joint j;

    memcpy(wide, full, sizeof wide);
    wide[19] = 200;
    c.options = wide;
    r[0] = request_of(&c, 0);
    r[1] = request_of(&plain_call, 0);
    mpci_join(&j, r, 1460, 1);
    ck_assert_uint_eq(j.wscale[0], 14);
    ck_assert_uint_eq(j.wscale[1], 7);
}
END_TEST

START_TEST(attack_R12_data_and_fast_open_of_a_syn_are_not_acknowledged)
{
    static const uint8_t cookie[12] = {2, 4, 5, 0xb4, 34, 6, 1, 2, 3, 4, 1, 1};
    call c = plain_call;
    mpci_request r[2];
    uint8_t bytes[MPCI_BUILD_MAX];
    mpci_joint j;
    mpci_view v;
    mpci_syn_options o;

    c.options = cookie;
    c.options_len = sizeof cookie;
    c.payload = 100;
    r[0] = r[1] = request_of(&c, 0);
    ck_assert_uint_eq(r[0].flags, MPCI_REQUEST_FAST_OPEN);
    mpci_join(&j, r, 1460, 1);
    answer(&v, &o, bytes, 0, r, &j);
    ck_assert_uint_eq(v.ack, 1001);
    ck_assert_uint_eq(o.fast_open, 0);
}
END_TEST

START_TEST(attack_R12_multipath_is_left_out_and_a_signature_is_seen)
{
    static const uint8_t multipath[4] = {30, 4, 0, 1};
    static const uint8_t signature[20] = {19, 18, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
                                          15, 16, 1, 1};
    call c = plain_call;
    mpci_request r[2];
    uint8_t bytes[MPCI_BUILD_MAX];
    mpci_joint j;
    mpci_view v;
    mpci_syn_options o;

    c.options = multipath;
    c.options_len = sizeof multipath;
    r[0] = r[1] = request_of(&c, 0);
    ck_assert_uint_eq(r[0].flags, MPCI_REQUEST_MULTIPATH);
    mpci_join(&j, r, 1460, 1);
    answer(&v, &o, bytes, 0, r, &j);
    ck_assert_uint_eq(o.multipath, 0);
    c.options = signature;
    c.options_len = sizeof signature;
    r[0] = request_of(&c, 0);
    ck_assert_uint_eq(r[0].flags, MPCI_REQUEST_SIGNED);
}
END_TEST

/* RFC 3168 6.1.1: ECE alone, and only if both asked; AE (RFC 9768) falls back to that. */
START_TEST(attack_R12_ecn_is_agreed_to_only_when_both_ask)
{
    static const struct {
        unsigned flags[2], expected;
    } rows[] = {
        {{MPCI_TCP_ECE | MPCI_TCP_CWR, MPCI_TCP_ECE | MPCI_TCP_CWR}, MPCI_TCP_ECE},
        {{MPCI_TCP_ECE | MPCI_TCP_CWR, 0}, 0},
        {{MPCI_TCP_ECE, MPCI_TCP_ECE | MPCI_TCP_CWR}, 0},
        {{MPCI_TCP_ECE | MPCI_TCP_CWR | MPCI_TCP_AE, MPCI_TCP_ECE | MPCI_TCP_CWR}, MPCI_TCP_ECE},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        call c = plain_call;
        mpci_request r[2];
        uint8_t bytes[MPCI_BUILD_MAX];
        mpci_joint j;
        mpci_view v;
        mpci_syn_options o;

        for (unsigned side = 0; side < 2; side++) {
            c.flags = MPCI_TCP_SYN | rows[i].flags[side];
            r[side] = request_of(&c, 0);
        }
        mpci_join(&j, r, 1460, 1);
        for (unsigned to = 0; to < 2; to++) {
            answer(&v, &o, bytes, to, r, &j);
            ck_assert_uint_eq(v.flags, MPCI_TCP_SYN | MPCI_TCP_ACK | rows[i].expected);
        }
    }
}
END_TEST

START_TEST(R23_equal_numbers_and_the_last_one_are_told_right)
{
    call c = plain_call;
    mpci_request r[2];
    uint8_t bytes[MPCI_BUILD_MAX];
    mpci_joint j;
    mpci_view v;
    mpci_syn_options o;

    c.isn = UINT32_MAX;
    r[0] = r[1] = request_of(&c, 0);
    mpci_join(&j, r, 1460, 1);
    for (unsigned to = 0; to < 2; to++) {
        answer(&v, &o, bytes, to, r, &j);
        ck_assert_uint_eq(v.seq, UINT32_MAX);
        ck_assert_uint_eq(v.ack, 0);
    }
}
END_TEST

/* The words of a table entry make a delta that changes nothing. */
START_TEST(offers_of_a_pair_translate_nothing)
{
    for (unsigned flags = 0; flags < 8; flags++) {
        mpci_joint j = {.wscale = {flags & 1 ? 3 : 15, flags & 1 ? 9 : 15},
                        .flags = (uint8_t)flags};
        mpci_request r[2] = {{.mss = 1460}, {.mss = 1460}};
        mpconn_delta d = {0};
        uint16_t hs;
        uint8_t server_options;

        mpci_join_offers(&hs, &server_options, r, &j);
        mpci_offers_delta(&d, hs, server_options);
        ck_assert_uint_eq(d.flags, 0);
        for (unsigned side = 0; side < 2; side++) {
            ck_assert_uint_eq(d.wscale_in[side], d.wscale_out[side]);
            ck_assert_uint_eq(d.wscale_in[side], flags & 1 ? j.wscale[side] : 0);
        }
    }
}
END_TEST

int main(void)
{
    return CHECK_MAIN("join", request_is_what_the_syn_says,
                      R02_repeated_syn_counts_and_its_timestamp_is_the_latest,
                      R02_syns_of_a_burst_are_one_try_and_leave_the_gap_as_it_is,
                      R02_tries_do_not_wrap_around,
                      R01_syn_counts_for_twice_its_gap_and_a_little_more,
                      attack_R11_answer_has_the_others_numbers_and_the_own_echo,
                      R07_option_of_one_side_alone_is_in_neither_answer,
                      timestamps_of_both_are_left_out_when_they_would_harm,
                      R09_mss_is_the_smaller_one_within_bounds,
                      R09_mss_of_one_byte_or_none_never_reaches_the_other_client,
                      R09_window_of_zero_is_told_as_it_is, attack_R10_window_scale_above_14_is_14,
                      attack_R12_data_and_fast_open_of_a_syn_are_not_acknowledged,
                      attack_R12_multipath_is_left_out_and_a_signature_is_seen,
                      attack_R12_ecn_is_agreed_to_only_when_both_ask,
                      R23_equal_numbers_and_the_last_one_are_told_right,
                      offers_of_a_pair_translate_nothing);
}
