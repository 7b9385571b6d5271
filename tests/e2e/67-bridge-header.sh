# SPDX-License-Identifier: BSD-2-Clause
# Pings come back in frames for a group, as to a cluster of routers: whoever answers the client
# under that header is heard by nobody who goes on with it. The header that the SYN came with,
# which the echo brings, leads to the client's router, if that is on both ways (claim A13).
bed_shape=bare
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/bridge-lib.sh"
need tcpdump nft
bed_enter 60 "$0"
one_way_bed
group=03:00:00:00:00:77

# one_station ROUTER: the same one on both ways
one_station() {
        ip -n "$1" link set y address "$(station "$1" x)"
        for n in 1 2; do ip -n r$n neigh flush all; done
}

# What r2 sends to the client's network goes to a router, and pings to a group.
pings_to_group() {
        ip -n r2 neigh replace "$(here4 y 7)" lladdr $group dev y nud permanent
        ip -n r2 -6 neigh replace "$(here6 y 7)" lladdr $group dev y nud permanent
}

ip -n r2 rule add ipproto icmp table 7 priority 70
ip -n r2 -6 rule add ipproto ipv6-icmp table 7 priority 70
ip -n r2 route add $client_net4 via "$(here4 y 7)" dev y table 7
ip -n r2 -6 route add $client_net6 via "$(here6 y 7)" dev y table 7

members_start() {
        pings_to_group
        bridges_start --mode bridge
        eventually 5 works y || fail "b does not see the routers"
        wire_tap b c0 left out "$syn_ack"
}

answer_seen() {
        test "$(in_capture left "ether dst $1")" -ge 1
}

# Each of the routers has another station on each way: that of the SYN is not on b's.
members_start
for address in $server4 $server6; do
        control "a header from another way, $address" \
                at client curl -sf --max-time 3 -o $bed/got "$(url $address short)"
done
test "$(reason b ECHO_ANSWERED)" -ge 2 || fail "b answered $(reason b ECHO_ANSWERED)"
eventually 2 answer_seen $group || fail "no answer went to the group"
tap_stop left
bridges_stop

one_station r1
one_station r2
bridge_record=yes
members_start
for address in $server4 $server6; do
        download $address short || fail "nothing from $address"
done
test "$(reason b ECHO_ANSWERED)" -ge 2 || fail "b answered $(reason b ECHO_ANSWERED)"
eventually 2 answer_seen "$(station r1 y)" || fail "no answer went to the router"
tap_stop left
test "$(in_capture left "ether dst $group")" -eq 0 || fail "an answer went to the group"
bridges_stop
for member in a b; do
        "$MPCONN_BUILD/examples/replay/mpconn-replay" "$bed/trace.$member" >$bed/replayed 2>&1 &&
                grep -q 'calls, .* bytes: same' $bed/replayed || fail "$(cat $bed/replayed)"
done
ok "replies say nothing of the client's side: the answers go where the SYN came from"
