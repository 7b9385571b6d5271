/* SPDX-License-Identifier: BSD-2-Clause */
/* Ending flows by order of the host. */
#include "engine/engine.h"

#include "base/abi.h"
#include "split/kill.h"

enum { FILTER_V1 = sizeof(mpconn_flow_filter) };

static int prefix_fits(const uint8_t *a, const uint8_t *b, unsigned bits)
{
    unsigned bytes = bits / 8, rest = bits % 8;

    if (memcmp(a, b, bytes) != 0)
        return 0;
    return rest == 0 || ((a[bytes] ^ b[bytes]) & (0xff00u >> rest)) == 0;
}

static int fits(const mpconn_flow_filter *f, const mpconn_tuple *t)
{
    return (f->family == MPCONN_FAMILY_NONE || f->family == t->family) &&
           (f->client_port == 0 || f->client_port == t->client_port) &&
           (f->server_port == 0 || f->server_port == t->server_port) &&
           (!f->match_zone || f->zone == t->zone) &&
           prefix_fits(f->client.bytes, t->client.bytes, f->client_prefix) &&
           prefix_fits(f->server.bytes, t->server.bytes, f->server_prefix);
}

static int import_filter(mpconn_flow_filter *f, const mpconn_flow_filter *filter)
{
    int rc = mpci_abi_import(f, sizeof(*f), filter, FILTER_V1);
    unsigned bits;

    if (rc != MPCONN_OK)
        return rc;
    if (f->family != MPCONN_FAMILY_NONE && f->family != MPCONN_FAMILY_IPV4 &&
        f->family != MPCONN_FAMILY_IPV6)
        return MPCONN_ERR_INVAL;
    bits = f->family == MPCONN_FAMILY_IPV6 ? 128 : f->family == MPCONN_FAMILY_IPV4 ? 32 : 0;
    if (f->client_prefix > bits || f->server_prefix > bits ||
        f->reserved != 0 || (f->flags & ~MPCONN_KILL_F_SILENT) != 0)
        return MPCONN_ERR_INVAL;
    return MPCONN_OK;
}

static void kill_flow(mpconn_engine *eng, uint32_t slot, int silent)
{
    const mpci_settled *e = mpci_settled_at(&eng->core.settled, slot);
    int is_met = (mpci_settled_flags(e) & MPCI_SETTLED_RENDEZVOUS) != 0;
    unsigned told = MPCI_KILL_TELLS_BOTH;

    if (silent)
        told = MPCI_KILL_TELLS_NOBODY;
    else if (is_met)
        told = mpci_rendezvous_audience(&eng->rendezvous, slot);
    mpci_split_kill_flow(&eng->split, slot, told, silent);
    if (is_met)
        mpci_rendezvous_moved(&eng->rendezvous, slot);
}

static size_t kill_slot(mpconn_engine *eng, const mpconn_flow_filter *f, uint32_t slot)
{
    const mpci_settled_table *t = &eng->core.settled;
    mpconn_tuple tuple;

    if (slot == MPCI_SLOT_NONE ||
        (mpci_settled_flags(mpci_settled_at(t, slot)) & MPCI_SETTLED_KILLED) != 0)
        return 0;
    mpci_settled_tuple(t, slot, &tuple);
    if (!fits(f, &tuple))
        return 0;
    kill_flow(eng, slot, (f->flags & MPCONN_KILL_F_SILENT) != 0);
    return 1;
}

static size_t kill_settled(mpconn_engine *eng, const mpconn_flow_filter *f)
{
    const mpci_settled_table *t = &eng->core.settled;
    uint32_t lines = mpci_settled_lines(t);
    size_t n = 0;

    if (f->id != 0)
        return kill_slot(eng, f, mpci_settled_by_id(t, f->id));
    for (uint32_t line = 0; line < lines; line++)
        n += kill_slot(eng, f, mpci_settled_line(t, line));
    return n;
}

static size_t kill_handshakes(mpconn_engine *eng, const mpconn_flow_filter *f)
{
    mpci_handshake_table *t = &eng->core.handshakes;
    size_t n = 0;

    for (uint32_t slot = 0; slot < t->capacity; slot++) {
        mpci_handshake *h = mpci_handshake_at(t, slot);

        if (h == NULL || h->settled != MPCI_SLOT_NONE || !fits(f, &h->tuple))
            continue;
        mpci_split_kill(&eng->split, h, (f->flags & MPCONN_KILL_F_SILENT) != 0);
        n++;
    }
    return n;
}

int mpconn_engine_kill(mpconn_engine *eng, const mpconn_flow_filter *filter, size_t *killed,
                       mpconn_time now)
{
    mpconn_flow_filter f;
    size_t n;
    int rc;

    if (eng == NULL || filter == NULL)
        return MPCONN_ERR_INVAL;
    rc = import_filter(&f, filter);
    if (rc == MPCONN_OK)
        rc = mpci_engine_enter(eng, now);
    if (rc != MPCONN_OK)
        return rc;
    n = kill_settled(eng, &f);
    if (f.id == 0)
        n += kill_handshakes(eng, &f);
    mpci_engine_leave(eng);
    if (killed != NULL)
        *killed = n;
    return MPCONN_OK;
}
