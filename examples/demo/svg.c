/* SPDX-License-Identifier: BSD-2-Clause */
#include "demo/svg.h"

#include <stdio.h>

enum { TIME_X = 70, TOP = 60, ROW_HEIGHT = 24, RIGHT = 30 };

/* Legs need more room than what is between the members. */
static int upright(const rows *r, unsigned i)
{
    static const int at[CAPTURE_MEMBERS][CAPTURE_MEMBERS + 2] = { { 0, 300, 600 },
                                                                  { 0, 300, 500, 800 } };
    return TIME_X + 30 + at[r->n_members - 1][i];
}

static void draw_frame(FILE *f, const rows *r)
{
    const unsigned last = r->n_members + 1u;
    int width = upright(r, last) + RIGHT, height = TOP + (int)r->n * ROW_HEIGHT + 20;

    fprintf(f,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
            "viewBox=\"0 0 %d %d\" font-family=\"monospace\" font-size=\"12\">\n"
            "<title>One connection, two legs</title>\n"
            "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n"
            "<defs><marker id=\"head\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"8\" "
            "markerHeight=\"8\" orient=\"auto\"><path d=\"M0 0L8 4L0 8z\"/></marker></defs>\n",
            width, height, width, height);
    fprintf(f, "<text x=\"%d\" y=\"30\" text-anchor=\"end\">ms</text>\n", TIME_X);
    for (unsigned i = 0; i <= last; i++)
        fprintf(f,
                "<text x=\"%d\" y=\"30\" text-anchor=\"middle\" font-weight=\"bold\">%s</text>\n"
                "<line x1=\"%d\" y1=\"40\" x2=\"%d\" y2=\"%d\" stroke=\"#888\"/>\n",
                upright(r, i), upright_name(r, i), upright(r, i), upright(r, i), height - 10);
}

static void draw_arrow(FILE *f, const rows *r, const row *rung, const arrow *a, int y)
{
    const char *color = rung->message             ? "#208020"
                        : rung->toward == SERVER ? "#0050a0"
                                                  : "#a04000";
    const int from = upright(r, a->from), to = upright(r, a->to);

    fprintf(f,
            "<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" stroke=\"%s\"%s "
            "marker-end=\"url(#head)\"/>\n"
            "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\" stroke=\"white\" stroke-width=\"4\" "
            "paint-order=\"stroke\">%s</text>\n",
            from, y, to, y, color, rung->message ? " stroke-dasharray=\"4 3\"" : "",
            (from + to) / 2, y - 4, a->text);
}

static void draw_row(FILE *f, const rows *r, const row *rung, int y)
{
    arrow arrows[2];
    char gap[96];

    if (rung->left_out) {
        row_gap(gap, rung);
        fprintf(f, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\" fill=\"#666\">%s</text>\n",
                (upright(r, 0) + upright(r, r->n_members + 1u)) / 2, y - 4, gap);
        return;
    }
    fprintf(f, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%.3f</text>\n", TIME_X, y,
            (double)rung->at_ns / 1e6);
    size_t n = row_arrows(arrows, r, rung);
    for (size_t i = 0; i < n; i++)
        draw_arrow(f, r, rung, &arrows[i], y);
}

bool svg_write(const char *path, const rows *r)
{
    FILE *f = fopen(path, "we");
    if (!f)
        return false;
    draw_frame(f, r);
    for (size_t i = 0; i < r->n; i++)
        draw_row(f, r, &r->list[i], TOP + (int)i * ROW_HEIGHT);
    fputs("</svg>\n", f);
    bool ok = !ferror(f);
    return fclose(f) == 0 && ok;
}
