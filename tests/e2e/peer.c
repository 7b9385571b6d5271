/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ends of a connection, for the end-to-end tests: sockets that do what ordinary programs
 * seldom do, and say what came of it in one word and some figures.
 *
 *   peer ask PATH QUESTION...               lines to a UNIX socket, at once; prints the answers
 *   peer serve MODE PORT                    greet, abort, watch or close; a line a connection
 *   peer connect [NAME=VALUE...] ADDRESS PORT
 *        from=ADDRESS port=N                this end; the port can be used again at once
 *        send=TEXT expect=TEXT              say something; wait for an answer that begins so
 *        end=close|abort|wait               FIN, RST, or FIN after that of the other end
 *        hold=FIFO                          do not end before somebody opens it for writing
 *        late=TEXT                          say this then, and wait for the other end to finish
 *        limit=MS                           for everything but that, default 5000
 *        times=N                            one after the other, default 1
 *
 * A connection ends as: ok (got what was expected), refused, silent (no answer to the SYN), mute
 * (no answer after that), reset, ended (a FIN too early), garbled (another answer).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define GREETING "220 mail.example.org ready\r\n"

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

/* ask */

static void send_lines(int fd, char *const *lines, int n)
{
    char text[16384];
    size_t len = 0;
    for (int i = 0; i < n && len < sizeof(text); i++)
        len += (size_t)snprintf(text + len, sizeof(text) - len, "%s\n", lines[i]);
    if (len >= sizeof(text) || write(fd, text, len) != (ssize_t)len)
        die("questions");
}

static int ask(const char *path, char *const *questions, int n_questions)
{
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    char buffer[4096];
    ssize_t n;
    int fd = socket(AF_UNIX, SOCK_STREAM, 0), answers = 0;

    strncpy(to.sun_path, path, sizeof(to.sun_path) - 1);
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0)
        die(path);
    send_lines(fd, questions, n_questions);
    while (answers < n_questions && (n = read(fd, buffer, sizeof(buffer))) > 0) {
        fwrite(buffer, 1, (size_t)n, stdout);
        for (ssize_t i = 0; i < n; i++)
            answers += buffer[i] == '\n';
    }
    if (answers == n_questions)
        return 0;
    fprintf(stderr, "%s: %d answers to %d questions\n", path, answers, n_questions);
    return 1;
}

/* serve */

static void set_abort(int fd)
{
    const struct linger at_once = { .l_onoff = 1 };
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}

/* Read until the end; what kind of end it was. */
static const char *watch_end(int fd)
{
    char buffer[65536];
    ssize_t n;
    while ((n = read(fd, buffer, sizeof(buffer))) > 0)
        continue;
    return n == 0 ? "eof" : errno == ECONNRESET ? "reset" : strerror(errno);
}

static void serve_one(int fd, const char *mode)
{
    char first;

    if (strcmp(mode, "greet") == 0 || strcmp(mode, "close") == 0) {
        if (write(fd, GREETING, strlen(GREETING)) < 0)
            die("write");
    }
    if (strcmp(mode, "abort") == 0) {
        if (read(fd, &first, 1) == 1)
            set_abort(fd);
    } else if (strcmp(mode, "close") == 0) {
        shutdown(fd, SHUT_WR);
        watch_end(fd);
    } else {
        printf("%s\n", watch_end(fd));
        fflush(stdout);
    }
    close(fd);
}

static int serve(const char *mode, const char *number)
{
    struct sockaddr_in6 here = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_ANY_INIT };
    const int one = 1, zero = 0;
    int fd = socket(AF_INET6, SOCK_STREAM, 0);

    here.sin6_port = htons((uint16_t)atoi(number));
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof(zero));
    if (fd < 0 || bind(fd, (struct sockaddr *)&here, sizeof(here)) != 0 || listen(fd, 1024) != 0)
        die("serve");
    puts("listening");
    fflush(stdout);
    for (;;) {
        int c = accept(fd, NULL, NULL);
        if (c < 0)
            continue;
        if (fork() == 0) {
            close(fd);
            serve_one(c, mode);
            exit(0);
        }
        close(c);
        while (waitpid(-1, NULL, WNOHANG) > 0)
            continue;
    }
}

/* connect */

typedef struct attempt {
    struct sockaddr_storage from, to;
    socklen_t from_len, to_len;
    const char *send, *expect, *end, *hold, *late;
    double limit_ms;
    double began, connected;
} attempt;

static socklen_t read_address(struct sockaddr_storage *out, const char *address, const char *number)
{
    struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
                              .ai_socktype = SOCK_STREAM };
    struct addrinfo *found;
    if (getaddrinfo(address, number, &hints, &found) != 0) {
        fprintf(stderr, "%s %s: no address\n", address, number);
        exit(1);
    }
    memcpy(out, found->ai_addr, found->ai_addrlen);
    socklen_t len = found->ai_addrlen;
    freeaddrinfo(found);
    return len;
}

