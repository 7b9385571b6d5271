/* SPDX-License-Identifier: BSD-2-Clause */
/* What is never put into an echo. */
#include "check_main.h"
#include "echo/carrier.h"
#include "echo_hostile.h"

enum { V4 = MPCONN_FAMILY_IPV4, V6 = MPCONN_FAMILY_IPV6 };

static int encapsulated(const raw *packet, uint32_t flags, size_t *len)
{
    mpconn_echo e = echo_of(MPCONN_ECHO_ANSWER);
    mpconn_echo_key key = echo_key(0);
    raw out, untouched;
    int rc;

    memset(&out, 0x55, sizeof out);
    untouched = out;
    e.flags = flags;
    rc = mpconn_echo_encapsulate(out.bytes, sizeof out.bytes, len, &e, &key, packet->bytes,
                                 packet->len);
    if (rc != MPCONN_OK)
        ck_assert_mem_eq(out.bytes, untouched.bytes, sizeof out.bytes);
    return rc;
}

/* In either form, for the same reason. */
static int refused(const raw *packet)
{
    size_t len = 1;
    int rc = encapsulated(packet, 0, &len);

    ck_assert_int_ne(rc, MPCONN_OK);
    ck_assert_uint_eq(len, 1);
    ck_assert_int_eq(encapsulated(packet, MPCONN_ECHO_F_SHORT, &len), rc);
    return rc;
}

START_TEST(I09_echo_in_an_echo_is_refused)
{
    mpconn_echo e = echo_of(MPCONN_ECHO_ANSWER);
    raw r = hostile_reply(V4, &e), ping;

    raw_ip(&ping, V6, 58);
    raw_add(&ping, "\x80\0\0\0\0\1\0\1and what a ping says", 28);
    ck_assert_int_eq(refused(&r), MPCONN_ERR_UNSUPPORTED);
    ck_assert_int_eq(refused(&ping), MPCONN_ERR_UNSUPPORTED);
}
END_TEST

/* Every length of packet, so every parity, with room for just that, and for one byte less. */
START_TEST(I13_echo_has_no_more_than_its_room)
{
    mpconn_echo e = echo_of(MPCONN_ECHO_LEARN);
    mpconn_echo_key key = echo_key(0);

    for (unsigned payload = 0; payload < 1500; payload += 1 + payload / 20) {
        raw packet;
        size_t need = 0, len = 0;
        uint8_t *room;

        raw_tcp(&packet, payload % 3 ? V4 : V6, 0x10, NULL, 0, payload);
        HOLDS(mpconn_echo_encapsulate(packet.bytes, 0, &need, &e, &key, packet.bytes,
                                      packet.len) == MPCONN_ERR_NOSPACE);
        room = malloc(need);
        HOLDS(room != NULL);
        HOLDS(mpconn_echo_encapsulate(room, need - 1, &len, &e, &key, packet.bytes,
                                      packet.len) == MPCONN_ERR_NOSPACE && len == need);
        HOLDS(mpconn_echo_encapsulate(room, need, &len, &e, &key, packet.bytes, packet.len) ==
              MPCONN_OK && len == need);
        free(room);
    }
}
END_TEST

START_TEST(I13_longest_packet_that_fits_is_carried)
{
    static uint8_t packet[65536], out[65536];
    mpconn_echo e = echo_of(MPCONN_ECHO_LEARN);
    mpconn_echo_key key = echo_key(0);
    size_t longest = 65535 - 20 - 8 - MPCI_ECHO_AROUND - MPCI_ECHO_FIELDS, len;
    raw head;

    raw_tcp(&head, V4, 0x10, NULL, 0, 0);
    memcpy(packet, head.bytes, head.len);
    poke16(packet + 2, (unsigned)longest);
    ck_assert_int_eq(mpconn_echo_encapsulate(out, sizeof out, &len, &e, &key, packet,
                                             sizeof packet), MPCONN_OK);
    ck_assert_uint_eq(len, 65535);
    poke16(packet + 2, (unsigned)longest + 1);
    ck_assert_int_eq(mpconn_echo_encapsulate(out, sizeof out, &len, &e, &key, packet,
                                             sizeof packet), MPCONN_ERR_NOSPACE);
    ck_assert_uint_eq(len, 65536);
}
END_TEST

START_TEST(I14_fragment_is_not_put_into_an_echo)
{
    static const unsigned marks[] = {0x2000, 0x2010, 0x0010, 0x1fff};
    raw packet;

    for (unsigned i = 0; i < 4; i++) {
        raw_tcp(&packet, V4, 2, NULL, 0, 64);
        poke16(packet.bytes + 6, marks[i]);
        ck_assert_int_eq(refused(&packet), MPCONN_ERR_FRAGMENT);
    }
}
END_TEST

START_TEST(I16_many_are_never_asked)
{
    static const uint8_t bad[][4] = {{224, 0, 0, 1}, {239, 255, 255, 250}, {255, 255, 255, 255},
                                     {127, 0, 0, 1}, {0, 0, 0, 0}};
    static const uint8_t bad_ipv6[][16] = {{0xff, 2, [15] = 1}, {[15] = 1}, {0},
                                           {[10] = 0xff, 0xff, 224, 0, 0, 1}};
    raw packet;

    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++)
        for (unsigned at = 12; at <= 16; at += 4) {
            raw_tcp(&packet, V4, 2, NULL, 0, 0);
            memcpy(packet.bytes + at, bad[i], 4);
            ck_assert_int_eq(refused(&packet), MPCONN_ERR_MALFORMED);
        }
    for (unsigned i = 0; i < sizeof bad_ipv6 / sizeof bad_ipv6[0]; i++)
        for (unsigned at = 8; at <= 24; at += 16) {
            raw_tcp(&packet, V6, 2, NULL, 0, 0);
            memcpy(packet.bytes + at, bad_ipv6[i], 16);
            ck_assert_int_eq(refused(&packet), MPCONN_ERR_MALFORMED);
        }
}
END_TEST

START_TEST(packets_that_are_no_segments_are_refused)
{
    raw packet;

    raw_tcp(&packet, V4, 2, NULL, 0, 0);
    packet.bytes[packet.l4 + 12] = 0x40;
    ck_assert_int_eq(refused(&packet), MPCONN_ERR_MALFORMED);
    raw_tcp(&packet, V4, 2, NULL, 0, 0);
    packet.bytes[packet.l4 + 12] = 0x60;
    ck_assert_int_eq(refused(&packet), MPCONN_ERR_MALFORMED);
    raw_tcp(&packet, V4, 2, NULL, 0, 0);
    poke16(packet.bytes + 2, 39);
    ck_assert_int_eq(refused(&packet), MPCONN_ERR_MALFORMED);
    raw_tcp(&packet, V4, 2, NULL, 0, 0);
    packet.len--;
    ck_assert_int_eq(refused(&packet), MPCONN_ERR_TRUNCATED);
    raw_tcp(&packet, V4, 2, NULL, 0, 0);
    poke16(packet.bytes + 2, 0);
    ck_assert_int_eq(refused(&packet), MPCONN_ERR_MALFORMED);
}
END_TEST

int main(void)
{
    return CHECK_MAIN("echo_refused", I09_echo_in_an_echo_is_refused,
                      I13_echo_has_no_more_than_its_room, I13_longest_packet_that_fits_is_carried,
                      I14_fragment_is_not_put_into_an_echo, I16_many_are_never_asked,
                      packets_that_are_no_segments_are_refused);
}
