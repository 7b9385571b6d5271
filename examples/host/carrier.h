/* SPDX-License-Identifier: BSD-2-Clause */
/* Interfaces that go down: the kernel says so by rtnetlink, if it is asked. */
#ifndef HOST_CARRIER_H
#define HOST_CARRIER_H

/* What to do about an interface by which nothing is reached any more; 0: any may be one. */
typedef void carrier_lost(void *user, int ifindex);

/* A socket to wait at, or -1. */
int carrier_open(void);
/* Read what there is. */
void carrier_read(int fd, carrier_lost *lost, void *user);

#endif
