/* SPDX-License-Identifier: BSD-2-Clause */
/* Records for tests: what lib/sync/record.def says, read a second time, and random ones. */
#ifndef MPCONN_TESTS_RECORD_SUPPORT_H
#define MPCONN_TESTS_RECORD_SUPPORT_H

#include <string.h>

#include "seed.h"
#include "sync/record.h"

typedef struct record_field {
    const char *name;
    size_t offset;
    unsigned width;
} record_field;

enum {
#define FIELD(name, member, width, meaning) RECORD_FIELD_##name,
    MPCI_RECORD_FIELDS(FIELD)
#undef FIELD
    RECORD_FIELD_COUNT
};

static const record_field record_fields[RECORD_FIELD_COUNT] = {
#define FIELD(name, member, width, meaning) {#name, offsetof(mpci_record, member), width},
    MPCI_RECORD_FIELDS(FIELD)
#undef FIELD
};

typedef struct record_type {
    unsigned number;
    const char *name;
    unsigned n_fields;
    unsigned fields[16];
} record_type;

#define F(name) RECORD_FIELD_##name
#define RECORD_UNWRAP(...) __VA_ARGS__
#define RECORD_LAYOUT(number, name, list, meaning) \
    {number, #name, sizeof((const unsigned[]){RECORD_UNWRAP list}) / sizeof(unsigned), \
     {RECORD_UNWRAP list}},
static const record_type record_types[] = {MPCI_RECORD_TYPES(RECORD_LAYOUT)};
#undef RECORD_LAYOUT
#undef F

#define RECORD_TYPES (sizeof(record_types) / sizeof(record_types[0]))

static inline uint32_t record_get(const mpci_record *r, unsigned field)
{
    const record_field *f = &record_fields[field];
    uint8_t n8;
    uint16_t n16 = 0;
    uint32_t n32 = 0;

    memcpy(&n8, (const uint8_t *)r + f->offset, sizeof n8);
    memcpy(&n16, (const uint8_t *)r + f->offset, f->width < 2 ? 0 : sizeof n16);
    memcpy(&n32, (const uint8_t *)r + f->offset, f->width < 4 ? 0 : sizeof n32);
    return f->width == 1 ? n8 : f->width == 2 ? n16 : n32;
}

static inline void record_set(mpci_record *r, unsigned field, uint32_t value)
{
    const record_field *f = &record_fields[field];
    uint8_t n8 = (uint8_t)value;
    uint16_t n16 = (uint16_t)value;

    memcpy((uint8_t *)r + f->offset,
           f->width == 1 ? (const void *)&n8 : f->width == 2 ? (const void *)&n16 : &value,
           f->width);
}

/* The greatest number a field holds. */
static inline uint32_t record_most(unsigned field)
{
    return UINT32_MAX >> (32 - 8 * record_fields[field].width);
}

static inline int record_same(const mpci_record *a, const mpci_record *b)
{
    for (unsigned i = 0; i < RECORD_FIELD_COUNT; i++)
        if (record_get(a, i) != record_get(b, i))
            return 0;
    return a->type == b->type && a->client_isn == b->client_isn &&
           memcmp(&a->tuple, &b->tuple, sizeof a->tuple) == 0 &&
           memcmp(&a->server_leg, &b->server_leg, sizeof a->server_leg) == 0;
}

/* One of a few connections, so that records find something to refer to. */
static inline mpconn_tuple record_random_tuple(seed_rng *rng)
{
    mpconn_tuple t;
    unsigned client = seed_below(rng, 3), server = seed_below(rng, 2);

    memset(&t, 0, sizeof t);
    t.client_port = (uint16_t)(seed_below(rng, 2) ? 40000 : 0xffff);
    t.server_port = (uint16_t)(1 + seed_below(rng, 2));
    t.zone = (uint16_t)(seed_below(rng, 4) ? 0 : 1 + seed_below(rng, 0xffff));
    if (seed_below(rng, 2)) {
        t.family = MPCONN_FAMILY_IPV4;
        memcpy(t.client.bytes, "\xc0\x00\x02\x0a", 4);
        memcpy(t.server.bytes, "\xc6\x33\x64\x14", 4);
        t.client.bytes[3] = (uint8_t)(t.client.bytes[3] + client);
        t.server.bytes[3] = (uint8_t)(t.server.bytes[3] + server);
    } else {
        t.family = MPCONN_FAMILY_IPV6;
        memcpy(t.client.bytes, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x0a", 16);
        memcpy(t.server.bytes, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x14", 16);
        t.client.bytes[15] = (uint8_t)(t.client.bytes[15] + client);
        t.server.bytes[15] = (uint8_t)(t.server.bytes[15] + server);
    }
    return t;
}

/* What the server leg of a record shows that can say so: nothing else, or one of a few. */
static inline mpconn_tuple record_random_leg(seed_rng *rng, const mpci_record *r)
{
    mpconn_tuple leg = record_random_tuple(rng);

    leg.zone = r->tuple.zone;
    if (!mpci_record_has_leg(r->type) || seed_below(rng, 2) ||
        memcmp(&leg, &r->tuple, sizeof leg) == 0)
        memset(&leg, 0, sizeof leg);
    return leg;
}

/* Fields are absent, greatest or anything, one time in three each. */
static inline mpci_record record_random(seed_rng *rng)
{
    const record_type *t = &record_types[seed_below(rng, RECORD_TYPES)];
    mpci_record r;

    memset(&r, 0, sizeof r);
    r.type = (uint8_t)t->number;
    r.tuple = record_random_tuple(rng);
    r.client_isn = seed_below(rng, 4) ? 7 : seed_u32(rng);
    for (unsigned i = 0; i < t->n_fields; i++) {
        unsigned field = t->fields[i];

        if (seed_below(rng, 3) != 0)
            record_set(&r, field, seed_below(rng, 2) ? record_most(field) : seed_u32(rng));
    }
    r.server_leg = record_random_leg(rng, &r);
    return r;
}

#endif
