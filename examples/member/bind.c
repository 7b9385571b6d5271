/* SPDX-License-Identifier: BSD-2-Clause */
#include "member/bind.h"

#include "host/endpoint.h"

#include <string.h>

#define WRONG "expected ADDR:PORT=ADDR:PORT or ADDR:PORT=ADDR:PORT@SOURCE"

static bool take_source(bind_rule *rule, const char *text)
{
    endpoint e;
    if (!endpoint_parse_address(&e, text) || e.family != rule->to_family)
        return false;
    rule->has_source = true;
    rule->source = e.addr;
    return true;
}

const char *bind_parse(bind_rule *rule, const char *text)
{
    endpoint from, to;
    char copy[256];
    char *equals, *at;

    memset(rule, 0, sizeof(*rule));
    if (strlen(text) >= sizeof(copy))
        return WRONG;
    strcpy(copy, text);
    equals = strchr(copy, '=');
    if (!equals)
        return WRONG;
    *equals = '\0';
    at = strchr(equals + 1, '@');
    if (at)
        *at = '\0';
    if (endpoint_parse(&from, copy) || endpoint_parse(&to, equals + 1))
        return WRONG;
    rule->from = from.addr;
    rule->from_port = from.port;
    rule->from_family = from.family;
    rule->to = to.addr;
    rule->to_port = to.port;
    rule->to_family = to.family;
    if (at && !take_source(rule, at + 1))
        return "the source is an address of the same IP version as the server";
    if (!at && rule->from_family != rule->to_family)
        return "a server of the other IP version needs a source";
    return NULL;
}

static bool is_about(const bind_rule *rule, const mpconn_tuple *t)
{
    return rule->from_family == t->family && rule->from_port == t->server_port &&
           memcmp(&rule->from, &t->server, sizeof(t->server)) == 0;
}

int bind_apply(const bind_rule *rules, size_t n, const mpconn_tuple *client_leg,
               mpconn_tuple *server_leg)
{
    for (size_t i = 0; i < n; i++) {
        const bind_rule *rule = &rules[i];
        if (!is_about(rule, client_leg))
            continue;
        server_leg->family = rule->to_family;
        server_leg->server = rule->to;
        server_leg->server_port = rule->to_port;
        if (rule->has_source)
            server_leg->client = rule->source;
        return 1;
    }
    return 0;
}
