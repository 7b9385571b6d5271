/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/carrier.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>
#include <unistd.h>

int carrier_open(void)
{
    const struct sockaddr_nl here = { .nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK };
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);

    if (fd >= 0 && bind(fd, (const struct sockaddr *)&here, sizeof(here)) != 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static void read_message(const struct nlmsghdr *m, carrier_lost *lost, void *user)
{
    const struct ifinfomsg *i = NLMSG_DATA(m);

    if (m->nlmsg_len < NLMSG_LENGTH(sizeof(*i)))
        return;
    if (m->nlmsg_type == RTM_DELLINK ||
        (m->nlmsg_type == RTM_NEWLINK && !(i->ifi_flags & IFF_RUNNING)))
        lost(user, i->ifi_index);
}

void carrier_read(int fd, carrier_lost *lost, void *user)
{
    union {
        struct nlmsghdr align;
        char bytes[16384];
    } room;
    ssize_t got;

    while ((got = recv(fd, room.bytes, sizeof(room.bytes), 0)) > 0) {
        size_t left = (size_t)got;
        for (struct nlmsghdr *m = &room.align; NLMSG_OK(m, left); m = NLMSG_NEXT(m, left))
            read_message(m, lost, user);
    }
    if (got < 0 && errno == ENOBUFS) /* there was more than the socket holds */
        lost(user, 0);
}
