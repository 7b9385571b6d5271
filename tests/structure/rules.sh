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
checks="$(seq -f E%g 14 21
        echo E26 E31 E33
        seq -f L%g 7)"

# Without 10 to 12, whose numbers rules have, and 22, which is of members.
lines_of_rendezvous="$(seq -f R%02g 9
        seq -f R%g 13 21
        seq -f R%g 23 25)"

# tests_of RULE PAGE: the last column of its row
tests_of() {
        sed -n "s/^| $1 | .* | \(.*\) |$/\1/p" "$2"
}

# all_there PAGE RULES: one row for each rule.
all_there() {
        for rule in $2; do
                test "$(grep -c "^| $rule |" "$1")" -eq 1 ||
                        { echo "$1: not one row for $rule"; return 1; }
        done
}

# defined FILE NAME: a test, or a scenario of the simulator; a * stands for the rest of the name.
defined() {
        name=$(echo "$2" | sed 's/\*$/[A-Za-z0-9_]*/')
        grep -qE "START_TEST\($name\)|^ *\{\"$name\"," "$1" ||
                { echo "no $2 in $1"; return 1; }
}

# files_exist PAGE: whatever it names of the tree
files_exist() {
        for file in $(grep -oE '(lib|tests|include)/[a-z0-9_/-]+\.[a-z]+' "$1" | sort -u); do
                test -f "$file" || { echo "no $file"; return 1; }
        done
}

# tests_exist PAGE: what stands in the last column of its rows, each behind its file
tests_exist() {
        grep -E "^\| $id " "$1" | sed 's/.* | \(.*\) |$/\1/' | tr ' ,;' '\n\n\n' >"$tmp/words"
        file=
        while read -r word; do
                case $word in
                tests/*) file=$word ;;
                \`*\`)
                        word=${word#\`}
                        defined "$file" "${word%\`}" || return 1 ;;
                esac
        done <"$tmp/words"
}

# counters_exist PAGE: what stands in capitals is a reason
counters_exist() {
        for name in $(grep -oE '`[A-Z][A-Z_]+`' "$1" | tr -d '`' | sort -u); do
                grep -q "X([0-9]*, $name," include/mpconn/reason.h ||
                        { echo "$1: no counter $name"; return 1; }
        done
}

# in_its_row PAGE RULES: START_TEST(RULE_..., or RULE_RULE_..., in a file that the row names.
in_its_row() {
        grep -hoE "^START_TEST\(($id"'_)+' /dev/null tests/test_*.c >"$tmp/all"
        test -s "$tmp/all" || { echo "no test bears the name of a rule"; return 1; }
        for file in tests/test_*.c; do
                for rule in $(grep -oE "^START_TEST\(($id"'_)+' "$file" |
                        sed 's/.*(//' | tr '_' '\n' | sort -u); do
                        echo "$2" | tr ' ' '\n' | grep -qx "$rule" || continue
                        tests_of "$rule" "$1" | tr ' ;' '\n\n' | grep -qx "$file" ||
                                { echo "$1: the row of $rule does not name $file"; return 1; }
                done
        done
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
