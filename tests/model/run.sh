#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# tests/model/run.sh [NAME...]        check everything, or what is named
# tests/model/run.sh --trail NAME     print the schedule that breaks NAME
# tests/model/run.sh --names TABLE    only see whether its states stand in that table of the code
#
# Checks handshake.pml, with what it includes, in every configuration, and
# incarnations.pml where the first word says INCARNATIONS; then both with one
# wrong rule each. The right rules must hold in every state there is;
# a wrong rule must be caught. Status: 0 as expected, 1 not, 77 nothing to check with.

set -u
LC_ALL=C
export LC_ALL
here=$(cd "$(dirname "$0")" && pwd)
cc=${CC:-gcc}
limit=${MPCONN_MODEL_TIMEOUT:-120}
memory=4000 # megabytes

# NAME EXPECTED DEFINES...; EXPECTED is holds, or caught: an error must be
# found, or limit: known not to hold, or free: a wrong rule that this model
# does not catch. doc/model.md says why.
runs() {
        cat <<'END'
two-paths               holds
server-silent           holds  GIVE_UP
tombstone               holds  TOMBSTONE
syn-at-both             holds  SYNS=2
crash                   holds  CRASH
restart-registrar       holds  CRASH RESTART VICTIM=0
restart-other           holds  CRASH RESTART VICTIM=1
partition               holds  PARTITION
registrar-only          holds  LONE_REGISTRAR
registrar-only-2        holds  LONE_REGISTRAR SYNS=2 ALL_STRICT
R1a-any-driver          caught LONE_ANY
R1a-answered            caught LONE_ANSWERED
keep-right              caught KEEP_RIGHT
nobody-asks             caught CLAIM_WITHOUT_WAITING REGISTRAR_DOES_NOT_ASK
registrar-does-not-ask  free   REGISTRAR_DOES_NOT_ASK
two-registers           caught TWO_REGISTERS
no-wait-for-commit      caught NO_WAIT_FOR_COMMIT
later-answer-overwrites caught LATER_ANSWER_OVERWRITES
loser-keeps-own         caught LOSER_KEEPS_OWN
commit-said-once        caught COMMIT_SAID_ONCE
commit-without-drive    free   COMMIT_WITHOUT_DRIVE
claim-without-waiting   free   CLAIM_WITHOUT_WAITING
claim-dead              caught TOMBSTONE CLAIM_WITHOUT_WAITING
drive-dead              caught TOMBSTONE DRIVE_DEAD
give-up-alone           caught GIVE_UP GIVE_UP_ALONE
forget-on-takeover      caught CRASH RESTART VICTIM=0 FORGET_ON_TAKEOVER
nobody-takes-over       caught CRASH NO_TAKEOVER_OF_DRIVE
translate-unheard       caught SYNS=2 TRANSLATE_UNHEARD
no-question-unheard     caught SYNS=2 NO_QUESTION_UNHEARD
two-silent-answers      limit  SYNS=2 ALL_STRICT
old-syn-and-ack         limit  TOMBSTONE OLD_SYN
both-know               holds  INCARNATIONS
both-know-alone         holds  INCARNATIONS ALONE LOSSES=1
both-know-waits         holds  INCARNATIONS X1_WAITS BOTH_WAIT
one-forgot              holds  INCARNATIONS ONE_FORGOT
one-forgot-waits        holds  INCARNATIONS ONE_FORGOT X1_WAITS
one-forgot-over         holds  INCARNATIONS ONE_FORGOT X1_OVER AHEAD=2
forgets-between         holds  INCARNATIONS RESTART LATE=0
both-wait-quiet         holds  INCARNATIONS ONE_FORGOT X1_WAITS BOTH_WAIT ONLY_I3
by-x                    caught INCARNATIONS ONE_FORGOT X1_WAITS BY_X
by-generation           free   INCARNATIONS ONE_FORGOT X1_WAITS BY_GENERATION
no-stale                caught INCARNATIONS ONE_FORGOT NO_STALE
dead-outlives           caught INCARNATIONS ONE_FORGOT X1_OVER AHEAD=2 DEAD_OUTLIVES
no-tombstone            caught INCARNATIONS NO_TOMBSTONE
generation-not-raised   caught INCARNATIONS ONE_FORGOT X1_WAITS NOT_RAISED
gives-way               caught INCARNATIONS ONE_FORGOT GIVES_WAY
refuses-late            caught INCARNATIONS ONE_FORGOT X1_WAITS REFUSES_LATE
opens-again             caught INCARNATIONS ONE_FORGOT X1_WAITS BOTH_WAIT ONLY_I3 OPENS_AGAIN
both-wait               limit  INCARNATIONS ONE_FORGOT X1_WAITS BOTH_WAIT
told-and-forgotten      limit  INCARNATIONS ONE_FORGOT ALONE
higher-and-forgotten    limit  INCARNATIONS ONE_FORGOT AHEAD=2
end-lost                limit  INCARNATIONS ONE_FORGOT LOSSES=1
late-after-restart      limit  INCARNATIONS RESTART
END
}

