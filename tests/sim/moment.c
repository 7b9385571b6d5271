/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/moment.h"

#include "sim/cluster.h"

unsigned sim_moment_packet(unsigned flags, bool has_data, bool of_server)
{
    return (flags & (SIM_SYN | SIM_ACK | SIM_FIN | SIM_RST)) | (has_data ? SIM_MOMENT_DATA : 0) |
           (of_server ? SIM_MOMENT_SERVER : 0);
}

static bool is_due(const struct sim_member *m, enum sim_moment_kind kind)
{
    const struct sim_cluster *c = m->cluster;

    return c != NULL && !m->dead && c->moment.kind == kind && c->moment.at == m->place;
}

static void strike(struct sim_cluster *c)
{
    c->moment.kind = SIM_MOMENT_NONE;
    c->moments++;
    c->strike(c);
}

void sim_moment_came(struct sim_member *m, enum sim_moment_kind kind, unsigned code)
{
    if (is_due(m, kind) && m->cluster->moment.code == code)
        strike(m->cluster);
}

bool sim_moment_frame(struct sim_member *m)
{
    bool lost;

    if (!is_due(m, SIM_MOMENT_TELLS) || m->records[m->cluster->moment.code] == 0)
        return !m->dead;
    lost = m->cluster->moment.lost;
    strike(m->cluster);
    return !lost;
}
