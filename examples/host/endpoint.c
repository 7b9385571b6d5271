/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/endpoint.h"

#include "host/channel.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

const char *endpoint_parse(endpoint *e, const char *text)
{
    channel_address a;
    const char *wrong = channel_parse_address(&a, text);

    if (wrong)
        return wrong;
    memset(e, 0, sizeof(*e));
    if (a.at.ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)&a.at;
        memcpy(e->addr.bytes, &in->sin_addr, 4);
        e->port = ntohs(in->sin_port);
        e->family = MPCONN_FAMILY_IPV4;
    } else {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&a.at;
        memcpy(e->addr.bytes, &in6->sin6_addr, 16);
        e->port = ntohs(in6->sin6_port);
        e->family = MPCONN_FAMILY_IPV6;
    }
    return NULL;
}

bool endpoint_parse_address(endpoint *e, const char *text)
{
    memset(e, 0, sizeof(*e));
    e->family = strchr(text, ':') ? MPCONN_FAMILY_IPV6 : MPCONN_FAMILY_IPV4;
    return inet_pton(e->family == MPCONN_FAMILY_IPV6 ? AF_INET6 : AF_INET, text,
                     e->addr.bytes) == 1;
}

void endpoint_text(char text[ENDPOINT_TEXT], const endpoint *e)
{
    char address[INET6_ADDRSTRLEN] = "";
    bool is_6 = e->family == MPCONN_FAMILY_IPV6;

    inet_ntop(is_6 ? AF_INET6 : AF_INET, e->addr.bytes, address, sizeof(address));
    if (e->port == 0)
        snprintf(text, ENDPOINT_TEXT, "%s", address);
    else
        snprintf(text, ENDPOINT_TEXT, is_6 ? "[%s]:%u" : "%s:%u", address, e->port);
}
