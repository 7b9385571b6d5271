# SPDX-License-Identifier: BSD-2-Clause
# Sourced by the end-to-end tests of sessions, after lib.sh with bed_shape=bare. Makes:
#
#   c1 -- f1 --+         c1, c2   clients
#              |         f1, f2   firewalls: masquerade, and drop every connection from outside
#   c2 -- f2 --+- net    net      a router
#              |         x        a stranger, with nothing in between
#   x ---------+
#              |
#   b1, b2 ----+         brokers: 198.51.100.0/24 and 2001:db8:7::/64 are routed to b1

broker_program=$MPCONN_BUILD/examples/rendezvous/mpconn-rendezvous
terms4=198.51.100.0/24 terms6=2001:db8:7::/64
# What clients 1 and 2 call: calls NUMBER VERSION
calls() {
        case $2 in
        4) echo "198.51.100.$1" ;;
        6) echo "2001:db8:7::$1" ;;
        esac
}

# outside NUMBER VERSION: where a client seems to come from
outside() {
        case $2 in
        4) echo "192.0.2.$(($1 * 4 - 2))" ;;
        6) echo "2001:db8:$1::2" ;;
        esac
}

# with_port ADDRESS PORT
with_port() {
        case $1 in
        *:*) echo "[$1]:$2" ;;
        *) echo "$1:$2" ;;
        esac
}

rendezvous_bed() {
        test -x "$broker_program" || skip "mpconn-rendezvous is not built: no libjansson-dev"
        need socat nft ss
        for ns in c1 f1 c2 f2 net x b1 b2; do
                ip netns add $ns
                ip -n $ns link set lo up
        done
        at net sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward
                echo 1 >/proc/sys/net/ipv6/conf/all/forwarding'
        for n in 1 2; do
                client_net $n
                firewall $n
                broker_net $n
        done
        access_net x 3
        ways_to b1
        for n in 1 2; do
                for version in 4 6; do
                        eventually 5 wire_carries c$n "$(outside 3 $version)" || fail "no wires"
                done
        done
}

# A port where nobody listens, beyond the firewall: refused, when the way works.
wire_carries() {
        outcome refused 0 1000 "$(at "$1" "$tools/peer" connect limit=1000 "$2" 9)"
}

# wire NAMESPACE INTERFACE NAMESPACE INTERFACE
wire() {
        ip -n "$1" link add "$2" type veth peer name "$4" netns "$3"
        ip -n "$1" link set "$2" up
        ip -n "$3" link set "$4" up
}

# address NAMESPACE INTERFACE IPV4 IPV6
address() {
        ip -n "$1" address add "$3" dev "$2"
        ip -n "$1" address add "$4" dev "$2" nodad
}

# leads NAMESPACE INTERFACE IPV4 IPV6: the way to everything else
leads() {
        ip -n "$1" route add default via "$3" dev "$2" congctl cubic
        ip -n "$1" -6 route add default via "$4" dev "$2" congctl cubic
}

# access_net NAMESPACE NUMBER: at the router
access_net() {
        wire net "n$2" "$1" wan
        address net "n$2" "192.0.2.$(($2 * 4 - 3))/30" "2001:db8:$2::1/64"
        address "$1" wan "192.0.2.$(($2 * 4 - 2))/30" "2001:db8:$2::2/64"
        leads "$1" wan "192.0.2.$(($2 * 4 - 3))" "2001:db8:$2::1"
}

client_net() {
        wire "f$1" lan "c$1" eth0
        address "f$1" lan "10.0.$1.1/24" "fd00:$1::1/64"
        address "c$1" eth0 "10.0.$1.2/24" "fd00:$1::2/64"
        leads "c$1" eth0 "10.0.$1.1" "fd00:$1::1"
        access_net "f$1" "$1"
        at "f$1" sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward
                echo 1 >/proc/sys/net/ipv6/conf/all/forwarding'
}

# Nothing comes in that was not asked for, and what goes out has one address.
firewall() {
        at "f$1" nft -f - <<END
table inet wall {
        counter refused { }
        chain forward {
                type filter hook forward priority 0; policy drop;
                ct state invalid counter drop
                ct state established,related accept
                iifname "lan" accept
                counter name refused
        }
        chain input {
                type filter hook input priority 0; policy drop;
                ct state established,related accept
                iifname "lan" accept
                meta l4proto ipv6-icmp accept
                counter name refused
        }
        chain out {
                type nat hook postrouting priority 100;
                oifname "wan" masquerade
        }
}
END
}

# refused_by FIREWALL: packets from outside that it dropped
refused_by() {
        at "$1" nft -j list counter inet wall refused |
                jq '.nftables[] | select(.counter) | .counter.packets'
}

