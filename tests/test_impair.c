/* SPDX-License-Identifier: BSD-2-Clause */
/* Loss by number: the same segments of a connection are lost, whatever else passes. */
#include "check_main.h"
#include "host/impair.h"
#include "packets.h"

#include <netinet/in.h>

enum { ACK = 0x10, SYN = 0x02, SEGMENTS = 2000, PORT = 0x4321, OTHER_PORT = 0x4322 };

static frame_pool pool;

/* Whether a segment between this port of a client and a server is lost; it has 100 bytes of data,
 * or none and stands in a longer frame. */
static bool is_lost_of(impair *im, unsigned family, unsigned side, unsigned port, unsigned flags,
                       bool has_data)
{
    frame *f = frame_new(&pool);
    uint64_t before = im->lost;
    raw r;

    ck_assert_ptr_nonnull(f);
    raw_tcp(&r, family, flags, NULL, 0, has_data ? 100 : 0);
    poke16(r.bytes + r.l4, side == MPCONN_SIDE_CLIENT ? port : 80);
    poke16(r.bytes + r.l4 + 2, side == MPCONN_SIDE_CLIENT ? 80 : port);
    memcpy(f->room, r.bytes, r.len);
    f->pkt.data = f->room;
    f->pkt.len = r.len + (has_data ? 0 : 6);
    f->in_side = (uint8_t)side;
    impair_put(im, f, &pool, 0);
    while ((f = impair_take(im, 0)))
        frame_del(&pool, f);
    return im->lost != before;
}

static bool is_lost(impair *im, unsigned family, unsigned side, unsigned port, unsigned flags)
{
    return is_lost_of(im, family, side, port, flags, true);
}

static void begin(impair *im, const char *settings)
{
    impair_config config = { .seed = 0 };

    ck_assert_ptr_null(impair_parse(&config, settings));
    impair_init(im, &config);
}

/* One direction of one connection from its SYN on; `noise`: what other connections do meanwhile. */
static unsigned direction(impair *im, bool lost[SEGMENTS], unsigned side, unsigned port, bool noise)
{
    unsigned n = 0;

    ck_assert(!is_lost(im, MPCONN_FAMILY_IPV4, side, port, SYN));
    for (unsigned i = 0; i < SEGMENTS; i++) {
        lost[i] = is_lost(im, MPCONN_FAMILY_IPV4, side, port, ACK);
        n += lost[i];
        if (noise)
            (void)is_lost(im, MPCONN_FAMILY_IPV6, side, OTHER_PORT, i % 7 ? ACK : SYN);
        if (noise && i % 3 == 0)
            (void)is_lost(im, MPCONN_FAMILY_IPV4, side ^ 1, port, ACK);
    }
    return n;
}

static bool lost[SEGMENTS], again[SEGMENTS];

START_TEST(nth_alone_and_among_others_loses_the_same)
{
    impair im;

    begin(&im, "nth=2%,seed=7");
    unsigned n = direction(&im, lost, MPCONN_SIDE_CLIENT, PORT, false);
    ck_assert_uint_gt(n, 20); /* 40 expected, give or take 6 */
    ck_assert_uint_lt(n, 60);
    begin(&im, "nth=2%,seed=7");
    direction(&im, again, MPCONN_SIDE_CLIENT, PORT, true);
    ck_assert_mem_eq(lost, again, sizeof(lost));
    /* the next connection of that last byte, by the same member */
    direction(&im, again, MPCONN_SIDE_CLIENT, PORT + 256, false);
    ck_assert_mem_eq(lost, again, sizeof(lost));
}
END_TEST

