# SPDX-License-Identifier: BSD-2-Clause
# Members as bridges, and the way back has another VLAN tag than the way there, or one of them has
# none: a connection is still one, and the answer leaves under the tag of its own way, with the
# stations of the reply or those of the SYN. Over IPv4 and IPv6.
bed_shape=bare
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/bridge-lib.sh"
test "${MPCONN_IN_BED:-}" = yes || test "$(id -u)" -eq 0 || skip "only root may load eBPF"
need clang tc nft tcpdump
bed_enter 90 "$0"
one_way_bed
random_file big 4
group=03:00:00:00:00:77

# tags X Y: on the way of the client's packets, and on that of the server's
tags() {
        for ns in r1 r2; do
                tag_at $ns x "$1" && tag_at $ns y "$2" || skip "eBPF does not load"
        done
}

# under TAG: what a frame with this tag is to tcpdump
under() {
        case $1 in
        no) echo "$syn_ack" ;;
        one) echo "vlan 5 and $syn_ack" ;;
        other) echo "vlan 6 and $syn_ack" ;;
        esac
}

answer_seen() {
        test "$(in_capture left "$(under "$1")")" -ge 1
}

# carries X Y: both families; b answers under the tag of y, and never under that of x
carries() {
        tags "$1" "$2"
        bridges_start --mode bridge
        for address in $server4 $server6; do
                wire_tap b c0 left out
                download $address big || fail "tags $1, $2: nothing from $address"
                eventually 2 answer_seen "$2" || fail "tags $1, $2: no answer under $2"
                tap_stop left
                test "$(in_capture left "$(under "$1")")" -eq 0 ||
                        fail "tags $1, $2: an answer under $1"
        done
        test "$(reason b ECHO_ANSWERED)" -ge 2 || fail "b answered $(reason b ECHO_ANSWERED)"
        bridges_stop
        ok "tag $1 forth, $2 back: 4 MiB, and the answer has that of the way back"
}

# zones_of MEMBER: of all its flows and paths
zones_of() {
        ask_of "$1" flows paths | jq -s -c '[.[][].zone] | unique'
}

carries one no
carries no other
carries one other

# A zone of a VLAN each, as at members that see both ways.
bridges_start --mode bridge --zones vlan
for address in $server4 $server6; do
        control "VLANs that are zones of their own, $address" \
                at client curl -sf --max-time 3 -o $bed/got "$(url $address short)"
done
test "$(reason b ECHO_ANSWERED)" -ge 2 || fail "b answered $(reason b ECHO_ANSWERED)"
bridges_stop
bridges_start --mode bridge --zones vlan --zone 5=7 --zone 6=7
for address in $server4 $server6; do
        download $address short || fail "nothing from $address in zone 7"
done
for member in a b; do
        test "$(zones_of $member)" = '[7]' || fail "$member: zones $(zones_of $member)"
done
bridges_stop
ok "two VLANs that are said to be one zone"

# Pings come back in frames for a group: stations are those of the SYN, the tag is not.
for router in r1 r2; do ip -n $router link set y address "$(station $router x)"; done
for router in r1 r2; do ip -n $router neigh flush all; done
ip -n r2 neigh replace "$(here4 y 7)" lladdr $group dev y nud permanent
ip -n r2 -6 neigh replace "$(here6 y 7)" lladdr $group dev y nud permanent
ip -n r2 rule add ipproto icmp table 7 priority 70
ip -n r2 -6 rule add ipproto ipv6-icmp table 7 priority 70
ip -n r2 route add $client_net4 via "$(here4 y 7)" dev y table 7
ip -n r2 -6 route add $client_net6 via "$(here6 y 7)" dev y table 7
bridges_start --mode bridge
eventually 5 works y || fail "b does not see the routers"
wire_tap b c0 left out "vlan 6 and $syn_ack"
for address in $server4 $server6; do
        download $address short || fail "nothing from $address by way of a group"
done
eventually 2 answer_seen other || fail "no answer under the tag of y"
tap_stop left
test "$(in_capture left "ether dst $group")" -eq 0 || fail "an answer went to the group"
bridges_stop
ok "replies that say nothing of the client: stations of the SYN, under the tag of the way back"
