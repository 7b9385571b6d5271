/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Many short HTTP connections, each checked to the last byte:
 *
 *   burst CONNECTIONS CLIENTS FIRST_ADDRESS SERVER PATH EXPECTED_BODY_BYTES
 *
 * CLIENTS addresses from FIRST_ADDRESS on, IPv4 or IPv6, work side by side, each with one
 * connection at a time. Prints one line of figures; the status is 0 when not one connection failed.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define LIMIT_MS 10000.0
#define MAX_CLIENTS 1000

typedef struct client {
    int fd; /* -1: has nothing more to do */
    struct in6_addr address; /* IPv4 as mapped into IPv6 */
    bool connected;
    double began, answered, first;
    char got[8192];
    size_t got_len;
} client;

typedef struct burst {
    int epoll;
    struct sockaddr_in6 server;
    char request[512];
    size_t body_bytes;
    unsigned to_start, running, ended, failed;
    const char *first_failure;
    double *connect_ms, *first_ms, *total_ms;
    client clients[MAX_CLIENTS];
} burst;

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void start(burst *b, client *c);

static void finish(burst *b, client *c, const char *failure)
{
    double now = now_ms();
    close(c->fd);
    c->fd = -1;
    b->running--;
    if (failure) {
        b->failed++;
        if (!b->first_failure)
            b->first_failure = failure;
    } else {
        b->connect_ms[b->ended - b->failed] = c->answered - c->began;
        b->first_ms[b->ended - b->failed] = c->first - c->began;
        b->total_ms[b->ended - b->failed] = now - c->began;
    }
    b->ended++;
    start(b, c);
}

static void start(burst *b, client *c)
{
    struct sockaddr_in6 from = { .sin6_family = AF_INET6, .sin6_addr = c->address };
    struct epoll_event on = { .events = EPOLLOUT, .data.ptr = c };
    const int one = 1;

    if (b->to_start == 0)
        return;
    b->to_start--;
    b->running++;
    c->connected = false;
    c->got_len = 0;
    c->began = now_ms();
    c->fd = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, 0);
    setsockopt(c->fd, SOL_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one));
    if (c->fd < 0 || bind(c->fd, (struct sockaddr *)&from, sizeof(from)) != 0) {
        perror("bind");
        exit(2);
    }
    if (connect(c->fd, (struct sockaddr *)&b->server, sizeof(b->server)) != 0 &&
        errno != EINPROGRESS)
        finish(b, c, strerror(errno));
    else
        epoll_ctl(b->epoll, EPOLL_CTL_ADD, c->fd, &on);
}

/* What is wrong with a complete answer, or NULL. */
static const char *check_answer(const burst *b, client *c)
{
    c->got[c->got_len] = '\0';
    char *body = strstr(c->got, "\r\n\r\n");
    if (strncmp(c->got, "HTTP/1.1 200 ", 13) != 0 || !body)
        return "not a good answer";
    size_t len = c->got_len - (size_t)(body + 4 - c->got);
    return len == b->body_bytes ? NULL : "body of another length";
}

static void proceed(burst *b, client *c)
{
    struct epoll_event on = { .events = EPOLLIN, .data.ptr = c };
    int error = 0;
    socklen_t len = sizeof(error);

    if (!c->connected) {
        getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len);
        if (error) {
            finish(b, c, strerror(error));
            return;
        }
        c->connected = true;
        c->answered = now_ms();
        if (send(c->fd, b->request, strlen(b->request), MSG_NOSIGNAL) < 0) {
            finish(b, c, strerror(errno));
            return;
        }
        epoll_ctl(b->epoll, EPOLL_CTL_MOD, c->fd, &on);
        return;
    }
    ssize_t n = read(c->fd, c->got + c->got_len, sizeof(c->got) - 1 - c->got_len);
    if (n > 0 && c->got_len == 0)
        c->first = now_ms();
    if (n > 0)
        c->got_len += (size_t)n;
    else if (n == 0)
        finish(b, c, check_answer(b, c));
    else if (errno != EAGAIN)
        finish(b, c, strerror(errno));
}

