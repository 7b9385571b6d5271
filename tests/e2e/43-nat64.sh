# SPDX-License-Identifier: BSD-2-Clause
# Clients of one IP version, servers of the other: an IPv4 client reaches an IPv6 server
# and the reverse, with super-segments and without, and what is too big for the longer
# header is told to its sender.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/nat.sh"
bed_enter 120 "$0"

# one CLIENT-VERSION SERVER-VERSION WORD
one() {
        nat_carries "$3" $1 $2
        ok "$3: IPv$1 client, IPv$2 server: 8 MiB down and up"
}

web_start
nat_routes
random_file file 8

member_start $nat_other
one 4 6 "super-segments"
one 6 4 "super-segments"
# It was told an MSS before anybody knew that its header will grow by 20 bytes.
at client ip route get $seen4 | grep -q 'mtu 1480' || fail "nobody told the IPv4 client"
test "$(counter .reasons.TOO_BIG_SENT)" -gt 0 || fail "who told the IPv4 client?"
ok "the IPv4 client knows how much of its path the other header takes"
control "the IPv6 client, whose header shrinks" \
        sh -c "nsenter --net=/run/netns/client ip -6 route get $seen6 | grep 'mtu '"
member_stop

# To the same server by the same version, and by none.
member_start
for address in $seen4 $seen6; do
        control "without a rule, $address" at client curl -sf --max-time 3 -o $bed/got \
                "$(nat_url $address short)"
done
member_stop

# without_df WORD: an IPv4 client that leaves it to routers to cut its segments, and hears nothing
# of what they say (2), to an IPv6 server
without_df() {
        at client sh -c 'echo 2 >/proc/sys/net/ipv4/ip_no_pmtu_disc'
        forget_paths
        nat_put $seen4 file && nat_get $seen4 file || fail "$1"
        at client sh -c 'echo 0 >/proc/sys/net/ipv4/ip_no_pmtu_disc'
}

member_start $nat_other
without_df "pieces of super-segments"
test "$(counter .reasons.TOO_BIG_SENT)" -eq 0 || fail "a message to a client without DF"
ok "the pieces of super-segments without DF become as long as the server takes"
member_stop

offloads off
member_start $nat_other
one 4 6 "single segments"
one 6 4 "single segments"
before=$(counter .reasons.TOO_BIG_SENT)
without_df "segments without DF"
test "$(counter .reasons.TOO_BIG_SENT)" -eq "$before" || fail "a message to a client without DF"
test "$(counter .reasons.FRAGMENT_MADE)" -gt 1000 || fail "nothing was cut"
ok "single segments without DF are cut, which no router of IPv6 does"
member_stop

member_program=$tools/faulty-member
MPCONN_FAULT=cut
export MPCONN_FAULT
member_start $nat_other
at client sh -c 'echo 2 >/proc/sys/net/ipv4/ip_no_pmtu_disc'
forget_paths
control "nothing is cut" at client curl -sf --max-time 5 -T $bed/web/file \
        "$(nat_url $seen4 upload/got)"
member_stop
