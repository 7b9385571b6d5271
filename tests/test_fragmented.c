/* SPDX-License-Identifier: BSD-2-Clause */
/* Connections with segments in fragments: the first one is translated, the others pass, and what
 * the endpoint puts together is the translated segment. */
#include "check_main.h"
#include "conn/translate_family.h"
#include "fragmented.h"
#include "icmp_about.h"
#include "seed.h"

static bed other;
static raw parts[FRAGMENTS_MAX];

static void keep_what_came_out(raw *r)
{
    r->len = b.pkt.len;
    memcpy(r->bytes, b.pkt.data, b.pkt.len);
}

static void shuffle(seed_rng *rng, unsigned *order, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        order[i] = i;
    for (unsigned i = n; i > 1; i--) {
        unsigned j = seed_below(rng, i), swap = order[i - 1];

        order[i - 1] = order[j];
        order[j] = swap;
    }
}

/* One engine gets the segment whole, another one in fragments. */
START_TEST(E27_fragments_put_together_are_the_translated_segment)
{
    seed_rng rng = seed_start();
    unsigned family = families[_i];

    for (unsigned round = 0; round < 300; round++) {
        uint32_t n = 100 + seed_below(&rng, 1700), piece = 64 + 8 * seed_below(&rng, 60);
        unsigned from = seed_below(&rng, 2), order[FRAGMENTS_MAX], count;
        raw whole, joined;

        settled(family);
        whole = segment(from, ACK, 1, 1, n);
        count = fragment_cut(parts, &whole, piece);
        shuffle(&rng, order, count);
        for (unsigned i = 0; i < count; i++) {
            bed_raw(&b, from, &parts[order[i]]);
            if (order[i] == 0 && count > 1)
                passes(FRAGMENT_TRANSLATED);
            else if (count > 1)
                passes(FRAGMENT_LATER);
            keep_what_came_out(&parts[order[i]]);
        }
        joined = fragment_join(parts, count);
        bed_raw(&b, from, &whole);
        passes(TRANSLATED);
        ck_assert_uint_eq(joined.len, b.pkt.len);
        ck_assert_mem_eq(joined.bytes + joined.l4, b.pkt.data + joined.l4, joined.len - joined.l4);
        bed_close(&b);
    }
}
END_TEST

/* A wrong sum stays as wrong as it was: nobody here can tell. */
START_TEST(E30_wrong_checksum_of_a_segment_in_fragments_stays_wrong)
{
    raw whole, joined;
    mpconn_pkt pkt;
    mpci_view v;

    settled(families[_i]);
    whole = segment(CLIENT, ACK, 1, 1, 1000);
    whole.bytes[whole.l4 + 16] ^= 0x40;
    ck_assert_uint_eq(fragment_cut(parts, &whole, PIECE), 3);
    for (unsigned i = 0; i < 3; i++) {
        bed_raw(&b, CLIENT, &parts[i]);
        keep_what_came_out(&parts[i]);
    }
    joined = fragment_join(parts, 3);
    pkt = raw_pkt(&joined);
    mpci_view_parse(&v, &pkt);
    ck_assert_uint_eq(mpci_view_verify(&v, &pkt), MPCONN_REASON_BAD_TCP_CHECKSUM);
    bed_close(&b);
}
END_TEST

/* --- what must not be done to a fragment --- */

/* Timestamps would move what the other fragments stand behind. */
START_TEST(first_fragment_of_a_server_without_timestamps_gets_none)
{
    bed_segment seg;
    raw whole, r;

    choose(families[_i]);
    bed_open(&b, &cfg, &cb);
    bed_syn(&b, &c);
    bed_proof(&b, &c);
    seg = bed_syn_ack_seg(&c);
    seg.s.timestamps = 0;
    bed_in(&b, SERVER, &seg);
    c.timestamps = 0;
    whole = segment(SERVER, ACK, 1, 1, 1000);
    r = fragment_of(&whole, 0, PIECE, 1);
    bed_raw(&b, SERVER, &r);
    passes(FRAGMENT_TRANSLATED);
    ck_assert_uint_eq(b.pkt.len, r.len);
    ck_assert_uint_eq(bed_count(&b, MPCONN_REASON_SEGMENT_UNSTAMPED), 1);
    bed_raw(&b, SERVER, &whole);
    ck_assert_uint_eq(b.pkt.len, whole.len + OPTIONS);
    ck_assert_uint_eq(bed_count(&b, MPCONN_REASON_SEGMENT_UNSTAMPED), 1);
    bed_close(&b);
}
END_TEST

