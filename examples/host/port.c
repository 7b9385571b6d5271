/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PACKET_VNET_HDR makes the kernel hand over packets as its own stack keeps them: checksums not
 * finished yet and super-segments not cut up. The header says so, goes back with the packet when
 * it leaves, and whoever sends it (in the end a network card) does the work. Without it a sender's
 * offloads would have to be switched off.
 *
 * The kernel lets one 802.1Q tag go beyond the MTU of an interface, and nothing else. Where frames
 * bear an 802.1ad tag, or two tags, the MTU of the member's interfaces has to leave room for them
 * (see too_long_out).
 */
#include "host/port.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#define SOCKET_BUFFER (16 * 1024 * 1024)
#define CSUM_OFFSET_TCP 16

static void enlarge_buffer(int fd, int option_force, int option)
{
    const int bytes = SOCKET_BUFFER;
    if (setsockopt(fd, SOL_SOCKET, option_force, &bytes, sizeof(bytes)) != 0)
        (void)setsockopt(fd, SOL_SOCKET, option, &bytes, sizeof(bytes));
}

static bool switch_on(int fd, int option)
{
    const int one = 1;
    return setsockopt(fd, SOL_PACKET, option, &one, sizeof(one)) == 0;
}

/* The kernel looks before it copies: a host may have other traffic. */
static bool hear_host_only(int fd)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_PKTTYPE)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_HOST, 0, 4),
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_PROTOCOL)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IP, 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IPV6, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
        BPF_STMT(BPF_RET | BPF_K, 0),
    };
    const struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };
    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) == 0;
}

static const char *set_up(port *p, port_ears ears)
{
    /* a full queue means waiting a little, not losing the burst; but not for ever */
    const struct timeval patience = { .tv_usec = 20000 };
    const struct packet_mreq promiscuous = { .mr_ifindex = p->ifindex,
                                             .mr_type = PACKET_MR_PROMISC };
    const struct sockaddr_ll here = { .sll_family = AF_PACKET,
                                      .sll_protocol = htons(ETH_P_ALL),
                                      .sll_ifindex = p->ifindex };

    if (p->vnet_hdr && !switch_on(p->fd, PACKET_VNET_HDR))
        return "PACKET_VNET_HDR";
    if (!switch_on(p->fd, PACKET_IGNORE_OUTGOING))
        return "PACKET_IGNORE_OUTGOING";
    if (!switch_on(p->fd, PACKET_AUXDATA))
        return "PACKET_AUXDATA";
    enlarge_buffer(p->fd, SO_RCVBUFFORCE, SO_RCVBUF);
    enlarge_buffer(p->fd, SO_SNDBUFFORCE, SO_SNDBUF);
    if (setsockopt(p->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) != 0)
        return "SO_SNDTIMEO";
    if (ears == PORT_HOST && !hear_host_only(p->fd))
        return "filter";
    if (bind(p->fd, (const struct sockaddr *)&here, sizeof(here)) != 0)
        return "bind";
    if (ears == PORT_ALL &&
        setsockopt(p->fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &promiscuous, sizeof(promiscuous)))
        return "promiscuous mode";
    return NULL;
}

const char *port_open(port *p, const char *name, uint8_t side, port_ears ears, bool vnet_hdr)
{
    memset(p, 0, sizeof(*p));
    p->fd = -1;
    p->side = side;
    p->vnet_hdr = vnet_hdr;
    strncpy(p->name, name, sizeof(p->name) - 1);
    p->ifindex = (int)if_nametoindex(name);
    if (p->ifindex == 0)
        return "no such interface";
    /* protocol 0: nothing arrives before the socket is bound to its interface */
    p->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
    if (p->fd < 0)
        return "packet socket";
    return set_up(p, ears);
}

void port_close(port *p, frame_pool *pool)
{
    for (size_t i = 0; i < PORT_BATCH; i++) {
        if (p->in[i].frame)
            frame_del(pool, p->in[i].frame);
        p->in[i].frame = NULL;
    }
    if (p->fd >= 0)
        close(p->fd);
    p->fd = -1;
}

