/* SPDX-License-Identifier: BSD-2-Clause */
/* Prints the tables in doc/mpconn.lua from the lists the library is made of.
 * tests/structure/machine.sh compares. */
#include <stdio.h>

#include "echo/carrier.h"
#include "record_codes.h"
#include "record_support.h"
#include "session_record_support.h"
#include "sync/frame.h"
#include "sync/hello.h"

static void print_numbers(void)
{
    printf("local MAGIC, MAJOR, HEADER, TAG = 0x%04x, %u, %u, %u\n", (unsigned)MPCI_FRAME_MAGIC,
           MPCI_FRAME_VERSION >> 4U, (unsigned)MPCI_FRAME_HEADER, (unsigned)MPCI_FRAME_TAG);
    printf("local SEALED, MUST_KNOW = 0x%02x, 0x%02x\n", (unsigned)MPCI_FRAME_SEALED,
           (unsigned)MPCI_FRAME_MUST_KNOW);
    printf("local EVERYBODY = %u\n", (unsigned)MPCONN_MEMBER_ALL);
    printf("local ECHO_MAGIC, ECHO_VERSION, ECHO_SHORT = 0x%08x, %u, 0x%02x\n",
           (unsigned)MPCI_ECHO_MAGIC, (unsigned)MPCI_ECHO_VERSION, (unsigned)MPCI_ECHO_FORM_SHORT);
    printf("local ECHO_CLEAR, ECHO_TAG = %u, %u\n", (unsigned)MPCI_ECHO_CLEAR,
           (unsigned)MPCI_ECHO_TAG);
    printf("local CRITICAL, HELLO, HELLO_ENTRY = 0x%02x, %u, %u\n", (unsigned)MPCI_RECORD_CRITICAL,
           (unsigned)MPCI_RECORD_HELLO, (unsigned)MPCI_HELLO_ENTRY);
}

static void print_extensions(void)
{
    printf("\n-- what the server leg shows, and types that can say so\nlocal BINDING = 0x%02x\n"
           "local HAS_LEG = {", (unsigned)MPCI_EXTENSION_BINDING);
    for (unsigned i = 0; i < RECORD_TYPES; i++)
        if (mpci_record_has_leg(record_types[i].number))
            printf(" [%u] = true,", record_types[i].number);
    puts(" }");
}

static void print_fields(void)
{
    puts("\n-- bytes and meaning of each field");
    puts("local FIELDS = {");
#define FIELD_ROW(name, member, width, meaning) \
    puts("    " #name " = { " #width ", \"" meaning "\" },");
    MPCI_RECORD_FIELDS(FIELD_ROW)
    puts("}");
}

#define TYPE_MEANING(number, name, list, meaning) [number] = meaning,
static const char *const meanings[MPCI_RECORD_LIMIT] = {MPCI_RECORD_TYPES(TYPE_MEANING)};

static void print_types(void)
{
    puts("\n-- name and meaning of each type that names a connection, and its fields by the bits of"
         " the mask");
    puts("local TYPES = {");
    for (unsigned i = 0; i < RECORD_TYPES; i++) {
        const record_type *t = &record_types[i];

        printf("    [%u] = { \"%s\", \"%s\", {", t->number, t->name, meanings[t->number]);
        for (unsigned n = 0; n < t->n_fields; n++)
            printf("%s\"%s\",", n % 5 == 0 ? "\n        " : " ", record_fields[t->fields[n]].name);
        puts("\n    } },");
    }
    puts("}");
}

#define SESSION_MEANING(number, name, list, meaning) [number] = meaning,
static const char *const session_meanings[MPCI_RECORD_LIMIT] = {
    MPCI_SESSION_TYPES(SESSION_MEANING)
};

static void print_sessions(void)
{
    puts("\n-- the same about sessions; \"A0\", \"A1\": an address of that side's IP version\n"
         "local SESSION_FIELDS = {");
#define SESSION_FIELD_ROW(name, member, width, meaning)                        \
    if ((width) >= MPCI_ADDR_0)                                                \
        printf("    " #name " = { \"A%u\", \"" meaning "\" },\n", (width) & 1U); \
    else                                                                       \
        printf("    " #name " = { %u, \"" meaning "\" },\n", (unsigned)(width));
    MPCI_SESSION_FIELDS(SESSION_FIELD_ROW)
    puts("}\nlocal SESSION_TYPES = {");
    for (unsigned i = 0; i < SESSION_TYPES; i++) {
        const session_type *t = &session_types[i];

        printf("    [%u] = { \"%s\", \"%s\", {", t->number, t->name,
               session_meanings[t->number]);
        for (unsigned n = 0; n < t->n_fields; n++)
            printf("%s\"%s\",", n % 5 == 0 ? "\n        " : " ",
                   session_fields[t->fields[n]].name);
        puts("\n    } },");
    }
    puts("}");
}

static void print_codes(void)
{
    puts("\n-- bits of FLAGS and values of CODE");
    puts("local CODES = {");
#define CODE_ROW(number, type, field, meaning) \
    printf("    { %u, \"%s\", \"%s\", \"%s\" },\n", (unsigned)(number), #type, #field, meaning);
    RECORD_CODES(CODE_ROW)
    puts("}");
}

static void print_parts(void)
{
    puts("\n-- fields that are made of several numbers: bits, name and meaning of each");
    puts("local PARTS = {");
#define PART_ROW(field, mask, part, meaning) \
    printf("    { \"%s\", 0x%0*x, \"%s\", \"%s\" },\n", #field,                    \
           (int)(2 * record_fields[RECORD_FIELD_##field].width), mask, #part, meaning);
    RECORD_PARTS(PART_ROW)
    printf("}\n\nlocal MSS = {");
    for (unsigned i = 0; i < 8; i++)
        printf("%s \"%u\"", i == 0 ? " [0] =" : ",", mpci_mss_of_index(i));
    printf(" }\nlocal STATE = {");
    for (unsigned i = 0; i < MPCONN_FLOW_RESET; i++)
        printf("%s \"%s\"", i == 0 ? " [0] =" : ",", mpconn_flow_state_name(i));
    puts(" }");
}

int main(void)
{
    puts("-- Made by tests/print_dissector; do not edit from here");
    print_numbers();
    print_extensions();
    print_fields();
    print_types();
    print_sessions();
    print_codes();
    print_parts();
    puts("-- to here.");
    return 0;
}
