/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The command line of a host program: options with two dashes, and one line on standard error for
 * what is wrong with them.
 */
#ifndef HOST_CLI_H
#define HOST_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is wrong with how the program was called, as opposed to what fails later. */
#define EXIT_USAGE 2

/* Every program has its own, and says its name. */
struct options;
extern const char cli_program[];

/* Sets something in the options. Returns NULL, or what is wrong with the value. */
typedef const char *cli_setter(struct options *o, const char *value);

typedef struct cli_option {
    const char *name;
    const char *value; /* what --help calls it; NULL: takes none */
    const char *help;
    cli_setter *set;
} cli_option;

/* Sets what is given, or ends the program: 0 after --help and --version, EXIT_USAGE when something
 * is wrong. --help begins with `usage`. */
void cli_parse(const cli_option *known, size_t n, const char *usage, struct options *o, int argc,
               char **argv);

/* One line on standard error, and the end. */
void die(int status, const char *format, ...) __attribute__((format(printf, 2, 3), noreturn));

/* For setters. */
bool cli_number(uint64_t *out, const char *value, uint64_t min, uint64_t max);
const char *cli_u32(uint32_t *out, const char *value, uint32_t min, uint32_t max,
                    const char *wrong);
/* The number of a member. */
const char *cli_member(uint32_t *out, const char *value);

/* A cluster key from a file: bytes, or hexadecimal text. */
typedef struct cli_key {
    uint8_t bytes[64];
    size_t len; /* 0 = none yet */
} cli_key;

const char *cli_read_key(cli_key *key, const char *path);

#endif
