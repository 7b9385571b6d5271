# SPDX-License-Identifier: BSD-2-Clause
# A server without timestamps, and a client that was promised them; the two
# directions go through different members, and then change places.
bed_shape=two
. "$(dirname "$0")/lib.sh"
bed_enter 120 "$0"

# to_client NAME: what the client got but for SYNs and RSTs, a line a segment
to_client() {
        capture_text "$1" | grep -F -e "> $client4." -e "> $client6." | grep -v 'Flags \[[^]]*[SR]'
}

# captured NAME: tcpdump has come to look at it
captured() {
        test "$(to_client "$1" | wc -l)" -gt 20
}

all_stamped() {
        test "$(to_client "$1" | grep -c 'TS val')" -gt 20 && ! to_client "$1" | grep -qv 'TS val'
}

# transfer FORTH BACK
transfer() {
        ways "$1" "$2"
        pair_start
        name=$1$2
        capture_start client any "$name"
        for address in $server4 $server6; do
                download $address file || fail "$1 $2: download from $address"
                upload $address file || fail "$1 $2: upload to $address"
        done
        eventually 10 captured "$name" || fail "$1 $2: nothing was captured"
        capture_stop "$name"
        all_stamped "$name" || fail "$1 $2: $(to_client "$name" | grep -v 'TS val' | head -n 2)"
        test "$(total .reasons.SEGMENT_UNSTAMPED)" -eq 0 || fail "$1 $2: no room in a segment"
        ok "forth through $1, back through $2: every segment has timestamps"
        pair_stop
}

web_start
random_file file 8
at server sysctl -qw net.ipv4.tcp_timestamps=0
transfer a b
transfer b a

# The client does without as well.
at client sysctl -qw net.ipv4.tcp_timestamps=0
ways a b
pair_start
capture_start client any none
download $server4 file || fail "without timestamps"
eventually 10 captured none || fail "nothing was captured"
capture_stop none
control "a client without timestamps" all_stamped none
pair_stop
