/* SPDX-License-Identifier: BSD-2-Clause */
#include "sync/hello.h"

uint8_t mpci_hello_mark(const mpci_told *t, uint64_t boot, uint64_t sequence)
{
    static const mpci_sipkey no_key; /* the frame is authenticated */
    uint8_t bytes[23];
    mpci_writer w = mpci_writer_of(bytes, sizeof bytes);

    mpci_write_number(&w, t->mss[0], 2);
    mpci_write_number(&w, t->mss[1], 2);
    mpci_write_number(&w, t->wscale, 1);
    mpci_write_number(&w, t->window, 2);
    mpci_write_number(&w, boot, 8);
    mpci_write_number(&w, sequence, 8);
    return (uint8_t)(mpci_siphash13(&no_key, bytes, sizeof bytes) % 255 + 1);
}

int mpci_hello_encode(mpci_writer *w, const mpci_members *m, unsigned mark,
                      const mpci_member *first, unsigned n)
{
    mpci_writer try = *w;

    mpci_write_number(&try, MPCI_RECORD_HELLO | MPCI_RECORD_CRITICAL, 1);
    mpci_write_number(&try, 1 + n * MPCI_HELLO_ENTRY, 1);
    mpci_write_number(&try, mark, 1);
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

    g->mark = (uint8_t)mpci_read_number(&r, 1);
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
