/* SPDX-License-Identifier: BSD-2-Clause */
/* Writing JSON: objects and arrays within each other, on one line. */
#ifndef HOST_JSON_H
#define HOST_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef struct json {
    FILE *out;
    bool follows; /* a value stands before the next one in the same object or array */
} json;

/* `name` is NULL inside an array and at the top. */
void json_open(json *j, const char *name, char bracket);
void json_close(json *j, char bracket);
void json_uint(json *j, const char *name, uint64_t value);
void json_bool(json *j, const char *name, bool value);
void json_text(json *j, const char *name, const char *value);

/* Bytes of the character of UTF-8 that the text begins with; 0 when it is none. */
size_t json_character(const char *text);

#endif
