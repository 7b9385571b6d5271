/* SPDX-License-Identifier: BSD-2-Clause */
/* Records about sessions for tests: what lib/sync/session_record.def says, read a second time,
 * those of the vectors, and random ones. */
#ifndef MPCONN_TESTS_SESSION_RECORD_SUPPORT_H
#define MPCONN_TESTS_SESSION_RECORD_SUPPORT_H

#include <string.h>

#include "seed.h"
#include "sync/record.h"

typedef struct session_field {
    const char *name;
    size_t offset;
    unsigned width;            /* or MPCI_ADDR_0, MPCI_ADDR_1 */
} session_field;

enum {
#define FIELD(name, member, width, meaning) SESSION_FIELD_##name,
    MPCI_SESSION_FIELDS(FIELD)
#undef FIELD
    SESSION_FIELD_COUNT
};

static const session_field session_fields[SESSION_FIELD_COUNT] = {
#define FIELD(name, member, width, meaning) \
    {#name, offsetof(mpci_session_record, member), width},
    MPCI_SESSION_FIELDS(FIELD)
#undef FIELD
};

typedef struct session_type {
    unsigned number;
    const char *name;
    unsigned n_fields;
    unsigned fields[32];
} session_type;

#define F(name) SESSION_FIELD_##name
#define SESSION_UNWRAP(...) __VA_ARGS__
#define SESSION_LAYOUT(number, name, list, meaning) \
    {number, #name, sizeof((const unsigned[]){SESSION_UNWRAP list}) / sizeof(unsigned), \
     {SESSION_UNWRAP list}},
static const session_type session_types[] = {MPCI_SESSION_TYPES(SESSION_LAYOUT)};
#undef SESSION_LAYOUT
#undef F

enum { SESSION_TYPES = sizeof(session_types) / sizeof(session_types[0]) };

static inline int session_is_address(unsigned field)
{
    return session_fields[field].width >= MPCI_ADDR_0;
}

static inline uint32_t session_get(const mpci_session_record *s, unsigned field)
{
    const uint8_t *at = (const uint8_t *)s + session_fields[field].offset;
    uint16_t n16;
    uint32_t n32;

    if (session_fields[field].width == 1)
        return *at;
    if (session_fields[field].width == 2) {
        memcpy(&n16, at, sizeof n16);
        return n16;
    }
    memcpy(&n32, at, sizeof n32);
    return n32;
}

static inline void session_set(mpci_session_record *s, unsigned field, uint32_t value)
{
    uint8_t *at = (uint8_t *)s + session_fields[field].offset;
    uint8_t n8 = (uint8_t)value;
    uint16_t n16 = (uint16_t)value;
    unsigned width = session_fields[field].width;

    memcpy(at, width == 1 ? (const void *)&n8 : width == 2 ? (const void *)&n16 : &value, width);
}

/* 192.0.2.n or 2001:db8::n, as the families of the record say. */
static inline void session_set_address(mpci_session_record *s, unsigned field, unsigned n)
{
    uint8_t *at = (uint8_t *)s + session_fields[field].offset;
    unsigned side = session_fields[field].width - MPCI_ADDR_0;
    int ipv6 = mpci_session_record_family(s, side) == MPCONN_FAMILY_IPV6;

    memset(at, 0, sizeof(mpconn_addr));
    memcpy(at, ipv6 ? "\x20\x01\x0d\xb8" : "\xc0\0\x02", 4);
    at[ipv6 ? 15 : 3] = (uint8_t)n;
}

/* What some fields can hold, and no more; not 0. */
static inline uint32_t session_bound(const mpci_session_record *s, unsigned field, uint32_t value)
{
    switch (field) {
    case SESSION_FIELD_PREFIX_0:
    case SESSION_FIELD_PREFIX_1:
        return 1 + value % (s->families & 1u << (field - SESSION_FIELD_PREFIX_0) ? 128 : 32);
    case SESSION_FIELD_SCALE_0:
    case SESSION_FIELD_SCALE_1:
        return 1 + value % 15;
    case SESSION_FIELD_CONFIRMED:
        return 1 + value % 3;
    case SESSION_FIELD_LEVEL:
        return 1 + value % 2;
    case SESSION_FIELD_PLACE:
        return 1 + value % 15;
    default:
        return value;
    }
}

/* Of a REQUEST the fields of one side are told. */
static inline int session_is_of_other_side(const session_type *t, unsigned field, unsigned side)
{
    const char *name = session_fields[field].name;

    return t->number == MPCI_RECORD_REQUEST && field != SESSION_FIELD_FAMILIES &&
           name[strlen(name) - 1] == (side == 0 ? '1' : '0');
}

enum { SESSION_VECTOR_RECORDS = 7 };

/* The k-th record of the vector: fields count 01020304 times their place, from 1, as far as they
 * can; the addresses of side 1 are of IPv6. */
static inline mpci_record session_vector_record(unsigned k)
{
    static const unsigned types[SESSION_VECTOR_RECORDS] = {0, 1, 1, 2, 3, 3, 4};
    const session_type *t = &session_types[types[k]];
    unsigned side = k - 1;
    mpci_record r;
    mpci_session_record *s = &r.session;

    memset(&r, 0, sizeof r);
    r.type = (uint8_t)t->number;
    if (t->number != MPCI_RECORD_SESSION_SUMS)
        memset(s->name, 'a' + (int)k, k == 0 ? MPCONN_SESSION_NAME_MAX : k);
    s->families = t->number >= MPCI_RECORD_SESSION_END || (k > 0 && k < 2) ? 0 : 2;
    for (unsigned i = 0; i < t->n_fields; i++) {
        unsigned field = t->fields[i];

        if (field == SESSION_FIELD_FAMILIES || session_is_of_other_side(t, field, side))
            continue;
        if (session_is_address(field))
            session_set_address(s, field, i + 1);
        else
            session_set(s, field, session_bound(s, field, 0x01020304 * (i + 1)));
    }
    if (k == 4)
        s->generation = 0;
    if (k == 5)
        s->version = 0;
    return r;
}

static inline mpci_record session_sums_random(seed_rng *rng)
{
    mpci_record r;

    memset(&r, 0, sizeof r);
    r.type = MPCI_RECORD_SESSION_SUMS;
    r.session.level = (uint8_t)seed_below(rng, 3);
    r.session.place = (uint16_t)seed_below(rng, 1u << 4 * r.session.level);
    for (unsigned i = 0; i < 16; i++)
        r.session.sums[i] = seed_below(rng, 3) == 0 ? 0 : seed_u32(rng);
    return r;
}

/* One that is well formed. */
static inline mpci_record session_record_random(seed_rng *rng)
{
    const session_type *t = &session_types[seed_below(rng, SESSION_TYPES)];
    unsigned side = seed_below(rng, 2), end = seed_below(rng, 2);
    mpci_record r;
    mpci_session_record *s = &r.session;

    if (t->number == MPCI_RECORD_SESSION_SUMS)
        return session_sums_random(rng);
    memset(&r, 0, sizeof r);
    r.type = (uint8_t)t->number;
    for (unsigned i = 1 + seed_below(rng, MPCONN_SESSION_NAME_MAX); i-- > 0;)
        s->name[i] = (char)(1 + seed_below(rng, 255));
    if (t->number == MPCI_RECORD_SESSION_END) {
        s->version = (uint16_t)(end ? 1 + seed_below(rng, 0xffff) : 0);
        s->generation = end ? 0 : 1 + seed_below(rng, 0x7fffffff);
        s->why = (uint16_t)seed_below(rng, 200);
        return r;
    }
    s->families = (uint8_t)seed_below(rng, 4);
    if (t->number == MPCI_RECORD_REQUEST)
        s->families &= (uint8_t)(1u << side);
    for (unsigned i = 1; i < t->n_fields; i++) {
        unsigned field = t->fields[i], width = session_fields[field].width;
        int needed = width >= MPCI_ADDR_0 || field == SESSION_FIELD_LOCAL_PORT_0 ||
                     field == SESSION_FIELD_LOCAL_PORT_1 || field == SESSION_FIELD_PORT_0 ||
                     field == SESSION_FIELD_PORT_1 || field == SESSION_FIELD_VERSION ||
                     field == SESSION_FIELD_PAIR_GENERATION;

        if (session_is_of_other_side(t, field, side) || (!needed && seed_below(rng, 3) == 0))
            continue;
        if (session_is_address(field))
            session_set_address(s, field, 1 + seed_below(rng, 250));
        else
            session_set(s, field, needed ? 1 + seed_below(rng, 0xffff)
                                         : session_bound(s, field, seed_u32(rng)));
    }
    if (t->number == MPCI_RECORD_REQUEST && s->why != 0 && seed_below(rng, 2)) { /* an answer */
        s->isn[side ^ 1] = seed_u32(rng);
        s->tsval[side ^ 1] = seed_u32(rng);
    }
    return r;
}

static inline int session_record_same(const mpci_record *a, const mpci_record *b)
{
    return a->type == b->type && memcmp(&a->session, &b->session, sizeof a->session) == 0;
}

#endif
