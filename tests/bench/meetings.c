/* SPDX-License-Identifier: BSD-2-Clause */
/* mpconn-bench-meetings [--sessions N] [--rounds N]
 *
 * Sessions set up, all of them open at once: added, both clients' SYNs, both clients' ACKs. Beside
 * it the same by the kernel's TCP in the same process, in turns: a broker that accepts both clients
 * and copies between two sockets. Its figure includes the clients' halves of both handshakes, which
 * the kernel does in the same call; the ratio is to be read with that in mind. Nothing here fails
 * because it is slow, but all must be connected in the end. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/traffic.h"
#include "sim/segment.h"

enum { ROUNDS_MOST = 25, PEER_PAIRS = 4000, PORTS = 50000 };

static const uint32_t called[2] = {UINT32_C(0xc6120000), UINT32_C(0xc6130000)}; /* 198.18, .19 */
static const uint32_t from[2] = {UINT32_C(0x0a000000), UINT32_C(0x0b000000)};   /* 10, 11 */
static const uint32_t isn[2] = {UINT32_C(0x01020304), UINT32_C(0xfffffff0)};
enum { CLIENT_PORT = 40000 };

typedef struct meetings {
    mpconn_engine *eng;
    mpconn_time now;
    uint64_t made;          /* packets the engine gave to send_packets */
    uint32_t n;
    traffic_batch batch;
} meetings;

/* Nanoseconds that a step takes for a session, or milliseconds that a second takes for all. */
enum { ADD, CALL, ANSWER, CONFIRM, ESTABLISH, CARRY, IDLE_SECOND, WAITING_SECOND,
       OPEN_SECOND, STEPS };

typedef struct figures {
    double step[ROUNDS_MOST][STEPS];
    double peer[ROUNDS_MOST]; /* for a pair */
    unsigned n;
} figures;

/* ---- the engine ---- */

static int take(void *user, const mpconn_pkt *const *pkts, size_t n)
{
    meetings *m = user;

    (void)pkts;
    m->made += n;
    return (int)n;
}

static int fill(void *user, uint8_t *dst, size_t len)
{
    (void)user;
    memset(dst, 0x5a, len);
    return 0;
}

/* `flows`: room for that many pairs; sessions alone take less. */
static void open_engine(meetings *m, uint32_t sessions, uint32_t flows)
{
    static const uint8_t key[16] = "sixteen octets.";
    mpconn_engine_config cfg;
    mpconn_callbacks cb;

    MPCONN_STRUCT_INIT(&cfg);
    MPCONN_STRUCT_INIT(&cb);
    cfg.key = key;
    cfg.key_len = sizeof(key);
    cfg.max_flows = 1;
    cfg.max_wide_flows = cfg.max_bindings = flows;
    cfg.max_sessions = sessions;
    cb.send_packets = take;
    cb.random = fill;
    m->now = 1000 * MPCONN_SECOND;
    m->made = 0;
    if (mpconn_engine_new(&m->eng, &cfg, &cb, m, m->now) != MPCONN_OK)
        traffic_die("no engine", NULL);
}

static uint64_t memory_of(uint32_t sessions, uint32_t flows)
{
    static meetings m;
    mpconn_stats s;

    open_engine(&m, sessions, flows);
    MPCONN_STRUCT_INIT(&s);
    mpconn_engine_stats(m.eng, &s);
    mpconn_engine_del(m.eng);
    return s.memory_bytes;
}

/* ---- sessions and their packets ---- */

static uint16_t port_of(uint32_t i)
{
    return (uint16_t)(1024 + i % PORTS);
}

static void add(meetings *m, uint32_t i)
{
    mpconn_session_config c;

    MPCONN_STRUCT_INIT(&c);
    snprintf(c.name, sizeof(c.name), "meeting %u", i);
    for (unsigned side = 0; side < 2; side++) {
        uint32_t addr = htonl(called[side] + i / PORTS + 1);

        c.termination[side].family = MPCONN_FAMILY_IPV4;
        c.termination[side].local_port = port_of(i);
        memcpy(c.termination[side].local.bytes, &addr, sizeof(addr));
    }
    if (mpconn_session_add(m->eng, &c, m->now) != MPCONN_OK)
        traffic_die("a session was not added", NULL);
}

