/* SPDX-License-Identifier: BSD-2-Clause */
/* mpconn-sim [--scenario NAME] [--seed N] [--runs N] [--plain] [--sabotage NAME] [--trace]
 *            [--record PREFIX] [--quick | --full] [--self-test] [--matrix] [--list]
 *
 * Without --scenario all of them are run. A failing seed is run again with its last packets kept,
 * and the command that replays it is printed. --self-test injects every fault there is and fails
 * when one of them is not noticed. --matrix compares the times of split connections with those of
 * others, between ends of every kind. With --record each member of a run writes a trace for
 * mpconn-replay, into a file of the prefix, the scenario, the seed and its own name. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/matrix.h"
#include "sim/sabotage.h"
#include "sim/scenario.h"

enum depth { ONE, QUICK, FULL };

typedef struct arguments {
    const char *program, *scenario, *sabotage, *record;
    uint64_t seed;
    unsigned long runs;
    bool have_runs, plain, trace, list, self_test, matrix;
    enum depth depth;
    unsigned long done, failed;
} arguments;

/* One run; true when it found nothing wrong. `failure` gets what it found. */
static bool run_once(const sim_scenario *s, const sim_options *o, char *failure, size_t cap)
{
    sim_world w;
    bool right;

    sim_world_init(&w, o);
    s->setup(&w);
    if (!w.failed)
        sim_world_run(&w);
    right = !w.failed;
    snprintf(failure, cap, "%s", w.failure);
    sim_trace_print(&w.trace);
    sim_world_fini(&w);
    return right;
}

static void report(const arguments *a, const sim_scenario *s, sim_options *o)
{
    char failure[640];

    printf("FAILED: scenario %s, seed %llu%s\n", s->name, (unsigned long long)o->seed,
           o->plain ? ", without a member" : "");
    if (o->trace == SIM_TRACE_OFF) {
        o->trace = SIM_TRACE_KEEP;
        (void)run_once(s, o, failure, sizeof(failure));
        printf("%s\n", failure);
    }
    printf("replay: %s --scenario %s --seed %llu%s%s%s --trace\n", a->program, s->name,
           (unsigned long long)o->seed, o->plain ? " --plain" : "",
           o->sabotage != NULL ? " --sabotage " : "", o->sabotage != NULL ? o->sabotage : "");
    fflush(stdout);
}

/* `n` seeds of a scenario; stops at the first failure. */
static bool run_seeds(arguments *a, const sim_scenario *s, bool plain, unsigned long n)
{
    char failure[640];
    char prefix[400];
    sim_options o = {0};

    o.plain = plain;
    o.sabotage = a->sabotage;
    o.trace = a->trace ? SIM_TRACE_STREAM : SIM_TRACE_OFF;
    for (unsigned long i = 0; i < n; i++) {
        o.seed = a->seed + i;
        if (a->record != NULL) {
            snprintf(prefix, sizeof(prefix), "%s%s-%llu-", a->record, s->name,
                     (unsigned long long)o.seed);
            o.record = prefix;
        }
        a->done++;
        if (run_once(s, &o, failure, sizeof(failure)))
            continue;
        a->failed++;
        report(a, s, &o);
        return false;
    }
    return true;
}

static bool run_scenario(const sim_scenario *s, void *arg)
{
    arguments *a = arg;
    unsigned long n = a->depth == FULL ? s->full : a->depth == QUICK ? s->quick : 1;
    unsigned long control = a->depth == FULL ? s->control : 0;
    bool right;

    if (a->list) {
        printf("%-24s %s\n", s->name, s->text);
        return true;
    }
    if (a->have_runs)
        n = a->runs;
    right = run_seeds(a, s, a->plain, n);
    if (right && control > 0 && !a->plain)
        right = run_seeds(a, s, true, control);
    if (!a->trace)
        printf("%-6s %-24s %lu runs%s\n", right ? "ok" : "FAILED", s->name, n,
               control > 0 ? ", and without a member" : "");
    fflush(stdout);
    return true;
}

