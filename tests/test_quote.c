/* SPDX-License-Identifier: BSD-2-Clause */
/* What an ICMP error quotes of a TCP segment. */
#include "packet/quote.h"

#include "check_main.h"
#include "icmp_about.h"

enum { ALL = 2000 };

static const unsigned families[] = {MPCONN_FAMILY_IPV4, MPCONN_FAMILY_IPV6};
static mpconn_tuple t;
static bed_segment seg;
static mpci_quote q;
static mpci_quoted_tcp tcp;

static icmp_about error_of(unsigned family, size_t quoted)
{
    t = bed_tuple(family, 1, 40000);
    t.zone = 7;
    seg = bed_seg(&t, MPCONN_SIDE_SERVER, MPCI_TCP_SYN, 0xfffffffe, 0);
    return icmp_about_segment(&seg, family == MPCONN_FAMILY_IPV4 ? 3 : 1, 4, quoted);
}

static uint32_t ip_len(unsigned family)
{
    return family == MPCONN_FAMILY_IPV4 ? 20 : 40;
}

/* From bytes of just that length, so that a look beyond them is noticed. */
static int read_quote(const icmp_about *e)
{
    uint32_t len = (uint32_t)e->len - e->l4;
    uint8_t *icmp = malloc(len);
    int found;

    ck_assert_ptr_nonnull(icmp);
    memcpy(icmp, e->bytes + e->l4, len);
    memset(&q, 0, sizeof q);
    memset(&tcp, 0, sizeof tcp);
    found = mpci_quote_parse(&q, icmp, len) == 0 && mpci_quote_tcp(&tcp, &q, icmp);
    free(icmp);
    return found;
}

START_TEST(E26_quote_shows_ports_number_and_how_much_there_is)
{
    unsigned family = families[_i];

    for (uint32_t n = 8; n <= 24; n++) {
        icmp_about e = error_of(family, ip_len(family) + n);

        ck_assert(read_quote(&e));
        ck_assert_uint_eq(tcp.sport, 40000);
        ck_assert_uint_eq(tcp.dport, t.server_port);
        ck_assert_uint_eq(tcp.seq, 0xfffffffe);
        ck_assert_uint_eq(tcp.offset, 8 + ip_len(family));
        ck_assert_uint_eq(tcp.len, n < 20 ? n : 20); /* no more than was sent */
    }
}
END_TEST

START_TEST(E26_quote_of_less_than_the_number_is_none)
{
    for (uint32_t n = 0; n < ip_len(families[_i]) + 8; n++) {
        icmp_about e = error_of(families[_i], n);

        ck_assert(!read_quote(&e));
    }
}
END_TEST

/* RFC 4884 4: the quote is filled up to 128 bytes, and objects follow. */
START_TEST(E26_what_follows_the_quote_is_not_of_the_segment)
{
    unsigned family = families[_i];
    icmp_about e = error_of(family, ALL);

    memset(e.bytes + e.len, 0, 128);
    e.len = e.l4 + 8 + 128;
    memset(e.bytes + e.len, 0x20, 12);
    e.len += 12;
    ck_assert(read_quote(&e));
    ck_assert_uint_eq(tcp.len, 20);
}
END_TEST

/* The ports of a fragment that is not the first are somebody's data. */
START_TEST(E26_quote_of_a_later_fragment_or_of_another_protocol_is_none)
{
    icmp_about e = error_of(MPCONN_FAMILY_IPV4, ALL);
    uint8_t *ip = e.bytes + e.l4 + 8;

    ip[7] = 1;
    ck_assert(!read_quote(&e));
    ip[7] = 0;
    ip[9] = 17;
    ck_assert(!read_quote(&e));
    ip[9] = 6;
    ck_assert(read_quote(&e));
    e = error_of(MPCONN_FAMILY_IPV6, ALL);
    e.bytes[e.l4 + 8 + 6] = 17;
    ck_assert(!read_quote(&e));
}
END_TEST

/* The length of a packet that was too long for its header, or that a router cleared. */
START_TEST(E26_quote_without_a_length_reaches_as_far_as_the_error)
{
    icmp_about e = error_of(MPCONN_FAMILY_IPV4, 20 + 12);
    uint8_t *ip = e.bytes + e.l4 + 8;

    ip[2] = ip[3] = 0;
    ck_assert(read_quote(&e));
    ck_assert_uint_eq(tcp.len, 12);
    ip[3] = 27; /* shorter than what is needed */
    ck_assert(!read_quote(&e));
}
END_TEST

START_TEST(quote_names_its_connection_from_either_side)
{
    icmp_about e = error_of(families[_i], ALL);
    mpconn_tuple of_client, of_server;

    ck_assert(read_quote(&e));
    mpci_quote_tuple(&of_client, &q, &tcp, e.bytes + e.l4, MPCONN_SIDE_CLIENT, 7);
    ck_assert_mem_eq(&of_client, &t, sizeof t);
    seg.s.to = MPCONN_SIDE_CLIENT;
    e = icmp_about_segment(&seg, 3, 3, ALL);
    ck_assert(read_quote(&e));
    mpci_quote_tuple(&of_server, &q, &tcp, e.bytes + e.l4, MPCONN_SIDE_SERVER, 7);
    ck_assert_mem_eq(&of_server, &t, sizeof t);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("quote");
    TCase *both = tcase_create("both families"), *once = tcase_create("once");

    tcase_add_loop_test(both, E26_quote_shows_ports_number_and_how_much_there_is, 0, 2);
    tcase_add_loop_test(both, E26_quote_of_less_than_the_number_is_none, 0, 2);
    tcase_add_loop_test(both, E26_what_follows_the_quote_is_not_of_the_segment, 0, 2);
    tcase_add_loop_test(both, quote_names_its_connection_from_either_side, 0, 2);
    tcase_add_test(once, E26_quote_of_a_later_fragment_or_of_another_protocol_is_none);
    tcase_add_test(once, E26_quote_without_a_length_reaches_as_far_as_the_error);
    suite_add_tcase(s, both);
    suite_add_tcase(s, once);
    return check_run(s);
}
