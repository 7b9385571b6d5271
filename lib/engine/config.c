/* SPDX-License-Identifier: BSD-2-Clause */
/* Configuration: defaults and ranges in one table each. */
#include "engine/engine.h"

#include "base/abi.h"

#define SECONDS(n) ((uint64_t)(n) * MPCONN_SECOND)

/* Versions of the structs this library knows, by size; the first is the smallest. */
enum {
    CONFIG_V1 = sizeof(mpconn_engine_config),
    TIMEOUTS_V1 = sizeof(mpconn_timeouts),
    CALLBACKS_V1 = sizeof(mpconn_callbacks)
};

#define FLAGS (MPCONN_ENGINE_F_VERIFY_CHECKSUMS | MPCONN_ENGINE_F_SESSIONS_ONLY)

enum { WIDE_FLOWS_DEFAULT = 16384, CANDIDATES_LEAST = 8 };

typedef struct range {
    size_t offset;
    uint64_t otherwise, least, most;
} range;

#define TIME(member, otherwise, least) \
    {offsetof(mpconn_timeouts, member), SECONDS(otherwise), least, SECONDS(30 * 86400)}

static const range times[] = {
    TIME(established_ns, 7440, MPCONN_MILLISECOND),
    TIME(transitory_ns, 240, MPCONN_MILLISECOND),
    TIME(closed_ns, 240, MPCONN_MILLISECOND),
    TIME(reset_ns, 240, MPCONN_MILLISECOND),
    TIME(syn_rto_ns, 1, MPCONN_MILLISECOND),
    TIME(hold_ns, 2, MPCONN_MILLISECOND),
    TIME(epoch_ns, 64, SECONDS(1)),
    TIME(hello_ns, 1, MPCONN_MILLISECOND),
    TIME(member_down_ns, 4, MPCONN_MILLISECOND),
    TIME(defer_ns, 2, 0),
};

#define COUNT(member, otherwise, least, most) \
    {offsetof(mpconn_engine_config, member), otherwise, least, most}

static const range counts[] = {
    COUNT(max_flows, 65536, 1, UINT64_C(1) << 28),
    COUNT(max_wide_flows, WIDE_FLOWS_DEFAULT, 1, UINT64_C(1) << 28),
    COUNT(max_handshakes, 4096, 1, UINT64_C(1) << 24),
    COUNT(max_held_packets, 4096, 1, UINT32_MAX),
    COUNT(split_mode, MPCONN_SPLIT_ALWAYS, MPCONN_SPLIT_ALWAYS, MPCONN_SPLIT_NEVER),
    COUNT(announce, MPCONN_ANNOUNCE_ADAPTIVE, MPCONN_ANNOUNCE_ADAPTIVE, MPCONN_ANNOUNCE_EARLY),
    COUNT(max_bindings, 0, 0, UINT64_C(1) << 28),
    COUNT(max_sessions, 0, 0, UINT64_C(1) << 24),
    COUNT(max_candidates, 0, 0, UINT64_C(1) << 24),
    COUNT(return_path, MPCONN_RETURN_BACK, MPCONN_RETURN_BACK, MPCONN_RETURN_ECHO),
    COUNT(echo_rate, 1000, 1, 1000000),
    COUNT(echo_rate_server, 200, 1, 1000000),
    COUNT(max_return_paths, 4096, 1, UINT64_C(1) << 20),
    COUNT(sync_mtu, 1400, 256, 65507),
    COUNT(unknown_policy, MPCONN_UNKNOWN_DEFAULT, MPCONN_UNKNOWN_DEFAULT, MPCONN_UNKNOWN_PASS),
};

/* SYNs to the server and repeats of a SYN|ACK: more would shift an interval of 30 days out of its
 * type. */
enum { TRIES_MOST = 12, MEMBERS_MOST = 64 };

int mpci_timeouts_import(mpconn_timeouts *out, const mpconn_timeouts *in)
{
    mpconn_timeouts t;
    int rc = mpci_abi_import(&t, sizeof(t), in, TIMEOUTS_V1);

    if (rc != MPCONN_OK)
        return rc;
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        uint64_t v;
        uint8_t *at = (uint8_t *)&t + times[i].offset;

        memcpy(&v, at, sizeof(v));
        if (v == 0)
            v = times[i].otherwise;
        if (v < times[i].least || v > times[i].most)
            return MPCONN_ERR_INVAL;
        memcpy(at, &v, sizeof(v));
    }
    if (t.syn_tries == 0)
        t.syn_tries = 5;
    if (t.syn_ack_repeats == 0)
        t.syn_ack_repeats = 3;
    if (t.member_down_ns <= t.hello_ns || t.syn_tries > TRIES_MOST ||
        (t.syn_ack_repeats > TRIES_MOST && t.syn_ack_repeats != MPCONN_NO_REPEATS))
        return MPCONN_ERR_INVAL;
    *out = t;
    return MPCONN_OK;
}

/* A pair takes a wide flow. Few clients of many sessions have a rival. */
static void import_sessions(mpconn_engine_config *c)
{
    if (c->max_wide_flows == 0 && c->max_sessions > WIDE_FLOWS_DEFAULT)
        c->max_wide_flows = c->max_sessions;
    if (c->max_candidates == 0 && c->max_sessions > 0)
        c->max_candidates = c->max_sessions / 4 + CANDIDATES_LEAST;
}

