# SPDX-License-Identifier: BSD-2-Clause
# A server that takes smaller segments than the client was told: the client has to
# learn of it, by ICMP errors, and then keeps to it. Through one member, and
# through two of which only the one that the client's segments cross can tell it.
. "$(dirname "$0")/lib.sh"
bed_enter 120 "$0"

# server_mss IPV4 [IPV6]: what the server announces; 0 is what its wire allows
server_mss() {
        ip -n server route replace 192.0.2.0/24 dev eth0 congctl cubic advmss "$1"
        ip -n server -6 route replace 2001:db8::/64 dev eth0 congctl cubic advmss "${2:-$1}"
}

# limited ADDRESS FILE MTU: an upload in which the client learns it
limited() {
        forget_paths
        test -z "$(path_mtu client "$1")" || fail "$1: the client knows a way already"
        upload "$1" "$2" || fail "$1: upload"
        test "$(path_mtu client "$1")" = "$3" ||
                fail "$1: the client took '$(path_mtu client "$1")' for $3"
}

# untold ADDRESS: nobody says anything to a client that keeps to the limit anyway
untold() {
        forget_paths
        upload "$1" file || fail "$1: upload"
        test -z "$(path_mtu client "$1")"
}

# everything WORD: over IPv4 and IPv6, for limits that can be obeyed
everything() {
        server_mss 1000 1300
        limited $server4 file 1040
        limited $server6 file 1360
        test "$(counter .reasons.TOO_BIG_SENT)" -ge 2 || fail "no ICMP error was counted"
        test "$(counter .reasons.SEGMENT_TOO_BIG)" -ge 2 || fail "no segment was dropped"
        ok "$1: 8 MiB up, the client learns what the server takes"
        download $server4 file && download $server6 file || fail "download"
        server_mss 1460 1440
        for address in $server4 $server6; do
                untold $address || fail "$address: told needlessly"
        done
        ok "$1: nothing is said where the server takes what the client was told"
        server_mss 1000 1300
        for address in $server4 $server6; do
                control "a smaller server, $address" untold $address
        done
}

# heedless 0|2: leaves the client it to routers to cut its segments (DF is clear), and hears
# nothing of what they say (2)?
heedless() {
        at client sh -c "echo $1 >/proc/sys/net/ipv4/ip_no_pmtu_disc"
}

# quickly ADDRESS FILE: an upload
quickly() {
        forget_paths
        at client curl -sf --max-time 5 -T "$bed/web/$2" "$(url "$1" upload/got)"
}

web_start
random_file file 8

member_start
everything "super-segments"
# Below what Linux takes from such a message there is nothing to tell.
server_mss 500 1200
forget_paths
upload $server4 file && upload $server6 file || fail "upload to a server that takes very little"
test "$(path_mtu client $server4)" = 552 && test "$(path_mtu client $server6)" = 1280 ||
        fail "least: '$(path_mtu client $server4)' '$(path_mtu client $server6)'"
test "$(counter .reasons.OVER_MSS)" -gt 100 || fail "segments above the MSS were not counted"
ok "as small as the client can be told, the rest passes"
member_stop

# What routers may cut they never say to be too big.
server_mss 1400
heedless 2
forget_paths
member_start
upload $server4 file || fail "upload of a client without DF"
test "$(counter .reasons.OVER_MSS)" -gt 100 || fail "segments without DF were not counted"
test "$(counter .reasons.TOO_BIG_SENT)" -eq 0 || fail "a message to a client without DF"
quickly $server4 file || fail "no upload in 5 s"
ok "a client without DF, which hears nothing, is told nothing"
member_stop
member_program=$tools/faulty-member
MPCONN_FAULT=cut
export MPCONN_FAULT
member_start
control "it is told all the same" quickly $server4 file
member_stop
unset MPCONN_FAULT
member_program=$MPCONN_BUILD/examples/member/mpconn-member
heedless 0

# Without the split the endpoints tell each other.
server_mss 1000 1300
member_start --split never
for address in $server4 $server6; do untold $address || fail "$address: told without split"; done
test "$(counter .reasons.TOO_BIG_SENT)" -eq 0 || fail "an ICMP error without split"
ok "without the split nobody needs to be told"
member_stop

offloads off
member_start
everything "single segments"
member_stop
