/* SPDX-License-Identifier: BSD-2-Clause */
/* ICMP errors about segments of settled flows, at one member. */
#include "check_main.h"
#include "conn/track.h"
#include "engine/engine.h"
#include "icmp_about.h"

enum { CLIENT = MPCONN_SIDE_CLIENT, SERVER = MPCONN_SIDE_SERVER, ALL = 2000, SENT = 1000 };
enum { TOLD_WSCALE = 7 }; /* to clients, by default */

static const unsigned families[] = {MPCONN_FAMILY_IPV4, MPCONN_FAMILY_IPV6};
static bed b;
static bed_conn c;

static mpci_settled *flow(void)
{
    uint32_t slot = mpci_settled_find(&b.eng->core.settled,
                                      mpci_tuple_hash(&b.eng->core.table_key, &c.tuple), &c.tuple);

    return slot == MPCI_SLOT_NONE ? NULL : mpci_settled_at(&b.eng->core.settled, slot);
}

static void say(unsigned from, uint32_t seq, uint32_t ack, uint32_t payload)
{
    bed_segment seg = bed_data(&c, from, seq, ack, payload);

    bed_in(&b, from, &seg);
    ck_assert_int_eq(b.pkt.verdict, MPCONN_VERDICT_FORWARD);
}

/* Each endpoint has sent SENT bytes, all of which may still be on their way. */
static void talk(void)
{
    say(CLIENT, 1, 1, SENT);
    say(SERVER, 1, 1, SENT);
}

static void begin(unsigned family)
{
    mpconn_tuple t = bed_tuple(family, 1, 40000);

    c = bed_conn_of(&t, 0xfffffffe, 0x1000);
    c.timestamps = 1;
    bed_open_default(&b);
    bed_settle(&b, &c);
    talk();
}

static void begin_tracked(unsigned family)
{
    mpconn_tuple t = bed_tuple(family, 1, 40000);
    mpconn_engine_config cfg;
    mpconn_callbacks cb;

    c = bed_conn_of(&t, 0xfffffffe, 0x1000);
    c.y = c.z;
    bed_config(&cfg, &cb);
    cfg.split_mode = MPCONN_SPLIT_NEVER;
    bed_open(&b, &cfg, &cb);
    bed_plain(&b, &c, CLIENT, 2);
    talk();
}

/* What `sender` sent, as it was on its own leg, and as it came to the other one. */
static bed_segment own(unsigned sender, uint32_t seq)
{
    bed_segment seg = bed_data(&c, sender, seq, 1, 100);

    seg.s.tsval = 0x01020304;
    seg.s.tsecr = 0x05060708;
    seg.s.window = 500;
    return seg;
}

static bed_segment carried(const bed_segment *seg, unsigned sender)
{
    bed_segment there = *seg;
    uint32_t d = c.z - c.y, t = c.timestamps ? c.server_ts - c.proxy_ts : 0;

    if (sender == SERVER) {
        there.s.seq -= d;
        there.s.tsval -= t;
        there.s.window = (uint16_t)(there.s.window << c.server_wscale >> TOLD_WSCALE);
    } else {
        there.s.ack += d;
        there.s.tsecr += t;
    }
    return there;
}

/* Too big for a link of that MTU, quoting so many bytes. */
static icmp_about too_big(const bed_segment *seg, uint32_t mtu, size_t quoted)
{
    int is_ipv4 = c.tuple.family == MPCONN_FAMILY_IPV4;
    icmp_about e = icmp_about_segment(seg, is_ipv4 ? 3 : 2, is_ipv4 ? 4 : 0, quoted);

    poke32(e.bytes + e.l4 + 4, mtu);
    icmp_about_seal(&e);
    return e;
}

static void in(unsigned from, const icmp_about *e)
{
    bed_bytes(&b, from, e->bytes, e->len, NULL, NULL);
}

