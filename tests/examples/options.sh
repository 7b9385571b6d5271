# SPDX-License-Identifier: BSD-2-Clause
# What mpconn-member says to wrong options: one line on standard error that
# names the option, nothing on standard output, and status 2.
. "$(dirname "$0")/refused.sh"
of_program member

refuses 'frobnicate' --frobnicate
refuses 'requires an argument' --id
refuses 'unexpected argument' lo
refuses '--id' --id 65536
refuses '--id' --id -1
refuses '--id' --id 1x
refuses '--id' --id ''
refuses 'No such file' --key "$tmp/none"
refuses 'cannot be read' --key "$tmp"
printf 'fifteen bytes..' >"$tmp/short"
refuses '16 to 64 bytes' --key "$tmp/short"
head -c 65 /dev/zero >"$tmp/long"
refuses '16 to 64 bytes' --key "$tmp/long"
refuses '--key FILE is missing' --client-if lo
refuses '--client-if IFACE is missing' --key "$key"
refuses '--server-if IFACE is missing' --key "$key" --client-if lo
refuses '--client-if none0: no such interface' --key "$key" --client-if none0 --server-if lo
refuses '--server-if none0: no such interface' --key "$key" --client-if lo --server-if none0
refuses 'the same interface twice' --key "$key" --client-if lo --server-if lo
refuses '--split' --split sometimes
refuses '--unknown' --unknown maybe
refuses '--max-flows' --max-flows 0
refuses '--syn-rto' --syn-rto 0
refuses '--syn-tries' --syn-tries 21
refuses '--snap-len' --snap-len 63
refuses '--impair' --impair data
refuses 'separated by commas' --impair data:loss
refuses 'a probability' --impair data:loss=1.01
refuses 'a probability' --impair data:dup=-0.1
refuses 'a probability' --impair data:reorder=2x
refuses 'delay' --impair data:delay=60001
refuses 'seed' --impair data:seed=-1
refuses 'known are' --impair data:colour=1
refuses 'a probability is' --impair sync:loss=x
refuses 'expected routed or bridge' --mode switched
refuses 'expected ALL' --echo-rate 100:0
refuses 'no such reason' --lose NOTHING
refuses 'REASON:COUNT' --lose NO_FLOW:0
refuses 'expected ID' --peer 192.0.2.1
refuses 'exclude each other' --mode bridge --bind 192.0.2.1:80=10.0.0.1:80
refuses 'expected ADDR:PORT=' --bind 192.0.2.1:80
refuses 'expected ADDR:PORT=' --bind 192.0.2.1=10.0.0.1
refuses 'same IP version' --bind 192.0.2.1:80=10.0.0.1:80@2001:db8::1
refuses 'needs a source' --bind '192.0.2.1:80=[2001:db8::1]:80'
refuses 'expected udp:' --sync 192.0.2.1

# Right options are not refused, and a key may be text.
says --help '--split MODE'
says --version '^mpconn-member (libmpconn) [0-9]'
printf '%032d\n' 7 >"$tmp/hex"
refuses '--client-if IFACE is missing' --id 1 --key "$tmp/hex" --split adaptive --unknown pass \
        --max-flows 10 --syn-rto 10 --syn-tries 1 --snap-len 64 --lose NO_FLOW:3 \
        --impair data:loss=0.5,dup=50%,reorder=0,delay=1.5,seed=0x10 --no-vnet-hdr

would_notice
echo "ok: mpconn-member refuses wrong options in one line"
