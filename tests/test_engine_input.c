/* SPDX-License-Identifier: BSD-2-Clause */
/* What an engine does with packets it must not believe: each is dropped with a counter of its own,
 * and nothing else happens. */
#include <check.h>

#include "check_main.h"
#include "engine_support.h"

enum { CLIENT = MPCONN_SIDE_CLIENT, SERVER = MPCONN_SIDE_SERVER };

static bed b;
static mpconn_engine_config cfg;
static mpconn_callbacks cb;
static bed_conn settled, answered, opening, stranger;

static bed_conn conn_at_port(uint16_t port)
{
    mpconn_tuple t = bed_tuple(MPCONN_FAMILY_IPV4, 1, port);

    return bed_conn_of(&t, 0x1000u * port, 0x77000000u + port);
}

static void carry(unsigned from, uint32_t seq, uint32_t ack, unsigned flags, uint32_t payload)
{
    bed_segment seg = bed_data(&settled, from, seq, ack, payload);

    seg.s.flags = (uint16_t)flags;
    bed_in(&b, from, &seg);
    ck_assert_int_eq(b.pkt.verdict, MPCONN_VERDICT_FORWARD);
}

/* An engine with one of each: a flow both of whose endpoints were heard, a client that was
 * answered, one that proved itself. */
static void open_engine(void)
{
    bed_open(&b, &cfg, &cb);
    settled = conn_at_port(40000);
    answered = conn_at_port(40001);
    opening = conn_at_port(40002);
    stranger = conn_at_port(40003);
    bed_settle(&b, &settled);
    carry(CLIENT, 1, 1, MPCI_TCP_ACK, 10);
    carry(SERVER, 1, 11, MPCI_TCP_ACK, 20);
    bed_syn(&b, &answered);
    bed_syn(&b, &opening);
    bed_proof(&b, &opening);
    ck_assert_uint_eq(bed_stats(&b).handshakes, 2);
}

static void setup(void)
{
    bed_config(&cfg, &cb);
    open_engine();
}

static void teardown(void)
{
    bed_close(&b);
}

static void raw_of(raw *r, const bed_segment *seg)
{
    memset(r, 0, sizeof(*r));
    r->len = (uint32_t)bed_build(r->bytes, sizeof(r->bytes), seg);
    r->l4 = 20;
}

/* Samples that would each make the engine do something. */
enum { CLIENT_DATA, SERVER_DATA, SYN, SYN_ACK, PROOF_WITH_DATA, STRANGE_SYN, N_SAMPLES };

static unsigned sample(raw *r, unsigned which)
{
    bed_segment seg;

    switch (which) {
    case CLIENT_DATA:
        seg = bed_data(&settled, CLIENT, 11, 21, 30);
        break;
    case SERVER_DATA:
        seg = bed_data(&settled, SERVER, 21, 11, 30);
        break;
    case SYN:
        seg = bed_syn_seg(&answered);
        break;
    case SYN_ACK:
        seg = bed_syn_ack_seg(&opening);
        break;
    case PROOF_WITH_DATA:
        seg = bed_proof_seg(&answered);
        seg.payload = 30;
        break;
    default:
        seg = bed_syn_seg(&stranger);
    }
    raw_of(r, &seg);
    return seg.s.to ^ 1;
}

typedef void tweak(mpconn_pkt *pkt, void *user);

