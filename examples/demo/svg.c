/* SPDX-License-Identifier: BSD-2-Clause */
#include "demo/svg.h"

#include <inttypes.h>
#include <stdio.h>

enum { TIME_X = 70, LEG_WIDTH = 400, TOP = 60, ROW_HEIGHT = 24, RIGHT = 30 };

/* The uprights: client, member, server. */
static int upright(int i)
{
    return TIME_X + 30 + i * LEG_WIDTH;
}

static void draw_frame(FILE *f, size_t n_rows)
{
    static const char *const names[] = { "client", "member", "server" };
    int width = upright(2) + RIGHT, height = TOP + (int)n_rows * ROW_HEIGHT + 20;

    fprintf(f,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
            "viewBox=\"0 0 %d %d\" font-family=\"monospace\" font-size=\"12\">\n"
            "<title>One connection, two legs</title>\n"
            "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n"
            "<defs><marker id=\"head\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"8\" "
            "markerHeight=\"8\" orient=\"auto\"><path d=\"M0 0L8 4L0 8z\"/></marker></defs>\n",
            width, height, width, height);
    fprintf(f, "<text x=\"%d\" y=\"30\" text-anchor=\"end\">ms</text>\n", TIME_X);
    for (int i = 0; i < 3; i++)
        fprintf(f,
                "<text x=\"%d\" y=\"30\" text-anchor=\"middle\" font-weight=\"bold\">%s</text>\n"
                "<line x1=\"%d\" y1=\"40\" x2=\"%d\" y2=\"%d\" stroke=\"#888\"/>\n",
                upright(i), names[i], upright(i), upright(i), height - 10);
}

static void draw_leg(FILE *f, int leg, int toward, const segment *s, int y)
{
    char text[ROW_TEXT_MAX];
    int from = upright(toward == SERVER ? leg : leg + 1);
    int to = upright(toward == SERVER ? leg + 1 : leg);

    row_text(text, s);
    fprintf(f,
            "<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" stroke=\"%s\" "
            "marker-end=\"url(#head)\"/>\n"
            "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">%s</text>\n",
            from, y, to, y, toward == SERVER ? "#0050a0" : "#a04000", (from + to) / 2, y - 4, text);
}

static void draw_row(FILE *f, const row *r, int y)
{
    if (r->left_out) {
        fprintf(f,
                "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\" fill=\"#666\">%zu more, %" PRIu64
                " bytes to the client, %" PRIu64 " to the server</text>\n",
                upright(1), y - 4, r->left_out, r->bytes[CLIENT], r->bytes[SERVER]);
        return;
    }
    fprintf(f, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%.3f</text>\n", TIME_X, y,
            (double)r->at_ns / 1e6);
    for (int leg = 0; leg < 2; leg++) {
        if (r->leg[leg])
            draw_leg(f, leg, r->toward, r->leg[leg], y);
    }
}

bool svg_write(const char *path, const rows *r)
{
    FILE *f = fopen(path, "we");
    if (!f)
        return false;
    draw_frame(f, r->n);
    for (size_t i = 0; i < r->n; i++)
        draw_row(f, &r->list[i], TOP + (int)i * ROW_HEIGHT);
    fputs("</svg>\n", f);
    bool ok = !ferror(f);
    return fclose(f) == 0 && ok;
}
