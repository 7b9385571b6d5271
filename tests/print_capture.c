/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames for doc/mpconn.lua to show, and what the library reads in them.
 *
 *   print_capture capture       tests/dissector/capture.txt, which text2pcap reads
 *   print_capture names         names of the columns of "fields"
 *   print_capture fields        what stands in the frames that are well formed, a line each
 *   print_capture malformed     numbers of the frames that are not
 *
 * With a seed as second argument the frames are random ones. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

#include "frame_check.h"
#include "packets.h"
#include "sync/hello.h"

enum { IP4 = 20, IP6 = 40, UDP = 8, PORT = 7843, RECORDS_MOST = 256 };

typedef struct datagram {
    const char *what;
    unsigned ipv6, port;
    size_t len;
    uint8_t bytes[FRAME_VECTOR_MOST];
} datagram;

#define NAME "00 c0000201 9c40 c6336401 0050 000003e8 "

/* What follows the vectors: `prefix` replaces the beginning of a right header. */
static const struct hand_made {
    const char *what, *prefix, *records;
} hand_made[] = {
    {"one drive", "", "83 15" NAME "03 01 d78c"},
    {"fields that are made of parts", "", "84 13" NAME "02 37 83 05 02 03 01 d78c"
     "87 05 02 1001 05 89 89 03 02 01 02 8d 03 02 01 02"},
    {"types that are not known, and need not or must be", "",
     "82 12" NAME "00 70 03 010203 f0 00 8a 05 02 03 0001 04"},
    {"extensions that are not known, and need not or must be", "",
     "82 16" NAME "00 05 02 aabb 8d 05 02 01 02 85 00 88 02 02 00"},
    {"server legs of either family", "", "83 20" NAME "00 81 0c 0a080001 a028 0a080008 1f90"
     "85 29 02 0000 81 24 fd000000000000000000000000000001 a028 fd000000000000000000000000000008"
     " 1f90"},
    {"server leg behind another extension", "",
     "83 23" NAME "00 05 01 aa 81 0c 0a080001 a028 0a080008 1f90"},
    {"server leg of a type that has none", "", "82 20" NAME "00 81 0c 0a080001 a028 0a080008 1f90"},
    {"server leg that is the name", "", "83 20" NAME "00 81 0c c0000201 9c40 c6336401 0050"},
    {"server leg with port 0", "", "83 20" NAME "00 81 0c 0a080001 0000 0a080008 1f90"},
    {"server leg of no family", "", "83 1f" NAME "00 81 0b 0a080001 a028 0a0800 1f90"},
    {"later minor version, flag that need not be known", "4d43 11 02", "82 12" NAME "00"},
    {"sealed", "4d43 10 01", "5a0bd1 66 71 c3 9e 04"},
    {"other major version", "4d43 20 00", ""},
    {"flag that must be known", "4d43 10 40", "82 12" NAME "00"},
    {"boot 0", "4d43 10 00 0001 0002 c1b96203 21222324 0000000000000000", ""},
    {"field that is there and zero", "", "82 16" NAME "01 00000000"},
    {"not the shortest reference", "", "82 12" NAME "00 88 12" NAME "00"},
    {"mask with a bit too many", "", "82 12" NAME "02"},
    {"client on the loopback", "", "82 12 00 7f000001 9c40 c6336401 0050 000003e8 00"},
    {"port 0", "", "82 12 00 c0000201 0000 c6336401 0050 000003e8 00"},
    {"endpoints that are one", "", "82 12 00 c0000201 9c40 c0000201 9c40 000003e8 00"},
    {"record longer than the frame", "", "82 40" NAME "00"},
    {"reference to nothing, then a good record", "", "82 02 02 00 82 12" NAME "00"},
    {"reference to the other family", "", "82 12" NAME "00 82 02 03 00"},
    {"reference with a bit that does not exist", "", "82 12 2" NAME "00"},
    {"type without its bit 7", "", "02 12" NAME "00"},
    {"half an entry of a greeting", "", "81 05 00 00020000"},
    {"record that ends in its name", "", "82 05 00 c0000201"},
    {"extension longer than the record", "", "82 14" NAME "00 05 09"},
    {"half a record", "", "82"},
    {"sessions among connections", "", "82 12" NAME "00 92 08 02 7331 05 0007 009b"
     "88 02 02 00 90 12 01 73 00000e c0000263 9c40 00000001 85 01 aa"},
    {"session without a name", "", "92 04 00 01 0007"},
    {"session whose name has a zero", "", "92 06 02 7300 01 0007"},
    {"session with a field too many", "", "92 06 01 73 09 0007 01"},
    {"session with a field that is zero", "", "92 06 01 73 01 0000 00"},
    {"two things that ended", "", "92 09 01 73 03 0007 00000001"},
    {"nobody called", "", "90 09 01 73 000008 00000001"},
    {"two clients called", "", "90 11 01 73 003006 c0000263 9c40 c0000264 9c40"},
    {"family of a client that did not call", "", "90 0c 01 73 000007 02 c0000263 9c40"},
    {"client that calls from everywhere", "", "90 0b 01 73 000006 ffffffff 9c40"},
    {"half a pair", "", "91 0f 01 73 000062 00000001 c0000263 9c40"},
};

