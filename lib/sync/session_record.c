/* SPDX-License-Identifier: BSD-2-Clause */
#include "sync/session_record.h"

#include "packet/endpoints.h"
#include "packet/ip.h"
#include "sync/record.h"

enum field {
#define FIELD(name, member, width, meaning) F_##name,
    MPCI_SESSION_FIELDS(FIELD)
#undef FIELD
};

typedef struct field_place {
    uint16_t offset;
    uint8_t width;
} field_place;

static const field_place places[] = {
#define FIELD(name, member, width, meaning) {offsetof(mpci_session_record, member), width},
    MPCI_SESSION_FIELDS(FIELD)
#undef FIELD
};

enum { MAX_FIELDS = 25, FIRST = MPCI_RECORD_SESSION };

typedef struct type_layout {
    uint8_t n_fields;
    uint8_t fields[MAX_FIELDS];
} type_layout;

#define F(name) F_##name
#define UNWRAP(...) __VA_ARGS__
#define COUNT(...) sizeof((const uint8_t[]){__VA_ARGS__})
#define LAYOUT(number, name, list, meaning) [number - FIRST] = {COUNT(UNWRAP list), {UNWRAP list}},
static const type_layout layouts[] = {MPCI_SESSION_TYPES(LAYOUT)};
#undef LAYOUT

static size_t width_of(const mpci_session_record *s, unsigned field)
{
    unsigned width = places[field].width;

    if (width != MPCI_ADDR_0 && width != MPCI_ADDR_1)
        return width;
    return mpci_ip_addr_len(mpci_session_record_family(s, width - MPCI_ADDR_0));
}

static int is_address(unsigned field)
{
    return places[field].width >= MPCI_ADDR_0;
}

/* In memory a number has its own width in the host's order, and an address all its bytes. */
static size_t size_of(unsigned field)
{
    return is_address(field) ? sizeof(mpconn_addr) : places[field].width;
}

static uint8_t *place_of(mpci_session_record *s, unsigned field)
{
    return (uint8_t *)s + places[field].offset;
}

static int is_zero(const uint8_t *bytes, size_t n)
{
    while (n > 0 && bytes[n - 1] == 0)
        n--;
    return n == 0;
}

static void write_field(mpci_writer *w, const mpci_session_record *s, unsigned field)
{
    const uint8_t *at = (const uint8_t *)s + places[field].offset;
    uint16_t half;
    uint32_t word;

    if (is_address(field) || places[field].width == 1) {
        mpci_write_bytes(w, at, width_of(s, field));
    } else if (places[field].width == sizeof half) {
        memcpy(&half, at, sizeof half);
        mpci_write_number(w, half, sizeof half);
    } else {
        memcpy(&word, at, sizeof word);
        mpci_write_number(w, word, sizeof word);
    }
}

static void read_field(mpci_reader *b, mpci_session_record *s, unsigned field)
{
    uint8_t *at = place_of(s, field);
    const uint8_t *bytes = mpci_read_bytes(b, width_of(s, field));
    uint16_t half;
    uint32_t word;

    if (bytes == NULL)
        return;
    if (is_address(field) || places[field].width == 1) {
        memcpy(at, bytes, width_of(s, field));
    } else if (places[field].width == sizeof half) {
        half = mpci_load16(bytes);
        memcpy(at, &half, sizeof half);
    } else {
        word = mpci_load32(bytes);
        memcpy(at, &word, sizeof word);
    }
}

static unsigned mask_len(const type_layout *l)
{
    return (l->n_fields + 7u) / 8;
}

void mpci_session_record_write(mpci_writer *w, unsigned type, const mpci_session_record *s)
{
    const type_layout *l = &layouts[type - FIRST];
    size_t name_len = 0;
    unsigned mask = 0;

    while (name_len < MPCONN_SESSION_NAME_MAX && s->name[name_len] != '\0')
        name_len++;
    mpci_write_number(w, name_len, 1);
    mpci_write_bytes(w, (const uint8_t *)s->name, name_len);
    for (unsigned i = 0; i < l->n_fields; i++)
        if (!is_zero((const uint8_t *)s + places[l->fields[i]].offset, size_of(l->fields[i])))
            mask |= 1u << i;
    mpci_write_number(w, mask, mask_len(l));
    for (unsigned i = 0; i < l->n_fields; i++)
        if (mask & 1u << i)
            write_field(w, s, l->fields[i]);
}

