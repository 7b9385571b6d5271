/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The trace that is committed is what this machine records, and it replays here. With --print:
 * prints it anew, for tests/trace_golden.h; with --write FILE: writes it as it is.
 */
#include "replay/replay.h"
#include "trace_golden.h"
#include "trace_script.h"

#include <stdlib.h>
#include <string.h>

typedef struct recorded {
    char *bytes;
    size_t len;
} recorded;

static int record(recorded *r)
{
    FILE *file = open_memstream(&r->bytes, &r->len);

    return file != NULL && trace_script_record(file);
}

static void print(const recorded *r)
{
    puts("/* SPDX-License-Identifier: BSD-2-Clause */\n"
         "/* Printed by tests/trace_golden --print. */\n"
         "#ifndef MPCONN_TESTS_TRACE_GOLDEN_H\n"
         "#define MPCONN_TESTS_TRACE_GOLDEN_H\n\n"
         "#include <stdint.h>\n\n"
         "static const uint8_t trace_golden[] = {");
    for (size_t i = 0; i < r->len; i++)
        printf("%s%u,%s", i % 24 == 0 ? "    " : "", (uint8_t)r->bytes[i],
               i % 24 == 23 || i + 1 == r->len ? "\n" : "");
    puts("};\n\n#endif");
}

/* The release stands in the header and is no concern of this test. */
static size_t entries_from(const uint8_t *trace)
{
    size_t at = strlen(TRACE_MAGIC) + 2;

    return at + 1 + trace[at];
}

static int is_recorded_here(const recorded *r)
{
    size_t here, there;
    const uint8_t *bytes = (const uint8_t *)r->bytes;

    if (r->len < sizeof TRACE_MAGIC + 3)
        return 0;
    here = entries_from(bytes);
    there = entries_from(trace_golden);
    return r->len - here == sizeof trace_golden - there &&
           memcmp(bytes + here, trace_golden + there, r->len - here) == 0;
}

static int has_every_entry(FILE *file)
{
    unsigned seen[256] = {0}, missing = 0;
    reader in;

    reader_start(&in, file);
    for (; in.state == READER_ENTRY; reader_next(&in))
        seen[in.type]++;
    seen[TRACE_END] = in.state == READER_END;
    reader_stop(&in);
    for (unsigned type = 0; type < 256; type++)
        if (trace_type_name(type) != NULL && seen[type] == 0) {
            printf("  no %s, %u\n", trace_type_name(type), type);
            missing++;
        }
    return missing == 0;
}

static int holds(const char *what, int condition)
{
    printf("%s: %s\n", condition ? "ok" : "FAILED", what);
    return condition;
}

static int test(const recorded *r)
{
    FILE *file = fmemopen((void *)(uintptr_t)trace_golden, sizeof trace_golden, "rb");
    int right;

    if (file == NULL)
        return 0;
    right = holds("this machine records the committed trace (make print-again prints it anew)",
                  is_recorded_here(r));
    right &= holds("every kind of entry is in it", has_every_entry(file));
    rewind(file);
    right &= holds("it replays", replay_run(file, UINT64_C(64) << 20, stdout) == REPLAY_SAME);
    (void)fclose(file);
    return right;
}

static int write_to(const char *path)
{
    FILE *file = fopen(path, "wb");

    return file != NULL &&
           fwrite(trace_golden, 1, sizeof trace_golden, file) == sizeof trace_golden &&
           fclose(file) == 0;
}

int main(int argc, char **argv)
{
    recorded r = {0};
    int right = 1;

    if (argc == 3 && strcmp(argv[1], "--write") == 0)
        return write_to(argv[2]) ? EXIT_SUCCESS : EXIT_FAILURE;
    right = record(&r);
    if (argc == 2 && strcmp(argv[1], "--print") == 0)
        print(&r);
    else
        right &= test(&r);
    free(r.bytes);
    return right ? EXIT_SUCCESS : EXIT_FAILURE;
}
