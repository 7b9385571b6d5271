/* SPDX-License-Identifier: BSD-2-Clause */
/* mpconn-bench [--flows N] [--rounds N] [--huge]
 *
 * Two rows: a SYN answered, and a segment of a settled flow, beside DPDK's hash table in the same
 * process, on the same processor, in turns. Nanoseconds differ from machine to machine and from
 * hour to hour; what counts is the ratio. Nothing here fails because it is slow. */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/peer.h"
#include "bench/traffic.h"

enum { ROUNDS_MOST = 25, SIZES = 5, RING = 1 << 20, SYN_RING = 1 << 16, HANDSHAKES = 4096 };

static const size_t sizes[SIZES] = {1, 8, 16, 32, 64};

typedef struct options {
    uint32_t flows;
    unsigned rounds;
    int huge;
} options;

/* One figure, measured once a round. */
typedef struct series {
    double value[ROUNDS_MOST];
    unsigned n;
} series;

typedef struct bench {
    options opt;
    traffic t;
    traffic_ring ring;
    traffic_batch *batch;
    int peer;         /* there is one */
    uint64_t random;
} bench;

/* ---- figures ---- */

static void note(series *s, double value)
{
    s->value[s->n++] = value;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* 0 the smallest, 1 the one in the middle, 2 the greatest. */
static double rank(const series *s, unsigned which)
{
    double v[ROUNDS_MOST];

    if (s->n == 0)
        return 0;
    memcpy(v, s->value, s->n * sizeof(v[0]));
    qsort(v, s->n, sizeof(v[0]), compare);
    return v[which == 0 ? 0 : which == 1 ? s->n / 2 : s->n - 1];
}

/* Round by round: what disturbs one of the two disturbs the other. */
static series ratio(const series *a, const series *b)
{
    series r = {.n = 0};

    for (unsigned i = 0; i < a->n && i < b->n; i++)
        note(&r, a->value[i] / b->value[i]);
    return r;
}

static void print_time(const series *s)
{
    printf("  %6.1f (%5.1f..%5.1f)", rank(s, 1), rank(s, 0), rank(s, 2));
}

static void print_ratio(const series *a, const series *b)
{
    series r = ratio(a, b);

    printf("  %5.2f (%4.2f..%4.2f)", rank(&r, 1), rank(&r, 0), rank(&r, 2));
}

/* ---- one pass over a ring ---- */

typedef size_t work(bench *b, size_t n);

static size_t work_nothing(bench *b, size_t n)
{
    __asm__ volatile("" : : "r"(b->batch) : "memory");
    return n;
}

static size_t work_engine(bench *b, size_t n)
{
    traffic_input(&b->t, b->batch, n);
    return n;
}

static size_t work_look_up(bench *b, size_t n)
{
    return peer_look_up(b->batch->list, n);
}

static size_t work_translate(bench *b, size_t n)
{
    return peer_translate(b->batch->list, n);
}

static size_t work_add(bench *b, size_t n)
{
    size_t added = 0;

    for (size_t i = 0; i < n; i++)
        added += peer_add(&b->batch->pkt[i], 1) == 0;
    return added;
}

static size_t work_remove(bench *b, size_t n)
{
    size_t removed = 0;

    for (size_t i = 0; i < n; i++)
        removed += peer_remove(&b->batch->pkt[i]) == 0;
    return removed;
}

/* Nanoseconds a packet, bringing it into its buffer included. */
static double pass(bench *b, const traffic_ring *r, size_t size, work *w, size_t expected)
{
    double start = traffic_clock(), end;
    size_t done = 0;

    for (uint32_t at = 0; at < r->n; at += (uint32_t)size) {
        traffic_arrive(b->batch, r, at, size);
        done += w(b, size);
    }
    end = traffic_clock();
    if (done != expected)
        traffic_die("a pass did not do its work", NULL);
    return (end - start) / r->n;
}

/* The same through the engine; all packets must get `reason`. */
static double pass_engine(bench *b, const traffic_ring *r, size_t size, unsigned reason)
{
    uint64_t before = mpconn_engine_count(b->t.eng, reason);
    double ns = pass(b, r, size, work_engine, r->n);

    if (mpconn_engine_count(b->t.eng, reason) - before != r->n)
        traffic_die("packets got another verdict than they had to", NULL);
    return ns;
}

/* ---- row: settled segment ---- */

typedef struct settled_figures {
    series arrive, ours, peer_work, peer_look_up;
} settled_figures;

static void measure_settled(bench *b, size_t size, settled_figures *f)
{
    double arrive;

    /* Segments that move their streams on, each seen once. */
    traffic_ring_segments(&b->t, &b->ring, &b->random);
    arrive = pass(b, &b->ring, size, work_nothing, b->ring.n);
    note(&f->arrive, arrive);
    note(&f->ours, pass_engine(b, &b->ring, size, MPCONN_REASON_TRANSLATED) - arrive);
    if (!b->peer)
        return;
    note(&f->peer_work, pass(b, &b->ring, size, work_translate, b->ring.n) - arrive);
    note(&f->peer_look_up, pass(b, &b->ring, size, work_look_up, b->ring.n) - arrive);
}

static void row_settled(bench *b)
{
    static settled_figures f[SIZES];

    for (unsigned round = 0; round < b->opt.rounds; round++)
        for (unsigned i = 0; i < SIZES; i++)
            measure_settled(b, sizes[i], &f[i]);
    printf("\nsettled segment: %u flows, IPv4, timestamps, both directions, ns a packet,\n"
           "median (least..most) of %u rounds; taken off: bringing the packet into its buffer\n",
           b->t.n_conns, b->opt.rounds);
    printf("batch  taken off  mpconn                 %s\n",
           b->peer ? "rte_hash, same work    rte_hash, look-up      mpconn/same work    "
                     "mpconn/look-up"
                   : "NO PEER");
    for (unsigned i = 0; i < SIZES; i++) {
        printf("%5zu  %9.1f", sizes[i], rank(&f[i].arrive, 1));
        print_time(&f[i].ours);
        if (b->peer) {
            print_time(&f[i].peer_work);
            print_time(&f[i].peer_look_up);
            print_ratio(&f[i].ours, &f[i].peer_work);
            print_ratio(&f[i].ours, &f[i].peer_look_up);
        }
        putchar('\n');
    }
}

/* ---- row: SYN answered ---- */

typedef struct syn_figures {
    series arrive, stateless, kept, miss, add;
} syn_figures;

/* In peace every SYN of a stranger gets an entry: an engine of its own, whose table is never half
 * full, and a new one each round. */
static double pass_kept(bench *b, const traffic_ring *r)
{
    traffic busy = b->t;
    double ns;

    traffic_open(&b->t, MPCONN_FAMILY_IPV4, 1, 4 * SYN_RING, b->opt.huge);
    ns = pass_engine(b, r, MPCONN_BATCH, MPCONN_REASON_SYN_ANSWERED);
    traffic_close(&b->t);
    b->t = busy;
    return ns;
}

static void measure_syn(bench *b, const traffic_ring *r, syn_figures *f)
{
    double arrive = pass(b, r, MPCONN_BATCH, work_nothing, r->n);

    note(&f->arrive, arrive);
    note(&f->stateless, pass_engine(b, r, MPCONN_BATCH, MPCONN_REASON_SYN_ANSWERED) - arrive);
    note(&f->kept, pass_kept(b, r) - arrive);
    if (!b->peer)
        return;
    note(&f->miss, pass(b, r, MPCONN_BATCH, work_look_up, 0) - arrive);
    note(&f->add, pass(b, r, MPCONN_BATCH, work_add, r->n) - arrive);
    (void)pass(b, r, MPCONN_BATCH, work_remove, r->n);
}

static void print_syn(const char *name, const series *ours, const char *peer_name,
                      const series *peer, int have_peer)
{
    printf("%-22s", name);
    print_time(ours);
    if (have_peer) {
        printf("  %-22s", peer_name);
        print_time(peer);
        print_ratio(ours, peer);
    }
    putchar('\n');
}

static void row_syn(bench *b)
{
    static syn_figures f;
    traffic_ring r;

    traffic_ring_init(&r, SYN_RING, b->opt.huge);
    traffic_press(&b->t, HANDSHAKES);
    for (unsigned round = 0; round < b->opt.rounds; round++) {
        traffic_ring_syns(&b->t, &r, UINT32_C(0x20000000) + round * SYN_RING);
        measure_syn(b, &r, &f);
    }
    traffic_ring_free(&r);
    printf("\n"
           "SYN answered: strangers with MSS, SACK, timestamps, window scale; checksums verified;\n"
           "batches of 64, ns a SYN; taken off: %.1f for bringing the packet into its buffer\n",
           rank(&f.arrive, 1));
    print_syn("mpconn, under pressure", &f.stateless, "rte_hash, all miss", &f.miss, b->peer);
    print_syn("mpconn, in peace", &f.kept, "rte_hash, add", &f.add, b->peer);
}

/* ---- memory ---- */

static void row_memory(const bench *b)
{
    double n = b->t.n_conns;
    mpconn_stats s;

    MPCONN_STRUCT_INIT(&s);
    mpconn_engine_stats(b->t.eng, &s);
    printf("\nmemory for a flow, bytes: mpconn %.1f, all included, for IPv4",
           (double)s.memory_bytes / n);
    if (b->peer)
        printf("; rte_hash %.1f, with records of 64 bytes %.1f",
               (double)peer_table_bytes() / n,
               (double)(peer_table_bytes() + peer_record_bytes()) / n);
    putchar('\n');
}

/* ---- setting up ---- */

static void pin(void)
{
#ifdef CPU_SET
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET((unsigned)sched_getcpu(), &set);
    (void)sched_setaffinity(0, sizeof(set), &set);
#endif
}

static void fill_peer(bench *b)
{
    for (uint32_t i = 0; i < b->t.n_conns; i++) {
        traffic_put_syn(&b->t, b->batch, 0, i);
        if (peer_add(&b->batch->pkt[0], i * UINT32_C(0x9e3779b1)) != 0)
            traffic_die("rte_hash is full", NULL);
    }
}

static double seconds_of(void (*what)(bench *), bench *b)
{
    double start = traffic_clock();

    what(b);
    return (traffic_clock() - start) / 1e9;
}

static void settle(bench *b)
{
    traffic_settle(&b->t);
}

static void set_up(bench *b)
{
    double ours, peer = 0;

    b->peer = peer_open(b->opt.flows, SYN_RING, b->opt.huge) == 0;
    if (!b->peer)
        pin();
    b->batch = traffic_alloc(sizeof(*b->batch), 0);
    if (b->batch == NULL)
        traffic_die("no memory", NULL);
    traffic_batch_init(b->batch);
    traffic_ring_init(&b->ring, RING, b->opt.huge);
    traffic_open(&b->t, MPCONN_FAMILY_IPV4, b->opt.flows, HANDSHAKES, b->opt.huge);
    ours = seconds_of(settle, b);
    if (b->peer)
        peer = seconds_of(fill_peer, b);
    printf("bench: %u flows, %s pages; set up in %.1f s (handshakes) and %.1f s (peer)\n",
           b->opt.flows, b->opt.huge ? "large" : "4 KiB", ours, peer);
}

static uint32_t number(const char *text, uint32_t least, uint32_t most)
{
    char *end = NULL;
    unsigned long n = text != NULL ? strtoul(text, &end, 0) : 0;

    if (text == NULL || *text == '\0' || *end != '\0' || n < least || n > most) {
        fprintf(stderr, "bench: a number from %u to %u is missing\n", least, most);
        exit(2);
    }
    return (uint32_t)n;
}

static options parse(char **argv)
{
    options o = {.flows = 1000000, .rounds = 7};

    for (argv++; *argv != NULL; argv++) {
        if (strcmp(*argv, "--flows") == 0)
            o.flows = number(*++argv, 1, 1u << 28);
        else if (strcmp(*argv, "--rounds") == 0)
            o.rounds = number(*++argv, 1, ROUNDS_MOST);
        else if (strcmp(*argv, "--huge") == 0)
            o.huge = 1;
        else {
            fprintf(stderr, "usage: mpconn-bench [--flows N] [--rounds N] [--huge]\n");
            exit(2);
        }
    }
    return o;
}

int main(int argc, char **argv)
{
    static bench b;

    (void)argc;
    b.opt = parse(argv);
    b.random = 1;
    set_up(&b);
    row_settled(&b);
    row_syn(&b);
    row_memory(&b);
    return 0;
}
