/* SPDX-License-Identifier: BSD-2-Clause */
#include "check_main.h"

#include "conn/offers.h"

#include <string.h>

START_TEST(handshake_word_of_every_value_survives_a_round_trip)
{
    for (unsigned hs = 0; hs <= 0xffff; hs += 2) {
        mpci_offers o;

        memset(&o, 0xa5, sizeof o);
        mpci_offers_unpack(&o, (uint16_t)hs);
        if (mpci_offers_pack(&o) != hs)
            ck_abort_msg("%#x becomes %#x", hs, mpci_offers_pack(&o));
    }
}
END_TEST

START_TEST(handshake_word_has_each_offer_at_its_documented_bits)
{
    static const struct {
        mpci_offers offers;
        uint16_t hs;
    } rows[] = {
        {{.epoch_parity = 1}, 0x8000}, {{.timestamps = 1}, 0x4000},
        {{.ecn = 1}, 0x2000},          {{.sack = 1}, 0x1000},
        {{.wscale_proxy = 15}, 0x0f00}, {{.wscale_client = 15}, 0x00f0},
        {{.mss_client = 7}, 0x000e},   {{.wscale_proxy = 7, .wscale_client = 10}, 0x07a0},
        {{5, 14, 15, 1, 0, 1, 0}, 0x5fea},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        ck_assert_uint_eq(mpci_offers_pack(&rows[i].offers), rows[i].hs);
}
END_TEST

START_TEST(reserved_bit_of_the_handshake_word_is_ignored)
{
    mpci_offers o;

    mpci_offers_unpack(&o, 0x5feb);
    ck_assert_uint_eq(mpci_offers_pack(&o), 0x5fea);
}
END_TEST

START_TEST(members_out_of_range_do_not_reach_their_neighbours)
{
    mpci_offers o = {.mss_client = 8, .sack = 2};
    mpci_server_options s = {.wscale = 16, .sack = 2, .timestamps = 2, .ecn = 2};

    ck_assert_uint_eq(mpci_offers_pack(&o), 0);
    ck_assert_uint_eq(mpci_server_options_pack(&s), 0);
}
END_TEST

START_TEST(server_options_of_every_value_survive_a_round_trip)
{
    for (unsigned byte = 0; byte < 0x80; byte++) {
        mpci_server_options s;

        memset(&s, 0xa5, sizeof s);
        mpci_server_options_unpack(&s, (uint8_t)byte);
        ck_assert_uint_eq(s.wscale, byte & 15);
        ck_assert_uint_eq(s.sack, byte >> 4 & 1);
        ck_assert_uint_eq(s.timestamps, byte >> 5 & 1);
        ck_assert_uint_eq(s.ecn, byte >> 6 & 1);
        ck_assert_uint_eq(mpci_server_options_pack(&s), byte);
    }
}
END_TEST

START_TEST(mss_index_of_every_mss_is_rounded_down)
{
    static const uint16_t values[] = {536, 1024, 1220, 1300, 1380, 1440, 1460, 8960};
    unsigned expected = 0;

    for (unsigned mss = 0; mss <= UINT16_MAX; mss++) {
        while (expected < 7 && mss >= values[expected + 1])
            expected++;
        if (mpci_mss_index((uint16_t)mss) != expected)
            ck_abort_msg("MSS %u has index %u", mss, mpci_mss_index((uint16_t)mss));
    }
    for (unsigned i = 0; i < 8; i++)
        ck_assert_uint_eq(mpci_mss_of_index(i), values[i]);
}
END_TEST

/* RFC 7323 2.2: windows are scaled on a leg when both of its SYNs carried the option. The client's
 * shift is offered to the server as well. */
static const struct {
    int client_offers, proxy_answers, server_answers;
    int client_in, client_out, server_in, server_out; /* 1 where the shift is in force */
} scaling[] = {
    {0, 0, 0, 0, 0, 0, 0}, {0, 0, 1, 0, 0, 0, 0}, {0, 1, 0, 0, 0, 0, 0}, {0, 1, 1, 0, 0, 0, 0},
    {1, 0, 0, 0, 0, 0, 0}, {1, 0, 1, 0, 1, 1, 0}, {1, 1, 0, 1, 0, 0, 1}, {1, 1, 1, 1, 1, 1, 1},
};

static uint8_t shift_if(int present, unsigned shift)
{
    return present ? (uint8_t)shift : MPCONN_WSCALE_NONE;
}

START_TEST(window_shifts_follow_what_each_leg_agreed_on)
{
    for (size_t i = 0; i < sizeof scaling / sizeof scaling[0]; i++) {
        for (unsigned shift = 0; shift <= 14; shift++) {
            unsigned wsc = shift, wsp = (shift + 5) % 15, wss = (shift + 9) % 15;
            mpci_offers o = {.wscale_client = shift_if(scaling[i].client_offers, wsc),
                             .wscale_proxy = shift_if(scaling[i].proxy_answers, wsp)};
            mpci_server_options s = {.wscale = shift_if(scaling[i].server_answers, wss)};
            mpconn_delta d;

            memset(&d, 0xff, sizeof d);
            mpci_offers_delta(&d, mpci_offers_pack(&o), mpci_server_options_pack(&s));
            ck_assert_uint_eq(d.wscale_in[MPCONN_SIDE_CLIENT], scaling[i].client_in ? wsc : 0);
            ck_assert_uint_eq(d.wscale_out[MPCONN_SIDE_CLIENT], scaling[i].client_out ? wsc : 0);
            ck_assert_uint_eq(d.wscale_in[MPCONN_SIDE_SERVER], scaling[i].server_in ? wss : 0);
            ck_assert_uint_eq(d.wscale_out[MPCONN_SIDE_SERVER], scaling[i].server_out ? wsp : 0);
        }
    }
}
END_TEST

/* Each option on the client leg, on the server leg: what must be blanked. */
static const unsigned sack_flags[2][2] = {
    {0, MPCONN_DELTA_F_STRIP_SACK_TO_CLIENT},
    {MPCONN_DELTA_F_STRIP_SACK_TO_SERVER, 0},
};
static const unsigned ts_flags[2][2] = {
    {0, MPCONN_DELTA_F_STRIP_TS_TO_CLIENT},
    {MPCONN_DELTA_F_STRIP_TS_TO_SERVER, 0},
};

static const unsigned ecn_flags[2][2] = {
    {0, 0}, /* nobody offers the server what the client did not ask for */
    {MPCONN_DELTA_F_STRIP_ECN_TO_SERVER, 0},
};

START_TEST(options_of_one_leg_alone_are_stripped_on_the_way_to_the_other)
{
    const unsigned others = MPCONN_DELTA_F_TUPLE | MPCONN_DELTA_F_CLOSED;

    for (unsigned bits = 0; bits < 64; bits++) {
        mpci_offers o = {.sack = bits & 1, .timestamps = bits >> 1 & 1, .ecn = bits >> 4 & 1,
                         .wscale_client = MPCONN_WSCALE_NONE, .wscale_proxy = 3};
        mpci_server_options s = {.sack = bits >> 2 & 1, .timestamps = bits >> 3 & 1,
                                 .ecn = bits >> 5 & 1, .wscale = MPCONN_WSCALE_NONE};
        unsigned strip = sack_flags[o.sack][s.sack] | ts_flags[o.timestamps][s.timestamps] |
                         ecn_flags[o.ecn][s.ecn];

        for (unsigned before = 0; before <= 0xff; before++) {
            mpconn_delta d = {.flags = (uint8_t)before};

            mpci_offers_delta(&d, mpci_offers_pack(&o), mpci_server_options_pack(&s));
            ck_assert_uint_eq(d.flags & 0x7f, (before & others) | strip);
        }
    }
}
END_TEST

START_TEST(members_that_options_do_not_decide_stay)
{
    mpconn_delta d, before;

    memset(&d, 0x5a, sizeof d);
    before = d;
    mpci_offers_delta(&d, 0x17a6, 0x57);
    memcpy(d.wscale_in, before.wscale_in, sizeof d.wscale_in);
    memcpy(d.wscale_out, before.wscale_out, sizeof d.wscale_out);
    d.flags = before.flags;
    ck_assert_mem_eq(&d, &before, sizeof d);
}
END_TEST

int main(void)
{
    return CHECK_MAIN("offers", handshake_word_of_every_value_survives_a_round_trip,
                      handshake_word_has_each_offer_at_its_documented_bits,
                      reserved_bit_of_the_handshake_word_is_ignored,
                      members_out_of_range_do_not_reach_their_neighbours,
                      server_options_of_every_value_survive_a_round_trip,
                      mss_index_of_every_mss_is_rounded_down,
                      window_shifts_follow_what_each_leg_agreed_on,
                      options_of_one_leg_alone_are_stripped_on_the_way_to_the_other,
                      members_that_options_do_not_decide_stay);
}
