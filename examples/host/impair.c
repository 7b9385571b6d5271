/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/impair.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

/* How much later than the others a reordered frame goes on: at a gigabit, some eighty frames. */
#define REORDER_NS MPCONN_MILLISECOND
#define DELAY_MAX_MS 60000.0
#define TCP_SYN 0x02

/* "0.02" or "2%" */
static const char *parse_probability(double *out, const char *value)
{
    char *end;
    double p = strtod(value, &end);
    if (end != value && strcmp(end, "%") == 0) {
        p /= 100;
        end++;
    }
    if (end == value || *end || !(p >= 0 && p <= 1))
        return "a probability is 0 to 1, or 0% to 100%";
    *out = p;
    return NULL;
}

static const char *parse_delay(uint64_t *out, const char *value)
{
    char *end;
    double ms = strtod(value, &end);
    if (end == value || *end || !(ms >= 0 && ms <= DELAY_MAX_MS))
        return "delay is 0 to 60000 milliseconds";
    *out = (uint64_t)(ms * (double)MPCONN_MILLISECOND);
    return NULL;
}

static const char *parse_seed(uint64_t *out, const char *value)
{
    char *end;
    *out = strtoull(value, &end, 0);
    return end == value || *end || *value == '-' ? "seed is a number" : NULL;
}

static const char *parse_setting(impair_config *config, const char *name, const char *value)
{
    if (strcmp(name, "loss") == 0)
        return parse_probability(&config->loss, value);
    if (strcmp(name, "dup") == 0)
        return parse_probability(&config->dup, value);
    if (strcmp(name, "reorder") == 0)
        return parse_probability(&config->reorder, value);
    if (strcmp(name, "nth") == 0)
        return parse_probability(&config->nth, value);
    if (strcmp(name, "delay") == 0)
        return parse_delay(&config->delay_ns, value);
    if (strcmp(name, "seed") == 0)
        return parse_seed(&config->seed, value);
    return "known are loss, dup, reorder, nth, delay and seed";
}

const char *impair_parse(impair_config *config, const char *text)
{
    char copy[128];
    char *next = copy;

    if (strlen(text) >= sizeof(copy))
        return "too long";
    strcpy(copy, text);
    while (next) {
        char *name = strsep(&next, ",");
        char *value = strchr(name, '=');
        if (!value)
            return "expected NAME=VALUE, separated by commas";
        *value++ = '\0';
        const char *wrong = parse_setting(config, name, value);
        if (wrong)
            return wrong;
    }
    return NULL;
}

void impair_init(impair *im, const impair_config *config)
{
    memset(im, 0, sizeof(*im));
    im->config = *config;
    im->state = config->seed;
    frame_list_init(&im->straight);
    frame_list_init(&im->late);
}

void impair_clear(impair *im, frame_pool *pool)
{
    frame_list_clear(&im->straight, pool);
    frame_list_clear(&im->late, pool);
}

bool impair_active(const impair *im)
{
    const impair_config *c = &im->config;
    return c->loss > 0 || c->dup > 0 || c->reorder > 0 || c->nth > 0 || c->delay_ns > 0;
}

/* Uniform in [0, 1): the last step of SplitMix64, upper 53 bits. */
static double mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    z ^= z >> 31;
    return (double)(z >> 11) / 9007199254740992.0;
}

static double draw(impair *im)
{
    return mix(im->state += UINT64_C(0x9e3779b97f4a7c15));
}

/* The TCP header, or NULL when there is none right behind the IP header. Has it data? The length is
 * that of the IP header: a frame may be padded. */
static const uint8_t *find_tcp(const mpconn_pkt *pkt, bool *has_data)
{
    const uint8_t *ip = pkt->data;
    bool is_4 = pkt->len >= 20 && ip[0] >> 4 == 4;
    size_t at = is_4 ? (ip[0] & 15u) * 4u : 40, end;

    if (pkt->len < at + 20 || ip[is_4 ? 9 : 6] != IPPROTO_TCP)
        return NULL;
    end = is_4 ? (size_t)(ip[2] << 8 | ip[3]) : 40u + (size_t)(ip[4] << 8 | ip[5]);
    *has_data = end > at + (ip[at + 12] >> 4) * 4u;
    return ip + at;
}

/* Whether this is one of the segments that `nth` loses. */
static bool lose_by_number(impair *im, const frame *f)
{
    bool has_data = false;
    const uint8_t *tcp = im->config.nth > 0 ? find_tcp(&f->pkt, &has_data) : NULL;
    bool from_client = f->in_side == MPCONN_SIDE_CLIENT;

    if (!tcp)
        return false;
    uint64_t port = from_client ? tcp[1] : tcp[3];
    if (tcp[13] & TCP_SYN) {
        im->segments[f->in_side][false][port] = im->segments[f->in_side][true][port] = 0;
        return false;
    }
    uint32_t n = ++im->segments[f->in_side][has_data][port];
    uint64_t which = (uint64_t)has_data << 41 | port << 33 | (uint64_t)from_client << 32 | n;
    return mix(im->config.seed * UINT64_C(0x9e3779b97f4a7c15) + which) < im->config.nth;
}

static void put_frame(impair *im, frame *f, bool late, mpconn_time now)
{
    f->due = now + im->config.delay_ns + (late ? REORDER_NS : 0);
    frame_list_add(late ? &im->late : &im->straight, f);
}

void impair_put(impair *im, frame *f, frame_pool *pool, mpconn_time now)
{
    /* always three draws, so that one probability does not shift the others */
    bool by_number = lose_by_number(im, f);
    bool lose = draw(im) < im->config.loss || by_number;
    bool twice = draw(im) < im->config.dup;
    bool late = draw(im) < im->config.reorder;

    im->seen++;
    if (lose) {
        im->lost++;
        frame_del(pool, f);
        return;
    }
    if (twice) {
        frame *copy = frame_copy(pool, f);
        if (copy) {
            im->doubled++;
            put_frame(im, copy, false, now);
        }
    }
    im->reordered += late;
    put_frame(im, f, late, now);
}

frame *impair_take(impair *im, mpconn_time now)
{
    frame_list *from = &im->straight;
    if (im->late.head && (!from->head || im->late.head->due < from->head->due))
        from = &im->late;
    return from->head && from->head->due <= now ? frame_list_take(from) : NULL;
}

mpconn_time impair_next(const impair *im)
{
    mpconn_time a = im->straight.head ? im->straight.head->due : MPCONN_TIME_NEVER;
    mpconn_time b = im->late.head ? im->late.head->due : MPCONN_TIME_NEVER;
    return a < b ? a : b;
}