/* The tag that the kernel took off the frame, if it did. */
static bool find_tag(struct msghdr *msg, uint16_t *type, uint16_t *tag)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
        if (c->cmsg_level != SOL_PACKET || c->cmsg_type != PACKET_AUXDATA)
            continue;
        struct tpacket_auxdata aux;
        memcpy(&aux, CMSG_DATA(c), sizeof(aux));
        if (!(aux.tp_status & TP_STATUS_VLAN_VALID))
            return false;
        *tag = aux.tp_vlan_tci;
        *type = aux.tp_status & TP_STATUS_VLAN_TPID_VALID ? aux.tp_vlan_tpid : ETH_P_8021Q;
        return true;
    }
    return false;
}

/* Whether the frame can be used. */
static bool take_frame(port *p, frame *f, struct mmsghdr *m)
{
    const size_t head = p->vnet_hdr ? sizeof(f->vnet) : 0;
    uint16_t type = 0, tag = 0;
    bool tagged = find_tag(&m->msg_hdr, &type, &tag);

    if ((m->msg_hdr.msg_flags & MSG_TRUNC) || m->msg_len < head ||
        !frame_parse(f, m->msg_len - head, tagged, type, tag)) {
        p->counters.unusable_in++;
        return false;
    }
    f->in_port = p->number;
    f->in_side = p->side;
    frame_prepare(f);
    p->counters.frames_in++;
    p->counters.bytes_in += m->msg_len - head;
    p->counters.super_segments_in += f->vnet.gso_type != VIRTIO_NET_HDR_GSO_NONE;
    return true;
}

/* Frames for the receivers that have none. Returns how many can receive. */
static unsigned make_ready(port *p, frame_pool *pool)
{
    unsigned n = 0;

    for (; n < PORT_BATCH; n++) {
        port_receiver *r = &p->in[n];
        if (!r->frame) {
            r->frame = frame_new(pool);
            if (!r->frame)
                break;
            r->iov[0] = (struct iovec){ &r->frame->vnet, sizeof(r->frame->vnet) };
            r->iov[1] = (struct iovec){ frame_receive_at(r->frame), FRAME_BYTES };
        }
        p->messages[n].msg_hdr = (struct msghdr){ .msg_iov = p->vnet_hdr ? r->iov : r->iov + 1,
                                                  .msg_iovlen = p->vnet_hdr ? 2 : 1,
                                                  .msg_control = r->control.bytes,
                                                  .msg_controllen = sizeof(r->control.bytes) };
    }
    return n;
}

size_t port_receive(port *p, frame **frames, frame_pool *pool)
{
    unsigned ready = make_ready(p, pool);
    int got = ready ? recvmmsg(p->fd, p->messages, ready, MSG_DONTWAIT, NULL) : 0;
    size_t used = 0;

    for (int i = 0; i < got; i++) {
        frame *f = p->in[i].frame;
        p->in[i].frame = NULL;
        if (take_frame(p, f, &p->messages[i]))
            frames[used++] = f;
        else
            frame_del(pool, f);
    }
    return used;
}

bool port_has_room(const port *p, const frame_pool *pool)
{
    return p->in[0].frame || frame_pool_has(pool);
}

static bool is_ipv6(const mpconn_pkt *pkt)
{
    return pkt->data[0] >> 4 == 6;
}

/* The engine gave it another header: it has no options, and is cut into pieces of that version. */
static void change_version(struct virtio_net_hdr *v, const l2_header *l2, const mpconn_pkt *pkt)
{
    uint8_t ecn = v->gso_type & VIRTIO_NET_HDR_GSO_ECN;
    uint8_t type = is_ipv6(pkt) ? VIRTIO_NET_HDR_GSO_TCPV6 : VIRTIO_NET_HDR_GSO_TCPV4;

    if (v->gso_type != VIRTIO_NET_HDR_GSO_NONE)
        v->gso_type = type | ecn;
    v->csum_start = (uint16_t)(l2->len + (is_ipv6(pkt) ? sizeof(struct ip6_hdr)
                                                       : sizeof(struct iphdr)));
}

