/* SPDX-License-Identifier: BSD-2-Clause */
#include "member/control.h"
#include "member/member.h"
#include "member/sync.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define MAX_FDS (1 + 2 * SIDE_PORTS + SYNC_CHANNELS + 1 + CONTROL_CLIENTS)

static int open_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* When something is to be done even if nothing arrives. */
static mpconn_time next_deadline(const member *m)
{
    mpconn_time engine = mpconn_engine_next_expiry(m->engine.engine);
    mpconn_time impaired = impair_next(&m->impair);
    mpconn_time sync = sync_next(m);
    mpconn_time first = engine < impaired ? engine : impaired;
    return first < sync ? first : sync;
}

static int wait_for(struct pollfd *fds, size_t n, mpconn_time deadline)
{
    mpconn_time now = member_now();
    mpconn_time left = deadline > now ? deadline - now : 0;
    struct timespec t = { .tv_sec = (time_t)(left / MPCONN_SECOND),
                          .tv_nsec = (long)(left % MPCONN_SECOND) };
    return ppoll(fds, n, deadline == MPCONN_TIME_NEVER ? NULL : &t, NULL);
}

/* What to wait for: signals first, then the ports. */
static size_t collect(const member *m, int signals, struct pollfd *fds)
{
    size_t n = 0;

    fds[n++] = (struct pollfd){ .fd = signals, .events = POLLIN };
    for (size_t i = 0; i < m->n_ports; i++) {
        /* without a buffer there is no sense in being told that a frame waits for one */
        short events = port_has_room(&m->ports[i], &m->pool) ? POLLIN : 0;
        fds[n++] = (struct pollfd){ .fd = m->ports[i].fd, .events = events };
    }
    return n;
}

static bool any_ready(const struct pollfd *fds, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (fds[i].revents)
            return true;
    }
    return false;
}

static int run(member *m, control *c, int signals)
{
    struct pollfd fds[MAX_FDS];

    while (!m->stop) {
        size_t n_ports = collect(m, signals, fds);
        size_t n_sync = n_ports + sync_poll(m, fds + n_ports);
        size_t n = n_sync + control_poll(c, fds + n_sync);
        int found = wait_for(fds, n, next_deadline(m));
        if (found < 0 && errno != EINTR)
            return EXIT_FAILURE;
        if (found > 0) {
            if (fds[0].revents)
                m->stop = true;
            for (size_t i = 0; i < m->n_ports; i++) {
                if (fds[1 + i].revents)
                    member_receive(m, &m->ports[i]);
            }
            control_handle(c, fds + n_sync, n - n_sync, m);
        }
        if (any_ready(fds + n_ports, n_sync - n_ports) || sync_next(m) <= member_now())
            sync_handle(m);
        mpconn_time now = member_now();
        if (next_deadline(m) <= now)
            member_expire(m, now);
    }
    return EXIT_SUCCESS;
}

int member_loop(member *m)
{
    control c;
    int signals = open_signals();
    const char *failed = control_open(&c, m->options.control);
    int error = errno, status = EXIT_FAILURE;

    if (signals < 0) {
        fprintf(stderr, PROGRAM ": signalfd failed\n");
    } else if (failed) {
        fprintf(stderr, PROGRAM ": --control %s: %s: %s\n", m->options.control, failed,
                strerror(error));
    } else {
        puts("ready");
        fflush(stdout);
        status = run(m, &c, signals);
    }
    control_close(&c);
    if (signals >= 0)
        close(signals);
    return status;
}
