/* SPDX-License-Identifier: BSD-2-Clause */
/* An address with a port, as text and as the library has it. */
#ifndef HOST_ENDPOINT_H
#define HOST_ENDPOINT_H

#include <mpconn/base.h>
#include <stdbool.h>
#include <stddef.h>

#define ENDPOINT_TEXT 64

typedef struct endpoint {
    mpconn_addr addr;
    uint16_t port;  /* 0 = none */
    uint8_t family; /* mpconn_family */
} endpoint;

/* Parse "192.0.2.1:5000" or "[2001:db8::1]:5000". NULL, or what is wrong with it. */
const char *endpoint_parse(endpoint *e, const char *text);
/* Parse an address alone, of either IP version. */
bool endpoint_parse_address(endpoint *e, const char *text);
/* The same text again; the address alone when it has no port. */
void endpoint_text(char text[ENDPOINT_TEXT], const endpoint *e);

#endif