/* Hand it in; nothing but the verdict and its counters may come of it. */
static void assert_refused(unsigned from, const raw *r, tweak *t, void *user, unsigned reason)
{
    static snapshot before, after;
    unsigned n_out = b.n_out, n_events = b.n_events, n_admit = b.n_admit;
    mpconn_time due = mpconn_engine_next_expiry(b.eng);

    snapshot_take(&before, b.eng);
    bed_bytes(&b, from, r->bytes, r->len, t, user);
    snapshot_take(&after, b.eng);
    ck_assert_msg(b.pkt.reason == reason, "%s instead of %s", mpconn_reason_name(b.pkt.reason),
                  mpconn_reason_name(reason));
    ck_assert_int_eq(b.pkt.verdict, MPCONN_VERDICT_DROP);
    ck_assert_uint_eq(b.pkt.flow, 0);
    ck_assert_msg(memcmp(b.bytes, r->bytes, r->len) == 0, "a refused packet was rewritten");
    before.counts[reason]++;
    before.stats.packets_in++;
    before.stats.packets_dropped++;
    snapshot_assert_equal(&before, &after);
    ck_assert_uint_eq(b.n_out, n_out);
    ck_assert_uint_eq(b.n_events, n_events);
    ck_assert_uint_eq(b.n_admit, n_admit);
    ck_assert_uint_eq(b.n_released, 0);
    ck_assert_uint_eq(mpconn_engine_next_expiry(b.eng), due);
}

/* One byte or word of an IPv4 packet, as it must not be; `at` counts from the IP header. */
typedef struct bent {
    const char *what;
    unsigned reason, at, width;
    uint32_t value;
} bent;

static const bent bents[] = {
    {"E01 TCP header of 19 bytes", MPCONN_REASON_TRUNCATED, 2, 2, 39},
    {"E02 data offset 4", MPCONN_REASON_BAD_TCP, 32, 1, 0x40},
    {"E02 data offset 0", MPCONN_REASON_BAD_TCP, 32, 1, 0x00},
    {"E10 no flags", MPCONN_REASON_BAD_FLAGS, 33, 1, 0x00},
    {"E10 FIN alone", MPCONN_REASON_BAD_FLAGS, 33, 1, MPCI_TCP_FIN},
    {"E10 SYN|FIN", MPCONN_REASON_BAD_FLAGS, 33, 1, MPCI_TCP_SYN | MPCI_TCP_FIN},
    {"E10 SYN|RST", MPCONN_REASON_BAD_FLAGS, 33, 1, MPCI_TCP_SYN | MPCI_TCP_RST},
    {"E10 all flags", MPCONN_REASON_BAD_FLAGS, 33, 1, 0x3f},
    {"E25 source 0.0.0.0", MPCONN_REASON_BAD_ADDRESS, 12, 4, 0},
    {"E25 source broadcast", MPCONN_REASON_BAD_ADDRESS, 12, 4, 0xffffffff},
    {"E25 source multicast", MPCONN_REASON_BAD_ADDRESS, 12, 4, 0xe0000001},
    {"E25 destination loopback", MPCONN_REASON_BAD_ADDRESS, 16, 4, 0x7f000001},
    {"E25 source port 0", MPCONN_REASON_BAD_PORT, 20, 2, 0},
    {"E25 destination port 0", MPCONN_REASON_BAD_PORT, 22, 2, 0},
    {"E27 fragment within the header", MPCONN_REASON_FRAGMENT_OVERLAP, 6, 2, 0x0001},
    {"E29 IP length below its header", MPCONN_REASON_BAD_IP, 2, 2, 19},
    {"E29 IP length beyond the buffer", MPCONN_REASON_TRUNCATED, 2, 2, 1999},
    {"E29 IP header length 4", MPCONN_REASON_BAD_IP, 0, 1, 0x44},
    {"IP version 5", MPCONN_REASON_BAD_IP, 0, 1, 0x55},
};
enum { N_BENTS = sizeof(bents) / sizeof(bents[0]) };

static void bend(raw *r, unsigned at, unsigned width, uint32_t value)
{
    if (width == 1)
        r->bytes[at] = (uint8_t)value;
    else if (width == 2)
        poke16(r->bytes + at, value);
    else
        poke32(r->bytes + at, value);
}

