# SPDX-License-Identifier: BSD-2-Clause
# A flood of SYNs from addresses that nobody has, through a bridge: the echoes that the server gets
# stay within the budget, and a client that comes again is served beside it.
bed_shape=bare
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/bridge-lib.sh"
need nft tcpdump python3
bed_enter 90 "$0"
one_way_bed
syns=4000
MPCONN_SEED=${MPCONN_SEED:-1}
export MPCONN_SEED
echo "seed $MPCONN_SEED (MPCONN_SEED sets another)"
python3 "$MPCONN_SRC/tests/e2e/strangers.py" "$(station r2 x)" "$(station r1 x)" $server4 $syns \
        >$bed/syns

milliseconds() {
        echo $(($(date +%s%N) / 1000000))
}

# flood: all SYNs, once; how many echoes the server got, and in how long
flood() {
        wire_tap server eth0 echo in
        began=$(milliseconds)
        at lan "$tools/frames" send x1m <$bed/syns || fail "frames send"
        eventually 10 seen || fail "a has not seen all SYNs"
        took=$(($(milliseconds) - began))
        eventually 5 all_arrived || fail "the server got $(arrived) of $(reason a ECHO_SENT) echoes"
        tap_stop echo
        echoes=$(arrived)
}

arrived() {
        in_capture echo 'icmp[0] = 8 and icmp[8:4] = 0x4d504543'
}

all_arrived() {
        test "$(arrived)" -eq "$(reason a ECHO_SENT)"
}

seen() {
        test "$(count_of a '[.reasons.ECHO_SENT, .reasons.ECHO_BUDGET] | map(. // 0) | add')" \
                -ge $syns
}

# at a hundred a second to one server, and a quarter of that at once
bridges_start --mode bridge --echo-rate 1000:100
flood
test "$echoes" -ge 10 || fail "only $echoes echoes"
test "$echoes" -le $((26 + took / 10)) || fail "$echoes echoes in $took ms"
test "$(reason a ECHO_BUDGET)" -ge $((syns - 26 - took / 10)) || fail "not counted"
ok "$syns SYNs in $took ms: $echoes echoes"
at lan "$tools/frames" send x1m <$bed/syns & # goes on beside it
flooding=$!
download $server4 short || fail "a client beside the flood is not served"
wait $flooding
ok "a client beside the flood is served"
bridges_stop

bridges_start --mode bridge --echo-rate 1000000:1000000
flood
control "a budget that is no budget" test "$echoes" -le $((26 + took / 10))
bridges_stop
