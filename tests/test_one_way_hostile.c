/* SPDX-License-Identifier: BSD-2-Clause */
/* What link-layer members do not believe. */
#include "one_way_bed.h"

#include "base/byteorder.h"
#include "packet/checksum.h"

/* --- what does not count --- */

START_TEST(F5_reply_counts_once)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000);
    letter l;

    start(2);
    l = echo_of(&c);
    answered_at(B, &c, &l);
    give(B, SERVER, &l, LINK_OF_REPLY);
    expect(B, MPCONN_VERDICT_DROP, MPCONN_REASON_ECHO_REPEATED);
    sync_bed_close(&net);
}
END_TEST

START_TEST(F5_reply_that_took_long_does_not_count)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000), d = conn_of(MPCONN_FAMILY_IPV4, 4001);
    letter early, late;

    start(2);
    early = echo_of(&c);
    sync_pass(&net, 3 * MPCONN_SECOND);
    late = echo_of(&d);
    answered_at(B, &c, &early);
    sync_pass(&net, 10 * MPCONN_SECOND);
    give(B, SERVER, &late, LINK_OF_REPLY);
    expect(B, MPCONN_VERDICT_DROP, MPCONN_REASON_ECHO_OLD);
    sync_bed_close(&net);
}
END_TEST

START_TEST(F5_reply_of_an_earlier_life_of_its_origin_does_not_count)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000);
    letter l;

    start(2);
    l = echo_of(&c);
    sync_boot(&net, A);
    sync_meet(&net);
    give(B, SERVER, &l, LINK_OF_REPLY);
    expect(B, MPCONN_VERDICT_DROP, MPCONN_REASON_ECHO_OLD);
    sync_bed_close(&net);
}
END_TEST

START_TEST(F4_what_nobody_with_the_key_made_passes_as_a_ping)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000);
    letter l, before;

    start(2);
    l = echo_of(&c);
    l.bytes[l.len - 1] ^= 1;
    mpci_store16(l.bytes + 22, 0);
    mpci_store16(l.bytes + 22,
                 (uint16_t)~mpci_csum_fold(mpci_csum_add(0, l.bytes + 20, l.len - 20)));
    before = l;
    give(B, SERVER, &l, LINK_OF_REPLY);
    expect(B, MPCONN_VERDICT_FORWARD, MPCONN_REASON_ECHO_FORGED);
    ck_assert_uint_eq(at(B)->pkt.side, CLIENT);
    ck_assert_uint_eq(at(B)->pkt.len, before.len);
    ck_assert_mem_eq(at(B)->pkt.data, before.bytes, before.len);
    sync_bed_close(&net);
}
END_TEST

/* F6: the addresses are not those that were sealed. */
START_TEST(F6_reply_to_another_address_is_refused)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000);
    letter l;

    start(2);
    l = echo_of(&c);
    l.bytes[19] ^= 1; /* destination */
    mpci_store16(l.bytes + 10, 0);
    mpci_store16(l.bytes + 10, (uint16_t)~mpci_csum_fold(mpci_csum_add(0, l.bytes, 20)));
    give(B, SERVER, &l, LINK_OF_REPLY);
    expect(B, MPCONN_VERDICT_DROP, MPCONN_REASON_ECHO_REWRITTEN);
    sync_bed_close(&net);
}
END_TEST

START_TEST(request_of_a_member_passes_another_one)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000);
    letter request;

    start(2);
    syn(A, &c);
    request.len = at(A)->pkt.len;
    memcpy(request.bytes, at(A)->pkt.data, request.len);
    give(B, CLIENT, &request, LINK_ONWARD_TO_SERVER);
    expect(B, MPCONN_VERDICT_FORWARD, MPCONN_REASON_ECHO_PASSED);
    ck_assert_uint_eq(at(B)->pkt.side, SERVER);
    ck_assert_mem_eq(at(B)->pkt.data, request.bytes, request.len);
    sync_bed_close(&net);
}
END_TEST

