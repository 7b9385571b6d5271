# SPDX-License-Identifier: BSD-2-Clause
# The driver of connections is killed in the middle of their handshakes, or of a transfer,
# and the other member goes on; and a client's first word takes another way than its SYN.
# The simulator has all steps (pair-driver-dies, pair-ways-change); these are some of them
# between kernels.
bed_shape=two
. "$(dirname "$0")/lib.sh"
bed_enter 240 "$0"

clients=10

# greeted_all LIMIT: each of the clients was greeted, though it said nothing
greeted_all() {
        for i in $(seq $clients); do
                outcome ok 0 "$1" "$(cat $bed/outcome.$i)" || return 1
        done
}

has_lost() {
        test "$(count_of a .host.lost)" -ge $clients
}

# A bump in the wire has a way to where it has passed something on.
know_the_way_through_b() {
        ways b b
        outcome ok 0 1000 "$(reach expect=220 $server4 25)" || fail "no way through b"
}

# killed_having_lost REASON: A never sends that, and is killed when it would have
killed_having_lost() {
        only_a="--lose $1"
        pair_start --announce early
        know_the_way_through_b
        ways a b
        greeted=
        for i in $(seq $clients); do
                run_at client "$tools/peer" connect expect=220 limit=20000 $server4 25 \
                        >"$bed/outcome.$i" &
                greeted="$greeted $!"
        done
        eventually 5 has_lost || fail "no $1"
        kill_a
        # shellcheck disable=SC2086
        wait $greeted
        one_stop b
}

# kill_a: and routes follow
kill_a() {
        kill -KILL "$pid_a"
        wait "$pid_a" 2>/dev/null || :
        ways b b
}

part_is_there() {
        test "$(stat -c %s $bed/got)" -gt 1000000
}

# killed_in_transfer LIMIT
killed_in_transfer() {
        only_a=
        ways a b
        pair_start
        : >$bed/got
        run_at client curl -sf --max-time "$1" --limit-rate 4M -o $bed/got "$(url $server4 big)" &
        curl_pid=$!
        eventually 5 part_is_there || :
        kill_a
        transferred=0
        wait $curl_pid || transferred=$?
        one_stop b
        test $transferred -eq 0 && test "$(sum $bed/got)" = "$(sum $bed/web/big)"
}

settled_at_a() {
        test "$(count_of a .engine.flows_settled)" -eq 1
}

# first_word_elsewhere BACK: its SYN went through A, and A told nobody
first_word_elsewhere() {
        only_a=
        ways a a
        pair_start --defer 60
        rm -f $bed/gate
        mkfifo $bed/gate
        run_at client "$tools/peer" connect hold=$bed/gate limit=3000 end=close \
                late='GET /short HTTP/1.0

' $server4 80 >$bed/outcome &
        speaker=$!
        eventually 5 settled_at_a || fail "no connection"
        ways b "$1"
        : >$bed/gate
        wait $speaker
        passed=$(count_of b .reasons.TRANSLATED)
        pair_stop
        outcome ok 0 2000 "$(cat $bed/outcome)" && test "$passed" -gt 0
}

web_start
random_file big 8
serve greet 25
for cookies in 1 2; do
        at server sh -c "echo $cookies >/proc/sys/net/ipv4/tcp_syncookies"
        for reason in SERVER_SYN_SENT SERVER_ACK_SENT; do
                killed_having_lost $reason
                greeted_all 15000 || fail "$reason, $cookies: $(cat $bed/outcome.*)"
                ok "tcp_syncookies=$cookies: killed before $reason"
        done
done
killed_in_transfer 30 || fail "killed in the middle of a transfer"
ok "killed in the middle of a transfer"
for back in a b; do
        first_word_elsewhere $back ||
                fail "first word through b, back through $back: $(cat $bed/outcome)"
        ok "first word through b, back through $back"
done

# Members that say nothing to one another are not replaced.
channel_a=none channel_b=none
ways a b
killed_having_lost SERVER_SYN_SENT
control "killed before SERVER_SYN_SENT, without a channel" greeted_all 15000
control "killed in the middle of a transfer, without a channel" killed_in_transfer 5
control "first word elsewhere, without a channel" first_word_elsewhere a
