/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/json.h"

#include <inttypes.h>

static void put_text(json *j, const char *text)
{
    putc('"', j->out);
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\')
            putc('\\', j->out);
        if (c < 0x20)
            fprintf(j->out, "\\u%04x", c);
        else
            putc(c, j->out);
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