/* Seeds a fault has to show itself in; most do so in the first. */
#define SELF_TEST_SEEDS 20

static void self_test(arguments *a)
{
    char failure[640];

    for (const sim_sabotage *b = sim_sabotages; b->name != NULL; b++) {
        const sim_scenario *s = sim_scenario_find(b->scenario);
        sim_options o = {.sabotage = b->name};
        unsigned noticed = 0;

        for (unsigned i = 0; i < SELF_TEST_SEEDS && s != NULL; i++) {
            o.seed = a->seed + i;
            a->done++;
            if (run_once(s, &o, failure, sizeof(failure)))
                continue;
            if (noticed++ == 0)
                printf("       %s\n", failure);
        }
        printf("%-6s %s: %s; noticed in %u of %u runs of %s\n", noticed > 0 ? "ok" : "FAILED",
               b->name, b->text, noticed, SELF_TEST_SEEDS, b->scenario);
        a->failed += noticed == 0;
    }
}

static void usage(void)
{
    fputs("usage: mpconn-sim [--scenario NAME] [--seed N] [--runs N] [--plain] [--sabotage NAME]\n"
          "                  [--trace] [--record PREFIX] [--quick | --full] [--self-test] "
          "[--matrix] [--list]\n",
          stderr);
    exit(2);
}

static unsigned long long number(const char *text)
{
    char *end;
    unsigned long long n;

    if (text == NULL)
        usage();
    n = strtoull(text, &end, 0);
    if (*text == '\0' || *end != '\0')
        usage();
    return n;
}

static void parse_arguments(arguments *a, int argc, char **argv)
{
    a->program = argv[0];
    for (int i = 1; i < argc; i++) {
        const char *next = i + 1 < argc ? argv[i + 1] : NULL;

        if (strcmp(argv[i], "--plain") == 0) {
            a->plain = true;
        } else if (strcmp(argv[i], "--trace") == 0) {
            a->trace = true;
        } else if (strcmp(argv[i], "--quick") == 0) {
            a->depth = QUICK;
        } else if (strcmp(argv[i], "--full") == 0) {
            a->depth = FULL;
        } else if (strcmp(argv[i], "--self-test") == 0) {
            a->self_test = true;
        } else if (strcmp(argv[i], "--list") == 0) {
            a->list = true;
        } else if (strcmp(argv[i], "--matrix") == 0) {
            a->matrix = true;
        } else if (next == NULL) {
            usage();
        } else if (strcmp(argv[i], "--scenario") == 0) {
            a->scenario = argv[++i];
        } else if (strcmp(argv[i], "--sabotage") == 0) {
            a->sabotage = argv[++i];
        } else if (strcmp(argv[i], "--record") == 0) {
            a->record = argv[++i];
        } else if (strcmp(argv[i], "--seed") == 0) {
            a->seed = number(argv[++i]);
        } else if (strcmp(argv[i], "--runs") == 0) {
            a->runs = (unsigned long)number(argv[++i]);
            a->have_runs = true;
        } else {
            usage();
        }
    }
}

int main(int argc, char **argv)
{
    arguments a = {0};
    const char *seed = getenv("MPCONN_SEED");

    a.seed = seed != NULL ? number(seed) : 1;
    parse_arguments(&a, argc, argv);
    if (a.matrix)
        return sim_matrix_run() ? 0 : 1;
    if (a.self_test) {
        self_test(&a);
    } else if (a.scenario != NULL) {
        const sim_scenario *s = sim_scenario_find(a.scenario);

        if (s == NULL) {
            fprintf(stderr, "no scenario %s; --list names them\n", a.scenario);
            return 2;
        }
        (void)run_scenario(s, &a);
    } else {
        (void)sim_scenario_each(run_scenario, &a);
    }
    if (!a.list)
        printf("%lu runs, %lu failed\n", a.done, a.failed);
    return a.failed == 0 ? 0 : 1;
}
