# SPDX-License-Identifier: BSD-2-Clause
# Sourced by the end-to-end tests of members that are bridges, after lib.sh with
# bed_shape=bare. Makes two subnets and what is between them:
#
#                x1 = a = x2             r1, r2          routers: the client's sends by x, the
#               /           \                            server's by y
#   client - r1              r2 - server x1, x2, y1, y2  switches: bridges of the kernel
#               \           /            a, b            members, each in the middle of a segment
#                y1 = b = y2
#
# Members see one direction each, and have no address on any interface; they talk
# by a switch of their own. All switches are in the namespace lan.
#
# With bridge_members="a b c" there is a third segment, z, with c in the middle.

client4=192.0.2.1 client6=2001:db8:1::1
server4=198.51.100.1 server6=2001:db8:2::1
client_net4=192.0.2.0/24 client_net6=2001:db8:1::/64
server_net4=198.51.100.0/24 server_net6=2001:db8:2::/64
: "${bridge_members:=a b}"

segment_of() {
        case $1 in a) echo x ;; b) echo y ;; c) echo z ;; esac
}

# here4 SEGMENT NUMBER, here6: the address of a router
here4() {
        case $1 in x) echo "10.0.1.$2" ;; y) echo "10.0.2.$2" ;; z) echo "10.0.3.$2" ;; esac
}

here6() {
        case $1 in x) echo "fd00:1::$2" ;; y) echo "fd00:2::$2" ;; z) echo "fd00:3::$2" ;; esac
}

# station NAMESPACE INTERFACE: its address on the wire
station() {
        ip -n "$1" -json link show dev "$2" | jq -r '.[].address'
}

bridge_bed() {
        need ping bridge tc
        for ns in lan client server r1 r2 $bridge_members; do ip netns add "$ns"; done
        for ns in lan $bridge_members; do
                at "$ns" sh -c 'echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6'
        done
        a_switch oob
        for member in $bridge_members; do segment "$member"; done
        for n in 1 2; do router $n; done
        subnet client 1 $client4 $client6
        subnet server 2 $server4 $server6
        for member in $bridge_members; do wire_in "$member"; done
        forth x
        back y
        for member in $bridge_members; do
                eventually 5 works "$(segment_of "$member")" || fail "no segment of $member"
        done
        for address in $server4 $server6; do
                eventually 5 at client ping -n -c 1 -W 0.2 $address || fail "no way to $address"
        done
        for member in $bridge_members; do wire_out "$member"; done
        bed_count=0
}

# works SEGMENT: over both versions
works() {
        at r1 ping -n -c 1 -W 0.2 "$(here4 "$1" 2)" && at r1 ping -n -c 1 -W 0.2 "$(here6 "$1" 2)"
}

a_switch() {
        ip -n lan link add "$1" type bridge stp_state 0 forward_delay 0 mcast_snooping 0
        ip -n lan link set "$1" up
}

# plug NAMESPACE INTERFACE SWITCH PORT
plug() {
        ip -n lan link add "$4" mtu 9000 type veth peer name "$2" mtu 9000 netns "$1"
        ip -n lan link set "$4" master "$3"
        ip -n lan link set "$4" up
        ip -n "$1" link set "$2" up
}

# segment MEMBER: from one router to the other, and the member in the middle
segment() {
        of=$(segment_of "$1")
        for n in 1 2; do
                a_switch "$of$n"
                plug r$n "$of" "$of$n" "$of${n}r"
        done
        plug "$1" c0 "${of}1" "${of}1m"
        plug "$1" s0 "${of}2" "${of}2m"
        plug "$1" y0 oob "oob$1"
}

router() {
        at "r$1" sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward
                echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
                echo 0 >/proc/sys/net/ipv4/conf/all/rp_filter
                echo 0 >/proc/sys/net/ipv4/icmp_ratelimit
                echo 0 >/proc/sys/net/ipv6/icmp/ratelimit'
        for member in $bridge_members; do
                of=$(segment_of "$member")
                at "r$1" sh -c "echo 0 >/proc/sys/net/ipv4/conf/$of/rp_filter"
                ip -n "r$1" address add "$(here4 "$of" "$1")/24" dev "$of"
                ip -n "r$1" address add "$(here6 "$of" "$1")/64" dev "$of" nodad
        done
}

