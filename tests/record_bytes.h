/* SPDX-License-Identifier: BSD-2-Clause */
/* Records as bytes, written by hand, and what the decoder makes of them. */
#ifndef TESTS_RECORD_BYTES_H
#define TESTS_RECORD_BYTES_H

#include <stdlib.h>
#include <string.h>

#include "sync/record.h"

enum { RECORD_BYTES = 65535 };

static uint8_t frame[RECORD_BYTES];
static size_t frame_len;

typedef struct outcome {
    unsigned n[4];             /* by mpci_record_result */
    mpci_record last;          /* that was OK */
} outcome;

/* Bytes get a buffer of just their size, so that reading past it is seen. */
static inline outcome decode_bytes(const uint8_t *bytes, size_t len)
{
    uint8_t *copy = malloc(len > 0 ? len : 1);
    mpci_reader r, body;
    mpci_record_context c = {0};
    outcome o = {{0}, {0}};

    memcpy(copy, bytes, len);
    r = mpci_reader_of(copy, len);
    while (mpci_reader_left(&r) > 0) {
        mpci_record record;
        enum mpci_record_result result = mpci_record_decode(&r, &c, &record, &body);

        o.n[result]++;
        if (result == MPCI_RECORD_OK)
            o.last = record;
        if (result == MPCI_RECORD_MALFORMED)
            break;
    }
    free(copy);
    return o;
}

static inline outcome decode_frame(void)
{
    return decode_bytes(frame, frame_len);
}

/* Reference and name by hand, then an empty mask: a SHARE. */
typedef struct by_hand {
    unsigned ref;
    int zone;
    const char *client;
    int client_port;
    const char *server;
    int server_port;
    int has_isn;
} by_hand;

static const char ipv4_a[] = "\xc0\x00\x02\x0a", ipv4_b[] = "\xc6\x33\x64\x14";
static const char ipv6_a[] = "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x0a";

static inline void append_by_hand(const by_hand *n)
{
    mpci_writer w = mpci_writer_of(frame + frame_len, sizeof frame - frame_len);
    size_t len = n->ref & 1 ? 16 : 4;

    mpci_write_number(&w, MPCI_RECORD_SHARE | MPCI_RECORD_CRITICAL, 1);
    mpci_write_number(&w, 0, 1);
    mpci_write_number(&w, n->ref, 1);
    if (n->zone >= 0)
        mpci_write_number(&w, (uint64_t)n->zone, 2);
    if (n->client != NULL)
        mpci_write_bytes(&w, (const uint8_t *)n->client, len);
    if (n->client_port >= 0)
        mpci_write_number(&w, (uint64_t)n->client_port, 2);
    if (n->server != NULL)
        mpci_write_bytes(&w, (const uint8_t *)n->server, len);
    if (n->server_port >= 0)
        mpci_write_number(&w, (uint64_t)n->server_port, 2);
    if (n->has_isn)
        mpci_write_number(&w, 7, 4);
    mpci_write_number(&w, 0, 1);
    frame[frame_len + 1] = (uint8_t)(w.at - (frame + frame_len) - 2);
    frame_len = (size_t)(w.at - frame);
}

static const by_hand first = {0, -1, ipv4_a, 40000, ipv4_b, 80, 1};

static inline void append_bytes(const char *bytes, size_t n)
{
    memcpy(frame + frame_len, bytes, n);
    frame_len += n;
}

#endif
