# SPDX-License-Identifier: BSD-2-Clause
# A server that drops pings: each way to answer a client without an echo, in turn. The first SYN
# passes unsplit when nobody knows a way; from the server's answer the way is known, and the next
# client is answered by it; whoever does not know that any more asks all the others.
bed_shape=bare
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/bridge-lib.sh"
need nft
bed_enter 120 "$0"
one_way_bed
at server sh -c 'echo 1 >/proc/sys/net/ipv4/icmp_echo_ignore_all
        echo 1 >/proc/sys/net/ipv6/icmp/echo_ignore_all'

# split: how many of a's flows
split() {
        ask_of a flows | jq '[.[] | select(.split)] | length'
}

# asked_again: a alone starts anew, and knows nothing
asked_again() {
        one_stop a
        one_start a 1 "--sync ether:y0 --peer 2=$(station b y0)" --mode bridge
        eventually 10 bridges_heard || fail "the members do not hear each other"
}

for family in 4 6; do
        eval "address=\$server$family"
        bridges_start --mode bridge
        download $address short || fail "IPv$family: nothing"
        test "$(reason a ECHO_SENT)" -ge 3 || fail "IPv$family: $(reason a ECHO_SENT) echoes"
        test "$(reason a RETURN_UNSPLIT)" -ge 1 || fail "IPv$family: the SYN did not pass unsplit"
        test "$(split)" -eq 0 || fail "IPv$family: the first connection is split"
        ok "IPv$family: three echoes, all others asked, then the SYN passes unsplit"

        download $address short || fail "IPv$family: not by the known way"
        test "$(reason b RETURN_SENT)" -ge 1 || fail "IPv$family: b sent nothing for a"
        test "$(split)" -eq 1 || fail "IPv$family: the second connection is not split"
        ok "IPv$family: the next one is answered by the way that the server's answer took"

        said=$(reason b RETURN_SENT)
        asked_again
        download $address short || fail "IPv$family: nobody was asked"
        test "$(reason a ECHO_SENT)" -ge 3 || fail "IPv$family: no echo was tried"
        test "$(reason a RETURN_UNSPLIT)" -eq 0 || fail "IPv$family: unsplit though b knows a way"
        test "$(reason b RETURN_SENT)" -gt "$said" || fail "IPv$family: b did not answer"
        ok "IPv$family: a member that knows nothing asks the others, and is answered"
        bridges_stop
done

bridges_start --mode bridge --lose SYN_TRACKED --lose TRACKED
control "a SYN that may not pass unsplit" \
        at client curl -sf --max-time 8 -o $bed/got "$(url $server4 short)"
bridges_stop
