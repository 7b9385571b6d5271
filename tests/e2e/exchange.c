/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One connection that carries so many bytes each way, for the end-to-end tests: first the
 * client's, then the server's. Both ends know what has to come, and look at every byte: it follows
 * from the client's port, so that nothing can be taken for what an earlier connection carried.
 *
 *   exchange [KIND] serve PORT BYTES        a line a connection
 *   exchange [KIND] connect FROM PORT TO PORT BYTES LIMIT_MS
 *
 * The kind is plain, md5 (RFC 2385, with a key that both know), mptcp (RFC 8684) or fastopen
 * (RFC 7413).
 *
 * A line is
 *   WORD port=CLIENT'S ms=N options=LIST mss=N repeats=N
 * where the word is ok, or garbled, ended (a FIN too early), stalled, or the name of an error; the
 * time is from before the connect to the last byte; options are those of this leg as this end saw
 * them negotiated (syn-data: what the SYN brought was taken), mss what it may send, repeats the
 * segments it sent again.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define CHUNK 16384
#define SERVE_LIMIT_MS 20000

/* What older headers do not have. */
#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif
#ifndef SOL_MPTCP
#define SOL_MPTCP 284
#endif
enum { INFO_OF_MPTCP = 1 };

enum { CLIENT, SERVER };

static const char *kind = "plain";

typedef struct exchange {
    int fd;
    unsigned port;      /* the client's */
    uint64_t bytes;     /* each way */
    double began, last; /* ms; `last` when the last byte was there */
    double limit_ms;
} exchange;

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static bool kind_is(const char *name)
{
    return strcmp(kind, name) == 0;
}

/* With any address of that family. */
static void set_key(int fd, const struct sockaddr *any, size_t len)
{
    static const char key[] = "a key that both know";
    struct tcp_md5sig sig = { .tcpm_flags = TCP_MD5SIG_FLAG_PREFIX, .tcpm_keylen = sizeof(key) };

    memcpy(&sig.tcpm_addr, any, len);
    memcpy(sig.tcpm_key, key, sizeof(key));
    if (setsockopt(fd, IPPROTO_TCP, TCP_MD5SIG_EXT, &sig, sizeof(sig)) != 0)
        die("TCP-MD5");
}

static void set_keys(int fd, int family)
{
    struct sockaddr_in v4 = { .sin_family = AF_INET };
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 }, mapped = v6;

    mapped.sin6_addr.s6_addr[10] = mapped.sin6_addr.s6_addr[11] = 0xff;
    if (family == AF_INET) {
        set_key(fd, (const struct sockaddr *)&v4, sizeof(v4));
    } else {
        set_key(fd, (const struct sockaddr *)&v6, sizeof(v6));
        set_key(fd, (const struct sockaddr *)&mapped, sizeof(mapped));
    }
}

/* A socket of the kind; a queue of 0 is that of who connects. */
static int open_socket(int family, int queue)
{
    const int one = 1;
    int fd = socket(family, SOCK_STREAM, kind_is("mptcp") ? IPPROTO_MPTCP : 0);

    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) != 0)
        die("socket");
    if (kind_is("md5"))
        set_keys(fd, family);
    if (kind_is("fastopen") &&
        setsockopt(fd, IPPROTO_TCP, queue > 0 ? TCP_FASTOPEN : TCP_FASTOPEN_CONNECT,
                   queue > 0 ? &queue : &one, sizeof(one)) != 0)
        die("TCP Fast Open");
    return fd;
}

/* The bytes of a direction from `at` on, where both are multiples of 8. */
static void fill(uint8_t *out, size_t len, const exchange *x, int direction, uint64_t at)
{
    for (size_t i = 0; i < len; i += 8) {
        uint64_t z = (at + i) + ((uint64_t)x->port << 40) + ((uint64_t)direction << 60);
        z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
        memcpy(out + i, &z, 8);
    }
}

static const char *word(void)
{
    switch (errno) {
    case EAGAIN:
    case EINPROGRESS: /* a connect that ran into SO_SNDTIMEO */
    case ETIMEDOUT:
        return "stalled";
    case ECONNRESET:
    case EPIPE:
        return "reset";
    case ECONNREFUSED:
        return "refused";
    default:
        return "failed";
    }
}

/* No call waits longer than until the limit. */
static bool time_left(const exchange *x)
{
    double left = x->began + x->limit_ms - now_ms();
    long us = (long)(left * 1e3);
    struct timeval t = { .tv_sec = us / 1000000, .tv_usec = us % 1000000 };

    errno = EAGAIN;
    return us > 0 && setsockopt(x->fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t)) == 0 &&
           setsockopt(x->fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof(t)) == 0;
}

/* NULL, or the word for what went wrong; so in all below. */
static const char *say(exchange *x, int direction)
{
    uint8_t chunk[CHUNK];

    for (uint64_t at = 0; at < x->bytes; at += CHUNK) {
        size_t len = x->bytes - at < CHUNK ? (size_t)(x->bytes - at) : CHUNK;
        fill(chunk, CHUNK, x, direction, at);
        for (size_t sent = 0; sent < len;) {
            ssize_t n = time_left(x) ? send(x->fd, chunk + sent, len - sent, MSG_NOSIGNAL) : -1;
            if (n < 0)
                return word();
            sent += (size_t)n;
        }
    }
    return NULL;
}