/* One reply was led to A, by a link that leads nowhere; the client answers what B sent. */
START_TEST(F0_proof_of_another_answer_proves_nothing)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000), d = conn_of(MPCONN_FAMILY_IPV4, 4001);
    bed_conn next = conn_of(MPCONN_FAMILY_IPV4, 4002);
    letter astray, l;

    start(2);
    l = echo_of(&c);
    astray = echo_of(&d);
    answered_at(A, &d, &astray);
    answered_at(B, &c, &l);
    proof(&c);
    syn(A, &next);
    ck_assert_uint_ne(at(A)->pkt.reason, MPCONN_REASON_SYN_ANSWERED);
    sync_bed_close(&net);
}
END_TEST

/* E35: a SYN|ACK alone creates no trust. */
START_TEST(E35_stray_syn_ack_teaches_no_way)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000), d = conn_of(MPCONN_FAMILY_IPV4, 4001);
    bed_segment seg = bed_syn_ack_seg(&c);

    start(2);
    bed_in(at(A), SERVER, &seg);
    (void)echo_of(&d);
    sync_bed_close(&net);
}
END_TEST

START_TEST(reply_of_an_earlier_life_of_a_lone_member_does_not_count)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000);
    mpconn_time now;
    letter l;

    start(1);
    l = echo_of(&c);
    now = at(A)->now;
    sync_boot(&net, A);
    at(A)->now = now;
    give(A, SERVER, &l, LINK_OF_REPLY);
    expect(A, MPCONN_VERDICT_DROP, MPCONN_REASON_ECHO_OLD);
    sync_bed_close(&net);
}
END_TEST

/* An echo is the same whether what came before it was of the same call. */
START_TEST(echo_does_not_depend_on_how_a_batch_is_cut)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000), d = conn_of(MPCONN_FAMILY_IPV4, 4001);
    const mpci_sync *s;
    uint64_t sequence, progress;
    letter l;

    start(2);
    l = echo_of(&c);
    answered_at(B, &c, &l);
    s = &at(A)->eng->sync;
    sequence = s->sequence;
    progress = at(A)->eng->echo.progress;
    proof(&c); /* DRIVE goes out at the end of this call */
    ck_assert_uint_gt(s->sequence, sequence);
    d.tuple.client.bytes[2] ^= 1;
    (void)echo_of(&d);
    ck_assert_uint_eq(at(A)->eng->echo.progress, progress);
    sync_bed_close(&net);
}
END_TEST

START_TEST(syn_that_is_too_long_to_be_carried_passes_unsplit)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000);
    bed_segment seg = bed_syn_seg(&c);

    start(2);
    seg.payload = 230;
    bed_in(at(A), CLIENT, &seg);
    ck_assert_uint_eq(at(A)->pkt.verdict, MPCONN_VERDICT_FORWARD);
    ck_assert_uint_eq(at(A)->pkt.side, SERVER);
    ck_assert_uint_eq(counted(A, MPCONN_REASON_RETURN_UNSPLIT), 1);
    sync_bed_close(&net);
}
END_TEST

START_TEST(change_of_key_breaks_no_echo_under_way)
{
    static const uint8_t other_key[16] = {9, 9, 9};
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000);
    letter l;

    start(2);
    l = echo_of(&c);
    ck_assert_int_eq(mpconn_engine_set_key(at(B)->eng, other_key, sizeof other_key, at(B)->now),
                     MPCONN_OK);
    give(B, SERVER, &l, LINK_OF_REPLY);
    expect(B, MPCONN_VERDICT_FORWARD, MPCONN_REASON_ECHO_ANSWERED);
    sync_bed_close(&net);
}
END_TEST