static void give_up_late(burst *b, unsigned n_clients)
{
    double now = now_ms();
    for (unsigned i = 0; i < n_clients; i++) {
        client *c = &b->clients[i];
        if (c->fd >= 0 && now - c->began > LIMIT_MS)
            finish(b, c, "no answer in 10 s");
    }
}

static void run(burst *b, unsigned n_clients)
{
    struct epoll_event events[64];

    for (unsigned i = 0; i < n_clients; i++)
        start(b, &b->clients[i]);
    while (b->running) {
        int n = epoll_wait(b->epoll, events, 64, 100);
        for (int i = 0; i < n; i++) {
            client *c = events[i].data.ptr;
            if (c->fd >= 0)
                proceed(b, c);
        }
        give_up_late(b, n_clients);
    }
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void print_times(const char *name, double *ms, size_t n)
{
    qsort(ms, n, sizeof(double), compare);
    printf(" %s_median_ms=%.3f %s_p99_ms=%.3f", name, ms[n / 2], name, ms[n * 99 / 100]);
}

static void print_figures(burst *b, double took_ms)
{
    size_t n = b->ended - b->failed;
    printf("connections=%u failed=%u", b->ended, b->failed);
    if (n > 0) {
        print_times("connect", b->connect_ms, n);
        print_times("first", b->first_ms, n);
        print_times("total", b->total_ms, n);
    }
    printf(" took_ms=%.0f\n", took_ms);
    if (b->first_failure)
        fprintf(stderr, "first failure: %s\n", b->first_failure);
}

static bool read_address(struct in6_addr *out, const char *text)
{
    char mapped[64];
    snprintf(mapped, sizeof(mapped), "%s%s", strchr(text, ':') ? "" : "::ffff:", text);
    return inet_pton(AF_INET6, mapped, out) == 1;
}

/* As many further as there is room for in the last four bytes. */
static struct in6_addr address_after(const struct in6_addr *first, uint32_t n)
{
    struct in6_addr address = *first;
    uint32_t last_be;
    memcpy(&last_be, &address.s6_addr[12], sizeof(last_be));
    last_be = htonl(ntohl(last_be) + n);
    memcpy(&address.s6_addr[12], &last_be, sizeof(last_be));
    return address;
}

int main(int argc, char **argv)
{
    static burst b;
    struct in6_addr first;

    if (argc != 7 || !read_address(&first, argv[3]) ||
        !read_address(&b.server.sin6_addr, argv[4]) || atoi(argv[1]) <= 0 ||
        atoi(argv[2]) <= 0 || atoi(argv[2]) > MAX_CLIENTS) {
        fprintf(stderr, "usage: burst CONNECTIONS CLIENTS FIRST_ADDRESS SERVER PATH BYTES\n");
        return 2;
    }
    b.to_start = (unsigned)atoi(argv[1]);
    unsigned n_clients = (unsigned)atoi(argv[2]);
    b.body_bytes = strtoul(argv[6], NULL, 10);
    b.server.sin6_family = AF_INET6;
    b.server.sin6_port = htons(80);
    snprintf(b.request, sizeof(b.request),
             "GET %s HTTP/1.1\r\nHost: server\r\nConnection: close\r\n\r\n", argv[5]);
    b.epoll = epoll_create1(0);
    b.connect_ms = calloc(b.to_start, sizeof(double));
    b.first_ms = calloc(b.to_start, sizeof(double));
    b.total_ms = calloc(b.to_start, sizeof(double));
    if (b.epoll < 0 || !b.connect_ms || !b.first_ms || !b.total_ms)
        return 2;
    for (unsigned i = 0; i < n_clients; i++) {
        b.clients[i].fd = -1;
        b.clients[i].address = address_after(&first, i);
    }
    double began = now_ms();
    run(&b, n_clients);
    print_figures(&b, now_ms() - began);
    return b.failed ? 1 : 0;
}
