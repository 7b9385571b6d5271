/* SPDX-License-Identifier: BSD-2-Clause */
/* What a controller may ask for: defaults and ranges. */
#include "rendezvous/session.h"

#include "base/abi.h"
#include "packet/endpoints.h"
#include "packet/ip.h"

enum { CONFIG_V1 = sizeof(mpconn_session_config) };

/* NATs keep a call that is not answered for four minutes (RFC 5382 REQ-5). */
enum { LONGEST_WAIT_MS = 240000 };

enum { LEAST_MSS = 88, CANDIDATES_DEFAULT = 4, CANDIDATES_MOST = 8 };

static const uint32_t known_flags = MPCONN_SESSION_F_FAMILIES | MPCONN_SESSION_F_SIGNED_SILENT;

static int all_zero(const uint8_t *p, size_t n)
{
    unsigned any = 0;

    while (n-- > 0)
        any |= p[n];
    return any == 0;
}

int mpci_session_name(char out[MPCI_SESSION_NAME], const char *name)
{
    unsigned len = 0;

    while (len < MPCI_SESSION_NAME && name[len] != '\0')
        len++;
    if (len == 0 || len == MPCI_SESSION_NAME)
        return MPCONN_ERR_INVAL;
    memcpy(out, name, len);
    memset(out + len, 0, MPCI_SESSION_NAME - len);
    return MPCONN_OK;
}

static unsigned bits_of(const mpconn_termination *t)
{
    return 8 * (unsigned)mpci_ip_addr_len(t->family);
}

int mpci_termination_is_known(const mpconn_termination *t)
{
    return t->expect_prefix == bits_of(t) && t->expect_port != 0;
}

/* Only the bits that count, so that equal wishes are equal bytes. */
static void keep_prefix(mpconn_addr *a, unsigned bits)
{
    for (unsigned i = 0; i < sizeof(a->bytes); i++) {
        unsigned kept = bits >= 8 * i + 8 ? 8 : bits > 8 * i ? bits - 8 * i : 0;

        a->bytes[i] &= (uint8_t)(0xff00u >> kept);
    }
}

static int import_termination(mpconn_termination *t)
{
    unsigned bits;

    if (t->family != MPCONN_FAMILY_IPV4 && t->family != MPCONN_FAMILY_IPV6)
        return MPCONN_ERR_INVAL;
    bits = bits_of(t);
    if (t->expect_prefix > bits || t->latch > MPCONN_LATCH_RELATCH ||
        !all_zero(t->reserved, sizeof(t->reserved)))
        return MPCONN_ERR_INVAL;
    if (t->latch == MPCONN_LATCH_OFF && !mpci_termination_is_known(t))
        return MPCONN_ERR_INVAL;
    keep_prefix(&t->local, bits);
    keep_prefix(&t->expect, t->expect_prefix);
    if (!mpci_endpoints_is_possible(t->family, t->local.bytes, t->local_port))
        return MPCONN_ERR_INVAL;
    if (t->expect_prefix == bits && !mpci_endpoints_is_possible(t->family, t->expect.bytes, 1))
        return MPCONN_ERR_INVAL;
    return MPCONN_OK;
}

static int import_terminations(mpconn_session_config *c)
{
    const mpconn_termination *t = c->termination;
    int rc = import_termination(&c->termination[0]);

    if (rc == MPCONN_OK)
        rc = import_termination(&c->termination[1]);
    if (rc != MPCONN_OK)
        return rc;
    if (t[0].family != t[1].family)
        return (c->flags & MPCONN_SESSION_F_FAMILIES) != 0 ? MPCONN_OK : MPCONN_ERR_INVAL;
    return t[0].local_port == t[1].local_port &&
                   memcmp(&t[0].local, &t[1].local, sizeof(t[0].local)) == 0
               ? MPCONN_ERR_INVAL
               : MPCONN_OK;
}

static int import_time(uint32_t *ms, uint32_t otherwise)
{
    if (*ms == 0)
        *ms = otherwise;
    return *ms <= LONGEST_WAIT_MS ? MPCONN_OK : MPCONN_ERR_INVAL;
}

static int import_times(mpconn_session_config *c)
{
    int rc = import_time(&c->wait_ms, 127000);

    if (rc == MPCONN_OK)
        rc = import_time(&c->fresh_ms, 130);
    if (rc == MPCONN_OK)
        rc = import_time(&c->confirm_ms, 10000);
    if (rc == MPCONN_OK)
        rc = import_time(&c->relatch_ms, 1000);
    return rc;
}

/* Of a session between families the one with the longer header counts. */
static int import_policies(mpconn_session_config *c)
{
    int wide = c->termination[0].family == MPCONN_FAMILY_IPV6 ||
               c->termination[1].family == MPCONN_FAMILY_IPV6;

    if (c->max_mss == 0)
        c->max_mss = wide ? 1440 : 1460;
    if (c->candidates == 0)
        c->candidates = CANDIDATES_DEFAULT;
    if (c->max_mss < LEAST_MSS || c->candidates > CANDIDATES_MOST ||
        c->role > MPCONN_ROLE_REVERSE || c->answer > MPCONN_ANSWER_FORWARD ||
        c->stale > MPCONN_STALE_PASS || (c->flags & ~known_flags) != 0 || c->reserved != 0)
        return MPCONN_ERR_INVAL;
    return MPCONN_OK;
}

/* Somebody has to be called. */
static int import_role(const mpconn_session_config *c)
{
    return c->role == MPCONN_ROLE_MERGE || mpci_termination_is_known(&c->termination[0]) ||
                   mpci_termination_is_known(&c->termination[1])
               ? MPCONN_OK
               : MPCONN_ERR_EXPECT;
}

int mpci_session_import(mpconn_session_config *out, const mpconn_session_config *in)
{
    mpconn_session_config c;
    int rc = mpci_abi_import(&c, sizeof(c), in, CONFIG_V1);

    if (rc == MPCONN_OK)
        rc = mpci_session_name(c.name, in->name);
    if (rc == MPCONN_OK)
        rc = import_terminations(&c);
    if (rc == MPCONN_OK)
        rc = import_times(&c);
    if (rc == MPCONN_OK)
        rc = import_policies(&c);
    if (rc == MPCONN_OK)
        rc = import_role(&c);
    if (rc == MPCONN_OK)
        *out = c;
    return rc;
}