START_TEST(client_is_not_told_that_fragments_are_too_big)
{
    raw whole, r;

    choose(families[_i]);
    c.server_mss = 1000;
    bed_open(&b, &cfg, &cb);
    bed_settle(&b, &c);
    whole = segment(CLIENT, ACK, 1, 1, 1900);
    r = fragment_of(&whole, 0, 1400, 1);
    bed_raw(&b, CLIENT, &r);
    passes(FRAGMENT_TRANSLATED);
    ck_assert_uint_eq(b.n_out, 0);
    bed_raw(&b, CLIENT, &whole);
    refused(SEGMENT_TOO_BIG);
    bed_close(&b);
}
END_TEST

static unsigned mark_of(const uint8_t *ip)
{
    return ip[0] >> 4 == 4 ? ip[1] & 3 : ip[1] >> 4 & 3;
}

static void set_mark(raw *r, unsigned mark)
{
    r->bytes[1] |= (uint8_t)(r->bytes[0] >> 4 == 4 ? mark : mark << 4);
    fragment_seal_ip(r);
}

/* Fragments that differ in it are not put together (RFC 3168 5.3). */
START_TEST(ecn_of_fragments_stays_alike)
{
    enum { ECT_0 = 2, CE = 3 };
    raw whole, r;

    settled(families[_i]);
    flow()->hs |= 1u << 13; /* the client was granted ECN, the server has none */
    whole = segment(CLIENT, ACK | MPCI_TCP_CWR, 1, 1, 1000);
    set_mark(&whole, ECT_0);
    ck_assert_uint_eq(fragment_cut(parts, &whole, PIECE), 3);
    for (unsigned i = 0; i < 3; i++) {
        bed_raw(&b, CLIENT, &parts[i]);
        ck_assert_uint_eq(mark_of(b.pkt.data), ECT_0);
        keep_what_came_out(&parts[i]);
    }
    ck_assert_uint_eq(parts[0].bytes[parts[0].l4 + 13] & MPCI_TCP_CWR, 0);
    r = fragment_of(&whole, 0, PIECE, 1);
    set_mark(&r, CE);
    bed_raw(&b, CLIENT, &r);
    refused(CE_UNHEARD);
    bed_raw(&b, CLIENT, &whole);
    ck_assert_uint_eq(mark_of(b.pkt.data), 0);
    bed_close(&b);
}
END_TEST

/* --- what is no settled flow --- */

/* Of the same engine the whole segments say that it would act on them. */
START_TEST(E27_first_fragment_opens_nothing)
{
    static snapshot before, after;
    bed_segment seg;
    raw whole, r;

    choose(families[_i]);
    bed_open(&b, &cfg, &cb);
    say_first(CLIENT, ACK, 1, 1, 1000);
    refused(NO_FLOW);
    bed_syn(&b, &c);
    snapshot_take(&before, b.eng);
    say_first(CLIENT, ACK, 1, 1, 1000); /* it has the right cookie */
    refused(FRAGMENT_EARLY);
    snapshot_take(&after, b.eng);
    snapshot_assert_same_state(&before, &after);
    whole = segment(CLIENT, ACK, 1, 1, 1000);
    bed_raw(&b, CLIENT, &whole);
    ck_assert_uint_eq(b.n_out, 1);
    seg = bed_syn_ack_seg(&c);
    b.n_out = 0;
    say_first(SERVER, ACK, 1, 1, 1000); /* a stale server would be told to reset */
    refused(FRAGMENT_EARLY);
    ck_assert_uint_eq(b.n_out, 0);
    bed_in(&b, SERVER, &seg);
    ck_assert_uint_eq(b.pkt.reason, MPCONN_REASON_SERVER_ANSWERED);
    r = fragment_of(&whole, 0, PIECE, 1);
    bed_raw(&b, CLIENT, &r);
    passes(FRAGMENT_TRANSLATED);
    bed_close(&b);
}
END_TEST

START_TEST(first_fragment_of_an_unknown_flow_is_for_the_policy)
{
    choose(families[_i]);
    cfg.unknown_policy = MPCONN_UNKNOWN_PASS;
    bed_open(&b, &cfg, &cb);
    say_first(CLIENT, ACK, 1, 1, 1000);
    passes(UNKNOWN_PASSED);
    say_first(SERVER, ACK, 1, 1, 1000);
    passes(UNKNOWN_PASSED);
    bed_close(&b);
}
END_TEST

