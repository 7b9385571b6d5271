/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Captures in one pcapng file, with an interface for each port, as tcpdump and Wireshark read.
 * A savefile of libpcap has only one interface; telling the legs of a connection apart is what
 * these captures are for.
 */
#ifndef HOST_PCAPNG_H
#define HOST_PCAPNG_H

#include "host/frame.h"

#include <stdio.h>

typedef struct pcapng {
    FILE *file;
    uint32_t snap_len;
} pcapng;

/* `snap_len` bytes of each frame at most are kept. False, with errno, when it cannot be written. */
bool pcapng_open(pcapng *p, const char *path, uint32_t snap_len);
/* Interfaces are numbered from 0 in the order of these calls. */
void pcapng_add_interface(pcapng *p, const char *name, const char *description);
/* `at_ns` counts from 1970. */
void pcapng_write(pcapng *p, uint32_t interface, bool outbound, uint64_t at_ns,
                  const l2_header *l2, const mpconn_pkt *pkt);
bool pcapng_close(pcapng *p);

#endif
