/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/cli.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <mpconn/mpconn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_MIN 16
#define MEMBER_MAX (MPCONN_MEMBER_ALL - 1)
#define OPTIONS_MOST 48

/* What getopt returns: above all characters. */
enum { OPTION_HELP = 256, OPTION_VERSION, OPTION_FIRST };

void die(int status, const char *format, ...)
{
    va_list args;
    fprintf(stderr, "%s: ", cli_program);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    exit(status);
}

bool cli_number(uint64_t *out, const char *value, uint64_t min, uint64_t max)
{
    char *end;
    errno = 0;
    *out = strtoull(value, &end, 0);
    return isdigit((unsigned char)*value) && !*end && errno == 0 && *out >= min && *out <= max;
}

const char *cli_u32(uint32_t *out, const char *value, uint32_t min, uint32_t max,
                    const char *wrong)
{
    uint64_t n;
    if (!cli_number(&n, value, min, max))
        return wrong;
    *out = (uint32_t)n;
    return NULL;
}

const char *cli_member(uint32_t *out, const char *value)
{
    return cli_u32(out, value, 0, MEMBER_MAX, "expected a number from 0 to 65534");
}

static int hex_digit(int c)
{
    return isdigit(c) ? c - '0' : tolower(c) - 'a' + 10;
}

/* Keys are often kept as text. False when this is not text of that kind. */
static bool decode_hex(cli_key *key, const uint8_t *text, size_t len)
{
    size_t digits = 0;
    while (len > 0 && isspace(text[len - 1]))
        len--;
    for (; digits < len; digits++) {
        if (!isxdigit(text[digits]))
            return false;
    }
    if (len % 2 || len < 2 * KEY_MIN || len > 2 * sizeof(key->bytes))
        return false;
    key->len = len / 2;
    for (size_t i = 0; i < key->len; i++)
        key->bytes[i] = (uint8_t)(hex_digit(text[2 * i]) << 4 | hex_digit(text[2 * i + 1]));
    return true;
}

const char *cli_read_key(cli_key *key, const char *path)
{
    uint8_t text[2 * sizeof(key->bytes) + 16];
    FILE *file = fopen(path, "rbe");
    if (!file)
        return strerror(errno);
    size_t len = fread(text, 1, sizeof(text), file);
    bool failed = ferror(file);
    fclose(file);
    if (failed)
        return "cannot be read";
    if (decode_hex(key, text, len))
        return NULL;
    if (len < KEY_MIN || len > sizeof(key->bytes))
        return "a key is 16 to 64 bytes, or twice as many hexadecimal digits";
    memcpy(key->bytes, text, len);
    key->len = len;
    return NULL;
}

static void show_option(const char *name, const char *value, const char *help)
{
    char left[40];
    snprintf(left, sizeof(left), "--%s %s", name, value ? value : "");
    printf("  %-24s %s\n", left, help);
}

static void show_help(const cli_option *known, size_t n, const char *usage)
{
    printf("Usage: %s %s\n\n", cli_program, usage);
    for (size_t i = 0; i < n; i++)
        show_option(known[i].name, known[i].value, known[i].help);
    show_option("help", NULL, "show this and end");
    show_option("version", NULL, "show the release and end");
}

/* What differs makes an abbreviation ambiguous, so each option has a number of its own. */
static void fill_getopt(struct option *to, const cli_option *known, size_t n)
{
    for (size_t i = 0; i < n; i++, to++) {
        to->name = known[i].name;
        to->has_arg = known[i].value ? required_argument : no_argument;
        to->val = OPTION_FIRST + (int)i;
    }
    to[0] = (struct option){ .name = "help", .val = OPTION_HELP };
    to[1] = (struct option){ .name = "version", .val = OPTION_VERSION };
}

void cli_parse(const cli_option *known, size_t n, const char *usage, struct options *o, int argc,
               char **argv)
{
    struct option longs[OPTIONS_MOST + 3] = { 0 };
    char name[64];
    int c;

    if (n > OPTIONS_MOST)
        die(EXIT_FAILURE, "too many options to know");
    fill_getopt(longs, known, n);
    snprintf(name, sizeof(name), "%s", cli_program);
    argv[0] = name; /* getopt's messages begin like ours */
    while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
        if (c == OPTION_HELP) {
            show_help(known, n, usage);
            exit(EXIT_SUCCESS);
        }
        if (c == OPTION_VERSION) {
            printf("%s (libmpconn) %s\n", cli_program, mpconn_version());
            exit(EXIT_SUCCESS);
        }
        if (c < OPTION_FIRST)
            exit(EXIT_USAGE);
        const cli_option *entry = &known[c - OPTION_FIRST];
        const char *wrong = entry->set(o, optarg);
        if (wrong)
            die(EXIT_USAGE, "--%s %s: %s", entry->name, optarg ? optarg : "", wrong);
    }
    if (optind < argc)
        die(EXIT_USAGE, "unexpected argument '%s'", argv[optind]);
}
