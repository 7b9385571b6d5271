/* SPDX-License-Identifier: BSD-2-Clause */
/* ICMP errors before and after they went to the other IP version, whole packets. */
#ifndef MPCONN_TESTS_FAMILY_VECTORS_H
#define MPCONN_TESTS_FAMILY_VECTORS_H

/* 192.0.2.1:40000 to 198.51.100.2:443 over IPv4 is 64:ff9b::203.0.113.7:50001 to
 * 2001:db8:3::33:8443 over IPv6. 8 bytes of a segment of the client are quoted. */
static const struct {
    const char *name;
    unsigned family; /* of the error that comes in */
    const char *in, *out;
} family_vectors[] = {
    {"RFC 7915 4.2, 4.3: fragmentation needed becomes packet too big", 4,
     "45000038000900003f018e89c63364fec0000201030455820000057845000028000040003c065299c000"
     "0201c63364029c4001bb01020304",
     "6000000000383a3f20010db80003000000000000000000330064ff9b0000000000000000cb0071070200"
     "d56f0000058c600000000014063c0064ff9b0000000000000000cb00710720010db80003000000000000"
     "00000033c35120fb01020304"},
    {"RFC 7915 5.2, 5.3: port unreachable becomes port unreachable", 6,
     "6000000000383a3f20010db80002000000000000000000fe0064ff9b0000000000000000cb0071070104"
     "db2d00000000600000000014063c0064ff9b0000000000000000cb00710720010db80003000000000000"
     "00000033c35120fb01020304",
     "45000038dc3100003f01b35cc6336402c000020103035afb0000000045000028a20100003c06f097c000"
     "0201c63364029c4001bb01020304"},
};

#endif
