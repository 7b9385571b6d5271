/* SPDX-License-Identifier: BSD-2-Clause */
/* The demo's ladder: what it reads in records, and what it makes of it. */
#include "check_main.h"
#include "demo/message.h"
#include "demo/rows.h"
#include "frame_check.h"
#include "host/datagram.h"
#include "host/pcapng.h"
#include "packets.h"

#include <arpa/inet.h>
#include <sys/mman.h>

enum { A, B, TIME = 1000 };

static const uint32_t x = 0xfffffff0, y = 0x20, z = 0x30000000;
static char paths[2][32];
static pcapng records[2];
static uint64_t clock_ns;

static void open_records(void)
{
    for (int i = A; i <= B; i++) {
        int fd = memfd_create("ladder", 0);
        ck_assert_int_ge(fd, 0);
        snprintf(paths[i], sizeof(paths[i]), "/proc/self/fd/%d", fd);
        ck_assert(pcapng_open(&records[i], paths[i], 512));
        pcapng_add_interface(&records[i], "c0", "client");
        pcapng_add_interface(&records[i], "s0", "server");
        pcapng_add_interface(&records[i], "sync", "members");
    }
    clock_ns = TIME;
}

/* A segment at one side of a member. */
static void segment_at(unsigned member, unsigned side, bool left, uint32_t seq, uint32_t ack,
                       uint8_t flags, uint32_t text_len)
{
    static const l2_header l2 = { .bytes = { [12] = 0x08 }, .len = 14 };
    const unsigned to_server = (side == SERVER) == left;
    uint8_t bytes[200] = { 0x45, 0, 0, (uint8_t)(40 + text_len), [8] = 64, [9] = 6 };
    mpconn_pkt pkt = { .data = bytes, .len = 40 + text_len };

    poke16(bytes + 20, to_server ? 40000 : 80);
    poke16(bytes + 22, to_server ? 80 : 40000);
    poke32(bytes + 24, seq);
    poke32(bytes + 28, ack);
    bytes[32] = 0x50;
    bytes[33] = flags;
    poke16(bytes + 34, 1000);
    pcapng_write(&records[member], side, left, clock_ns++, &l2, &pkt);
}

static channel_address end_of(int family, const char *address, uint16_t port)
{
    channel_address a = { 0 };
    struct sockaddr_in *in4 = (struct sockaddr_in *)&a.at;
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&a.at;

    a.at.ss_family = (sa_family_t)family;
    a.len = family == AF_INET ? sizeof(*in4) : sizeof(*in6);
    *(family == AF_INET ? &in4->sin_port : &in6->sin6_port) = htons(port);
    inet_pton(family, address, family == AF_INET ? (void *)&in4->sin_addr : &in6->sin6_addr);
    return a;
}

/* The frame of a vector leaves a member and comes to the other, or to nobody. */
static void message_of(unsigned vector, unsigned member, int family, bool arrives)
{
    static frame f;
    uint8_t bytes[FRAME_VECTOR_MOST];
    const size_t len = frame_unhex(bytes, frame_vectors[vector].hex);
    const channel_address from = end_of(family, family == AF_INET ? "10.0.0.1" : "fd00::1", 5000);
    const channel_address to = end_of(family, family == AF_INET ? "10.0.0.2" : "fd00::2", 5000);

    f.pkt.data = f.room;
    datagram_frame(&f, &from, &to, bytes, len);
    pcapng_write(&records[member], MEMBERS, true, clock_ns++, &f.l2, &f.pkt);
    if (arrives)
        pcapng_write(&records[!member], MEMBERS, false, clock_ns++, &f.l2, &f.pkt);
}

/* A connection through A and back through B, as far as its first bytes. */
static void write_records(void)
{
    open_records();
    message_of(1, A, AF_INET, true);
    segment_at(A, CLIENT, false, x, 0, TCP_SYN, 0);
    segment_at(A, CLIENT, true, y, x + 1, TCP_SYN | TCP_ACK, 0);
    segment_at(A, SERVER, true, x, 0, TCP_SYN, 0);
    segment_at(B, SERVER, false, z, x + 1, TCP_SYN | TCP_ACK, 0);
    message_of(2, A, AF_INET6, true);
    message_of(3, B, AF_INET, false);
    segment_at(B, SERVER, false, z + 1, x + 1, TCP_ACK, 7);
    segment_at(A, CLIENT, false, x + 1, y + 1, TCP_ACK, 20);
    segment_at(B, CLIENT, true, y + 1, x + 1, TCP_ACK, 7);
    segment_at(A, SERVER, true, x + 1, z + 1, TCP_ACK, 20);
    segment_at(A, CLIENT, false, x + 21, y + 8, TCP_ACK, 0);
    segment_at(B, CLIENT, false, x + 21, y + 9, TCP_ACK, 0); /* by another way */
    segment_at(B, SERVER, true, x + 21, z + 9, TCP_ACK, 0);
    segment_at(A, SERVER, true, x + 21, z + 8, TCP_ACK, 0);
    for (int i = A; i <= B; i++)
        ck_assert(pcapng_close(&records[i]));
}