START_TEST(E01_E02_E10_E25_E27_E29_bent_packet_is_dropped_and_does_nothing)
{
    const bent *x = &bents[_i];
    raw r;

    for (unsigned which = 0; which < N_SAMPLES; which++) {
        unsigned from = sample(&r, which);

        bend(&r, x->at, x->width, x->value);
        if (x->at > 11)
            raw_seal(&r); /* the checksum is not what gives it away */
        assert_refused(from, &r, NULL, NULL, x->reason);
    }
}
END_TEST

START_TEST(E25_land_is_dropped_and_does_nothing)
{
    raw r;

    for (unsigned which = 0; which < N_SAMPLES; which++) {
        unsigned from = sample(&r, which);

        memcpy(r.bytes + 12, r.bytes + 16, 4);
        memcpy(r.bytes + 20, r.bytes + 22, 2);
        raw_seal(&r);
        assert_refused(from, &r, NULL, NULL, MPCONN_REASON_BAD_ADDRESS);
    }
}
END_TEST

START_TEST(E03_E04_E05_syn_with_malformed_options_is_dropped_and_does_nothing)
{
    static const uint8_t lists[][8] = {
        {1, 1, 1, 1, 1, 1, 1, 5},    /* E03 a kind without its length */
        {2, 0, 5, 180, 1, 1, 1, 1},  /* E04 */
        {2, 1, 5, 180, 1, 1, 1, 1},  /* E04 */
        {2, 4, 5, 180, 3, 60, 7, 1}, /* E05 past the end of the list */
    };
    raw r;

    for (unsigned i = 0; i < 2 * sizeof(lists) / sizeof(lists[0]); i++) {
        unsigned from = sample(&r, i % 2 ? STRANGE_SYN : SYN);

        r.len = 40;
        poke16(r.bytes + 2, 48);
        raw_add(&r, lists[i / 2], 8);
        r.bytes[32] = 7 << 4;
        raw_seal(&r);
        assert_refused(from, &r, NULL, NULL, MPCONN_REASON_BAD_OPTIONS);
    }
}
END_TEST

START_TEST(E01_E06_packet_cut_within_its_headers_is_dropped_and_does_nothing)
{
    raw r;
    unsigned from = sample(&r, (unsigned)_i);
    uint32_t headers = 20 + (r.bytes[32] >> 4) * 4u;

    for (r.len = 0; r.len < headers; r.len++)
        assert_refused(from, &r, NULL, NULL, MPCONN_REASON_TRUNCATED);
}
END_TEST

/* --- what the host says about a packet --- */

enum { N_LIES = 10 };

static void lie(mpconn_pkt *p, void *user)
{
    static mpconn_pkt_ext ext;

    switch (*(unsigned *)user) {
    case 0:
        p->side = 2;
        break;
    case 1:
        p->link = MPCONN_LINK_MAX + 1;
        break;
    case 2:
        p->zone = 65536;
        break;
    case 3:
        p->flags = UINT32_C(1) << 31;
        break;
    case 4:
        p->cap = p->len - 1;
        break;
    case 5:
        p->data = NULL;
        break;
    case 6:
        p->flags = MPCONN_PKT_F_CSUM_OK | MPCONN_PKT_F_CSUM_BAD;
        break;
    case 7:
        p->ext = &ext; /* its struct_size is 0 */
        break;
    case 8:
        p->len = 0;
        break;
    default:
        p->flags = MPCONN_PKT_F_CSUM_BAD;
    }
}

START_TEST(E30_E41_impossible_metadata_is_dropped_and_does_nothing)
{
    unsigned n = (unsigned)_i;
    unsigned reason = n == 8   ? MPCONN_REASON_TRUNCATED
                      : n == 9 ? MPCONN_REASON_BAD_TCP_CHECKSUM
                               : MPCONN_REASON_BAD_METADATA;
    raw r;

    for (unsigned which = 0; which < N_SAMPLES; which++) {
        unsigned from = sample(&r, which);

        assert_refused(from, &r, lie, &n, reason);
    }
}
END_TEST

/* --- checksums --- */

