# SPDX-License-Identifier: BSD-2-Clause
# Strangers make a server seem not to answer pings: its replies to them come by no member. It is
# asked on while clients go another way, and the first reply that does come by a member ends it.
bed_shape=bare
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/bridge-lib.sh"
need nft python3
bed_enter 90 "$0"
one_way_bed

# Echoes for the strangers' networks, 100.64.0.0/16, get no reply that comes by b.
at r2 ip route add blackhole 100.64.0.0/16
MPCONN_SEED=${MPCONN_SEED:-1}
export MPCONN_SEED
echo "seed $MPCONN_SEED (MPCONN_SEED sets another)"
python3 "$MPCONN_SRC/tests/e2e/strangers.py" "$(station r2 x)" "$(station r1 x)" $server4 30 \
        >$bed/syns

# mute: SYNs of strangers, until one of them draws no echo
mute() {
        asked=0
        eventually 10 stranger_is_not_asked_for || fail "the server is not taken for mute"
}

stranger_is_not_asked_for() {
        asked=$((asked + 1))
        sed -n ${asked}p $bed/syns | at lan "$tools/frames" send x1m
        test "$(reason a RETURN_ASKED)" -gt 0
}

# answered: a try of the server has come back
answered() {
        test "$(reason b ECHO_LEARNED)" -gt 0
}

bridges_start --mode bridge
mute
test "$(reason a ECHO_SENT)" -ge 3 || fail "mute after $(reason a ECHO_SENT) echoes"
download $server4 short || fail "no page from a mute server"
eventually 5 answered || fail "no try was answered"
ok "a client gets its page from a mute server, and shows that it is not"
bridges_stop

at server sh -c 'echo 1 >/proc/sys/net/ipv4/icmp_echo_ignore_all'
bridges_start --mode bridge
mute
download $server4 short || fail "no page from a server that is mute"
control "a server that is mute" answered
bridges_stop
