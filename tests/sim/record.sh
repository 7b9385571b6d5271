# SPDX-License-Identifier: BSD-2-Clause
# A run of every scenario is recorded at each of its members, and every trace replays.
set -eu
LC_ALL=C
export LC_ALL
: "${MPCONN_BUILD:=.}"
sim=$MPCONN_BUILD/tests/sim/mpconn-sim
replay=$MPCONN_BUILD/examples/replay/mpconn-replay
tmp=$(mktemp -d "${TMPDIR:-/tmp}/mpconn-record.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM

fail() {
        echo "FAILED: $*" >&2
        exit 1
}

mkdir "$tmp/traces"
"$sim" --record "$tmp/traces/" >"$tmp/log" 2>&1 || { cat "$tmp/log"; fail "the simulator"; }
traces=$(ls "$tmp/traces" | wc -l)
pairs=$(ls "$tmp"/traces/pair-*-A | wc -l)
test "$traces" -gt 60 && test "$pairs" -gt 10 || fail "only $traces traces, $pairs of pairs"
test "$(ls "$tmp"/traces/pair-*-B | wc -l)" -eq "$pairs" || fail "not both members of a pair"
"$replay" "$tmp"/traces/* >"$tmp/log" || { grep -v ': same' "$tmp/log"; fail "not the same"; }
same=$(grep -c 'bytes: same$' "$tmp/log")
test "$same" -eq "$traces" || fail "$same of $traces traces are the same"
echo "ok: $traces traces replay, of them $pairs of each member of a pair"

# One bit of the answer to a call in the middle is noticed in each trace of a pair, but for
# members that no packet came to.
noticed=0
for trace in "$tmp"/traces/pair-*; do
        at=$("$replay" --print "$trace" |
                awk '/^@.* INPUT, return/ { at[n++] = substr($1, 2) }
                        END { if (n) print at[int(n / 2)] + 5 + 8 }')
        test -n "$at" || continue
        byte=$(od -An -tu1 -j "$at" -N 1 "$trace")
        printf "\\$(printf %03o $((byte ^ 1)))" |
                dd of="$trace" bs=1 seek="$at" conv=notrunc 2>/dev/null
        status=0
        "$replay" "$trace" >"$tmp/said" || status=$?
        test $status -eq 1 && grep -q 'recorded: .*verdict' "$tmp/said" || {
                head -n 5 "$tmp/said"
                fail "status $status for a changed verdict at byte $at of $(basename "$trace")"
        }
        noticed=$((noticed + 1))
done
test $noticed -gt $pairs || fail "only $noticed traces have a verdict"
echo "ok: control: a verdict that was changed is noticed in all of $noticed traces"
