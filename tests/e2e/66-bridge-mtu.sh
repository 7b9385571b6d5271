# SPDX-License-Identifier: BSD-2-Clause
# A server that takes smaller segments than the client was told, behind members that are bridges:
# the one that sees the client's segments cannot tell the client, and has the other one do so. The
# client learns it by that, and keeps to it.
bed_shape=bare
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/bridge-lib.sh"
need nft tcpdump
bed_enter 120 "$0"
one_way_bed
random_file file 1

# server_mss IPV4 IPV6: what the server announces
server_mss() {
        ip -n server route replace default via "${server4%.*}.254" dev eth0 congctl cubic \
                advmss "$1"
        ip -n server -6 route replace default via "${server6%::*}::fe" dev eth0 congctl cubic \
                advmss "$2"
}

errors_left() {
        test "$(in_capture left icmp)" -ge 1 && test "$(in_capture left icmp6)" -ge 1
}

# sends ADDRESS: a file to the server, from a client that knows nothing of the way
sends() {
        forget_paths
        test -z "$(path_mtu client "$1")" || fail "$1: the client knows a way already"
        rm -f $bed/web/upload/got
        at client curl -sf --max-time $patience -T $bed/web/file "$(url "$1" upload/got)" &&
                cmp -s $bed/web/file $bed/web/upload/got
}

patience=20
server_mss 1000 1300
bridges_start --mode bridge
wire_tap b c0 left out 'icmp[0] = 3 or icmp6[0] = 2'
for want in "$server4 1040" "$server6 1360"; do
        sends "${want% *}" || fail "${want% *}: upload"
        test "$(path_mtu client "${want% *}")" = "${want#* }" ||
                fail "${want% *}: the client took '$(path_mtu client "${want% *}")' for ${want#* }"
done
eventually 5 errors_left ||
        fail "$(in_capture left icmp) and $(in_capture left icmp6) errors left at b"
tap_stop left
test "$(reason a SEGMENT_TOO_BIG)" -ge 2 || fail "no segment was dropped"
test "$(reason a RETURN_SAID)" -ge 2 || fail "a said $(reason a RETURN_SAID)"
test "$(reason b RETURN_SENT)" -ge 2 || fail "b sent $(reason b RETURN_SENT)"
ok "1 MiB up: the client learns what the server takes by errors that leave at b"
bridges_stop

server_mss 1460 1440
bridges_start --mode bridge
for address in $server4 $server6; do
        sends $address || fail "$address: upload"
        control "a server that takes what it was told, $address" \
                test -n "$(path_mtu client $address)"
done
bridges_stop

server_mss 1000 1300
bridges_start --mode bridge --lose RETURN_SENT
patience=3
for address in $server4 $server6; do
        control "an error that does not leave, $address" sends $address
done
bridges_stop
