# SPDX-License-Identifier: BSD-2-Clause
# Two brokers, and each client's way leads to another one; only the first was given the session.
# Then one of them is killed in the middle of a transfer, and its client's way leads to the other.
bed_shape=bare
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/rendezvous-lib.sh"
bed_enter 240 "$0"
rendezvous_bed

# brokers_start VERSION-OF-1 VERSION-OF-2
brokers_start() {
        session shared "$1" "$2" >$bed/session
        way 1 b1
        way 2 b2
        broker_start b1 --sessions $bed/session --sync udp:203.0.113.2:5000 \
                --peer 2=203.0.113.6:5000
        broker_start b2 --sync udp:203.0.113.6:5000 --peer 1=203.0.113.2:5000
        eventually 10 listed b2 '.session == "shared"' || fail "b2 was not told of the session"
}

# heard_all: each heard what the other one said
heard_all() {
        test "$(sum $bed/heard1)" = "$(sum $bed/big2)" &&
                test "$(sum $bed/heard2)" = "$(sum $bed/big1)"
}

# join VERSION-OF-1 VERSION-OF-2
join() {
        rm -f $bed/heard1 $bed/heard2
        call 1 "$1" $bed/big1 $bed/heard1
        call 2 "$2" $bed/big2 $bed/heard2
        called 1 && called 2 && heard_all
}

for n in 1 2; do
        head -c 67108864 /dev/urandom >$bed/big$n
done

# by_route BROKER: packets without a link, for a client that called the other broker, that it sent
# as its kernel's routes say
by_route() {
        ask_of "$1" stats | jq .host.by_route
}

# told_once: by both brokers together
told_once() {
        test "$(cat $bed/events.b? | grep -c '"established"')" -eq 1
}

# Both have the session, and neither knows of the other.
session shared 4 4 >$bed/session
way 1 b1
way 2 b2
for n in 1 2; do broker_start b$n --sessions $bed/session; done
call_limit=$patience patience=4
control "two brokers that are no members of one cluster" join 4 4
patience=$call_limit
for n in 1 2; do
        test "$(by_route b$n)" -eq 0 || fail "broker $n sent something to a client it has not heard"
        broker_stop b$n
done

for pair in "4 4" "6 6" "4 6"; do
        # shellcheck disable=SC2086
        brokers_start $pair
        # shellcheck disable=SC2086
        join $pair || fail "IPv${pair% *} and IPv${pair#* }: $(cat $bed/call?.err)"
        listed b1 '.a.bytes_in > 67108864 and .b.bytes_in == 0' || fail "$(ask_of b1 list)"
        listed b2 '.b.bytes_in > 67108864 and .a.bytes_in == 0' || fail "$(ask_of b2 list)"
        for n in 1 2; do
                test "$(by_route b$n)" -gt 0 || fail "broker $n: $(ask_of b$n stats)"
        done
        eventually 5 told_once || fail "not told: $(cat $bed/events.b?)"
        brokers_stop
        told_once || fail "not told once: $(cat $bed/events.b?)"
        ok "IPv${pair% *} at one broker and IPv${pair#* } at the other: 64 MiB each way"
done

# Slow enough for one of them to go while they talk.
for n in 1 2; do
        at c$n tc qdisc add dev eth0 root tbf rate 100mbit burst 128kb latency 100ms
done
for dead in 1 2; do
        brokers_start 4 4
        rm -f $bed/heard1 $bed/heard2
        call 1 4 $bed/big1 $bed/heard1
        call 2 4 $bed/big2 $bed/heard2
        eventually 20 listed b1 '.a.bytes_in > 8000000' || fail "nothing is carried"
        eval "kill -KILL \$pid_b$dead"
        way $dead "b$((3 - dead))"
        if heard_all; then fail "they had said all before broker $dead was killed"; fi
        called 1 && called 2 && heard_all ||
                fail "broker $dead was killed: $(cat $bed/call?.err)"
        listed "b$((3 - dead))" '.a.bytes_in > 8000000 and .b.bytes_in > 8000000' ||
                fail "$(ask_of "b$((3 - dead))" list)"
        ok "broker $dead killed in the middle of the transfer: 64 MiB each way all the same"
        broker_stop "b$((3 - dead))"
        rm -f "$bed/control.b$dead"
done