static const struct other {
    const char *what;
    unsigned port;
    const char *hex;
} others[] = {
    {"frame cut off, where frames were before", PORT, "4d43100000010002c1b9620321222324"},
    {"frame cut off, elsewhere", PORT + 1, "4d43100000010002c1b9620321222324"},
    {"no frame, where frames were before", PORT, "6e6f206672616d65"},
    {"no frame, and long enough for one", PORT + 1,
     "4d441000 0001 0002 c1b96203 21222324 1112131415161719 0000000000000001"
     "01020304 05060708 01020304 05060708"},
};

static size_t from_hex(uint8_t *to, const char *text)
{
    size_t n = 0;

    for (; *text != '\0'; text++) {
        int digit = *text >= 'a' ? *text - 'a' + 10 : *text - '0';

        if (*text == ' ')
            continue;
        to[n / 2] = (uint8_t)(n % 2 == 0 ? digit << 4 : to[n / 2] | digit);
        n++;
    }
    return n / 2;
}

/* A frame around the records that stand in it already. */
static void close_frame(datagram *d, uint64_t sequence, size_t records, const char *prefix)
{
    mpci_sipkey root = frame_vector_root();
    mpci_frame_key key;
    mpci_frame f = {.sender = 1, .destination = 2, .epoch = 0x21222324, .sequence = sequence,
                    .boot = UINT64_C(0x1112131415161719)};

    mpci_frame_key_init(&key, &root);
    f.cluster = key.cluster;
    mpci_frame_write(&f, d->bytes);
    from_hex(d->bytes, prefix);
    d->len = MPCI_FRAME_HEADER + records;
    mpci_frame_tag(&key, d->bytes, d->len, d->bytes + d->len);
    d->len += MPCI_FRAME_TAG;
}

/* The n-th datagram of the committed capture; 0 when there is none. */
static int take_made(datagram *d, unsigned n)
{
    const unsigned n_made = sizeof hand_made / sizeof *hand_made;

    *d = (datagram){.port = PORT};
    if (n < FRAME_VECTORS) {
        d->what = frame_vectors[n].what;
        d->ipv6 = n == 3;
        d->len = frame_unhex(d->bytes, frame_vectors[n].hex);
        return 1;
    }
    n -= FRAME_VECTORS;
    if (n < n_made) {
        d->what = hand_made[n].what;
        close_frame(d, 4 + n, from_hex(d->bytes + MPCI_FRAME_HEADER, hand_made[n].records),
                    hand_made[n].prefix);
        return 1;
    }
    n -= n_made;
    if (n >= sizeof others / sizeof *others)
        return 0;
    d->what = others[n].what;
    d->port = others[n].port;
    d->len = from_hex(d->bytes, others[n].hex);
    return 1;
}

/* Some records. Every fourth time a few bytes are changed; sometimes the end is missing, or a
 * record refers to nothing that could refer to the one before. */
