# SPDX-License-Identifier: BSD-2-Clause
# Classic ECN (RFC 3168) through a split connection: where both ends have it, marks are heard; where
# the server has not, nothing that the client sends can be marked.
. "$(dirname "$0")/lib.sh"
bed_enter 60 "$0"
need nft

# ecn CLIENT SERVER: what each asks for (1, or 0 not at all) and grants
ecn() {
        at client sh -c "echo $1 >/proc/sys/net/ipv4/tcp_ecn"
        at server sh -c "echo $2 >/proc/sys/net/ipv4/tcp_ecn"
}

# ip_figure NAME: of the server's kernel, both families
ip_figure() {
        at server nstat -asz "IpExt$1" "Ip6$1" | awk '/Pkts/ { n += $2 } END { print n + 0 }'
}

# marks N: every n-th packet that the client lets be marked is, before it leaves the client; what is
# still one there may be several on the wire
marks() {
        at client nft -f - <<END
table inet marks {
        chain out {
                type filter hook postrouting priority 0;
                ip ecn { ect0, ect1 } numgen inc mod $1 0 ip ecn set ce
                ip6 ecn { ect0, ect1 } numgen inc mod $1 0 ip6 ecn set ce
        }
}
END
}

# upload_ok ADDRESS: and how many packets came to the server as ECT(0), and as CE
upload_ok() {
        ect=$(ip_figure InECT0Pkts) ce=$(ip_figure InCEPkts)
        unheard=$(counter .reasons.CE_UNHEARD)
        upload "$1" file || fail "no upload to $1"
        ect=$(($(ip_figure InECT0Pkts) - ect)) ce=$(($(ip_figure InCEPkts) - ce))
        unheard=$(($(counter .reasons.CE_UNHEARD) - unheard))
}

web_start
random_file file 2
offloads off
member_start
for address in $server4 $server6; do
        ecn 1 1
        upload_ok $address
        test $ect -gt 500 && test $ce -eq 0 || fail "$address: $ect packets with ECT(0)"
        ok "$address: both ends have ECN, $ect packets came as ECT(0)"
        ecn 0 1
        upload_ok $address
        test $ect -eq 0 || fail "$address: ECN for a client that did not ask"
        ok "control: a client without ECN, none did"
        ecn 1 0
        upload_ok $address
        test $ect -eq 0 || fail "$address: $ect packets could be marked in vain"
        ok "$address: a server without ECN, none did"
done

marks 10
for address in $server4 $server6; do
        ecn 1 1
        upload_ok $address
        test $ce -gt 0 && test $unheard -eq 0 || fail "$address: $ce marks came, $unheard did not"
        ok "$address: $ce marks came to a server that answers them"
done
for address in $server4 $server6; do
        ecn 1 0
        upload_ok $address
        test $ce -eq 0 && test $unheard -gt 0 || fail "$address: $ce marks came, $unheard did not"
        ok "$address: $unheard marks became losses, as its server would not have answered them"
done
member_stop
