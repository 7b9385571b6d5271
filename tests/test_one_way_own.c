/* SPDX-License-Identifier: BSD-2-Clause */
/* What does not come back as a whole reply to an echo of a member, and does not get to a client
 * that never sent a ping: fragments, errors, replies under a key or of an epoch that a member does
 * not share; and what of all that is somebody's own, and does. */
#include "one_way_bed.h"

#include "base/byteorder.h"
#include "packet/checksum.h"
#include "packet/icmp_build.h"

enum { QUOTED_OF_RFC_792 = 8, MAGIC_LEN = 4, UNREACHABLE_IPV4 = 3, UNREACHABLE_IPV6 = 1 };

static const unsigned families[] = {MPCONN_FAMILY_IPV4, MPCONN_FAMILY_IPV6};

static unsigned header_of(const letter *l)
{
    return l->bytes[0] >> 4 == 6 ? 40 : 20;
}

static letter request_of(const bed_conn *c)
{
    letter l;

    (void)echo_of(c);
    l.len = at(A)->pkt.len;
    memcpy(l.bytes, at(A)->pkt.data, l.len);
    return l;
}

/* --- errors --- */

/* A router's word that this packet got nowhere, with so many bytes behind its IP header. */
static letter error_about(const letter *request, uint32_t quoted)
{
    unsigned head = header_of(request), is_v6 = head == 40, len = is_v6 ? 16 : 4;
    letter l = {.len = 0};
    mpci_icmp m = {.family = is_v6 ? MPCONN_FAMILY_IPV6 : MPCONN_FAMILY_IPV4,
                   .hop_limit = 64,
                   .type = is_v6 ? UNREACHABLE_IPV6 : UNREACHABLE_IPV4,
                   .code = is_v6 ? 0 : 1,
                   .body = request->bytes,
                   .body_len = head + quoted < request->len ? head + quoted : request->len};

    memcpy(m.dst.bytes, request->bytes + head - 2 * len, len);
    memcpy(m.src.bytes, request->bytes + head - len, len);
    m.src.bytes[len - 1] ^= 0x55; /* the router's own */
    l.len = (uint32_t)mpci_build_icmp(l.bytes, sizeof l.bytes, &m);
    ck_assert_uint_gt(l.len, 0);
    return l;
}

static void error_is_dropped(const letter *request, uint32_t quoted)
{
    letter error = error_about(request, quoted);
    unsigned before = counted(B, MPCONN_REASON_ECHO_UNREACHABLE);

    give(B, SERVER, &error, LINK_OF_REPLY);
    expect(B, MPCONN_VERDICT_DROP, MPCONN_REASON_ECHO_UNREACHABLE);
    ck_assert_uint_eq(counted(B, MPCONN_REASON_ECHO_UNREACHABLE), before + 1);
}

static void error_passes(const letter *request, uint32_t quoted)
{
    letter error = error_about(request, quoted);

    give(B, SERVER, &error, LINK_OF_REPLY);
    ck_assert_uint_eq(at(B)->pkt.verdict, MPCONN_VERDICT_FORWARD);
    ck_assert_uint_eq(at(B)->pkt.side, CLIENT);
    ck_assert_mem_eq(at(B)->pkt.data, error.bytes, error.len);
}

/* As much as RFC 792 promises, and more. */
START_TEST(error_about_an_echo_is_not_for_the_client)
{
    bed_conn c = conn_of(families[_i], 4000);
    letter request;

    start(2);
    request = request_of(&c);
    error_is_dropped(&request, QUOTED_OF_RFC_792);
    error_is_dropped(&request, QUOTED_OF_RFC_792 + MAGIC_LEN - 1);
    error_is_dropped(&request, QUOTED_OF_RFC_792 + MAGIC_LEN);
    error_is_dropped(&request, 1000);
    sync_bed_close(&net);
}
END_TEST

