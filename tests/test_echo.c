/* SPDX-License-Identifier: BSD-2-Clause */
/* Session packets inside echoes: what comes out is what was put in. */
#include <mpconn/mpconn.h>

#include "check_main.h"
#include "echo_support.h"
#include "seed.h"

enum { V4 = MPCONN_FAMILY_IPV4, V6 = MPCONN_FAMILY_IPV6, SYN = 2, ROUNDS = 2000 };

static const uint8_t syn_options[] = {2, 4, 5, 0xb4, 4, 2, 8, 10, 1, 2, 3, 4, 0, 0, 0, 0,
                                      1, 3, 3, 7};
static const unsigned families[] = {V4, V6};

static raw syn_of(unsigned family)
{
    raw r;

    raw_tcp(&r, family, SYN, syn_options, sizeof syn_options, 0);
    return r;
}

static int put(raw *out, const mpconn_echo *e, const raw *packet)
{
    mpconn_echo_key key = echo_key(0);
    size_t len = 0;
    int rc = mpconn_echo_encapsulate(out->bytes, sizeof out->bytes, &len, e, &key, packet->bytes,
                                     packet->len);

    out->len = (uint32_t)len;
    out->l4 = out->bytes[0] >> 4 == 4 ? 20 : 40;
    return rc;
}

static int take(mpconn_echo *e, uint32_t epoch, raw *reply, const uint8_t **inner, size_t *len)
{
    mpconn_echo_key key = echo_key(0);

    *e = (mpconn_echo){.struct_size = sizeof *e, .epoch = epoch};
    return mpconn_echo_unencapsulate(e, inner, len, &key, reply->bytes, reply->len);
}

START_TEST(vectors_come_out_bit_for_bit)
{
    for (unsigned i = 0; i < ECHO_VECTORS; i++)
        ck_assert_msg(echo_vector_holds(i), "%s", echo_vectors[i].what);
}
END_TEST

START_TEST(reply_gives_packet_and_all_that_went_with_it)
{
    for (unsigned i = 0; i < 2; i++) {
        raw packet = syn_of(families[i]), echo;
        mpconn_echo e = echo_of_vector(0), got;
        const uint8_t *inner;
        size_t len;

        ck_assert_int_eq(put(&echo, &e, &packet), MPCONN_OK);
        echo_turn(&echo);
        echo.bytes[families[i] == V4 ? 8 : 7] = 55;
        if (families[i] == V4)
            raw_seal(&echo);
        ck_assert_int_eq(take(&got, e.epoch, &echo, &inner, &len), MPCONN_OK);
        ck_assert(echo_same(&got, &e));
        ck_assert_uint_eq(len, packet.len);
        ck_assert_mem_eq(inner, packet.bytes, len);
        ck_assert(inner > echo.bytes && inner + len < echo.bytes + echo.len);
        ck_assert_uint_eq(got.packet_len, packet.len);
        ck_assert_uint_eq(got.family, families[i]);
        ck_assert_uint_eq(got.hop_limit, 55);
        ck_assert_mem_eq(got.client.bytes, packet.bytes + (i == 0 ? 12 : 8), i == 0 ? 4 : 16);
        ck_assert_mem_eq(got.server.bytes, packet.bytes + (i == 0 ? 16 : 24), i == 0 ? 4 : 16);
        ck_assert_uint_eq(got.struct_size, sizeof got);
    }
}
END_TEST

/* What the caller left in the members that come out, or an old secret in those that are not
 * carried, has no way out of the machine. */
