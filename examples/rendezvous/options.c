/* SPDX-License-Identifier: BSD-2-Clause */
#include "rendezvous/options.h"

#include <net/if.h>
#include <string.h>

#define SESSIONS_DEFAULT 16384
#define SESSIONS_MOST (UINT32_C(1) << 20)

const char cli_program[] = PROGRAM;

static const char *set_id(options *o, const char *value)
{
    return cli_member(&o->id, value);
}

static const char *set_key(options *o, const char *value)
{
    return cli_read_key(&o->key, value);
}

static const char *add_interface(options *o, const char *value)
{
    for (size_t i = 0; i < o->n_interfaces; i++) {
        if (strcmp(o->interfaces[i], value) == 0)
            return "the same interface twice";
    }
    if (o->n_interfaces == RUNNER_PORTS)
        return "too many interfaces";
    if (if_nametoindex(value) == 0)
        return "no such interface";
    o->interfaces[o->n_interfaces++] = value;
    return NULL;
}

static const char *set_sessions(options *o, const char *value)
{
    o->sessions = value;
    return NULL;
}

static const char *set_control(options *o, const char *value)
{
    o->control = value;
    return NULL;
}

static const char *set_record(options *o, const char *value)
{
    o->record = value;
    return NULL;
}

static const char *set_max_sessions(options *o, const char *value)
{
    return cli_u32(&o->max_sessions, value, 1, SESSIONS_MOST, "expected a number from 1 to 2^20");
}

static const char *set_sync(options *o, const char *value)
{
    return sync_set_channel(&o->sync, value);
}

static const char *add_peer(options *o, const char *value)
{
    return sync_add_peer(&o->sync, value);
}

static const char *set_impair(options *o, const char *value)
{
    const char *colon = strchr(value, ':');
    if (colon && strncmp(value, "data:", 5) == 0)
        return impair_parse(&o->impair, colon + 1);
    if (colon && strncmp(value, "sync:", 5) == 0)
        return impair_parse(&o->sync.impair, colon + 1);
    return "expected data:NAME=VALUE,... or sync:NAME=VALUE,...";
}

static const char *set_no_vnet_hdr(options *o, const char *value)
{
    (void)value;
    o->no_vnet_hdr = true;
    return NULL;
}

static const cli_option known[] = {
    { "id", "N", "number of this member, 0 to 65534; default 0", set_id },
    { "key", "FILE", "cluster key, 16 to 64 bytes or as many in hexadecimal", set_key },
    { "if", "IFACE", "interface by which clients reach this host; may be given again",
      add_interface },
    { "sessions", "FILE", "sessions to begin with, a JSON object a line", set_sessions },
    { "control", "PATH", "socket that takes add, modify, remove, list, events, stats, members, "
      "quit", set_control },
    { "max-sessions", "N", "sessions there can be; default 16384", set_max_sessions },
    { "sync", "CHANNEL", "to the other members: udp:ADDR:PORT, and multicast: or "
      "broadcast:ADDR:PORT@IFACE", set_sync },
    { "peer", "ID[=ADDR:PORT]", "another member, at this address or in the group; may be given "
      "again", add_peer },
    { "impair", "WHAT:SETTINGS", "loss=P,dup=P,reorder=P,delay=MS,seed=N on what is received; "
      "data or sync", set_impair },
    { "record", "FILE", "record the engine's calls, for mpconn-replay; the key is in it",
      set_record },
    { "no-vnet-hdr", NULL, "do without segmentation and checksum offloads", set_no_vnet_hdr },
};

static const char usage[] =
    "--key FILE --if IFACE [OPTION...]\n"
    "Joins two clients that both call: each calls a termination, an address and port that are\n"
    "routed to this host and not its own. Prints \"ready\" when it runs; SIGTERM ends it.\n"
    "\n"
    "A session is one JSON object on one line:\n"
    "  {\"session\":\"NAME\",\"a\":{\"local\":\"ADDR:PORT\",\"expect\":\"PREFIX\"},\"b\":{...}}\n"
    "IPv6 addresses before a port stand in brackets. What may be left out:\n"
    "  expect    who is to call: ADDR, ADDR/LEN or ADDR:PORT\n"
    "  latch     on, off or relatch; also beside a and b, for both\n"
    "  role      merge, forward, track or reverse\n"
    "  answer    both, second or forward\n"
    "  stale     wait, strip, strict or pass\n"
    "  signed    reset or silent\n"
    "  candidates, max_mss, zone, wait_ms, fresh_ms, confirm_ms, relatch_ms: numbers\n"
    "\n"
    "The kernel must have nothing to say about the terminations: none is an address of this\n"
    "host, and a blackhole route keeps it from forwarding their packets, or from answering that\n"
    "there is no route:\n"
    "  ip route add blackhole 198.51.100.0/24\n"
    "  ip -6 route add blackhole 2001:db8:7::/64";

void options_parse(options *o, int argc, char **argv)
{
    memset(o, 0, sizeof(*o));
    o->max_sessions = SESSIONS_DEFAULT;
    cli_parse(known, sizeof(known) / sizeof(known[0]), usage, o, argc, argv);
    if (o->key.len == 0)
        die(EXIT_USAGE, "--key FILE is missing");
    if (o->n_interfaces == 0)
        die(EXIT_USAGE, "--if IFACE is missing");
    sync_require_ways(&o->sync, o->id);
}