START_TEST(fragments_of_a_tracked_flow_pass_untouched_and_are_followed)
{
    raw whole;

    choose(families[_i]);
    c.y = c.z;
    cfg.split_mode = MPCONN_SPLIT_NEVER;
    bed_open(&b, &cfg, &cb);
    bed_plain(&b, &c, CLIENT, 2);
    whole = segment(SERVER, ACK, 1, 1, 1000);
    ck_assert_uint_eq(fragment_cut(parts, &whole, PIECE), 3);
    bed_raw(&b, SERVER, &parts[0]); /* before it is settled */
    passes(FRAGMENT_TRACKED);
    say(CLIENT, ACK, 1, 1, 10);
    bed_raw(&b, SERVER, &parts[0]);
    passes(FRAGMENT_TRACKED);
    ck_assert_mem_eq(b.pkt.data, parts[0].bytes, parts[0].len);
    ck_assert_uint_eq(b.pkt.flow, bed_flow(&b, &c.tuple).id);
    say(CLIENT, ACK, 11, 1001, 10);
    ck_assert_uint_eq(end_of(SERVER), 1001);
    bed_close(&b);
}
END_TEST

/* It bears the cookie of the next incarnation, which begins with whole segments only. */
START_TEST(first_fragment_of_a_flow_that_is_over_stays_with_it)
{
    settled(families[_i]);
    say(CLIENT, ACK, 1, 1, 10);
    say(SERVER, RST | ACK, 1, 11, 0);
    ck_assert_uint_ne(track().life & MPCI_LIFE_RST, 0);
    bed_pass(&b, 2 * MPCONN_SECOND);
    c.x += 5000000;
    bed_syn(&b, &c);
    b.n_out = 0;
    say_first(CLIENT, ACK, 1, 1, 1000);
    passes(FRAGMENT_TRANSLATED);
    ck_assert_uint_eq(b.n_out, 0);
    say(CLIENT, ACK, 1, 1, 1000);
    ck_assert_uint_eq(b.pkt.verdict, MPCONN_VERDICT_HOLD);
    ck_assert_uint_eq(b.n_out, 1);
    ck_assert_uint_eq(bed_take(&b)->pkt.reason, MPCONN_REASON_SERVER_SYN_SENT);
    bed_close(&b);
}
END_TEST

START_TEST(first_fragment_of_a_killed_flow_is_refused)
{
    mpconn_flow_filter f;

    settled(families[_i]);
    MPCONN_STRUCT_INIT(&f);
    ck_assert_int_eq(mpconn_engine_kill(b.eng, &f, NULL, b.now), MPCONN_OK);
    say_first(CLIENT, ACK, 1, 1, 1000);
    refused(DEAD_FLOW);
    bed_close(&b);
}
END_TEST

/* The others would stay what they are. */
START_TEST(first_fragment_does_not_change_to_the_other_ip_version)
{
    raw whole, r;
    mpconn_pkt pkt;
    mpci_view v;

    settled(families[_i]);
    whole = segment(SERVER, ACK, 1, 1, 1000);
    pkt = raw_pkt(&whole);
    pkt.headroom = 64;
    mpci_view_parse(&v, &pkt);
    ck_assert_uint_eq(mpci_translate_family_fits(&v, &pkt), 0);
    r = fragment_of(&whole, 0, PIECE, 1);
    pkt = raw_pkt(&r);
    pkt.headroom = 64;
    mpci_view_parse(&v, &pkt);
    ck_assert_uint_eq(v.first_fragment, 1);
    ck_assert_uint_eq(mpci_translate_family_fits(&v, &pkt), MPCONN_REASON_NO_COUNTERPART);
    bed_close(&b);
}
END_TEST

/* RFC 6946: alone it is a whole packet. */
START_TEST(atomic_fragment_is_a_whole_segment)
{
    raw whole, r;

    choose(MPCONN_FAMILY_IPV6);
    bed_open(&b, &cfg, &cb);
    bed_open(&other, &cfg, &cb);
    bed_settle(&other, &c);
    whole = segment(SERVER, ACK, 1, 1, 1000);
    r = fragment_of(&whole, 0, whole.len - whole.l4, 0);
    bed_settle(&b, &c);
    bed_raw(&b, SERVER, &r);
    passes(TRANSLATED);
    bed_raw(&other, SERVER, &whole);
    ck_assert_uint_eq(b.pkt.len, other.pkt.len + 8);
    ck_assert_mem_eq(b.pkt.data + 48, other.pkt.data + 40, other.pkt.len - 40);
    r.bytes[r.l4 + 16] ^= 1; /* and is verified like one */
    bed_close(&b);
    bed_open(&b, &cfg, &cb);
    bed_raw(&b, SERVER, &r);
    refused(BAD_TCP_CHECKSUM);
    bed_close(&b);
    bed_close(&other);
}
END_TEST