/* The header of another frame may be that of the other version. */
static void set_type(l2_header *l2, const mpconn_pkt *pkt)
{
    uint16_t type = htons(is_ipv6(pkt) ? ETH_P_IPV6 : ETH_P_IP);
    memcpy(l2->bytes + l2->len - sizeof(type), &type, sizeof(type));
}

/* What the sending side of the socket has to know: what is left to do on the packet. */
static void fill_vnet(struct virtio_net_hdr *v, const l2_header *l2, const frame *f)
{
    const mpconn_pkt *pkt = &f->pkt;

    *v = f->vnet;
    v->gso_size = f->ext.gso_size;
    if (v->gso_size == 0) {
        v->gso_type = VIRTIO_NET_HDR_GSO_NONE;
        v->hdr_len = 0;
    }
    v->flags = 0;
    if (!(pkt->flags & MPCONN_PKT_F_CSUM_PARTIAL)) {
        v->csum_start = v->csum_offset = 0;
        return;
    }
    v->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
    if (f->type == (is_ipv6(pkt) ? ETH_P_IP : ETH_P_IPV6))
        change_version(v, l2, pkt);
    else if (v->csum_offset == CSUM_OFFSET_TCP && f->ext.l4_offset)
        v->csum_start = (uint16_t)(l2->len + f->ext.l4_offset);
    else
        v->csum_start = (uint16_t)(v->csum_start - f->l2.len + l2->len);
    if (v->gso_type != VIRTIO_NET_HDR_GSO_NONE && v->csum_offset == CSUM_OFFSET_TCP) {
        uint32_t data_offset = (uint32_t)(v->csum_start - l2->len) + 12;
        if (data_offset < pkt->len)
            v->hdr_len = (uint16_t)(v->csum_start + (pkt->data[data_offset] >> 4) * 4);
    }
}

void port_queue(port *p, const l2_header *l2, const frame *f)
{
    if (p->n_out == PORT_BATCH)
        port_flush(p);
    port_slot *s = &p->out[p->n_out++];
    fill_vnet(&s->vnet, l2, f);
    s->l2 = *l2;
    if (f->type == 0 || frame_is_ip(f)) /* made, or a packet */
        set_type(&s->l2, &f->pkt);
    s->iov[0] = (struct iovec){ &s->vnet, sizeof(s->vnet) };
    s->iov[1] = (struct iovec){ s->l2.bytes, s->l2.len };
    s->iov[2] = (struct iovec){ f->pkt.data, f->pkt.len };
}

void port_flush(port *p)
{
    struct mmsghdr msgs[PORT_BATCH];
    size_t sent = 0;

    memset(msgs, 0, p->n_out * sizeof(msgs[0]));
    for (size_t i = 0; i < p->n_out; i++) {
        msgs[i].msg_hdr.msg_iov = p->vnet_hdr ? p->out[i].iov : p->out[i].iov + 1;
        msgs[i].msg_hdr.msg_iovlen = p->vnet_hdr ? 3 : 2;
    }
    while (sent < p->n_out) {
        int n = sendmmsg(p->fd, msgs + sent, (unsigned)(p->n_out - sent), 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) { /* this one cannot go; the next may be shorter or find room */
            if (errno == EMSGSIZE)
                p->counters.too_long_out++;
            else
                p->counters.failed_out++;
            sent++;
            continue;
        }
        for (size_t i = sent; i < sent + (size_t)n; i++) {
            p->counters.frames_out++;
            p->counters.bytes_out += p->out[i].iov[1].iov_len + p->out[i].iov[2].iov_len;
        }
        sent += (size_t)n;
    }
    p->n_out = 0;
}

const port_counters *port_read_counters(port *p)
{
    struct tpacket_stats stats;
    socklen_t len = sizeof(stats);
    /* reading resets them in the kernel */
    if (getsockopt(p->fd, SOL_PACKET, PACKET_STATISTICS, &stats, &len) == 0)
        p->counters.dropped_in += stats.tp_drops;
    return &p->counters;
}
