# SPDX-License-Identifier: BSD-2-Clause
# A Multipath TCP connection goes past the member, and its client joins a second subflow that a
# member splits (RFC 8684 3.2). The client finds no MP_JOIN in the SYN|ACK and resets that subflow;
# the server never hears of it, and the connection goes on by the first one.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/exchange-lib.sh"
bed_enter 60 "$0"
need nstat

past_client=198.51.100.1 past_server=198.51.100.2

# joined: how often a client asked, and both said that it is right
joined() {
        echo "$(figure server MPTcpExtMPJoinSynRx) $(figure client MPTcpExtMPJoinSynAckRx)"
}

is_joined() {
        test "$(joined)" = "1 1"
}

answered() {
        test "$(counter .reasons.SYN_ANSWERED)" -ge 1
}

reset_came() {
        capture_text client | grep -q "IP $client4.*Flags \[R"
}

# A wire of their own, by which they connect; to join, the client takes the one with the member.
ip -n client link add past type veth peer name past netns server
ip -n client address add $past_client/24 dev past
ip -n server address add $past_server/24 dev past
for ns in client server; do
        ip -n $ns link set past up
        for port in all default eth0 past; do
                at $ns sh -c "echo 0 >/proc/sys/net/ipv4/conf/$port/rp_filter"
        done
        at $ns ip mptcp limits set subflow 1
done
ip -n client route add table 7 $past_server dev eth0
ip -n client rule add from $client4 to $past_server lookup 7
at client ip mptcp endpoint add $client4 dev eth0 subflow || skip "no MPTCP endpoints here"
serve_bytes mptcp 7
offloads off

member_start --split never --unknown pass
carry mptcp $past_client $past_server 7 || fail "mptcp: $line"
eventually 5 is_joined || fail "control: no subflow joined: $(joined)"
ok "control: without a split the client joins a second subflow"
member_stop

capture_start client eth0 client
capture_start server eth0 server
member_start
carry mptcp $past_client $past_server 7 || fail "mptcp: $line"
case $line in *[=,]mptcp,*) ;; *) fail "the connection fell back: $line" ;; esac
eventually 5 answered || fail "the member saw no join"
eventually 5 reset_came || fail "the client did not reset: $(capture_text client)"
capture_stop client
capture_stop server
test "$(joined)" = "1 1" || fail "joined through a split: $(joined)"
capture_text client | grep 'Flags \[S\]' | grep -q 'mptcp.*join' ||
        fail "the client sent no MP_JOIN: $(capture_text client)"
if capture_text server | grep -q 'Flags \['; then
        fail "the server heard: $(capture_text server)"
fi
ok "through a split it resets what it joined, the server hears nothing, every byte as sent"
test "$(counter .engine.handshakes),$(counter .reasons.CLIENT_ABORTED)" = 0,1 ||
        fail "a handshake is left: $(ask stats)"
ok "the member forgets it"
member_stop