static void expect_forwarded(const icmp_about *want, unsigned reason)
{
    ck_assert_int_eq(b.pkt.verdict, MPCONN_VERDICT_FORWARD);
    ck_assert_uint_eq(b.pkt.reason, reason);
    ck_assert_uint_eq(b.pkt.len, want->len);
    for (size_t i = 0; i < want->len; i++)
        ck_assert_msg(b.pkt.data[i] == want->bytes[i], "byte %zu (of ICMP: %zd) is %02x, not %02x",
                      i, (ssize_t)i - (ssize_t)want->l4, b.pkt.data[i], want->bytes[i]);
}

static void expect_refused(unsigned reason)
{
    uint64_t before = bed_count(&b, reason);

    ck_assert_uint_eq(b.pkt.reason, reason);
    ck_assert_int_eq(b.pkt.verdict, MPCONN_VERDICT_DROP);
    ck_assert_uint_gt(before, 0);
}

/* Errors of every length there is come back as if there had been no member. */
START_TEST(E26_quote_of_either_leg_comes_back_as_it_was_sent)
{
    unsigned family = families[_i / 2], sender = (unsigned)_i % 2;
    uint32_t ip_len = family == MPCONN_FAMILY_IPV4 ? 20 : 40;
    bed_segment seg, there;

    begin(family);
    ck_assert_uint_ne(c.z - c.y, 0);
    ck_assert_uint_ne(c.server_ts - c.proxy_ts, 0);
    seg = own(sender, 1);
    there = carried(&seg, sender);
    for (size_t n = 8; n <= 160; n++) {
        icmp_about e, want;

        if (n > 8 && n < 32) /* a broken header: see below */
            continue;
        e = too_big(&there, 1400, ip_len + n);
        want = too_big(&seg, 1400, ip_len + n);
        in(sender ^ 1, &e);
        expect_forwarded(&want, MPCONN_REASON_ERROR_TRANSLATED);
        ck_assert_uint_eq(b.pkt.side, sender);
        ck_assert_uint_eq(b.pkt.flow, bed_flow(&b, NULL).id);
    }
    bed_close(&b);
}
END_TEST

/* Of less than a header the number, of options those that are whole. A checksum that is quoted
 * without what it sums cannot be right or wrong; that of the error has to be right. */
START_TEST(E26_broken_quote_is_translated_as_far_as_it_goes)
{
    unsigned family = families[_i];
    uint32_t tcp_at = family == MPCONN_FAMILY_IPV4 ? 28 : 48;
    bed_segment seg, there;

    begin(family);
    seg = own(SERVER, 1);
    there = carried(&seg, SERVER);
    for (size_t n = 8; n < 32; n++) {
        icmp_about e = too_big(&there, 1400, tcp_at - 8 + n), want = e;
        uint8_t *tcp = want.bytes + want.l4 + tcp_at, *got;
        mpci_view v;

        poke32(tcp + 4, seg.s.seq);
        if (n >= 20)
            poke16(tcp + 14, seg.s.window);
        in(CLIENT, &e);
        ck_assert_uint_eq(b.pkt.reason, MPCONN_REASON_ERROR_TRANSLATED);
        mpci_view_parse(&v, &b.pkt);
        ck_assert(mpci_view_icmp_is_right(&v, &b.pkt));
        got = b.pkt.data + e.l4;
        if (n >= 18)
            memcpy(tcp + 16, got + tcp_at + 16, 2);
        ck_assert_mem_eq(got + 4, want.bytes + want.l4 + 4, want.len - want.l4 - 4);
    }
    bed_close(&b);
}
END_TEST

START_TEST(E26_errors_of_every_kind_are_translated)
{
    static const uint8_t types[2][5] = {{3, 5, 11, 12, 0}, {1, 3, 4, 100, 0}};
    unsigned family = families[_i];
    bed_segment seg, there;

    begin(family);
    seg = own(SERVER, 1);
    there = carried(&seg, SERVER);
    for (const uint8_t *type = types[_i]; *type != 0; type++)
        for (unsigned code = 0; code < 16; code++) {
            icmp_about e = icmp_about_segment(&there, *type, code, ALL);
            icmp_about want = icmp_about_segment(&seg, *type, code, ALL);

            if (family == MPCONN_FAMILY_IPV4 && *type == 3 && code == 4)
                continue; /* has an MTU */
            in(CLIENT, &e);
            expect_forwarded(&want, MPCONN_REASON_ERROR_TRANSLATED);
        }
    bed_close(&b);
}
END_TEST

