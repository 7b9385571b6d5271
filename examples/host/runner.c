/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The engine makes packets while it looks at a batch. They are kept until the verdicts of the
 * batch are carried out, or they would overtake what they follow.
 */
#include "host/runner.h"

#include "host/carrier.h"
#include "host/cli.h"
#include "host/wait.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

/* Frames that can wait, be held or be delayed at a time. */
#define POOL_FRAMES (4 * HOLD_MAX)
/* Timers and table lines in one go, so that packets do not wait for a big sweep. */
#define EXPIRE_BUDGET 512
#define MAX_FDS (2 + RUNNER_PORTS + SYNC_CHANNELS + CONTROL_FDS)

/* Callbacks */

static int keep_made(void *user, const mpconn_pkt *const *pkts, size_t n_pkts)
{
    runner *r = user;

    for (size_t i = 0; i < n_pkts; i++) {
        frame *f = pkts[i]->len <= FRAME_BYTES ? frame_new(&r->pool) : NULL;
        if (!f)
            return (int)i;
        memcpy(f->pkt.data, pkts[i]->data, pkts[i]->len);
        f->pkt.len = pkts[i]->len;
        f->pkt.flags = pkts[i]->flags;
        f->pkt.link = pkts[i]->link;
        f->pkt.zone = pkts[i]->zone;
        f->pkt.side = pkts[i]->side;
        f->pkt.reason = pkts[i]->reason;
        frame_list_add(&r->made, f);
    }
    return (int)n_pkts;
}

static int fill_random(void *user, uint8_t *dst, size_t len)
{
    (void)user;
    return getrandom(dst, len, 0) == (ssize_t)len ? 0 : -1;
}

static void note_release(void *user, uint64_t number, unsigned reason)
{
    (void)reason;
    hold_release(&((runner *)user)->hold, number);
}

static int send_frame(void *user, uint32_t to, const uint8_t *bytes, size_t len)
{
    return sync_send(&((runner *)user)->sync, to, bytes, len);
}

/* Set up and end */

void runner_init(runner *r, const runner_hooks *hooks, void *user, const impair_config *impaired)
{
    memset(r, 0, sizeof(*r));
    r->hooks = hooks;
    r->user = user;
    r->sync.point.fd = r->sync.group.fd = -1;
    r->carrier = carrier_open(); /* without, stations are only forgotten by and by */
    frame_pool_init(&r->pool, POOL_FRAMES);
    frame_list_init(&r->made);
    hold_init(&r->hold);
    impair_init(&r->impair, impaired);
    r->links = links_new();
    if (!r->links)
        die(EXIT_FAILURE, "out of memory");
}

const char *runner_open_port(runner *r, const char *name, uint8_t side, port_ears ears,
                             bool vnet_hdr)
{
    port *p = &r->ports[r->n_ports];
    const char *failed = port_open(p, name, side, ears, vnet_hdr);

    p->number = (uint16_t)r->n_ports;
    r->n_ports += failed == NULL;
    return failed;
}

void runner_start(runner *r, const mpconn_engine_config *cfg, const mpconn_callbacks *callbacks)
{
    mpconn_callbacks all = *callbacks;

    all.send_packets = keep_made;
    all.random = fill_random;
    all.release = note_release;
    all.send_frame = send_frame;
    int err = recorder_new(&r->engine, cfg, &all, r, host_now());
    if (err)
        die(EXIT_FAILURE, "engine: %s", mpconn_strerror(err));
    if (mpconn_engine_headroom(r->engine.engine) > FRAME_HEADROOM)
        die(EXIT_FAILURE, "engine: needs more headroom than a frame has");
}

void runner_fini(runner *r)
{
    recorder_del(&r->engine);
    for (size_t i = 0; i < r->n_ports; i++)
        port_close(&r->ports[i], &r->pool);
    sync_close(&r->sync);
    impair_clear(&r->impair, &r->pool);
    frame_list_clear(&r->hold.kept, &r->pool);
    frame_list_clear(&r->made, &r->pool);
    frame_pool_fini(&r->pool);
    links_del(r->links);
    if (r->carrier >= 0)
        close(r->carrier);
}

/* Verdicts */

/* Whether the frame is kept. */
static bool act_on(runner *r, frame *f)
{
    switch (f->pkt.verdict) {
    case MPCONN_VERDICT_FORWARD:
        r->hooks->forward(r->user, f);
        return false;
    case MPCONN_VERDICT_HOLD:
        hold_keep(&r->hold, f);
        return true;
    default: /* DROP and CONSUMED */
        return false;
    }
}

static void send_made(runner *r, frame_list *done)
{
    frame *f;
    while ((f = frame_list_take(&r->made))) {
        r->hooks->emit(r->user, f);
        frame_list_add(done, f);
    }
}

static void flush_ports(runner *r)
{
    for (size_t i = 0; i < r->n_ports; i++)
        port_flush(&r->ports[i]);
}

static void handle_batch(runner *r, frame *const *frames, size_t n)
{
    mpconn_pkt *pkts[PORT_BATCH];
    size_t n_pkts = 0;
    frame_list done; /* ports hold on to the bytes until they are flushed */

    frame_list_init(&done);
    for (size_t i = 0; i < n; i++) {
        if (frame_is_ip(frames[i]))
            pkts[n_pkts++] = &frames[i]->pkt;
    }
    recorder_input(&r->engine, pkts, n_pkts, host_now());
    send_made(r, &done); /* the first part of a segment goes before the rest */
    for (size_t i = 0; i < n; i++) {
        if (!frame_is_ip(frames[i])) {
            r->hooks->bridge(r->user, frames[i]);
            frame_list_add(&done, frames[i]);
        } else if (!act_on(r, frames[i])) {
            frame_list_add(&done, frames[i]);
        }
    }
    flush_ports(r);
    frame_list_clear(&done, &r->pool);
}

