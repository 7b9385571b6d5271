/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packets in fragments, for the end-to-end tests:
 *
 *   fragment cut TUN WAY PIECE        what is sent to the tun device leaves by another one, IPv6 in
 *                                     fragments of so many bytes, as from a source of them
 *   fragment inject FROM PORT TO PORT KIND  (by eth0)
 *                                     one fragment of a TCP segment: first, tiny, control, hole,
 *                                     overlap, later, twice (IPv6)
 *   fragment listen PORT              one datagram, IPv4 or IPv6: prints how many bytes came, and
 *                                     how many of them were right
 *   fragment send TO PORT BYTES       such a datagram; the kernel cuts it
 *
 * "cut" and "listen" say ready when they are.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define LONGEST 65535

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static void ready(void)
{
    puts("ready");
    fflush(stdout);
}

static int raw_socket(int family, const char *device)
{
    int fd = socket(family, SOCK_RAW, IPPROTO_RAW);
    socklen_t len = device ? (socklen_t)strlen(device) : 0;
    if (fd < 0 || (device && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, len) < 0))
        die("raw socket");
    return fd;
}

/* To where its header says. A full queue loses it, as any wire would. */
static void send_raw(int fd, const uint8_t *packet, size_t len)
{
    struct sockaddr_in to4 = {.sin_family = AF_INET};
    struct sockaddr_in6 to6 = {.sin6_family = AF_INET6};
    bool v6 = packet[0] >> 4 == 6;
    memcpy(v6 ? (void *)&to6.sin6_addr : (void *)&to4.sin_addr, packet + (v6 ? 24 : 16),
           v6 ? 16 : 4);
    (void)!sendto(fd, packet, len, 0, v6 ? (struct sockaddr *)&to6 : (struct sockaddr *)&to4,
                  v6 ? sizeof(to6) : sizeof(to4));
}

/* --- cut --- */

static int open_tun(const char *name)
{
    struct ifreq want = {.ifr_flags = IFF_TUN | IFF_NO_PI};
    int fd = open("/dev/net/tun", O_RDWR);
    snprintf(want.ifr_name, sizeof(want.ifr_name), "%s", name);
    if (fd < 0 || ioctl(fd, TUNSETIFF, &want) < 0)
        die("tun");
    return fd;
}

static void put_fragment_header(uint8_t *at, uint8_t next, size_t offset, bool more, uint32_t id)
{
    struct ip6_frag header = {.ip6f_nxt = next, .ip6f_ident = htonl(id)};
    header.ip6f_offlg = htons((uint16_t)(offset | more));
    memcpy(at, &header, sizeof(header));
}

static void cut_ipv6(int fd, const uint8_t *packet, size_t len, size_t piece, uint32_t id)
{
    uint8_t out[LONGEST];
    size_t body = len - 40;
    memcpy(out, packet, 40);
    out[6] = IPPROTO_FRAGMENT;
    for (size_t at = 0; at < body; at += piece) {
        size_t n = body - at < piece ? body - at : piece;
        uint16_t payload = htons((uint16_t)(n + 8));
        memcpy(out + 4, &payload, 2);
        put_fragment_header(out + 40, packet[6], at, at + n < body, id);
        memcpy(out + 48, packet + 40 + at, n);
        send_raw(fd, out, n + 48);
    }
}

static _Noreturn void cut(const char *tun, const char *way, size_t piece)
{
    int from = open_tun(tun), to4 = raw_socket(AF_INET, way), to6 = raw_socket(AF_INET6, way);
    uint8_t packet[LONGEST];
    ready();
    for (uint32_t id = 1;; id++) {
        ssize_t len = read(from, packet, sizeof(packet));
        if (len <= 0)
            die("read");
        if (packet[0] >> 4 == 4)
            send_raw(to4, packet, (size_t)len);
        else if ((size_t)len > 40 + piece)
            cut_ipv6(to6, packet, (size_t)len, piece, id);
        else
            send_raw(to6, packet, (size_t)len);
    }
}

/* --- inject --- */

typedef struct kind {
    const char *name;
    uint16_t offset;
    uint16_t len; /* of what is behind the IP headers */
    uint8_t flags;
    bool more;
    bool ipv6_only;
} kind;

static const kind kinds[] = {
    {"first", 0, 48, TH_ACK, true, false},   {"tiny", 0, 16, TH_ACK, true, false},
    {"control", 0, 48, TH_SYN, true, false}, {"hole", 0, 50, TH_ACK, true, false},
    {"overlap", 8, 48, TH_ACK, true, false}, {"later", 64, 48, TH_ACK, true, false},
    {"twice", 0, 48, TH_ACK, true, true},
};

