/* SPDX-License-Identifier: BSD-2-Clause */
#include "member/zones.h"

#include "host/cli.h"

#include <string.h>

#define WRONG "expected VLAN=ZONE, a VLAN from 0 (no tag) to 4095 and a zone from 0 to 65535"

const char *zones_add(zone_map *map, const char *text)
{
    char vlan[8];
    size_t len = strcspn(text, "=");
    uint64_t from, to;

    if (len >= sizeof(vlan) || !text[len])
        return WRONG;
    memcpy(vlan, text, len);
    vlan[len] = '\0';
    if (!cli_number(&from, vlan, 0, ZONES_VLANS - 1) ||
        !cli_number(&to, text + len + 1, 0, UINT16_MAX))
        return WRONG;
    map->of[from] = (uint16_t)to;
    map->given[from] = true;
    return NULL;
}

void zones_complete(zone_map *map, bool apart)
{
    for (unsigned vlan = 0; vlan < ZONES_VLANS; vlan++) {
        if (!map->given[vlan])
            map->of[vlan] = apart ? (uint16_t)vlan : 0;
    }
}