# subnet NAMESPACE ROUTER IPV4 IPV6
subnet() {
        ip -n "r$2" link add eth0 type veth peer name eth0 netns "$1"
        ip -n "r$2" link set eth0 up
        ip -n "$1" link set lo up
        ip -n "$1" link set eth0 up
        ip -n "r$2" address add "${3%.*}.254/24" dev eth0
        ip -n "r$2" address add "${4%::*}::fe/64" dev eth0 nodad
        ip -n "$1" address add "$3/24" dev eth0
        ip -n "$1" address add "$4/64" dev eth0 nodad
        at "$1" sh -c 'echo 0 >/proc/sys/net/ipv4/icmp_ratelimit
                echo 0 >/proc/sys/net/ipv6/icmp/ratelimit'
        ip -n "$1" route add default via "${3%.*}.254" dev eth0 congctl cubic
        ip -n "$1" -6 route add default via "${4%::*}::fe" dev eth0 congctl cubic
}

# forth SEGMENT: the way of what the client sends; back SEGMENT: of what the server sends
forth() {
        ip -n r1 route replace $server_net4 via "$(here4 "$1" 2)" dev "$1"
        ip -n r1 -6 route replace $server_net6 via "$(here6 "$1" 2)" dev "$1"
}

back() {
        ip -n r2 route replace $client_net4 via "$(here4 "$1" 1)" dev "$1"
        ip -n r2 -6 route replace $client_net6 via "$(here6 "$1" 1)" dev "$1"
}

# wire_in MEMBER: a plain wire in its place; wire_out MEMBER: nothing
wire_in() {
        for way in 'c0 s0' 's0 c0'; do
                tc -n "$1" qdisc add dev "${way% *}" clsact
                tc -n "$1" filter add dev "${way% *}" ingress protocol all prio 1 \
                        u32 match u32 0 0 action mirred egress redirect dev "${way#* }" ||
                        skip "tc has no mirred here"
        done
}

wire_out() {
        for port in c0 s0; do tc -n "$1" qdisc del dev $port clsact; done
}

# nameless: no member has an address on any interface
nameless() {
        for member in $bridge_members; do
                test -z "$(ip -n "$member" -oneline address show | grep inet)" || return 1
        done
}

# bridges_start OPTION...: all members, each with the others as its peers. With bridge_record set
# each writes a trace.
bridges_start() {
        head -c 32 /dev/urandom >$bed/key
        id=0
        for member in $bridge_members; do
                id=$((id + 1))
                one_start "$member" $id "--sync ether:y0 $(peers_of "$member")" "$@" \
                        ${bridge_record:+--record "$bed/trace.$member"}
        done
        eventually 10 bridges_heard || fail "the members do not hear each other"
}

peers_of() {
        number=0
        for peer in $bridge_members; do
                number=$((number + 1))
                test "$peer" = "$1" || printf ' --peer %d=%s' $number "$(station "$peer" y0)"
        done
}

bridges_heard() {
        for member in $bridge_members; do
                ask_of "$member" members | jq -e 'all(.[] | select(.self | not); .up)' || return 1
        done
}

bridges_stop() {
        for member in $bridge_members; do one_stop "$member"; done
}

# one_way: what servers say does not come by x, nor what clients say by y
one_way() {
        for rule in "r1 x $server_net4 $server_net6" "r2 y $client_net4 $client_net6"; do
                # shellcheck disable=SC2086
                set -- $rule
                at "$1" nft -f - <<END
table inet oneway {
        chain in {
                type filter hook prerouting priority -300;
                iifname "$2" ip saddr $3 drop
                iifname "$2" ip6 saddr $4 drop
        }
}
END
        done
}