/* The endpoint judges; the flow is as before (E31). */
START_TEST(E31_hard_errors_pass_and_end_nothing)
{
    unsigned family = families[_i];

    begin(family);
    for (unsigned sender = 0; sender < 2; sender++) {
        bed_segment seg = own(sender, 1), there = carried(&seg, sender);
        mpci_settled before = *flow();
        icmp_about e = family == MPCONN_FAMILY_IPV4 ? icmp_about_segment(&there, 3, 3, ALL)
                                                    : icmp_about_segment(&there, 1, 4, ALL);

        bed_pass(&b, 40 * MPCONN_MILLISECOND);
        in(sender ^ 1, &e);
        ck_assert_uint_eq(b.pkt.reason, MPCONN_REASON_ERROR_TRANSLATED);
        ck_assert_mem_eq(flow(), &before, sizeof before); /* nor is it kept alive by errors */
    }
    ck_assert_uint_eq(b.n_out, 0);
    bed_close(&b);
}
END_TEST

START_TEST(E31_mtu_that_no_path_has_is_refused)
{
    static const struct {
        uint32_t mtu;
        int is_possible[2];
    } mtus[] = {{0, {0, 0}}, {1, {0, 0}}, {67, {0, 0}}, {68, {1, 0}}, {552, {1, 0}},
                {1279, {1, 0}}, {1280, {1, 1}}, {1400, {1, 1}}, {65535, {1, 1}}};
    bed_segment seg, there;

    begin(families[_i]);
    seg = own(SERVER, 1);
    there = carried(&seg, SERVER);
    for (size_t i = 0; i < sizeof mtus / sizeof mtus[0]; i++) {
        icmp_about e = too_big(&there, mtus[i].mtu, ALL), want = too_big(&seg, mtus[i].mtu, ALL);

        in(CLIENT, &e);
        if (mtus[i].is_possible[_i])
            expect_forwarded(&want, MPCONN_REASON_ERROR_TRANSLATED);
        else
            expect_refused(MPCONN_REASON_ERROR_MTU);
    }
    bed_close(&b);
}
END_TEST

/* SND.UNA is known as the least it can be: a window below the highest end of one. */
START_TEST(E26_number_that_cannot_be_on_its_way_is_refused)
{
    for (unsigned sender = 0; sender < 2; sender++) {
        mpci_track t;
        uint32_t first, reach, least;

        begin(families[_i]);
        mpci_settled_track_load(flow(), &t);
        first = t.dir[sender].end - SENT;
        reach = (uint32_t)t.max_window[sender] << 14;
        if (reach < 65536)
            reach = 65536;
        least = t.dir[sender].max_end - reach;
        const struct {
            uint32_t seq;
            int is_under_way;
        } numbers[] = {{1, 1},
                       {SENT, 1},
                       {1 + SENT, 1}, /* an ACK without data */
                       {2 + SENT, 0},
                       {1 + least - first, 1},
                       {least - first, 0},
                       {0x80000000, 0},
                       {0x40000000, 0}};

        for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
            bed_segment seg = own(sender, numbers[i].seq), there = carried(&seg, sender);
            icmp_about e = too_big(&there, 1400, ALL);

            in(sender ^ 1, &e);
            if (numbers[i].is_under_way)
                ck_assert_uint_eq(b.pkt.reason, MPCONN_REASON_ERROR_TRANSLATED);
            else
                expect_refused(MPCONN_REASON_ERROR_OUTSIDE);
        }
        bed_close(&b);
    }
}
END_TEST

