# SPDX-License-Identifier: BSD-2-Clause
# Replies to an echo that somebody forges, ten thousand a second, beside a transfer, over IPv4 and
# IPv6: none of them draws an answer to the client. Control: nobody looks at the tag.
bed_shape=bare
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/bridge-lib.sh"
need nft python3
bed_enter 120 "$0"
one_way_bed
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
