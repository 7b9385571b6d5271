/* SPDX-License-Identifier: BSD-2-Clause */
/* As much of doc/frames.md as it takes to say what a frame is about. */
#include "demo/message.h"

#include <stdio.h>
#include <string.h>

enum { MAGIC = 0x4d43, MAJOR = 1, SEALED = 1, HEADER = 32, TAG = 16, HELLO = 0x81 };

const char *message_record_name(uint8_t type)
{
    static const char *const names[] = {
        [0x81] = "HELLO", [0x82] = "SHARE", [0x83] = "DRIVE",    [0x84] = "ANSWER",
        [0x85] = "COMMIT", [0x86] = "STALE", [0x87] = "DELTA",    [0x88] = "QUERY",
        [0x89] = "REPLY",  [0x8a] = "CLOSE", [0x8b] = "REACK",    [0x8c] = "RST_SEEN",
        [0x8d] = "ACK",    [0x8e] = "PLAIN",   [0x8f] = "SESSION", [0x90] = "REQUEST",
        [0x91] = "PAIR",   [0x92] = "SESSION_END", [0x93] = "SESSION_SUMS",
        [0x95] = "SAY",    [0x96] = "PATH",
    };
    return type < sizeof(names) / sizeof(names[0]) ? names[type] : NULL;
}

/* Names for which there is no room are told as "...". */
static void add_name(message *m, const char *name)
{
    static const char more[] = "...";
    size_t at = strlen(m->names), room = sizeof(m->names) - at;

    if (at >= strlen(more) && strcmp(m->names + at - strlen(more), more) == 0)
        return;
    if (strlen(name) + sizeof(more) + 2 > room)
        name = more;
    snprintf(m->names + at, room, "%s%s", at ? " " : "", name);
}

/* The records that are there whole; one that is not is told, too. */
static void read_records(message *m, const uint8_t *at, size_t kept, size_t len)
{
    while (len) {
        if (kept < 2 || at[1] + 2u > kept) {
            add_name(m, "...");
            m->greeting = false;
            return;
        }
        const char *name = message_record_name(at[0]);
        size_t record = at[1] + 2u;
        add_name(m, name ? name : "?");
        m->greeting &= at[0] == HELLO;
        at += record;
        kept -= record;
        len -= record;
    }
}

bool message_read(message *m, const uint8_t *bytes, size_t kept, size_t len)
{
    memset(m, 0, sizeof(*m));
    if (kept > len)
        kept = len;
    if (kept < HEADER || len < HEADER + TAG || (bytes[0] << 8 | bytes[1]) != MAGIC ||
        bytes[2] >> 4 != MAJOR)
        return false;
    m->sender = (uint16_t)(bytes[4] << 8 | bytes[5]);
    for (int i = 24; i < 32; i++)
        m->sequence = m->sequence << 8 | bytes[i];
    m->len = (uint32_t)len;
    m->greeting = true;
    if (bytes[3] & SEALED) {
        add_name(m, "sealed");
        m->greeting = false;
        return true;
    }
    size_t end = kept < len - TAG ? kept : len - TAG;
    read_records(m, bytes + HEADER, end - HEADER, len - HEADER - TAG);
    return true;
}
