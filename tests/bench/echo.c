/* SPDX-License-Identifier: BSD-2-Clause */
/* mpconn-bench-echo
 *
 * A session packet put into an echo and taken out of it; in turns with them, what no codec can do
 * without: the same bytes copied, and the sum of them. The rest is the seal, shown alone, too. */
#include "bench/traffic.h"

#include <stdio.h>
#include <stdlib.h>

#include "echo/carrier.h"
#include "echo_support.h"
#include "packet/checksum.h"

enum { PASSES = 20000, ROUNDS = 15, JOBS = 5 };

/* A packet, the echo that it is in, what comes back of it, and what a stranger makes of that. */
typedef struct material {
    raw packet, reply, forged;
    mpconn_echo echo;
    mpconn_echo_key key;
    uint8_t buffer[RAW_MAX];
    volatile uint16_t sum;
} material;

static void copy_and_sum(material *m)
{
    memcpy(m->buffer, m->reply.bytes, m->reply.len);
    m->sum = mpci_csum_fold(mpci_csum_add(0, m->buffer, m->reply.len));
}

static void put_in(material *m)
{
    size_t len;

    if (mpconn_echo_encapsulate(m->buffer, sizeof m->buffer, &len, &m->echo, &m->key,
                                m->packet.bytes, m->packet.len) != MPCONN_OK)
        traffic_die("a packet was not put in", NULL);
}

static void take(material *m, const raw *r, int want)
{
    mpconn_echo got = {.struct_size = sizeof got, .epoch = m->echo.epoch};
    const uint8_t *inner;
    size_t len;

    memcpy(m->buffer, r->bytes, r->len);
    if (mpconn_echo_unencapsulate(&got, &inner, &len, &m->key, m->buffer, r->len) != want)
        traffic_die("a reply had another fate", NULL);
}

static void take_out(material *m)
{
    take(m, &m->reply, MPCONN_OK);
}

static void refuse(material *m)
{
    take(m, &m->forged, MPCONN_ERR_FORGED);
}

static void seal(material *m)
{
    mpci_sipkey root = {{m->key.opaque[0], m->key.opaque[1]}};
    mpci_echo_keys keys;

    mpci_echo_keys_init(&keys, &root, m->echo.epoch);
    mpci_echo_seal(&keys, m->buffer, m->reply.len - m->reply.l4 - 8 - MPCI_ECHO_TAG);
}

static const struct job {
    const char *name;
    void (*run)(material *);
} jobs[JOBS] = {
    {"copy and sum", copy_and_sum}, {"put in", put_in}, {"take out", take_out},
    {"refuse a forged one", refuse}, {"seal alone", seal},
};

static material prepare(unsigned payload)
{
    material m = {.echo = echo_of_vector(0), .key = echo_key(0)};
    size_t len;

    raw_tcp(&m.packet, MPCONN_FAMILY_IPV4, 2, NULL, 0, payload);
    if (mpconn_echo_encapsulate(m.reply.bytes, RAW_MAX, &len, &m.echo, &m.key, m.packet.bytes,
                                m.packet.len) != MPCONN_OK)
        traffic_die("a packet was not put in", NULL);
    m.reply.len = (uint32_t)len;
    m.reply.l4 = 20;
    echo_turn(&m.reply);
    m.forged = m.reply;
    m.forged.bytes[len - 1] ^= 1;
    raw_seal(&m.forged);
    return m;
}

static double nanoseconds(const struct job *j, material *m)
{
    double start = traffic_clock();

    for (unsigned i = 0; i < PASSES; i++)
        j->run(m);
    return (traffic_clock() - start) / PASSES;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void rows(unsigned payload)
{
    double ns[JOBS][ROUNDS], ratio[JOBS][ROUNDS];
    material m = prepare(payload);

    for (unsigned round = 0; round < ROUNDS; round++)
        for (unsigned i = 0; i < JOBS; i++) {
            ns[i][round] = nanoseconds(&jobs[i], &m);
            ratio[i][round] = ns[i][round] / ns[0][round];
        }
    printf("\nsession packet of %u bytes in an echo of %u, ns, median of %d rounds\n",
           m.packet.len, m.reply.len, ROUNDS);
    for (unsigned i = 0; i < JOBS; i++) {
        qsort(ns[i], ROUNDS, sizeof ns[i][0], compare);
        qsort(ratio[i], ROUNDS, sizeof ratio[i][0], compare);
        printf("  %-20s %8.1f (%.1f..%.1f)   %6.1f x copy and sum\n", jobs[i].name,
               ns[i][ROUNDS / 2], ns[i][0], ns[i][ROUNDS - 1], ratio[i][ROUNDS / 2]);
    }
}

int main(void)
{
    rows(20); /* as long as a SYN with its options */
    rows(1300);
    return 0;
}
