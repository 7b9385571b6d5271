# SPDX-License-Identifier: BSD-2-Clause
# doc/rules.md names every rule, and only files and tests that exist; a test that bears the name of
# a rule stands in its row.
. "$(dirname "$0")/common.sh"

cd "$MPCONN_SRC"
page=doc/rules.md
rules="$(echo R1a R1b R1c R1d V12b V18b
        seq -f R%g 12
        seq -f V%g 21
        seq -f S%02g 18)"

# row RULE PAGE
row() {
        sed -n "s/^| $1 | .* | .* | \(.*\) |$/\1/p" "$2"
}

# all_there PAGE: one row for each rule.
all_there() {
        for rule in $rules; do
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

# exists PAGE: what stands in the columns of code and tests.
exists() {
        grep '^| [RVS][0-9]' "$1" | cut -d'|' -f4- | tr ' ,;|' '\n\n\n\n' >"$tmp/words"
        file=
        while read -r word; do
                case $word in
                lib/* | tests/*)
                        file=$word
                        test -f "$file" || { echo "no $file"; return 1; } ;;
                \`*\`)
                        word=${word#\`}
                        defined "$file" "${word%\`}" || return 1 ;;
                esac
        done <"$tmp/words"
}

# in_its_row PAGE: START_TEST(RULE_..., or RULE_RULE_..., in a file that the row names.
in_its_row() {
        grep -hoE '^START_TEST\(([RVS][0-9]+[a-d]?_)+' /dev/null tests/test_*.c >"$tmp/all"
        test -s "$tmp/all" || { echo "no test bears the name of a rule"; return 1; }
        for file in tests/test_*.c; do
                for rule in $(grep -oE '^START_TEST\(([RVS][0-9]+[a-d]?_)+' "$file" |
                        sed 's/.*(//' | tr '_' '\n' | sort -u); do
                        echo "$rules" | tr ' ' '\n' | grep -qx "$rule" || continue
                        row "$rule" "$1" | tr ' ;' '\n\n' | grep -qx "$file" ||
                                { echo "$1: the row of $rule does not name $file"; return 1; }
                done
        done
}

holds "every rule has a row" all_there $page
sed '/^| V13 |/d' $page >"$tmp/doctored"
refuses "a page without V13" all_there "$tmp/doctored"

holds "files and tests exist" exists $page
sed 's/`V18b_\*`/`V18c_*`/' $page >"$tmp/doctored"
refuses "a test that does not exist" exists "$tmp/doctored"
sed 's/`pair-sprayed`/`pair-sprayer`/' $page >"$tmp/doctored"
refuses "a scenario that does not exist" exists "$tmp/doctored"
sed 's,lib/split/cookie.c,lib/split/cookies.c,' $page >"$tmp/doctored"
refuses "code that does not exist" exists "$tmp/doctored"

holds "tests stand in the rows of their rules" in_its_row $page
sed 's,tests/test_not_told.c `V4_\*`,open,' $page >"$tmp/doctored"
refuses "a row that misses a test" in_its_row "$tmp/doctored"
