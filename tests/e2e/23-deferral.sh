# SPDX-License-Identifier: BSD-2-Clause
# Pay only for asymmetry: 5,000 short connections through one member put nothing on the
# wire, the same through two do, and none fails. A long one is told when it is old
# enough, or asked about when its way back moves to the other member in mid-transfer.
bed_shape=two
. "$(dirname "$0")/lib.sh"
bed_enter 90 "$0"

clients=50 connections=5000

# burst FORTH BACK: figures, and the records of both members in $records
burst() {
        ways "$1" "$2"
        before=$(total .engine.records_out)
        at client "$tools/burst" $connections $clients 192.0.2.101 $server4 /short \
                "$(wc -c <$bed/web/short)" >$bed/figures || fail "$1 $2: $(cat $bed/figures)"
        records=$(($(total .engine.records_out) - before))
        ok "$1 $2: $records records, $(cat $bed/figures)"
}

# silent: nobody heard of any of them
silent() {
        test "$records" -eq 0
}

# flows_told MEMBER COUNT
flows_told() {
        test "$(ask_of "$1" flows | jq length)" -eq "$2"
}

# rate MEGABITS, or none: of what the server sends
rate() {
        for wire in eth0 eth1; do
                at server tc qdisc del dev $wire root 2>/dev/null || :
                test "$1" = none || at server tc qdisc add dev $wire root tbf \
                        rate "$1mbit" burst 64k latency 50ms || skip "this kernel shapes nothing"
        done
}

web_start
random_file big 16
for i in $(seq 101 $((100 + clients))); do ip -n client address add 192.0.2.$i/32 dev lo; done

pair_start --defer 60
burst a a
silent || fail "$records records"
test "$(count_of a .engine.flows_settled)" -eq $connections || fail "not $connections flows"
flows_told b 0 || fail "the other member knows flows"
ok "symmetric: no record"
burst b a
control "the same forth through the other member puts no record" silent
test "$records" -gt $connections || fail "fewer records than connections"
# The first ones find out that the answers come back here again.
connections=200
burst b b
connections=5000
burst b b
silent || fail "symmetric at the other member: $records records"
pair_stop

# moves: the way back, in mid-transfer
moves() {
        ways a a
        rm -f $bed/got
        at client curl -sf --max-time 20 -o $bed/got "$(url "$1" big)" &
        transfer=$!
        eventually 5 has_got 2097152 || fail "no transfer from $1"
        ways a b
        alive $transfer || fail "the transfer was over too soon"
        wait $transfer || return 1
        test "$(sum $bed/got)" = "$(sum $bed/web/big)"
}

has_got() {
        test "$(stat -c %s $bed/got)" -gt "$1"
}

rate 80
pair_start --defer 60
for address in $server4 $server6; do
        moves $address || fail "did not go on when the way moved: $address"
        ok "the way back moved in mid-transfer, $address"
done
test "$(count_of b .reasons.TRANSLATED)" -gt 1000 || fail "it did not move"
pair_stop

# Told before it moves: nothing has to wait.
pair_start --defer 0.1
moves $server4 || fail "told of, and did not go on"
test "$(count_of b .reasons.HELD)" -eq 0 || fail "something had to wait"
ok "told of before it moved"
pair_stop
channel_a=none channel_b=none
pair_start
control "a way that moves without a channel" moves $server4
pair_stop
