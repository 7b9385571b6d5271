/* SPDX-License-Identifier: BSD-2-Clause */
/* mpconn-instructions ROW: one row for instructions.sh, which has valgrind count what happens
 * inside measure(). Prints how many packets that was. The same packets at every run. */
#include <stdio.h>

#include "bench/traffic.h"

enum { CONNS = 4096, HANDSHAKES = 4096 };

static traffic t;
static traffic_batch b;

/* Its name is known to instructions.sh. */
void measure(size_t n);

__attribute__((noinline)) void measure(size_t n)
{
    traffic_input(&t, &b, n);
}

/* A connection for each packet, and never two of one batch alike. */
static uint32_t conn_of(uint32_t round, uint32_t i)
{
    return (i * (CONNS / MPCONN_BATCH) + round * 7) % CONNS;
}

static void settled(unsigned family)
{
    traffic_open(&t, family, CONNS, HANDSHAKES, 0);
    traffic_settle(&t);
    for (uint32_t round = 0; round < CONNS / MPCONN_BATCH; round++) {
        for (uint32_t i = 0; i < MPCONN_BATCH; i++)
            traffic_put_segment(&t, &b, i, conn_of(round, i), (round + i) & 1);
        measure(MPCONN_BATCH);
        traffic_expect(&b, MPCONN_BATCH, MPCONN_REASON_TRANSLATED);
    }
}

static void settled_ipv4(void)
{
    settled(MPCONN_FAMILY_IPV4);
}

static void settled_ipv6(void)
{
    settled(MPCONN_FAMILY_IPV6);
}

/* One packet a call: what batches save. */
static void settled_single(void)
{
    traffic_open(&t, MPCONN_FAMILY_IPV4, CONNS, HANDSHAKES, 0);
    traffic_settle(&t);
    for (uint32_t i = 0; i < CONNS; i++) {
        traffic_put_segment(&t, &b, 0, i, i & 1);
        measure(1);
        traffic_expect(&b, 1, MPCONN_REASON_TRANSLATED);
    }
}

static void answer_syns(uint32_t handshakes, int press)
{
    traffic_open(&t, MPCONN_FAMILY_IPV4, CONNS, handshakes, 0);
    if (press)
        traffic_press(&t, handshakes);
    for (uint32_t done = 0; done < CONNS; done += MPCONN_BATCH) {
        for (uint32_t i = 0; i < MPCONN_BATCH; i++)
            traffic_put_syn(&t, &b, i, done + i);
        measure(MPCONN_BATCH);
        traffic_expect(&b, MPCONN_BATCH, MPCONN_REASON_SYN_ANSWERED);
    }
}

static void syn_pressed(void)
{
    answer_syns(HANDSHAKES, 1);
}

static void syn_peace(void)
{
    answer_syns(4 * CONNS, 0);
}

/* Answers under pressure, then the ACKs of the clients: right ones open the server leg, ones that
 * are off by `wrong` fit no cookie and cost all its tries. */
static void acks(uint32_t wrong, unsigned reason)
{
    traffic_open(&t, MPCONN_FAMILY_IPV4, CONNS, 4 * CONNS, 0);
    traffic_press(&t, 4 * CONNS);
    for (uint32_t done = 0; done < CONNS; done += MPCONN_BATCH) {
        uint32_t isn[MPCONN_BATCH], ts[MPCONN_BATCH];

        for (uint32_t i = 0; i < MPCONN_BATCH; i++)
            traffic_put_syn(&t, &b, i, done + i);
        traffic_input(&t, &b, MPCONN_BATCH);
        for (uint32_t i = 0; i < MPCONN_BATCH; i++)
            traffic_read_answer(&b, i, &isn[i], &ts[i]);
        for (uint32_t i = 0; i < MPCONN_BATCH; i++)
            traffic_put_proof(&t, &b, i, done + i, isn[i] + wrong, ts[i]);
        measure(MPCONN_BATCH);
        traffic_expect(&b, MPCONN_BATCH, reason);
    }
}

static void proof(void)
{
    acks(0, MPCONN_REASON_CLIENT_PROVED);
}

static void ack_refused(void)
{
    acks(64, MPCONN_REASON_COOKIE_REFUSED);
}

static const struct row {
    const char *name;
    void (*run)(void);
} rows[] = {
    {"settled_ipv4", settled_ipv4}, {"settled_ipv6", settled_ipv6},
    {"settled_single", settled_single}, {"syn_pressed", syn_pressed},
    {"syn_peace", syn_peace}, {"proof", proof}, {"ack_refused", ack_refused},
};

int main(int argc, char **argv)
{
    traffic_batch_init(&b);
    for (size_t i = 0; argc == 2 && i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (strcmp(argv[1], rows[i].name) != 0)
            continue;
        rows[i].run();
        printf("%d\n", CONNS);
        traffic_close(&t);
        return 0;
    }
    fprintf(stderr, "usage: mpconn-instructions ROW\n");
    return 2;
}