static int take_random(datagram *d, unsigned n, seed_rng *rng)
{
    mpci_writer w = mpci_writer_of(d->bytes + MPCI_FRAME_HEADER, 600);
    mpci_record_context c = {0};
    mpci_members m = {0};
    mpci_member member = {.id = (uint16_t)seed_below(rng, 65535)};
    size_t len;

    *d = (datagram){.what = "random", .port = PORT};
    if (n >= 400)
        return 0;
    for (unsigned i = seed_below(rng, 8); i-- > 0;) {
        mpci_record r = seed_below(rng, 3) ? record_random(rng) : session_record_random(rng);

        if (seed_below(rng, 8) == 0)
            mpci_hello_encode(&w, &m, 0, &member, 1);
        if (n % 4 == 1 && seed_below(rng, 4) == 0)
            memset(&c, 0, sizeof c); /* perhaps not the shortest reference */
        mpci_record_encode(&w, &c, &r);
    }
    len = (size_t)(w.at - d->bytes) - MPCI_FRAME_HEADER;
    if (n % 8 == 7 && len > 0)
        len -= seed_below(rng, (unsigned)len);
    for (unsigned i = seed_below(rng, 8); len > 0 && n % 4 == 3 && i-- > 0;) {
        uint8_t *at = &d->bytes[MPCI_FRAME_HEADER + seed_below(rng, (unsigned)len)];

        *at = (uint8_t)(seed_below(rng, 2) ? *at ^ 1 << seed_below(rng, 8) : seed_u8(rng));
    }
    close_frame(d, n + 1, len, "");
    return 1;
}

static size_t write_ip(uint8_t *ip, const datagram *d)
{
    size_t udp = UDP + d->len;

    memset(ip, 0, IP6);
    if (d->ipv6) {
        ip[0] = 0x60;
        poke16(ip + 4, (unsigned)udp);
        ip[6] = 17;
        ip[7] = 64;
        from_hex(ip + 8, "20010db8000000000000000000000001");
        from_hex(ip + 24, "20010db8000000000000000000000002");
        return IP6;
    }
    ip[0] = 0x45;
    poke16(ip + 2, (unsigned)(IP4 + udp));
    ip[8] = 64;
    ip[9] = 17;
    from_hex(ip + 12, "cb007101cb007102");
    poke16(ip + 10, ~slow_sum(0, ip, IP4) & 0xffff);
    return IP4;
}

/* As text2pcap reads it: raw IP. */
static void print_packet(const datagram *d, unsigned number)
{
    uint8_t packet[IP6 + UDP + FRAME_VECTOR_MOST];
    size_t l4 = write_ip(packet, d), len = l4 + UDP + d->len;
    uint8_t *udp = packet + l4;
    uint32_t sum;

    poke16(udp, d->port);
    poke16(udp + 2, d->port);
    poke16(udp + 4, (unsigned)(UDP + d->len));
    poke16(udp + 6, 0);
    memcpy(udp + UDP, d->bytes, d->len);
    sum = slow_sum(17 + UDP + (uint32_t)d->len, d->ipv6 ? packet + 8 : packet + 12,
                   d->ipv6 ? 32 : 8);
    sum = ~slow_sum(sum, udp, UDP + d->len) & 0xffff;
    poke16(udp + 6, sum == 0 ? 0xffff : sum);
    printf("\n# %u: %s\n", number, d->what);
    for (size_t i = 0; i < len; i++) {
        if (i % 16 == 0)
            printf("%s%06x", i == 0 ? "" : "\n", (unsigned)i);
        printf(" %02x", packet[i]);
    }
    puts("");
}

typedef struct reading {
    unsigned n;
    enum { READ, UNREADABLE, MALFORMED } result;
    struct {
        unsigned type;
        int is_known;
        mpci_record r;
        mpci_reader body;
    } of[RECORDS_MOST];
} reading;

static void read_records(reading *to, mpci_reader frame)
{
    mpci_record_context c = {0};

    while (mpci_reader_left(&frame) > 0 && to->result == READ) {
        unsigned i = to->n++;
        mpci_greeting g;

        to->of[i].type = *frame.at;
        if (mpci_record_decode(&frame, &c, &to->of[i].r, &to->of[i].body) ==
            MPCI_RECORD_MALFORMED)
            to->result = MALFORMED;
        else if (to->of[i].r.type == MPCI_RECORD_HELLO &&
                 mpci_hello_decode(&g, &to->of[i].body, 0) < 0)
            to->result = MALFORMED;
        to->of[i].is_known = mpci_record_name(to->of[i].r.type) != NULL;
    }
}

