/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* What a client may leave unread. */
#define UNREAD_MOST (1u << 20)

/* A socket file that nobody listens to is left over from a program that was killed. */
static void remove_stale(const struct sockaddr_un *at)
{
    struct stat st;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    if (lstat(at->sun_path, &st) == 0 && S_ISSOCK(st.st_mode) &&
        connect(fd, (const struct sockaddr *)at, sizeof(*at)) != 0 && errno == ECONNREFUSED)
        unlink(at->sun_path);
    close(fd);
}

const char *control_open(control *c, const char *path, control_answer *answer, void *user)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX };

    memset(c, 0, sizeof(*c));
    c->fd = -1;
    c->answer = answer;
    c->user = user;
    for (size_t i = 0; i < CONTROL_CLIENTS; i++)
        c->clients[i].fd = -1;
    if (!path)
        return NULL;
    if (strlen(path) >= sizeof(at.sun_path)) {
        errno = ENAMETOOLONG;
        return "path";
    }
    strcpy(at.sun_path, path);
    remove_stale(&at);
    c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (c->fd < 0)
        return "socket";
    if (bind(c->fd, (const struct sockaddr *)&at, sizeof(at)) != 0)
        return "bind";
    c->path = path;
    return listen(c->fd, CONTROL_CLIENTS) == 0 ? NULL : "listen";
}

static void drop_client(control_client *k)
{
    if (k->fd >= 0)
        close(k->fd);
    free(k->out);
    memset(k, 0, sizeof(*k));
    k->fd = -1;
}

void control_close(control *c)
{
    for (size_t i = 0; i < CONTROL_CLIENTS; i++) {
        if (c->clients[i].fd >= 0)
            drop_client(&c->clients[i]);
    }
    if (c->path)
        unlink(c->path);
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
}

size_t control_poll(const control *c, struct pollfd *fds)
{
    size_t n = 0;
    if (c->fd < 0)
        return 0;
    fds[n++] = (struct pollfd){ .fd = c->fd, .events = POLLIN };
    for (size_t i = 0; i < CONTROL_CLIENTS; i++) {
        const control_client *k = &c->clients[i];
        /* who does not read the answer is not asked for more questions */
        short events = k->out ? POLLOUT : k->asks_no_more ? 0 : POLLIN;
        if (k->fd >= 0)
            fds[n++] = (struct pollfd){ .fd = k->fd, .events = events };
    }
    return n;
}

static void send_rest(control_client *k)
{
    ssize_t n = send(k->fd, k->out + k->out_at, k->out_len - k->out_at,
                     MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n < 0) {
        drop_client(k);
        return;
    }
    k->out_at += (size_t)n;
    if (k->out_at == k->out_len) {
        free(k->out);
        k->out = NULL;
    }
}

/* Behind what is still to be sent. */
static void queue(control_client *k, const char *text, size_t len)
{
    size_t left = k->out_len - k->out_at;
    char *all = left + len <= UNREAD_MOST || left == 0 ? malloc(left + len) : NULL;

    if (!all || k->fd < 0) {
        free(all);
        drop_client(k);
        return;
    }
    if (left)
        memcpy(all, k->out + k->out_at, left);
    memcpy(all + left, text, len);
    free(k->out);
    k->out = all;
    k->out_len = left + len;
    k->out_at = 0;
    send_rest(k);
}

static void answer(control *c, control_client *k, const char *question)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);

    if (!out) {
        drop_client(k);
        return;
    }
    if (!question)
        fputs("{\"error\":\"the line is too long\"}\n", out);
    else if (c->answer(c->user, out, question))
        k->listens = true;
    if (fclose(out) == 0)
        queue(k, text, len);
    else
        drop_client(k);
    free(text);
}

bool control_has_listeners(const control *c)
{
    for (size_t i = 0; i < CONTROL_CLIENTS; i++) {
        if (c->clients[i].fd >= 0 && c->clients[i].listens)
            return true;
    }
    return false;
}

void control_tell(control *c, const char *document, size_t len)
{
    for (size_t i = 0; i < CONTROL_CLIENTS; i++) {
        if (c->clients[i].fd >= 0 && c->clients[i].listens)
            queue(&c->clients[i], document, len);
    }
}

/* Answer the first whole line, if there is one and the last answer is on its way. */
static bool take_line(control *c, control_client *k)
{
    char line[sizeof(k->in)];

    if (k->fd < 0 || k->out)
        return false;
    char *end = memchr(k->in, '\n', k->in_len);
    if (!end) {
        if (k->in_len == sizeof(k->in)) {
            k->too_long = true;
            k->in_len = 0;
        }
        return false;
    }
    size_t len = (size_t)(end - k->in);
    memcpy(line, k->in, len);
    line[len] = '\0';
    if (len > 0 && line[len - 1] == '\r')
        line[len - 1] = '\0';
    k->in_len -= len + 1;
    memmove(k->in, end + 1, k->in_len);
    bool too_long = k->too_long;
    k->too_long = false;
    answer(c, k, too_long ? NULL : line);
    return true;
}

static void handle_client(control *c, control_client *k)
{
    if (k->out) {
        send_rest(k);
    } else {
        ssize_t n = recv(k->fd, k->in + k->in_len, sizeof(k->in) - k->in_len, MSG_DONTWAIT);
        if (n == 0 && k->listens && !k->asks_no_more) {
            k->asks_no_more = true; /* it may have closed its own direction only */
            return;
        }
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
            drop_client(k);
            return;
        }
        k->in_len += n > 0 ? (size_t)n : 0;
    }
    while (take_line(c, k))
        continue;
}

static void accept_client(control *c)
{
    int fd = accept4(c->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return;
    for (size_t i = 0; i < CONTROL_CLIENTS; i++) {
        if (c->clients[i].fd < 0) {
            c->clients[i].fd = fd;
            return;
        }
    }
    close(fd);
}

void control_handle(control *c, const struct pollfd *fds, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!fds[i].revents)
            continue;
        if (fds[i].fd == c->fd) {
            accept_client(c);
            continue;
        }
        for (size_t k = 0; k < CONTROL_CLIENTS; k++) {
            if (c->clients[k].fd == fds[i].fd)
                handle_client(c, &c->clients[k]);
        }
    }
}
