/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/json.h"

#include <inttypes.h>

/* What the first byte of a character of several says: how many follow, and from where to where the
 * next one may be (Unicode 15, table 3-7). */
static unsigned read_first(uint8_t first, uint8_t *low, uint8_t *high)
{
    *low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    *high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    if (first >= 0xc2 && first <= 0xdf)
        return 1;
    if (first >= 0xe0 && first <= 0xef)
        return 2;
    return first >= 0xf0 && first <= 0xf4 ? 3 : 0;
}

size_t json_character(const char *text)
{
    const uint8_t *at = (const uint8_t *)text;
    uint8_t low, high;
    unsigned follow = read_first(at[0], &low, &high);

    if (at[0] < 0x80)
        return 1;
    for (unsigned i = 1; i <= follow; i++) {
        if (at[i] < low || at[i] > high)
            return 0;
        low = 0x80;
        high = 0xbf;
    }
    return follow ? follow + 1 : 0;
}

static void put_byte(json *j, uint8_t c)
{
    if (c == '"' || c == '\\')
        putc('\\', j->out);
    if (c < 0x20)
        fprintf(j->out, "\\u%04x", c);
    else
        putc(c, j->out);
}

/* What is no UTF-8 would make a document that is no JSON; it may be what somebody sent us. */
static void put_text(json *j, const char *text)
{
    putc('"', j->out);
    while (*text) {
        size_t len = json_character(text);
        if (len == 0) {
            fputs("\\ufffd", j->out);
            text++;
        }
        for (; len > 0; len--)
            put_byte(j, (uint8_t)*text++);
    }
    putc('"', j->out);
}

static void put_name(json *j, const char *name)
{
    if (j->follows)
        putc(',', j->out);
    j->follows = true;
    if (name) {
        put_text(j, name);
        putc(':', j->out);
    }
}

void json_open(json *j, const char *name, char bracket)
{
    put_name(j, name);
    putc(bracket, j->out);
    j->follows = false;
}

void json_close(json *j, char bracket)
{
    putc(bracket, j->out);
    j->follows = true;
}

void json_uint(json *j, const char *name, uint64_t value)
{
    put_name(j, name);
    fprintf(j->out, "%" PRIu64, value);
}

void json_bool(json *j, const char *name, bool value)
{
    put_name(j, name);
    fputs(value ? "true" : "false", j->out);
}

void json_text(json *j, const char *name, const char *value)
{
    put_name(j, name);
    put_text(j, value);
}
