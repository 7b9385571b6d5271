/* SPDX-License-Identifier: BSD-2-Clause */
#include "member/options.h"

#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#define SNAP_LEN_DEFAULT 65600

const char cli_program[] = PROGRAM;

static const char *set_id(options *o, const char *value)
{
    return cli_member(&o->id, value);
}

static const char *set_key(options *o, const char *value)
{
    return cli_read_key(&o->key, value);
}

static const char *add_interface(options *o, int side, const char *name)
{
    for (int s = 0; s < 2; s++) {
        for (size_t i = 0; i < o->n_interfaces[s]; i++) {
            if (strcmp(o->interfaces[s][i], name) == 0)
                return "the same interface twice";
        }
    }
    if (o->n_interfaces[side] == SIDE_PORTS)
        return "too many interfaces";
    if (if_nametoindex(name) == 0)
        return "no such interface";
    o->interfaces[side][o->n_interfaces[side]++] = name;
    return NULL;
}

static const char *set_client_if(options *o, const char *value)
{
    return add_interface(o, MPCONN_SIDE_CLIENT, value);
}

static const char *set_server_if(options *o, const char *value)
{
    return add_interface(o, MPCONN_SIDE_SERVER, value);
}

static const char *set_split(options *o, const char *value)
{
    static const char *const names[] = { [MPCONN_SPLIT_ALWAYS] = "always",
                                         [MPCONN_SPLIT_ADAPTIVE] = "adaptive",
                                         [MPCONN_SPLIT_NEVER] = "never" };
    for (uint32_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(value, names[i]) == 0) {
            o->split_mode = i;
            return NULL;
        }
    }
    return "expected always, adaptive or never";
}

static const char *set_unknown(options *o, const char *value)
{
    if (strcmp(value, "drop") == 0)
        o->unknown_policy = MPCONN_UNKNOWN_DROP;
    else if (strcmp(value, "pass") == 0)
        o->unknown_policy = MPCONN_UNKNOWN_PASS;
    else
        return "expected drop or pass";
    return NULL;
}

static const char *set_max_flows(options *o, const char *value)
{
    return cli_u32(&o->max_flows, value, 1, UINT32_C(1) << 28, "expected a number from 1 to 2^28");
}

static const char *set_adaptive_from(options *o, const char *value)
{
    return cli_u32(&o->adaptive_from, value, 1, 4096, "expected a number from 1 to 4096");
}

static const char *set_syn_tries(options *o, const char *value)
{
    return cli_u32(&o->syn_tries, value, 1, 20, "expected a number from 1 to 20");
}

static const char *set_syn_rto(options *o, const char *value)
{
    uint64_t ms;
    if (!cli_number(&ms, value, 1, 60000))
        return "expected 1 to 60000 milliseconds";
    o->syn_rto_ns = ms * MPCONN_MILLISECOND;
    return NULL;
}

static const char *set_control(options *o, const char *value)
{
    o->control = value;
    return NULL;
}

static const char *set_pcap(options *o, const char *value)
{
    o->pcap = value;
    return NULL;
}

static const char *set_snap_len(options *o, const char *value)
{
    return cli_u32(&o->snap_len, value, 64, SNAP_LEN_DEFAULT, "expected 64 to 65600 bytes");
}

static const char *set_trace(options *o, const char *value)
{
    o->trace = value;
    return NULL;
}

static const char *set_record(options *o, const char *value)
{
    o->record = value;
    return NULL;
}

static const char *set_impair(options *o, const char *value)
{
    const char *colon = strchr(value, ':');
    if (colon && strncmp(value, "data:", 5) == 0)
        return impair_parse(&o->impair, colon + 1);
    if (colon && strncmp(value, "sync:", 5) == 0) {
        const char *wrong = impair_parse(&o->sync.impair, colon + 1);
        return wrong || o->sync.impair.nth == 0 ? wrong : "nth counts segments of data";
    }
    return "expected data:NAME=VALUE,... or sync:NAME=VALUE,...";
}

static const char *set_no_vnet_hdr(options *o, const char *value)
{
    (void)value;
    o->no_vnet_hdr = true;
    return NULL;
}

