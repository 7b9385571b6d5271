/* SPDX-License-Identifier: BSD-2-Clause */
#include "member/control.h"
#include "member/member.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define MAX_FDS (1 + 2 * SIDE_PORTS + 1 + CONTROL_CLIENTS)

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
    mpconn_time engine = mpconn_engine_next_expiry(m->engine);
    mpconn_time impaired = impair_next(&m->impair);
    return engine < impaired ? engine : impaired;
}

static int wait_for(struct pollfd *fds, size_t n, mpconn_time deadline)
{
    mpconn_time now = member_now();
    mpconn_time left = deadline > now ? deadline - now : 0;
    struct timespec t = { .tv_sec = (time_t)(left / MPCONN_SECOND),
                          .tv_nsec = (long)(left % MPCONN_SECOND) };
    return ppoll(fds, n, deadline == MPCONN_TIME_NEVER ? NULL : &t, NULL);
}

/* What to wait for: signals first, then the ports, then the control socket. */
static size_t collect(const member *m, const control *c, int signals, struct pollfd *fds)
{
    size_t n = 0;

    fds[n++] = (struct pollfd){ .fd = signals, .events = POLLIN };
    for (size_t i = 0; i < m->n_ports; i++) {
        /* without a buffer there is no sense in being told that a frame waits for one */
        short events = port_has_room(&m->ports[i], &m->pool) ? POLLIN : 0;
        fds[n++] = (struct pollfd){ .fd = m->ports[i].fd, .events = events };
    }
    return n + control_poll(c, fds + n);
}

static int run(member *m, control *c, int signals)
{
    struct pollfd fds[MAX_FDS];
    const size_t n_first = 1 + m->n_ports;

    while (!m->stop) {
        size_t n = collect(m, c, signals, fds);
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
            control_handle(c, fds + n_first, n - n_first, m);
        }
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