static void read_records(capture *c)
{
    memset(c, 0, sizeof(*c));
    for (int i = A; i <= B; i++)
        ck_assert_ptr_null(capture_add(c, paths[i]));
    ck_assert_ptr_null(capture_finish(c));
}

static void expect_arrow(const rows *r, size_t i, size_t nth, unsigned from, unsigned to,
                         const char *text)
{
    arrow arrows[2] = { { 0 } };

    ck_assert_uint_gt(row_arrows(arrows, r, &r->list[i]), nth);
    ck_assert_str_eq(arrows[nth].text, text);
    ck_assert_uint_eq(arrows[nth].from, from);
    ck_assert_uint_eq(arrows[nth].to, to);
}

START_TEST(ladder_of_two_members_shows_legs_and_frames_in_order)
{
    capture c;
    rows r;

    write_records();
    read_records(&c);
    ck_assert(rows_make(&r, &c, 20, 20));
    ck_assert_uint_eq(r.n, 10);
    expect_arrow(&r, 0, 0, 0, 1, "SYN x");
    expect_arrow(&r, 1, 0, 1, 0, "SYN ACK y ack x+1");
    expect_arrow(&r, 2, 0, 1, 3, "SYN x");
    expect_arrow(&r, 3, 0, 3, 2, "SYN ACK z ack x+1");
    expect_arrow(&r, 4, 0, 1, 2, "SHARE DRIVE ANSWER COMMIT STALE ... 283 B");
    expect_arrow(&r, 5, 0, 2, 1, "SHARE DRIVE ANSWER COMMIT STALE ... 477 B lost");
    expect_arrow(&r, 6, 0, 2, 0, "y+1 (7) ack x+1");
    expect_arrow(&r, 6, 1, 3, 2, "z+1 (7) ack x+1");
    expect_arrow(&r, 7, 0, 0, 1, "x+1 (20) ack y+1");
    expect_arrow(&r, 7, 1, 1, 3, "x+1 (20) ack z+1");
    expect_arrow(&r, 8, 0, 0, 1, "x+21 ack y+8");
    expect_arrow(&r, 8, 1, 1, 3, "x+21 ack z+8");
    expect_arrow(&r, 9, 0, 0, 2, "x+21 ack y+9");
    expect_arrow(&r, 9, 1, 2, 3, "x+21 ack z+9");
    rows_free(&r);
    capture_free(&c);
}
END_TEST

START_TEST(ladder_of_many_rows_leaves_out_those_in_the_middle)
{
    capture c;
    rows r;

    write_records();
    read_records(&c);
    ck_assert(rows_make(&r, &c, 2, 1));
    ck_assert_uint_eq(r.n, 4);
    expect_arrow(&r, 1, 0, 1, 0, "SYN ACK y ack x+1");
    ck_assert_uint_eq(r.list[2].left_out, 7);
    ck_assert_uint_eq(r.list[2].bytes[CLIENT], 7);
    ck_assert_uint_eq(r.list[2].bytes[SERVER], 20);
    expect_arrow(&r, 3, 0, 0, 2, "x+21 ack y+9");
    rows_free(&r);
    capture_free(&c);
}
END_TEST

START_TEST(ladder_of_one_of_two_members_shows_no_frames)
{
    capture c = { 0 };
    rows r;

    write_records();
    ck_assert_ptr_null(capture_add(&c, paths[A]));
    ck_assert_ptr_null(capture_finish(&c));
    ck_assert(rows_make(&r, &c, 20, 20));
    ck_assert_uint_eq(r.n, 5);
    expect_arrow(&r, 2, 0, 1, 2, "SYN x");
    expect_arrow(&r, 3, 0, 0, 1, "x+1 (20) ack y+1");
    rows_free(&r);
    capture_free(&c);
}
END_TEST

