/* SPDX-License-Identifier: BSD-2-Clause */
#include "sync/hello.h"

int mpci_hello_encode(mpci_writer *w, const mpci_members *m, const mpci_member *first, unsigned n)
{
    mpci_writer try = *w;

    mpci_write_number(&try, MPCI_RECORD_HELLO | MPCI_RECORD_CRITICAL, 1);
    mpci_write_number(&try, 1 + n * MPCI_HELLO_ENTRY, 1);
    mpci_write_number(&try, 0, 1);
    for (unsigned i = 0; i < n; i++) {
        mpci_write_number(&try, first[i].id, 2);
        mpci_write_number(&try, mpci_member_challenge(m, &first[i]), 8);
        mpci_write_number(&try, first[i].heard_challenge, 8);
    }
    if (try.failed)
        return 0;
    *w = try;
    return 1;
}

int mpci_hello_decode(mpci_greeting *g, const mpci_reader *body, uint32_t self)
{
    mpci_reader r = *body;
    int found = 0;

    (void)mpci_read_number(&r, 1); /* flags: none is known yet */
    while (!r.failed && mpci_reader_left(&r) > 0) {
        uint32_t id = (uint32_t)mpci_read_number(&r, 2);
        uint64_t challenge = mpci_read_number(&r, 8);
        uint64_t answer = mpci_read_number(&r, 8);

        if (r.failed || id != self)
            continue;
        g->challenge = challenge;
        g->answer = answer;
        found = 1;
    }
    return r.failed ? -1 : found;
}
