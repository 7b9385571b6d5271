/* SPDX-License-Identifier: BSD-2-Clause */
/* The other members as the host sees them. */
#include "base/abi.h"
#include "engine/engine.h"

enum { MEMBER_V1 = sizeof(mpconn_member) };

int mpconn_engine_sync_input(mpconn_engine *eng, uint8_t *frame, size_t len, uint32_t *reason,
                             mpconn_time now)
{
    unsigned fate;
    int rc;

    if (eng == NULL || (frame == NULL && len > 0))
        return MPCONN_ERR_INVAL;
    rc = mpci_engine_enter(eng, now);
    if (rc != MPCONN_OK)
        return rc;
    fate = mpci_sync_receive(&eng->sync, frame, len);
    if (reason != NULL)
        *reason = fate;
    mpci_engine_leave(eng);
    mpci_echo_note_progress(&eng->echo);
    return MPCONN_OK;
}

uint64_t mpconn_engine_sync_count(const mpconn_engine *eng, unsigned reason)
{
    return eng != NULL && reason < MPCONN_SYNC_LIMIT ? eng->sync.counts[reason] : 0;
}

#define NAME_OF(number, name, text) [number] = #name,

const char *mpconn_sync_reason_name(unsigned reason)
{
    static const char *const names[MPCONN_SYNC_LIMIT] = {MPCONN_SYNC_MAP(NAME_OF)};

    return reason < MPCONN_SYNC_LIMIT ? names[reason] : NULL;
}

int mpconn_engine_member(const mpconn_engine *eng, uint32_t index, mpconn_member *out)
{
    const mpci_member *p;
    mpconn_member m;

    if (eng == NULL || out == NULL)
        return MPCONN_ERR_INVAL;
    if (index >= eng->sync.members.n)
        return MPCONN_ERR_NOTFOUND;
    p = &eng->sync.members.list[index];
    MPCONN_STRUCT_INIT(&m);
    m.id = p->id;
    m.up = p->up;
    m.boot = p->boot;
    m.silent_ns = eng->core.now - p->heard;
    return mpci_abi_export(out, &m, sizeof(m), MEMBER_V1);
}