START_TEST(syn_in_an_atomic_fragment_is_answered)
{
    bed_segment seg;
    raw whole, r;
    mpci_view v;

    choose(MPCONN_FAMILY_IPV6);
    bed_open(&b, &cfg, &cb);
    seg = bed_syn_seg(&c);
    memset(&whole, 0, sizeof whole);
    whole.l4 = 40;
    whole.len = (uint32_t)bed_build(whole.bytes, sizeof whole.bytes, &seg);
    r = fragment_of(&whole, 0, whole.len - whole.l4, 0);
    bed_raw(&b, CLIENT, &r);
    passes(SYN_ANSWERED);
    bed_view(&b, &v, NULL);
    ck_assert_uint_eq(v.l4_offset, 40);
    ck_assert_uint_eq(v.ack, c.x + 1);
    bed_close(&b);
}
END_TEST

/* --- errors --- */

static icmp_about error_about(const raw *quoted)
{
    bed_segment seg = bed_data(&c, SERVER, 1, 1, 0);
    int is_v4 = c.tuple.family == MPCONN_FAMILY_IPV4;
    icmp_about e = icmp_about_segment(&seg, is_v4 ? 3 : 1, 0, 500);
    uint32_t quote = e.l4 + 8, len = quoted->len < 500 ? quoted->len : 500;

    memcpy(e.bytes + quote, quoted->bytes, len);
    e.len = quote + len;
    poke16(e.bytes + (is_v4 ? 2 : 4), (unsigned)e.len - (is_v4 ? 0 : 40));
    icmp_about_seal(&e);
    return e;
}

START_TEST(E26_quote_of_a_first_fragment_is_translated_of_a_later_one_refused)
{
    uint32_t quote;
    icmp_about e;
    raw whole;

    settled(families[_i]);
    say(CLIENT, ACK, 1, 1, 10);
    whole = segment(SERVER, ACK, 1, 11, 1000);
    ck_assert_uint_eq(fragment_cut(parts, &whole, PIECE), 3);
    bed_raw(&b, SERVER, &parts[0]);
    keep_what_came_out(&parts[0]);
    e = error_about(&parts[0]);
    bed_bytes(&b, CLIENT, e.bytes, e.len, NULL, NULL);
    passes(ERROR_TRANSLATED);
    quote = e.l4 + 8 + parts[0].l4;
    ck_assert_uint_eq(peek32(b.pkt.data + quote + 4), c.z + 1);
    ck_assert_uint_eq(peek16(b.pkt.data + quote + 16), peek16(whole.bytes + whole.l4 + 16));
    e = error_about(&parts[1]);
    bed_bytes(&b, CLIENT, e.bytes, e.len, NULL, NULL);
    refused(ERROR_FRAGMENT);
    bed_close(&b);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fragmented");
    TCase *both = tcase_create("both families"), *once = tcase_create("once");

    tcase_add_loop_test(both, E27_fragments_put_together_are_the_translated_segment, 0, 2);
    tcase_add_loop_test(both, E30_wrong_checksum_of_a_segment_in_fragments_stays_wrong, 0, 2);
    tcase_add_loop_test(both, first_fragment_of_a_server_without_timestamps_gets_none, 0, 2);
    tcase_add_loop_test(both, client_is_not_told_that_fragments_are_too_big, 0, 2);
    tcase_add_loop_test(both, ecn_of_fragments_stays_alike, 0, 2);
    tcase_add_loop_test(both, E27_first_fragment_opens_nothing, 0, 2);
    tcase_add_loop_test(both, first_fragment_of_an_unknown_flow_is_for_the_policy, 0, 2);
    tcase_add_loop_test(both, fragments_of_a_tracked_flow_pass_untouched_and_are_followed, 0, 2);
    tcase_add_loop_test(both, first_fragment_of_a_flow_that_is_over_stays_with_it, 0, 2);
    tcase_add_loop_test(both, first_fragment_of_a_killed_flow_is_refused, 0, 2);
    tcase_add_loop_test(both, first_fragment_does_not_change_to_the_other_ip_version, 0, 2);
    tcase_add_test(once, atomic_fragment_is_a_whole_segment);
    tcase_add_test(once, syn_in_an_atomic_fragment_is_answered);
    tcase_add_loop_test(both, E26_quote_of_a_first_fragment_is_translated_of_a_later_one_refused, 0,
                        2);
    suite_add_tcase(suite, both);
    suite_add_tcase(suite, once);
    return check_run(suite);
}
