/* SPDX-License-Identifier: BSD-2-Clause */
/* Gives a fuzz target the entries of a corpus, one after another, without any fuzzer:
 *
 *   PROGRAM CORPUS...              replay; -v names each entry before it runs
 *   PROGRAM --unpack DIR CORPUS... write the entries into files, for a fuzzer
 *
 * A corpus is text, so that a reader sees what is in git: a line `= NAME` begins an entry, the
 * lines after it are its bytes in hexadecimal; `#` begins a comment. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ENTRY_MOST = 4096, NAME_MOST = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct entry {
    char name[NAME_MOST];
    uint8_t bytes[ENTRY_MOST];
    size_t len;
} entry;

static const char *unpack_dir;
static int verbose;
static unsigned long n_entries, n_bytes;

static void die(const char *why, const char *what)
{
    fprintf(stderr, "replay: %s: %s\n", what, why);
    exit(1);
}

static void write_entry(const entry *e)
{
    char path[512];
    FILE *f;

    snprintf(path, sizeof(path), "%s/%s", unpack_dir, e->name);
    f = fopen(path, "wb");
    if (f == NULL || fwrite(e->bytes, 1, e->len, f) != e->len || fclose(f) != 0)
        die("cannot be written", path);
}

/* The bytes get a buffer of just their size: nothing beyond them may be read. */
static void run_entry(const entry *e)
{
    uint8_t *copy = malloc(e->len > 0 ? e->len : 1);

    if (copy == NULL)
        die("no memory", e->name);
    memcpy(copy, e->bytes, e->len);
    if (verbose) {
        printf("%s (%zu bytes)\n", e->name, e->len);
        fflush(stdout);
    }
    if (LLVMFuzzerTestOneInput(copy, e->len) != 0)
        die("refused by the target", e->name);
    free(copy);
}

static void finish_entry(entry *e)
{
    if (e->name[0] == '\0')
        return;
    if (unpack_dir != NULL)
        write_entry(e);
    else
        run_entry(e);
    n_entries++;
    n_bytes += e->len;
    e->name[0] = '\0';
    e->len = 0;
}

static int digit(int c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void take_bytes(entry *e, const char *line, const char *path)
{
    for (; *line != '\0' && *line != '#'; line++) {
        if (*line == ' ' || *line == '\n')
            continue;
        if (e->name[0] == '\0' || digit(line[0]) < 0 || digit(line[1]) < 0 ||
            e->len == ENTRY_MOST)
            die("not a corpus", path);
        e->bytes[e->len++] = (uint8_t)(digit(line[0]) << 4 | digit(line[1]));
        line++;
    }
}

static void read_corpus(const char *path)
{
    static entry e;
    char line[1024];
    FILE *f = fopen(path, "r");

    if (f == NULL)
        die("cannot be read", path);
    while (fgets(line, sizeof(line), f) != NULL) {
        if (line[0] != '=') {
            take_bytes(&e, line, path);
            continue;
        }
        finish_entry(&e);
        if (sscanf(line, "= %63[a-z0-9_-]", e.name) != 1)
            die("an entry without a name", path);
    }
    fclose(f);
    finish_entry(&e);
}

int main(int argc, char **argv)
{
    (void)argc;
    for (argv++; *argv != NULL && **argv == '-'; argv++) {
        if (strcmp(*argv, "-v") == 0)
            verbose = 1;
        else if (strcmp(*argv, "--unpack") == 0 && argv[1] != NULL)
            unpack_dir = *++argv;
        else
            die("no such option", *argv);
    }
    for (; *argv != NULL; argv++)
        read_corpus(*argv);
    if (n_entries == 0)
        die("no entry: nothing was tested", "corpus");
    printf("%lu entries, %lu bytes: %s\n", n_entries, n_bytes,
           unpack_dir != NULL ? "unpacked" : "nothing found");
    return 0;
}
