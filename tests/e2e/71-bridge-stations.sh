# SPDX-License-Identifier: BSD-2-Clause
# As 70-stations.sh, with members that are bridges and see one direction each.
bed_shape=bare
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/bridge-lib.sh"
need nft python3
bed_enter 90 "$0"
one_way_bed
random_file big 4
python3 "$MPCONN_SRC/tests/e2e/strangers.py" 02:00:00:00:be:07 tcp $server4 65536 >$bed/strangers

links() {
        count_of "$1" .host.links
}

# no_number_left MEMBER PORT: again, for what a socket buffer had no room for
no_number_left() {
        test "$(links "$1")" -eq 65534 || at lan "$tools/frames" send "$2" <$bed/strangers
        test "$(links "$1")" -eq 65534
}

# other_stations: routers with headers that no member has seen
other_stations() {
        number=0
        for router in r1 r2; do
                for of in x y; do
                        number=$((number + 1))
                        ip -n $router link set $of address 02:00:00:00:0c:0$number
                done
        done
        for router in r1 r2; do ip -n $router neigh flush all; done
}

bridges_start --mode bridge
control "numbers are used up by themselves" test "$(links a)" -ge 1000
eventually 20 no_number_left a x1m || fail "a has $(links a) links"
eventually 20 no_number_left b y2m || fail "b has $(links b) links"
other_stations
for address in $server4 $server6; do
        download $address big || fail "a new router is not served: download from $address"
done
for member in a b; do
        test "$(links $member)" -eq 65534 || fail "$member had numbers left: $(links $member)"
done
bridges_stop
ok "routers that came when all numbers were given are served"