/* What the client of a side sends in a step. */
static void put(meetings *m, size_t at, uint32_t i, unsigned side, unsigned step)
{
    static const uint8_t data[TRAFFIC_PAYLOAD];
    int syn = step < CONFIRM;
    sim_segment seg = {
        .src = sim_addr_ipv4(from[side] + i),
        .dst = sim_addr_ipv4(called[side] + i / PORTS + 1),
        .sport = CLIENT_PORT,
        .dport = port_of(i),
        .seq = isn[side] + !syn,
        .ack = syn ? 0 : isn[side ^ 1] + 1,
        .window = 64240,
        .flags = syn ? SIM_SYN : SIM_ACK,
        .ttl = 60,
        .has_mss = syn,
        .has_wscale = syn,
        .has_sack_permitted = syn,
        .has_ts = true,
        .mss = 1460,
        .wscale = 7,
        .tsval = 1000,
        .tsecr = syn ? 0 : 1000,
        .payload = data,
        .n_payload = step == CARRY ? sizeof(data) : 0,
    };
    mpconn_pkt *p = &m->batch.pkt[at];

    sim_segment_build(&seg, p->data);
    p->len = (uint32_t)sim_segment_size(&seg);
    p->flow = 0;
    p->flags = 0;
    p->side = MPCONN_SIDE_CLIENT;
    p->link = 1;
}

/* Nanoseconds in the engine for a packet of one side of all sessions. */
static double run(meetings *m, unsigned side, unsigned step)
{
    double spent = 0;

    for (uint32_t i = 0; i < m->n;) {
        size_t n = 0;
        double start;

        for (; n < MPCONN_BATCH && i < m->n; n++, i++)
            put(m, n, i, side, step);
        start = traffic_clock();
        if (mpconn_engine_input(m->eng, m->batch.list, n, m->now) != MPCONN_OK)
            traffic_die("input", NULL);
        spent += traffic_clock() - start;
    }
    return spent / m->n;
}

static double add_all(meetings *m)
{
    double start = traffic_clock();

    for (uint32_t i = 0; i < m->n; i++)
        add(m, i);
    return (traffic_clock() - start) / m->n;
}

/* Milliseconds it takes to do what a second brings. */
static double pass_second(meetings *m)
{
    mpconn_time end = m->now + MPCONN_SECOND;
    double start = traffic_clock();

    while (mpconn_engine_next_expiry(m->eng) <= end) {
        m->now = mpconn_engine_next_expiry(m->eng);
        mpconn_engine_expire(m->eng, 0, NULL, m->now);
    }
    m->now = end;
    return (traffic_clock() - start) / 1e6;
}

static void see_all_joined(const meetings *m)
{
    mpconn_session_cursor cursor = {0};
    mpconn_session s;
    uint32_t n = 0;

    MPCONN_STRUCT_INIT(&s);
    while (mpconn_session_next(m->eng, &cursor, &s) == MPCONN_OK) {
        if (s.state != MPCONN_SESSION_ESTABLISHED)
            traffic_die("a session is not joined", NULL);
        n++;
    }
    if (n != m->n || m->made != 2 * (uint64_t)n)
        traffic_die("not as many sessions or answers as there are to be", NULL);
}

static void measure(meetings *m, double step[STEPS])
{
    open_engine(m, m->n, m->n);
    step[ADD] = add_all(m);
    step[CALL] = run(m, 0, CALL);
    step[ANSWER] = run(m, 1, ANSWER);
    step[CONFIRM] = run(m, 0, CONFIRM);
    step[ESTABLISH] = run(m, 1, ESTABLISH);
    see_all_joined(m);
    step[CARRY] = run(m, 0, CARRY);
    step[OPEN_SECOND] = pass_second(m);
    mpconn_engine_del(m->eng);
    open_engine(m, m->n, m->n);
    (void)add_all(m);
    step[IDLE_SECOND] = pass_second(m);
    (void)run(m, 0, CALL);
    step[WAITING_SECOND] = pass_second(m);
    mpconn_engine_del(m->eng);
}

/* ---- the kernel ---- */

static int listen_on(struct sockaddr_in *sa)
{
    socklen_t len = sizeof(*sa);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    *sa = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    if (fd < 0 || bind(fd, (struct sockaddr *)sa, sizeof(*sa)) != 0 || listen(fd, 8) != 0 ||
        getsockname(fd, (struct sockaddr *)sa, &len) != 0)
        traffic_die("no socket to listen", NULL);
    return fd;
}

/* Aborted, or the ports would be used up. */
static void close_now(int fd)
{
    struct linger abort = {.l_onoff = 1};

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &abort, sizeof(abort));
    close(fd);
}

