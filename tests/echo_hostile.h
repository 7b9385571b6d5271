/* SPDX-License-Identifier: BSD-2-Clause */
/* Echoes that strangers change on the way. */
#ifndef MPCONN_TESTS_ECHO_HOSTILE_H
#define MPCONN_TESTS_ECHO_HOSTILE_H

#include "echo_support.h"

enum { HOSTILE_ORIGIN_AT = ECHO_SEALED_AT + 2 };

/* A reply as a server gives it to a request about a SYN. */
static inline raw hostile_reply(unsigned family, const mpconn_echo *e)
{
    mpconn_echo_key key = echo_key(0);
    raw packet, r;
    size_t len;

    raw_tcp(&packet, family, 2, NULL, 0, 0);
    if (mpconn_echo_encapsulate(r.bytes, sizeof r.bytes, &len, e, &key, packet.bytes,
                                packet.len) != MPCONN_OK)
        abort();
    r.len = (uint32_t)len;
    r.l4 = family == MPCONN_FAMILY_IPV4 ? 20 : 40;
    echo_turn(&r);
    return r;
}

/* What a member with the right key, in the right epoch, makes of it. Anything but MPCONN_OK has
 * changed nothing. */
static inline int hostile_take(mpconn_echo *got, const raw *r)
{
    mpconn_echo_key key = echo_key(0);
    const uint8_t *inner = NULL;
    size_t len = 0;
    uint8_t *bytes = malloc(r->len > 0 ? r->len : 1); /* not a byte more: a sanitizer sees it */
    int rc;

    if (bytes == NULL)
        abort();
    memcpy(bytes, r->bytes, r->len);
    *got = (mpconn_echo){.struct_size = sizeof *got, .epoch = 0x21222324};
    rc = mpconn_echo_unencapsulate(got, &inner, &len, &key, bytes, r->len);
    if (rc != MPCONN_OK && (memcmp(bytes, r->bytes, r->len) != 0 || inner != NULL || len != 0 ||
                            got->kind != 0 || got->origin != 0))
        abort();
    free(bytes);
    return rc;
}

/* Who is on the way knows where a field stands and what changing a hidden bit does. */
static inline int hostile_changed(mpconn_echo *got)
{
    mpconn_echo e = echo_of(MPCONN_ECHO_ANSWER);
    raw r = hostile_reply(MPCONN_FAMILY_IPV4, &e);
    uint8_t *origin = echo_payload(&r) + HOSTILE_ORIGIN_AT;

    poke16(origin, peek16(origin) ^ 0x0203);
    raw_seal(&r);
    return hostile_take(got, &r);
}

#endif