# model DEFINE...: the file these are for.
model() {
        case ${1:-} in INCARNATIONS) echo incarnations ;; *) echo handshake ;; esac
}

# build NAME DEFINE...: in a directory of its own.
build() {
        # Compiling well takes longer than finding an error.
        level=-O1
        case $expected in caught | limit) level=-O0 ;; esac
        case ${2:-} in INCARNATIONS) level=-O0 ;; esac
        mkdir -p "$work/$1" && cd "$work/$1" || return 1
        shift
        flags=
        for define in "$@"; do flags="$flags -D$define"; done
        # shellcheck disable=SC2086
        spin $flags -a "$here/$(model "${1:-}").pml" >spin.log 2>&1 &&
                $cc $level -DSAFETY -DNOREDUCE -DMEMLIM=$memory -w -o pan pan.c >cc.log 2>&1
}

# judge: what the log of pan says.
judge() {
        if grep -q 'assertion violated\|invalid end state (' pan.log; then
                echo caught
        elif grep -q 'out of memory\|max search depth too\|interrupted' pan.log; then
                echo incomplete
        elif grep -q 'errors: 0' pan.log; then
                echo holds
        else
                echo incomplete
        fi
}

check() {
        name=$1 expected=$2
        shift 2
        verdict=broken states=0 seconds=0
        if (build "$name" "$@"); then
                cd "$work/$name" || return 1
                timeout "$limit" ./pan -m100000 -w24 >pan.log 2>&1
                verdict=$(judge)
                states=$(sed -n 's/^ *\([0-9.e+]*\) states, stored.*/\1/p' pan.log)
                seconds=$(sed -n 's/^pan: elapsed time \([0-9.e+-]*\) seconds.*/\1/p' pan.log)
        fi
        result=ok
        case $expected:$verdict in
        holds:holds | caught:caught) ;;
        free:holds) verdict='not caught (known)' ;;
        limit:caught) verdict='does not hold (known)' ;;
        caught:holds) verdict='NOT CAUGHT' result=bad ;;
        holds:caught) verdict=BROKEN result=bad ;;
        *) result=bad ;;
        esac
        printf '%-24s %10s %7s  %s\n' "$name" "${states:-?}" "${seconds:-?}" "$verdict" \
                >"$work/$name.result"
        test $result = ok || touch "$work/failed"
}

# States have the names of the code's table; DEAD is no state there but a tombstone, UNTOLD a place
# in the queue of lib/table/untold.h.
names() {
        missing=0
        for state in $(sed -n 's/^#define \([A-Z]*\) [0-9]$/\1/p' "$here/handshake.pml" \
                "$here/incarnations.pml" | sort -u); do
                case $state in
                DEAD | OVER | SYNS | VICTIM | AHEAD | LATE | LOSSES | NOBODY | UNTOLD) continue ;;
                esac
                grep -q "X($state," "$1" || {
                        echo "state $state is not in $1"
                        missing=1
                }
        done
        return $missing
}

if test "${1:-}" = --names; then
        names "$2"
        exit
fi

for tool in spin "${cc%% *}"; do
        command -v "$tool" >/dev/null 2>&1 || {
                echo "SKIPPED: $tool is missing, the model was not checked" >&2
                exit 77
        }
done
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

if test "${1:-}" = --trail; then
        # shellcheck disable=SC2046
        set -- $(runs | grep "^$2 ") || exit 1
        test $# -ge 2 || { echo "no such name" >&2; exit 2; }
        name=$1 expected=$2
        shift 2
        (build "$name" "$@") && cd "$work/$name" || exit 1
        # Shortest first: a schedule is read by people.
        $cc -O1 -DSAFETY -DNOREDUCE -DREACH -DMEMLIM=$memory -w -o pan pan.c || exit 1
        timeout "$limit" ./pan -i -m400 -w24 >pan.log 2>&1
        flags=
        for define in "$@"; do flags="$flags -D$define"; done
        trail=$(ls ./*.trail 2>/dev/null) || { echo "no error found"; exit 0; }
        # shellcheck disable=SC2086
        spin $flags -k "$trail" "$here/$(model "${1:-}").pml" 2>&1 |
                sed -n '/^ *\(M[01] \|server gets\)/s/^ */  /p; s/.*text of failed/  failed/p
                        s/^[^a-z]*\(forward\|back\|reach_[12]\) = /  set \1 = /p'
        exit 0
fi

names "$here/../../lib/split/machine.def" || touch "$work/failed"
mine=" $* "
lane() {
        runs | awk -v lane="$1" 'NR % 2 == lane' | while read -r name expected defines; do
                case $mine in "  " | *" $name "*) ;; *) continue ;; esac
                # shellcheck disable=SC2086
                check "$name" "$expected" $defines
        done
}
lane 0 &
lane 1 &
wait

printf '%-24s %10s %7s  %s\n' configuration states seconds verdict
runs | while read -r name _; do
        cat "$work/$name.result" 2>/dev/null
done
test ! -e "$work/failed"
