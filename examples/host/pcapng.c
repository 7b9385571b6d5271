/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A file is a sequence of blocks: type (4), length (4), body, options, length again (4), all in
 * the byte order of the machine, padded to 4. Section header first, then the interfaces, then
 * enhanced packet blocks. Options are code (2), length (2), value, padded to 4.
 */
#include "host/pcapng.h"

#include <string.h>

enum {
    BLOCK_SECTION = 0x0a0d0d0a,
    BLOCK_INTERFACE = 1,
    BLOCK_PACKET = 6,
    OPTION_END = 0,
    OPTION_PACKET_FLAGS = 2,
    OPTION_IF_NAME = 2,
    OPTION_IF_DESCRIPTION = 3,
    OPTION_IF_TIME_RESOLUTION = 9,
    LINK_TYPE_ETHERNET = 1,
    FLAG_INBOUND = 1,
    FLAG_OUTBOUND = 2
};

static size_t padding(size_t len)
{
    return -len & 3;
}

static void put(pcapng *p, const void *bytes, size_t len)
{
    fwrite(bytes, 1, len, p->file);
}

static void put16(pcapng *p, uint16_t v)
{
    put(p, &v, sizeof(v));
}

static void put32(pcapng *p, uint32_t v)
{
    put(p, &v, sizeof(v));
}

static void put_padding(pcapng *p, size_t len)
{
    put(p, "\0\0\0", padding(len));
}

static void put_option(pcapng *p, uint16_t code, const void *value, size_t len)
{
    put16(p, code);
    put16(p, (uint16_t)len);
    put(p, value, len);
    put_padding(p, len);
}

static uint32_t option_bytes(size_t len)
{
    return (uint32_t)(4 + len + padding(len));
}

bool pcapng_open(pcapng *p, const char *path, uint32_t snap_len)
{
    const uint32_t magic = 0x1a2b3c4d;
    const uint64_t unknown_length = UINT64_MAX;
    const uint32_t total = 28;

    p->snap_len = snap_len;
    p->file = fopen(path, "wbe");
    if (!p->file)
        return false;
    setvbuf(p->file, NULL, _IOFBF, 1 << 18);
    put32(p, BLOCK_SECTION);
    put32(p, total);
    put32(p, magic);
    put16(p, 1); /* version 1.0 */
    put16(p, 0);
    put(p, &unknown_length, sizeof(unknown_length));
    put32(p, total);
    return true;
}

void pcapng_add_interface(pcapng *p, const char *name, const char *description)
{
    const uint8_t nanoseconds = 9;
    size_t name_len = strlen(name), text_len = strlen(description);
    uint32_t total = 20 + option_bytes(name_len) + option_bytes(text_len) + option_bytes(1) +
                     option_bytes(0);

    put32(p, BLOCK_INTERFACE);
    put32(p, total);
    put16(p, LINK_TYPE_ETHERNET);
    put16(p, 0);
    put32(p, p->snap_len);
    put_option(p, OPTION_IF_NAME, name, name_len);
    put_option(p, OPTION_IF_DESCRIPTION, description, text_len);
    put_option(p, OPTION_IF_TIME_RESOLUTION, &nanoseconds, 1);
    put_option(p, OPTION_END, "", 0);
    put32(p, total);
}

void pcapng_write(pcapng *p, uint32_t interface, bool outbound, uint64_t at_ns,
                  const l2_header *l2, const mpconn_pkt *pkt)
{
    const uint32_t flags = outbound ? FLAG_OUTBOUND : FLAG_INBOUND;
    uint32_t len = l2->len + pkt->len;
    uint32_t kept = len < p->snap_len ? len : p->snap_len;
    uint32_t total = 32 + kept + (uint32_t)padding(kept) + option_bytes(4) + option_bytes(0);

    put32(p, BLOCK_PACKET);
    put32(p, total);
    put32(p, interface);
    put32(p, (uint32_t)(at_ns >> 32));
    put32(p, (uint32_t)at_ns);
    put32(p, kept);
    put32(p, len);
    put(p, l2->bytes, l2->len < kept ? l2->len : kept);
    put(p, pkt->data, kept > l2->len ? kept - l2->len : 0);
    put_padding(p, kept);
    put_option(p, OPTION_PACKET_FLAGS, &flags, sizeof(flags));
    put_option(p, OPTION_END, "", 0);
    put32(p, total);
}

bool pcapng_close(pcapng *p)
{
    bool ok = !ferror(p->file);
    ok = fclose(p->file) == 0 && ok;
    p->file = NULL;
    return ok;
}
