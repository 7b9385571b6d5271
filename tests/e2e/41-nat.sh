# SPDX-License-Identifier: BSD-2-Clause
# A host with NAT: clients address one server, are led to another port of another, and
# look there as if they came from somewhere else. Over IPv4 and IPv6, with
# super-segments and without.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/nat.sh"
bed_enter 120 "$0"

everything() {
        for ip in 4 6; do
                nat_carries "$1" $ip $ip
                control "$1, what the server shows at the client" shows near "$source" "$there" 80
                ok "$1, IPv$ip: 8 MiB down and up, each end sees its own addresses only"
        done
}

web_start
nat_routes
random_file file 8

member_start $nat_options
everything "super-segments"
ask flows | jq -e 'all(.[]; .split)' >$bed/flows || fail "not split: $(ask flows)"
test "$(counter .engine.bindings)" -gt 0 || fail "no bindings"

# The server's refusal comes as a RST of who the client addressed.
outcome reset 0 1000 "$(reach end=wait limit=3000 $seen4 8081)" ||
        fail "a closed port behind the NAT"
control "an open port" outcome reset 0 1000 "$(reach end=close limit=1000 $seen4 8080)"
ok "a connection that the server refuses is reset at once"
member_stop

# Without the rules nobody is there.
member_start
for address in $seen4 $seen6; do
        control "without a rule, $address" at client curl -sf --max-time 3 -o $bed/got \
                "$(nat_url $address short)"
done
member_stop

offloads off
member_start $nat_options
everything "single segments"
member_stop
