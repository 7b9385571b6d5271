/* SPDX-License-Identifier: BSD-2-Clause */
/* The channel without IP: what is written for it, and datagrams in frames. */
#include "check_main.h"
#include "host/datagram.h"
#include "host/ether.h"

#include <linux/if_packet.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

static const uint8_t somebody[] = { 2, 0, 0, 0, 0, 0x1f };

static const struct sockaddr_ll *station(const channel_address *a)
{
    return (const struct sockaddr_ll *)&a->at;
}

START_TEST(channel_has_an_interface_and_a_type_for_local_use)
{
    static const char *const wrong[] = { "", ":", ":0x88b5", "lo:", "lo:0x88b7", "lo:0x0800",
                                         "lo:88b5", "lo:0x88b5x", "an-interface-of-no-system" };
    channel_config config;

    ck_assert_ptr_null(ether_parse(&config, "lo"));
    ck_assert_str_eq(config.interface, "lo");
    ck_assert_uint_eq(station(&config.address)->sll_protocol, htons(0x88b5));
    ck_assert_ptr_null(ether_parse(&config, "lo:0x88b6"));
    ck_assert_str_eq(config.interface, "lo");
    ck_assert_uint_eq(station(&config.address)->sll_protocol, htons(0x88b6));
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        ck_assert_msg(ether_parse(&config, wrong[i]), "taken: %s", wrong[i]);
}
END_TEST

START_TEST(peer_is_a_single_station)
{
    static const char *const wrong[] = { "", "02:00:00:00:00", "02:00:00:00:00:1f:00",
                                         "02:00:00:00:00:1g", "03:00:00:00:00:1f",
                                         "ff:ff:ff:ff:ff:ff", "192.0.2.1:5000" };
    channel_address a;

    ck_assert(ether_parse_station(&a, "02:00:00:00:00:1F"));
    ck_assert_uint_eq(a.len, sizeof(struct sockaddr_ll));
    ck_assert_uint_eq(a.at.ss_family, AF_PACKET);
    ck_assert_mem_eq(station(&a)->sll_addr, somebody, sizeof(somebody));
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        ck_assert_msg(!ether_parse_station(&a, wrong[i]), "taken: %s", wrong[i]);
}
END_TEST

/* What a channel makes of the bytes behind a frame's header. */
static ptrdiff_t received(const void *bytes, size_t len, uint8_t *datagram, size_t cap)
{
    channel c = { .config.kind = CHANNEL_ETHER };
    channel_address from;
    int ends[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends), 0);
    c.fd = ends[0];
    ck_assert_int_eq(write(ends[1], bytes, len), (ssize_t)len);
    ptrdiff_t n = ether_receive(&c, datagram, cap, &from);
    close(ends[0]);
    close(ends[1]);
    return n;
}

START_TEST(datagram_comes_without_what_pads_its_frame)
{
    uint8_t wire[46] = { 0, 3, 'o', 'n', 'e' }, datagram[100];

    ck_assert_int_eq(received(wire, sizeof(wire), datagram, sizeof(datagram)), 3);
    ck_assert_mem_eq(datagram, "one", 3);
    ck_assert_int_eq(received(wire, 5, datagram, sizeof(datagram)), 3);
}
END_TEST

START_TEST(datagram_that_is_not_all_there_is_none)
{
    uint8_t wire[46] = { 0, 45 }, datagram[100];

    ck_assert_int_eq(received(wire, sizeof(wire), datagram, sizeof(datagram)), 0);
    wire[1] = 44;
    ck_assert_int_eq(received(wire, sizeof(wire), datagram, sizeof(datagram)), 44);
    ck_assert_int_eq(received(wire, 1, datagram, sizeof(datagram)), 0);
    ck_assert_int_eq(received(wire, sizeof(wire), datagram, 10), 0); /* no room for it */
}
END_TEST

START_TEST(record_shows_the_frame_of_a_datagram)
{
    static const uint8_t to_all[] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0,
                                      0x88, 0xb6 };
    static const uint8_t from_somebody[] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                             2, 0, 0, 0, 0, 0x1f, 0x88, 0xb6 };
    static frame f;
    channel_config group;
    channel_address from;

    ck_assert_ptr_null(ether_parse(&group, "lo:0x88b6"));
    from = group.address;
    memcpy(((struct sockaddr_ll *)&from.at)->sll_addr, somebody, sizeof(somebody));
    ether_make_group(&group);
    f.pkt.data = f.room;
    datagram_frame(&f, &from, &group.address, (const uint8_t *)"one", 3);
    ck_assert_uint_eq(f.l2.len, sizeof(from_somebody));
    ck_assert_mem_eq(f.l2.bytes, from_somebody, sizeof(from_somebody));
    ck_assert_uint_eq(f.pkt.len, 5);
    ck_assert_mem_eq(f.pkt.data, "\0\3one", 5);
    datagram_frame(&f, &group.address, &group.address, (const uint8_t *)"one", 3);
    ck_assert_mem_eq(f.l2.bytes, to_all, sizeof(to_all));
}
END_TEST

int main(void)
{
    return CHECK_MAIN("ether", channel_has_an_interface_and_a_type_for_local_use,
                      peer_is_a_single_station, datagram_comes_without_what_pads_its_frame,
                      datagram_that_is_not_all_there_is_none,
                      record_shows_the_frame_of_a_datagram);
}
