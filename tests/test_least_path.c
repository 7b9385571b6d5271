/* SPDX-License-Identifier: BSD-2-Clause */
/* Timestamps for an IPv6 client behind a link of 1,280 bytes: a server without them cannot be told
 * to leave room, so a segment that is too long with them is divided. */
#include "carried.h"
#include "check_main.h"
#include "engine_support.h"
#include "icmp_about.h"

enum { STAMP = 12, HEADERS = 60, LEAST = 1280, FULL = LEAST - HEADERS };

static mpconn_engine_config cfg;
static mpconn_callbacks cb;
static bed b;
static uint8_t sent[BED_ROOM]; /* the server's last segment */
static uint32_t next;          /* number of its next one, the first is 1 */

static void name_connection(void)
{
    mpconn_tuple t = bed_tuple(MPCONN_FAMILY_IPV6, 1, 40000);

    c = bed_conn_of(&t, 0x11111111, 0x10);
    next = 1;
}

static void hear_server(bed *at)
{
    bed_segment seg = bed_syn_ack_seg(&c);

    seg.s.timestamps = 0;
    bed_in(at, SERVER, &seg);
}

/* Whatever the server is going to say, the client has room for it. */
static void open_window(bed *at)
{
    bed_segment seg = bed_data(&c, CLIENT, 1, 1, 0);

    seg.s.window = 60000;
    bed_in(at, CLIENT, &seg);
    ck_assert_uint_eq(at->pkt.verdict, MPCONN_VERDICT_FORWARD);
}

static void handshake_of(bed *at)
{
    bed_syn(at, &c);
    bed_proof(at, &c);
    hear_server(at);
    ck_assert_uint_eq(at->pkt.reason, MPCONN_REASON_SERVER_ANSWERED);
    at->n_out = 0;
    open_window(at);
}

static void settled(void)
{
    name_connection();
    bed_config(&cfg, &cb);
    bed_open(&b, &cfg, &cb);
    handshake_of(&b);
}

static void stay_partial(mpconn_pkt *pkt, void *user)
{
    (void)user;
    pkt->flags |= MPCONN_PKT_F_CSUM_PARTIAL;
}

/* The server goes on with so many bytes. */
static void say_next(bed *at, unsigned flags, uint32_t n, void (*tweak)(mpconn_pkt *, void *),
                     void *user)
{
    bed_segment seg = bed_data(&c, SERVER, next, 1, n);
    size_t len;

    seg.s.timestamps = 0;
    seg.s.flags = (uint16_t)(MPCI_TCP_ACK | flags);
    seg.s.traffic_class = 0x48;
    len = bed_build(sent, sizeof(sent), &seg);
    bed_bytes(at, SERVER, sent, len, tweak, user);
    next += n;
}

static mpci_view seen(const bed *at)
{
    mpci_view v;

    ck_assert_uint_eq(at->pkt.verdict, MPCONN_VERDICT_FORWARD);
    bed_view(at, &v, NULL);
    return v;
}

static void expect_whole(bed *at, uint32_t n)
{
    mpci_view v;

    say_next(at, 0, n, NULL, NULL);
    v = seen(at);
    ck_assert_uint_eq(at->n_out, 0);
    ck_assert_uint_ne(v.ts_offset, 0);
    ck_assert_uint_eq(v.payload_len, n);
    ck_assert_uint_eq(at->pkt.len, HEADERS + STAMP + n);
}

static void expect_like(const mpci_view *piece, const mpci_view *rest)
{
    ck_assert_uint_eq(piece->tsval, rest->tsval);
    ck_assert_uint_eq(piece->tsecr, rest->tsecr);
    ck_assert_uint_ne(rest->ts_offset, 0);
    ck_assert_uint_eq(piece->ack, rest->ack);
    ck_assert_uint_eq(piece->window, rest->window);
    ck_assert_uint_eq(piece->sport, rest->sport);
    ck_assert_uint_eq(piece->dport, rest->dport);
    ck_assert_mem_eq(piece->ip, rest->ip, 4);          /* traffic class */
    ck_assert_mem_eq(piece->ip + 7, rest->ip + 7, 33); /* hop limit and addresses */
}

