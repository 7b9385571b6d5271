/* SPDX-License-Identifier: BSD-2-Clause */
/* Tags what an interface sends and takes the tags off what it receives: VLAN 5, VLAN 6 ("other"),
 * or two tags. For kernels without VLAN devices. Built with clang -target bpf. */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#define SECTION(name) __attribute__((section(name), used))

static long (*vlan_push)(struct __sk_buff *skb, __u16 proto_be, __u16 tag) =
    (void *)BPF_FUNC_skb_vlan_push;
static long (*vlan_pop)(struct __sk_buff *skb) = (void *)BPF_FUNC_skb_vlan_pop;

#define PROTO_8021Q_BE __builtin_bswap16(0x8100)
#define PROTO_8021AD_BE __builtin_bswap16(0x88a8)

SECTION("egress_one") int out_one(struct __sk_buff *skb)
{
    return vlan_push(skb, PROTO_8021Q_BE, 5) ? TC_ACT_SHOT : TC_ACT_OK;
}

SECTION("egress_other") int out_other(struct __sk_buff *skb)
{
    return vlan_push(skb, PROTO_8021Q_BE, 6) ? TC_ACT_SHOT : TC_ACT_OK;
}

SECTION("egress_two") int out_two(struct __sk_buff *skb)
{
    if (vlan_push(skb, PROTO_8021Q_BE, 5) || vlan_push(skb, PROTO_8021AD_BE, 7))
        return TC_ACT_SHOT;
    return TC_ACT_OK;
}

SECTION("ingress_one") int in_one(struct __sk_buff *skb)
{
    vlan_pop(skb);
    return TC_ACT_OK;
}

SECTION("ingress_other") int in_other(struct __sk_buff *skb)
{
    vlan_pop(skb);
    return TC_ACT_OK;
}

SECTION("ingress_two") int in_two(struct __sk_buff *skb)
{
    vlan_pop(skb);
    vlan_pop(skb);
    return TC_ACT_OK;
}

char name_of_license[] SECTION("license") = "BSD";