# A broker has addresses of its own, none of which is a termination.
broker_net() {
        wire net "nb$1" "b$1" eth0
        address net "nb$1" "203.0.113.$(($1 * 4 - 3))/30" "2001:db8:b$1::1/64"
        address "b$1" eth0 "203.0.113.$(($1 * 4 - 2))/30" "2001:db8:b$1::2/64"
        leads "b$1" eth0 "203.0.113.$(($1 * 4 - 3))" "2001:db8:b$1::1"
        ip -n "b$1" route add blackhole $terms4
        ip -n "b$1" -6 route add blackhole $terms6
}

# ways_to BROKER: the way to all terminations
ways_to() {
        n=${1#b}
        ip -n net route replace $terms4 via "203.0.113.$((n * 4 - 2))"
        ip -n net -6 route replace $terms6 via "2001:db8:b$n::2"
}

# way CLIENT BROKER: where what it calls leads
way() {
        to=${2#b}
        ip -n net route replace "$(calls "$1" 4)/32" via "203.0.113.$((to * 4 - 2))"
        ip -n net -6 route replace "$(calls "$1" 6)/128" via "2001:db8:b$to::2"
}

# broker_start NAMESPACE [OPTION...]: and wait until it runs; its events are in events.NAMESPACE
broker_start() {
        broker=$1
        shift
        test -s $bed/key || head -c 32 /dev/urandom >$bed/key
        : >"$bed/$broker.out"
        : >"$bed/events.$broker"
        run_at "$broker" "$broker_program" --id "${broker#b}" --key $bed/key --if eth0 \
                --control "$bed/control.$broker" "$@" >"$bed/$broker.out" 2>"$bed/$broker.err" &
        eval "pid_$broker=\$!"
        eventually 10 one_is_settled "$broker" $! && grep -q '^ready$' "$bed/$broker.out" ||
                fail "mpconn-rendezvous $* does not start"
        echo events | socat -t 3600 - "UNIX-CONNECT:$bed/control.$broker" \
                >"$bed/events.$broker" 2>/dev/null &
        eventually 5 grep -q '"begin"' "$bed/events.$broker" || fail "no events"
}

# broker_stop NAMESPACE: by SIGTERM, and it must end well
broker_stop() {
        one_stop "$1"
        test ! -e "$bed/control.$1" || fail "the broker left its control socket behind"
}

brokers_stop() {
        for n in 1 2; do broker_stop b$n; done
}

# tell NAMESPACE LINE: and it must say ok
tell() {
        ask_of "$1" "$2" | jq -e '.ok' >/dev/null || fail "$2: $(ask_of "$1" "$2")"
}

# session NAME VERSION-OF-1 VERSION-OF-2 [MEMBERS-OF-1 [MEMBERS-OF-2 [MEMBERS]]]: as JSON; client 1
# calls port 7001, client 2 port 7002
session() {
        printf '{"session":"%s","a":{"local":"%s"%s},"b":{"local":"%s"%s}%s}\n' "$1" \
                "$(with_port "$(calls 1 "$2")" 7001)" "${4:+,$4}" \
                "$(with_port "$(calls 2 "$3")" 7002)" "${5:+,$5}" "${6:+,$6}"
}

# happened BROKER FILTER: of one event this is true
happened() {
        jq -se "any(.[]; $2)" "$bed/events.$1" >/dev/null
}

# happens BROKER FILTER: what is told on the control socket takes its time
happens() {
        eventually 5 happened "$1" "$2"
}

# listed BROKER FILTER: of the one session there is
listed() {
        ask_of "$1" list | jq -e ".[0] | $2" >/dev/null
}

# call CLIENT VERSION SEND GOT: in the background; the client says one file while it hears another
# one. It gives up connecting after $patience seconds, and waiting for the other's end after 30.
patience=20
call() {
        run_at "c$1" socat -t 30 "OPEN:$3,rdonly!!CREATE:$4" \
                "TCP:$(with_port "$(calls "$1" "$2")" "700$1"),connect-timeout=$patience" \
                2>"$bed/call$1.err" &
        eval "call_$1=\$!"
}

# called CLIENT: it came through
called() {
        eval "wait \$call_$1"
}

# listener VERSION: client 2 is called, at x, and says $bed/big2
listener() {
        rm -f $bed/heard2
        run_at x socat -t 30 "OPEN:$bed/big2,rdonly!!CREATE:$bed/heard2" \
                "TCP$1-LISTEN:8000,reuseaddr" 2>$bed/listener.err &
        listener=$!
        eventually 5 listens || fail "nobody listens: $(cat $bed/listener.err)"
}

# joined VERSION-OF-1: client 1 calls the listener, and both hear each other
joined() {
        rm -f $bed/heard1
        call 1 "$1" $bed/big1 $bed/heard1
        called 1 && wait $listener &&
                test "$(sum $bed/heard1)" = "$(sum $bed/big2)" &&
                test "$(sum $bed/heard2)" = "$(sum $bed/big1)"
}

listens() {
        at x ss -Hltn "sport = 8000" | grep -q .
}

nobody_listens() {
        ! listens
}
