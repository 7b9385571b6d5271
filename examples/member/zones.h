/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which VLANs are one zone. Connections of one zone are told from those of another even if their
 * addresses and ports are the same; a connection whose two directions bear different tags needs one
 * zone for both. The same at all members.
 */
#ifndef MEMBER_ZONES_H
#define MEMBER_ZONES_H

#include <stdbool.h>
#include <stdint.h>

/* 0 is that of frames without a tag. */
#define ZONES_VLANS 4096

typedef struct zone_map {
    uint16_t of[ZONES_VLANS];
    bool given[ZONES_VLANS];
} zone_map;

/* Take "VLAN=ZONE". NULL, or what is wrong with it. */
const char *zones_add(zone_map *map, const char *text);
/* The zones of the VLANs that were not given: each its own, by its number, or zone 0 for all. */
void zones_complete(zone_map *map, bool apart);

#endif