START_TEST(record_names_are_the_library_s)
{
    for (unsigned type = 0; type < 256; type++) {
        const char *ours = message_record_name((uint8_t)type);
        const char *theirs = type & MPCI_RECORD_CRITICAL
                                 ? mpci_record_name(type & ~(unsigned)MPCI_RECORD_CRITICAL)
                                 : NULL;
        ck_assert_pstr_eq(ours, theirs);
    }
}
END_TEST

START_TEST(frames_say_who_sent_them_and_whether_they_greet)
{
    static const bool greets[FRAME_VECTORS] = { true, true, false, false };

    for (unsigned i = 0; i < FRAME_VECTORS; i++) {
        uint8_t bytes[FRAME_VECTOR_MOST];
        const size_t len = frame_unhex(bytes, frame_vectors[i].hex);
        message m;

        ck_assert(message_read(&m, bytes, len, len));
        ck_assert_uint_eq(m.sender, 1);
        ck_assert_uint_eq(m.sequence, i == 3 ? UINT64_C(1) << 32 : i + 1);
        ck_assert_uint_eq(m.len, len);
        ck_assert_int_eq(m.greeting, greets[i]);
    }
}
END_TEST

START_TEST(frame_cut_or_of_something_else_is_told_or_refused)
{
    uint8_t bytes[FRAME_VECTOR_MOST];
    const size_t len = frame_unhex(bytes, frame_vectors[1].hex);
    message m;

    for (size_t kept = 0; kept < len; kept++) {
        uint8_t *exact = malloc(kept ? kept : 1);
        memcpy(exact, bytes, kept);
        ck_assert_int_eq(message_read(&m, exact, kept, len), kept >= 32);
        if (kept >= 32)
            ck_assert_str_eq(m.names, kept < len - 16 ? "..." : "HELLO");
        ck_assert(!message_read(&m, exact, kept, kept) || kept >= 48);
        free(exact);
    }
    bytes[3] |= 1;
    ck_assert(message_read(&m, bytes, len, len));
    ck_assert_str_eq(m.names, "sealed");
    bytes[2] = 0x20;
    ck_assert(!message_read(&m, bytes, len, len));
    bytes[2] = 0x10;
    bytes[0]++;
    ck_assert(!message_read(&m, bytes, len, len));
}
END_TEST

/* Draws what there is in a file of these bytes; sanitizers see the rest. */
static void read_damaged(const uint8_t *bytes, size_t len)
{
    FILE *f = fopen(paths[A], "wb");
    capture c = { 0 };
    arrow arrows[2];
    rows r;

    ck_assert_uint_eq(fwrite(bytes, 1, len, f), len);
    fclose(f);
    if (!capture_add(&c, paths[A]) && !capture_add(&c, paths[B]) && !capture_finish(&c)) {
        HOLDS(c.n > 0 && rows_make(&r, &c, 20, 20));
        for (size_t i = 0; i < r.n; i++)
            HOLDS(r.list[i].left_out || row_arrows(arrows, &r, &r.list[i]) <= 2);
        rows_free(&r);
    }
    capture_free(&c);
}

START_TEST(damaged_record_is_read_as_far_as_it_goes)
{
    static uint8_t bytes[1 << 16];

    write_records();
    FILE *f = fopen(paths[A], "rb");
    const size_t len = fread(bytes, 1, sizeof(bytes), f);
    fclose(f);
    ck_assert_uint_gt(len, 1000);
    for (size_t i = 0; i < len; i++) {
        read_damaged(bytes, i);
        for (unsigned flip = 1; flip < 256; flip <<= 4) {
            bytes[i] ^= (uint8_t)flip;
            read_damaged(bytes, len);
            bytes[i] ^= (uint8_t)flip;
        }
    }
}
END_TEST

int main(void)
{
    return CHECK_MAIN("ladder", ladder_of_two_members_shows_legs_and_frames_in_order,
                      ladder_of_many_rows_leaves_out_those_in_the_middle,
                      ladder_of_one_of_two_members_shows_no_frames,
                      record_names_are_the_library_s,
                      frames_say_who_sent_them_and_whether_they_greet,
                      frame_cut_or_of_something_else_is_told_or_refused,
                      damaged_record_is_read_as_far_as_it_goes);
}