/* A client's ping of its own identifier, be it with our mark in it or without. */
START_TEST(F4_error_about_a_ping_of_the_client_passes)
{
    bed_conn c = conn_of(families[_i], 4000);
    letter request, changed;
    unsigned icmp;

    start(2);
    request = request_of(&c);
    icmp = header_of(&request);
    for (unsigned i = 0; i < 4; i++) {
        changed = request;
        if (i == 0)
            changed.bytes[icmp + 7] ^= 1; /* sequence number */
        else if (i == 1)
            changed.bytes[icmp + 1] = 1; /* code */
        else if (i == 2)
            changed.bytes[icmp] = families[_i] == MPCONN_FAMILY_IPV6 ? 129 : 0; /* type: a reply */
        else
            changed.bytes[icmp - 1] ^= 1; /* to another server */
        error_passes(&changed, QUOTED_OF_RFC_792);
        error_passes(&changed, 1000);
    }
    changed = request;
    changed.bytes[icmp + QUOTED_OF_RFC_792] ^= 1; /* without our mark */
    error_passes(&changed, QUOTED_OF_RFC_792 + MAGIC_LEN);
    sync_bed_close(&net);
}
END_TEST

/* --- fragments --- */

/* The bytes of a reply from there on, in a fragment. */
static letter piece_of(const letter *reply, uint32_t from, uint32_t len)
{
    unsigned head = header_of(reply);
    int more = head + from + len < reply->len;
    letter l = *reply;
    uint8_t *p = l.bytes;

    if (head == 20) {
        mpci_store16(p + 2, (uint16_t)(head + len));
        mpci_store16(p + 4, 0x1234);
        mpci_store16(p + 6, (uint16_t)(from / 8 | (more ? 0x2000 : 0)));
        mpci_store16(p + 10, 0);
        mpci_store16(p + 10, (uint16_t)~mpci_csum_fold(mpci_csum_add(0, p, 20)));
        memcpy(p + head, reply->bytes + head + from, len);
        l.len = head + len;
    } else {
        mpci_store16(p + 4, (uint16_t)(8 + len));
        p[6] = 44;
        p[40] = 58;
        p[41] = 0;
        mpci_store16(p + 42, (uint16_t)(from | (unsigned)more));
        mpci_store32(p + 44, 0x12345678);
        memcpy(p + 48, reply->bytes + head + from, len);
        l.len = head + 8 + len;
    }
    return l;
}

static void piece(const letter *reply, uint32_t from, uint32_t len, int is_own)
{
    letter l = piece_of(reply, from, len);

    give(B, SERVER, &l, LINK_OF_REPLY);
    if (is_own)
        expect(B, MPCONN_VERDICT_DROP, MPCONN_REASON_ECHO_FRAGMENT);
    else
        ck_assert_uint_eq(at(B)->pkt.verdict, MPCONN_VERDICT_FORWARD);
}

START_TEST(reply_in_fragments_is_not_for_the_client)
{
    bed_conn c = conn_of(families[_i], 4000);
    letter reply;
    uint32_t rest;

    start(2);
    reply = echo_of(&c);
    rest = reply.len - header_of(&reply) - 72;
    piece(&reply, 0, 64, 1);
    piece(&reply, 64, 8, 1);
    piece(&reply, 72, rest, 1);
    sync_pass(&net, 20 * MPCONN_SECOND); /* identifications come again */
    piece(&reply, 64, 8, 0);
    reply = echo_of(&c);
    piece(&reply, 0, 8, 1); /* there is nothing of our mark in it */
    piece(&reply, 8, 8, 1);
    sync_bed_close(&net);
}
END_TEST

