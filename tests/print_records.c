/* SPDX-License-Identifier: BSD-2-Clause */
/* Prints the tables of doc/frames.md from the lists the library is made of.
 * tests/structure/machine.sh compares. */
#include <stdio.h>

#include <mpconn/sync.h>

#include "frame_vectors.h"
#include "record_codes.h"
#include "record_support.h"
#include "session_record_support.h"
#include "sync/record.h"

/* A bar ends a cell of the page. */
static void print_text(const char *text)
{
    for (; *text != '\0'; text++)
        printf(*text == '|' ? "\\|" : "%c", *text);
}

static void print_row(unsigned number, const char *name, const char *meaning)
{
    printf("| %u | %s | ", number, name);
    print_text(meaning);
    puts(" |");
}

/* Field n of the list, after its bit of the mask. */
static void print_fields(const char *const *names, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        printf("%s%u %s", i == 0 ? "" : ", ", i, names[i]);
}

#define F(name) #name
#define UNWRAP(...) __VA_ARGS__
#define TYPE_ROW(number, name, list, meaning)                                     \
    {                                                                             \
        static const char *const fields[] = {UNWRAP list};                        \
        printf("| `%02x` | %s | ", number | MPCI_RECORD_CRITICAL, #name);         \
        print_text(meaning);                                                      \
        printf(" | %u | ", sizeof fields / sizeof *fields > 8 ? 2U : 1U);         \
        print_fields(fields, (unsigned)(sizeof fields / sizeof *fields));         \
        puts(" |");                                                               \
    }

static void print_types(void)
{
    puts("### Types\n\nThe numbers before the fields are their bits in the mask.\n\n"
         "| type | name | meaning | mask bytes | fields |\n|---|---|---|---|---|");
    printf("| `%02x` | HELLO | greeting of members, see above | | |\n",
           MPCI_RECORD_HELLO | MPCI_RECORD_CRITICAL);
    MPCI_RECORD_TYPES(TYPE_ROW)
}

#define FIELD_ROW(name, member, width, meaning) print_row(width, #name, meaning);

static void print_field_list(void)
{
    puts("\n### Fields\n\n| bytes | name | meaning |\n|---|---|---|");
    MPCI_RECORD_FIELDS(FIELD_ROW)
}

#define SESSION_TYPE_ROW(number, name, list, meaning)                                     \
    {                                                                                     \
        static const char *const fields[] = {UNWRAP list};                                \
        printf("| `%02x` | %s | " meaning " | %u | ", number | MPCI_RECORD_CRITICAL, #name, \
               (unsigned)(sizeof fields / sizeof *fields + 7) / 8);                       \
        print_fields(fields, (unsigned)(sizeof fields / sizeof *fields));                 \
        puts(" |");                                                                       \
    }
#define SESSION_FIELD_ROW(name, member, width, meaning)                          \
    if ((width) >= MPCI_ADDR_0)                                                  \
        puts("| 4, 16 | " #name " | " meaning " |");                             \
    else                                                                         \
        print_row(width, #name, meaning);

static void print_sessions(void)
{
    puts("\n### Types about sessions\n\n"
         "| type | name | meaning | mask bytes | fields |\n|---|---|---|---|---|");
    MPCI_SESSION_TYPES(SESSION_TYPE_ROW)
    puts("\n### Fields about sessions\n\n| bytes | name | meaning |\n|---|---|---|");
    MPCI_SESSION_FIELDS(SESSION_FIELD_ROW)
}

#define EXTENSION_ROW(number, name, meaning) \
    printf("| `%02x` | %s | %s |\n", (unsigned)(number), #name, meaning);

static void print_extensions(void)
{
    puts("\n### Extensions\n\n| id | name | meaning |\n|---|---|---|");
    MPCI_RECORD_EXTENSIONS(EXTENSION_ROW)
}

#define CODE_ROW(number, type, field, meaning) print_row(number, #type ", " #field, meaning);

static void print_codes(void)
{
    puts("\n### Flags and codes\n\n| number | of | meaning |\n|---|---|---|");
    RECORD_CODES(CODE_ROW)
}

#define PART_ROW(field, mask, part, meaning)                                     \
    {                                                                            \
        printf("| %s | `%0*x` | %s | ", #field,                                  \
               (int)(2 * record_fields[RECORD_FIELD_##field].width), mask, #part); \
        print_text(meaning);                                                     \
        puts(" |");                                                              \
    }

static void print_parts(void)
{
    puts("\n### Parts of fields\n\n| of | bits | name | meaning |\n|---|---|---|---|");
    RECORD_PARTS(PART_ROW)
    printf("\nMSS, from index 0:");
    for (unsigned i = 0; i < 8; i++)
        printf(" %u", mpci_mss_of_index(i));
    printf(".\nStates, from 0:");
    for (unsigned i = 0; i < MPCONN_FLOW_RESET; i++)
        printf(" %s", mpconn_flow_state_name(i));
    puts(".");
}

#define FATE_ROW(number, name, text) print_row(number, #name, text);

static void print_fates(void)
{
    puts("\n### Fates\n\n| number | name | meaning |\n|---|---|---|");
    MPCONN_SYNC_MAP(FATE_ROW)
}

static void print_vectors(void)
{
    puts("\n### Vectors");
    for (size_t i = 0; i < sizeof frame_vectors / sizeof *frame_vectors; i++) {
        const char *hex = frame_vectors[i].hex;

        printf("\n%c%s:\n\n```\n", frame_vectors[i].what[0] - 'a' + 'A', frame_vectors[i].what + 1);
        for (; strlen(hex) > 96; hex += 96)
            printf("%.96s\n", hex);
        printf("%s\n```\n", hex);
    }
    printf("\nRegistrars of ports 40000 to %u:\n\n```\n",
           (unsigned)(40000 + sizeof registrar_vectors - 1));
    for (size_t i = 0; i < sizeof registrar_vectors; i++)
        printf("%s%u", i == 0 ? "" : " ", (unsigned)registrar_vectors[i]);
    puts("\n```");
}

int main(void)
{
    puts("<!-- Made by tests/print_records; do not edit from here to the end. -->\n");
    print_types();
    print_field_list();
    print_sessions();
    print_extensions();
    print_codes();
    print_parts();
    print_fates();
    print_vectors();
    return 0;
}
