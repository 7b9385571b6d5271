/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/wait.h"
#include "rendezvous/broker.h"
#include "rendezvous/report.h"
#include "rendezvous/session.h"

#include <errno.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

/* Sets or changes a session. */
typedef int doing(recorder *engine, const mpconn_session_config *config, mpconn_time now);

/* This host's own address: its kernel would answer for it. */
static bool is_own(const mpconn_termination *t)
{
    struct ifaddrs *all = NULL;
    bool found = false;

    if (getifaddrs(&all) != 0)
        return false;
    for (const struct ifaddrs *i = all; i && !found; i = i->ifa_next) {
        if (!i->ifa_addr)
            continue;
        if (i->ifa_addr->sa_family == AF_INET && t->family == MPCONN_FAMILY_IPV4)
            found = memcmp(&((const struct sockaddr_in *)(const void *)i->ifa_addr)->sin_addr,
                           &t->local, 4) == 0;
        else if (i->ifa_addr->sa_family == AF_INET6 && t->family == MPCONN_FAMILY_IPV6)
            found = memcmp(&((const struct sockaddr_in6 *)(const void *)i->ifa_addr)->sin6_addr,
                           &t->local, 16) == 0;
    }
    freeifaddrs(all);
    return found;
}

static const char *words(int status)
{
    switch (status) {
    case MPCONN_ERR_EXISTS:
        return "that name, or one of these terminations, belongs to another session";
    case MPCONN_ERR_NOTFOUND:
        return "no such session";
    case MPCONN_ERR_LIMIT:
        return "there are as many sessions as --max-sessions allows";
    case MPCONN_ERR_INVAL:
        return "these settings do not go together";
    default:
        return mpconn_strerror(status);
    }
}

/* False, and what is wrong. */
static bool apply(broker *b, doing *what, const char *object, mpconn_session_config *config,
                  session_problem *problem)
{
    if (!session_parse(config, object, problem))
        return false;
    for (int side = 0; side < 2; side++) {
        if (is_own(&config->termination[side])) {
            snprintf(problem->text, sizeof(problem->text),
                     "%c.local: this host's own address, for which its kernel would answer",
                     "ab"[side]);
            return false;
        }
    }
    int status = what(&b->run.engine, config, host_now());
    if (status != MPCONN_OK)
        snprintf(problem->text, sizeof(problem->text), "%s", words(status));
    return status == MPCONN_OK;
}

/* The sessions file */

/* Empty lines and those that begin with # say nothing. */
static bool says_nothing(const char *line)
{
    line += strspn(line, " \t\r\n");
    return *line == '\0' || *line == '#';
}

void broker_load(broker *b)
{
    const char *path = b->options.sessions;
    FILE *file = path ? fopen(path, "re") : NULL;
    mpconn_session_config config;
    session_problem problem;
    char *line = NULL;
    size_t room = 0;

    if (!path)
        return;
    if (!file)
        die(EXIT_USAGE, "--sessions %s: %s", path, strerror(errno));
    for (unsigned n = 1; getline(&line, &room, file) >= 0; n++) {
        if (strlen(line) > CONTROL_LINE)
            die(EXIT_USAGE, "--sessions %s: line %u: too long", path, n);
        if (!says_nothing(line) && !apply(b, recorder_session_add, line, &config, &problem))
            die(EXIT_USAGE, "--sessions %s: line %u: %s", path, n, problem.text);
    }
    if (ferror(file))
        die(EXIT_USAGE, "--sessions %s: %s", path, strerror(errno));
    free(line);
    fclose(file);
}

/* The control socket */

static void answer_change(broker *b, FILE *out, doing *what, const char *object)
{
    mpconn_session_config config;
    session_problem problem;

    if (apply(b, what, object, &config, &problem))
        report_done(out, config.name);
    else
        report_error(out, problem.text);
    runner_carry_out(&b->run);
}

static void answer_remove(broker *b, FILE *out, const char *name)
{
    int status = recorder_session_remove(&b->run.engine, name, host_now());

    if (status == MPCONN_OK)
        report_done(out, name);
    else
        report_error(out, words(status));
    runner_carry_out(&b->run);
}

/* What follows a word of the line, or NULL when it is another word. */
static const char *after(const char *line, const char *word)
{
    size_t len = strlen(word);
    if (strncmp(line, word, len) != 0 || line[len] != ' ')
        return NULL;
    return line + len + strspn(line + len, " ");
}

bool broker_answer(void *user, FILE *out, const char *line)
{
    broker *b = user;
    const char *rest;

    if ((rest = after(line, "add"))) {
        answer_change(b, out, recorder_session_add, rest);
    } else if ((rest = after(line, "modify"))) {
        answer_change(b, out, recorder_session_modify, rest);
    } else if ((rest = after(line, "remove"))) {
        answer_remove(b, out, rest);
    } else if (strcmp(line, "list") == 0) {
        report_list(out, b);
    } else if (strcmp(line, "stats") == 0) {
        report_stats(out, b);
    } else if (strcmp(line, "members") == 0) {
        report_members(out, &b->run.engine, b->options.id);
    } else if (strcmp(line, "events") == 0) {
        report_begin(out, b);
        return true;
    } else if (strcmp(line, "quit") == 0) {
        report_done(out, NULL);
        b->run.stop = true;
    } else {
        report_error(out, "known are add OBJECT, modify OBJECT, remove NAME, list, events, stats, "
                          "members and quit");
    }
    return false;
}

void broker_session_event(void *user, const mpconn_session_event *event)
{
    runner *r = user;
    char *text = NULL;
    size_t len = 0;
    FILE *out = control_has_listeners(&r->control) ? open_memstream(&text, &len) : NULL;

    if (!out)
        return;
    report_event(out, event, host_now());
    if (fclose(out) == 0)
        control_tell(&r->control, text, len);
    free(text);
}
