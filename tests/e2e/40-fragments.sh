# SPDX-License-Identifier: BSD-2-Clause
# Segments in fragments, 1 MiB of them each way. Over IPv4 a router makes them, for links of 1,280
# bytes before the member, of segments that may be cut; over IPv6 the sources do. The endpoints put
# them together, and only what was translated in the first one is right then. Datagrams in
# fragments pass; fragments that are there to deceive do not.
bed_shape=two
. "$(dirname "$0")/lib.sh"
bed_enter 120 "$0"
test -w /dev/net/tun || skip "no tun device"

# Hosts behind the namespaces of client and server, which are their routers.
near4=192.0.2.101 near6=2001:db8::101
far4=192.0.2.102 far6=2001:db8::102

# link_end NAMESPACE DEVICE NUMBER
link_end() {
        at "$1" sh -c "echo 0 >/proc/sys/net/ipv6/conf/$2/accept_dad"
        ip -n "$1" link set "$2" up
        ip -n "$1" address add "10.1.0.$3/24" dev "$2"
        ip -n "$1" address add "fd00:a::$3/64" dev "$2" nodad
        at "$1" ethtool -K "$2" tso off gso off gro off >/dev/null
}

# host_behind ROUTER NAME IPV4 IPV6: its segments may be cut (DF is clear)
host_behind() {
        ip netns add "$2"
        ip -n "$1" link add inner type veth peer name eth0 netns "$2"
        ip -n "$2" link set lo up
        at "$1" sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward
                echo 1 >/proc/sys/net/ipv6/conf/all/forwarding'
        at "$2" sh -c 'echo 1 >/proc/sys/net/ipv4/ip_no_pmtu_disc'
        link_end "$1" inner 1
        link_end "$2" eth0 2
        ip -n "$2" address add "$3/32" dev lo
        ip -n "$2" address add "$4/128" dev lo nodad
        ip -n "$1" route add "$3/32" via 10.1.0.2 dev inner
        ip -n "$1" -6 route add "$4/128" via fd00:a::2 dev inner
        ip -n "$2" route add default via 10.1.0.1 dev eth0 src "$3" congctl cubic
        ip -n "$2" -6 route add default via fd00:a::1 dev eth0 src "$4" mtu 1280 congctl cubic
}

# cutter NAMESPACE SOURCE DESTINATION: what goes there, goes in fragments of 1,200 bytes
cutter() {
        : >"$bed/cutter.$1"
        run_at "$1" "$tools/fragment" cut cut0 eth0 1200 >"$bed/cutter.$1" 2>&1 &
        eventually 5 grep -q ready "$bed/cutter.$1" || skip "no tun device"
        ip -n "$1" link set cut0 up
        ip -n "$1" -6 route add "$3/128" dev cut0 src "$2" congctl cubic
}

# narrow MTU: the routers' links to the member
narrow() {
        for ns in client server; do ip -n $ns link set eth0 mtu "$1"; done
}

# carries FROM TO LIMIT_MS: 1 MiB each way over one connection
carries() {
        port=$((port + 1))
        : >$bed/exchanged
        run_at near "$tools/exchange" connect "$1" $port "$2" 7 1048576 "$3" >$bed/exchanged &
        eventually $(($3 / 1000 + 2)) grep -q repeats= $bed/exchanged || return 1
        grep -q '^ok' $bed/exchanged
}
port=2048

# joined HOST FAMILY: packets that its kernel put together
joined() {
        case $2 in 4) name=IpReasmOKs ;; 6) name=Ip6ReasmOKs ;; esac
        at "$1" nstat -asz $name | awk -v name=$name '$1 == name { print $2 }'
}

# reason NAME: how often
reason() {
        count_of a ".reasons.$1"
}

# crosses FAMILY REASON: nearly every segment of 1 MiB each way, in two fragments
crosses() {
        eval "from=\$near$1 to=\$far$1"
        carried_before=$(reason "$2") later_before=$(reason FRAGMENT_LATER)
        near_before=$(joined near "$1") far_before=$(joined far "$1")
        carries "$from" "$to" 20000 || return 1
        echo "IPv$1: $(cat $bed/exchanged), $(($(reason "$2") - carried_before)) first fragments"
        test $(($(reason "$2") - carried_before)) -ge 1000 &&
                test $(($(reason FRAGMENT_LATER) - later_before)) -ge 1000 &&
                test $(($(joined near "$1") - near_before)) -ge 500 &&
                test $(($(joined far "$1") - far_before)) -ge 500
}

# datagram FAMILY: of 4,000 bytes, in fragments
datagram() {
        eval "to=\$far$1"
        : >$bed/datagram
        run_at far "$tools/fragment" listen 9 >$bed/datagram 2>&1 &
        eventually 5 grep -q ready $bed/datagram || return 1
        at near "$tools/fragment" send "$to" 9 4000 && eventually 5 grep -q ' ' $bed/datagram &&
                grep -q '^4000 4000$' $bed/datagram
}

# drawn FAMILY KIND REASON: is that how such a fragment is counted?
drawn() {
        eval "from=\$near$1 to=\$far$1"
        count=$(reason "$3")
        at near "$tools/fragment" inject "$from" 1 "$to" 7 "$2" || return 1
        eventually 2 has_grown "$3" "$count"
}

has_grown() {
        test "$(reason "$1")" -gt "$2"
}

host_behind client near $near4 $near6
host_behind server far $far4 $far6
offloads off
ways a a
channel_a=none channel_b=none
pair_start
: >$bed/served
run_at far "$tools/exchange" serve 7 1048576 >$bed/served 2>&1 &
eventually 10 grep -q listening $bed/served || fail "no server"
carries $near4 $far4 20000 && carries $near6 $far6 20000 || fail "whole segments"
for name in FRAGMENT_TRANSLATED FRAGMENT_LATER; do
        test "$(reason $name)" -eq 0 || fail "whole segments were counted as $name"
done
control "whole segments" crosses 4 FRAGMENT_TRANSLATED

narrow 1280
later=$(reason FRAGMENT_LATER)
for family in 4 6; do datagram $family || fail "datagram over IPv$family"; done
test "$(reason FRAGMENT_LATER)" -ge $((later + 6)) || fail "the datagrams were not in fragments"
test "$(reason FRAGMENT_TRANSLATED)" -eq 0 || fail "a datagram was translated"
ok "datagrams in fragments, over IPv4 and IPv6"

cutter near $near6 $far6
cutter far $far6 $near6
for family in 4 6; do
        crosses $family FRAGMENT_TRANSLATED || fail "IPv$family"
        ok "IPv$family: 1 MiB each way in fragments"
done

for family in 4 6; do
        for case in tiny:FRAGMENT_TINY overlap:FRAGMENT_OVERLAP control:FRAGMENT_CONTROL \
                hole:BAD_FRAGMENT first:NO_FLOW later:FRAGMENT_LATER; do
                drawn $family "${case%:*}" "${case#*:}" || fail "IPv$family: $case"
        done
done
drawn 6 twice FRAGMENT_TWICE || fail "two fragment headers"
ok "fragments that are there to deceive, each by its counter"
control "a good fragment is none of them" drawn 4 later FRAGMENT_OVERLAP
pair_stop

pair_start --split never
for family in 4 6; do crosses $family FRAGMENT_TRACKED || fail "nothing split: IPv$family"; done
ok "nothing split: the same"
pair_stop

member_program=$tools/faulty-member
MPCONN_FAULT=fragment
export MPCONN_FAULT
pair_start
control "first fragments not translated, IPv4" carries $near4 $far4 3000
control "first fragments not translated, IPv6" carries $near6 $far6 3000
pair_stop
