/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading back what mpconn-member --pcap wrote: the TCP segments of one connection, and what the
 * members said to one another meanwhile. */
#ifndef DEMO_CAPTURE_H
#define DEMO_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CAPTURE_MEMBERS = 2 };
enum { TCP_FIN = 0x01, TCP_SYN = 0x02, TCP_RST = 0x04, TCP_ACK = 0x10 };

/* Where a member saw something; the first two are also the directions a segment travels in. */
enum { CLIENT = 0, SERVER = 1, MEMBERS = 2 };

/* A TCP segment. */
typedef struct segment {
    uint8_t toward;    /* CLIENT or SERVER: where it goes */
    uint8_t flags;
    uint16_t window;
    uint32_t seq, ack, len;
    uint8_t ports[4];  /* the client's, the server's */
} segment;

/* A frame from one member to another: doc/frames.md. */
typedef struct message {
    uint16_t sender;   /* its id */
    uint64_t sequence;
    uint32_t len;
    bool greeting;     /* about no connection */
    char names[40];    /* of its records */
} message;

typedef struct event {
    uint64_t at_ns;
    size_t order;
    uint8_t member;    /* whose record it is from */
    uint8_t side;
    bool left;         /* it left the member there; otherwise it arrived */
    union {
        segment s;     /* at CLIENT or SERVER */
        message m;     /* at MEMBERS */
    } as;
} event;

typedef struct capture {
    event *events;
    size_t n, room;
    uint8_t n_members;
} capture;

/* Add what one more member recorded; *c is zero at first. NULL, or what is wrong. */
const char *capture_add(capture *c, const char *path);
/* After the last: in the order of time, and of TCP only the connection that was opened first. */
const char *capture_finish(capture *c);
void capture_free(capture *c);

#endif
