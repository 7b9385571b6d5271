/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames to and from the other members. A peer with an address is spoken to at that address, all
 * others at once by the group.
 */
#ifndef HOST_SYNC_H
#define HOST_SYNC_H

#include "host/channel.h"
#include "host/impair.h"
#include "host/recorder.h"

#include <poll.h>

/* Other members there can be. */
#define SYNC_PEERS 64
#define SYNC_CHANNELS 2

typedef struct sync_peer {
    uint32_t id;
    channel_address address; /* none: by the group */
} sync_peer;

typedef struct sync_config {
    channel_config point, group; /* two channels, and how they were given */
    const char *point_text, *group_text;
    sync_peer peers[SYNC_PEERS];
    size_t n_peers;
    impair_config impair;
} sync_config;

/* Shows a datagram to who wants to write it down. */
typedef void sync_note(void *user, bool outbound, const frame *f);

typedef struct sync_io {
    const sync_config *config;
    channel point, group;
    const char *failed; /* the channel that could not be opened */
    recorder *engine;
    sync_note *note;    /* NULL: nobody */
    void *user;
    frame_pool pool;
    impair impair;
} sync_io;

/* Options: NULL, or what is wrong with the value. */
const char *sync_set_channel(sync_config *c, const char *value);
const char *sync_add_peer(sync_config *c, const char *value);
/* Whether every peer can be reached; the program ends otherwise. */
void sync_require_ways(const sync_config *c, uint32_t self);
/* The peers' numbers, for the engine. */
void sync_members(const sync_config *c, uint16_t *members);

/* NULL, or what failed; errno says why, and `failed` which channel. */
const char *sync_open(sync_io *s, const sync_config *config, recorder *engine, sync_note *note,
                      void *user);
void sync_close(sync_io *s);
/* What to wait for: fills up to SYNC_CHANNELS entries, returns how many. */
size_t sync_poll(const sync_io *s, struct pollfd *fds);
/* Take what is there, and what was delayed and is due. */
void sync_handle(sync_io *s);
/* When something delayed is due. */
mpconn_time sync_next(const sync_io *s);
/* For the callback send_frame. */
int sync_send(sync_io *s, uint32_t to, const uint8_t *bytes, size_t len);

#endif
