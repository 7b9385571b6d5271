# SPDX-License-Identifier: BSD-2-Clause
# Sourced by the end-to-end tests of path MTU discovery: hosts behind a link of 1280 bytes,
# and what the sender on the other side learns of it.

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

# get HOST SERVER SECONDS, put HOST SERVER SECONDS: a file through the bed, and compare; the
# server as $to_url ADDRESS PATH has it
to_url=url

get() {
        rm -f $bed/got
        at "$1" curl -sf --max-time "$3" -o $bed/got "$($to_url "$2" file)" || return 1
        test "$(sum $bed/got)" = "$(sum $bed/web/file)"
}

put() {
        rm -f $bed/web/upload/got
        at "$1" curl -sf --max-time "$3" -T $bed/web/file "$($to_url "$2" upload/got)" || return 1
        test "$(sum $bed/web/upload/got)" = "$(sum $bed/web/file)"
}

# ignored HOST: errors that its kernel got and found not to be about anything it had sent
ignored() {
        at "$1" nstat -asz TcpExtOutOfWindowIcmps | awk '/OutOfWindow/ { print $2 }'
}

# learns SENDER RECEIVER_ADDRESS MTU COMMAND...: in the transfer. One error about what the sender
# has out teaches it; those it ignores may have been overtaken by what acknowledges the repeats.
learns() {
        sender=$1 receiver=$2 mtu=$3
        shift 3
        forget_paths
        test -z "$(path_mtu "$sender" "$receiver")" || fail "$sender knows the way already"
        before=$(ignored "$sender")
        "$@" || return 1
        learned=$(path_mtu "$sender" "$receiver")
        test "$learned" = "$mtu" || {
                echo "$sender learned '$learned' of the way to $receiver"
                return 1
        }
}
