/* SPDX-License-Identifier: BSD-2-Clause */
/* Room behind a packet that is answered in place. */
#include <check.h>

#include "check_main.h"
#include "engine_support.h"

enum { MSS = 1, WSCALE = 2, SACK = 4, TIMESTAMPS = 8, ALL = 16 };

static bed b;
static uint32_t room;

static void squeeze(mpconn_pkt *pkt, void *user)
{
    (void)user;
    pkt->cap = pkt->len + room;
}

/* A SYN with each option in as few bytes as it can have, padded at the end alone. */
static void send_syn(unsigned family, unsigned offers)
{
    static const struct {
        unsigned offer, len;
        uint8_t bytes[10];
    } options[] = {
        {MSS, 4, {2, 4, 5, 0xb4}},
        {WSCALE, 3, {3, 3, 7}},
        {SACK, 2, {4, 2}},
        {TIMESTAMPS, 10, {8, 10, 1, 2, 3, 4, 0, 0, 0, 0}},
    };
    uint8_t bytes[40] = {0};
    unsigned len = 0;
    raw r;

    for (unsigned i = 0; i < 4; i++) {
        if ((offers & options[i].offer) == 0)
            continue;
        memcpy(bytes + len, options[i].bytes, options[i].len);
        len += options[i].len;
    }
    raw_tcp(&r, family, MPCI_TCP_SYN, bytes, (len + 3) & ~3u, 0);
    bed_bytes(&b, MPCONN_SIDE_CLIENT, r.bytes, r.len, squeeze, NULL);
}

static unsigned family_of(int i)
{
    return i & 1 ? MPCONN_FAMILY_IPV6 : MPCONN_FAMILY_IPV4;
}

START_TEST(any_syn_is_answered_in_place_with_the_tailroom_the_engine_asks_for)
{
    bed_open_default(&b);
    room = mpconn_engine_tailroom(b.eng);
    send_syn(family_of(_i), (unsigned)_i >> 1);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_SYN_ANSWERED);
    ck_assert_uint_le(b.pkt.len, b.pkt.cap);
    bed_close(&b);
}
END_TEST

START_TEST(any_syn_is_reset_in_place_without_tailroom)
{
    bed_open_default(&b);
    b.admit = MPCONN_ADMIT_RESET;
    room = 0;
    send_syn(family_of(_i), (unsigned)_i >> 1);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_ADMIT_RESET);
    bed_close(&b);
}
END_TEST

START_TEST(tailroom_is_not_a_byte_more_than_is_needed)
{
    bed_open_default(&b);
    room = mpconn_engine_tailroom(b.eng) - 1;
    send_syn(family_of(_i), 0);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_NO_SPACE);
    bed_close(&b);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("tailroom");
    TCase *tc = tcase_create("all");

    tcase_add_loop_test(tc, any_syn_is_answered_in_place_with_the_tailroom_the_engine_asks_for, 0,
                        2 * ALL);
    tcase_add_loop_test(tc, any_syn_is_reset_in_place_without_tailroom, 0, 2 * ALL);
    tcase_add_loop_test(tc, tailroom_is_not_a_byte_more_than_is_needed, 0, 2);
    suite_add_tcase(s, tc);
    return check_run(s);
}
