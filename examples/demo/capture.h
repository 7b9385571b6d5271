/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading back what mpconn-member --pcap wrote: the TCP segments of one connection. */
#ifndef DEMO_CAPTURE_H
#define DEMO_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TCP_FIN = 0x01, TCP_SYN = 0x02, TCP_RST = 0x04, TCP_ACK = 0x10 };

/* The legs of the member, and the directions a segment travels in. */
enum { CLIENT = 0, SERVER = 1 };

typedef struct segment {
    uint64_t at_ns;
    uint8_t leg;       /* CLIENT or SERVER: on which side of the member it was seen */
    uint8_t toward;    /* CLIENT or SERVER: where it goes */
    bool made_or_sent; /* it left the member there; otherwise it arrived */
    uint8_t flags;
    uint16_t window;
    uint32_t seq, ack, len;
} segment;

typedef struct capture {
    segment *segments;
    size_t n;
} capture;

/* Read the segments of the connection that was opened first. NULL, or what is wrong. */
const char *capture_read(capture *c, const char *path);
void capture_free(capture *c);

#endif