/* REASON or REASON:COUNT */
static const char *set_lose(options *o, const char *value)
{
    size_t len = strcspn(value, ":");
    uint64_t count = UINT32_MAX;

    if (value[len] && !cli_number(&count, value + len + 1, 1, UINT32_MAX))
        return "expected REASON or REASON:COUNT";
    for (unsigned r = 0; r < MPCONN_REASON_LIMIT; r++) {
        const char *name = mpconn_reason_name(r);
        if (name && strlen(name) == len && strncmp(name, value, len) == 0) {
            o->lose[r] = (uint32_t)count;
            return NULL;
        }
    }
    return "no such reason";
}

static const char *set_sync(options *o, const char *value)
{
    return sync_set_channel(&o->sync, value);
}

static const char *add_peer(options *o, const char *value)
{
    return sync_add_peer(&o->sync, value);
}

static const char *add_bind(options *o, const char *value)
{
    const char *wrong;

    if (o->n_binds == BIND_RULES)
        return "too many rules";
    wrong = bind_parse(&o->binds[o->n_binds], value);
    o->n_binds += wrong == NULL;
    return wrong;
}

static const char *set_defer(options *o, const char *value)
{
    char *end;
    double s = strtod(value, &end);

    if (end == value || *end || !(s >= 0 && s <= 86400))
        return "expected 0 to 86400 seconds";
    o->defer_ns = (uint64_t)(s * 1e9);
    if (o->defer_ns == 0)
        o->defer_ns = 1; /* the engine takes 0 for its default */
    return NULL;
}

static const char *set_announce(options *o, const char *value)
{
    if (strcmp(value, "adaptive") == 0)
        o->announce = MPCONN_ANNOUNCE_ADAPTIVE;
    else if (strcmp(value, "early") == 0)
        o->announce = MPCONN_ANNOUNCE_EARLY;
    else
        return "expected adaptive or early";
    return NULL;
}

static const char *set_client_window(options *o, const char *value)
{
    return cli_u32(&o->client_window, value, 0, UINT16_MAX, "expected a number from 0 to 65535");
}

static const char *set_mode(options *o, const char *value)
{
    if (strcmp(value, "routed") == 0)
        o->return_path = MPCONN_RETURN_BACK;
    else if (strcmp(value, "bridge") == 0)
        o->return_path = MPCONN_RETURN_ECHO;
    else
        return "expected routed or bridge";
    return NULL;
}

static const char *set_zones(options *o, const char *value)
{
    if (strcmp(value, "one") != 0 && strcmp(value, "vlan") != 0)
        return "expected one or vlan";
    o->zones_rule = value;
    return NULL;
}

static const char *add_zone(options *o, const char *value)
{
    return zones_add(&o->zones, value);
}

/* ALL or ALL:SERVER */
static const char *set_echo_rate(options *o, const char *value)
{
    char all[16];
    size_t len = strcspn(value, ":");
    const char *wrong = "expected ALL or ALL:SERVER, each from 1 to 1000000";

    if (len >= sizeof(all))
        return wrong;
    memcpy(all, value, len);
    all[len] = 0;
    wrong = cli_u32(&o->echo_rate, all, 1, 1000000, wrong);
    if (!wrong && value[len])
        wrong = cli_u32(&o->echo_rate_server, value + len + 1, 1, 1000000,
                        "expected ALL or ALL:SERVER, each from 1 to 1000000");
    return wrong;
}