static void set_flags(mpconn_pkt *p, void *user)
{
    p->flags = *(uint32_t *)user;
}

START_TEST(E30_wrong_checksum_of_what_is_not_settled_is_dropped_and_does_nothing)
{
    raw r;

    for (unsigned which = SYN; which < N_SAMPLES; which++) {
        unsigned from = sample(&r, which);

        r.bytes[36] ^= 1;
        assert_refused(from, &r, NULL, NULL, MPCONN_REASON_BAD_TCP_CHECKSUM);
        r.bytes[36] ^= 1;
        r.bytes[11] ^= 1;
        assert_refused(from, &r, NULL, NULL, MPCONN_REASON_BAD_IP_CHECKSUM);
    }
}
END_TEST

START_TEST(E30_checksum_of_a_settled_flow_is_verified_where_it_is_asked_for)
{
    uint32_t flags = _i ? 0 : MPCONN_PKT_F_CSUM_VERIFY;
    raw r;

    bed_close(&b);
    cfg.flags = _i ? MPCONN_ENGINE_F_VERIFY_CHECKSUMS : 0;
    open_engine();
    for (unsigned which = CLIENT_DATA; which <= SERVER_DATA; which++) {
        unsigned from = sample(&r, which);

        r.bytes[36] ^= 1;
        assert_refused(from, &r, set_flags, &flags, MPCONN_REASON_BAD_TCP_CHECKSUM);
        r.bytes[36] ^= 1;
        r.bytes[11] ^= 1;
        assert_refused(from, &r, set_flags, &flags, MPCONN_REASON_BAD_IP_CHECKSUM);
        flags |= MPCONN_PKT_F_CSUM_OK; /* the host has looked */
        bed_bytes(&b, from, r.bytes, r.len, set_flags, &flags);
        ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_TRANSLATED);
        flags &= ~MPCONN_PKT_F_CSUM_OK;
    }
}
END_TEST

START_TEST(E30_wrong_checksum_of_a_settled_flow_stays_as_wrong_as_it_was)
{
    raw r;
    unsigned from = sample(&r, (unsigned)_i);
    mpci_view v;

    r.bytes[r.len - 1] ^= 0x40;
    bed_raw(&b, from, &r);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_TRANSLATED);
    mpci_view_parse(&v, &b.pkt);
    ck_assert_uint_eq(mpci_view_verify(&v, &b.pkt), MPCONN_REASON_BAD_TCP_CHECKSUM);
    b.bytes[r.len - 1] ^= 0x40;
    ck_assert_uint_eq(mpci_view_verify(&v, &b.pkt), 0);
}
END_TEST

/* Whatever makes the engine speak is verified, though its flow is settled: an answer of ours would
 * turn a wrong sum into a right one. */
static void over(raw *r)
{
    bed_conn next = settled;
    bed_segment seg;

    carry(CLIENT, 11, 21, MPCI_TCP_FIN | MPCI_TCP_ACK, 0);
    carry(SERVER, 21, 12, MPCI_TCP_FIN | MPCI_TCP_ACK, 0);
    carry(CLIENT, 12, 22, MPCI_TCP_ACK, 0);
    ck_assert_uint_eq(bed_flow(&b, &settled.tuple).state, MPCONN_FLOW_CLOSED);
    next.x += 100000;
    seg = bed_syn_seg(&next);
    raw_of(r, &seg);
}

START_TEST(E30_syn_of_the_next_incarnation_with_a_wrong_checksum_is_dropped)
{
    raw r;

    over(&r);
    r.bytes[36] ^= 1;
    assert_refused(CLIENT, &r, NULL, NULL, MPCONN_REASON_BAD_TCP_CHECKSUM);
    r.bytes[36] ^= 1;
    bed_raw(&b, CLIENT, &r);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_SYN_ANSWERED);
}
END_TEST

