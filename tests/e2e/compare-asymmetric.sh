# SPDX-License-Identifier: BSD-2-Clause
# tests/e2e/compare-asymmetric.sh: 200 new connections, one after the other, whose two
# directions go through different machines: plain bridging, mpconn-member with and
# without split, and what the kernel has for firewalls. Where the first connection
# fails, the others are tried 50 at a time. Prints the table of doc/asymmetric.md.
bed_shape=two
. "$(dirname "$0")/lib.sh"
bed_enter 900 "$0"

connections=200 clients=50

repeated() {
        at server nstat -asz TcpRetransSegs | awk '/TcpRetrans/ { print $2 }'
}

web_restart() {
        kill "$web_pid"
        wait "$web_pid" || :
        web_start
}

# measure NAME: a row
measure() {
        web_restart # half-open connections of the last row would be counted here
        at_once=1
        outcome ok 0 3000 "$(reach send='GET /short HTTP/1.0

' expect=HTTP from=$client4 limit=3000 $server4 80)" || at_once=$clients
        from=$client4
        test $at_once -eq 1 || from=192.0.2.101
        before=$(repeated)
        at client "$tools/burst" $connections $at_once $from $server4 /short \
                "$(wc -c <$bed/web/short)" >$bed/figures 2>/dev/null || :
        repeats=$(($(repeated) - before))
        tr ' ' '\n' <$bed/figures | awk -F = -v name="$1" -v at_once=$at_once -v repeats=$repeats '
                { v[$1] = $2 }
                function ms(n) { return n in v ? sprintf("%.2f", v[n]) : "-" }
                END { printf "%-34s %4d %7d %9s %9s %9s %9s %8d\n", name,
                        v["connections"] - v["failed"], at_once, ms("connect_median_ms"),
                        ms("connect_p99_ms"), ms("first_median_ms"), ms("first_p99_ms"), repeats }'
}

member_row() {
        name=$1
        shift
        pair_start "$@"
        measure "$name"
        pair_stop
}

# The same paths with routers in place of bridges: rules and tables of the kernel.
router() {
        ns=$1 wire=$2
        at "$ns" sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward
                echo 0 >/proc/sys/net/ipv4/conf/all/rp_filter
                echo 0 >/proc/sys/net/ipv4/conf/all/send_redirects'
        for port in c0 s0; do at "$ns" sh -c "echo 0 >/proc/sys/net/ipv4/conf/$port/rp_filter"; done
        ip -n "$ns" address add "10.1.$wire.254/24" dev c0
        ip -n "$ns" address add "10.2.$wire.254/24" dev s0
        ip -n client address add "10.1.$wire.1/24" dev "eth$wire"
        ip -n server address add "10.2.$wire.1/24" dev "eth$wire"
        ip -n "$ns" route add 192.0.2.0/24 via "10.1.$wire.1"
        ip -n "$ns" route add $server4/32 via "10.2.$wire.1"
}

rules() {
        for ns in a b; do
                at $ns sh -c 'echo 0 >/proc/sys/net/netfilter/nf_conntrack_tcp_loose' || :
                at $ns nft -f "$bed/$1" || fail "nft refuses $1"
        done
}

no_rules() {
        for ns in a b; do at $ns nft flush ruleset; done
}

cat_rules() {
        cat >$bed/stateful <<'END'
table ip f {
        chain forward {
                type filter hook forward priority 0; policy drop;
                ct state established,related accept
                iifname "c0" ct state new accept
        }
}
END
        cat >$bed/synproxy <<'END'
table ip f {
        chain pre {
                type filter hook prerouting priority raw; policy accept;
                tcp dport 80 tcp flags & (syn | ack) == syn notrack
        }
        chain forward {
                type filter hook forward priority 0; policy accept;
                tcp dport 80 ct state invalid,untracked synproxy mss 1460 wscale 10 timestamp \
                        sack-perm
                ct state invalid drop
        }
}
END
}

# conntrackd_start MODE
conntrackd_start() {
        for id in 1 2; do
                ns=$(member_of $id)
                cat >$bed/conntrackd.$ns <<END
Sync {
        Mode $1 {
                DisableExternalCache On
        }
        UDP {
                IPv4_address 10.0.9.$id
                IPv4_Destination_Address 10.0.9.$((3 - id))
                Port 3780
                Interface y0
                Checksum on
        }
}
General {
        HashSize 32768
        HashLimit 131072
        LockFile $bed/conntrackd.$ns.lock
        UNIX {
                Path $bed/conntrackd.$ns.socket
        }
        NetlinkBufferSize 2097152
        NetlinkBufferSizeMaxGrowth 8388608
        Filter From Userspace {
                Protocol Accept {
                        TCP
                }
        }
}
END
                run_at $ns conntrackd -C $bed/conntrackd.$ns >$bed/conntrackd.$ns.log 2>&1 &
                eval "conntrackd_$ns=\$!"
        done
        for ns in a b; do
                eventually 5 at $ns conntrackd -C $bed/conntrackd.$ns -s ||
                        fail "conntrackd does not start: $(cat $bed/conntrackd.$ns.log)"
        done
}

conntrackd_stop() {
        for ns in a b; do
                at $ns conntrackd -C $bed/conntrackd.$ns -k >/dev/null || :
                eval "wait \$conntrackd_$ns" || :
                at $ns conntrack -F 2>/dev/null || :
        done
}

need nft conntrackd conntrack
web_start
for i in $(seq 101 $((100 + clients))); do ip -n client address add 192.0.2.$i/32 dev lo; done
printf '%-34s %4s %7s %9s %9s %9s %9s %8s\n' '' ok 'at once' connect '' 'first byte' '' "server's"
printf '%-34s %4s %7s %9s %9s %9s %9s %8s\n' '' '' '' median p99 median p99 repeats
ways a b
for ns in a b; do two_plain $ns; done
measure 'Linux bridges'
for ns in a b; do two_bare $ns; done
for delay in 0 5; do
        impaired=
        test $delay -eq 0 || impaired="--impair sync:delay=$delay"
        # shellcheck disable=SC2086
        member_row "mpconn-member always, $delay ms" --split always $impaired
        # shellcheck disable=SC2086
        member_row "mpconn-member never, $delay ms" --split never --unknown pass $impaired
done

cat_rules
router a 0
router b 1
ip -n client route replace $server4/32 via 10.1.0.254 dev eth0 src $client4 congctl cubic
ip -n server route replace 192.0.2.0/24 via 10.2.1.254 dev eth1 src $server4 congctl cubic
measure 'Linux routers'
rules stateful
measure 'nftables, stateful'
for mode in NOTRACK FTFW; do
        conntrackd_start $mode
        measure "  and conntrackd $mode"
        conntrackd_stop
done
no_rules
rules synproxy
measure 'nftables, synproxy'
no_rules
