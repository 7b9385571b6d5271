/* SPDX-License-Identifier: BSD-2-Clause */
#include "sync/record.h"

#include "packet/endpoints.h"

enum field {
#define FIELD(name, member, width, meaning) F_##name,
    MPCI_RECORD_FIELDS(FIELD)
#undef FIELD
};

typedef struct field_place {
    uint8_t offset, width;
} field_place;

static const field_place places[] = {
#define FIELD(name, member, width, meaning) {offsetof(mpci_record, member), width},
    MPCI_RECORD_FIELDS(FIELD)
#undef FIELD
};

enum { MAX_FIELDS = 16, LEG_LEN_IPV4 = 12 };

typedef struct type_layout {
    const char *name;
    uint8_t n_fields;
    uint8_t fields[MAX_FIELDS];
} type_layout;

#define F(name) F_##name
#define UNWRAP(...) __VA_ARGS__
#define COUNT(...) sizeof((const uint8_t[]){__VA_ARGS__})
#define LAYOUT(number, type_name, list, meaning) \
    [number] = {#type_name, COUNT(UNWRAP list), {UNWRAP list}},
static const type_layout layouts[MPCI_RECORD_LIMIT] = {
    [MPCI_RECORD_HELLO] = {"HELLO", 0, {0}},
    MPCI_RECORD_TYPES(LAYOUT)
#undef LAYOUT
#define LAYOUT(number, type_name, list, meaning) [number] = {#type_name, 0, {0}},
    MPCI_SESSION_TYPES(LAYOUT) /* session_record.c has the fields of these */
#undef LAYOUT
};

enum reference {
    REF_IPV6 = 1 << 0,
    REF_ALL = 1 << 1,
    REF_SERVER = 1 << 2,
    REF_CLIENT = 1 << 3,
    REF_ZONE = 1 << 4,
    REF_UNKNOWN = 0xe0
};

const char *mpci_record_name(unsigned type)
{
    return type < MPCI_RECORD_LIMIT ? layouts[type].name : NULL;
}

static uint64_t field_load(const mpci_record *r, unsigned field)
{
    const uint8_t *at = (const uint8_t *)r + places[field].offset;
    uint16_t half;
    uint32_t word;

    if (places[field].width == 1)
        return *at;
    if (places[field].width == 2) {
        memcpy(&half, at, sizeof half);
        return half;
    }
    memcpy(&word, at, sizeof word);
    return word;
}

static void field_store(mpci_record *r, unsigned field, uint64_t value)
{
    uint8_t *at = (uint8_t *)r + places[field].offset;
    uint16_t half = (uint16_t)value;
    uint32_t word = (uint32_t)value;

    if (places[field].width == 1)
        *at = (uint8_t)value;
    else if (places[field].width == 2)
        memcpy(at, &half, sizeof half);
    else
        memcpy(at, &word, sizeof word);
}

static size_t addr_len(const mpconn_tuple *t)
{
    return t->family == MPCONN_FAMILY_IPV6 ? 16 : 4;
}

static int same_addr(const mpconn_addr *a, const mpconn_addr *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

static int same_server(const mpconn_tuple *a, const mpconn_tuple *b)
{
    return a->family == b->family && a->server_port == b->server_port &&
           same_addr(&a->server, &b->server);
}

static int same_client(const mpconn_tuple *a, const mpconn_tuple *b)
{
    return a->family == b->family && same_addr(&a->client, &b->client);
}

/* The one reference that fits; REF_ALL stands alone. */
static unsigned reference_of(const mpci_record_context *c, const mpconn_tuple *t, uint32_t isn)
{
    unsigned ref = t->family == MPCONN_FAMILY_IPV6 ? REF_IPV6 : 0;
    int server = same_server(&c->tuple, t), client = same_client(&c->tuple, t);

    if (server && client && c->tuple.client_port == t->client_port && c->tuple.zone == t->zone &&
        c->client_isn == isn)
        return ref | REF_ALL;
    return ref | (server ? REF_SERVER : 0) | (client ? REF_CLIENT : 0) |
           (t->zone != 0 ? REF_ZONE : 0);
}

static void write_name(mpci_writer *w, mpci_record_context *c, const mpci_record *r)
{
    const mpconn_tuple *t = &r->tuple;
    unsigned ref = reference_of(c, t, r->client_isn);

    mpci_write_number(w, ref, 1);
    if (ref & REF_ALL)
        return;
    if (ref & REF_ZONE)
        mpci_write_number(w, t->zone, 2);
    if (!(ref & REF_CLIENT))
        mpci_write_bytes(w, t->client.bytes, addr_len(t));
    mpci_write_number(w, t->client_port, 2);
    if (!(ref & REF_SERVER)) {
        mpci_write_bytes(w, t->server.bytes, addr_len(t));
        mpci_write_number(w, t->server_port, 2);
    }
    mpci_write_number(w, r->client_isn, 4);
}

static void write_fields(mpci_writer *w, const mpci_record *r)
{
    const type_layout *l = &layouts[r->type];
    unsigned mask = 0;

    for (unsigned i = 0; i < l->n_fields; i++)
        if (field_load(r, l->fields[i]) != 0)
            mask |= 1u << i;
    mpci_write_number(w, mask, l->n_fields > 8 ? 2 : 1);
    for (unsigned i = 0; i < l->n_fields; i++)
        if (mask & 1u << i)
            mpci_write_number(w, field_load(r, l->fields[i]), places[l->fields[i]].width);
}

static size_t leg_len(const mpconn_tuple *t)
{
    return 2 * addr_len(t) + 4;
}

/* The zone is that of the name. */
static void write_leg(mpci_writer *w, const mpconn_tuple *leg)
{
    if (leg->family == MPCONN_FAMILY_NONE)
        return;
    mpci_write_number(w, MPCI_EXTENSION_BINDING, 1);
    mpci_write_number(w, leg_len(leg), 1);
    mpci_write_bytes(w, leg->client.bytes, addr_len(leg));
    mpci_write_number(w, leg->client_port, 2);
    mpci_write_bytes(w, leg->server.bytes, addr_len(leg));
    mpci_write_number(w, leg->server_port, 2);
}

int mpci_record_encode(mpci_writer *w, mpci_record_context *c, const mpci_record *r)
{
    mpci_writer try = *w;
    uint8_t *head = mpci_write_room(&try, 2);
    int about_session = mpci_record_is_about_session(r->type);

    if (head == NULL)
        return 0;
    if (about_session) {
        mpci_session_record_write(&try, r->type, &r->session);
    } else {
        write_name(&try, c, r);
        write_fields(&try, r);
        write_leg(&try, &r->server_leg);
    }
    if (try.failed)
        return 0;
    head[0] = (uint8_t)(r->type | MPCI_RECORD_CRITICAL);
    head[1] = (uint8_t)(try.at - head - 2);
    *w = try;
    if (about_session) /* nothing refers to it */
        return 1;
    c->tuple = r->tuple;
    c->client_isn = r->client_isn;
    return 1;
}

static void read_addr(mpci_reader *b, mpconn_addr *a, size_t len)
{
    const uint8_t *p = mpci_read_bytes(b, len);

    if (p != NULL)
        memcpy(a->bytes, p, len);
}

/* 1 when the name is one that a segment can have (E25), well formed and in its shortest form. */
static int read_name(mpci_reader *b, const mpci_record_context *c, mpci_record *r)
{
    unsigned ref = (unsigned)mpci_read_number(b, 1);
    mpconn_tuple *t = &r->tuple;

    if ((ref & REF_UNKNOWN) != 0 ||
        ((ref & (REF_ALL | REF_SERVER | REF_CLIENT)) != 0 && c->tuple.family == MPCONN_FAMILY_NONE))
        return 0;
    t->family = ref & REF_IPV6 ? MPCONN_FAMILY_IPV6 : MPCONN_FAMILY_IPV4;
    if (ref & REF_ALL) {
        *t = c->tuple;
        r->client_isn = c->client_isn;
    } else {
        if (ref & REF_ZONE)
            t->zone = (uint16_t)mpci_read_number(b, 2);
        if (ref & REF_CLIENT)
            t->client = c->tuple.client;
        else
            read_addr(b, &t->client, addr_len(t));
        t->client_port = (uint16_t)mpci_read_number(b, 2);
        if (ref & REF_SERVER) {
            t->server = c->tuple.server;
            t->server_port = c->tuple.server_port;
        } else {
            read_addr(b, &t->server, addr_len(t));
            t->server_port = (uint16_t)mpci_read_number(b, 2);
        }
        r->client_isn = (uint32_t)mpci_read_number(b, 4);
    }
    return !b->failed && reference_of(c, t, r->client_isn) == ref &&
           mpci_endpoints_check(t->family, t->client.bytes, t->client_port, t->server.bytes,
                                t->server_port) == 0;
}

static int read_fields(mpci_reader *b, mpci_record *r)
{
    const type_layout *l = &layouts[r->type];
    unsigned mask = (unsigned)mpci_read_number(b, l->n_fields > 8 ? 2 : 1);

    if (mask >> l->n_fields != 0)
        return 0;
    for (unsigned i = 0; i < l->n_fields; i++) {
        uint64_t value;

        if (!(mask & 1u << i))
            continue;
        value = mpci_read_number(b, places[l->fields[i]].width);
        if (value == 0) /* also when it is not there */
            return 0;
        field_store(r, l->fields[i], value);
    }
    return !b->failed;
}

int mpci_record_has_leg(unsigned type)
{
    return type == MPCI_RECORD_DRIVE || type == MPCI_RECORD_ANSWER || type == MPCI_RECORD_COMMIT ||
           type == MPCI_RECORD_DELTA;
}

/* 1 when it is one that segments of a server can show, and another than the name. */
static int read_leg(const uint8_t *bytes, size_t len, mpci_record *r)
{
    mpconn_tuple *leg = &r->server_leg;
    mpci_reader b = mpci_reader_of(bytes, len);

    if (!mpci_record_has_leg(r->type))
        return 0;
    leg->family = len > LEG_LEN_IPV4 ? MPCONN_FAMILY_IPV6 : MPCONN_FAMILY_IPV4;
    leg->zone = r->tuple.zone;
    if (len != leg_len(leg))
        return 0;
    read_addr(&b, &leg->client, addr_len(leg));
    leg->client_port = (uint16_t)mpci_read_number(&b, 2);
    read_addr(&b, &leg->server, addr_len(leg));
    leg->server_port = (uint16_t)mpci_read_number(&b, 2);
    return memcmp(leg, &r->tuple, sizeof *leg) != 0 &&
           mpci_endpoints_check(leg->family, leg->client.bytes, leg->client_port,
                                leg->server.bytes, leg->server_port) == 0;
}

/* Those that are not known here are of a later version. */
static enum mpci_record_result read_extensions(mpci_reader *b, mpci_record *r)
{
    enum mpci_record_result result = MPCI_RECORD_OK;
    int is_first = 1;

    while (mpci_reader_left(b) > 0) {
        unsigned id = (unsigned)mpci_read_number(b, 1);
        size_t len = (size_t)mpci_read_number(b, 1);
        const uint8_t *bytes = mpci_read_bytes(b, len);

        if (b->failed ||
            (id == MPCI_EXTENSION_BINDING && (!is_first || !read_leg(bytes, len, r))))
            return MPCI_RECORD_MALFORMED;
        is_first = 0;
        if (id != MPCI_EXTENSION_BINDING && (id & MPCI_RECORD_CRITICAL) != 0)
            result = MPCI_RECORD_REFUSED;
    }
    return result;
}

enum mpci_record_result mpci_record_decode(mpci_reader *frame, mpci_record_context *c,
                                           mpci_record *r, mpci_reader *body)
{
    unsigned type = (unsigned)mpci_read_number(frame, 1);
    size_t len = (size_t)mpci_read_number(frame, 1);
    const uint8_t *bytes = mpci_read_bytes(frame, len);

    if (bytes == NULL)
        return MPCI_RECORD_MALFORMED;
    *body = mpci_reader_of(bytes, len);
    memset(r, 0, sizeof *r);
    r->type = (uint8_t)(type & ~(unsigned)MPCI_RECORD_CRITICAL);
    if (mpci_record_name(r->type) == NULL)
        return type & MPCI_RECORD_CRITICAL ? MPCI_RECORD_REFUSED : MPCI_RECORD_SKIPPED;
    if (!(type & MPCI_RECORD_CRITICAL))
        return MPCI_RECORD_MALFORMED;
    if (r->type == MPCI_RECORD_HELLO)
        return MPCI_RECORD_OK;
    if (mpci_record_is_about_session(r->type))
        return mpci_session_record_read(body, r->type, &r->session) ? read_extensions(body, r)
                                                                    : MPCI_RECORD_MALFORMED;
    if (!read_name(body, c, r) || !read_fields(body, r))
        return MPCI_RECORD_MALFORMED;
    c->tuple = r->tuple;
    c->client_isn = r->client_isn;
    return read_extensions(body, r);
}
