# SPDX-License-Identifier: BSD-2-Clause
# A link of 1280 bytes behind a router, at either side. The sender on the other side learns of
# it by the router's ICMP errors, and only if these quote its segments as it sent them. So
# 8 MiB get over it in both directions, through one member, and through two of which each
# sees one direction; then the error comes to the member that has not seen the segment.
bed_shape=two
. "$(dirname "$0")/lib.sh"
bed_enter 180 "$0"

# Hosts behind the namespaces of client and server, which are their routers.
near4=192.0.2.101 near6=2001:db8::101
far4=192.0.2.102 far6=2001:db8::102

# small_end NAMESPACE DEVICE NUMBER: one end of the link
small_end() {
        at "$1" sh -c "echo 0 >/proc/sys/net/ipv6/conf/$2/accept_dad"
        ip -n "$1" link set "$2" mtu 1280 up
        ip -n "$1" address add "10.1.0.$3/24" dev "$2"
        ip -n "$1" address add "fd00:a::$3/64" dev "$2" nodad
}

# host_behind ROUTER NAME IPV4 IPV6: it asks for larger segments than the link takes
host_behind() {
        ip netns add "$2"
        ip -n "$1" link add small type veth peer name eth0 netns "$2"
        ip -n "$2" link set lo up
        at "$1" sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward
                echo 1 >/proc/sys/net/ipv6/conf/all/forwarding'
        small_end "$1" small 1
        small_end "$2" eth0 2
        ip -n "$2" address add "$3/32" dev lo
        ip -n "$2" address add "$4/128" dev lo nodad
        ip -n "$1" route add "$3/32" via 10.1.0.2 dev small
        ip -n "$1" -6 route add "$4/128" via fd00:a::2 dev small
        ip -n "$2" route add default via 10.1.0.1 dev eth0 src "$3" advmss 1460 congctl cubic
        ip -n "$2" -6 route add default via fd00:a::1 dev eth0 src "$4" advmss 1440 congctl cubic
}

# far_web: the web server's files, from behind the other router
far_web() {
        sed 's,nginx.pid,far.pid,' $bed/web/nginx.conf >$bed/web/far.conf
        run_at far nginx -c $bed/web/far.conf -p $bed/web >/dev/null 2>$bed/far.err &
        eventually 10 at far curl -sf --max-time 2 http://$far4/short || fail "nginx does not start"
}

# get HOST ADDRESS SECONDS, put HOST ADDRESS SECONDS: a file through the bed, and compare
get() {
        rm -f $bed/got
        at "$1" curl -sf --max-time "$3" -o $bed/got "$(url "$2" file)" || return 1
        test "$(sum $bed/got)" = "$(sum $bed/web/file)"
}

put() {
        rm -f $bed/web/upload/got
        at "$1" curl -sf --max-time "$3" -T $bed/web/file "$(url "$2" upload/got)" || return 1
        test "$(sum $bed/web/upload/got)" = "$(sum $bed/web/file)"
}

# path_mtu HOST ADDRESS: what its kernel has learned about the way, or nothing
path_mtu() {
        at "$1" ip route get "$2" | sed -n 's/.* mtu \([0-9]*\).*/\1/p'
}

# ignored HOST: errors that its kernel got and found not to be about anything it had sent
ignored() {
        at "$1" nstat -asz TcpExtOutOfWindowIcmps | awk '/OutOfWindow/ { print $2 }'
}

forget_paths() {
        for ns in client server; do
                at $ns ip route flush cache
                at $ns ip -6 route flush cache
        done
        forget_metrics
}

# learns SENDER RECEIVER_ADDRESS SECONDS COMMAND...: in the transfer
learns() {
        sender=$1 receiver=$2
        shift 2
        forget_paths
        test -z "$(path_mtu "$sender" "$receiver")" || fail "$sender knows the way already"
        before=$(ignored "$sender")
        "$@" || return 1
        test "$(path_mtu "$sender" "$receiver")" = 1280 &&
                test "$(ignored "$sender")" -eq "$before"
}

# everything WHAT: over the small link in both directions, at both sides
everything() {
        learns client $far4 put client $far4 20 && learns client $far6 put client $far6 20 ||
                fail "$1: client to the host behind the server's router"
        get client $far4 20 && get client $far6 20 || fail "$1: and back"
        learns server $near4 get near $server4 20 && learns server $near6 get near $server6 20 ||
                fail "$1: server to the host behind the client's router"
        put near $server4 20 && put near $server6 20 || fail "$1: and back"
        ok "$1: 8 MiB each way, the senders learn the path's MTU"
}

host_behind client near $near4 $near6
host_behind server far $far4 $far6
web_start
random_file file 8
far_web

ways a a
point_a=$channel_a point_b=$channel_b
channel_a=none channel_b=none
pair_start
everything "one member"
test "$(count_of a .reasons.ERROR_TRANSLATED)" -ge 4 || fail "one member: not counted"
pair_stop
pair_start --split never
everything "one member, nothing split"
test "$(count_of a .reasons.ERROR_TRACKED)" -ge 4 || fail "nothing split: not counted"
pair_stop

channel_a=$point_a channel_b=$point_b
for way in 'a b' 'b a'; do
        # shellcheck disable=SC2086
        ways $way
        pair_start
        everything "two members, $way"
        for ns in a b; do
                test "$(count_of $ns .reasons.ERROR_TRANSLATED)" -ge 2 ||
                        fail "$way: no errors came to member $ns"
        done
        pair_stop
done

# The client's numbers are the same on both legs: for these it takes a member that swallows the
# errors. The server's are not.
ways a a
channel_a=none channel_b=none
member_program=$tools/faulty-member
MPCONN_FAULT=quote
export MPCONN_FAULT
pair_start
for address in $near4 $near6; do
        case $address in *:*) from=$server6 ;; *) from=$server4 ;; esac
        control "without translation of the quote, to $address" \
                learns server $address get near $from 4
        test -z "$(path_mtu server $address)" || fail "the server learned from a wrong quote"
        test "$(ignored server)" -gt "$before" || fail "the server got no errors"
done
pair_stop
MPCONN_FAULT=error
pair_start
for address in $far4 $far6; do
        control "without the errors, to $address" learns client $address put client $address 4
done
pair_stop