static const char *hear(exchange *x, int direction)
{
    uint8_t chunk[CHUNK], right[CHUNK];

    for (uint64_t at = 0; at < x->bytes; at += CHUNK) {
        size_t len = x->bytes - at < CHUNK ? (size_t)(x->bytes - at) : CHUNK;
        fill(right, CHUNK, x, direction, at);
        for (size_t got = 0; got < len;) {
            ssize_t n = time_left(x) ? recv(x->fd, chunk + got, len - got, 0) : -1;
            if (n <= 0)
                return n < 0 ? word() : "ended";
            if (memcmp(chunk + got, right + got, (size_t)n) != 0)
                return "garbled";
            got += (size_t)n;
        }
    }
    x->last = now_ms();
    return NULL;
}

/* And nothing after it. */
static const char *hear_end(exchange *x)
{
    uint8_t more;
    ssize_t n = time_left(x) ? recv(x->fd, &more, 1, 0) : -1;

    return n < 0 ? word() : n > 0 ? "garbled" : NULL;
}

static void report(const exchange *x, const char *wrong)
{
    static const struct {
        uint8_t bit;
        const char *name;
    } options[] = { { TCPI_OPT_SACK, "sack," },
                    { TCPI_OPT_TIMESTAMPS, "ts," },
                    { TCPI_OPT_WSCALE, "ws," },
                    { TCPI_OPT_ECN, "ecn," },
                    { TCPI_OPT_SYN_DATA, "syn-data," } };
    struct tcp_info info;
    socklen_t len = sizeof(info), more_len = 256;
    uint8_t more[256];

    memset(&info, 0, sizeof(info));
    getsockopt(x->fd, IPPROTO_TCP, TCP_INFO, &info, &len);
    printf("%s port=%u ms=%.2f options=", wrong ? wrong : "ok", x->port, x->last - x->began);
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        if (info.tcpi_options & options[i].bit)
            fputs(options[i].name, stdout);
    }
    /* what fell back is a socket of plain TCP, and knows nothing of this */
    if (getsockopt(x->fd, SOL_MPTCP, INFO_OF_MPTCP, more, &more_len) == 0)
        fputs("mptcp,", stdout);
    printf(" mss=%u repeats=%u\n", info.tcpi_snd_mss, info.tcpi_total_retrans);
    fflush(stdout);
}

static const char *serve_one(exchange *x)
{
    const char *wrong = hear(x, CLIENT);

    if (!wrong)
        wrong = say(x, SERVER);
    if (wrong)
        return wrong;
    shutdown(x->fd, SHUT_WR);
    return hear_end(x);
}

static int serve(const char *number, uint64_t bytes)
{
    struct sockaddr_in6 here = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_ANY_INIT };
    const int zero = 0, queue = 64;
    int fd = open_socket(AF_INET6, queue);

    signal(SIGCHLD, SIG_IGN); /* nobody waits for those who serve */
    here.sin6_port = htons((uint16_t)atoi(number));
    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof(zero));
    if (bind(fd, (struct sockaddr *)&here, sizeof(here)) != 0 || listen(fd, queue) != 0)
        die("serve");
    puts("listening");
    fflush(stdout);
    for (;;) {
        struct sockaddr_in6 from;
        socklen_t len = sizeof(from);
        exchange x = { .fd = accept(fd, (struct sockaddr *)&from, &len) };
        if (x.fd < 0)
            continue;
        x.port = ntohs(from.sin6_port);
        x.bytes = bytes;
        x.began = x.last = now_ms();
        x.limit_ms = SERVE_LIMIT_MS;
        if (fork() == 0) {
            report(&x, serve_one(&x));
            exit(0);
        }
        close(x.fd);
    }
}

/* connect */

static struct addrinfo *find(const char *address, const char *number)
{
    struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
                              .ai_socktype = SOCK_STREAM };
    struct addrinfo *found;

    if (getaddrinfo(address, number, &hints, &found) != 0) {
        fprintf(stderr, "%s %s: no address\n", address, number);
        exit(1);
    }
    return found;
}

static const char *connect_one(exchange *x, const struct addrinfo *to)
{
    const char *wrong;

    if (!time_left(x) || connect(x->fd, to->ai_addr, to->ai_addrlen) != 0)
        return word();
    if ((wrong = say(x, CLIENT)) != NULL || (wrong = hear(x, SERVER)) != NULL)
        return wrong;
    return hear_end(x);
}

static int connect_to(char **argv)
{
    struct addrinfo *from = find(argv[0], argv[1]), *to = find(argv[2], argv[3]);
    exchange x = { .fd = open_socket(to->ai_family, 0), .port = (unsigned)atoi(argv[1]),
                   .bytes = strtoull(argv[4], NULL, 10), .limit_ms = atof(argv[5]) };

    if (bind(x.fd, from->ai_addr, from->ai_addrlen) != 0)
        die("bind");
    x.began = x.last = now_ms();
    const char *wrong = connect_one(&x, to);
    report(&x, wrong);
    freeaddrinfo(from);
    freeaddrinfo(to);
    return wrong != NULL;
}

int main(int argc, char **argv)
{
    static const char *const kinds[] = { "plain", "md5", "mptcp", "fastopen" };

    for (size_t i = 0; argc > 1 && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strcmp(argv[1], kinds[i]) == 0) {
            kind = kinds[i];
            argv++;
            argc--;
        }
    }
    if (argc == 4 && strcmp(argv[1], "serve") == 0)
        return serve(argv[2], strtoull(argv[3], NULL, 10));
    if (argc == 8 && strcmp(argv[1], "connect") == 0)
        return connect_to(argv + 2);
    fprintf(stderr, "usage: see the top of exchange.c\n");
    return 2;
}