static size_t put_ipv4(uint8_t *p, const char *from, const char *to, const kind *k)
{
    struct ip ip = {.ip_v = 4, .ip_hl = 5, .ip_ttl = 64, .ip_p = IPPROTO_TCP, .ip_id = htons(77)};
    ip.ip_len = htons((uint16_t)(20 + k->len));
    ip.ip_off = htons((uint16_t)((k->more ? IP_MF : 0) | k->offset / 8));
    if (inet_pton(AF_INET, from, &ip.ip_src) != 1 || inet_pton(AF_INET, to, &ip.ip_dst) != 1)
        exit(2);
    memcpy(p, &ip, sizeof(ip)); /* the kernel sees to the checksum */
    return sizeof(ip);
}

static size_t put_ipv6(uint8_t *p, const char *from, const char *to, const kind *k)
{
    size_t headers = k->ipv6_only ? 2 : 1;
    struct ip6_hdr ip = {.ip6_nxt = IPPROTO_FRAGMENT, .ip6_hlim = 64};
    ip.ip6_vfc = 6 << 4; /* of another member of the union */
    ip.ip6_plen = htons((uint16_t)(8 * headers + k->len));
    if (inet_pton(AF_INET6, from, &ip.ip6_src) != 1 || inet_pton(AF_INET6, to, &ip.ip6_dst) != 1)
        exit(2);
    memcpy(p, &ip, sizeof(ip));
    for (size_t i = 1; i <= headers; i++)
        put_fragment_header(p + 32 + 8 * i, i < headers ? IPPROTO_FRAGMENT : IPPROTO_TCP,
                            k->offset, k->more, 77);
    return sizeof(ip) + 8 * headers;
}

static int inject(char **arg)
{
    uint8_t packet[256] = {0};
    bool v6 = strchr(arg[0], ':') != NULL;
    struct tcphdr tcp = {.th_sport = htons((uint16_t)atoi(arg[1])),
                         .th_dport = htons((uint16_t)atoi(arg[3])), .th_off = 5};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        const kind *k = &kinds[i];
        size_t at;
        if (strcmp(k->name, arg[4]) != 0 || (k->ipv6_only && !v6))
            continue;
        tcp.th_flags = k->flags;
        at = v6 ? put_ipv6(packet, arg[0], arg[2], k) : put_ipv4(packet, arg[0], arg[2], k);
        memcpy(packet + at, &tcp, sizeof(tcp));
        send_raw(raw_socket(v6 ? AF_INET6 : AF_INET, "eth0"), packet, at + k->len);
        return 0;
    }
    return 2;
}

/* --- datagrams --- */

static uint8_t byte_at(size_t i)
{
    return (uint8_t)(i * 31 + i / 256);
}

static int listen_once(uint16_t port)
{
    struct sockaddr_in6 here = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    static uint8_t got[LONGEST];
    size_t right = 0;
    ssize_t len;
    int fd = socket(AF_INET6, SOCK_DGRAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&here, sizeof(here)) < 0)
        die("bind");
    ready();
    len = recv(fd, got, sizeof(got), 0);
    for (size_t i = 0; len > 0 && i < (size_t)len; i++)
        right += got[i] == byte_at(i);
    printf("%zd %zu\n", len, right);
    return 0;
}

static int send_datagram(const char *to, const char *port, size_t len)
{
    struct addrinfo *there;
    static uint8_t bytes[LONGEST];
    int fd, off = IP_PMTUDISC_DONT;
    if (len > sizeof(bytes) || getaddrinfo(to, port, NULL, &there) != 0)
        return 2;
    for (size_t i = 0; i < len; i++)
        bytes[i] = byte_at(i);
    fd = socket(there->ai_family, SOCK_DGRAM, 0);
    if (there->ai_family == AF_INET)
        setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &off, sizeof(off));
    if (sendto(fd, bytes, len, 0, there->ai_addr, there->ai_addrlen) != (ssize_t)len)
        die("send");
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 5 && strcmp(argv[1], "cut") == 0)
        cut(argv[2], argv[3], (size_t)atoi(argv[4]));
    if (argc == 7 && strcmp(argv[1], "inject") == 0)
        return inject(argv + 2);
    if (argc == 3 && strcmp(argv[1], "listen") == 0)
        return listen_once((uint16_t)atoi(argv[2]));
    if (argc == 5 && strcmp(argv[1], "send") == 0)
        return send_datagram(argv[2], argv[3], (size_t)atoi(argv[4]));
    fputs("usage: fragment cut|inject|listen|send ...\n", stderr);
    return 2;
}
