/* SPDX-License-Identifier: BSD-2-Clause */
#include "pair.h"

#include <check.h>

pair p;

static int on_frame(void *user, uint32_t member, const uint8_t *frame, size_t len)
{
    unsigned from = (bed *)user == &p.m[1];
    pair_frame *f = &p.frames[p.n_frames];

    ck_assert(member == (from ^ 1) || member == MPCONN_MEMBER_ALL);
    ck_assert_uint_le(len, PAIR_FRAME);
    if ((p.lose & 1) != 0) {
        p.lose >>= 1;
        return 0;
    }
    p.lose >>= 1;
    ck_assert_uint_lt(p.n_frames, PAIR_FRAMES);
    f->to = from ^ 1;
    f->len = (uint32_t)len;
    memcpy(f->bytes, frame, len);
    p.n_frames++;
    return 0;
}

static void arrive(void)
{
    pair_frame f = p.frames[0];
    bed *to = &p.m[f.to];
    uint32_t reason;

    p.n_frames--;
    memmove(&p.frames[0], &p.frames[1], p.n_frames * sizeof(p.frames[0]));
    ck_assert_int_eq(mpconn_engine_sync_input(to->eng, f.bytes, f.len, &reason, to->now),
                     MPCONN_OK);
    ck_assert_msg(reason < 16, "%s", mpconn_sync_reason_name(reason));
}

void pair_deliver(void)
{
    for (unsigned n = 0; p.n_frames > 0; n++) {
        ck_assert_uint_lt(n, 10000);
        arrive();
    }
}

void pair_lose(void)
{
    p.n_frames = 0;
}

void pair_pass(uint64_t ns)
{
    for (unsigned i = 0; i < 2; i++)
        bed_pass(&p.m[i], ns);
}

void pair_open(const mpconn_engine_config *cfg, const mpconn_callbacks *cb)
{
    static const uint16_t ids[2] = {1, 0};

    p.n_frames = 0;
    p.lose = 0;
    for (unsigned i = 0; i < 2; i++) {
        mpconn_engine_config c = *cfg;
        mpconn_callbacks hooks = *cb;

        c.member_id = i;
        c.members = &ids[i];
        c.n_members = 1;
        hooks.send_frame = on_frame;
        bed_open(&p.m[i], &c, &hooks);
        p.m[i].random_state = 77 + i;
    }
    pair_pass(0);
    pair_deliver();
    for (unsigned i = 0; i < 2; i++) {
        ck_assert_uint_eq(p.m[i].n_events, 1);
        ck_assert_uint_eq(p.m[i].events[0].type, MPCONN_EVENT_MEMBER_UP);
        p.m[i].n_events = 0;
    }
}

void pair_close(void)
{
    for (unsigned i = 0; i < 2; i++)
        bed_close(&p.m[i]);
}