/* In two, one after the other, each with timestamps and a right sum, neither too long. */
static void expect_divided(bed *at, unsigned flags, uint32_t n)
{
    uint32_t seq = c.y + next;
    mpci_view rest, piece;
    const bed_out *o;

    say_next(at, flags, n, NULL, NULL);
    rest = seen(at);
    ck_assert_uint_eq(at->n_out, 1);
    o = bed_take(at);
    piece = o->view;
    ck_assert_uint_eq(o->pkt.reason, MPCONN_REASON_SEGMENT_DIVIDED);
    ck_assert_uint_eq(o->pkt.side, CLIENT);
    ck_assert_uint_eq(o->pkt.mark, at->pkt.mark);
    expect_like(&piece, &rest);
    ck_assert_uint_eq(piece.seq, seq);
    ck_assert_uint_eq(rest.seq, seq + STAMP);
    ck_assert_uint_eq(piece.payload_len, STAMP);
    ck_assert_uint_eq(rest.payload_len, n - STAMP);
    ck_assert_uint_eq(piece.flags, MPCI_TCP_ACK | (flags & MPCI_TCP_ECE));
    ck_assert_uint_eq(rest.flags, MPCI_TCP_ACK | flags);
    ck_assert_uint_eq(at->pkt.len, HEADERS + n);
    ck_assert_mem_eq(o->bytes + HEADERS + STAMP, sent + HEADERS, STAMP);
    ck_assert_mem_eq(at->pkt.data + HEADERS + STAMP, sent + HEADERS + STAMP, n - STAMP);
    ck_assert_uint_eq(mpci_view_verify(&rest, &at->pkt), 0);
    ck_assert_uint_eq(mpci_view_verify(&piece, &o->pkt), 0);
}

/* A router's word about the server's first segment, as it was on the client's leg; what the server
 * is told. */
static uint32_t told(bed *at, uint32_t mtu)
{
    bed_segment seg = bed_data(&c, SERVER, 1, 1, FULL);
    icmp_about e;

    seg.s.seq = c.y + 1;
    seg.s.tsval = c.proxy_ts;
    e = icmp_about_segment(&seg, 2, 0, 1000);
    poke32(e.bytes + e.l4 + 4, mtu);
    icmp_about_seal(&e);
    bed_bytes(at, CLIENT, e.bytes, e.len, NULL, NULL);
    ck_assert_uint_eq(at->pkt.reason, MPCONN_REASON_ERROR_TRANSLATED);
    return peek32(at->pkt.data + e.l4 + 4);
}

static void settled_on_least_path(void)
{
    settled();
    expect_whole(&b, FULL);
    ck_assert_uint_eq(told(&b, LEAST), LEAST);
}

START_TEST(segment_that_may_not_grow_is_divided)
{
    static const unsigned flags[] = {0, MPCI_TCP_PSH | MPCI_TCP_ECE | MPCI_TCP_CWR, MPCI_TCP_FIN};

    settled_on_least_path();
    for (uint32_t n = FULL - STAMP + 1; n <= FULL; n++)
        expect_divided(&b, 0, n);
    expect_divided(&b, flags[_i], FULL);
    ck_assert_uint_eq(bed_count(&b, MPCONN_REASON_SEGMENT_UNSTAMPED), 0);
    bed_close(&b);
}
END_TEST

/* One that is longer is too long for the path anyway, and its sender is told. */
START_TEST(segment_of_another_length_grows)
{
    settled_on_least_path();
    expect_whole(&b, FULL - STAMP);
    expect_whole(&b, 0);
    expect_whole(&b, FULL + 1);
    bed_close(&b);
}
END_TEST

START_TEST(path_with_room_has_nothing_divided)
{
    settled();
    expect_whole(&b, FULL);
    ck_assert_uint_eq(told(&b, LEAST + STAMP), LEAST);
    expect_whole(&b, FULL);
    ck_assert_uint_eq(told(&b, LEAST + STAMP + 1), LEAST + 1);
    expect_whole(&b, FULL);
    ck_assert_uint_eq(told(&b, LEAST + STAMP - 1), LEAST);
    expect_divided(&b, 0, FULL);
    bed_close(&b);
}
END_TEST

static void make_super(mpconn_pkt *pkt, void *user)
{
    stay_partial(pkt, NULL);
    pkt->ext = user;
}

/* The host cuts it into smaller pieces. */
START_TEST(super_segment_gets_smaller_pieces)
{
    mpconn_pkt_ext ext;
    mpci_view v;

    settled_on_least_path();
    MPCONN_STRUCT_INIT(&ext);
    ext.gso_size = FULL - (_i == 0 ? 0 : STAMP);
    say_next(&b, 0, 1900, make_super, &ext);
    v = seen(&b);
    ck_assert_uint_eq(b.n_out, 0);
    ck_assert_uint_ne(v.ts_offset, 0);
    ck_assert_uint_eq(v.payload_len, 1900);
    ck_assert_uint_eq(ext.gso_size, FULL - STAMP);
    bed_close(&b);
}
END_TEST

