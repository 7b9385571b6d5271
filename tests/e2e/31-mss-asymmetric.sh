# SPDX-License-Identifier: BSD-2-Clause
# The server's SYN|ACK goes through one member, the client's segments through the
# other: that one has to know, and tell the client, how much the server takes.
bed_shape=two
. "$(dirname "$0")/lib.sh"
bed_enter 120 "$0"

# ways_of_small FORTH BACK MSS MSS6: and what the server announces
ways_of_small() {
        ways "$1" "$2"
        ip -n server route show 192.0.2.0/24 >$bed/routes
        ip -n server -6 route show 2001:db8::/64 >>$bed/routes
        read -r route4 <$bed/routes
        route6=$(tail -n 1 $bed/routes | sed 's/ pref [a-z]*//')
        # shellcheck disable=SC2086
        ip -n server route replace $route4 advmss "$3"
        # shellcheck disable=SC2086
        ip -n server -6 route replace $route6 advmss "$4"
}

# learns ADDRESS MTU: from an upload
learns() {
        forget_paths
        upload "$1" file || fail "upload to $1"
        test "$(path_mtu client "$1")" = "$2"
}

# transfer FORTH BACK
transfer() {
        ways_of_small "$1" "$2" 1000 1300
        pair_start
        learns $server4 1040 || fail "$1 $2: IPv4: '$(path_mtu client $server4)'"
        learns $server6 1360 || fail "$1 $2: IPv6: '$(path_mtu client $server6)'"
        test "$(count_of "$1" .reasons.TOO_BIG_SENT)" -ge 2 || fail "$1 said nothing"
        test "$(count_of "$2" .reasons.TOO_BIG_SENT)" -eq 0 || fail "$2 said something"
        ok "forth through $1, back through $2: the client learns it from $1"
        ways_of_small "$1" "$2" 1460 1440
        control "a server that takes all" learns $server4 1040
        control "a server that takes all, IPv6" learns $server6 1360
        pair_stop
}

web_start
random_file file 8
transfer a b
transfer b a