/* A server without timestamps does not know that its segments get them on their way. */
START_TEST(mtu_told_to_a_server_leaves_room_for_the_timestamps_it_does_not_send)
{
    static const uint32_t mtus[2][2][2] = {{{1400, 1388}, {70, 68}}, {{1400, 1388}, {1290, 1280}}};
    mpconn_tuple t = bed_tuple(families[_i], 1, 40000);
    bed_segment seg;

    c = bed_conn_of(&t, 0xfffffffe, 0x1000);
    bed_open_default(&b);
    bed_syn(&b, &c);
    bed_proof(&b, &c);
    seg = bed_syn_ack_seg(&c);
    seg.s.timestamps = 0;
    bed_in(&b, SERVER, &seg);
    say(CLIENT, 1, 1, SENT);
    seg = bed_data(&c, SERVER, 1, 1, SENT);
    seg.s.timestamps = 0;
    bed_in(&b, SERVER, &seg);
    for (unsigned i = 0; i < 2; i++)
        for (unsigned sender = 0; sender < 2; sender++) {
            bed_segment own_seg = own(sender, 1), there = carried(&own_seg, sender);
            icmp_about e = too_big(&there, mtus[_i][i][0], ALL);
            mpci_view v;

            in(sender ^ 1, &e);
            ck_assert_uint_eq(b.pkt.reason, MPCONN_REASON_ERROR_TRANSLATED);
            ck_assert_uint_eq(peek32(b.pkt.data + e.l4 + 4), mtus[_i][i][sender == SERVER]);
            mpci_view_parse(&v, &b.pkt);
            ck_assert(mpci_view_icmp_is_right(&v, &b.pkt));
        }
    bed_close(&b);
}
END_TEST

/* As the server numbers it, but on the client's leg. */
START_TEST(E26_quote_with_the_numbers_of_the_other_leg_is_refused)
{
    bed_segment seg;
    icmp_about e;

    begin(families[_i]);
    seg = own(SERVER, 1);
    e = too_big(&seg, 1400, ALL);
    in(CLIENT, &e);
    expect_refused(MPCONN_REASON_ERROR_OUTSIDE);
    bed_close(&b);
}
END_TEST

START_TEST(E26_error_from_the_side_of_the_sender_is_refused)
{
    for (unsigned sender = 0; sender < 2; sender++) {
        bed_segment seg;
        icmp_about e;

        begin(families[_i]);
        seg = own(sender, 1);
        e = too_big(&seg, 1400, ALL);
        in(sender, &e);
        expect_refused(MPCONN_REASON_ERROR_ASTRAY);
        bed_close(&b);
    }
}
END_TEST

START_TEST(E26_error_to_somebody_else_is_refused)
{
    bed_segment seg, there;
    icmp_about e;

    begin(families[_i]);
    seg = own(SERVER, 1);
    there = carried(&seg, SERVER);
    e = too_big(&there, 1400, ALL);
    e.bytes[e.l4 - 1] ^= 1; /* of the destination */
    icmp_about_seal(&e);
    in(CLIENT, &e);
    expect_refused(MPCONN_REASON_ERROR_ASTRAY);
    bed_close(&b);
}
END_TEST

START_TEST(E26_error_with_a_wrong_checksum_is_refused)
{
    bed_segment seg, there;
    icmp_about e;

    begin(families[_i]);
    seg = own(SERVER, 1);
    there = carried(&seg, SERVER);
    e = too_big(&there, 1400, ALL);
    e.bytes[e.len - 1] ^= 1;
    in(CLIENT, &e);
    expect_refused(MPCONN_REASON_BAD_ICMP_CHECKSUM);
    bed_close(&b);
}
END_TEST

static void headers_only(mpconn_pkt *pkt, void *ext)
{
    pkt->ext = ext;
    pkt->ext->total_len = pkt->len;
    pkt->len -= 40;
    pkt->flags |= MPCONN_PKT_F_HEAD_ONLY;
}

