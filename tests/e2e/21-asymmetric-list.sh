# SPDX-License-Identifier: BSD-2-Clause
# What one member does (the tests before this one), two do for a connection of which
# each sees a half: who speaks first, many short ones, loss of packets, refusal, silence,
# aborts, ports used again. Then once more while the channel between the members loses,
# doubles and reorders what they say.
bed_shape=two
. "$(dirname "$0")/lib.sh"
bed_enter 240 "$0"

seed=${MPCONN_SEED:-7}
silent4=192.0.2.9 silent6=2001:db8::9
clients=50

# Who speaks first
greets() {
        outcome ok 0 "$2" "$(reach expect=220 "$1" 25)"
}

requests() {
        outcome ok 0 "$2" "$(reach send='GET /short HTTP/1.0

' expect=HTTP/1.1 "$1" 80)"
}

# burst FIRST_ADDRESS SERVER CONNECTIONS
burst() {
        at client "$tools/burst" "$3" $clients "$1" "$2" /short "$(wc -c <$bed/web/short)"
}

# Ends
told_refused() {
        outcome reset 0 "$2" "$(reach end=wait limit=3000 "$1" 81)"
}

told_silent() {
        outcome reset 650 "$2" "$(reach end=wait limit=3000 "$1" 80)"
}

# served PORT WORD COUNT: how often the server saw such an end
served() {
        test "$(grep -cx "$2" "$bed/served.$1")" -ge "$3"
}

client_aborts() {
        before=$(grep -cx reset $bed/served.25) || :
        outcome ok 0 "$2" "$(reach expect=220 end=abort "$1" 25)" || return 1
        eventually 2 served 25 reset $((before + 1))
}

server_aborts() {
        outcome reset 0 "$2" "$(reach send=x end=wait limit=3000 "$1" 26)"
}

# reuse END FROM ADDRESS PORT LIMIT [TIMES]: from one port
reuse() {
        reach expect=220 end="$1" from="$2" port=40000 times="${6:-20}" "$3" "$4" >$bed/outcomes
        test "$(wc -l <$bed/outcomes)" -eq "${6:-20}" || return 1
        while read -r line; do outcome ok 0 "$5" "$line" || return 1; done <$bed/outcomes
}

repairs() {
        for ns in client server; do
                at $ns nstat -asz TcpRetransSegs | awk '/TcpRetrans/ { print $2 }'
        done | awk '{ n += $1 } END { print n }'
}

# list NAME LIMIT: all of it, no single step longer than LIMIT milliseconds
list() {
        name=$1 most=$2
        for address in $server4 $server6; do
                greets $address "$most" ||
                        fail "$name: no greeting from $address: $(greets $address 9999)"
                requests $address "$most" || fail "$name: request to $address"
                told_refused $address "$most" || fail "$name: not told that $address refuses"
                client_aborts $address "$most" || fail "$name: $address was not told of an abort"
                server_aborts $address "$most" || fail "$name: not told that $address aborts"
        done
        ok "$name: greeting, request, refusal, aborts"
        for end in "wait 7" "abort 25"; do
                # shellcheck disable=SC2086
                set -- $end
                # called again at once, the server may not have seen the end of the last one yet:
                # then a SYN is repeated, after a second
                reuse "$1" $client4 $server4 "$2" $((most + 1700)) ||
                        fail "$name: reuse ($1), IPv4: $(cat $bed/outcomes)"
                reuse "$1" $client6 $server6 "$2" $((most + 1700)) ||
                        fail "$name: reuse ($1), IPv6: $(cat $bed/outcomes)"
        done
        ok "$name: a port used again 80 times"
        for first in "192.0.2.101 $server4" "2001:db8::1:1 $server6"; do
                # shellcheck disable=SC2086
                burst $first 1000 >$bed/figures || fail "$name: $(cat $bed/figures)"
                ok "$name: $(cat $bed/figures)"
        done
}

web_start
random_file small 8
serve greet 25
serve abort 26
serve close 7
for i in $(seq 101 $((100 + clients))); do ip -n client address add 192.0.2.$i/32 dev lo; done
for i in $(seq 1 $clients); do
        ip -n client address add "$(printf '2001:db8::1:%x' "$i")/128" dev lo nodad
done

for way in 'a b' 'b a'; do
        # shellcheck disable=SC2086
        ways $way
        pair_start
        list "$way" 800
        pair_stop
done

ways a b
pair_start --syn-rto 100 --syn-tries 3
for address in $silent4 $silent6; do
        told_silent $address 1500 || fail "not told that $address is silent"
done
ok "told that a server is silent"
pair_stop

# Loss of packets, and of frames between the members
offloads off
trouble=data:loss=0.01,dup=0.005,reorder=0.025,seed=$seed # at both members
pair_start --impair $trouble
for address in $server4 $server6; do
        download $address small && upload $address small ||
                fail "transfer through loss, $address (seed $seed)"
done
for what in lost doubled reordered; do
        test "$(total .host.impaired.$what)" -gt 0 || fail "nothing was $what"
done
ok "8 MiB each way through loss, duplication and reordering, $(repairs) repairs"
pair_stop
offloads on

pair_start --impair sync:loss=10%,dup=10%,reorder=10%,seed=$seed
list "bad channel" 3000
for what in lost doubled reordered; do
        test "$(total .host.sync_impaired.$what)" -gt 0 || fail "no frame was $what"
done
ok "through a channel that lost $(total .host.sync_impaired.lost) of" \
        "$(total .host.sync_impaired.seen) frames"
pair_stop

# Without any frame none of this comes to be.
channel_a=none channel_b=none
pair_start
for check in greets requests told_refused client_aborts server_aborts; do
        control "$check without a channel" $check $server4 1000
done
control "port reuse without a channel" reuse wait $client4 $server4 7 1000 1
pair_stop
