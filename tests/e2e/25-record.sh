# SPDX-License-Identifier: BSD-2-Clause
# Both members of an asymmetric pair are recorded while connections pass, end, fail and
# are asked about; what they recorded replays byte for byte, and what was changed in it
# is found.
bed_shape=two
. "$(dirname "$0")/lib.sh"
bed_enter 120 "$0"
replay=$MPCONN_BUILD/examples/replay/mpconn-replay

replays() {
        "$replay" $bed/trace.$1 >$bed/replayed.$1 2>&1
}

# passes MEBIBYTES: transfers both ways, and the ends a connection can have
passes() {
        for address in $server4 $server6; do
                download $address big && upload $address big || fail "a transfer with $address"
                reach end=wait limit=2000 $address 81 >/dev/null
                outcome ok 0 2000 "$(reach expect=220 end=abort $address 25)" || fail "abort"
        done
}

# patch MEMBER OFFSET: a copy of its trace with that byte changed, in trace.patched
patch() {
        cp $bed/trace.$1 $bed/trace.patched
        byte=$(od -An -tu1 -j "$2" -N 1 $bed/trace.$1)
        printf "\\$(printf %03o $((byte ^ 1)))" |
                dd of=$bed/trace.patched bs=1 seek="$2" conv=notrunc 2>/dev/null
}

# finds STATUS WORD: mpconn-replay says that of the patched trace
finds() {
        found=0
        replays patched || found=$?
        test $found -eq "$1" && grep -q "$2" $bed/replayed.patched ||
                fail "status $found of a changed trace: $(head -n 12 $bed/replayed.patched)"
}

# entry MEMBER AWK: where the first entry begins of which the listing says so
entry() {
        "$replay" --print $bed/trace.$1 | awk "$2"
}

web_start
random_file big 8
serve greet 25
only_a="--record $bed/trace.a" only_b="--record $bed/trace.b"
ways a b
: >$bed/trace.a
chmod 644 $bed/trace.a
pair_start --impair data:loss=0.2%,seed=3
passes
for ns in a b; do ask_of $ns stats flows members >/dev/null; done
packets_a=$(count_of a .engine.packets_in)
pair_stop
for ns in a b; do
        test "$(stat -c %a $bed/trace.$ns)" = 600 || fail "others can read the key"
        replays $ns && grep -q 'calls, .* bytes: same' $bed/replayed.$ns ||
                fail "$(cat $bed/replayed.$ns)"
        ok "member $(sed "s|.*/trace||" $bed/replayed.$ns)"
done
ok "$(($(stat -c %s $bed/trace.a) / packets_a)) bytes of trace a packet"

# A packet, a frame, an output and a random number: one bit is enough.
at=$(entry a '/^@.* INPUT:/ { at = substr($1, 2) } / packet 0 ext given/ { ext = $NF }
        / packet 0 reason .*TRANSLATED/ { print at + 5 + 13 + 44 + 16 * ext + 16; exit }')
patch a "$at"
finds 1 'first difference in call .*INPUT'
ok "a packet that was changed: $(head -n 1 $bed/replayed.patched | sed 's/.*first/first/')"
at=$(entry a '/^@/ { if (was) { print substr($1, 2) - 1; exit } was = / SYNC_INPUT:/ }')
patch a "$at"
finds 1 'BAD_TAG'
ok "a frame that was changed"
at=$(entry b '/^@.* INPUT, return/ { print substr($1, 2) + 5 + 8; exit }')
patch b "$at"
finds 1 'recorded: .*verdict'
ok "a verdict that was changed"
# The first one places flows in the table; the second names the boot in every frame.
at=$(entry b '/^@.* RANDOM:/ && n++ == 1 { print substr($1, 2) + 5 + 8; exit }')
patch b "$at"
finds 1 'first difference'
ok "a random number that was changed"

# What is no trace, or not all of one, is refused.
head -c 100000 $bed/trace.a >$bed/trace.patched
finds 2 'cut off at byte 100000'
patch a 9
finds 2 'a trace of format [0-9]*, but this program reads format'
printf 'what?' >$bed/trace.patched
finds 2 'too short'
ok "what is cut off, or of another format, or no trace, is refused"
control "the traces are not the same" cmp -s $bed/trace.a $bed/trace.b