START_TEST(E30_proof_of_the_next_incarnation_with_a_wrong_checksum_is_dropped)
{
    bed other;
    bed_conn next = settled;
    bed_segment seg;
    raw r;

    next.x += 0x20000000;
    bed_open(&other, &cfg, &cb); /* another member answers its SYN */
    bed_syn(&other, &next);
    bed_close(&other);
    seg = bed_proof_seg(&next);
    raw_of(&r, &seg);
    r.bytes[34] ^= 1; /* its window */
    assert_refused(CLIENT, &r, NULL, NULL, MPCONN_REASON_BAD_TCP_CHECKSUM);
    r.bytes[34] ^= 1;
    bed_raw(&b, CLIENT, &r);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_CLIENT_PROVED);
}
END_TEST

START_TEST(E30_repeated_syn_ack_with_a_wrong_checksum_is_dropped)
{
    bed_segment seg = bed_syn_ack_seg(&opening);
    raw r;

    raw_of(&r, &seg);
    bed_raw(&b, SERVER, &r);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_SERVER_ANSWERED);
    r.bytes[34] ^= 1;
    assert_refused(SERVER, &r, NULL, NULL, MPCONN_REASON_BAD_TCP_CHECKSUM);
    r.bytes[34] ^= 1;
    bed_raw(&b, SERVER, &r);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_SERVER_REPEATED);
}
END_TEST

START_TEST(E30_syn_ack_of_a_server_that_forgot_with_a_wrong_checksum_is_dropped)
{
    bed_conn other = settled;
    bed_segment seg;
    raw r;

    other.x += 0x20000000;
    seg = bed_syn_ack_seg(&other);
    raw_of(&r, &seg);
    r.bytes[34] ^= 1;
    assert_refused(SERVER, &r, NULL, NULL, MPCONN_REASON_BAD_TCP_CHECKSUM);
    r.bytes[34] ^= 1;
    bed_raw(&b, SERVER, &r);
    ck_assert_int_eq(b.pkt.reason, MPCONN_REASON_SERVER_STALE);
}
END_TEST

static void add_headers(Suite *s)
{
    TCase *tc = tcase_create("headers and metadata");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, E01_E02_E10_E25_E27_E29_bent_packet_is_dropped_and_does_nothing, 0,
                        N_BENTS);
    tcase_add_test(tc, E25_land_is_dropped_and_does_nothing);
    tcase_add_test(tc, E03_E04_E05_syn_with_malformed_options_is_dropped_and_does_nothing);
    tcase_add_loop_test(tc, E01_E06_packet_cut_within_its_headers_is_dropped_and_does_nothing, 0,
                        N_SAMPLES);
    tcase_add_loop_test(tc, E30_E41_impossible_metadata_is_dropped_and_does_nothing, 0, N_LIES);
    suite_add_tcase(s, tc);
}

static void add_checksums(Suite *s)
{
    TCase *tc = tcase_create("checksums");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, E30_wrong_checksum_of_what_is_not_settled_is_dropped_and_does_nothing);
    tcase_add_loop_test(tc, E30_checksum_of_a_settled_flow_is_verified_where_it_is_asked_for, 0,
                        2);
    tcase_add_loop_test(tc, E30_wrong_checksum_of_a_settled_flow_stays_as_wrong_as_it_was, 0, 2);
    tcase_add_test(tc, E30_syn_of_the_next_incarnation_with_a_wrong_checksum_is_dropped);
    tcase_add_test(tc, E30_proof_of_the_next_incarnation_with_a_wrong_checksum_is_dropped);
    tcase_add_test(tc, E30_repeated_syn_ack_with_a_wrong_checksum_is_dropped);
    tcase_add_test(tc, E30_syn_ack_of_a_server_that_forgot_with_a_wrong_checksum_is_dropped);
    suite_add_tcase(s, tc);
}

int main(void)
{
    Suite *s = suite_create("engine: input");

    add_headers(s);
    add_checksums(s);
    return check_run(s);
}
