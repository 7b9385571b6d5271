/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/bridge.h"

#include <string.h>

#include "sim/cluster.h"
#include "sim/ping.h"
#include "sim/world.h"

/* Links that stand for what came from a side, and for what another member told of and was turned
 * round. */
enum { LINK_OF_SIDE = 100, LINK_PER_SIDE = 50, LINK_TURNED = 200 };

enum { HEADER_TOLD = 14 };

static unsigned header_of(unsigned family, uint8_t last_of_server)
{
    return (family == 6 ? SIM_BRIDGE_HEADERS / 2 : 0) + last_of_server % (SIM_BRIDGE_HEADERS / 2);
}

/* Of a frame that comes from a side, or would. */
static unsigned header_from(unsigned from, const sim_frame *f)
{
    bool ipv4 = f->data[0] >> 4 == 4;
    unsigned last_of_src = ipv4 ? 15 : 23, last_of_dst = ipv4 ? 19 : 39;

    return header_of(ipv4 ? 4 : 6, f->data[from == SIM_CLIENT ? last_of_dst : last_of_src]);
}

static uint32_t link_of(unsigned from, unsigned header)
{
    return LINK_OF_SIDE + LINK_PER_SIDE * from + header;
}

uint32_t sim_bridge_link(unsigned from, const sim_frame *f)
{
    return link_of(from, header_from(from, f));
}

void sim_bridge_start(sim_member *m)
{
    memset(&m->bridge, 0, sizeof(m->bridge));
    if (sim_sabotage_is(m, "send-back"))
        m->cfg.engine.return_path = MPCONN_RETURN_BACK;
    if (sim_sabotage_is(m, "echo-rate"))
        m->cfg.engine.echo_rate = m->cfg.engine.echo_rate_server = 1000;
}

void sim_bridge_note_input(sim_member *m, const sim_frame *f, unsigned from)
{
    sim_segment seg;

    m->bridge.known[from][header_from(from, f)] = true;
    if (sim_segment_parse(&seg, f->data, f->len) == SIM_PARSE_OK && from == SIM_CLIENT &&
        (seg.flags & (SIM_SYN | SIM_ACK)) == SIM_SYN)
        m->bridge.syns++;
}

bool sim_bridge_can_send(sim_member *m, const sim_frame *f, unsigned to, uint32_t link,
                         const sim_parcel *in)
{
    unsigned from = to ^ 1, header = header_from(from, f);
    bool can = m->bridge.known[from][header];

    if (link == MPCONN_LINK_NONE) /* as it came */
        can = in != NULL && in->side == from && header_from(from, in->original) == header;
    else if (link == LINK_TURNED + header)
        can = to == SIM_CLIENT && m->bridge.turned[header];
    else if (link != link_of(from, header))
        can = false;
    if (!can && !sim_sabotage_is(m, "send-back"))
        sim_fail(m->node.world, "%s: by link %u nothing gets to side %u that has header %u",
                 m->node.name, (unsigned)link, to, header);
    return can;
}

/* A quarter of a second's worth at once, one at least. */
static void spend(sim_member *m, sim_bucket *b, uint32_t rate, const char *whose)
{
    const uint64_t one = SIM_SECOND;
    sim_time now = m->node.world->schedule.now;
    uint64_t burst = rate * one / 4, ebbed = b->level == 0 ? 0 : (now - b->at) * rate;

    b->level = (b->level > ebbed ? b->level - ebbed : 0) + one;
    b->at = now;
    /* the engine counts whole nanoseconds */
    if (b->level > (burst > one ? burst : one) + one / 100)
        sim_fail(m->node.world, "%s: more than %u echoes a second%s", m->node.name, rate, whose);
}

static void check_echo(sim_member *m, const sim_frame *f, unsigned to)
{
    const mpconn_engine_config *told = &m->node.world->member_config.engine;
    sim_bridge *b = &m->bridge;
    sim_ping ping;

    if (!sim_ping_parse(&ping, f->data, f->len) || !ping.request || to != SIM_SERVER) {
        sim_fail(m->node.world, "%s: an echo that is no ping of the server", m->node.name);
        return;
    }
    if (++b->echoes > b->syns)
        sim_fail(m->node.world, "%s: %llu echoes for %llu SYNs", m->node.name,
                 (unsigned long long)b->echoes, (unsigned long long)b->syns);
    spend(m, &b->all, told->echo_rate, "");
    spend(m, &b->server[header_from(SIM_CLIENT, f)], told->echo_rate_server, " to one server");
}

void sim_bridge_check_output(sim_member *m, const sim_frame *f, unsigned to, unsigned reason,
                             bool made)
{
    if (m->cfg.bridge && reason == MPCONN_REASON_ECHO_SENT)
        check_echo(m, f, to);
    else if (made)
        sim_fail(m->node.world, "packet made is malformed: %s", mpconn_reason_name(reason));
}

uint32_t sim_bridge_compared(const mpconn_pkt *pkt)
{
    uint32_t shown = pkt->data[0] >> 4 == 4 ? 20 : 40;

    return pkt->reason == MPCONN_REASON_ECHO_SENT && shown < pkt->len ? shown : pkt->len;
}

/* What one host says of a frame and another one expects of it. */
static void tell_header(uint8_t dst[HEADER_TOLD], uint32_t link)
{
    memset(dst, 'h', HEADER_TOLD);
    dst[0] = (uint8_t)link;
}

static int link_header(void *user, const mpconn_pkt *pkt, uint8_t *header)
{
    sim_engine *e = user;

    tell_header(header, pkt->link);
    sim_engine_told(e, pkt->link, "told of the header of link %u", (unsigned)pkt->link);
    return HEADER_TOLD;
}

static uint32_t return_link(void *user, const mpconn_return_request *r)
{
    sim_engine *e = user;
    sim_member *m = e->member;
    sim_leg leg = sim_member_leg(&r->tuple);
    uint8_t last = leg.server.bytes[leg.server.family == 4 ? 3 : 15];
    unsigned header = header_of(leg.server.family, last);
    uint8_t expected[HEADER_TOLD];

    sim_engine_told(e, r->isn, "asked for a link, origin %u", r->origin);
    tell_header(expected, link_of(SIM_CLIENT, header));
    if (r->origin_link != link_of(SIM_CLIENT, header) ||
        (r->link_header_len != 0 && (r->link_header_len != HEADER_TOLD ||
                                     memcmp(r->link_header, expected, HEADER_TOLD) != 0)))
        sim_fail(m->node.world, "%s: an echo with another header than its SYN had", m->node.name);
    m->bridge.learned++;
    if (m->cfg.hooks != SIM_BRIDGE_TURNS || r->link_header_len == 0)
        return MPCONN_LINK_NONE;
    m->bridge.turned[header] = true;
    return LINK_TURNED + header;
}

void sim_bridge_hooks(const sim_member *m, mpconn_callbacks *cb)
{
    if (m->cfg.hooks == SIM_BRIDGE_SILENT)
        return;
    cb->link_header = link_header;
    cb->return_link = return_link;
}
