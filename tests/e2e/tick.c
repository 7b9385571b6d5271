/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Waits until this host's TCP gives another number to the same SYN:
 *
 *   tick PORT [LIMIT_SECONDS]
 *
 * Linux puts a count of minutes into its SYN cookies. A SYN that never changes goes to a listener
 * on the loopback interface, which has to answer with cookies always (tcp_syncookies=2), and nobody
 * answers the SYN|ACK but the kernel, with a RST. Prints what the two numbers differ by, at once.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define EVERY_MS 10
#define OUR_PORT 1 /* of nobody */
#define OUR_ISN 1

static uint16_t checksum(const struct tcphdr *tcp)
{
    const uint8_t *bytes = (const uint8_t *)tcp;
    uint32_t sum = 2 * (INADDR_LOOPBACK >> 16) + 2 * (INADDR_LOOPBACK & 0xffff) + IPPROTO_TCP +
                   sizeof(*tcp);
    for (size_t i = 0; i < sizeof(*tcp); i += 2)
        sum += (uint32_t)(bytes[i] << 8 | bytes[i + 1]);
    sum = (sum >> 16) + (sum & 0xffff);
    return htons((uint16_t)~(sum + (sum >> 16)));
}

static void send_syn(int fd, uint16_t port)
{
    const struct sockaddr_in to = { .sin_family = AF_INET,
                                    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct tcphdr syn = { .source = htons(OUR_PORT), .dest = htons(port), .seq = htonl(OUR_ISN),
                          .doff = sizeof(syn) / 4, .syn = 1, .window = htons(1024) };
    syn.check = checksum(&syn);
    if (sendto(fd, &syn, sizeof(syn), 0, (const struct sockaddr *)&to, sizeof(to)) < 0) {
        perror("SYN");
        exit(2);
    }
}

/* The number in the answer; false when this is none. */
static bool read_answer(int fd, uint16_t port, uint32_t *number)
{
    uint8_t packet[256];
    struct tcphdr tcp;
    ssize_t n = recv(fd, packet, sizeof(packet), MSG_DONTWAIT);
    size_t at = n > 0 ? (size_t)(packet[0] & 15) * 4 : 0;

    if (n < 0 || (size_t)n < at + sizeof(tcp))
        return false;
    memcpy(&tcp, packet + at, sizeof(tcp));
    if (tcp.source != htons(port) || tcp.dest != htons(OUR_PORT) || !tcp.syn || !tcp.ack)
        return false;
    *number = ntohl(tcp.seq);
    return true;
}

/* One question; false when it was not answered in time. */
static bool ask(int fd, uint16_t port, uint32_t *number)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };

    send_syn(fd, port);
    while (poll(&p, 1, EVERY_MS) == 1) {
        if (read_answer(fd, port, number))
            return true;
    }
    return false;
}

static time_t now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec;
}

int main(int argc, char **argv)
{
    int fd = socket(AF_INET, SOCK_RAW, IPPROTO_TCP);
    uint32_t first, number;
    uint16_t port = argc > 1 ? (uint16_t)atoi(argv[1]) : 0;
    time_t limit = now_s() + (argc > 2 ? atoi(argv[2]) : 65);

    if (port == 0 || fd < 0) {
        fprintf(stderr, "usage: tick PORT [LIMIT_SECONDS], as root\n");
        return 2;
    }
    while (!ask(fd, port, &first)) {
        if (now_s() > limit)
            return 1;
    }
    number = first;
    while (number == first && now_s() <= limit) {
        nanosleep(&(struct timespec){ .tv_nsec = EVERY_MS * 1000000 }, NULL);
        (void)ask(fd, port, &number);
    }
    if (number == first)
        return 1;
    printf("%u\n", number - first);
    return 0;
}
