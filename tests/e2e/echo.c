/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A server that sends back what it gets, and a client that opens one connection after another, says
 * something else on each, and compares:
 *
 *   echo serve PORT
 *   echo connect PER_SECOND BYTES COUNT LIMIT_S PORT SERVER...
 *
 * The client takes the servers in turn, opens COUNT connections, or goes on until SIGTERM when that
 * is 0, waits for those under way, and prints one line of figures. A connection is over LIMIT_S
 * after it began, or has failed. The status is 0 when not one failed.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_BYTES 65536
#define MAX_SERVERS 4

/* Of either end. The server's has as much as it has not sent back; the client's all that came. */
typedef struct talk {
    struct talk *next;
    int fd; /* -1: over */
    uint32_t number;
    double began;
    bool connected, finished;
    size_t sent, got;
    uint8_t bytes[];
} talk;

typedef struct client {
    int epoll;
    size_t bytes;
    double limit_ms;
    struct sockaddr_storage servers[MAX_SERVERS];
    socklen_t server_len[MAX_SERVERS];
    unsigned n_servers;
    unsigned started, running, failed;
    const char *first_failure;
    double slowest_ms;
    talk *open;
} client;

static volatile sig_atomic_t enough;

static void die(const char *what)
{
    perror(what);
    exit(2);
}

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static talk *talk_new(int epoll, int fd, uint32_t events, size_t room)
{
    talk *t = calloc(1, sizeof(*t) + room);
    struct epoll_event on = { .events = events, .data.ptr = t };
    if (!t || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &on) != 0)
        die("talk");
    t->fd = fd;
    return t;
}

/* serve */

static void serve_one(talk *t)
{
    while (!t->finished || t->got > t->sent) {
        ssize_t n;
        if (t->got > t->sent) {
            n = send(t->fd, t->bytes + t->sent, t->got - t->sent, MSG_NOSIGNAL);
            t->sent += n > 0 ? (size_t)n : 0;
        } else {
            t->sent = t->got = 0;
            n = recv(t->fd, t->bytes, MAX_BYTES, 0);
            t->got = n > 0 ? (size_t)n : 0;
            t->finished = n == 0;
        }
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (n < 0)
            break;
    }
    close(t->fd);
    free(t);
}

static void serve(uint16_t port)
{
    struct sockaddr_in6 here = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_ANY_INIT,
                                 .sin6_port = htons(port) };
    const int one = 1, zero = 0;
    int epoll = epoll_create1(0), fd = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, 0), c;

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof(zero));
    if (fd < 0 || bind(fd, (struct sockaddr *)&here, sizeof(here)) != 0 || listen(fd, 1024) != 0)
        die("serve");
    talk *listener = talk_new(epoll, fd, EPOLLIN, 0);
    puts("listening");
    fflush(stdout);
    for (;;) {
        struct epoll_event ready;
        if (epoll_wait(epoll, &ready, 1, -1) != 1)
            continue;
        if (ready.data.ptr != listener)
            serve_one(ready.data.ptr);
        else if ((c = accept4(fd, NULL, NULL, SOCK_NONBLOCK)) >= 0)
            talk_new(epoll, c, EPOLLIN | EPOLLOUT | EPOLLET, MAX_BYTES);
    }
}

/* connect */

static uint8_t byte_of(uint32_t number, size_t at)
{
    uint64_t z = ((uint64_t)number << 32 | at) * UINT64_C(0x9e3779b97f4a7c15);
    return (uint8_t)((z ^ (z >> 31)) >> 24);
}

static unsigned port_of(int fd)
{
    struct sockaddr_in6 here; /* of either family, the port is at the same place */
    socklen_t len = sizeof(here);
    return getsockname(fd, (struct sockaddr *)&here, &len) == 0 ? ntohs(here.sin6_port) : 0;
}

static void end(client *c, talk *t, const char *failure)
{
    double took = now_ms() - t->began;

    if (failure)
        fprintf(stderr, "port %u: %s\n", port_of(t->fd), failure);
    close(t->fd);
    t->fd = -1;
    c->running--;
    if (took > c->slowest_ms)
        c->slowest_ms = took;
    if (failure) {
        c->failed++;
        if (!c->first_failure)
            c->first_failure = failure;
    }
}

static void start(client *c)
{
    unsigned which = c->started % c->n_servers;
    const struct sockaddr_storage *to = &c->servers[which];
    int fd = socket(to->ss_family, SOCK_STREAM | SOCK_NONBLOCK, 0);

    if (fd < 0 || (connect(fd, (const struct sockaddr *)to, c->server_len[which]) != 0 &&
                   errno != EINPROGRESS))
        die("connect");
    talk *t = talk_new(c->epoll, fd, EPOLLIN | EPOLLOUT | EPOLLET, c->bytes);
    t->number = c->started++;
    t->began = now_ms();
    t->next = c->open;
    c->open = t;
    c->running++;
}

