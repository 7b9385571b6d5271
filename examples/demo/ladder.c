/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ladder CAPTURE [SVG]: draws the first connection in a capture of mpconn-member as a ladder, with
 * the numbers that each leg shows, and says by how much the legs differ.
 */
#include "demo/rows.h"
#include "demo/svg.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { LEG_WIDTH = 44, HEAD = 14, TAIL = 7 };

static void print_dashes(int n)
{
    while (n-- > 0)
        putchar('-');
}

static void print_leg(const segment *s, int toward)
{
    char text[ROW_TEXT_MAX];

    if (!s) {
        printf("%*s", LEG_WIDTH, "");
        return;
    }
    int rest = LEG_WIDTH - (int)row_text(text, s) - 3;
    putchar(toward == CLIENT ? '<' : '-');
    print_dashes(rest / 2);
    printf(" %s ", text);
    print_dashes(rest - rest / 2 - 1);
    putchar(toward == CLIENT ? '-' : '>');
}

static void print_row(const row *r)
{
    if (r->left_out) {
        printf("     ...   %zu more, %" PRIu64 " bytes to the client, %" PRIu64 " to the server\n",
               r->left_out, r->bytes[CLIENT], r->bytes[SERVER]);
        return;
    }
    printf("%8.3f |", (double)r->at_ns / 1e6);
    print_leg(r->leg[CLIENT], r->toward);
    putchar('|');
    print_leg(r->leg[SERVER], r->toward);
    puts("|");
}

static const segment *find_syn_ack(const capture *c, int leg)
{
    for (size_t i = 0; i < c->n; i++) {
        const segment *s = &c->segments[i];
        if (s->leg == leg && (s->flags & TCP_SYN) && (s->flags & TCP_ACK))
            return s;
    }
    return NULL;
}

static void print_difference(const capture *c)
{
    const segment *near = find_syn_ack(c, CLIENT), *far = find_syn_ack(c, SERVER);
    if (near && far)
        printf("legs: the server counts from %u, for the client from %u: difference %u\n", far->seq,
               near->seq, far->seq - near->seq);
}

int main(int argc, char **argv)
{
    capture c;
    rows r;

    if (argc != 2 && argc != 3) {
        fprintf(stderr, "usage: ladder CAPTURE [SVG]\n");
        return 2;
    }
    const char *wrong = capture_read(&c, argv[1]);
    if (!wrong && !rows_make(&r, &c, HEAD, TAIL))
        wrong = "out of memory";
    if (wrong) {
        fprintf(stderr, "ladder: %s: %s\n", argv[1], wrong);
        return 1;
    }
    printf("%8s %-*s%-*s%s\n", "ms", LEG_WIDTH - 1, "client", LEG_WIDTH, " member", "  server");
    for (size_t i = 0; i < r.n; i++)
        print_row(&r.list[i]);
    print_difference(&c);
    int status = 0;
    if (argc == 3 && !svg_write(argv[2], &r)) {
        fprintf(stderr, "ladder: %s: %s\n", argv[2], strerror(errno));
        status = 1;
    }
    rows_free(&r);
    capture_free(&c);
    return status;
}
