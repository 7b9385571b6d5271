/* SPDX-License-Identifier: BSD-2-Clause */
#include "split/second_line.h"

#include "split/share.h"

/* NULL where there is none. */
static mpci_settled_more *second_line(const mpci_split *sp, uint32_t slot)
{
    return slot & MPCI_SLOT_WIDE ? mpci_settled_more_at(&sp->core->settled, slot) : NULL;
}

/* Has the client timestamps, and the server none? */
static int needs_stamps(uint16_t hs, uint8_t server_options)
{
    mpconn_delta d = {0};

    mpci_offers_delta(&d, hs, server_options);
    return (d.flags & MPCONN_DELTA_F_STRIP_TS_TO_SERVER) != 0;
}

/* The same of timestamps or SACK. */
static int needs_options(uint16_t hs, uint8_t server_options)
{
    const unsigned any = MPCONN_DELTA_F_STRIP_TS_TO_SERVER | MPCONN_DELTA_F_STRIP_SACK_TO_SERVER;
    mpconn_delta d = {0};

    mpci_offers_delta(&d, hs, server_options);
    return (d.flags & any) != 0;
}

/* The MSS of a server that takes less than its clients are told here; else 0. */
static uint16_t limit_of(const mpci_split *sp, const mpci_handshake *h)
{
    uint16_t told = sp->profile.mss[h->tuple.family == MPCONN_FAMILY_IPV6];

    return h->server_mss < told ? h->server_mss : 0;
}

static enum mpci_lines lines_for(int is_bound, int has_use)
{
    if (is_bound)
        return MPCI_LINES_TWO;
    return has_use ? MPCI_LINES_TWO_IF_FREE : MPCI_LINES_ONE;
}

enum mpci_lines mpci_second_line_of_handshake(const mpci_split *sp, const mpci_handshake *h)
{
    return lines_for(h->binding != 0,
                     limit_of(sp, h) != 0 || needs_options(h->hs, h->server_options));
}

enum mpci_lines mpci_second_line_of_record(const mpci_record *r)
{
    return lines_for(r->server_leg.family != MPCONN_FAMILY_NONE,
                     (r->flags & MPCI_FLOW_SPLIT) != 0 &&
                         (r->server_mss != 0 || needs_options(r->hs, r->server_options)));
}

/* The server's answer came where its segments will. */
void mpci_second_line_begin(const mpci_split *sp, const mpci_handshake *h, uint32_t slot)
{
    mpci_settled_more *more = second_line(sp, slot);
    mpci_core *core = sp->core;

    if (more == NULL)
        return;
    more->binding = mpci_binding_take(&core->bindings, h->binding);
    more->server_mss = limit_of(sp, h);
    more->stamp = mpci_stamp_begin(core->now, h->proxy_ts, h->client_ts, h->client_isn + 1);
    more->stamped_elsewhere = (h->roles & MPCI_ROLE_ANSWERED) == 0;
}

/* Once an error has told of it: that another path takes more does no harm. */
static void note_path(mpci_settled_more *more, const mpci_record *r)
{
    if (r->flags & MPCI_FLOW_LEAST_PATH)
        more->least_path = 1;
}

/* No reading of the client is known here before its next segment. */
void mpci_second_line_copy(const mpci_split *sp, uint32_t slot, const mpci_step *st)
{
    mpci_settled_more *more = second_line(sp, slot);
    const mpci_record *r = st->record;

    if (more == NULL)
        return;
    more->binding = mpci_binding_take(&sp->core->bindings, st->binding);
    more->server_mss = r->server_mss;
    more->stamp = mpci_stamp_begin(sp->core->now, r->stamp, 0, r->end[MPCONN_SIDE_CLIENT]);
    more->stamped_elsewhere = 1;
    note_path(more, r);
}

void mpci_second_line_correct(const mpci_split *sp, uint32_t slot, const mpci_record *r)
{
    mpci_settled_more *more = second_line(sp, slot);

    if (more != NULL)
        more->server_mss = r->server_mss;
}

int mpci_second_line_rebind(mpci_split *sp, uint32_t slot, mpci_binding_number n)
{
    mpci_settled_more *more = second_line(sp, slot);
    mpci_binding_number before;

    if (more == NULL)
        return n == 0;
    before = more->binding;
    more->binding = mpci_binding_take(&sp->core->bindings, n);
    mpci_core_unbind(sp->core, before);
    return 1;
}

/* Clocks merge by the later reading. */
void mpci_second_line_merge(const mpci_split *sp, uint32_t slot, const mpci_record *r)
{
    mpci_settled_more *more = second_line(sp, slot);

    if (more == NULL)
        return;
    if (r->stamp != 0 && mpci_stamp_raise(&more->stamp, sp->core->now, r->stamp))
        more->stamped_elsewhere = 1;
    note_path(more, r);
}

void mpci_second_line_note_path(mpci_split *sp, uint32_t slot)
{
    mpci_settled_more *more = second_line(sp, slot);

    if (more == NULL || more->least_path)
        return;
    more->least_path = 1;
    if (mpci_settled_flags(mpci_settled_at(&sp->core->settled, slot)) & MPCI_SETTLED_SHARED)
        mpci_share_flow(sp, slot, MPCONN_MEMBER_ALL);
}

void mpci_second_line_tell(const mpci_split *sp, uint32_t slot, mpci_record *r)
{
    const mpci_settled_more *more = second_line(sp, slot);

    if (more == NULL || (r->flags & MPCI_FLOW_SPLIT) == 0)
        return;
    r->server_mss = more->server_mss;
    if (more->least_path)
        r->flags |= MPCI_FLOW_LEAST_PATH;
    if (needs_stamps(r->hs, r->server_options))
        r->stamp = mpci_stamp_value(&more->stamp, sp->core->now);
}
