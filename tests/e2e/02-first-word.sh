# SPDX-License-Identifier: BSD-2-Clause
# Who speaks first does not matter: a server that greets is heard although the
# client says nothing, and a client's request does not wait. Both depend on one
# packet of the member: without it the same takes a retransmission or a probe.
. "$(dirname "$0")/lib.sh"
bed_enter 60 "$0"

hears_greeting() {
        outcome ok 0 "$2" "$(reach expect=220 "$1" 25)"
}

request_passes() {
        outcome ok 0 "$2" "$(reach send='GET /short HTTP/1.0

' expect=HTTP/1.1 "$1" 80)"
}

hears_sshd() {
        at client ssh-keyscan -T 3 "$1" 2>/dev/null | grep -q ssh-ed25519
}

web_start
serve greet 25
member_start
for address in $server4 $server6; do
        hears_greeting $address 500 || fail "no greeting from $address"
        ok "greeting from $address"
        request_passes $address 150 || fail "request to $address had to wait"
        ok "request to $address went at once"
done
if test "$(id -u)" -eq 0 && grep -q '^ *0 *0 *4294967295' /proc/self/uid_map; then
        need ssh-keyscan ssh-keygen /usr/sbin/sshd
        mkdir -p /run/sshd
        ssh-keygen -q -t ed25519 -N '' -f $bed/hostkey
        run_at server /usr/sbin/sshd -D -e -f /dev/null -h $bed/hostkey 2>$bed/sshd.log &
        eventually 10 grep -q 'listening on :: ' $bed/sshd.log || fail "sshd does not start"
        for address in $server4 $server6; do
                hears_sshd $address || fail "no word from sshd at $address"
                ok "sshd at $address"
        done
else
        echo "left out: sshd does not run in a user namespace"
fi
member_stop

member_start --lose SERVER_ACK_SENT:1
control "greeting without the final ACK" hears_greeting $server4 500
hears_greeting $server4 500 || fail "the next one was to be heard"
test "$(counter .host.lost)" -eq 1 || fail "nothing was lost"
member_stop

member_start --lose WINDOW_OPENED
control "request without the window update" request_passes $server4 150
member_stop
