/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/wait.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <time.h>

mpconn_time host_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (mpconn_time)t.tv_sec * MPCONN_SECOND + (mpconn_time)t.tv_nsec;
}

int wait_open_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int wait_until(struct pollfd *fds, size_t n, mpconn_time deadline)
{
    mpconn_time now = host_now();
    mpconn_time left = deadline > now ? deadline - now : 0;
    struct timespec t = { .tv_sec = (time_t)(left / MPCONN_SECOND),
                          .tv_nsec = (long)(left % MPCONN_SECOND) };
    return ppoll(fds, n, deadline == MPCONN_TIME_NEVER ? NULL : &t, NULL);
}

bool wait_found(const struct pollfd *fds, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (fds[i].revents)
            return true;
    }
    return false;
}
