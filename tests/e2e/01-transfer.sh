# SPDX-License-Identifier: BSD-2-Clause
# 64 MiB down and up over IPv4 and IPv6, and the proof that the connections
# were split: the two legs count the server's bytes differently, by just what
# the member says. Without the split they count alike.
. "$(dirname "$0")/lib.sh"
bed_enter 60 "$0"

# was_captured NAME: tcpdump writes when it finds the time
was_captured() {
        test -n "$(server_isn "$1")"
}

# legs_differ ADDRESS: after a transfer that was captured on both legs.
legs_differ() {
        near=$(server_isn "near_$1") far=$(server_isn "far_$1")
        test -n "$near" && test -n "$far" && test "$near" != "$far" &&
                test "$(ask flows | jq --arg at "$2" --argjson d $(((far - near) & 0xffffffff)) \
                        '[.[] | select(.server.address == $at and .delta.seq[1] == $d and .split)]
                        | length')" -eq 1
}

# transfer MODE
transfer() {
        member_start --split "$1"
        for version in 4 6; do
                eval "address=\$server$version"
                capture_start client eth0 near_$version
                capture_start server eth0 far_$version
                download "$address" big || fail "$1: download over IPv$version"
                for leg in near far; do
                        eventually 10 was_captured "${leg}_$version" || fail "no handshake, $leg"
                        capture_stop "${leg}_$version"
                done
                upload "$address" big || fail "$1: upload over IPv$version"
                ok "$1: 64 MiB down and up over IPv$version"
        done
}

web_start
random_file big 64
transfer always
legs_differ 4 $server4 || fail "IPv4 was not split"
legs_differ 6 $server6 || fail "IPv6 was not split"
test "$(counter .reasons.SERVER_ANSWERED)" -eq 4 || fail "not four handshakes"
ok "the legs differ by what the member says"
member_stop

transfer never
control "IPv4 without split" legs_differ 4 $server4
control "IPv6 without split" legs_differ 6 $server6
test "$(server_isn near_4)" = "$(server_isn far_4)" || fail "numbers changed without split"
member_stop

# The comparison of sums notices a wrong byte.
printf x | dd of=$bed/got bs=1 seek=1000 conv=notrunc 2>/dev/null
control "a changed byte" test "$(sum $bed/got)" = "$(sum $bed/web/big)"
