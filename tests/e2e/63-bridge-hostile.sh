# SPDX-License-Identifier: BSD-2-Clause
# Servers, and whoever is on the way, that treat echoes as they should not: replies that are
# modified, cut, doubled, late, in fragments, played again, or that come back at a third member,
# over IPv4 and IPv6. Connections succeed all the same, and counters say why.
bed_shape=bare
bridge_members='a b c'
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/bridge-lib.sh"
need nft python3
bed_enter 240 "$0"
one_way_bed

# treated HOW REASON [MEMBER]: and a client gets its page all the same
treated() {
        bridges_start --mode bridge
        server_answers "$1"
        for address in $server4 $server6; do
                had=$(reason "${3:-b}" "$2")
                download $address short || fail "$1, $address: nothing"
                eventually 15 counted "${3:-b}" "$2" "$had" || fail "$1, $address: $2 is $had"
                ok "$1, $address: the page comes, $2 $(reason "${3:-b}" "$2")"
        done
        server_ends
        bridges_stop
}

# counted MEMBER REASON [MORE_THAN]
counted() {
        test "$(reason "$1" "$2")" -gt "${3:-0}"
}

at server sh -c 'echo 1 >/proc/sys/net/ipv4/icmp_echo_ignore_all
        echo 1 >/proc/sys/net/ipv6/icmp/echo_ignore_all'
treated plain ECHO_ANSWERED
treated doubled ECHO_REPEATED
treated modified ECHO_FORGED
treated cut ECHO_DAMAGED
treated fragments ECHO_FRAGMENT
treated late ECHO_OLD

# Clients of other ports and the same network get the first reply, too, which counts once.
not_taken() {
        count_of b '[.reasons.ECHO_OLD, .reasons.ECHO_REPEATED] | add'
}

not_taken_more() {
        test "$(not_taken)" -gt "$1"
}

bridges_start --mode bridge
server_answers again
for address in $server4 $server6; do
        download $address short || fail "again, $address: nothing"
done
one_stop a
one_start a 1 "--sync ether:y0 $(peers_of a)" --mode bridge
eventually 10 bridges_heard || fail "the members do not hear each other"
for address in $server4 $server6; do
        had=$(not_taken)
        download $address short || fail "again, $address: nothing the second time"
        eventually 5 not_taken_more "$had" || fail "again, $address: not counted"
done
ok "played again: the pages come, ECHO_OLD $(reason b ECHO_OLD)"
server_ends
bridges_stop

# Pings and connections take two ways: the reply shows the one of pings.
at r2 sh -c 'ip rule add ipproto icmp table 7 priority 70
        ip -6 rule add ipproto ipv6-icmp table 7 priority 70
        ip route add '$client_net4' via '"$(here4 z 1)"' dev z table 7
        ip -6 route add '$client_net6' via '"$(here6 z 1)"' dev z table 7'
at server sh -c 'echo 0 >/proc/sys/net/ipv4/icmp_echo_ignore_all
        echo 0 >/proc/sys/net/ipv6/icmp/echo_ignore_all'
bridges_start --mode bridge
for address in $server4 $server6; do
        had=$(reason c ECHO_ANSWERED)
        download $address short || fail "third member, $address: nothing"
        counted c ECHO_ANSWERED "$had" || fail "third member, $address: c answered nothing"
done
ok "replies come by a third member: it answers, and the pages come by b"
bridges_stop
