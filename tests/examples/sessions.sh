# SPDX-License-Identifier: BSD-2-Clause
# What mpconn-rendezvous says to wrong options and wrong sessions: one line on standard error that
# names what is wrong, nothing on standard output, and status 2.
. "$(dirname "$0")/refused.sh"
of_program rendezvous
set -- --key "$key" --if lo

refuses 'frobnicate' --frobnicate
refuses 'requires an argument' --sessions
refuses 'unexpected argument' lo
refuses '--key FILE is missing'
refuses '--if IFACE is missing' --key "$key"
refuses 'no such interface' --key "$key" --if none0
refuses 'the same interface twice' --if lo --if lo
refuses '--id' --id 65535
refuses '16 to 64 bytes' --key /dev/null
refuses '2^20' --max-sessions 0
refuses 'requires an argument' --record
refuses 'expected udp:' --sync 192.0.2.1
refuses 'expected ID' --peer x
refuses '--peer ID=ADDR:PORT is missing' "$@" --sync udp:127.0.0.1:5000
refuses 'that is this member' "$@" --id 7 --sync udp:127.0.0.1:5000 --peer 7=127.0.0.1:5001
refuses 'expected data:' --impair loss=1
refuses "$tmp/none: No such file" "$@" --sessions "$tmp/none"
says --help '--sessions FILE'
says --help blackhole
says --version '^mpconn-rendezvous (libmpconn) [0-9]'

# object NAME LOCAL-OF-A [MEMBERS-OF-A [MEMBERS]]
object() {
        printf '{"session":%s,"a":{"local":%s%s},"b":{"local":"198.51.100.2:7002"}%s}\n' \
                "$1" "$2" "${3:+,$3}" "${4:+,$4}"
}

here='"198.51.100.1:7001"'

# wrong WORD: the sessions on standard input are refused for that
wrong() {
        cat >"$tmp/sessions"
        refuses "$1" --key "$key" --if lo --sessions "$tmp/sessions"
}

# wrong_for WORD TEXT: of one line
wrong_for() {
        echo "$2" | wrong "line 1: $1"
}

wrong_for 'not a JSON object' 'nonsense'
wrong_for 'not a JSON object' '[]'
wrong_for 'not a JSON object' '{"session":"one"'
wrong_for 'not a JSON object' '{} {}'
wrong_for 'not a JSON object' "$(object '"one"' "$here" '' '"zone":1,"zone":2')"
wrong_for 'session: missing' '{}'
wrong_for 'a: missing' '{"session":"one"}'
wrong_for 'b: missing' '{"session":"one","a":{"local":"198.51.100.1:1"}}'
wrong_for 'a: expected an object' '{"session":"one","a":1,"b":{}}'
wrong_for 'a.local: missing' '{"session":"one","a":{},"b":{}}'
for session in 7 '""' "\"$(printf %032d 0)\"" null; do
        wrong_for 'session: expected a text of 1 to 31 bytes' "$(object "$session" "$here")"
done
for local in '"198.51.100.1"' '"198.51.100.1:0"' '"198.51.100.1:65536"' '"198.51.100.256:1"' \
        '"2001:db8::1:7001"' '"[198.51.100.1]:1"' '"[2001:db8::1]"' '"name:1"' '""' 7001; do
        wrong_for 'a.local: expected' "$(object '"one"' "$local")"
done
for expect in '"198.51.100.0/33"' '"198.51.100.0/"' '"198.51.100.0/x"' '"198.51.100.0/-1"' \
        '"/24"' '"name"' '""' 7; do
        wrong_for 'a.expect: expected' "$(object '"one"' "$here" "\"expect\":$expect")"
done
wrong_for 'a.expect: not of the same IP version' \
        "$(object '"one"' "$here" '"expect":"2001:db8::/32"')"
wrong_for 'a.latch: expected "on", "off", "relatch"' "$(object '"one"' "$here" '"latch":"maybe"')"
wrong_for 'a.latch: "off" needs' "$(object '"one"' "$here" '"latch":"off"')"
wrong_for 'a.latch: "off" needs' \
        "$(object '"one"' "$here" '"latch":"off","expect":"192.0.2.2"')"
wrong_for 'b.latch: "off" needs' \
        "$(object '"one"' "$here" '"expect":"192.0.2.2:4000"' '"latch":"off"')"
wrong_for 'a.colour: no such member' "$(object '"one"' "$here" '"colour":"red"')"
wrong_for 'colour: no such member' "$(object '"one"' "$here" '' '"colour":"red"')"
for member in '"role":"leader"' '"answer":1' '"stale":"old"' '"signed":"yes"' '"candidates":0' \
        '"candidates":9' '"zone":65536' '"max_mss":"big"' '"wait_ms":240001' '"fresh_ms":1.5' \
        '"confirm_ms":-1' '"relatch_ms":0'; do
        wrong_for "$(echo "${member%%:*}" | tr -d '"'): expected" \
                "$(object '"one"' "$here" '' "$member")"
done
wrong_for "a.local: this host's own address" "$(object '"one"' '"127.0.0.1:7001"')"
{ object '"one"' "$here"; object '"one"' '"198.51.100.3:1"'; } | wrong 'line 2: that name, or one'
{ object '"one"' "$here"; object '"two"' "$here"; } | wrong 'line 2: that name, or one'
{ echo; echo '# nothing'; echo '{"session":'; } | wrong 'line 3: not a JSON object'
head -c 5000 /dev/zero | tr '\0' ' ' | wrong 'line 1: too long'

# Right ones are taken: what follows them is refused.
{
        object '"one"' "$here" '"expect":"192.0.2.0/24","latch":"relatch"' \
                '"role":"merge","answer":"second","stale":"strip","signed":"silent"'
        object '"two"' '"[2001:db8:7::1]:7001"' \
                '"expect":"[2001:db8::2]:4000","latch":"off"' | sed 's/:7002/:7003/'
        object '"three"' '"198.51.100.1:7004"' '"expect":"192.0.2.2"' '"latch":"on","zone":7,
                "candidates":8,"max_mss":1300,"wait_ms":1,"fresh_ms":1,"confirm_ms":1,
                "relatch_ms":1' | tr -d '\n'
        echo
        echo end
} | wrong 'line 4: not a JSON object'

would_notice
echo "ok: mpconn-rendezvous refuses wrong options and sessions in one line"