/* Nobody can verify what is not there: then a wrong sum has to stay wrong (RFC 1624). */
START_TEST(E26_wrong_checksum_that_cannot_be_verified_stays_wrong)
{
    for (unsigned wrong = 0; wrong < 2; wrong++) {
        bed_segment seg, there;
        mpconn_pkt_ext ext;
        icmp_about e;
        mpci_view v;

        MPCONN_STRUCT_INIT(&ext);
        begin(families[_i]);
        seg = own(SERVER, 1);
        there = carried(&seg, SERVER);
        e = too_big(&there, 1400, ALL);
        e.bytes[e.len - 1] ^= (uint8_t)wrong;
        bed_bytes(&b, CLIENT, e.bytes, e.len, headers_only, &ext);
        ck_assert_uint_eq(b.pkt.reason, MPCONN_REASON_ERROR_TRANSLATED);
        b.pkt.len += 40;
        b.pkt.flags = 0;
        b.pkt.ext = NULL;
        mpci_view_parse(&v, &b.pkt);
        ck_assert_int_eq(mpci_view_icmp_is_right(&v, &b.pkt), !wrong);
        bed_close(&b);
    }
}
END_TEST

/* RFC 6633 */
START_TEST(source_quench_is_refused)
{
    bed_segment seg, there;
    icmp_about e;

    begin(MPCONN_FAMILY_IPV4);
    seg = own(SERVER, 1);
    there = carried(&seg, SERVER);
    e = icmp_about_segment(&there, 4, 0, ALL);
    in(CLIENT, &e);
    expect_refused(MPCONN_REASON_ERROR_QUENCH);
    bed_close(&b);
}
END_TEST

START_TEST(error_about_a_tracked_flow_is_checked_and_passes_untouched)
{
    for (unsigned sender = 0; sender < 2; sender++) {
        bed_segment seg;
        icmp_about e;

        begin_tracked(families[_i]);
        seg = own(sender, 1);
        e = too_big(&seg, 1400, ALL);
        in(sender ^ 1, &e);
        expect_forwarded(&e, MPCONN_REASON_ERROR_TRACKED);
        e = too_big(&seg, 60, ALL);
        in(sender ^ 1, &e);
        expect_refused(MPCONN_REASON_ERROR_MTU);
        seg = own(sender, 2 + SENT);
        e = too_big(&seg, 1400, ALL);
        in(sender ^ 1, &e);
        expect_refused(MPCONN_REASON_ERROR_OUTSIDE);
        bed_close(&b);
    }
}
END_TEST

/* Under PASS the endpoints see to it themselves, as with segments. */
START_TEST(error_about_an_unknown_flow_is_for_the_policy)
{
    for (unsigned policy = MPCONN_UNKNOWN_DROP; policy <= MPCONN_UNKNOWN_PASS; policy++) {
        mpconn_engine_config cfg;
        mpconn_callbacks cb;
        bed_segment seg;
        icmp_about e;

        mpconn_tuple t = bed_tuple(families[_i], 1, 40000);

        c = bed_conn_of(&t, 1, 2);
        bed_config(&cfg, &cb);
        cfg.unknown_policy = policy;
        bed_open(&b, &cfg, &cb);
        seg = own(SERVER, 1);
        e = too_big(&seg, 1400, ALL);
        in(CLIENT, &e);
        if (policy == MPCONN_UNKNOWN_PASS)
            expect_forwarded(&e, MPCONN_REASON_ICMP_ERROR);
        else
            expect_refused(MPCONN_REASON_ERROR_NO_FLOW);
        bed_close(&b);
    }
}
END_TEST

START_TEST(error_about_a_killed_flow_is_refused)
{
    mpconn_flow_filter f;
    bed_segment seg, there;
    icmp_about e;

    begin(families[_i]);
    seg = own(SERVER, 1);
    there = carried(&seg, SERVER);
    e = too_big(&there, 1400, ALL);
    MPCONN_STRUCT_INIT(&f);
    mpconn_engine_kill(b.eng, &f, NULL, b.now);
    in(CLIENT, &e);
    expect_refused(MPCONN_REASON_DEAD_FLOW);
    bed_close(&b);
}
END_TEST

