# SPDX-License-Identifier: BSD-2-Clause
# Two interfaces on either side, a client or a server behind each: everybody reaches everybody, and
# a connection takes no other way than its own. Who was behind an interface that goes down, and is
# behind another one then, is found there.
. "$(dirname "$0")/lib.sh"
bed_enter 60 "$0"

# endpoint SIDE PORT IPV4 IPV6: one more of them
endpoint() {
        ip netns add "${1}2"
        ip -n member link add "$2" type veth peer name eth0 netns "${1}2"
        at member sh -c "echo 1 >/proc/sys/net/ipv6/conf/$2/disable_ipv6"
        ip -n member link set "$2" up
        bed_endpoint "${1}2" "$3" "$4"
}

# reaches CLIENT ADDRESS [LIMIT]
reaches() {
        outcome ok 0 "${3:-3000}" "$(at "$1" "$tools/peer" connect expect=220 limit="${3:-3000}" \
                "$2" 25)"
}

# everybody: reaches everybody, over both versions
everybody() {
        for from in client client2; do
                for to in $server4 $other4 $server6 $other6; do
                        reaches $from $to || fail "$from does not reach $to"
                done
        done
}

# out PORT: bytes that left there
out() {
        counter ".host.ports[] | select(.name == \"$1\") | .bytes_out"
}

# fetches CLIENT ADDRESS WAY ELSE...: 16 MiB go that way and no other
fetches() {
        from=$1 to=$2 way=$3
        shift 3
        before=$(out "$way") elsewhere=$(out "$1")
        at "$from" curl -sf --max-time 20 -o $bed/got "$(url "$to" big)" || fail "$from from $to"
        test "$(sum $bed/got)" = "$(sum $bed/web/big)" || fail "$from from $to: not the same"
        test $(($(out "$way") - before)) -gt 16777216 || fail "$from from $to: not by $way"
        test $(($(out "$1") - elsewhere)) -lt 10000 || fail "$from from $to: also by $1"
}

other4=192.0.2.4 other6=2001:db8::4
endpoint client c1 192.0.2.3 2001:db8::3
endpoint server s1 $other4 $other6
web_start
random_file big 16
serve greet 25
: >$bed/served2
run_at server2 "$tools/peer" serve greet 25 >$bed/served2 2>$bed/served2.err &
eventually 10 grep -q listening $bed/served2 || fail "no second server"

member_start --client-if c1 --server-if s1
everybody
test "$(counter .reasons.SERVER_ANSWERED)" -eq 8 || fail "not eight handshakes"
ok "everybody reaches everybody"
fetches client $server4 c0 c1
fetches client2 $server6 c1 c0
ok "16 MiB each by one way only"
member_stop

member_start
control "a client behind an interface not named" reaches client2 $server4 500
control "a server behind an interface not named" reaches client $other4 500
reaches client $server4 || fail "the others do not reach one another"
member_stop

# A server at both interfaces, one address each of IP and of Ethernet, as a router has that stands
# by. It says nothing when it changes: it is for the member to see that a way is gone.
spare() {
        ip netns add spare
        at spare sh -c 'echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6'
        for port in s2 s3; do
                ip -n member link add $port type veth peer name $port netns spare
                at member sh -c "echo 1 >/proc/sys/net/ipv6/conf/$port/disable_ipv6"
                ip -n member link set $port up
                ip -n spare link set $port address 02:00:00:00:0d:01
        done
        ip -n spare link set lo up
        active s2
        ip -n client neigh replace 192.0.2.5 lladdr 02:00:00:00:0d:01 dev eth0 nud permanent
}

# active PORT: has the address
active() {
        ip -n spare address flush scope global
        ip -n spare link set $1 up
        ip -n spare address add 192.0.2.5/24 dev $1
        ip -n spare neigh replace 192.0.2.1 lladdr "$(ip -n client -json link show dev eth0 |
                jq -r '.[].address')" dev $1 nud permanent
}

pings() {
        at client ping -n -c 1 -W 0.5 192.0.2.5
}

need ping
spare
member_start --server-if s2 --server-if s3
eventually 5 pings || fail "no way to a server with two interfaces"
# no frame comes by the second one before one has gone there
ip -n spare link set s2 down
active s3
eventually 5 pings || fail "frames still go where a server was before its interface went down"
ok "a server whose interface goes down is found behind another one"
member_stop
