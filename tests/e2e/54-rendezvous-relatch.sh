# SPDX-License-Identifier: BSD-2-Clause
# In mid transfer the firewall of client 1 forgets what it knew, and gives the client another port
# when it goes on. With latch "relatch" the broker follows it, and only it: who has the wrong
# numbers gets nowhere. With latch "on" the transfer is over.
bed_shape=bare
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/rendezvous-lib.sh"
bed_enter 180 "$0"
need conntrack
rendezvous_bed

for n in 1 2; do
        at f$n nft "flush chain inet wall out
                add rule inet wall out oifname \"wan\" masquerade random"
        at c$n tc qdisc add dev eth0 root tbf rate 40mbit burst 64k latency 50ms ||
                skip "this kernel shapes nothing"
        head -c 16777216 /dev/urandom >$bed/big$n
done

# has_heard CLIENT BYTES, of them at least
has_heard() {
        test "$(stat -c %s "$bed/heard$1")" -ge "$2"
}

all_heard() {
        has_heard 1 16777216 && has_heard 2 16777216
}

# place: where client 1 is, as far as the broker knows
place() {
        ask_of b1 list | jq -r '.[0].a.remote'
}

# forget LATCH VERSION: a session of that kind, whose first firewall forgets it while client 1
# speaks and hears
forget() {
        session moved "$2" "$2" "" "" "\"latch\":\"$1\"" >$bed/session
        broker_start b1 --sessions $bed/session
        rm -f $bed/heard1 $bed/heard2
        call 1 "$2" $bed/big1 $bed/heard1
        call 2 "$2" $bed/big2 $bed/heard2
        eventually 20 has_heard 2 2097152 || fail "no transfer: $(cat $bed/call?.err)"
        was=$(place)
        at f1 conntrack -F 2>/dev/null || fail "conntrack -F"
        if has_heard 1 16777216 || has_heard 2 16777216; then fail "it was too late"; fi
}

for version in 4 6; do
        forget relatch $version
        called 1 && called 2 || fail "IPv$version: $(cat $bed/call?.err) $(ask_of b1 list)"
        for n in 1 2; do
                test "$(sum $bed/heard$n)" = "$(sum $bed/big$((3 - n)))" || fail "other bytes"
        done
        now=$(place)
        test "$now" != "$was" || fail "the firewall gave the same port: $was"
        happens b1 ".event == \"relatched\" and .termination == \"a\" and .remote == \"$now\"" ||
                fail "no event: $(cat $bed/events.b1)"
        listed b1 '.a.relatched == 1 and .b.relatched == 0' || fail "$(ask_of b1 list)"
        ok "IPv$version: client 1 went from $was to $now, 16 MiB each way"
        broker_stop b1
done

# A stranger whose SYNs go out as ACKs: it can be anybody but for its numbers.
at x nft -f - <<END
table inet forged {
        chain out {
                type filter hook postrouting priority 0;
                tcp flags & (syn | ack) == syn @th,104,8 set 0x10 counter
        }
}
END

# meet VERSION: the clients say a word each, and client 1 goes on when the gate opens
meet() {
        rm -f $bed/gate
        mkfifo $bed/gate
        at c1 "$tools/peer" connect send=me expect=you hold=$bed/gate limit=20000 \
                "$(calls 1 "$1")" 7001 >$bed/met1 &
        met_1=$!
        at c2 "$tools/peer" connect send=you expect=me end=wait limit=20000 \
                "$(calls 2 "$1")" 7002 >$bed/met2 &
        met_2=$!
}

is_refused() {
        happened b1 '.event == "refused" and .termination == "a" and .reason == "RELATCH_REFUSED"'
}

for version in 4 6; do
        session steady $version $version "" "" '"latch":"relatch"' >$bed/session
        broker_start b1 --sessions $bed/session
        meet $version
        eventually 10 listed b1 '.a.packets_in >= 2 and .b.packets_in >= 2' ||
                fail "not joined: $(ask_of b1 list)"
        was=$(place)
        if is_refused; then fail "refused before anybody tried"; fi
        at x "$tools/peer" connect limit=4000 "$(calls 1 $version)" 7001 >$bed/forger
        eventually 5 is_refused || fail "no event: $(cat $bed/events.b1)"
        listed b1 '.a.refused >= 2 and .a.relatched == 0' || fail "$(ask_of b1 list)"
        test "$(place)" = "$was" || fail "the session was taken by $(place)"
        : >$bed/gate
        wait $met_1 && wait $met_2 || fail "$(cat $bed/met?)"
        for n in 1 2; do
                outcome ok 0 20000 "$(cat $bed/met$n)" || fail "client $n: $(cat $bed/met$n)"
        done
        ok "IPv$version: who has the wrong numbers is refused, and the clients go on"
        broker_stop b1
done

forget on 4
control "latched for good, the transfer goes on" eventually 6 all_heard
test "$(place)" = "$was" || fail "it moved to $(place)"
listed b1 '.a.refused > 0 and .a.relatched == 0' || fail "$(ask_of b1 list)"
kill $call_1 $call_2
broker_stop b1
