/* SPDX-License-Identifier: BSD-2-Clause */
/* Merging what two observers know (principle 3).
 *
 * 1. Of two incarnations the one with the higher (generation, client_isn) stays, whole. Numbers
 *    are compared as plain ones: serial arithmetic (RFC 1982) is not transitive, so a merge that
 *    used it would depend on the order of its facts. A generation that only a server's answer can
 *    open does the ordering; the sequence number merely breaks ties.
 * 2. Of one incarnation each write-once group (sequence offsets, timestamp offsets, options,
 *    addresses) is taken from whoever knows it. Known to both and different, the smaller value
 *    stays, compared number by number and not as memory, so that byte orders agree.
 * 3. CLOSED once is CLOSED for ever.
 *
 * What nobody knows is zero in the result, so that equal knowledge is equal memory. */
#include <mpconn/delta.h>
#include <mpconn/error.h>

#define OPTION_FLAGS ((unsigned)~(MPCONN_DELTA_F_TUPLE | MPCONN_DELTA_F_CLOSED) & 0xffu)

static int compare_numbers(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

static uint64_t incarnation_of(const mpconn_delta *d)
{
    return (uint64_t)d->generation << 32 | d->client_isn;
}

static uint64_t pair_of(const uint32_t values[2])
{
    return (uint64_t)values[0] << 32 | values[1];
}

static uint64_t options_of(const mpconn_delta *d)
{
    return (uint64_t)d->wscale_in[0] << 32 | (uint64_t)d->wscale_in[1] << 24 |
           (uint64_t)d->wscale_out[0] << 16 | (uint64_t)d->wscale_out[1] << 8 |
           (d->flags & OPTION_FLAGS);
}

static uint64_t ports_of(const mpconn_tuple *t)
{
    return (uint64_t)t->client_port << 48 | (uint64_t)t->server_port << 32 |
           (uint64_t)t->zone << 16 | (uint64_t)t->family << 8 | t->reserved;
}

static int compare_tuples(const mpconn_tuple *a, const mpconn_tuple *b)
{
    int order = memcmp(&a->client, &b->client, sizeof a->client);

    if (order == 0)
        order = memcmp(&a->server, &b->server, sizeof a->server);
    return order != 0 ? order : compare_numbers(ports_of(a), ports_of(b));
}

static int compare_addresses(const mpconn_delta *a, const mpconn_delta *b)
{
    int order = (a->flags & MPCONN_DELTA_F_TUPLE) - (b->flags & MPCONN_DELTA_F_TUPLE);

    if (order == 0)
        order = compare_tuples(&a->tuple[0], &b->tuple[0]);
    return order != 0 ? order : compare_tuples(&a->tuple[1], &b->tuple[1]);
}

/* Order of two values of a group. */
static int compare_groups(const mpconn_delta *a, const mpconn_delta *b, unsigned group)
{
    switch (group) {
    case MPCONN_DELTA_K_SEQ:
        return compare_numbers(pair_of(a->seq), pair_of(b->seq));
    case MPCONN_DELTA_K_TS:
        return compare_numbers(pair_of(a->ts), pair_of(b->ts));
    case MPCONN_DELTA_K_OPTIONS:
        return compare_numbers(options_of(a), options_of(b));
    default:
        return compare_addresses(a, b);
    }
}

static void copy_flags(mpconn_delta *to, const mpconn_delta *from, unsigned mask)
{
    to->flags = (uint8_t)((to->flags & ~mask) | (from->flags & mask));
}

static void copy_group(mpconn_delta *to, const mpconn_delta *from, unsigned group)
{
    switch (group) {
    case MPCONN_DELTA_K_SEQ:
        memcpy(to->seq, from->seq, sizeof to->seq);
        break;
    case MPCONN_DELTA_K_TS:
        memcpy(to->ts, from->ts, sizeof to->ts);
        break;
    case MPCONN_DELTA_K_OPTIONS:
        memcpy(to->wscale_in, from->wscale_in, sizeof to->wscale_in);
        memcpy(to->wscale_out, from->wscale_out, sizeof to->wscale_out);
        copy_flags(to, from, OPTION_FLAGS);
        break;
    default:
        copy_flags(to, from, MPCONN_DELTA_F_TUPLE);
        if ((from->flags & MPCONN_DELTA_F_TUPLE) != 0)
            memcpy(to->tuple, from->tuple, sizeof to->tuple);
        else
            memset(to->tuple, 0, sizeof to->tuple);
        break;
    }
    to->known |= (uint8_t)group;
}

/* The same knowledge with zero for what is not known. */
static mpconn_delta canonical(const mpconn_delta *d)
{
    mpconn_delta out;

    memset(&out, 0, sizeof out);
    out.client_isn = d->client_isn;
    out.generation = d->generation;
    out.flags = d->flags & MPCONN_DELTA_F_CLOSED;
    for (unsigned group = 1; group <= MPCONN_DELTA_K_TUPLE; group <<= 1)
        if ((d->known & group) != 0)
            copy_group(&out, d, group);
    return out;
}

int mpconn_delta_merge(mpconn_delta *into, const mpconn_delta *from)
{
    int order, status = MPCONN_OK;
    mpconn_delta a, b;

    if (into == NULL || from == NULL)
        return MPCONN_ERR_INVAL;
    a = canonical(into);
    b = canonical(from);
    order = compare_numbers(incarnation_of(&a), incarnation_of(&b));
    if (order != 0) {
        *into = order > 0 ? a : b;
        return MPCONN_OK;
    }
    for (unsigned group = 1; group <= MPCONN_DELTA_K_TUPLE; group <<= 1) {
        if ((b.known & group) == 0)
            continue;
        order = (a.known & group) != 0 ? compare_groups(&a, &b, group) : 1;
        if ((a.known & group) != 0 && order != 0)
            status = MPCONN_ERR_CONFLICT;
        if (order > 0)
            copy_group(&a, &b, group);
    }
    a.flags |= b.flags & MPCONN_DELTA_F_CLOSED;
    *into = a;
    return status;
}