START_TEST(members_that_are_not_carried_leave_no_trace)
{
    raw packet = syn_of(V4), plain, dirty;
    mpconn_echo e = echo_of(MPCONN_ECHO_ANSWER);

    ck_assert_int_eq(put(&plain, &e, &packet), MPCONN_OK);
    memset(&e.client, 0xee, sizeof e.client);
    memset(&e.server, 0xee, sizeof e.server);
    memset(e.link_header, 0xee, sizeof e.link_header);
    e.offers = e.client_ts = 0xeeeeeeee;
    e.packet_len = 0xeeee;
    e.family = 0xee;
    e.epoch += 0xee00; /* travels with its low bits, and is in the key: so it is another echo */
    ck_assert_int_eq(put(&dirty, &e, &packet), MPCONN_OK);
    ck_assert_mem_ne(dirty.bytes, plain.bytes, plain.len);
    e.epoch -= 0xee00;
    ck_assert_int_eq(put(&dirty, &e, &packet), MPCONN_OK);
    ck_assert_uint_eq(dirty.len, plain.len);
    ck_assert_mem_eq(dirty.bytes, plain.bytes, plain.len);
}
END_TEST

START_TEST(request_is_the_clients_and_may_not_be_fragmented)
{
    for (unsigned i = 0; i < 2; i++) {
        raw packet = syn_of(families[i]), echo, sealed;
        mpconn_echo e = echo_of(MPCONN_ECHO_ANSWER);
        unsigned at = i == 0 ? 12 : 8, n = i == 0 ? 8 : 32;

        ck_assert_int_eq(put(&echo, &e, &packet), MPCONN_OK);
        sealed = echo;
        raw_seal(&sealed);
        ck_assert_mem_eq(echo.bytes, sealed.bytes, echo.len);
        ck_assert_mem_eq(echo.bytes + at, packet.bytes + at, n);
        ck_assert_uint_eq(echo.bytes[i == 0 ? 8 : 7], 64);
        ck_assert_uint_eq(echo.bytes[echo.l4], i == 0 ? 8 : 128);
        ck_assert_uint_eq(peek32(echo.bytes + echo.l4 + 4), 0x05060708);
        if (i == 0)
            ck_assert_uint_eq(peek16(echo.bytes + 6), 0x4000);
        e.hop_limit = 7;
        ck_assert_int_eq(put(&echo, &e, &packet), MPCONN_OK);
        ck_assert_uint_eq(echo.bytes[i == 0 ? 8 : 7], 7);
    }
}
END_TEST

/* Every place of the packet and the echo to each other, as when the buffer of a SYN is used. */
START_TEST(packet_may_stand_where_the_echo_is_written)
{
    raw packet = syn_of(V4), apart, room;
    mpconn_echo e = echo_of_vector(0);
    mpconn_echo_key key = echo_key(0);

    ck_assert_int_eq(put(&apart, &e, &packet), MPCONN_OK);
    for (unsigned at = 0; at < 400; at++) {
        uint8_t *dst = room.bytes + 200;
        size_t len = 0;

        memset(&room, 0xaa, sizeof room);
        memcpy(room.bytes + at, packet.bytes, packet.len);
        HOLDS(mpconn_echo_encapsulate(dst, apart.len, &len, &e, &key, room.bytes + at,
                                      packet.len) == MPCONN_OK);
        HOLDS(len == apart.len && memcmp(dst, apart.bytes, len) == 0);
        HOLDS(dst[len] == 0xaa || at + packet.len > 200 + len);
    }
}
END_TEST

START_TEST(short_form_carries_headers_and_says_what_is_missing)
{
    for (unsigned i = 0; i < 2; i++) {
        raw packet = syn_of(families[i]), echo;
        mpconn_echo e = echo_of_vector(2), got;
        size_t len, headers = i == 0 ? 40 : 60;
        const uint8_t *inner;

        memset(e.link_header, 5, sizeof e.link_header);
        e.link_header_len = 14; /* is left out */
        ck_assert_int_eq(put(&echo, &e, &packet), MPCONN_OK);
        ck_assert_uint_eq(echo.len, mpconn_echo_size(headers, families[i], e.flags, 14));
        echo_turn(&echo);
        ck_assert_int_eq(take(&got, e.epoch, &echo, &inner, &len), MPCONN_OK);
        ck_assert_uint_eq(len, headers);
        ck_assert_mem_eq(inner, packet.bytes, headers);
        ck_assert_uint_eq(got.packet_len, packet.len);
        ck_assert_uint_eq(got.link_header_len, 0);
        ck_assert_uint_eq(got.offers, 0x31323334);
        ck_assert_uint_eq(got.client_ts, 0x41424344);
        packet.len = (uint32_t)headers; /* no more is needed, */
        ck_assert_int_eq(put(&echo, &e, &packet), MPCONN_OK);
        packet.len--; /* and no less */
        ck_assert_int_eq(put(&echo, &e, &packet), MPCONN_ERR_TRUNCATED);
    }
}
END_TEST

