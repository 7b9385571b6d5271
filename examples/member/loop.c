/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/control.h"
#include "host/report.h"
#include "host/wait.h"
#include "member/member.h"
#include "member/report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_FDS (1 + 2 * SIDE_PORTS + SYNC_CHANNELS + CONTROL_FDS)

/* When something is to be done even if nothing arrives. */
static mpconn_time next_deadline(const member *m)
{
    mpconn_time engine = mpconn_engine_next_expiry(m->engine.engine);
    mpconn_time impaired = impair_next(&m->impair);
    mpconn_time sync = sync_next(&m->sync);
    mpconn_time first = engine < impaired ? engine : impaired;
    return first < sync ? first : sync;
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

static bool answer(void *user, FILE *out, const char *question)
{
    member *m = user;

    if (strcmp(question, "stats") == 0) {
        report_stats(out, m);
    } else if (strcmp(question, "flows") == 0) {
        report_flows(out, m);
    } else if (strcmp(question, "members") == 0) {
        report_members(out, &m->engine, m->options.id);
    } else if (strcmp(question, "quit") == 0) {
        fputs("{\"ok\":true}\n", out);
        m->stop = true;
    } else {
        fputs("{\"error\":\"known are stats, flows, members and quit\"}\n", out);
    }
    return false;
}

static void take_frames(member *m)
{
    sync_handle(&m->sync);
    member_carry_out(m);
}

static int run(member *m, control *c, int signals)
{
    struct pollfd fds[MAX_FDS];

    while (!m->stop) {
        size_t n_ports = collect(m, signals, fds);
        size_t n_sync = n_ports + sync_poll(&m->sync, fds + n_ports);
        size_t n = n_sync + control_poll(c, fds + n_sync);
        int found = wait_until(fds, n, next_deadline(m));
        if (found < 0 && errno != EINTR)
            return EXIT_FAILURE;
        if (found > 0) {
            if (fds[0].revents)
                m->stop = true;
            for (size_t i = 0; i < m->n_ports; i++) {
                if (fds[1 + i].revents)
                    member_receive(m, &m->ports[i]);
            }
            control_handle(c, fds + n_sync, n - n_sync);
        }
        if (wait_found(fds + n_ports, n_sync - n_ports) || sync_next(&m->sync) <= host_now())
            take_frames(m);
        mpconn_time now = host_now();
        if (next_deadline(m) <= now)
            member_expire(m, now);
    }
    return EXIT_SUCCESS;
}

int member_loop(member *m)
{
    control c;
    int signals = wait_open_signals();
    const char *failed = control_open(&c, m->options.control, answer, m);
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
