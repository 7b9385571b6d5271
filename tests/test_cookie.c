/* SPDX-License-Identifier: BSD-2-Clause */
#include "split/cookie.h"

#include "check_main.h"
#include "cookie_vectors.h"
#include "seed.h"

static const uint8_t secret[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
static const mpci_profile profile = {{1460, 1440}, 7};
static mpci_epochs epochs;
#define EPOCH (64 * MPCONN_SECOND)

static mpconn_tuple tuple_of(unsigned family)
{
    mpconn_tuple t;

    memset(&t, 0, sizeof(t));
    t.family = (uint8_t)family;
    t.client_port = 40000;
    t.server_port = 443;
    memcpy(t.client.bytes, family == 4 ? "\xc0\x00\x02\x0a" : "\x20\x01\x0d\xb8", 4);
    memcpy(t.server.bytes, family == 4 ? "\xc6\x33\x64\x14" : "\x20\x01\x0d\xb9", 4);
    return t;
}

static mpci_syn_options options_of(uint16_t mss, uint8_t wscale, int sack, int ts)
{
    mpci_syn_options o;

    memset(&o, 0, sizeof(o));
    o.mss = mss;
    o.wscale = wscale;
    o.sack_permitted = (uint8_t)sack;
    o.timestamps = (uint8_t)ts;
    o.tsval = 0x1234;
    return o;
}

/* The ACK a client gives to a cookie: in the usual form, or as the probe of a closed window. */
static mpci_view ack_of(const mpci_cookie *c, unsigned probe)
{
    mpci_view v;

    memset(&v, 0, sizeof(v));
    v.kind = MPCI_KIND_TCP;
    v.seq = c->client_isn + 1 - probe;
    v.ack = c->isn + 1;
    if (c->offers.timestamps) {
        v.ts_offset = 22;
        v.tsecr = c->tsval;
    }
    return v;
}

static void start(void)
{
    mpci_epochs_init(&epochs, secret, sizeof(secret), EPOCH, 1000 * EPOCH);
}

static int check(mpci_cookie *out, const mpconn_tuple *t, const mpci_view *v)
{
    return mpci_cookie_check(out, &epochs, &profile, t, v);
}

START_TEST(cookie_is_that_of_the_specification)
{
    for (size_t i = 0; i < COOKIE_VECTORS; i++)
        ck_assert_msg(cookie_vector_holds(&cookie_vectors[i]), "vector %zu", i);
}
END_TEST

START_TEST(R5_cookie_with_timestamps_carries_every_offer)
{
    mpconn_tuple t = tuple_of(_i ? 6 : 4);

    start();
    for (unsigned mss = 0; mss < 8; mss++) {
        for (unsigned ws = 0; ws <= MPCONN_WSCALE_NONE; ws++) {
            for (unsigned sack = 0; sack < 2; sack++) {
                mpci_syn_options o =
                    options_of(mpci_mss_of_index(mss), (uint8_t)ws, (int)sack, 1);
                mpci_cookie c, back;
                mpci_view v;

                mpci_cookie_make(&c, &epochs, &profile, &t, 77 + ws, &o);
                v = ack_of(&c, ws & 1);
                ck_assert_int_eq(check(&back, &t, &v), 1);
                ck_assert_uint_eq(back.client_isn, 77 + ws);
                ck_assert_uint_eq(back.isn, c.isn);
                ck_assert_uint_eq(back.tsval, c.tsval);
                ck_assert_uint_eq(mpci_offers_pack(&back.offers), mpci_offers_pack(&c.offers));
                ck_assert_uint_eq(back.offers.mss_client, mss);
                ck_assert_uint_eq(back.offers.wscale_client, ws);
                ck_assert_uint_eq(back.offers.wscale_proxy, ws == MPCONN_WSCALE_NONE ? ws : 7);
                ck_assert_uint_eq(back.offers.sack, sack);
            }
        }
    }
}
END_TEST

START_TEST(R5_cookie_without_timestamps_carries_what_six_bits_can)
{
    static const uint16_t announced[] = {0, 48, 536, 1000, 1220, 1300, 1380, 1440, 1460, 8960};
    mpconn_tuple t = tuple_of(_i ? 6 : 4);

    start();
    for (unsigned m = 0; m < sizeof(announced) / sizeof(announced[0]); m++) {
        for (unsigned ws = 0; ws <= MPCONN_WSCALE_NONE; ws++) {
            mpci_syn_options o = options_of(announced[m], (uint8_t)ws, m & 1, 0);
            mpci_cookie c, back;
            mpci_view v;

            mpci_cookie_make(&c, &epochs, &profile, &t, 5, &o);
            ck_assert_uint_lt(c.isn & 63, MPCI_COOKIE_SMALL_OFFERS);
            v = ack_of(&c, ws & 1);
            ck_assert_int_eq(check(&back, &t, &v), 1);
            ck_assert_uint_eq(mpci_offers_pack(&back.offers), mpci_offers_pack(&c.offers));
            /* Never more than the client said, except the floor every stack must take. */
            if (announced[m] >= 536)
                ck_assert_uint_le(mpci_mss_of_index(back.offers.mss_client), announced[m]);
            /* Its scale, or none on both legs: another one would be wrong by a factor. */
            ck_assert(back.offers.wscale_client == ws ||
                      (back.offers.wscale_client == MPCONN_WSCALE_NONE &&
                       back.offers.wscale_proxy == MPCONN_WSCALE_NONE));
            ck_assert_uint_eq(back.offers.sack, m & 1);
        }
    }
}
END_TEST

START_TEST(V1_same_syn_gets_the_same_answer_at_any_member)
{
    mpconn_tuple t = tuple_of(4);
    mpci_syn_options o = options_of(1460, 8, 1, 1);
    mpci_epochs elsewhere;
    mpci_cookie a, b;

    start();
    mpci_epochs_init(&elsewhere, secret, sizeof(secret), EPOCH, 1000 * EPOCH + EPOCH / 2);
    mpci_cookie_make(&a, &epochs, &profile, &t, 99, &o);
    mpci_cookie_make(&b, &elsewhere, &profile, &t, 99, &o);
    ck_assert_uint_eq(a.isn, b.isn);
    ck_assert_uint_eq(a.tsval, b.tsval);
}
END_TEST

/* Any bit of what the MAC covers: numbers, tuple, zone, echoed timestamp. */
START_TEST(altered_ack_is_refused)
{
    mpconn_tuple t = tuple_of(_i & 1 ? 6 : 4), u;
    mpci_syn_options o = options_of(1460, 8, 1, _i >> 1);
    mpci_cookie c, back;
    mpci_view v;

    start();
    mpci_cookie_make(&c, &epochs, &profile, &t, 0xffffffff, &o);
    for (unsigned bit = 0; bit < 32; bit++) {
        v = ack_of(&c, 0);
        v.ack ^= UINT32_C(1) << bit;
        ck_assert_int_eq(check(&back, &t, &v), 0);
        v = ack_of(&c, 0);
        v.seq ^= UINT32_C(1) << bit;
        if (v.seq != c.client_isn) /* bit 0 makes it the probe, which is right */
            ck_assert_int_eq(check(&back, &t, &v), 0);
        v = ack_of(&c, 0);
        v.tsecr ^= UINT32_C(1) << bit;
        ck_assert_int_eq(check(&back, &t, &v), !o.timestamps);
    }
    v = ack_of(&c, 0);
    for (size_t i = 0; i < offsetof(mpconn_tuple, family); i++) {
        int counts = (i >= 32 || i % 16 < (t.family == 4 ? 4u : 16u));

        u = t;
        ((uint8_t *)&u)[i] ^= 1;
        ck_assert_int_eq(check(&back, &u, &v), !counts);
    }
    v.ts_offset = o.timestamps ? 0 : 22;
    ck_assert_int_eq(check(&back, &t, &v), 0);
}
END_TEST

START_TEST(E13_cookie_lives_one_epoch_beyond_its_own)
{
    mpconn_tuple t = tuple_of(4);
    mpci_syn_options o = options_of(1460, 8, 1, _i);
    mpci_cookie c, back;
    mpci_view v;

    start();
    mpci_cookie_make(&c, &epochs, &profile, &t, 3, &o);
    v = ack_of(&c, 0);
    mpci_epochs_advance(&epochs, EPOCH, 1001 * EPOCH);
    ck_assert_int_eq(check(&back, &t, &v), 1);
    ck_assert_uint_eq(back.offers.epoch_parity, c.offers.epoch_parity);
    mpci_epochs_advance(&epochs, EPOCH, 1002 * EPOCH);
    ck_assert_int_eq(check(&back, &t, &v), 0);
    mpci_epochs_advance(&epochs, EPOCH, 1003 * EPOCH);
    ck_assert_int_eq(check(&back, &t, &v), 0);
}
END_TEST

START_TEST(cookie_of_a_member_one_epoch_ahead_is_accepted)
{
    mpconn_tuple t = tuple_of(4);
    mpci_syn_options o = options_of(1460, 8, 1, 1);
    mpci_epochs ahead;
    mpci_cookie c, back;
    mpci_view v;

    start();
    ahead = epochs;
    mpci_epochs_advance(&ahead, EPOCH, 1001 * EPOCH);
    mpci_cookie_make(&c, &ahead, &profile, &t, 3, &o);
    v = ack_of(&c, 0);
    ck_assert_int_eq(check(&back, &t, &v), 1);
    mpci_epochs_advance(&ahead, EPOCH, 1002 * EPOCH);
    mpci_cookie_make(&c, &ahead, &profile, &t, 3, &o);
    v = ack_of(&c, 0);
    ck_assert_int_eq(check(&back, &t, &v), 0);
}
END_TEST

START_TEST(E13_cookie_under_the_old_key_lives_one_epoch_after_rotation)
{
    static const uint8_t fresh[16] = "the next secret";
    mpconn_tuple t = tuple_of(4);
    mpci_syn_options o = options_of(1460, 8, 1, 1);
    mpci_cookie c, back;
    mpci_view v;

    start();
    mpci_cookie_make(&c, &epochs, &profile, &t, 3, &o);
    v = ack_of(&c, 0);
    mpci_epochs_rekey(&epochs, fresh, sizeof(fresh), 1000 * EPOCH + 1);
    ck_assert_int_eq(check(&back, &t, &v), 1);
    mpci_epochs_advance(&epochs, EPOCH, 1001 * EPOCH + 1);
    ck_assert_int_eq(check(&back, &t, &v), 0);
}
END_TEST

/* 42 of 64 endings can be right, in 3 epochs and 2 forms: 252 of 2^32. Counted over a space small
 * enough to walk: all 2^20 numbers that share 12 MAC bits with a right one are at most a few hits;
 * so the ceiling is checked where it is made, in the endings. */
START_TEST(E12_no_more_than_42_endings_are_accepted)
{
    mpconn_tuple t = tuple_of(4);
    unsigned seen[64] = {0}, distinct = 0;

    start();
    for (unsigned ws = 0; ws <= 15; ws++) {
        for (unsigned mss = 0; mss <= 65535; mss += 5) {
            for (unsigned sack = 0; sack < 2; sack++) {
                mpci_syn_options o = options_of((uint16_t)mss, (uint8_t)ws, (int)sack, 0);
                mpci_cookie c;

                mpci_cookie_make(&c, &epochs, &profile, &t, ws, &o);
                distinct += seen[c.isn & 63]++ == 0;
            }
        }
    }
    ck_assert_uint_eq(distinct, MPCI_COOKIE_SMALL_OFFERS);
    ck_assert_uint_lt(MPCI_COOKIE_SMALL_OFFERS * MPCI_EPOCHS * 2, 1u << 8);
}
END_TEST

/* A guesser that knows everything but the key: of 2^22 random pairs of numbers, at 252 in 2^32 a
 * hit is expected once in four runs; two would be a chance of 3 in 100, ten are not chance. */
START_TEST(E12_random_guesses_fail)
{
    seed_rng rng = seed_start();
    mpconn_tuple t = tuple_of(4);
    unsigned hits = 0;
    mpci_cookie back;

    start();
    for (unsigned i = 0; i < 1u << 22; i++) {
        mpci_view v;

        memset(&v, 0, sizeof(v));
        v.seq = seed_u32(&rng);
        v.ack = seed_u32(&rng);
        hits += (unsigned)check(&back, &t, &v);
    }
    ck_assert_uint_lt(hits, 10);
}
END_TEST

/* 10^5 answers to consecutive ports and ISNs: every bit of the MAC part is set half the time, no
 * number of one answer tells about the next. */
START_TEST(E11_isn_cannot_be_predicted)
{
    enum { N = 100000 };
    mpci_syn_options o = options_of(1460, 8, 1, 0);
    unsigned ones[32] = {0}, same_as_last[32] = {0};
    uint32_t last = 0;

    start();
    for (uint32_t i = 0; i < N; i++) {
        mpconn_tuple t = tuple_of(4);
        mpci_cookie c;

        t.client_port = (uint16_t)(1024 + i);
        mpci_cookie_make(&c, &epochs, &profile, &t, i, &o);
        for (unsigned bit = 6; bit < 32; bit++) {
            ones[bit] += c.isn >> bit & 1;
            same_as_last[bit] += (~(c.isn ^ last) >> bit) & 1;
        }
        last = c.isn;
    }
    for (unsigned bit = 6; bit < 32; bit++) { /* five standard deviations of 158 */
        ck_assert_uint_gt(ones[bit], N / 2 - 791);
        ck_assert_uint_lt(ones[bit], N / 2 + 791);
        ck_assert_uint_gt(same_as_last[bit], N / 2 - 791);
        ck_assert_uint_lt(same_as_last[bit], N / 2 + 791);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("cookie");
    TCase *tc = tcase_create("cookie");

    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, cookie_is_that_of_the_specification);
    tcase_add_loop_test(tc, R5_cookie_with_timestamps_carries_every_offer, 0, 2);
    tcase_add_test(tc, cookie_is_that_of_the_specification);
    tcase_add_loop_test(tc, R5_cookie_without_timestamps_carries_what_six_bits_can, 0, 2);
    tcase_add_test(tc, V1_same_syn_gets_the_same_answer_at_any_member);
    tcase_add_loop_test(tc, altered_ack_is_refused, 0, 4);
    tcase_add_loop_test(tc, E13_cookie_lives_one_epoch_beyond_its_own, 0, 2);
    tcase_add_test(tc, cookie_of_a_member_one_epoch_ahead_is_accepted);
    tcase_add_test(tc, E13_cookie_under_the_old_key_lives_one_epoch_after_rotation);
    tcase_add_test(tc, E12_no_more_than_42_endings_are_accepted);
    tcase_add_test(tc, E12_random_guesses_fail);
    tcase_add_test(tc, E11_isn_cannot_be_predicted);
    suite_add_tcase(s, tc);
    return check_run(s);
}
