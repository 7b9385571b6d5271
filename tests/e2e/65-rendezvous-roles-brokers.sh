# SPDX-License-Identifier: BSD-2-Clause
# Two brokers. The way of the client that calls leads to the first, and what the one that is called
# says comes to the second: the roles forward, track and reverse.
bed_shape=bare
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/rendezvous-lib.sh"
bed_enter 240 "$0"
rendezvous_bed

# brokers_start CLUSTERED ROLE VERSION-OF-1 VERSION-OF-CALLED: alone, each is given the session
brokers_start() {
        session role "$3" "$4" '' "\"expect\":\"$(with_port "$(outside 3 "$4")" 8000)\"" \
                "\"role\":\"$2\"" >$bed/session
        way 1 b1
        way 2 b2
        if [ "$1" = alone ]; then
                for n in 1 2; do broker_start b$n --sessions $bed/session; done
                return
        fi
        broker_start b1 --sessions $bed/session --sync udp:203.0.113.2:5000 \
                --peer 2=203.0.113.6:5000
        broker_start b2 --sync udp:203.0.113.6:5000 --peer 1=203.0.113.2:5000
        eventually 10 listed b2 '.session == "role"' || fail "b2 was not told of the session"
}

# told EVENT: of both brokers one told it
told() {
        test "$(cat $bed/events.b1 $bed/events.b2 | grep -c "\"$1\"")" -eq 1
}

# refused VERSION-OF-1: nobody listens, and the client that calls hears so. The host of the one that
# is called may still remember the connection before, and take the third SYN only.
refused() {
        outcome refused 0 8000 "$(at c1 "$tools/peer" connect limit=9000 "$(calls 1 "$1")" 7001)"
}

for n in 1 2; do
        head -c 8388608 /dev/urandom >$bed/big$n
done

for role in forward track reverse; do
        for pair in "4 4" "6 6" "4 6" "6 4"; do
                # shellcheck disable=SC2086
                set -- $pair
                listener "$2"
                if [ "$pair" = "4 4" ]; then
                        brokers_start alone $role "$1" "$2"
                        call_limit=$patience patience=3
                        control "$role: two brokers that are no members of one cluster" joined "$1"
                        patience=$call_limit
                        brokers_stop
                        kill $listener # what it has half open goes with it
                        wait $listener || :
                        listener "$2"
                fi
                brokers_start clustered $role "$1" "$2"
                joined "$1" || fail "$role, IPv$1 and IPv$2: $(cat $bed/call1.err)"
                listed b1 '.a.bytes_in > 8388608 and .b.bytes_in == 0' ||
                        fail "b1: $(ask_of b1 list)"
                eventually 5 told established || fail "not told: $(cat $bed/events.b?)"
                ok "$role, IPv$1 at one broker and IPv$2 at the other: 8 MiB each way"
                eventually 5 nobody_listens || fail "the listener stays"
                eventually 5 told closed || fail "no end: $(cat $bed/events.b?)"
                told established || fail "told again: $(cat $bed/events.b?)"
                refused "$1" || fail "$role: nobody listens, and it is not told"
                ok "$role: who refuses at the other broker is heard"
                brokers_stop
        done
done

# b1 is killed between the SYN that it had and the answer: the caller's next SYN comes to b2.
for role in forward track reverse; do
        brokers_start clustered $role 4 4
        ip -n net route replace blackhole "$(outside 3 4)/32"
        listener 4
        rm -f $bed/heard1
        call 1 4 $bed/big1 $bed/heard1
        eventually 10 listed b1 '.a.syns > 0' || fail "nobody called: $(ask_of b1 list)"
        # shellcheck disable=SC2154
        kill -KILL $pid_b1
        way 1 b2
        ip -n net route delete blackhole "$(outside 3 4)/32"
        called 1 && wait $listener && test "$(sum $bed/heard1)" = "$(sum $bed/big2)" ||
                fail "$role, b1 was killed: $(cat $bed/call1.err)"
        ok "$role: the broker that was called is killed before the answer"
        broker_stop b2
        rm -f $bed/control.b1
done