/* The age of an echo is told by what was heard of its origin: once in ten seconds is too rare. */
START_TEST(F5_link_layer_member_that_greets_too_rarely_is_refused)
{
    mpconn_engine_config cfg;
    mpconn_callbacks cb;
    mpconn_timeouts slow;
    mpconn_engine *eng;
    static bed host;

    MPCONN_STRUCT_INIT(&slow);
    bed_config(&cfg, &cb);
    cfg.return_path = MPCONN_RETURN_ECHO;
    cfg.timeouts = &slow;
    slow.hello_ns = MPCONN_SECOND + 1;
    ck_assert_int_eq(mpconn_engine_new(&eng, &cfg, &cb, &host, 1), MPCONN_ERR_HELLO);
    slow.hello_ns = MPCONN_SECOND;
    ck_assert_int_eq(mpconn_engine_new(&eng, &cfg, &cb, &host, 1), MPCONN_OK);
    slow.hello_ns = MPCONN_SECOND + 1;
    ck_assert_int_eq(mpconn_engine_set_timeouts(eng, &slow, 1), MPCONN_ERR_HELLO);
    mpconn_engine_del(eng);
    cfg.return_path = MPCONN_RETURN_BACK;
    ck_assert_int_eq(mpconn_engine_new(&eng, &cfg, &cb, &host, 1), MPCONN_OK);
    mpconn_engine_del(eng);
}
END_TEST

/* However its samples fall: an echo of four seconds counts, and one of eight does not. */
START_TEST(F5_age_of_an_echo_is_known_to_the_second)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000), d = conn_of(MPCONN_FAMILY_IPV4, 4001);
    letter young, old;

    for (unsigned i = 0; i < 10; i++) {
        start_at(2, (1000 + i) * MPCONN_SECOND / 10);
        sync_pass(&net, i * MPCONN_SECOND / 7);
        old = echo_of(&c);
        sync_pass(&net, 4 * MPCONN_SECOND);
        young = echo_of(&d);
        sync_pass(&net, 4 * MPCONN_SECOND);
        give(B, SERVER, &old, LINK_OF_REPLY);
        expect(B, MPCONN_VERDICT_DROP, MPCONN_REASON_ECHO_OLD);
        give(B, SERVER, &young, LINK_OF_REPLY);
        expect(B, MPCONN_VERDICT_FORWARD, MPCONN_REASON_ECHO_ANSWERED);
        sync_bed_close(&net);
    }
}
END_TEST

START_TEST(host_with_NAT_or_sessions_cannot_be_a_link_layer_member)
{
    mpconn_engine_config cfg;
    mpconn_callbacks cb;
    mpconn_engine *eng;

    bed_config(&cfg, &cb);
    cfg.return_path = MPCONN_RETURN_ECHO;
    cb.bind = bed_bind;
    ck_assert_int_eq(mpconn_engine_new(&eng, &cfg, &cb, NULL, 1), MPCONN_ERR_INVAL);
    cb.bind = NULL;
    cfg.max_sessions = 1;
    ck_assert_int_eq(mpconn_engine_new(&eng, &cfg, &cb, NULL, 1), MPCONN_ERR_INVAL);
}
END_TEST

int main(void)
{
    return CHECK_MAIN(
        "one way hostile", F5_reply_counts_once, F5_reply_that_took_long_does_not_count,
        F5_reply_of_an_earlier_life_of_its_origin_does_not_count,
        F4_what_nobody_with_the_key_made_passes_as_a_ping, F6_reply_to_another_address_is_refused,
        request_of_a_member_passes_another_one, F0_proof_of_another_answer_proves_nothing,
        E35_stray_syn_ack_teaches_no_way,
        reply_of_an_earlier_life_of_a_lone_member_does_not_count,
        echo_does_not_depend_on_how_a_batch_is_cut,
        syn_that_is_too_long_to_be_carried_passes_unsplit, change_of_key_breaks_no_echo_under_way,
        F5_link_layer_member_that_greets_too_rarely_is_refused,
        F5_age_of_an_echo_is_known_to_the_second,
        host_with_NAT_or_sessions_cannot_be_a_link_layer_member);
}
