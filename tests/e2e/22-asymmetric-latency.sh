# SPDX-License-Identifier: BSD-2-Clause
# 200 new connections whose answers go through the other member, while a word between
# the members takes 5 ms and one to the server 0.1 ms: all succeed, and the server never
# has to repeat its SYN|ACK.
bed_shape=two
. "$(dirname "$0")/lib.sh"
bed_enter 60 "$0"

connections=200

# connect FORTH BACK: figures in $bed/figures, the server's SYN|ACKs in $answers
connect() {
        ways "$1" "$2"
        case $2 in a) wire=eth0 ;; b) wire=eth1 ;; esac
        capture_start server $wire answers
        before=$(repeated)
        at client "$tools/burst" $connections 1 $client4 $server4 /short \
                "$(wc -c <$bed/web/short)" >$bed/figures || fail "$(cat $bed/figures)"
        repeats=$(($(repeated) - before))
        eventually 2 captured || : # it writes when it finds the time
        capture_stop answers
        captured || :
}

captured() {
        answers=$(capture_text answers | grep -c 'Flags \[S\.')
        test "$answers" -ge $connections
}

repeated() {
        at server nstat -asz TcpExtTCPSynRetrans | awk '/SynRetrans/ { print $2 }'
}

# none_repeated: one answer for each connection
none_repeated() {
        test "$repeats" -eq 0 && test "$answers" -eq $connections
}

# first_byte LOW HIGH: its median
first_byte() {
        within "$1" "$2" "$(tr ' ' '\n' <$bed/figures | sed -n 's/^first_median_ms=//p')"
}

web_start
for way in 'a b' 'b a'; do
        pair_start --impair sync:delay=5
        # shellcheck disable=SC2086
        connect $way
        none_repeated ||
                fail "$way: $answers SYN|ACKs for $connections connections, $repeats repeats"
        first_byte 5 20 || fail "$way: $(cat $bed/figures)"
        ok "$way: $(cat $bed/figures)"
        pair_stop
done
pair_start
connect a b
none_repeated || fail "$answers SYN|ACKs for $connections connections, $repeats repeats"
ok "without the delay: $(cat $bed/figures)"
control "5 ms without the delay" first_byte 5 20
pair_stop
# One way of 1.5 s is more than the server waits for its ACK.
connections=2
pair_start --impair sync:delay=1500
connect a b
control "no repeats when the members are too far from each other" none_repeated
pair_stop
