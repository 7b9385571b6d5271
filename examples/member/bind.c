/* SPDX-License-Identifier: BSD-2-Clause */
#include "member/bind.h"

#include "host/channel.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#define WRONG "expected ADDR:PORT=ADDR:PORT or ADDR:PORT=ADDR:PORT@SOURCE"

static void take_endpoint(mpconn_addr *addr, uint16_t *port, uint8_t *family,
                          const channel_address *a)
{
    memset(addr, 0, sizeof(*addr));
    if (a->at.ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)&a->at;
        memcpy(addr->bytes, &in->sin_addr, 4);
        *port = ntohs(in->sin_port);
        *family = MPCONN_FAMILY_IPV4;
    } else {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&a->at;
        memcpy(addr->bytes, &in6->sin6_addr, 16);
        *port = ntohs(in6->sin6_port);
        *family = MPCONN_FAMILY_IPV6;
    }
}

static bool take_source(bind_rule *rule, const char *text)
{
    int family = rule->to_family == MPCONN_FAMILY_IPV4 ? AF_INET : AF_INET6;
    rule->has_source = true;
    return inet_pton(family, text, rule->source.bytes) == 1;
}

const char *bind_parse(bind_rule *rule, const char *text)
{
    channel_address from, to;
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
    if (channel_parse_address(&from, copy) || channel_parse_address(&to, equals + 1))
        return WRONG;
    take_endpoint(&rule->from, &rule->from_port, &rule->from_family, &from);
    take_endpoint(&rule->to, &rule->to_port, &rule->to_family, &to);
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
