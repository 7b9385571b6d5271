# SPDX-License-Identifier: BSD-2-Clause
# As 54, with two brokers, each of which carries what one client says: the firewall of a client
# forgets it in mid transfer, and the other client's broker follows it as well. With latch "on" the
# transfer is over.
bed_shape=bare
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/rendezvous-lib.sh"
bed_enter 120 "$0"
need conntrack
rendezvous_bed

size=3145728
for n in 1 2; do
        at f$n nft "flush chain inet wall out
                add rule inet wall out oifname \"wan\" masquerade random"
        at c$n tc qdisc add dev eth0 root tbf rate 16mbit burst 64k latency 50ms ||
                skip "this kernel shapes nothing"
        head -c $size /dev/urandom >$bed/big$n
        ip -n net route replace "$(calls $n 4)/32" via "203.0.113.$((n * 4 - 2))"
        ip -n net -6 route replace "$(calls $n 6)/128" via "2001:db8:b$n::2"
done

# has_heard CLIENT BYTES, of them at least
has_heard() {
        test "$(stat -c %s "$bed/heard$1" 2>/dev/null || echo 0)" -ge "$2"
}

all_heard() {
        has_heard 1 $size && has_heard 2 $size
}

# place BROKER MEMBER: where that client is, as far as this broker knows
place() {
        ask_of "$1" list | jq -r ".[0].$2.remote"
}

# followed MEMBER WAS: both brokers know that the client is elsewhere, and where
followed() {
        now=$(place b1 "$1")
        test "$now" != "$2" && test "$(place b2 "$1")" = "$now"
}

# forget LATCH VERSION CLIENT: its firewall forgets it while both speak
forget() {
        session moved "$2" "$2" "" "" "\"latch\":\"$1\"" >$bed/session
        broker_start b1 --sessions $bed/session --sync udp:203.0.113.2:5000 \
                --peer 2=203.0.113.6:5000
        broker_start b2 --sync udp:203.0.113.6:5000 --peer 1=203.0.113.2:5000
        eventually 10 listed b2 '.session == "moved"' || fail "b2 was not told of the session"
        rm -f $bed/heard1 $bed/heard2
        call 1 "$2" $bed/big1 $bed/heard1
        call 2 "$2" $bed/big2 $bed/heard2
        eventually 10 has_heard 1 262144 && has_heard 2 1 ||
                fail "no transfer: $(cat $bed/call?.err)"
        member=$(test "$3" = 1 && echo a || echo b)
        was=$(place "b$3" $member)
        at "f$3" conntrack -F 2>/dev/null || fail "conntrack -F"
        if all_heard; then fail "it was too late"; fi
}

for run in "4 1" "6 2"; do
        # shellcheck disable=SC2086
        forget relatch $run
        version=${run% *} client=${run#* }
        called 1 && called 2 || fail "IPv$version: $(cat $bed/call?.err) $(ask_of b1 list)"
        for n in 1 2; do
                test "$(sum $bed/heard$n)" = "$(sum $bed/big$((3 - n)))" || fail "other bytes"
                listed b$n ".a.bytes_in > $size or .b.bytes_in > $size" || fail "$(ask_of b$n list)"
        done
        followed $member "$was" || fail "$was: $(place b1 $member), $(place b2 $member)"
        happens "b$client" ".event == \"relatched\" and .termination == \"$member\" and
                .remote == \"$now\"" || fail "no event: $(cat "$bed/events.b$client")"
        listed "b$client" ".$member.relatched == 1" || fail "$(ask_of "b$client" list)"
        ok "IPv$version: client $client went from $was to $now, and both brokers follow it"
        brokers_stop
done

forget on 4 1
control "latched for good, the transfer goes on" eventually 4 all_heard
for n in 1 2; do
        test "$(place b$n a)" = "$was" || fail "it moved to $(place b$n a)"
done
kill $call_1 $call_2
brokers_stop