static void read_frame(reading *to, const datagram *d)
{
    mpci_frame f = {0};
    unsigned fate = mpci_frame_parse(&f, d->bytes, d->len);

    memset(to, 0, sizeof *to);
    if (fate == MPCONN_SYNC_MALFORMED ||
        (fate == MPCONN_SYNC_TRUNCATED && d->port == PORT && d->bytes[0] == 0x4d))
        to->result = MALFORMED;
    else if (fate != MPCONN_SYNC_TAKEN || (f.flags & MPCI_FRAME_SEALED) != 0)
        to->result = UNREADABLE;
    else
        read_records(to, mpci_reader_of(d->bytes + MPCI_FRAME_HEADER,
                                        d->len - MPCI_FRAME_HEADER - MPCI_FRAME_TAG));
}

/* Columns: these, then the fields of records. */
enum {
    TYPE,
    CLIENT4,
    CLIENT6,
    CLIENT_PORT,
    SERVER4,
    SERVER6,
    SERVER_PORT,
    X,
    ZONE,
    LEG_CLIENT4,
    LEG_CLIENT6,
    LEG_CLIENT_PORT,
    LEG_SERVER4,
    LEG_SERVER6,
    LEG_SERVER_PORT,
    MEMBER,
    CHALLENGE,
    ANSWER,
    SESSION_NAME,
    SESSIONS, /* fields of records about sessions */
    FIELDS = SESSIONS + SESSION_FIELD_COUNT
};
static const char *const columns[] = {
    "record.type", "record.client.ipv4", "record.client.ipv6", "record.client.port",
    "record.server.ipv4", "record.server.ipv6", "record.server.port", "record.x", "record.zone",
    "binding.client.ipv4", "binding.client.ipv6", "binding.client.port",
    "binding.server.ipv4", "binding.server.ipv6", "binding.server.port",
    "hello.member", "hello.challenge", "hello.answer", "session.name.bytes"};

static void put(int *first, const char *text)
{
    printf("%s%s", *first ? "" : ",", text);
    *first = 0;
}

/* With as many hexadecimal digits; decimal for 0. */
static void put_number(int *first, uint64_t n, unsigned hex_digits)
{
    char text[24] = "0x";

    if (hex_digits == 0)
        snprintf(text, sizeof text, "%" PRIu64, n);
    for (unsigned i = 0; i < hex_digits; i++)
        text[2 + i] = "0123456789abcdef"[n >> 4 * (hex_digits - 1 - i) & 15];
    put(first, text);
}

static void put_address(int *first, const mpconn_addr *a, int family)
{
    char text[INET6_ADDRSTRLEN];

    put(first, inet_ntop(family, a->bytes, text, sizeof text));
}

static void put_entries(int *first, mpci_reader body, unsigned column)
{
    (void)mpci_read_number(&body, 1);
    while (mpci_reader_left(&body) > 0) {
        uint64_t id = mpci_read_number(&body, 2);
        uint64_t challenge = mpci_read_number(&body, 8), answer = mpci_read_number(&body, 8);

        if (column == MEMBER)
            put_number(first, id, 0);
        else
            put_number(first, column == CHALLENGE ? challenge : answer, 16);
    }
}

static void put_endpoint(int *first, const mpconn_tuple *t, unsigned column)
{
    int is_server = column >= SERVER4;
    int is_ipv4 = column == CLIENT4 || column == SERVER4;

    if (t->family == MPCONN_FAMILY_NONE)
        return;
    if (column == CLIENT_PORT || column == SERVER_PORT)
        put_number(first, is_server ? t->server_port : t->client_port, 0);
    else if (t->family == (is_ipv4 ? MPCONN_FAMILY_IPV4 : MPCONN_FAMILY_IPV6))
        put_address(first, is_server ? &t->server : &t->client, is_ipv4 ? AF_INET : AF_INET6);
}

static void put_name(int *first, const mpci_record *r, unsigned column)
{
    if (column >= LEG_CLIENT4)
        put_endpoint(first, &r->server_leg, column - LEG_CLIENT4 + CLIENT4);
    else if (column == X)
        put_number(first, r->client_isn, 0);
    else if (column != ZONE)
        put_endpoint(first, &r->tuple, column);
    else if (r->tuple.zone != 0)
        put_number(first, r->tuple.zone, 0);
}

static void put_field(int *first, const mpci_record *r, unsigned field)
{
    unsigned width = record_fields[field].width;
    int is_hex = width == 1 || field == RECORD_FIELD_HS;

    if (record_get(r, field) != 0)
        put_number(first, record_get(r, field), is_hex ? 2 * width : 0);
}

