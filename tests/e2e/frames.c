/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames as they are, for what no program of the system sends:
 *
 *   frames send INTERFACE          those of the standard input, one a line in hexadecimal
 *   frames hear INTERFACE SOURCE   what comes in from this station, in the same form, until killed
 *
 * The kernel takes the outermost tag off what is received; it is put back.
 */
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ether.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LONGEST 65536
#define ADDRESSES (2 * ETH_ALEN)
#define TAG 4

static void fail(const char *what)
{
    perror(what);
    exit(2);
}

static int open_interface(const char *name)
{
    const struct packet_mreq all = { .mr_ifindex = (int)if_nametoindex(name),
                                     .mr_type = PACKET_MR_PROMISC };
    const struct sockaddr_ll here = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL),
                                      .sll_ifindex = (int)if_nametoindex(name) };
    const int on = 1;
    int fd = socket(AF_PACKET, SOCK_RAW, 0);

    if (fd < 0 || bind(fd, (const struct sockaddr *)&here, sizeof(here)) != 0)
        fail(name);
    if (setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all, sizeof(all)) != 0 ||
        setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)) != 0 ||
        setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &on, sizeof(on)) != 0)
        fail("packet socket");
    return fd;
}

static void send_frames(int fd)
{
    static char line[2 * LONGEST + 2];
    static uint8_t frame[LONGEST];

    while (fgets(line, sizeof(line), stdin)) {
        size_t len = 0;
        while (len < sizeof(frame) && sscanf(line + 2 * len, "%2hhx", &frame[len]) == 1)
            len++;
        if (send(fd, frame, len, 0) != (ssize_t)len)
            fail(line);
    }
}

/* Puts the tag back. Returns the new length. */
static size_t restore_tag(uint8_t *frame, size_t len, struct msghdr *m)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
        struct tpacket_auxdata aux;
        if (c->cmsg_level != SOL_PACKET || c->cmsg_type != PACKET_AUXDATA)
            continue;
        memcpy(&aux, CMSG_DATA(c), sizeof(aux));
        if (!(aux.tp_status & TP_STATUS_VLAN_VALID))
            continue;
        const uint16_t tag_be[2] = { htons(aux.tp_vlan_tpid), htons(aux.tp_vlan_tci) };
        memmove(frame + ADDRESSES + TAG, frame + ADDRESSES, len - ADDRESSES);
        memcpy(frame + ADDRESSES, tag_be, TAG);
        return len + TAG;
    }
    return len;
}

static void hear_frames(int fd, const struct ether_addr *source)
{
    static uint8_t frame[LONGEST + TAG];
    union {
        struct cmsghdr align;
        uint8_t bytes[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
    } control;

    for (;;) {
        struct iovec iov = { frame, LONGEST };
        struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes,
                            .msg_controllen = sizeof(control.bytes) };
        ssize_t n = recvmsg(fd, &m, 0);
        if (n < ADDRESSES || memcmp(frame + ETH_ALEN, source, ETH_ALEN) != 0)
            continue;
        size_t len = restore_tag(frame, (size_t)n, &m);
        for (size_t i = 0; i < len; i++)
            printf("%02x", frame[i]);
        putchar('\n');
        fflush(stdout);
    }
}

int main(int argc, char **argv)
{
    const struct ether_addr *source = argc == 4 ? ether_aton(argv[3]) : NULL;

    if (argc == 3 && strcmp(argv[1], "send") == 0) {
        send_frames(open_interface(argv[2]));
        return 0;
    }
    if (!source || strcmp(argv[1], "hear") != 0) {
        fputs("usage: frames send INTERFACE | frames hear INTERFACE SOURCE\n", stderr);
        return 2;
    }
    int fd = open_interface(argv[2]);
    puts("listening");
    fflush(stdout);
    hear_frames(fd, source);
}