static const cli_option entries[] = {
    { "id", "N", "number of this member, 0 to 65534; default 0", set_id },
    { "key", "FILE", "cluster key, 16 to 64 bytes or as many in hexadecimal", set_key },
    { "client-if", "IFACE", "interface toward the clients; may be given again", set_client_if },
    { "server-if", "IFACE", "interface toward the servers; may be given again", set_server_if },
    { "split", "MODE", "always (default), adaptive or never", set_split },
    { "mode", "MODE", "routed (default), or bridge: nothing can be sent back where it came from",
      set_mode },
    { "zones", "RULE", "vlan: each VLAN is a zone of its own (default), or one for all of them "
      "(default of a bridge)", set_zones },
    { "zone", "VLAN=ZONE", "zone of a VLAN, 0 for no tag; may be given again, and at every member "
      "alike", add_zone },
    { "echo-rate", "ALL[:SERVER]", "echoes a second of a bridge at most, and to one server",
      set_echo_rate },
    { "adaptive-from", "N", "unproved handshakes from which adaptive splits; default 1024",
      set_adaptive_from },
    { "unknown", "POLICY", "segments of no known flow: drop or pass", set_unknown },
    { "max-flows", "N", "capacity of the table of flows", set_max_flows },
    { "syn-rto", "MS", "first repeat of a SYN to the server; doubles", set_syn_rto },
    { "syn-tries", "N", "SYNs sent to a server at most", set_syn_tries },
    { "control", "PATH", "socket that answers stats, flows, members, paths and quit", set_control },
    { "pcap", "FILE", "record all frames, as pcapng: of interfaces and of members", set_pcap },
    { "snap-len", "BYTES", "record so much of a frame at most", set_snap_len },
    { "trace", "FILE", "write what happens to connections, as lines of JSON", set_trace },
    { "record", "FILE", "record the engine's calls, for mpconn-replay; the key is in it",
      set_record },
    { "sync", "CHANNEL", "to the other members: udp:ADDR:PORT, and multicast: or "
      "broadcast:ADDR:PORT@IFACE; or, without IP, ether:IFACE[:TYPE]", set_sync },
    { "peer", "ID[=ADDR:PORT]", "another member, at this address (ID=MAC without IP) or in the "
      "group; may be given again", add_peer },
    { "defer", "SECONDS", "age from which other members are told of a flow; default 2", set_defer },
    { "announce", "WHEN", "tell other members of a request: adaptive (default) or early",
      set_announce },
    { "client-window", "BYTES", "that a client may send before its server has answered; default 0",
      set_client_window },
    { "bind", "ADDR:PORT=ADDR:PORT[@SOURCE]", "lead clients of the first to the second, and from "
      "SOURCE; may be given again, and at every member alike", add_bind },
    { "impair", "WHAT:SETTINGS", "loss=P,dup=P,reorder=P,nth=P,delay=MS,seed=N on what is "
      "received; data or sync", set_impair },
    { "no-vnet-hdr", NULL, "do without segmentation and checksum offloads", set_no_vnet_hdr },
    { "lose", "REASON[:N]", "for tests: lose what the engine sends for that reason", set_lose },
};

static const char usage[] =
    "--key FILE --client-if IFACE --server-if IFACE [OPTION...]\n"
    "Bump in the wire between clients and servers: answers the clients' SYNs in the\n"
    "servers' place and opens the connection to the server once a client proved itself.\n"
    "Prints \"ready\" when it forwards; SIGTERM ends it.";

static void require_complete(const options *o)
{
    if (o->return_path == MPCONN_RETURN_ECHO && o->n_binds > 0)
        die(EXIT_USAGE, "--mode bridge and --bind exclude each other");
    if (o->key.len == 0)
        die(EXIT_USAGE, "--key FILE is missing");
    if (o->n_interfaces[MPCONN_SIDE_CLIENT] == 0)
        die(EXIT_USAGE, "--client-if IFACE is missing");
    if (o->n_interfaces[MPCONN_SIDE_SERVER] == 0)
        die(EXIT_USAGE, "--server-if IFACE is missing");
    sync_require_ways(&o->sync, o->id);
}

void options_parse(options *o, int argc, char **argv)
{
    memset(o, 0, sizeof(*o));
    o->snap_len = SNAP_LEN_DEFAULT;
    cli_parse(entries, sizeof(entries) / sizeof(entries[0]), usage, o, argc, argv);
    require_complete(o);
    /* what a bridge sees come back may have another tag */
    zones_complete(&o->zones, o->zones_rule ? strcmp(o->zones_rule, "vlan") == 0
                                            : o->return_path != MPCONN_RETURN_ECHO);
}