/* Says all there is to say. False: it failed. */
static bool say(client *c, talk *t)
{
    uint8_t *bytes = malloc(c->bytes);
    ssize_t n = 1;

    if (!bytes)
        die("say");
    for (size_t i = 0; i < c->bytes; i++)
        bytes[i] = byte_of(t->number, i);
    while (t->sent < c->bytes && n > 0) {
        n = send(t->fd, bytes + t->sent, c->bytes - t->sent, MSG_NOSIGNAL);
        t->sent += n > 0 ? (size_t)n : 0;
    }
    free(bytes);
    if (t->sent == c->bytes && !t->finished) {
        t->finished = true;
        shutdown(t->fd, SHUT_WR);
    }
    return n > 0 || errno == EAGAIN;
}

/* What is wrong with what comes back; "" while there is nothing to say about it, NULL
 * at its end. */
static const char *hear(client *c, talk *t)
{
    ssize_t n = 0;
    uint8_t more;

    while (t->got < c->bytes && (n = recv(t->fd, t->bytes, c->bytes - t->got, 0)) > 0) {
        for (ssize_t i = 0; i < n; i++) {
            if (t->bytes[i] != byte_of(t->number, t->got++))
                return "garbled";
        }
    }
    if (t->got == c->bytes)
        n = recv(t->fd, &more, 1, 0);
    if (n > 0)
        return "more than was sent";
    if (n == 0)
        return t->got == c->bytes ? NULL : "ended";
    return errno == EAGAIN ? "" : strerror(errno);
}

static void proceed(client *c, talk *t)
{
    int error = 0;
    socklen_t len = sizeof(error);

    getsockopt(t->fd, SOL_SOCKET, SO_ERROR, &error, &len);
    if (!error && !say(c, t))
        error = errno;
    const char *result = error ? strerror(error) : hear(c, t);
    if (!result || *result)
        end(c, t, result);
}

/* Gives up those that are late, and frees those that are over. */
static void sweep(client *c)
{
    double now = now_ms();

    for (talk **at = &c->open; *at;) {
        talk *t = *at;
        if (t->fd >= 0 && now - t->began > c->limit_ms)
            end(c, t, t->connected ? "mute" : "silent");
        if (t->fd >= 0) {
            at = &t->next;
            continue;
        }
        *at = t->next;
        free(t);
    }
}

static void run(client *c, double every_ms, unsigned count)
{
    struct epoll_event ready[64];
    double due = now_ms();

    while (!enough || c->running) {
        for (; !enough && due <= now_ms(); due += every_ms) {
            start(c);
            if (c->started == count)
                enough = 1;
        }
        double wait = due - now_ms();
        int n = epoll_wait(c->epoll, ready, 64, enough ? 100 : wait > 0 ? (int)wait + 1 : 0);
        for (int i = 0; i < n; i++) {
            talk *t = ready[i].data.ptr;
            if (t->fd >= 0 && !(ready[i].events & EPOLLOUT) && !t->connected)
                continue;
            t->connected = true;
            if (t->fd >= 0)
                proceed(c, t);
        }
        sweep(c);
    }
}

static void add_server(client *c, const char *address, const char *port)
{
    const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
                                    .ai_socktype = SOCK_STREAM };
    struct addrinfo *found;
    if (c->n_servers == MAX_SERVERS || getaddrinfo(address, port, &hints, &found) != 0) {
        fprintf(stderr, "%s %s: no address\n", address, port);
        exit(2);
    }
    memcpy(&c->servers[c->n_servers], found->ai_addr, found->ai_addrlen);
    c->server_len[c->n_servers++] = found->ai_addrlen;
    freeaddrinfo(found);
}

static void stop(int signal)
{
    (void)signal;
    enough = 1;
}

static int run_client(int argc, char **argv)
{
    static client c;
    const struct sigaction on_term = { .sa_handler = stop };
    double per_second = atof(argv[0]);
    unsigned count = (unsigned)atoi(argv[2]);

    c.bytes = strtoul(argv[1], NULL, 10);
    c.limit_ms = atof(argv[3]) * 1000;
    c.epoll = epoll_create1(0);
    if (!(per_second > 0) || c.bytes == 0 || c.bytes > MAX_BYTES || c.epoll < 0)
        return 2;
    for (int i = 5; i < argc; i++)
        add_server(&c, argv[i], argv[4]);
    sigaction(SIGTERM, &on_term, NULL);
    run(&c, 1000 / per_second, count);
    printf("connections=%u failed=%u slowest_ms=%.0f%s%s\n", c.started, c.failed, c.slowest_ms,
           c.first_failure ? " first: " : "", c.first_failure ? c.first_failure : "");
    return c.failed ? 1 : 0;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "serve") == 0)
        serve((uint16_t)atoi(argv[2]));
    if (argc >= 8 && strcmp(argv[1], "connect") == 0)
        return run_client(argc - 2, argv + 2);
    fprintf(stderr, "usage: see the top of echo.c\n");
    return 2;
}
