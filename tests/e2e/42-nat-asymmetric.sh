# SPDX-License-Identifier: BSD-2-Clause
# NAT over two members: what the client says goes through one and what the server says
# through the other, in both arrangements. The second knows neither the client nor what
# it addressed until it is told: what comes to it bears the server leg's addresses.
bed_shape=two
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/nat.sh"
bed_enter 120 "$0"

# all_bound FAMILIES: both members know the same connections, and the bindings of them
all_bound() {
        for ns in a b; do test "$(count_of $ns .engine.bindings)" -gt 0 || return 1; done
}

# transfer FORTH BACK OPTION...
transfer() {
        forth=$1 back=$2
        shift 2
        ways "$forth" "$back"
        nat_ways "$forth" "$back"
        pair_start "$@"
        for address in $seen4 $seen6; do
                nat_get $address file || fail "$forth $back: download from $address"
                nat_put $address file || fail "$forth $back: upload to $address"
        done
        all_bound || fail "$forth $back: a member without bindings"
        test "$(total .reasons.BINDING_TAKEN)" -eq 0 || fail "$forth $back: taken"
        pair_stop
}

web_start
random_file file 8
nat_ways a b
transfer a b $nat_options
ok "forth through a, back through b: 8 MiB down and up, IPv4 and IPv6"
transfer b a $nat_options
ok "forth through b, back through a: the same"
transfer a b $nat_other
ok "to servers of the other IP version: the same"

# Who is on the way back and is not told cannot know whose the server's segments are.
ways a b
nat_ways a b
channel_a=none channel_b=none
pair_start $nat_options
for address in $seen4 $seen6; do
        control "without a channel, $address" at client curl -sf --max-time 2 -o $bed/got \
                "$(nat_url $address file)"
done
pair_stop
