/* SPDX-License-Identifier: BSD-2-Clause */
/* Cutting IPv6 packets of any length. */
#include <string.h>

#include "base/byteorder.h"
#include "check_main.h"
#include "packet/cut.h"
#include "seed.h"

enum { LEAST = 1280, IP = 40, HEADERS = 48, LONGEST = 40 + 65535, ROUNDS = 300, MARK = 100 };

static uint8_t packet[LONGEST + 2 * MARK], joined[LONGEST];
static mpconn_pkt pkt;
static mpconn_pkt_ext ext;

/* A packet with `behind` bytes that are not its own. */
static void fill(seed_rng *rng, uint32_t len, uint32_t behind, int before)
{
    memset(packet, MARK, sizeof packet);
    seed_fill(rng, packet + MARK, len);
    packet[MARK] = 0x60;
    mpci_store16(packet + MARK + 4, (uint16_t)(len - IP));
    packet[MARK + 6] = 6;
    MPCONN_STRUCT_INIT(&ext);
    ext.total_len = len;
    pkt = (mpconn_pkt){
        .data = packet + MARK,
        .len = len + behind,
        .cap = len + (before ? behind : MARK),
        .headroom = before ? MARK : 0,
        .ext = &ext,
    };
}

/* Put one where it belongs; the end of it. */
static uint32_t take(const uint8_t *ip, uint32_t len, uint32_t id)
{
    uint32_t at = mpci_load16(ip + 42) & 0xfff8;

    HOLDS(len <= LEAST && mpci_load16(ip + 4) == len - IP);
    HOLDS(ip[6] == 44 && ip[40] == 6 && ip[41] == 0 && mpci_load32(ip + 44) == id);
    memcpy(joined + at, ip + HEADERS, len - HEADERS);
    return at + len - HEADERS;
}

START_TEST(pieces_make_the_packet)
{
    static const uint32_t edges[] = {60, LEAST - 8, LEAST - 7, IP + 2 * 1232, IP + 2 * 1232 + 1,
                                     LONGEST - 16};
    seed_rng rng = seed_start();

    for (unsigned round = 0; round < ROUNDS; round++) {
        uint32_t len = round < 6 ? edges[round] : 60 + seed_below(&rng, LONGEST - 80);
        uint32_t id = seed_u32(&rng), front, end = 0, pieces = (len - IP + 1231) / 1232;
        static uint8_t before[LONGEST];

        fill(&rng, len, seed_below(&rng, 20), round % 2 == 0);
        memcpy(before, pkt.data, len);
        for (mpci_cut_begin(&pkt, id); (front = mpci_cut_front(&pkt)) != 0; mpci_cut_off(&pkt)) {
            HOLDS(front == LEAST && (mpci_load16(pkt.data + 42) & 7) == 1);
            HOLDS(take(pkt.data, front, id) == end + 1232);
            HOLDS(memcmp(pkt.data, before, 4) == 0 && memcmp(pkt.data + 7, before + 7, 33) == 0);
            end += 1232;
            pieces--;
        }
        HOLDS(pieces == 1 && (mpci_load16(pkt.data + 42) & 7) == 0);
        HOLDS(take(pkt.data, pkt.len, id) == len - IP && ext.total_len == pkt.len);
        HOLDS(memcmp(joined, before + IP, len - IP) == 0);
        HOLDS(pkt.len <= pkt.cap && packet[0] == MARK);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("cut");
    TCase *t = tcase_create("cut");

    tcase_add_test(t, pieces_make_the_packet);
    suite_add_tcase(s, t);
    return check_run(s);
}