static void put_session_field(int *first, const mpci_session_record *s, unsigned field)
{
    unsigned width = session_fields[field].width;
    int is_ipv6 = mpci_session_record_family(s, width & 1) == MPCONN_FAMILY_IPV6;
    static const mpconn_addr none;
    mpconn_addr a;

    if (session_is_address(field)) {
        memcpy(&a, (const uint8_t *)s + session_fields[field].offset, sizeof a);
        if (memcmp(&a, &none, sizeof a) != 0)
            put_address(first, &a, is_ipv6 ? AF_INET6 : AF_INET);
    } else if (session_get(s, field) != 0) {
        put_number(first, session_get(s, field), width == 1 ? 2 : 0);
    }
}

static void put_session_name(int *first, const mpci_session_record *s)
{
    char text[2 * MPCONN_SESSION_NAME_MAX + 1];

    for (unsigned i = 0; s->name[i] != '\0'; i++)
        snprintf(text + 2 * i, 3, "%02x", (unsigned char)s->name[i]);
    if (s->name[0] != '\0') /* sums name no session */
        put(first, text);
}

static void print_column(const reading *of, unsigned column)
{
    int first = 1;

    for (unsigned i = 0; i < of->n; i++) {
        const mpci_record *r = &of->of[i].r;

        if (column == TYPE)
            put_number(&first, of->of[i].type, 2);
        else if (!of->of[i].is_known)
            continue;
        else if (mpci_record_is_about_session(r->type) && column == SESSION_NAME)
            put_session_name(&first, &r->session);
        else if (mpci_record_is_about_session(r->type) && column >= SESSIONS && column < FIELDS)
            put_session_field(&first, &r->session, column - SESSIONS);
        else if (mpci_record_is_about_session(r->type) ||
                 (column >= SESSION_NAME && column < FIELDS))
            continue;
        else if (column >= FIELDS)
            put_field(&first, r, column - FIELDS);
        else if (column >= MEMBER && column < SESSION_NAME && r->type == MPCI_RECORD_HELLO)
            put_entries(&first, of->of[i].body, column);
        else if (column < MEMBER && r->type != MPCI_RECORD_HELLO)
            put_name(&first, r, column);
    }
}

static void print_reading(const datagram *d, unsigned number, int wants_malformed)
{
    static reading of;

    read_frame(&of, d);
    if (of.result != (wants_malformed ? MALFORMED : READ))
        return;
    printf("%u", number);
    for (unsigned column = 0; !wants_malformed && column < FIELDS + RECORD_FIELD_COUNT; column++) {
        printf("\t");
        print_column(&of, column);
    }
    puts("");
}

static void print_name_of(const char *what, const char *field)
{
    printf("mpconn.%s.", what);
    for (const char *p = field; *p != '\0'; p++)
        putchar(*p >= 'A' && *p <= 'Z' ? *p - 'A' + 'a' : *p);
}

static void print_names(void)
{
    for (unsigned i = 0; i < SESSIONS; i++)
        printf("mpconn.%s\n", columns[i]);
    for (unsigned i = 0; i < SESSION_FIELD_COUNT; i++) {
        print_name_of("session", session_fields[i].name);
        puts("");
    }
    for (unsigned i = 0; i < RECORD_FIELD_COUNT; i++) {
        print_name_of("record", record_fields[i].name);
        puts("");
    }
}

int main(int argc, char **argv)
{
    const char *wanted = argc > 1 ? argv[1] : "";
    seed_rng rng = {argc > 2 ? strtoull(argv[2], NULL, 0) : 0};
    static datagram d;

    if (strcmp(wanted, "names") == 0) {
        print_names();
        return 0;
    }
    if (strcmp(wanted, "capture") == 0)
        puts("# SPDX-License-Identifier: BSD-2-Clause\n"
             "# Made by tests/print_capture. For a capture of raw IP: text2pcap -l 101");
    for (unsigned n = 0; argc > 2 ? take_random(&d, n, &rng) : take_made(&d, n); n++) {
        if (strcmp(wanted, "capture") == 0)
            print_packet(&d, n + 1);
        else
            print_reading(&d, n + 1, strcmp(wanted, "malformed") == 0);
    }
    return 0;
}
