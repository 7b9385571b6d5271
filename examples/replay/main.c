/* SPDX-License-Identifier: BSD-2-Clause */
/* mpconn-replay: make the calls of a trace again, and say where the outcome first differs. */
#include "replay/replay.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define PROGRAM "mpconn-replay"
#define MEMORY_DEFAULT 4096 /* MiB */

static const char usage[] =
    "Usage: " PROGRAM " [--print] [--memory MIB] TRACE...\n"
    "Make the calls of each trace again, to a fresh engine, and compare what comes of\n"
    "them, byte for byte. Status 0: all the same; 1: something differs, and the first\n"
    "difference is shown; 2: a trace is damaged, cut off, or cannot be replayed here.\n\n"
    "  --print        show the entries instead; keys are left out\n"
    "  --memory MIB   how much an engine may take, and packets at a time; default 4096\n"
    "  --help         show this and end\n"
    "  --version      show the release and end\n";

static void print_entry(const reader *in)
{
    const char *text = trace_type_text(in->type);

    if (in->type >= TRACE_RETURN)
        printf("@%" PRIu64 " %s, return\n", in->at, trace_type_name(in->type));
    else
        printf("@%" PRIu64 " %s: %s\n", in->at, trace_type_name(in->type), text);
    (void)trace_walk_entry(stdout, in->type, in->body, in->len);
}

static replay_status print_all(FILE *file, const char *path)
{
    reader in;
    replay_status status = REPLAY_SAME;

    reader_start(&in, file);
    for (; in.state == READER_ENTRY; reader_next(&in))
        print_entry(&in);
    if (in.state == READER_END) {
        print_entry(&in);
    } else {
        fprintf(stderr, PROGRAM ": %s: %s\n", path, in.problem);
        status = REPLAY_UNUSABLE;
    }
    reader_stop(&in);
    return status;
}

static replay_status run(const char *path, bool print, uint64_t memory)
{
    FILE *file = fopen(path, "rb");
    replay_status status;

    if (!file) {
        fprintf(stderr, PROGRAM ": %s: %s\n", path, strerror(errno));
        return REPLAY_UNUSABLE;
    }
    if (print) {
        status = print_all(file, path);
    } else {
        printf("%s: ", path);
        status = replay_run(file, memory, stdout);
    }
    fclose(file);
    return status;
}

static uint64_t parse_memory(const char *text)
{
    char *end;
    unsigned long long mib = strtoull(text, &end, 10);

    if (*text < '0' || *text > '9' || *end || mib == 0 || mib > SIZE_MAX >> 20) {
        fprintf(stderr, PROGRAM ": --memory %s: expected a number of MiB\n", text);
        exit(REPLAY_UNUSABLE);
    }
    return (uint64_t)mib << 20;
}

int main(int argc, char **argv)
{
    static const struct option options[] = { { "print", no_argument, NULL, 'p' },
                                             { "memory", required_argument, NULL, 'm' },
                                             { "help", no_argument, NULL, 'h' },
                                             { "version", no_argument, NULL, 'v' },
                                             { NULL, 0, NULL, 0 } };
    uint64_t memory = (uint64_t)MEMORY_DEFAULT << 20;
    bool print = false;
    int c, worst = REPLAY_SAME;

    argv[0] = (char[]){ PROGRAM }; /* getopt's messages begin like ours */
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (c) {
        case 'p':
            print = true;
            break;
        case 'm':
            memory = parse_memory(optarg);
            break;
        case 'h':
            fputs(usage, stdout);
            return EXIT_SUCCESS;
        case 'v':
            printf(PROGRAM " (libmpconn) %s\n", mpconn_version());
            return EXIT_SUCCESS;
        default:
            return REPLAY_UNUSABLE;
        }
    }
    if (optind == argc) {
        fputs(PROGRAM ": which trace? see --help\n", stderr);
        return REPLAY_UNUSABLE;
    }
    for (; optind < argc; optind++) {
        int status = (int)run(argv[optind], print, memory);
        worst = status > worst ? status : worst;
    }
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, PROGRAM ": not all of it could be written\n");
        return REPLAY_UNUSABLE;
    }
    return worst;
}