static void handle_list(runner *r, frame_list *list)
{
    while (list->n) {
        frame *frames[PORT_BATCH];
        size_t n = 0;
        while (n < PORT_BATCH && list->n)
            frames[n++] = frame_list_take(list);
        handle_batch(r, frames, n);
    }
}

/* Held frames that the engine wants again go before all newer ones. */
static void submit_released(runner *r)
{
    frame_list again;

    frame_list_init(&again);
    while (hold_take(&r->hold, &again), again.n) {
        for (frame *f = again.head; f; f = f->next)
            frame_prepare(f);
        handle_list(r, &again);
    }
}

/* Also called without anything received, for impaired frames that are due. */
static void handle_impaired(runner *r, frame *const *frames, size_t n, mpconn_time now)
{
    frame_list due;
    frame *f;

    frame_list_init(&due);
    for (size_t i = 0; i < n; i++) {
        if (frame_is_ip(frames[i]))
            impair_put(&r->impair, frames[i], &r->pool, now);
        else
            frame_list_add(&due, frames[i]);
    }
    while ((f = impair_take(&r->impair, now)))
        frame_list_add(&due, f);
    handle_list(r, &due);
}

static void receive(runner *r, port *p)
{
    frame *frames[PORT_BATCH];
    size_t n = port_receive(p, frames, &r->pool);

    links_tell_time(r->links, host_now());
    for (size_t i = 0; i < n; i++)
        r->hooks->learn(r->user, frames[i]);
    if (impair_active(&r->impair))
        handle_impaired(r, frames, n, host_now());
    else if (n)
        handle_batch(r, frames, n);
    submit_released(r);
}

void runner_carry_out(runner *r)
{
    frame_list done;

    frame_list_init(&done);
    send_made(r, &done);
    flush_ports(r);
    frame_list_clear(&done, &r->pool);
    submit_released(r);
}

static void expire(runner *r, mpconn_time now)
{
    handle_impaired(r, NULL, 0, now);
    now = host_now(); /* frames took their time, and the engine's must not go back */
    if (mpconn_engine_next_expiry(r->engine.engine) <= now)
        recorder_expire(&r->engine, EXPIRE_BUDGET, NULL, now);
    runner_carry_out(r);
}

/* Loop */

/* When something is to be done even if nothing arrives. */
static mpconn_time next_deadline(const runner *r)
{
    mpconn_time engine = mpconn_engine_next_expiry(r->engine.engine);
    mpconn_time impaired = impair_next(&r->impair);
    mpconn_time sync = sync_next(&r->sync);
    mpconn_time first = engine < impaired ? engine : impaired;
    return first < sync ? first : sync;
}

/* Whoever was reached there may be somewhere else. */
static void forget_stations(void *user, int ifindex)
{
    runner *r = user;

    for (size_t i = 0; i < r->n_ports; i++) {
        if (ifindex == 0 || r->ports[i].ifindex == ifindex)
            links_forget_stations(r->links, r->ports[i].number);
    }
}

/* What to wait for: signals first, then what becomes of interfaces, then the ports. */
static size_t collect(const runner *r, int signals, struct pollfd *fds)
{
    size_t n = 0;

    fds[n++] = (struct pollfd){ .fd = signals, .events = POLLIN };
    fds[n++] = (struct pollfd){ .fd = r->carrier, .events = POLLIN };
    for (size_t i = 0; i < r->n_ports; i++) {
        /* without a buffer there is no sense in being told that a frame waits for one */
        short events = port_has_room(&r->ports[i], &r->pool) ? POLLIN : 0;
        fds[n++] = (struct pollfd){ .fd = r->ports[i].fd, .events = events };
    }
    return n;
}

static int run(runner *r, int signals)
{
    struct pollfd fds[MAX_FDS];

    while (!r->stop) {
        size_t n_ports = collect(r, signals, fds);
        size_t n_sync = n_ports + sync_poll(&r->sync, fds + n_ports);
        size_t n = n_sync + control_poll(&r->control, fds + n_sync);
        int found = wait_until(fds, n, next_deadline(r));
        if (found < 0 && errno != EINTR)
            return EXIT_FAILURE;
        if (found > 0) {
            if (fds[0].revents)
                r->stop = true;
            if (fds[1].revents)
                carrier_read(r->carrier, forget_stations, r);
            for (size_t i = 0; i < r->n_ports; i++) {
                if (fds[2 + i].revents)
                    receive(r, &r->ports[i]);
            }
            control_handle(&r->control, fds + n_sync, n - n_sync);
        }
        if (wait_found(fds + n_ports, n_sync - n_ports) || sync_next(&r->sync) <= host_now()) {
            sync_handle(&r->sync);
            runner_carry_out(r);
        }
        mpconn_time now = host_now();
        if (next_deadline(r) <= now)
            expire(r, now);
    }
    return EXIT_SUCCESS;
}

int runner_loop(runner *r, const char *control_path)
{
    int signals = wait_open_signals();
    const char *failed = control_open(&r->control, control_path, r->hooks->answer, r->user);
    int error = errno, status = EXIT_FAILURE;

    if (signals < 0) {
        fprintf(stderr, "%s: signalfd failed\n", cli_program);
    } else if (failed) {
        fprintf(stderr, "%s: --control %s: %s: %s\n", cli_program, control_path, failed,
                strerror(error));
    } else {
        puts("ready");
        fflush(stdout);
        status = run(r, signals);
    }
    control_close(&r->control);
    if (signals >= 0)
        close(signals);
    return status;
}
