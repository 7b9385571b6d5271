/* SPDX-License-Identifier: BSD-2-Clause */
/* Segments in fragments where the legs show other addresses: the first fragment tells whose the
 * others are, which have no ports. */
#include "bound.h"
#include "check_main.h"
#include "engine/engine.h"
#include "engine_support.h"
#include "fragmenting.h"

enum { PAYLOAD = 1500, PIECE = 480, PARTS = 4 };

static const unsigned families[] = {MPCONN_FAMILY_IPV4, MPCONN_FAMILY_IPV6};

static bed b;
static bound_conn c;
static raw parts[FRAGMENTS_MAX];

static void settled(unsigned family)
{
    mpconn_engine_config cfg;
    mpconn_callbacks cb;

    bed_config(&cfg, &cb);
    cb.bind = bed_bind;
    bed_timeouts.reset_ns = MPCONN_SECOND;
    bed_open(&b, &cfg, &cb);
    bound_lead(&b, family);
    c = bound_conn_of(family, 1, 4001, family);
    bound_settle(&b, &c);
}

static raw segment(unsigned from)
{
    bed_segment seg = bed_data(from == MPCONN_SIDE_CLIENT ? &c.client : &c.server, from, 1, 1,
                               PAYLOAD);
    raw r = {.l4 = c.client.tuple.family == MPCONN_FAMILY_IPV4 ? 20 : 40};

    r.len = (uint32_t)bed_build(r.bytes, sizeof r.bytes, &seg);
    return r;
}

/* Hand in a part, and keep what it became. */
static void carry(raw *part, unsigned from, unsigned reason)
{
    bed_raw(&b, from, part);
    ck_assert_msg(b.pkt.reason == reason, "%s instead of %s", mpconn_reason_name(b.pkt.reason),
                  mpconn_reason_name(reason));
    ck_assert_uint_eq(b.pkt.verdict, MPCONN_VERDICT_FORWARD);
    part->len = b.pkt.len;
    memcpy(part->bytes, b.pkt.data, b.pkt.len);
}

static void assert_ip_sum(const raw *r)
{
    if (r->bytes[0] >> 4 == 4)
        ck_assert_uint_eq(slow_sum(0, r->bytes, 20), 0xffff);
}

START_TEST(F4_fragments_put_together_are_the_segment_of_the_other_leg)
{
    for (unsigned from = 0; from < 2; from++) {
        raw whole, joined;

        settled(families[_i]);
        whole = segment(from);
        ck_assert_uint_eq(fragment_cut(parts, &whole, PIECE), PARTS);
        for (unsigned i = 0; i < PARTS; i++) {
            carry(&parts[i], from,
                  i == 0 ? MPCONN_REASON_FRAGMENT_TRANSLATED : MPCONN_REASON_FRAGMENT_MAPPED);
            assert_ip_sum(&parts[i]);
            ck_assert_uint_ne(b.pkt.flow, 0);
        }
        joined = fragment_join(parts, PARTS);
        carry(&whole, from, MPCONN_REASON_TRANSLATED);
        ck_assert_uint_eq(joined.len, whole.len);
        for (unsigned i = 0; i < PARTS; i++)
            ck_assert_mem_eq(mpci_ip_src(families[_i], parts[i].bytes),
                             mpci_ip_src(families[_i], whole.bytes),
                             2 * mpci_ip_addr_len(families[_i]));
        ck_assert_mem_eq(joined.bytes + joined.l4, whole.bytes + whole.l4,
                         joined.len - joined.l4);
        bed_close(&b);
    }
}
END_TEST

static void refuse(const raw *part, unsigned from)
{
    bed_raw(&b, from, part);
    ck_assert_uint_eq(b.pkt.verdict, MPCONN_VERDICT_DROP);
    ck_assert_uint_eq(b.pkt.reason, MPCONN_REASON_FRAGMENT_UNMAPPED);
}

/* It would show the other leg what this one shows, and never become whole. */
START_TEST(F4_fragment_before_its_first_one_does_not_pass)
{
    for (unsigned from = 0; from < 2; from++) {
        raw whole;

        settled(families[_i]);
        whole = segment(from);
        fragment_cut(parts, &whole, PIECE);
        refuse(&parts[1], from);
        carry(&parts[0], from, MPCONN_REASON_FRAGMENT_TRANSLATED);
        carry(&parts[1], from, MPCONN_REASON_FRAGMENT_MAPPED);
        bed_close(&b);
    }
}
END_TEST

/* Another source, another protocol. */
START_TEST(F4_fragment_of_no_bound_flow_passes_as_it_is)
{
    unsigned v4 = families[_i] == MPCONN_FAMILY_IPV4;
    raw whole, before;

    settled(families[_i]);
    whole = segment(MPCONN_SIDE_CLIENT);
    fragment_cut(parts, &whole, PIECE);
    parts[1].bytes[v4 ? 15 : 23] ^= 0x40;
    fragment_seal_ip(&parts[1]);
    before = parts[1];
    carry(&parts[1], MPCONN_SIDE_CLIENT, MPCONN_REASON_FRAGMENT_LATER);
    ck_assert_mem_eq(parts[1].bytes, before.bytes, before.len);
    parts[2].bytes[v4 ? 9 : 40] = 17;
    fragment_seal_ip(&parts[2]);
    carry(&parts[2], MPCONN_SIDE_CLIENT, MPCONN_REASON_FRAGMENT_LATER);
    refuse(&parts[3], MPCONN_SIDE_CLIENT);
    bed_close(&b);
}
END_TEST

