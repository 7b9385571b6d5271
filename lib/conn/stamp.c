/* SPDX-License-Identifier: BSD-2-Clause */
#include "conn/stamp.h"

#include "base/byteorder.h"
#include "base/seq.h"
#include "packet/options.h"

#define CLOCK_TICK UINT64_C(1000000) /* 1 ms: RFC 7323 5.4 wants 1 ms to 1 s */

static uint32_t clock_of(mpconn_time now)
{
    return (uint32_t)(now / CLOCK_TICK);
}

mpci_stamp mpci_stamp_begin(mpconn_time now, uint32_t tsval, uint32_t client_ts,
                            uint32_t client_next)
{
    return (mpci_stamp){
        .base = tsval - clock_of(now),
        .ts_recent = client_ts,
        .last_ack = client_next,
        .client_end = client_next,
    };
}

uint32_t mpci_stamp_value(const mpci_stamp *s, mpconn_time now)
{
    return s->base + clock_of(now);
}

int mpci_stamp_raise(mpci_stamp *s, mpconn_time now, uint32_t tsval)
{
    int behind = mpci_seq_lt(mpci_stamp_value(s, now), tsval);

    if (behind)
        s->base = tsval - clock_of(now);
    return behind;
}

void mpci_stamp_note(mpci_stamp *s, const mpci_view *v)
{
    s->client_end = mpci_seq_max(s->client_end, v->seq + mpci_view_seq_len(v));
    if (v->ts_offset != 0 && mpci_seq_leq(v->seq, s->last_ack) &&
        (s->ts_recent == 0 || mpci_seq_leq(s->ts_recent, v->tsval)))
        s->ts_recent = v->tsval;
}

uint32_t mpci_stamp_echo(mpci_stamp *s, const mpci_view *v)
{
    if ((v->flags & MPCI_TCP_ACK) == 0)
        return 0;
    s->last_ack = mpci_seq_max(s->last_ack, v->ack);
    return mpci_seq_leq(v->ack, s->client_end) ? s->ts_recent : 0;
}

void mpci_stamp_write(uint8_t option[MPCI_STAMP_LEN], uint32_t tsval, uint32_t tsecr)
{
    option[0] = option[1] = MPCI_OPT_NOP;
    option[2] = MPCI_OPT_TIMESTAMPS;
    option[3] = MPCI_OPT_LEN_TIMESTAMPS;
    mpci_store32(option + 4, tsval);
    mpci_store32(option + 8, tsecr);
}
