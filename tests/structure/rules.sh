# SPDX-License-Identifier: BSD-2-Clause
# doc/rules.md and doc/validation.md have a row for each of their rules, and name only files, tests
# and counters that exist; a test that bears the name of a rule stands in its row.
. "$(dirname "$0")/common.sh"

cd "$MPCONN_SRC"
id='[A-Z][0-9]+[a-d]?'
rules="$(echo R1a R1b R1c R1d V12b V18b
        seq -f R%g 12
        seq -f V%g 21
        seq -f S%02g 18)"
lines_of_echoes="$(seq -f I%02g 18)"
checks="$(seq -f E%g 14 21
        echo E26 E31 E33
        seq -f L%g 7)"

# Without 10 to 12, whose numbers rules have, and 22, which is of members.
lines_of_rendezvous="$(seq -f R%02g 9
        seq -f R%g 13 21
        seq -f R%g 23 25)"

# all_there PAGE RULES: one row for each rule.
all_there() {
        echo "$2" | tr ' ' '\n' >"$tmp/rules"
        awk -v page="$1" 'NR == FNR { rules[$1]; next }
                $1 == "|" && $3 == "|" { rows[$2]++ }
                END { for (rule in rules) if (rows[rule] != 1) {
                        print page ": not one row for " rule
                        exit 1
                } }' "$tmp/rules" "$1"
}

# files_exist PAGE: whatever it names of the tree
files_exist() {
        for file in $(grep -oE '(lib|tests|include)/[a-z0-9_/-]+\.[a-z]+' "$1" | sort -u); do
                test -f "$file" || { echo "no $file"; return 1; }
        done
}

# last_columns PAGE: of each row the rule, and the words of its last column
last_columns() {
        grep -E "^\| $id " "$1" | sed 's/^| \([^ ]*\) .* | \(.*\) |$/\1 \2/' | tr ',;' '  '
}

# tests_exist PAGE: what stands in the last column of its rows, each behind its file; a * stands
# for the rest of the name.
tests_exist() {
        last_columns "$1" >"$tmp/columns"
        awk 'NR == FNR { name[FNR] = $0; n = FNR; next }
                { for (i = 2; i <= NF; i++) {
                        if ($i ~ /^tests\//) { file = $i; continue }
                        if ($i !~ /^`.*`$/) continue
                        wanted = file " " substr($i, 2, length($i) - 2)
                        sub(/\*$/, "[A-Za-z0-9_]*", wanted)
                        for (k = 1; k <= n && name[k] !~ "^" wanted "$"; k++) {}
                        if (k > n) { print "no " $i " in " file; exit 1 }
                } }' "$tmp/names" "$tmp/columns"
}

# counters_exist PAGE: what stands in capitals is a reason
counters_exist() {
        grep -oE '`[A-Z][A-Z_]+`' "$1" | tr -d '`' | sort -u >"$tmp/counters"
        sed -n 's/.*X([0-9]*, \([A-Z_]*\),.*/\1/p' include/mpconn/reason.h | sort >"$tmp/reasons"
        comm -23 "$tmp/counters" "$tmp/reasons" >"$tmp/unknown"
        test ! -s "$tmp/unknown" || { echo "$1: no counter $(head -n 1 "$tmp/unknown")"; return 1; }
}

# in_its_row PAGE RULES: START_TEST(RULE_..., or RULE_RULE_..., in a file that the row names.
in_its_row() {
        test -s "$tmp/bearers" || { echo "no test bears the name of a rule"; return 1; }
        echo "$2" | tr ' ' '\n' >"$tmp/rules"
        last_columns "$1" >"$tmp/columns"
        awk -v page="$1" 'FILENAME == ARGV[1] { rules[$1]; next }
                FILENAME == ARGV[2] { for (i = 2; i <= NF; i++) named[$1, $i]; next }
                $1 in rules && !(($1, $2) in named) {
                        print page ": the row of " $1 " does not name " $2
                        exit 1
                }' "$tmp/rules" "$tmp/columns" "$tmp/bearers"
}

# hold PAGE RULES
hold() {
        holds "$1: every rule has a row" all_there "$1" "$2"
        holds "$1: files exist" files_exist "$1"
        holds "$1: tests exist" tests_exist "$1"
        holds "$1: counters exist" counters_exist "$1"
        holds "$1: tests stand in the rows of their rules" in_its_row "$1" "$2"
}

# without SED PAGE CHECK [RULES]: refused when the page is changed so
without() {
        sed "$1" "$2" >"$tmp/doctored"
        ! cmp -s "$2" "$tmp/doctored" || fail "nothing in $2 to change by $1"
        refuses "$2 after $1" "$3" "$tmp/doctored" ${4+"$4"}
}

# Every test and every scenario of the simulator behind its file, and every rule that a test bears
# the name of, before that test's file.
grep -oE 'START_TEST\([A-Za-z0-9_]+\)|^ *\{"[^"]+",' /dev/null tests/*.c tests/*/*.c |
        sed 's/:[^("]*[("]/ /; s/[)"].*//' >"$tmp/names"
grep -oE "^START_TEST\(($id"'_)+' /dev/null tests/test_*.c |
        awk -F '[:(]' '{ n = split($3, rule, "_"); for (i = 1; i < n; i++) print rule[i], $1 }' |
        sort -u >"$tmp/bearers"

page=doc/rules.md
hold $page "$rules"
without '/^| V13 |/d' $page all_there "$rules"
without 's/`V18b_\*`/`V18c_*`/' $page tests_exist
without 's/`pair-sprayed`/`pair-sprayer`/' $page tests_exist
without 's,lib/split/cookie.c,lib/split/cookies.c,' $page files_exist
without 's,tests/test_not_told.c `V4_\*`,open,' $page in_its_row "$rules"

page=doc/validation.md
hold $page "$checks"
without '/^| E19 |/d' $page all_there "$checks"
without 's/`fin_\*`/`fins_of_*`/' $page tests_exist
without 's,tests/test_lifetimes.c,tests/test_lifetime.c,' $page files_exist
without 's/`SYN_REPEATED`/`SYN_REPEATS`/' $page counters_exist
without 's,; tests/test_gone_on.c `E16_\*`,,' $page in_its_row "$checks"

page=doc/rendezvous.md
hold $page "$lines_of_rendezvous"
without '/^| R14 |/d' $page all_there "$lines_of_rendezvous"
without 's/`R17_\*`/`R17b_*`/' $page tests_exist
without 's,tests/test_rendezvous_budget.c `R06_\*`,open,' $page in_its_row "$lines_of_rendezvous"

page=doc/echo.md
hold $page "$lines_of_echoes"
without '/^| I14 |/d' $page all_there "$lines_of_echoes"
without 's/`I17_\*`/`I17b_*`/' $page tests_exist
without 's,tests/test_echo_hostile.c `I05_\*`,open,' $page in_its_row "$lines_of_echoes"