static bool wait_for(const attempt *a, int fd, short events)
{
    struct pollfd p = { .fd = fd, .events = events };
    double left = a->began + a->limit_ms - now_ms();
    return left > 0 && poll(&p, 1, (int)left + 1) == 1;
}

static const char *word(int error)
{
    switch (error) {
    case ECONNRESET:
    case EPIPE:
        return "reset";
    case ECONNREFUSED:
        return "refused";
    case ETIMEDOUT:
        return "silent";
    default:
        return strerror(error);
    }
}

static const char *open_connection(attempt *a, int fd)
{
    int error = 0;
    socklen_t len = sizeof(error);

    /* while the last connection of this port waits for its last ACK, the port is not free */
    while (connect(fd, (struct sockaddr *)&a->to, a->to_len) != 0 && errno != EINPROGRESS) {
        if (errno != EADDRNOTAVAIL || now_ms() > a->began + a->limit_ms)
            return word(errno);
        nanosleep(&(struct timespec){ .tv_nsec = 100000 }, NULL);
    }
    if (!wait_for(a, fd, POLLOUT))
        return "silent";
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
    if (error)
        return word(error);
    a->connected = now_ms();
    return NULL;
}

/* Until the answer is there, or until the other end has finished. */
static const char *await_answer(const attempt *a, int fd, const char *expected, bool to_the_end)
{
    char got[4096];
    size_t len = 0, wanted = expected ? strlen(expected) : 0;

    while (len < wanted || to_the_end) {
        if (!wait_for(a, fd, POLLIN))
            return "mute";
        ssize_t n = read(fd, got + len, sizeof(got) - len);
        if (n < 0)
            return word(errno);
        if (n == 0)
            break;
        len += (size_t)n;
    }
    if (len < wanted)
        return "ended";
    return wanted == 0 || memcmp(got, expected, wanted) == 0 ? "ok" : "garbled";
}

static const char *talk(attempt *a, int fd)
{
    const char *result = open_connection(a, fd);
    if (result)
        return result;
    if (a->send && send(fd, a->send, strlen(a->send), MSG_NOSIGNAL) < 0)
        return word(errno);
    result = "ok";
    if (a->expect || strcmp(a->end, "wait") == 0)
        result = await_answer(a, fd, a->expect, strcmp(a->end, "wait") == 0);
    if (a->hold)
        close(open(a->hold, O_RDONLY));
    if (a->late) {
        a->began = now_ms();
        if (send(fd, a->late, strlen(a->late), MSG_NOSIGNAL) < 0)
            return word(errno);
        result = await_answer(a, fd, NULL, true);
    }
    if (strcmp(a->end, "abort") == 0)
        set_abort(fd);
    return result;
}

static void try_once(attempt *a)
{
    const int one = 1;
    int fd = socket(a->to.ss_family, SOCK_STREAM | SOCK_NONBLOCK, 0);

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (fd < 0 || (a->from_len && bind(fd, (struct sockaddr *)&a->from, a->from_len) != 0))
        die("bind");
    a->began = a->connected = now_ms();
    const char *result = talk(a, fd);
    double ended = now_ms();
    close(fd);
    printf("%s connect_ms=%.2f total_ms=%.2f\n", result, a->connected - a->began,
           ended - a->began);
    fflush(stdout);
}

static int run_connect(int argc, char **argv)
{
    attempt a = { .end = "close", .limit_ms = 5000 };
    const char *from = NULL, *number = "0";
    int times = 1, at = 0;

    for (; at < argc - 2; at++) {
        char *value = strchr(argv[at], '=');
        if (!value)
            break;
        *value++ = '\0';
        if (strcmp(argv[at], "from") == 0)
            from = value;
        else if (strcmp(argv[at], "port") == 0)
            number = value;
        else if (strcmp(argv[at], "send") == 0)
            a.send = value;
        else if (strcmp(argv[at], "expect") == 0)
            a.expect = value;
        else if (strcmp(argv[at], "end") == 0)
            a.end = value;
        else if (strcmp(argv[at], "hold") == 0)
            a.hold = value;
        else if (strcmp(argv[at], "late") == 0)
            a.late = value;
        else if (strcmp(argv[at], "limit") == 0)
            a.limit_ms = atof(value);
        else if (strcmp(argv[at], "times") == 0)
            times = atoi(value);
    }
    if (at != argc - 2)
        return 2;
    a.to_len = read_address(&a.to, argv[at], argv[at + 1]);
    if (from)
        a.from_len = read_address(&a.from, from, number);
    while (times-- > 0)
        try_once(&a);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc >= 4 && strcmp(argv[1], "ask") == 0)
        return ask(argv[2], argv + 3, argc - 3);
    if (argc == 4 && strcmp(argv[1], "serve") == 0)
        return serve(argv[2], argv[3]);
    if (argc >= 4 && strcmp(argv[1], "connect") == 0 && run_connect(argc - 2, argv + 2) == 0)
        return 0;
    fprintf(stderr, "usage: see the top of peer.c\n");
    return 2;
}