static int read_name(mpci_reader *b, unsigned type, mpci_session_record *s)
{
    size_t len = (size_t)mpci_read_number(b, 1);
    const uint8_t *bytes = mpci_read_bytes(b, len);

    if (bytes == NULL || (len == 0) != (type == MPCI_RECORD_SESSION_SUMS) ||
        len > MPCONN_SESSION_NAME_MAX)
        return 0;
    for (size_t i = 0; i < len; i++)
        if (bytes[i] == 0)
            return 0;
    memcpy(s->name, bytes, len);
    return 1;
}

static int read_fields(mpci_reader *b, const type_layout *l, mpci_session_record *s)
{
    unsigned mask = (unsigned)mpci_read_number(b, mask_len(l));

    if ((uint64_t)mask >> l->n_fields != 0)
        return 0;
    for (unsigned i = 0; i < l->n_fields; i++) {
        unsigned field = l->fields[i];

        if (!(mask & 1u << i))
            continue;
        read_field(b, s, field);
        if (is_zero(place_of(s, field), size_of(field))) /* also when it is not there */
            return 0;
    }
    return !b->failed;
}

/* An address and a port that a segment can have (E25); whether it comes from itself only who knows
 * both ends can say. */
static int is_endpoint(unsigned family, const mpconn_addr *a, unsigned port)
{
    return mpci_endpoints_check(family, a->bytes, port, a->bytes, port == 1 ? 2 : 1) == 0;
}

static int is_configuration(const mpci_session_record *s)
{
    for (unsigned side = 0; side < 2; side++) {
        unsigned family = mpci_session_record_family(s, side);

        if (!is_endpoint(family, &s->local[side], s->local_port[side]) ||
            s->prefix[side] > 8 * mpci_ip_addr_len(family))
            return 0;
    }
    return s->version != 0;
}

/* Does it say nothing of a side? But an answer bears its caller's number, and timestamp. */
static int is_silent(const mpci_session_record *s, unsigned side)
{
    int may_be_answered = s->why != 0;

    return (s->families & 1u << side) == 0 && s->port[side] == 0 &&
           (may_be_answered || (s->isn[side] == 0 && s->tsval[side] == 0)) &&
           s->window[side] == 0 && s->mss[side] == 0 && s->wscale[side] == 0 &&
           s->options[side] == 0 && s->tries[side] == 0 && s->age_ms[side] == 0 &&
           s->gap_ms[side] == 0 && is_zero(s->remote[side].bytes, sizeof s->remote[side]);
}

static int is_caller(const mpci_session_record *s, unsigned side)
{
    return is_endpoint(mpci_session_record_family(s, side), &s->remote[side], s->port[side]) &&
           s->wscale[side] <= MPCONN_WSCALE_NONE;
}

static int is_well_formed(unsigned type, const mpci_session_record *s)
{
    if (s->families > 3 || s->confirmed > 3)
        return 0;
    switch (type) {
    case MPCI_RECORD_SESSION:
        return is_configuration(s);
    case MPCI_RECORD_REQUEST:
        return (is_caller(s, 0) && is_silent(s, 1)) || (is_silent(s, 0) && is_caller(s, 1));
    case MPCI_RECORD_PAIR:
        return is_caller(s, 0) && is_caller(s, 1) && s->generation != 0;
    case MPCI_RECORD_SESSION_SUMS:
        return s->level <= 2 && s->place >> 4 * s->level == 0;
    default:
        return (s->version == 0) != (s->generation == 0);
    }
}

int mpci_session_record_read(mpci_reader *b, unsigned type, mpci_session_record *s)
{
    return read_name(b, type, s) && read_fields(b, &layouts[type - FIRST], s) &&
           is_well_formed(type, s);
}