/* Where only the ports differ there is nothing to map. */
START_TEST(F4_fragment_of_a_flow_with_the_same_addresses_passes_as_it_is)
{
    mpconn_engine_config cfg;
    mpconn_callbacks cb;
    raw whole, before;

    bed_config(&cfg, &cb);
    cb.bind = bed_bind;
    bed_open(&b, &cfg, &cb);
    b.bind = 1;
    b.leg = (mpconn_tuple){.server_port = 8080};
    c = bound_conn_of(families[_i], 1, 4001, families[_i]);
    c.server.tuple = c.client.tuple;
    c.server.tuple.server_port = 8080;
    bound_settle(&b, &c);
    ck_assert_uint_eq(bed_stats(&b).bindings, 1);
    whole = segment(MPCONN_SIDE_SERVER);
    fragment_cut(parts, &whole, PIECE);
    before = parts[1];
    carry(&parts[1], MPCONN_SIDE_SERVER, MPCONN_REASON_FRAGMENT_LATER);
    ck_assert_mem_eq(parts[1].bytes, before.bytes, before.len);
    bed_close(&b);
}
END_TEST

START_TEST(F4_fragment_of_the_other_direction_or_another_packet_is_not_of_the_flow)
{
    raw whole;

    settled(families[_i]);
    whole = segment(MPCONN_SIDE_CLIENT);
    fragment_cut(parts, &whole, PIECE);
    carry(&parts[0], MPCONN_SIDE_CLIENT, MPCONN_REASON_FRAGMENT_TRANSLATED);
    whole = segment(MPCONN_SIDE_SERVER);
    fragment_cut(parts, &whole, PIECE);
    refuse(&parts[1], MPCONN_SIDE_SERVER);
    bed_close(&b);
}
END_TEST

/* What bears a client's address and comes from the servers' side is not that client's. */
START_TEST(E27_fragment_that_comes_from_the_wrong_side_passes_as_it_is)
{
    raw whole;

    settled(families[_i]);
    whole = segment(MPCONN_SIDE_CLIENT);
    fragment_cut(parts, &whole, PIECE);
    carry(&parts[0], MPCONN_SIDE_CLIENT, MPCONN_REASON_FRAGMENT_TRANSLATED);
    carry(&parts[1], MPCONN_SIDE_SERVER, MPCONN_REASON_FRAGMENT_LATER);
    bed_close(&b);
}
END_TEST

START_TEST(F4_fragment_of_a_first_one_long_ago_is_not_of_the_flow)
{
    raw whole;

    settled(families[_i]);
    whole = segment(MPCONN_SIDE_CLIENT);
    fragment_cut(parts, &whole, PIECE);
    carry(&parts[0], MPCONN_SIDE_CLIENT, MPCONN_REASON_FRAGMENT_TRANSLATED);
    b.now += 14 * MPCONN_SECOND;
    carry(&parts[1], MPCONN_SIDE_CLIENT, MPCONN_REASON_FRAGMENT_MAPPED);
    b.now += MPCONN_SECOND;
    refuse(&parts[2], MPCONN_SIDE_CLIENT);
    bed_close(&b);
}
END_TEST

START_TEST(E27_fragment_of_a_flow_that_is_gone_passes_as_it_is)
{
    mpconn_flow_filter all;
    raw whole;

    settled(families[_i]);
    whole = segment(MPCONN_SIDE_CLIENT);
    fragment_cut(parts, &whole, PIECE);
    carry(&parts[0], MPCONN_SIDE_CLIENT, MPCONN_REASON_FRAGMENT_TRANSLATED);
    MPCONN_STRUCT_INIT(&all);
    all.flags = MPCONN_KILL_F_SILENT;
    ck_assert_int_eq(mpconn_engine_kill(b.eng, &all, NULL, b.now), MPCONN_OK);
    bed_pass(&b, 10 * MPCONN_SECOND);
    ck_assert_uint_eq(bed_stats(&b).bindings, 0);
    c = bound_conn_of(families[_i], 2, 4002, families[_i]); /* whose flow has the same place */
    bound_settle(&b, &c);
    carry(&parts[1], MPCONN_SIDE_CLIENT, MPCONN_REASON_FRAGMENT_LATER);
    bed_close(&b);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("bound_fragments");
    TCase *t = tcase_create("bound_fragments");

    tcase_add_loop_test(t, F4_fragments_put_together_are_the_segment_of_the_other_leg, 0, 2);
    tcase_add_loop_test(t, F4_fragment_before_its_first_one_does_not_pass, 0, 2);
    tcase_add_loop_test(t, F4_fragment_of_no_bound_flow_passes_as_it_is, 0, 2);
    tcase_add_loop_test(t, F4_fragment_of_a_flow_with_the_same_addresses_passes_as_it_is, 0, 2);
    tcase_add_loop_test(
        t, F4_fragment_of_the_other_direction_or_another_packet_is_not_of_the_flow, 0, 2);
    tcase_add_loop_test(t, E27_fragment_that_comes_from_the_wrong_side_passes_as_it_is, 0, 2);
    tcase_add_loop_test(t, F4_fragment_of_a_first_one_long_ago_is_not_of_the_flow, 0, 2);
    tcase_add_loop_test(t, E27_fragment_of_a_flow_that_is_gone_passes_as_it_is, 0, 2);
    suite_add_tcase(s, t);
    return s;
}

int main(void)
{
    return check_run(suite());
}
