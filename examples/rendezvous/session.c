/* SPDX-License-Identifier: BSD-2-Clause */
#include "rendezvous/session.h"

#include "host/endpoint.h"
#include "host/json.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of a name that is not known, at most, in what is said about it. */
#define SHOWN_MAX 60
#define BITS4 32
#define BITS6 128

/* Sets what a member of an object says. NULL, or what is wrong with its value. */
typedef const char *setter(void *into, const json_t *value);

/* Words stand for 0, 1, 2 ...; without words it is a number from 1 to `most`. */
typedef struct member_of {
    const char *name;
    setter *set;        /* NULL: a word or a number, by what follows */
    size_t offset;
    size_t size;        /* 1, 2 or 4 bytes */
    uint32_t most;
    const char *const *words;
    bool required;
} member_of;

static const char *const latches[] = { "on", "off", "relatch", NULL };
static const char *const roles[] = { "merge", "forward", "track", "reverse", NULL };
static const char *const answers[] = { "both", "second", "forward", NULL };
static const char *const policies[] = { "wait", "strip", "strict", "pass", NULL };

/* Words and numbers */

static void store(void *into, const member_of *m, uint32_t value)
{
    uint8_t *at = (uint8_t *)into + m->offset;
    uint16_t value16 = (uint16_t)value;

    if (m->size == 1)
        *at = (uint8_t)value;
    else if (m->size == 2)
        memcpy(at, &value16, sizeof(value16));
    else
        memcpy(at, &value, sizeof(value));
}

static bool find_word(uint32_t *number, const char *const *words, const json_t *value)
{
    const char *text = json_string_value(value);
    for (*number = 0; text && words[*number]; ++*number) {
        if (strcmp(words[*number], text) == 0)
            return true;
    }
    return false;
}

static void describe_words(session_problem *p, const char *path, const char *const *words)
{
    size_t len = (size_t)snprintf(p->text, sizeof(p->text), "%s: expected", path);
    for (; *words && len < sizeof(p->text); words++)
        len += (size_t)snprintf(p->text + len, sizeof(p->text) - len, " \"%s\"%s", *words,
                                words[1] ? "," : "");
}

static bool take_plain(void *into, const member_of *m, const json_t *value, const char *path,
                       session_problem *p)
{
    uint32_t number = 0;

    if (m->words) {
        if (!find_word(&number, m->words, value)) {
            describe_words(p, path, m->words);
            return false;
        }
    } else {
        json_int_t n = json_is_integer(value) ? json_integer_value(value) : 0;
        if (n < 1 || n > m->most) {
            snprintf(p->text, sizeof(p->text), "%s: expected a number from 1 to %u", path,
                     m->most);
            return false;
        }
        number = (uint32_t)n;
    }
    store(into, m, number);
    return true;
}

/* Objects */

static const member_of *find_member(const member_of *members, const char *name)
{
    for (; members->name; members++) {
        if (strcmp(members->name, name) == 0)
            return members;
    }
    return NULL;
}

/* How much of a name is told: whole characters. */
static int shown(const char *name)
{
    size_t len = 0, next;

    while (name[len] && (next = json_character(name + len)) && len + next <= SHOWN_MAX)
        len += next;
    return (int)len;
}

/* In the order of the table, not of the object: what is for both comes before what is for one. */
static bool take_object(void *into, const member_of *members, json_t *object, const char *prefix,
                        session_problem *p)
{
    char path[64];

    for (void *it = json_object_iter(object); it; it = json_object_iter_next(object, it)) {
        if (find_member(members, json_object_iter_key(it)))
            continue;
        snprintf(p->text, sizeof(p->text), "%s%.*s: no such member", prefix,
                 shown(json_object_iter_key(it)), json_object_iter_key(it));
        return false;
    }
    for (const member_of *m = members; m->name; m++) {
        const json_t *value = json_object_get(object, m->name);
        snprintf(path, sizeof(path), "%s%s", prefix, m->name);
        if (!value && !m->required)
            continue;
        const char *wrong = !value ? "missing" : m->set ? m->set(into, value) : NULL;
        if (wrong) {
            snprintf(p->text, sizeof(p->text), "%s: %s", path, wrong);
            return false;
        }
        if (!m->set && !take_plain(into, m, value, path, p))
            return false;
    }
    return true;
}

/* Terminations */

static const char *set_local(void *into, const json_t *value)
{
    mpconn_termination *t = into;
    const char *text = json_string_value(value);
    endpoint e;

    const char *wrong = text ? endpoint_parse(&e, text) : "expected \"ADDR:PORT\"";
    if (wrong)
        return wrong;
    t->local = e.addr;
    t->local_port = e.port;
    t->family = e.family;
    return NULL;
}

/* An address alone; of IPv6 it may be in brackets, as where a port follows. */
static bool parse_address(endpoint *e, const char *text)
{
    char address[ENDPOINT_TEXT];
    size_t len = strlen(text);

    if (text[0] != '[')
        return endpoint_parse_address(e, text);
    if (len < 2 || len - 2 >= sizeof(address) || text[len - 1] != ']')
        return false;
    memcpy(address, text + 1, len - 2);
    address[len - 2] = '\0';
    return endpoint_parse_address(e, address) && e->family == MPCONN_FAMILY_IPV6;
}