START_TEST(any_whole_packet_is_carried_with_its_options)
{
    raw packet, echo;
    mpconn_echo e = echo_of(MPCONN_ECHO_LEARN), got;
    const uint8_t *inner;
    size_t len;

    for (unsigned i = 0; i < 2; i++) {
        raw_tcp(&packet, families[i], 0x18, syn_options, sizeof syn_options, 1401);
        ck_assert_int_eq(put(&echo, &e, &packet), MPCONN_OK);
        ck_assert_uint_eq(echo.len, mpconn_echo_size(packet.len, families[i], 0, 0));
        echo_turn(&echo);
        ck_assert_int_eq(take(&got, e.epoch, &echo, &inner, &len), MPCONN_OK);
        ck_assert_uint_eq(len, packet.len);
        ck_assert_mem_eq(inner, packet.bytes, len);
    }
    packet = echo_unhex(echo_vectors[1].packet); /* an extension header */
    e.flags = MPCONN_ECHO_F_SHORT;
    ck_assert_int_eq(put(&echo, &e, &packet), MPCONN_OK);
    ck_assert_uint_eq(echo.len, mpconn_echo_size(68, V6, e.flags, 0));
}
END_TEST

START_TEST(what_stands_behind_packet_and_reply_is_left_alone)
{
    raw packet = syn_of(V4), echo, padded;
    mpconn_echo e = echo_of(MPCONN_ECHO_ANSWER), got;
    const uint8_t *inner;
    size_t len;

    ck_assert_int_eq(put(&echo, &e, &packet), MPCONN_OK);
    packet.len += 6;
    ck_assert_int_eq(put(&padded, &e, &packet), MPCONN_OK);
    ck_assert_uint_eq(padded.len, echo.len);
    ck_assert_mem_eq(padded.bytes, echo.bytes, echo.len);
    echo_turn(&echo);
    memset(echo.bytes + echo.len, 0x77, 6);
    echo.len += 6;
    ck_assert_int_eq(take(&got, e.epoch, &echo, &inner, &len), MPCONN_OK);
    ck_assert_uint_eq(len, 60);
    ck_assert_uint_eq(echo.bytes[echo.len - 1], 0x77);
}
END_TEST

/* The low 8 bits travel: what is within one epoch is found, also around the ends of numbers. */
START_TEST(neighbouring_epochs_are_found)
{
    static const uint32_t epochs[] = {0, 1, 255, 256, 0x21222324, UINT32_MAX};

    for (unsigned i = 0; i < sizeof epochs / sizeof epochs[0]; i++)
        for (int ahead = -3; ahead <= 3; ahead++) {
            raw packet = syn_of(V4), echo;
            mpconn_echo e = echo_of(MPCONN_ECHO_ANSWER), got;
            const uint8_t *inner;
            size_t len;
            int rc;

            e.epoch = epochs[i];
            ck_assert_int_eq(put(&echo, &e, &packet), MPCONN_OK);
            echo_turn(&echo);
            rc = take(&got, epochs[i] + (uint32_t)ahead, &echo, &inner, &len);
            ck_assert_int_eq(rc, ahead >= -1 && ahead <= 1 ? MPCONN_OK : MPCONN_ERR_EXPIRED);
            if (rc == MPCONN_OK)
                ck_assert_uint_eq(got.epoch, epochs[i]);
        }
}
END_TEST

