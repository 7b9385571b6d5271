/* SPDX-License-Identifier: BSD-2-Clause */
#include "sync/frame.h"

#include "base/cursor.h"

void mpci_frame_key_init(mpci_frame_key *k, const mpci_sipkey *root)
{
    k->tag = mpci_sipkey_derive(root, "mpconn frame", 0);
    k->cluster = (uint32_t)mpci_sipkey_derive(root, "mpconn cluster", 0).k[0];
}

unsigned mpci_frame_parse(mpci_frame *f, const uint8_t *bytes, size_t len)
{
    mpci_reader r;
    unsigned version;

    if (len < MPCI_FRAME_HEADER + MPCI_FRAME_TAG) /* and perhaps no bytes at all */
        return MPCONN_SYNC_TRUNCATED;
    r = mpci_reader_of(bytes, len);
    if (mpci_read_number(&r, 2) != MPCI_FRAME_MAGIC)
        return MPCONN_SYNC_BAD_MAGIC;
    version = (unsigned)mpci_read_number(&r, 1);
    if (version >> 4 != MPCI_FRAME_VERSION >> 4)
        return MPCONN_SYNC_BAD_VERSION;
    f->flags = (uint8_t)mpci_read_number(&r, 1);
    if ((f->flags & MPCI_FRAME_MUST_KNOW) != 0)
        return MPCONN_SYNC_BAD_FLAGS;
    f->sender = (uint16_t)mpci_read_number(&r, 2);
    f->destination = (uint16_t)mpci_read_number(&r, 2);
    f->cluster = (uint32_t)mpci_read_number(&r, 4);
    f->epoch = (uint32_t)mpci_read_number(&r, 4);
    f->boot = mpci_read_number(&r, 8);
    f->sequence = mpci_read_number(&r, 8);
    if (f->boot == 0 || f->sequence == 0) /* what a member that nobody has heard of would fit */
        return MPCONN_SYNC_MALFORMED;
    return MPCONN_SYNC_TAKEN;
}

void mpci_frame_write(const mpci_frame *f, uint8_t bytes[MPCI_FRAME_HEADER])
{
    mpci_store16(bytes, MPCI_FRAME_MAGIC);
    bytes[2] = MPCI_FRAME_VERSION;
    bytes[3] = f->flags;
    mpci_store16(bytes + 4, f->sender);
    mpci_store16(bytes + 6, f->destination);
    mpci_store32(bytes + 8, f->cluster);
    mpci_store32(bytes + 12, f->epoch);
    mpci_store64(bytes + 16, f->boot);
    mpci_store64(bytes + 24, f->sequence);
}

void mpci_frame_tag(const mpci_frame_key *k, const uint8_t *bytes, size_t len, uint8_t *tag)
{
    mpci_siphash24_128(&k->tag, bytes, len, tag);
}

int mpci_frame_tag_fits(const mpci_frame_key *k, const uint8_t *bytes, size_t len)
{
    uint8_t tag[MPCI_FRAME_TAG];
    unsigned differs = 0;

    mpci_siphash24_128(&k->tag, bytes, len, tag);
    for (unsigned i = 0; i < sizeof tag; i++)
        differs |= (unsigned)(tag[i] ^ bytes[len + i]);
    return differs == 0;
}
