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

offloads off
member_start $nat_other
one 4 6 "single segments"
one 6 4 "single segments"
member_stop