/* With the same low bits the key is another one all the same. */
START_TEST(epoch_of_another_round_is_refused)
{
    raw packet = syn_of(V4), echo;
    mpconn_echo e = echo_of(MPCONN_ECHO_ANSWER), got;
    const uint8_t *inner;
    size_t len;

    ck_assert_int_eq(put(&echo, &e, &packet), MPCONN_OK);
    echo_turn(&echo);
    ck_assert_int_eq(take(&got, e.epoch + 256, &echo, &inner, &len), MPCONN_ERR_FORGED);
    ck_assert_int_eq(take(&got, e.epoch, &echo, &inner, &len), MPCONN_OK);
}
END_TEST

/* Nothing that goes with a packet can be read: no four bytes of it stand in the echo. */
START_TEST(nothing_that_is_sealed_can_be_read)
{
    raw packet = syn_of(V4), echo;
    mpconn_echo e = echo_of_vector(0);
    const uint8_t *from, *hidden[2] = {e.link_header, packet.bytes + 20};

    ck_assert_int_eq(put(&echo, &e, &packet), MPCONN_OK);
    from = echo_payload(&echo) + ECHO_SEALED_AT;
    for (const uint8_t *at = from; at + 4 <= echo.bytes + echo.len; at++) {
        HOLDS(peek32(at) != e.boot && peek32(at) != e.heard && peek32(at) != e.number);
        HOLDS(peek32(at) != ((uint32_t)e.origin << 16 | e.origin_link));
        for (unsigned i = 0; i < 2; i++)
            for (unsigned k = 0; k < 12; k++)
                HOLDS(memcmp(at, hidden[i] + k, 4) != 0);
    }
}
END_TEST

/* Equal echoes are equal, and what differs in one bit has nothing in common any more. */
START_TEST(number_makes_all_of_an_echo_another)
{
    raw packet = syn_of(V4), one, two;
    mpconn_echo e = echo_of_vector(0);
    unsigned same = 0;

    ck_assert_int_eq(put(&one, &e, &packet), MPCONN_OK);
    e.number++;
    ck_assert_int_eq(put(&two, &e, &packet), MPCONN_OK);
    for (uint32_t at = one.l4 + 8 + ECHO_SEALED_AT; at < one.len; at++)
        same += one.bytes[at] == two.bytes[at];
    ck_assert_uint_lt(same, 8); /* of more than 100, of which chance makes one in 256 alike */
}
END_TEST

START_TEST(arguments_out_of_range_are_refused)
{
    raw packet = syn_of(V4), echo, before;
    mpconn_echo_key key = echo_key(0);
    const uint8_t *inner;
    size_t len = 77;

    memset(&echo, 0x33, sizeof echo);
    before = echo;
    for (unsigned i = 0; i < 9; i++) {
        mpconn_echo e = echo_of(MPCONN_ECHO_ANSWER);
        int want = i == 8 ? MPCONN_ERR_VERSION : MPCONN_ERR_INVAL;

        e.kind = (uint8_t)(i == 0 ? 0 : i == 1 ? 4 : 1);
        e.link_header_len = (uint8_t)(i == 2 ? 33 : 0);
        e.flags = i == 3 ? 2 : 0;
        e.reserved[13] = i == 4;
        e.struct_size -= i == 8;
        ck_assert_int_eq(mpconn_echo_encapsulate(echo.bytes, sizeof echo.bytes,
                                                 i == 5 ? NULL : &len, &e, i == 6 ? NULL : &key,
                                                 i == 7 ? NULL : packet.bytes, packet.len), want);
    }
    ck_assert_uint_eq(len, 77);
    ck_assert_mem_eq(&echo, &before, sizeof echo);
    ck_assert_int_eq(mpconn_echo_key_init(&key, packet.bytes, 15), MPCONN_ERR_INVAL);
    ck_assert_int_eq(mpconn_echo_key_init(&key, packet.bytes, 65), MPCONN_ERR_INVAL);
    ck_assert_int_eq(mpconn_echo_key_init(&key, packet.bytes, 64), MPCONN_OK);
    ck_assert_int_eq(mpconn_echo_unencapsulate(NULL, &inner, &len, &key, echo.bytes, 100),
                     MPCONN_ERR_INVAL);
    ck_assert_int_eq(mpconn_echo_unencapsulate(&(mpconn_echo){.struct_size = 8}, &inner, &len,
                                               &key, echo.bytes, 100), MPCONN_ERR_VERSION);
}
END_TEST