START_TEST(F4_fragments_of_somebodys_ping_pass)
{
    bed_conn c = conn_of(families[_i], 4000);
    letter reply;

    start(2);
    reply = echo_of(&c);
    reply.bytes[header_of(&reply) + 7] ^= 1; /* with our mark, and another sequence number */
    piece(&reply, 0, 64, 0);
    piece(&reply, 64, 8, 0);
    reply = echo_of(&c);
    reply.bytes[header_of(&reply) + 8] ^= 1; /* without our mark */
    piece(&reply, 0, 64, 0);
    piece(&reply, 64, 8, 0);
    sync_bed_close(&net);
}
END_TEST

/* --- key and epoch --- */

static const uint8_t other_key[16] = {9, 9, 9};

static void change_key(unsigned i)
{
    ck_assert_int_eq(mpconn_engine_set_key(at(i)->eng, other_key, sizeof other_key, at(i)->now),
                     MPCONN_OK);
}

/* Whoever has it first; and what is left of such an echo. */
START_TEST(change_of_key_leads_no_reply_to_a_client)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000), d = conn_of(MPCONN_FAMILY_IPV4, 4001);
    letter l, request;

    start(2);
    change_key(_i ? A : B);
    request = request_of(&d);
    error_is_dropped(&request, QUOTED_OF_RFC_792);
    l = echo_of(&c);
    give(B, SERVER, &l, LINK_OF_REPLY);
    expect(B, MPCONN_VERDICT_FORWARD, MPCONN_REASON_ECHO_ANSWERED);
    sync_bed_close(&net);
}
END_TEST

/* When all have been heard under it the new key seals; the old one has had its time. */
START_TEST(new_key_seals_as_soon_as_everybody_has_it)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000);
    letter l;

    start(2);
    change_key(A);
    ck_assert_int_eq(mpci_sync_is_anybody_behind(&at(A)->eng->sync), 1);
    change_key(B);
    ck_assert_int_eq(mpci_sync_is_anybody_behind(&at(A)->eng->sync), 1);
    sync_pass(&net, 2 * MPCONN_SECOND);
    ck_assert_int_eq(mpci_sync_is_anybody_behind(&at(A)->eng->sync), 0);
    memset(&at(B)->eng->echo.old_root, 0, sizeof at(B)->eng->echo.old_root);
    l = echo_of(&c);
    answered_at(B, &c, &l);
    sync_bed_close(&net);
}
END_TEST

/* Members that were parted for long count epochs by themselves. */
START_TEST(reply_of_a_far_epoch_is_not_for_the_client)
{
    bed_conn c = conn_of(MPCONN_FAMILY_IPV4, 4000);
    const uint32_t far = _i ? 5 : 127;
    letter l;

    start(2);
    at(A)->eng->sync.epochs.number += far;
    l = echo_of(&c);
    give(B, SERVER, &l, LINK_OF_REPLY);
    expect(B, MPCONN_VERDICT_DROP, MPCONN_REASON_ECHO_OLD);
    at(A)->eng->sync.epochs.number -= 2 * far;
    l = echo_of(&c);
    give(B, SERVER, &l, LINK_OF_REPLY);
    expect(B, MPCONN_VERDICT_DROP, MPCONN_REASON_ECHO_OLD);
    sync_bed_close(&net);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("one way own");
    TCase *tc = tcase_create("all");

    tcase_add_loop_test(tc, error_about_an_echo_is_not_for_the_client, 0, 2);
    tcase_add_loop_test(tc, F4_error_about_a_ping_of_the_client_passes, 0, 2);
    tcase_add_loop_test(tc, reply_in_fragments_is_not_for_the_client, 0, 2);
    tcase_add_loop_test(tc, F4_fragments_of_somebodys_ping_pass, 0, 2);
    tcase_add_loop_test(tc, change_of_key_leads_no_reply_to_a_client, 0, 2);
    tcase_add_test(tc, new_key_seals_as_soon_as_everybody_has_it);
    tcase_add_loop_test(tc, reply_of_a_far_epoch_is_not_for_the_client, 0, 2);
    suite_add_tcase(s, tc);
    return check_run(s);
}