static int import_counts(mpconn_engine_config *c)
{
    import_sessions(c);
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        uint32_t v;
        uint8_t *at = (uint8_t *)c + counts[i].offset;

        memcpy(&v, at, sizeof(v));
        if (v == 0)
            v = (uint32_t)counts[i].otherwise;
        if (v < counts[i].least || v > counts[i].most)
            return MPCONN_ERR_INVAL;
        memcpy(at, &v, sizeof(v));
    }
    return MPCONN_OK;
}

static int import_profile(mpconn_engine_config *c)
{
    if (c->mss_ipv4 == 0)
        c->mss_ipv4 = 1460;
    if (c->mss_ipv6 == 0)
        c->mss_ipv6 = 1440;
    if (c->wscale == 0)
        c->wscale = 7;
    if (c->hop_limit == 0)
        c->hop_limit = 64;
    if (c->mss_ipv4 < 88 || c->mss_ipv6 < 88 || c->wscale > 14)
        return MPCONN_ERR_INVAL;
    return MPCONN_OK;
}

static int import_policies(mpconn_engine_config *c)
{
    if (c->max_held_bytes == 0)
        c->max_held_bytes = UINT64_C(8) << 20;
    if (c->adaptive_threshold == 0)
        c->adaptive_threshold = c->max_handshakes / 4;
    if (c->unknown_policy == MPCONN_UNKNOWN_DEFAULT)
        c->unknown_policy =
            c->split_mode == MPCONN_SPLIT_ALWAYS ? MPCONN_UNKNOWN_DROP : MPCONN_UNKNOWN_PASS;
    if (c->member_id >= MPCONN_MEMBER_ALL || (c->flags & ~FLAGS) != 0 ||
        ((c->flags & MPCONN_ENGINE_F_SESSIONS_ONLY) != 0 && c->max_sessions == 0) ||
        (c->return_path == MPCONN_RETURN_ECHO && c->max_sessions > 0))
        return MPCONN_ERR_INVAL;
    return MPCONN_OK;
}

/* Each of them once, none of them this one. */
static int check_members(const mpconn_engine_config *c)
{
    if (c->n_members > MEMBERS_MOST || (c->n_members > 0 && c->members == NULL))
        return MPCONN_ERR_INVAL;
    for (uint32_t i = 0; i < c->n_members; i++) {
        if (c->members[i] == c->member_id || c->members[i] == MPCONN_MEMBER_ALL)
            return MPCONN_ERR_INVAL;
        for (uint32_t j = 0; j < i; j++)
            if (c->members[i] == c->members[j])
                return MPCONN_ERR_INVAL;
    }
    return MPCONN_OK;
}

static int all_zero(const uint8_t *p, size_t n)
{
    unsigned any = 0;

    while (n-- > 0)
        any |= p[n];
    return any == 0;
}

/* Who hears of a member once a second knows the age of its echoes to the second (echo/fresh.h). */
int mpci_config_check_return(unsigned return_path, const mpconn_timeouts *t)
{
    return return_path == MPCONN_RETURN_ECHO && t->hello_ns > MPCONN_SECOND ? MPCONN_ERR_HELLO
                                                                             : MPCONN_OK;
}

int mpci_config_import(mpconn_engine_config *out, mpconn_timeouts *timeouts,
                       const mpconn_engine_config *cfg)
{
    mpconn_engine_config c;
    mpconn_timeouts t, defaults;
    int rc = mpci_abi_import(&c, sizeof(c), cfg, CONFIG_V1);

    if (rc != MPCONN_OK)
        return rc;
    if (c.key == NULL || c.key_len < 16 || c.key_len > 64 ||
        (c.allocator.alloc == NULL) != (c.allocator.release == NULL) ||
        !all_zero(c.reserved, sizeof(c.reserved)))
        return MPCONN_ERR_INVAL;
    MPCONN_STRUCT_INIT(&defaults);
    rc = mpci_timeouts_import(&t, c.timeouts != NULL ? c.timeouts : &defaults);
    if (rc == MPCONN_OK)
        rc = import_counts(&c);
    if (rc == MPCONN_OK)
        rc = import_profile(&c);
    if (rc == MPCONN_OK)
        rc = import_policies(&c);
    if (rc == MPCONN_OK)
        rc = check_members(&c);
    if (rc == MPCONN_OK)
        rc = mpci_config_check_return(c.return_path, &t);
    if (rc != MPCONN_OK)
        return rc;
    c.timeouts = NULL; /* the host's pointer is not kept */
    *out = c;
    *timeouts = t;
    return MPCONN_OK;
}

int mpci_callbacks_import(mpconn_callbacks *out, const mpconn_callbacks *in)
{
    mpconn_callbacks c;
    int rc = mpci_abi_import(&c, sizeof(c), in, CALLBACKS_V1);

    if (rc != MPCONN_OK)
        return rc;
    if (c.send_packets == NULL || c.random == NULL || (c.seal == NULL) != (c.open == NULL))
        return MPCONN_ERR_INVAL;
    *out = c;
    return MPCONN_OK;
}