START_TEST(size_is_that_of_the_echo)
{
    ck_assert_uint_eq(mpconn_echo_size(60, V4, 0, 14), 20 + 8 + 10 + 18 + 14 + 60 + 16);
    ck_assert_uint_eq(mpconn_echo_size(80, V6, 0, 32), 40 + 8 + 10 + 18 + 32 + 80 + 16);
    ck_assert_uint_eq(mpconn_echo_size(40, V4, MPCONN_ECHO_F_SHORT, 32),
                      20 + 8 + 10 + 28 + 40 + 16);
    ck_assert_uint_eq(mpconn_echo_size(65535 - 72, V4, 0, 0), 65535);
    ck_assert_uint_eq(mpconn_echo_size(65536 - 72, V4, 0, 0), 0);
    ck_assert_uint_eq(mpconn_echo_size(65535 - 52, V6, 0, 0), 65575);
    ck_assert_uint_eq(mpconn_echo_size(65536 - 52, V6, 0, 0), 0);
    ck_assert_uint_eq(mpconn_echo_size(SIZE_MAX, V6, 0, 0), 0);
    ck_assert_uint_eq(mpconn_echo_size(60, 5, 0, 0), 0);
    ck_assert_uint_eq(mpconn_echo_size(60, V4, 0, 33), 0);
}
END_TEST

/* Random packets of random lengths, all that goes with them random. */
START_TEST(whatever_is_put_in_comes_out)
{
    seed_rng rng = seed_start();

    for (unsigned i = 0; i < ROUNDS; i++) {
        mpconn_echo e = echo_of(1 + seed_below(&rng, 3)), got;
        raw packet, echo;
        const uint8_t *inner;
        size_t len, carried;

        raw_tcp(&packet, families[i % 2], seed_below(&rng, 64), NULL, 0, seed_below(&rng, 200));
        e.boot = seed_u32(&rng);
        e.number = seed_u32(&rng);
        e.origin = (uint16_t)seed_u32(&rng);
        e.flags = seed_below(&rng, 2) ? MPCONN_ECHO_F_SHORT : 0;
        e.link_header_len = (uint8_t)(e.flags == 0 ? seed_below(&rng, 33) : 0);
        seed_fill(&rng, e.link_header, e.link_header_len);
        carried = e.flags == 0 ? packet.len : packet.l4 + 20;
        HOLDS(put(&echo, &e, &packet) == MPCONN_OK);
        HOLDS(echo.len == mpconn_echo_size(carried, families[i % 2], e.flags, e.link_header_len));
        echo_turn(&echo);
        HOLDS(take(&got, e.epoch - 1 + i % 3, &echo, &inner, &len) == MPCONN_OK);
        HOLDS(echo_same(&got, &e) && len == carried && memcmp(inner, packet.bytes, len) == 0);
    }
}
END_TEST

int main(void)
{
    return CHECK_MAIN("echo", vectors_come_out_bit_for_bit,
                      reply_gives_packet_and_all_that_went_with_it,
                      members_that_are_not_carried_leave_no_trace,
                      request_is_the_clients_and_may_not_be_fragmented,
                      packet_may_stand_where_the_echo_is_written,
                      short_form_carries_headers_and_says_what_is_missing,
                      any_whole_packet_is_carried_with_its_options,
                      what_stands_behind_packet_and_reply_is_left_alone,
                      neighbouring_epochs_are_found, epoch_of_another_round_is_refused,
                      nothing_that_is_sealed_can_be_read, number_makes_all_of_an_echo_another,
                      arguments_out_of_range_are_refused, size_is_that_of_the_echo,
                      whatever_is_put_in_comes_out);
}
