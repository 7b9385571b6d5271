/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ladder [-s SVG] CAPTURE [CAPTURE]: draws the first connection that one or two members recorded
 * (mpconn-member --pcap) as a ladder, with what they said to one another, and says by how much its
 * legs differ and what that cost.
 */
#include "demo/rows.h"
#include "demo/svg.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { HEAD = 18, TAIL = 7, TIME = 9, WIDTH = 104 };

/* Columns of the uprights, for one member and for two. */
static const int columns[CAPTURE_MEMBERS][CAPTURE_MEMBERS + 2] = {
    { 9, 51, 93 },
    { 9, 42, 66, 99 },
};

/* From upright to upright: "<-- text --", cut when there is no room. */
static void draw_arrow(char *line, const int *at, const arrow *a)
{
    const bool right = a->from < a->to;
    const int left = at[right ? a->from : a->to], end = at[right ? a->to : a->from];
    const int room = end - left - 1;
    int len = (int)strlen(a->text);

    if (len > room - 4)
        len = room - 4;
    memset(line + left + 1, '-', (size_t)room);
    line[right ? end - 1 : left + 1] = right ? '>' : '<';
    char *text = line + left + 1 + (room - len) / 2;
    text[-1] = text[len] = ' ';
    memcpy(text, a->text, (size_t)len);
}

static void print_row(const rows *r, const row *rung)
{
    const int *at = columns[r->n_members - 1];
    char line[WIDTH + 1], gap[96];
    arrow arrows[2];

    memset(line, ' ', sizeof(line));
    for (unsigned i = 0; i < r->n_members + 2u; i++)
        line[at[i]] = '|';
    line[at[r->n_members + 1] + 1] = '\0';
    if (rung->left_out) {
        row_gap(gap, rung);
        printf("%*s   %s\n", TIME, "...", gap);
        return;
    }
    size_t n = row_arrows(arrows, r, rung);
    for (size_t i = 0; i < n; i++)
        draw_arrow(line, at, &arrows[i]);
    printf("%8.3f %s\n", (double)rung->at_ns / 1e6, line + TIME);
}

/* Names above their uprights, and none beyond the last. */
static void print_head(const rows *r)
{
    const int *at = columns[r->n_members - 1];
    int column = printf("%8s", "ms");

    for (unsigned i = 0; i < r->n_members + 2u; i++) {
        const char *name = upright_name(r, i);
        const int len = (int)strlen(name), end = at[r->n_members + 1] + 1;
        int start = at[i] - len / 2;
        if (start + len > end)
            start = end - len;
        column += printf("%*s%s", start - column, "", name);
    }
    putchar('\n');
}

static void print_legs(const rows *r)
{
    const origin *near = &r->server[CLIENT], *far = &r->server[SERVER];

    if (near->known && far->known)
        printf("legs: x = %" PRIu32 ", y = %" PRIu32 ", z = %" PRIu32 ": difference %" PRIu32 "\n",
               r->x.seq, near->seq, far->seq, far->seq - near->seq);
}

/* Segments that arrived, by where they go and at which member. */
static void print_ways(const capture *c)
{
    size_t n[2][CAPTURE_MEMBERS] = { { 0 } };

    for (size_t i = 0; i < c->n; i++) {
        const event *e = &c->events[i];
        if (e->side != MEMBERS && !e->left)
            n[e->as.s.toward][e->member]++;
    }
    printf("ways: to the server: A %zu, B %zu; to the client: A %zu, B %zu segments\n",
           n[SERVER][0], n[SERVER][1], n[CLIENT][0], n[CLIENT][1]);
}

static void print_cost(const capture *c)
{
    size_t sent[2] = { 0 }, arrived[2] = { 0 };
    uint64_t bytes[2] = { 0 };

    for (size_t i = 0; i < c->n; i++) {
        const event *e = &c->events[i];
        if (e->side != MEMBERS)
            continue;
        size_t *n = e->left ? sent : arrived;
        n[e->as.m.greeting]++;
        bytes[e->as.m.greeting] += e->left ? e->as.m.len : 0;
    }
    printf("between the members: %zu datagrams with %" PRIu64 " bytes about the connection, %zu of "
           "them lost;\n  %zu with %" PRIu64 " bytes to greet\n",
           sent[0], bytes[0], sent[0] > arrived[0] ? sent[0] - arrived[0] : 0, sent[1], bytes[1]);
}

static int draw(const capture *c, const char *svg)
{
    rows r;

    if (!rows_make(&r, c, HEAD, TAIL)) {
        fprintf(stderr, "ladder: out of memory\n");
        return 1;
    }
    print_head(&r);
    for (size_t i = 0; i < r.n; i++)
        print_row(&r, &r.list[i]);
    print_legs(&r);
    if (c->n_members > 1) {
        print_ways(c);
        print_cost(c);
    }
    int status = 0;
    if (svg && !svg_write(svg, &r)) {
        fprintf(stderr, "ladder: %s: %s\n", svg, strerror(errno));
        status = 1;
    }
    rows_free(&r);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "ladder: not all of it could be written\n");
        status = 1;
    }
    return status;
}

int main(int argc, char **argv)
{
    const char *svg = argc > 2 && strcmp(argv[1], "-s") == 0 ? argv[2] : NULL;
    const int first = svg ? 3 : 1;
    const char *wrong = NULL;
    capture c = { 0 };
    int i = first;

    if (argc <= first || argc > first + CAPTURE_MEMBERS) {
        fprintf(stderr, "usage: ladder [-s SVG] CAPTURE [CAPTURE]\n");
        return 2;
    }
    while (i < argc && !(wrong = capture_add(&c, argv[i])))
        i++;
    if (!wrong && (wrong = capture_finish(&c)))
        i = first;
    if (wrong)
        fprintf(stderr, "ladder: %s: %s\n", argv[i], wrong);
    int status = wrong ? 1 : draw(&c, svg);
    capture_free(&c);
    return status;
}