# one_way_bed: a sees what clients say and b what servers do; with a web server
one_way_bed() {
        bridge_bed
        for member in a b; do wire_in $member; done
        web_start
        for member in a b; do wire_out $member; done
        one_way
}

# reason MEMBER NAME: how often
reason() {
        count_of "$1" ".reasons.$2 // 0"
}

# A filter for SYN|ACKs of either version.
syn_ack='(tcp[13] & 0x12 = 0x12 or (ip6[6] = 6 and ip6[53] & 0x12 = 0x12))'

# wire_tap NAMESPACE INTERFACE NAME [in|out [FILTER]]: all frames or these, until tap_stop NAME
wire_tap() {
        rm -f "$bed/$3.pcap" "$bed/$3.tcpdump"
        run_at "$1" tcpdump -Z root -n -U --immediate-mode -s 200 -Q "${4:-inout}" -i "$2" \
                -w "$bed/$3.pcap" ${5:+"$5"} >/dev/null 2>"$bed/$3.tcpdump" &
        eval "tap_$3=\$!"
        eventually 10 grep -q 'listening on' "$bed/$3.tcpdump" || fail "tcpdump does not start"
}

tap_stop() {
        eval "kill -TERM \$tap_$1; wait \$tap_$1" || :
}

# in_capture NAME FILTER: how many
in_capture() {
        tcpdump -Z root -n -r "$bed/$1.pcap" "$2" 2>/dev/null | wc -l
}

# What the switches learn, from now on, and whether they say so.
monitor_start() {
        : >$bed/fdb
        run_at lan bridge monitor fdb >$bed/fdb 2>&1 &
        monitor=$!
        eventually 5 monitor_sees || fail "bridge monitor says nothing"
}

monitor_sees() {
        number=$((${number:-10} + 1))
        frame_of "02:00:00:00:0b:$number" | at r1 "$tools/frames" send x
        grep -q 02:00:00:00:0b $bed/fdb
}

monitor_stop() {
        kill $monitor
}

# frame_of STATION: that nobody waits for
frame_of() {
        echo "020000000007$(echo "$1" | tr -d :)88b7ffffffff"
}

# moved: a switch saw a router somewhere else
moved() {
        for of in x y; do
                for n in 1 2; do
                        if grep -q -i "$(station r$n $of)" $bed/fdb; then return 0; fi
                done
        done
        return 1
}

# tagged HOW: what the routers send between them from now on; "no" for no tag. Fails where
# eBPF does not load.
tagged() {
        for ns in r1 r2; do
                for member in $bridge_members; do tag_at $ns "$(segment_of "$member")" "$1" ||
                        return 1; done
        done
}

# tag_at NAMESPACE INTERFACE HOW
tag_at() {
        tc -n "$1" qdisc del dev "$2" clsact 2>/dev/null || :
        test "$3" != no || return 0
        test -e $bed/vlan.o || clang -O2 -target bpf -I"/usr/include/$(uname -m)-linux-gnu" -c \
                "$MPCONN_SRC/tests/e2e/vlan.bpf.c" -o $bed/vlan.o || fail "clang"
        tc -n "$1" qdisc add dev "$2" clsact
        for way in egress ingress; do
                tc -n "$1" filter add dev "$2" $way bpf da obj $bed/vlan.o sec "${way}_$3" ||
                        return 1
        done
}

# server_answers HOW: pings, by replies.py
PYTHONDONTWRITEBYTECODE=1
export PYTHONDONTWRITEBYTECODE
server_answers() {
        : >$bed/replies
        run_at server python3 "$MPCONN_SRC/tests/e2e/replies.py" "$1" \
                >$bed/replies 2>$bed/replies.err &
        server_pid=$!
        eventually 10 grep -q listening $bed/replies || fail "replies.py $1"
}

server_ends() {
        kill $server_pid
        wait $server_pid 2>/dev/null || :
        test ! -s $bed/replies.err || fail "replies.py complained"
}
