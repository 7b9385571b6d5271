# SPDX-License-Identifier: BSD-2-Clause
# What a member cannot promise in a server's name it leaves out, and both ends fall back: Multipath
# TCP (RFC 8684 3.7) to plain TCP, TCP Fast Open (RFC 7413 4.1.3) to data after the handshake,
# Accurate ECN (RFC 9768 3.1.2) to classic ECN.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/exchange-lib.sh"
bed_enter 90 "$0"
need nstat nft

# has OPTION: did the client's end see it?
has() {
        case $line in *[=,]"$1",*) ;; *) return 1 ;; esac
}

plainly() {
        member_start --split never --unknown pass
}

# syns NAME: options of the SYNs and SYN|ACKs that a capture has
syns() {
        capture_text "$1" | grep 'Flags \[S'
}

# captured NAME N: wait until it has so many, and end it
captured() {
        eventually 10 has_syns "$1" "$2" || fail "no $2 SYNs at the $1: $(syns "$1")"
        capture_stop "$1"
}

has_syns() {
        test "$(syns "$1" | grep -c 'mss')" -ge "$2"
}

for ns in client server; do
        at $ns sh -c 'echo 3 >/proc/sys/net/ipv4/tcp_fastopen'
        at $ns sh -c 'echo 0 >/proc/sys/net/ipv4/tcp_fastopen_blackhole_timeout_sec'
done
serve_bytes mptcp 7
serve_bytes fastopen 8
offloads off

# Multipath TCP

plainly
for pair in "$client4 $server4" "$client6 $server6"; do
        # shellcheck disable=SC2086
        carry mptcp $pair 7 || fail "mptcp, $pair: $line"
        has mptcp || fail "control: without a split there is no MPTCP: $line"
done
ok "control: without a split both ends speak MPTCP"
member_stop

before=$(figure client MPTcpExtMPCapableFallbackSYNACK)
capture_start server eth0 server
member_start
for pair in "$client4 $server4" "$client6 $server6"; do
        # shellcheck disable=SC2086
        carry mptcp $pair 7 || fail "mptcp, $pair: $line"
        if has mptcp; then fail "MPTCP through a split: $line"; fi
done
captured server 4
test "$(figure client MPTcpExtMPCapableFallbackSYNACK)" -eq $((before + 2)) ||
        fail "the client did not fall back by the SYN|ACK"
if syns server | grep -q mptcp; then fail "MPTCP in a SYN to the server"; fi
ok "through a split they fall back to plain TCP, by the SYN|ACK, every byte as sent"
member_stop

# TCP Fast Open

plainly
for pair in "$client4 $server4" "$client6 $server6"; do
        # shellcheck disable=SC2086
        carry fastopen $pair 8 || fail "fastopen, $pair: $line" # gets a cookie
        # shellcheck disable=SC2086
        carry fastopen $pair 8 || fail "fastopen, $pair: $line"
        has syn-data || fail "control: without a split no data goes with the SYN: $line"
done
test "$(figure server TcpExtTCPFastOpenPassive)" -eq 2 || fail "the server took no data"
ok "control: without a split data goes with the SYN, and is taken"
member_stop

passive=$(figure server TcpExtTCPFastOpenPassive)
capture_start client eth0 client
capture_start server eth0 server
member_start
for pair in "$client4 $server4" "$client6 $server6"; do
        # shellcheck disable=SC2086
        carry fastopen $pair 8 || fail "fastopen, $pair: $line"
        if has syn-data; then fail "data of a SYN was taken through a split: $line"; fi
done
at client ip tcp_metrics flush all >/dev/null 2>&1
carry fastopen $client4 $server4 8 || fail "fastopen: $line" # asks for a cookie
captured client 6
captured server 6
test "$(figure server TcpExtTCPFastOpenPassive)" -eq "$passive" || fail "the server took SYN data"
test "$(syns client | grep 'Flags \[S[^.]*\]' | grep -c 'tfo  *cookie ')" -ge 2 ||
        fail "the client did not try with its cookies"
syns client | grep -q 'tfo  *cookiereq' || fail "the client asked for no cookie"
if syns client | grep 'Flags \[S\.' | grep -q tfo; then fail "a cookie of ours"; fi
if syns server | grep -q tfo; then fail "TFO in a SYN to the server"; fi
ok "through a split data comes after the handshake, once; no SYN|ACK and no SYN of ours has TFO"
member_stop

# Accurate ECN: where the kernel does not speak it, its SYN can be made one by the bit that it has
# more than one of classic ECN (AE); a SYN|ACK of classic ECN is the answer that it falls back by.

for ns in client server; do at $ns sh -c 'echo 1 >/proc/sys/net/ipv4/tcp_ecn'; done
at client nft -f - <<END
table inet accurate {
        chain out {
                type filter hook postrouting priority 0;
                tcp flags & (syn | ack | ecn | cwr) == syn | ecn | cwr @th,96,16 set @th,96,16 | 256
        }
}
END
at server nft -f - <<END
table inet accurate {
        chain in {
                type filter hook prerouting priority 0;
                tcp flags & (syn | ack) == syn @th,103,1 1 counter
        }
}
END

# accurate_syns: that came to the server
accurate_syns() {
        at server nft -j list table inet accurate | jq '[.. | .counter? | .packets?] | add'
}

plainly
carry plain $client4 $server4 8 || fail "plain: $line"
test "$(accurate_syns)" -eq 1 || fail "control: $(accurate_syns) SYNs asked for Accurate ECN"
ok "control: without a split a SYN that asks for Accurate ECN comes to the server"
member_stop

capture_start client eth0 client
member_start
carry plain $client4 $server4 8 || fail "plain: $line"
captured client 2
test "$(accurate_syns)" -eq 1 || fail "Accurate ECN in a SYN to the server"
syns client | grep -q 'Flags \[S\.E\]' || fail "no SYN|ACK of classic ECN: $(syns client)"
has ecn || fail "no classic ECN at the client: $line"
ok "through a split it gets a SYN|ACK of classic ECN, and the server a SYN of classic ECN"
member_stop
