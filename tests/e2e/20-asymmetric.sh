# SPDX-License-Identifier: BSD-2-Clause
# What the client says goes through one member and what the server says through the
# other, in both arrangements, over IPv4 and IPv6. Each member has only seen one
# direction, so nothing can pass unless they tell each other.
bed_shape=two
. "$(dirname "$0")/lib.sh"
bed_enter 90 "$0"

# legs_differ ADDRESS: both members know the connection to it by the same offset
legs_differ() {
        for ns in a b; do
                ask_of $ns flows | jq -c --arg at "$1" '[.[] | select(.server.address == $at
                        and .split) | [.client.port, .delta.seq[1], .delta.ts[1]]] | sort' \
                        >$bed/flows.$ns
        done
        test "$(jq length $bed/flows.a)" -gt 0 && cmp -s $bed/flows.a $bed/flows.b
}

# bytes_in MEMBER PORT
bytes_in() {
        count_of "$1" ".host.ports[] | select(.name == \"$2\") | .bytes_in"
}

# one_way FORTH BACK: no port carried the other direction's bulk
one_way() {
        test "$(bytes_in "$1" s0)" -lt 100000 && test "$(bytes_in "$2" c0)" -lt 100000
}

# transfer FORTH BACK
transfer() {
        ways "$1" "$2"
        pair_start
        for address in $server4 $server6; do
                download $address big || fail "$1 $2: download from $address"
                upload $address big || fail "$1 $2: upload to $address"
                legs_differ $address || fail "$1 $2: not split alike: $(cat $bed/flows.?)"
        done
        one_way "$1" "$2" || fail "$1 $2: not asymmetric"
        ok "forth through $1, back through $2: 16 MiB down and up, IPv4 and IPv6"
        control "asymmetric, looked at from the other side" one_way "$2" "$1"
        pair_stop
}

web_start
random_file big 16
transfer a b
transfer b a

# Without the channel nothing passes.
ways a b
channel_a=none channel_b=none
pair_start
for address in $server4 $server6; do
        control "without a channel, $address" at client curl -sf --max-time 2 -o $bed/got \
                "$(url $address big)"
done
pair_stop