/* Acknowledgments are lost as often, but by numbers of their own. */
START_TEST(nth_of_data_does_not_depend_on_what_is_acknowledged_meanwhile)
{
    for (unsigned family = MPCONN_FAMILY_IPV4; family <= MPCONN_FAMILY_IPV6; family++) {
        unsigned n = 0;
        impair im;

        begin(&im, "nth=2%,seed=7");
        direction(&im, lost, MPCONN_SIDE_CLIENT, PORT, false);
        ck_assert(!is_lost(&im, family, MPCONN_SIDE_CLIENT, PORT, SYN));
        for (unsigned i = 0; i < SEGMENTS; i++) {
            bool bare = is_lost_of(&im, family, MPCONN_SIDE_CLIENT, PORT, ACK, false);

            ck_assert_int_eq(is_lost(&im, family, MPCONN_SIDE_CLIENT, PORT, ACK), lost[i]);
            again[i] = bare;
            n += bare;
        }
        ck_assert_uint_gt(n, 20);
        ck_assert_uint_lt(n, 60);
        ck_assert_mem_ne(lost, again, sizeof(lost));
    }
}
END_TEST

START_TEST(nth_of_other_seed_port_or_direction_loses_others)
{
    impair im;

    begin(&im, "nth=2%,seed=7");
    direction(&im, lost, MPCONN_SIDE_CLIENT, PORT, false);
    direction(&im, again, MPCONN_SIDE_SERVER, PORT, false);
    ck_assert_mem_ne(lost, again, sizeof(lost));
    direction(&im, again, MPCONN_SIDE_CLIENT, OTHER_PORT, false);
    ck_assert_mem_ne(lost, again, sizeof(lost));
    begin(&im, "nth=2%,seed=8");
    direction(&im, again, MPCONN_SIDE_CLIENT, PORT, false);
    ck_assert_mem_ne(lost, again, sizeof(lost));
}
END_TEST

/* Whether a packet goes on that begins so and has so many bytes. */
static bool passes(impair *im, uint8_t version, uint8_t protocol, unsigned len)
{
    frame *f = frame_new(&pool);

    ck_assert_ptr_nonnull(f);
    memset(f->room, 0, 64);
    f->room[0] = version;
    f->room[version == 0x45 ? 9 : 6] = protocol;
    f->pkt.data = f->room;
    f->pkt.len = len;
    f->in_side = MPCONN_SIDE_CLIENT;
    impair_put(im, f, &pool, 0);
    f = impair_take(im, 0);
    if (f)
        frame_del(&pool, f);
    return f != NULL;
}

START_TEST(nth_of_everything_spares_syns_and_what_is_not_tcp)
{
    impair im;

    begin(&im, "nth=1");
    for (unsigned family = MPCONN_FAMILY_IPV4; family <= MPCONN_FAMILY_IPV6; family++) {
        ck_assert(!is_lost(&im, family, MPCONN_SIDE_CLIENT, PORT, SYN));
        ck_assert(!is_lost(&im, family, MPCONN_SIDE_SERVER, PORT, SYN | ACK));
        ck_assert(is_lost(&im, family, MPCONN_SIDE_CLIENT, PORT, ACK));
        ck_assert(is_lost(&im, family, MPCONN_SIDE_SERVER, PORT, ACK));
    }
    ck_assert(!passes(&im, 0x45, IPPROTO_TCP, 40));
    ck_assert(passes(&im, 0x45, IPPROTO_UDP, 40));
    ck_assert(!passes(&im, 0x60, IPPROTO_TCP, 60));
    ck_assert(passes(&im, 0x60, IPPROTO_UDP, 60));
    for (unsigned len = 0; len < 40; len++)
        ck_assert(passes(&im, 0x45, IPPROTO_TCP, len));
    for (unsigned len = 0; len < 60; len++)
        ck_assert(passes(&im, 0x60, IPPROTO_TCP, len));
}
END_TEST

int main(void)
{
    frame_pool_init(&pool, 4);
    int status = CHECK_MAIN("impair", nth_alone_and_among_others_loses_the_same,
                            nth_of_data_does_not_depend_on_what_is_acknowledged_meanwhile,
                            nth_of_other_seed_port_or_direction_loses_others,
                            nth_of_everything_spares_syns_and_what_is_not_tcp);
    frame_pool_fini(&pool);
    return status;
}