/* "ADDR", "ADDR/LEN", "ADDR:PORT" */
static bool parse_expect(endpoint *e, uint8_t *prefix, const char *text)
{
    const char *slash = strchr(text, '/');
    char address[ENDPOINT_TEXT];
    char *end;
    unsigned long bits;

    if (!slash) {
        if (!parse_address(e, text) && endpoint_parse(e, text))
            return false;
        *prefix = e->family == MPCONN_FAMILY_IPV6 ? BITS6 : BITS4;
        return true;
    }
    if ((size_t)(slash - text) >= sizeof(address))
        return false;
    memcpy(address, text, (size_t)(slash - text));
    address[slash - text] = '\0';
    bits = strtoul(slash + 1, &end, 10);
    *prefix = (uint8_t)bits;
    return parse_address(e, address) && slash[1] >= '0' && slash[1] <= '9' && !*end &&
           bits <= (e->family == MPCONN_FAMILY_IPV6 ? BITS6 : BITS4);
}

static const char *set_expect(void *into, const json_t *value)
{
    mpconn_termination *t = into;
    const char *text = json_string_value(value);
    endpoint e;

    if (!text || !parse_expect(&e, &t->expect_prefix, text))
        return "expected \"ADDR\", \"ADDR/LEN\" or \"ADDR:PORT\"";
    if (e.family != t->family)
        return "not of the same IP version as local";
    t->expect = e.addr;
    t->expect_port = e.port;
    return NULL;
}

#define WORD(of, field, list) \
    { .name = #field, .offset = offsetof(of, field), .size = sizeof(((of *)0)->field), \
      .words = (list) }
#define NUMBER(of, field, limit) \
    { .name = #field, .offset = offsetof(of, field), .size = sizeof(((of *)0)->field), \
      .most = (limit) }

static const member_of of_termination[] = {
    { .name = "local", .set = set_local, .required = true },
    { .name = "expect", .set = set_expect },
    WORD(mpconn_termination, latch, latches),
    { .name = NULL },
};

/* Sessions */

/* It is the rest of a line that names a session, after blanks. */
static bool is_nameable(const char *name)
{
    size_t len = strlen(name);

    if (len == 0 || name[0] == ' ' || name[len - 1] == ' ')
        return false;
    for (; *name; name++) {
        if ((unsigned char)*name < ' ' || *name == 0x7f)
            return false;
    }
    return true;
}

static const char *set_name(void *into, const json_t *value)
{
    mpconn_session_config *c = into;
    const char *name = json_string_value(value);

    if (!name || !*name || strlen(name) > MPCONN_SESSION_NAME_MAX)
        return "expected a text of 1 to 31 bytes";
    if (!is_nameable(name))
        return "a name has no control characters, and no blanks at its ends";
    strcpy(c->name, name);
    return NULL;
}

static const char *set_latch(void *into, const json_t *value)
{
    mpconn_session_config *c = into;
    uint32_t number;

    if (!find_word(&number, latches, value))
        return "expected \"on\", \"off\", \"relatch\"";
    c->termination[0].latch = c->termination[1].latch = (uint8_t)number;
    return NULL;
}

static const char *set_signed(void *into, const json_t *value)
{
    static const char *const words[] = { "reset", "silent", NULL };
    mpconn_session_config *c = into;
    uint32_t number;

    if (!find_word(&number, words, value))
        return "expected \"reset\", \"silent\"";
    c->flags |= number ? MPCONN_SESSION_F_SIGNED_SILENT : 0;
    return NULL;
}

/* Their problems are told with the whole path. */
static const char *set_object(void *into, const json_t *value)
{
    (void)into;
    return json_is_object(value) ? NULL : "expected an object";
}

static const member_of of_session[] = {
    { .name = "session", .set = set_name, .required = true },
    { .name = "latch", .set = set_latch },
    { .name = "signed", .set = set_signed },
    WORD(mpconn_session_config, role, roles),
    WORD(mpconn_session_config, answer, answers),
    WORD(mpconn_session_config, stale, policies),
    NUMBER(mpconn_session_config, candidates, 8),
    NUMBER(mpconn_session_config, zone, UINT16_MAX),
    NUMBER(mpconn_session_config, max_mss, UINT16_MAX),
    NUMBER(mpconn_session_config, wait_ms, 240000),
    NUMBER(mpconn_session_config, fresh_ms, 240000),
    NUMBER(mpconn_session_config, confirm_ms, 240000),
    NUMBER(mpconn_session_config, relatch_ms, 240000),
    { .name = "a", .set = set_object, .required = true },
    { .name = "b", .set = set_object, .required = true },
    { .name = NULL },
};

/* What the members say together. */
static bool is_whole(mpconn_session_config *c, session_problem *p)
{
    for (int side = 0; side < 2; side++) {
        const mpconn_termination *t = &c->termination[side];
        uint8_t all = t->family == MPCONN_FAMILY_IPV6 ? BITS6 : BITS4;
        if (t->latch == MPCONN_LATCH_OFF && (t->expect_prefix != all || t->expect_port == 0)) {
            snprintf(p->text, sizeof(p->text),
                     "%c.latch: \"off\" needs an address and a port in expect", "ab"[side]);
            return false;
        }
    }
    if (c->termination[0].family != c->termination[1].family)
        c->flags |= MPCONN_SESSION_F_FAMILIES; /* who writes such a session wants them joined */
    return true;
}

bool session_parse(mpconn_session_config *config, const char *text, session_problem *problem)
{
    json_error_t error;
    json_t *object = json_loads(text, JSON_REJECT_DUPLICATES, &error);

    MPCONN_STRUCT_INIT(config);
    if (!json_is_object(object)) {
        snprintf(problem->text, sizeof(problem->text), "not a JSON object%s%s", object ? "" : ": ",
                 object ? "" : error.text);
        json_decref(object);
        return false;
    }
    bool ok = take_object(config, of_session, object, "", problem) &&
              take_object(&config->termination[0], of_termination, json_object_get(object, "a"),
                          "a.", problem) &&
              take_object(&config->termination[1], of_termination, json_object_get(object, "b"),
                          "b.", problem) &&
              is_whole(config, problem);
    json_decref(object);
    return ok;
}