/* Of a partial sum nothing has to be known: only the pseudo-header's part is there. */
START_TEST(partial_sum_stays_one)
{
    uint16_t sum;

    settled_on_least_path();
    say_next(&b, 0, FULL, stay_partial, NULL);
    sum = (uint16_t)peek16(sent + 40 + 16);
    ck_assert_uint_eq(bed_take(&b)->pkt.flags & MPCONN_PKT_F_CSUM_PARTIAL, 0);
    ck_assert_uint_ne(seen(&b).ts_offset, 0);
    ck_assert_uint_eq(peek16(b.pkt.data + 40 + 16), sum);
    bed_close(&b);
}
END_TEST

static void spoil(mpconn_pkt *pkt, void *user)
{
    (void)user;
    pkt->data[HEADERS] ^= 1;
}

/* The sum of a part would be a new one, and so right. */
START_TEST(wrong_sum_is_not_made_good)
{
    settled_on_least_path();
    say_next(&b, 0, FULL, spoil, NULL);
    ck_assert_uint_eq(b.pkt.verdict, MPCONN_VERDICT_DROP);
    ck_assert_uint_eq(b.pkt.reason, MPCONN_REASON_BAD_TCP_CHECKSUM);
    ck_assert_uint_eq(b.n_out, 0);
    bed_close(&b);
}
END_TEST

static void leave_head(mpconn_pkt *pkt, void *user)
{
    pkt->flags |= MPCONN_PKT_F_HEAD_ONLY;
    pkt->len = HEADERS + STAMP - 1;
    pkt->ext = user;
}

/* Many receivers take a segment without them; none gets one that is too long for its path. */
START_TEST(segment_that_cannot_be_divided_goes_without_timestamps)
{
    mpconn_pkt_ext ext;

    settled_on_least_path();
    MPCONN_STRUCT_INIT(&ext);
    ext.total_len = LEAST;
    if (_i == 0)
        say_next(&b, MPCI_TCP_URG, FULL, NULL, NULL);
    else
        say_next(&b, 0, FULL, leave_head, &ext);
    ck_assert_uint_eq(seen(&b).ts_offset, 0);
    ck_assert_uint_eq(b.n_out, 0);
    ck_assert_uint_eq(bed_count(&b, MPCONN_REASON_SEGMENT_UNSTAMPED), 1);
    bed_close(&b);
}
END_TEST

/* --- two members --- */

/* Errors come to A, as what the client says does; the server's segments to B. */
START_TEST(other_member_is_told_of_the_path)
{
    name_connection();
    start((unsigned)_i);
    bed_syn(m[A], &c);
    bed_proof(m[A], &c);
    sync_carry(&net);
    hear_server(m[B]);
    sync_carry(&net);
    m[A]->n_out = m[B]->n_out = 0;
    open_window(m[A]);
    expect_whole(m[B], FULL);
    ck_assert_uint_eq(told(m[A], LEAST), LEAST);
    expect_whole(m[B], FULL);
    sync_carry(&net);
    expect_divided(m[B], 0, FULL);
}
END_TEST

/* Nobody else knew the flow when the error came. */
START_TEST(copy_knows_the_path)
{
    name_connection();
    start((unsigned)_i);
    handshake_of(m[A]);
    expect_whole(m[A], FULL);
    ck_assert_uint_eq(told(m[A], LEAST), LEAST);
    ck_assert_uint_eq(carried_said(A, MPCI_RECORD_DELTA), 0);
    sync_pass(&net, 30 * MPCONN_SECOND);
    ck_assert_uint_gt(carried_said(A, MPCI_RECORD_DELTA), 0);
    expect_divided(m[B], 0, FULL);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("least path");
    TCase *one = tcase_create("one member"), *two = tcase_create("two members");

    tcase_add_loop_test(one, segment_that_may_not_grow_is_divided, 0, 3);
    tcase_add_test(one, segment_of_another_length_grows);
    tcase_add_test(one, path_with_room_has_nothing_divided);
    tcase_add_loop_test(one, super_segment_gets_smaller_pieces, 0, 2);
    tcase_add_test(one, partial_sum_stays_one);
    tcase_add_test(one, wrong_sum_is_not_made_good);
    tcase_add_loop_test(one, segment_that_cannot_be_divided_goes_without_timestamps, 0, 2);
    suite_add_tcase(s, one);
    tcase_add_checked_fixture(two, set_up, tear_down);
    tcase_add_loop_test(two, other_member_is_told_of_the_path, 0, 2);
    tcase_add_loop_test(two, copy_knows_the_path, 0, 2);
    suite_add_tcase(s, two);
    return check_run(s);
}