/* Nobody but us sent that: a flood from forged addresses draws many. */
START_TEST(error_about_our_syn_ack_goes_no_further)
{
    mpconn_tuple t = bed_tuple(families[_i], 1, 40000);
    bed_segment ours;
    icmp_about e;

    c = bed_conn_of(&t, 0xfffffffe, 0x1000);
    bed_open_default(&b);
    bed_syn(&b, &c);
    b.n_out = 0;
    ours = bed_seg(&c.tuple, CLIENT, MPCI_TCP_SYN | MPCI_TCP_ACK, c.y, c.x + 1);
    e = icmp_about_segment(&ours, families[_i] == MPCONN_FAMILY_IPV4 ? 3 : 1, 1, ALL);
    in(CLIENT, &e);
    ck_assert_int_eq(b.pkt.verdict, MPCONN_VERDICT_CONSUMED);
    ck_assert_uint_eq(b.pkt.reason, MPCONN_REASON_ANSWER_ERROR);
    bed_proof(&b, &c); /* the handshake is as good as ever */
    bed_close(&b);
}
END_TEST

/* ICMPv6 types 100 and 101 (RFC 4443 2.1): what they bear need not be a quote. */
START_TEST(icmpv6_of_an_experiment_passes_without_a_quote)
{
    for (uint8_t type = 99; type <= 102; type++) {
        uint8_t message[12] = {type};
        int is_private = type == 100 || type == 101;
        raw r;

        begin(MPCONN_FAMILY_IPV6);
        raw_ip(&r, MPCONN_FAMILY_IPV6, 58);
        raw_add(&r, message, sizeof message);
        bed_raw(&b, SERVER, &r);
        ck_assert_uint_eq(b.pkt.reason, is_private ? MPCONN_REASON_ICMP_ERROR
                                                   : MPCONN_REASON_BAD_QUOTE);
        ck_assert_int_eq(b.pkt.verdict,
                         is_private ? MPCONN_VERDICT_FORWARD : MPCONN_VERDICT_DROP);
        bed_close(&b);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("errors");
    TCase *legs = tcase_create("both families and legs"), *both = tcase_create("both families");

    tcase_add_loop_test(legs, E26_quote_of_either_leg_comes_back_as_it_was_sent, 0, 4);
    tcase_add_loop_test(both, E26_broken_quote_is_translated_as_far_as_it_goes, 0, 2);
    tcase_add_loop_test(both, E26_errors_of_every_kind_are_translated, 0, 2);
    tcase_add_loop_test(both, E31_hard_errors_pass_and_end_nothing, 0, 2);
    tcase_add_loop_test(both, E31_mtu_that_no_path_has_is_refused, 0, 2);
    tcase_add_loop_test(
        both, mtu_told_to_a_server_leaves_room_for_the_timestamps_it_does_not_send, 0, 2);
    tcase_add_loop_test(both, E26_number_that_cannot_be_on_its_way_is_refused, 0, 2);
    tcase_add_loop_test(both, E26_quote_with_the_numbers_of_the_other_leg_is_refused, 0, 2);
    tcase_add_loop_test(both, E26_error_from_the_side_of_the_sender_is_refused, 0, 2);
    tcase_add_loop_test(both, E26_error_to_somebody_else_is_refused, 0, 2);
    tcase_add_loop_test(both, E26_error_with_a_wrong_checksum_is_refused, 0, 2);
    tcase_add_loop_test(both, E26_wrong_checksum_that_cannot_be_verified_stays_wrong, 0, 2);
    tcase_add_test(both, source_quench_is_refused);
    tcase_add_test(both, icmpv6_of_an_experiment_passes_without_a_quote);
    tcase_add_loop_test(both, error_about_a_tracked_flow_is_checked_and_passes_untouched, 0, 2);
    tcase_add_loop_test(both, error_about_an_unknown_flow_is_for_the_policy, 0, 2);
    tcase_add_loop_test(both, error_about_a_killed_flow_is_refused, 0, 2);
    tcase_add_loop_test(both, error_about_our_syn_ack_goes_no_further, 0, 2);
    suite_add_tcase(s, legs);
    suite_add_tcase(s, both);
    return check_run(s);
}
