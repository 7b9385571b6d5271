# SPDX-License-Identifier: BSD-2-Clause
# Two clients, each behind a firewall that lets nobody in: both call the broker, and have one
# connection. Over IPv4, over IPv6, and one of each; 64 MiB each way.
bed_shape=bare
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/rendezvous-lib.sh"
bed_enter 240 "$0"
rendezvous_bed

# join VERSION-OF-1 VERSION-OF-2 [FILE]: they say different things and hear them from each other
join() {
        rm -f $bed/heard1 $bed/heard2
        call 1 "$1" "$bed/${3:-big}1" $bed/heard1
        call 2 "$2" "$bed/${3:-big}2" $bed/heard2
        called 1 || return 1
        called 2 || return 1
        test "$(sum $bed/heard1)" = "$(sum "$bed/${3:-big}2")" &&
                test "$(sum $bed/heard2)" = "$(sum "$bed/${3:-big}1")"
}

# The counters of the broker's kernel for what it must not say.
spoken() {
        at b1 nstat -asz TcpOutRsts IcmpOutMsgs Icmp6OutDestUnreachs IpForwDatagrams \
                Ip6OutForwDatagrams TcpInErrs | awk '/^[TI]/ { n += $2 } END { print n + 0 }'
}

for n in 1 2; do
        head -c 67108864 /dev/urandom >$bed/big$n
        head -c 1000 /dev/urandom >$bed/small$n
done

# What the firewalls are for.
for version in 4 6; do
        there=$(outside 2 $version)
        before=$(refused_by f2)
        control "client 1 calls client 2, IPv$version" outcome ok 0 9000 \
                "$(at c1 "$tools/peer" connect limit=1000 end=close "$there" 7002)"
        test "$(refused_by f2)" -gt "$before" || fail "firewall 2 did not see client 1"
        call_limit=$patience patience=2
        control "both call and there is no broker, IPv$version" join $version $version small
        patience=$call_limit
done

for pair in "4 4" "6 6" "4 6" "6 4"; do
        # shellcheck disable=SC2086
        session "of $pair" $pair | tr -d '\n' >$bed/session
        broker_start b1 --sessions $bed/session
        # shellcheck disable=SC2086
        join $pair || fail "IPv${pair% *} and IPv${pair#* }: $(cat $bed/call?.err)"
        listed b1 '.state == "ESTABLISHED" or .state == "CLOSING"' || fail "$(ask_of b1 list)"
        listed b1 '.a.bytes_in > 67108864 and .b.bytes_in > 67108864' || fail "$(ask_of b1 list)"
        happens b1 '.event == "established"' || fail "no event: $(cat $bed/events.b1)"
        ok "IPv${pair% *} and IPv${pair#* }: 64 MiB each way"
        broker_stop b1
done

# The host goes on being a host: what is not for a termination is not touched.
session quiet 4 6 >$bed/session
broker_start b1 --sessions $bed/session
: >$bed/own
run_at b1 "$tools/peer" serve greet 25 >$bed/own 2>&1 &
eventually 5 grep -q listening $bed/own || fail "no server on the broker"
for address in 203.0.113.2 2001:db8:b1::2; do
        outcome ok 0 1000 "$(at x "$tools/peer" connect expect=220 $address 25)" ||
                fail "the broker's own server at $address"
done
outcome refused 0 1000 "$(at x "$tools/peer" connect 203.0.113.2 26)" ||
        fail "a closed port of the broker"
ask_of b1 stats | jq -e '.reasons.SESSION_NONE > 0 and .engine.packets_made == 0 and
        .engine.packets_forwarded == 0' >$bed/judged || fail "the program acted for the host"
ok "connections to the broker itself are its kernel's"

# hops_set CLIENT N: left to what it sends
hops_set() {
        at "c$1" nft -f - <<END
table inet hops
delete table inet hops
table inet hops {
        chain out {
                type filter hook postrouting priority 0;
                ip ttl set $2
                ip6 hoplimit set $2
        }
}
END
}

# words CLIENT HOPS LIMIT: one each way within so many milliseconds, where its segments go so far;
# what went before is forgotten
words() {
        broker_stop b1
        broker_start b1 --sessions $bed/session
        hops_set "$1" "$2"
        : >$bed/word1
        : >$bed/word2
        at c1 "$tools/peer" connect send=me expect=you limit="$3" "$(calls 1 4)" 7001 \
                >$bed/word1 &
        word_1=$!
        at c2 "$tools/peer" connect send=you expect=me limit="$3" "$(calls 2 6)" 7002 \
                >$bed/word2 &
        wait $word_1 $! || :
        hops_set "$1" 64
        outcome ok 0 "$3" "$(cat $bed/word1)" && outcome ok 0 "$3" "$(cat $bed/word2)"
}

too_far() {
        ask_of b1 stats | jq .host.too_far
}

# It is a hop as any router: the firewall and the network are before it, and both behind it.
for client in 1 2; do
        words $client 6 8000 || fail "six hops from client $client: $(cat $bed/word?)"
        control "five hops from client $client" words $client 5 2000
        test "$(too_far)" -eq 0 || fail "it did not come to the other firewall"
done
control "three hops from client 1" words 1 3 2000
test "$(too_far)" -gt 0 || fail "not counted"
ok "the broker is a hop, over IPv4 and IPv6"

# Nor does its kernel have anything to say about the terminations.
before=$(spoken)
join 4 6 small || fail "a short exchange: $(cat $bed/call?.err)"
test "$(spoken)" -eq "$before" || fail "the kernel spoke"
at b1 sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward
        echo 1 >/proc/sys/net/ipv6/conf/all/forwarding'
ip -n b1 -6 route replace default via 2001:db8:b1::1 dev eth0
broker_stop b1
broker_start b1 --sessions $bed/session
join 4 6 small || fail "with forwarding: $(cat $bed/call?.err)"
test "$(spoken)" -eq "$before" || fail "the kernel spoke, forwarding"
ok "the kernel is silent, forwarding or not"
broker_stop b1
ip -n b1 route del blackhole $terms4
ip -n b1 -6 route del blackhole $terms6
broker_start b1 --sessions $bed/session
join 4 6 small || :
control "and without blackhole routes" test "$(spoken)" -eq "$before"
broker_stop b1
