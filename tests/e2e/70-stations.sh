# SPDX-License-Identifier: BSD-2-Clause
# More stations than a member has numbers for their headers: whoever comes later is served all the
# same, over IPv4 and IPv6. Frames without TCP take none.
. "$(dirname "$0")/lib.sh"
need python3
bed_enter 60 "$0"
web_start
random_file big 4
member_mac=02:00:00:00:be:07 # the member hears all frames

# strangers PROTOCOL: one more than there are numbers
strangers() {
        python3 "$MPCONN_SRC/tests/e2e/strangers.py" $member_mac "$1" $server4 65536 >$bed/strangers
}

links() {
        counter .host.links
}

# no_number_left: again, for what a socket buffer had no room for
no_number_left() {
        test "$(links)" -eq 65534 || at client "$tools/frames" send eth0 <$bed/strangers
        test "$(links)" -eq 65534
}

# all_heard COUNT
all_heard() {
        test "$(counter '[.host.ports[].frames_in] | add')" -ge "$1"
}

member_start
strangers udp
at client "$tools/frames" send eth0 <$bed/strangers || fail "frames send"
eventually 20 all_heard 30000 || fail "the datagrams do not arrive"
control "datagrams take numbers" test "$(links)" -ge 1000
strangers tcp
eventually 20 no_number_left || fail "only $(links) links"
for ns in client server; do
        ip -n $ns link set eth0 address 02:00:00:00:0a:$(test $ns = client && echo 01 || echo 02)
        ip -n $ns neigh flush all
done
bed_routes client
bed_routes server
for address in $server4 $server6; do
        download $address big || fail "a new station is not served: download from $address"
        upload $address big || fail "a new station is not served: upload to $address"
done
test "$(links)" -eq 65534 || fail "there were numbers left: $(links)"
test "$(counter .host.no_way)" -eq 0 || fail "nowhere to send: $(counter .host.no_way)"
ok "stations that came when all numbers were given are served"
member_stop
