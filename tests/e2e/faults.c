/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mpconn-member with a fault, for the tests that show what a part of the translation is good for:
 * MPCONN_FAULT names what is not carried from one leg to the other, "sack", "timestamps" or
 * "fragment"; "quote" is what an ICMP error quotes, "error" that error itself. Where the client has
 * SACK and the server has not, "blocks" are what duplicates lack, "windows" what is not held. With
 * "divide" a segment that may not grow is not divided to make room for timestamps. With "signature"
 * it does not see that a SYN is signed (TCP-MD5), and splits its connection. With "cut" all of IPv4
 * looks as if no router may cut it. With "echo" a client gets its first timestamp back for ever.
 * The linker (--wrap) puts this between the engine and its translator; the library knows nothing
 * of it.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "conn/duplicate.h"
#include "conn/stamp.h"
#include "conn/translate.h"
#include "conn/translate_error.h"
#include "packet/insert.h"
#include "packet/ip.h"

/* These names are the linker's. */
void __real_mpci_translate(const mpci_view *v, const mpconn_delta *delta, unsigned from,
                           const mpconn_pkt *pkt);
void __wrap_mpci_translate(const mpci_view *v, const mpconn_delta *delta, unsigned from,
                           const mpconn_pkt *pkt);
unsigned __real_mpci_translate_error(const mpci_view *v, const mpci_quote *q,
                                     const mpci_quoted_tcp *t, const mpconn_delta *delta,
                                     unsigned from, mpconn_pkt *pkt);
unsigned __wrap_mpci_translate_error(const mpci_view *v, const mpci_quote *q,
                                     const mpci_quoted_tcp *t, const mpconn_delta *delta,
                                     unsigned from, mpconn_pkt *pkt);
int __real_mpci_duplicate_block(uint8_t option[MPCI_BLOCK_LEN], const mpci_acked *a, uint32_t size,
                                uint32_t client_end);
int __wrap_mpci_duplicate_block(uint8_t option[MPCI_BLOCK_LEN], const mpci_acked *a, uint32_t size,
                                uint32_t client_end);
int __real_mpci_duplicate_reports_gap(const mpci_view *v);
int __wrap_mpci_duplicate_reports_gap(const mpci_view *v);
int __real_mpci_insert_for_payload(const mpci_view *v, const mpconn_pkt *pkt,
                                   const uint8_t *options, unsigned len, uint8_t *taken);
int __wrap_mpci_insert_for_payload(const mpci_view *v, const mpconn_pkt *pkt,
                                   const uint8_t *options, unsigned len, uint8_t *taken);
unsigned __real_mpci_syn_options_parse(mpci_syn_options *o, const mpci_view *v);
unsigned __wrap_mpci_syn_options_parse(mpci_syn_options *o, const mpci_view *v);
int __real_mpci_ip_may_be_cut(unsigned family, const uint8_t *ip);
int __wrap_mpci_ip_may_be_cut(unsigned family, const uint8_t *ip);
void __real_mpci_stamp_note(mpci_stamp *s, const mpci_view *v, const mpci_stamp_way *way);
void __wrap_mpci_stamp_note(mpci_stamp *s, const mpci_view *v, const mpci_stamp_way *way);

static bool fault_is(const char *name)
{
    const char *chosen = getenv("MPCONN_FAULT");
    return chosen && strcmp(chosen, name) == 0;
}

/* What the translator does not see it leaves as it is. */
void __wrap_mpci_translate(const mpci_view *v, const mpconn_delta *delta, unsigned from,
                           const mpconn_pkt *pkt)
{
    mpci_view seen = *v;

    if (fault_is("sack"))
        seen.sack_offset = 0;
    if (fault_is("timestamps"))
        seen.ts_offset = 0;
    if (fault_is("fragment") && v->first_fragment)
        return;
    __real_mpci_translate(&seen, delta, from, pkt);
}

unsigned __wrap_mpci_translate_error(const mpci_view *v, const mpci_quote *q,
                                     const mpci_quoted_tcp *t, const mpconn_delta *delta,
                                     unsigned from, mpconn_pkt *pkt)
{
    if (fault_is("error"))
        return MPCONN_REASON_BAD_QUOTE;
    return fault_is("quote") ? 0 : __real_mpci_translate_error(v, q, t, delta, from, pkt);
}

int __wrap_mpci_duplicate_block(uint8_t option[MPCI_BLOCK_LEN], const mpci_acked *a, uint32_t size,
                                uint32_t client_end)
{
    return fault_is("blocks") ? 0 : __real_mpci_duplicate_block(option, a, size, client_end);
}

int __wrap_mpci_duplicate_reports_gap(const mpci_view *v)
{
    return fault_is("windows") ? 0 : __real_mpci_duplicate_reports_gap(v);
}

int __wrap_mpci_insert_for_payload(const mpci_view *v, const mpconn_pkt *pkt,
                                   const uint8_t *options, unsigned len, uint8_t *taken)
{
    return fault_is("divide") ? 0 : __real_mpci_insert_for_payload(v, pkt, options, len, taken);
}

unsigned __wrap_mpci_syn_options_parse(mpci_syn_options *o, const mpci_view *v)
{
    unsigned bad = __real_mpci_syn_options_parse(o, v);

    if (fault_is("signature"))
        o->signature = 0;
    return bad;
}

int __wrap_mpci_ip_may_be_cut(unsigned family, const uint8_t *ip)
{
    return fault_is("cut") ? 0 : __real_mpci_ip_may_be_cut(family, ip);
}

void __wrap_mpci_stamp_note(mpci_stamp *s, const mpci_view *v, const mpci_stamp_way *way)
{
    if (!fault_is("echo"))
        __real_mpci_stamp_note(s, v, way);
}
