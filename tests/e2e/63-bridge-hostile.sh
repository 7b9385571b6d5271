# SPDX-License-Identifier: BSD-2-Clause
# Servers, and whoever is on the way, that treat echoes as they should not: replies that are
# modified, cut, doubled, late, in fragments, played again, forged, ten thousand a second, or
# that come back at a third member, over IPv4 and IPv6. Connections succeed all the same, and
# counters say why.
bed_shape=bare
bridge_members='a b c'
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/bridge-lib.sh"
need nft python3
bed_enter 240 "$0"
one_way_bed
PYTHONDONTWRITEBYTECODE=1
export PYTHONDONTWRITEBYTECODE

# server_answers HOW
server_answers() {
        : >$bed/replies
        run_at server python3 "$MPCONN_SRC/tests/e2e/replies.py" "$1" \
                >$bed/replies 2>$bed/replies.err &
        server_pid=$!
        eventually 10 grep -q listening $bed/replies || fail "replies.py $1"
}

server_ends() {
        kill $server_pid
        wait $server_pid 2>/dev/null || :
        test ! -s $bed/replies.err || fail "replies.py complained"
}

# treated HOW REASON [MEMBER]: and a client gets its page all the same
treated() {
        bridges_start --mode bridge
        server_answers "$1"
        for address in $server4 $server6; do
                had=$(reason "${3:-b}" "$2")
                download $address short || fail "$1, $address: nothing"
                eventually 15 counted "${3:-b}" "$2" "$had" || fail "$1, $address: $2 is $had"
                ok "$1, $address: the page comes, $2 $(reason "${3:-b}" "$2")"
        done
        server_ends
        bridges_stop
}

# counted MEMBER REASON [MORE_THAN]
counted() {
        test "$(reason "$1" "$2")" -gt "${3:-0}"
}

at server sh -c 'echo 1 >/proc/sys/net/ipv4/icmp_echo_ignore_all
        echo 1 >/proc/sys/net/ipv6/icmp/echo_ignore_all'
treated plain ECHO_ANSWERED
treated doubled ECHO_REPEATED
treated modified ECHO_FORGED
treated cut ECHO_DAMAGED
treated fragments ECHO_FRAGMENT
treated late ECHO_OLD

# Clients of other ports and the same network get the first reply, too, which counts once.
not_taken() {
        count_of b '[.reasons.ECHO_OLD, .reasons.ECHO_REPEATED] | add'
}

not_taken_more() {
        test "$(not_taken)" -gt "$1"
}

bridges_start --mode bridge
server_answers again
for address in $server4 $server6; do
        download $address short || fail "again, $address: nothing"
done
one_stop a
one_start a 1 "--sync ether:y0 $(peers_of a)" --mode bridge
eventually 10 bridges_heard || fail "the members do not hear each other"
for address in $server4 $server6; do
        had=$(not_taken)
        download $address short || fail "again, $address: nothing the second time"
        eventually 5 not_taken_more "$had" || fail "again, $address: not counted"
done
ok "played again: the pages come, ECHO_OLD $(reason b ECHO_OLD)"
server_ends
bridges_stop

# Pings and connections take two ways: the reply shows the one of pings.
at r2 sh -c 'ip rule add ipproto icmp table 7 priority 70
        ip -6 rule add ipproto ipv6-icmp table 7 priority 70
        ip route add '$client_net4' via '"$(here4 z 1)"' dev z table 7
        ip -6 route add '$client_net6' via '"$(here6 z 1)"' dev z table 7'
at server sh -c 'echo 0 >/proc/sys/net/ipv4/icmp_echo_ignore_all
        echo 0 >/proc/sys/net/ipv6/icmp/echo_ignore_all'
bridges_start --mode bridge
for address in $server4 $server6; do
        had=$(reason c ECHO_ANSWERED)
        download $address short || fail "third member, $address: nothing"
        counted c ECHO_ANSWERED "$had" || fail "third member, $address: c answered nothing"
done
ok "replies come by a third member: it answers, and the pages come by b"
bridges_stop
for version in -4 -6; do at r2 ip $version rule del priority 70; done
at server sh -c 'echo 1 >/proc/sys/net/ipv4/icmp_echo_ignore_all
        echo 1 >/proc/sys/net/ipv6/icmp/echo_ignore_all'

# forged ADDRESS: one true reply, and what is made of it with other numbers
forged() {
        bridges_start --mode bridge
        server_answers forged
        "$2" "$1" || fail "forged, $1: nothing"
        eventually 20 all_sent || fail "forged, $1: not all were sent"
        eventually 20 all_seen || fail "forged, $1: $(seen) of 20001"
        answered=$(reason b ECHO_ANSWERED)
        server_ends
}

short_page() {
        download "$1" short
}

# lasting ADDRESS: that takes longer than all that is forged, which begins with its SYN
lasting() {
        at client curl -sf --max-time 60 --limit-rate 8M -o $bed/got "$(url "$1" big)" || return 1
        test "$(sum $bed/got)" = "$(sum $bed/web/big)" || return 1
        all_sent || fail "forged, $1: the transfer ended first"
}

all_sent() {
        grep -q '^sent 20000 ' $bed/replies
}

# paced: ten thousand a second, or nearly
paced() {
        took=$(sed -n 's/^sent 20000 //p' $bed/replies)
        within 1900 2500 "$took"
}

seen() {
        count_of b '[.reasons.ECHO_FORGED, .reasons.ECHO_ANSWERED, .reasons.ECHO_REPEATED] | add'
}

all_seen() {
        test "$(seen)" -ge 19800
}

random_file big 40
for address in $server4 $server6; do
        forged $address lasting
        paced || fail "forged, $address: 20000 in $took ms"
        # a client that waits asks again
        test "$answered" -ge 1 && test "$answered" -le "$(reason a ECHO_SENT)" ||
                fail "forged, $address: $answered were answered"
        ok "$address: 20000 forged replies in $took ms beside a transfer: ECHO_FORGED $(reason b \
                ECHO_FORGED)"
        bridges_stop
done
member_program=$tools/untagged-member
for address in $server4 $server6; do
        forged $address short_page
        control "nobody looks at the tag, $address: $answered answers" test "$answered" -le 100
        bridges_stop
done