static void call(int listener, const struct sockaddr_in *sa, int *client, int *accepted)
{
    *client = socket(AF_INET, SOCK_STREAM, 0);
    if (*client < 0 || connect(*client, (const struct sockaddr *)sa, sizeof(*sa)) != 0)
        traffic_die("the kernel does not connect", NULL);
    *accepted = accept(listener, NULL, NULL);
    if (*accepted < 0)
        traffic_die("the kernel does not accept", NULL);
}

/* Nanoseconds for a pair. */
static double measure_peer(void)
{
    struct sockaddr_in sa[2];
    int listener[2] = {listen_on(&sa[0]), listen_on(&sa[1])};
    double spent = 0;

    for (unsigned i = 0; i < PEER_PAIRS; i++) {
        int client[2], accepted[2];
        double start = traffic_clock();

        call(listener[0], &sa[0], &client[0], &accepted[0]);
        call(listener[1], &sa[1], &client[1], &accepted[1]);
        spent += traffic_clock() - start;
        for (unsigned side = 0; side < 2; side++) {
            close_now(client[side]);
            close_now(accepted[side]);
        }
    }
    close(listener[0]);
    close(listener[1]);
    return spent / PEER_PAIRS;
}

/* ---- figures ---- */

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double *v, unsigned n)
{
    qsort(v, n, sizeof(v[0]), compare);
    return v[n / 2];
}

static double of_step(const figures *f, unsigned step)
{
    double v[ROUNDS_MOST];

    for (unsigned i = 0; i < f->n; i++)
        v[i] = f->step[i][step];
    return median(v, f->n);
}

static double pair_of(const double step[STEPS])
{
    return step[CALL] + step[ANSWER] + step[CONFIRM] + step[ESTABLISH];
}

static void print_pairs(figures *f)
{
    double ours[ROUNDS_MOST], ratio[ROUNDS_MOST];
    double pair, peer, times;

    for (unsigned i = 0; i < f->n; i++) {
        ours[i] = pair_of(f->step[i]);
        ratio[i] = f->peer[i] / ours[i];
    }
    pair = median(ours, f->n);
    peer = median(f->peer, f->n);
    times = median(ratio, f->n);
    printf("a pair joined: %.0f ns, %.0f a second; by the kernel, two sockets and their clients,\n"
           "%.0f ns, %.0f a second: %.1f times as long\n",
           pair, 1e9 / pair, peer, 1e9 / peer, times);
}

static void print(figures *f, uint32_t n)
{
    uint64_t none = memory_of(0, 1), alone = memory_of(n, 1), all = memory_of(n, n);

    printf("%u sessions, all of them open, IPv4, timestamps; median of %u rounds\n", n, f->n);
    printf("memory for a session, bytes: %.1f; with its flow and binding %.1f\n",
           (double)(alone - none) / n, (double)(all - none) / n);
    printf("a session added: %.0f ns\n", of_step(f, ADD));
    printf("first SYN %.0f ns, second SYN (both answered) %.0f ns, first ACK %.0f ns, "
           "second ACK %.0f ns\n",
           of_step(f, CALL), of_step(f, ANSWER), of_step(f, CONFIRM), of_step(f, ESTABLISH));
    print_pairs(f);
    printf("a segment carried: %.0f ns\n", of_step(f, CARRY));
    printf("a second of time: %.3f ms when nobody has called, %.3f ms when one client of each "
           "waits,\n%.3f ms when all are joined\n",
           of_step(f, IDLE_SECOND), of_step(f, WAITING_SECOND), of_step(f, OPEN_SECOND));
}

static unsigned long number(char *const *argv, const char *name, unsigned long otherwise)
{
    for (; *argv != NULL; argv++)
        if (strcmp(*argv, name) == 0 && argv[1] != NULL)
            return strtoul(argv[1], NULL, 10);
    return otherwise;
}

int main(int argc, char **argv)
{
    static meetings m;
    static figures f;
    unsigned long rounds = number(argv + 1, "--rounds", 5);

    (void)argc;
    m.n = (uint32_t)number(argv + 1, "--sessions", 100000);
    if (m.n == 0 || rounds == 0 || rounds > ROUNDS_MOST) {
        fputs("usage: mpconn-bench-meetings [--sessions N] [--rounds 1..25]\n", stderr);
        return 2;
    }
    traffic_batch_init(&m.batch);
    for (; f.n < rounds; f.n++) {
        measure(&m, f.step[f.n]);
        f.peer[f.n] = measure_peer();
    }
    print(&f, m.n);
    return 0;
}
