# SPDX-License-Identifier: BSD-2-Clause
# tests/print-again leaves a tree alone in which all is as it was printed, and puts right whatever
# was changed in what says that it is printed.
. "$(dirname "$0")/common.sh"
command -v python3 >/dev/null 2>&1 || skip "python3 is missing: the vectors cannot be printed"

# printed TREE: the files in which a mark stands
printed() {
        (cd "$1" && grep -rlE '^[^ ]+ (Made|Printed|Written) by |, made by tests/' \
                --include='*.md' --include='*.lua' --include='*.txt' --include='*.h' \
                --include='*.hex' doc tests) | sort
}

# prints_again TREE: and is silent, nothing having changed
prints_again() {
        sh "$MPCONN_SRC/tests/print-again" "$1" "$MPCONN_BUILD" >"$tmp/said" 2>&1 ||
                { cat "$tmp/said"; return 1; }
        cat "$tmp/said"
        test ! -s "$tmp/said"
}

same_tree() {
        for file in $files; do
                cmp "$MPCONN_SRC/$file" "$tmp/tree/$file" || return 1
        done
}

files=$(printed "$MPCONN_SRC")
test "$(echo "$files" | wc -l)" -ge 8 || fail "only these say that they are printed: $files"
mkdir -p "$tmp/tree/tests"
cp -R "$MPCONN_SRC/doc" "$tmp/tree/doc"
for part in dissector vectors echo_vectors.h frame_vectors.h trace_golden.h; do
        cp -R "$MPCONN_SRC/tests/$part" "$tmp/tree/tests/$part"
done
chmod -R u+w "$tmp/tree"
holds "what is printed is what is committed" prints_again "$tmp/tree"

# Behind its mark, and at the end of a file that is printed as a whole.
for file in $files; do
        awk '{ print } /(Made|Printed|Written|made) by / { print "stale" }' \
                "$MPCONN_SRC/$file" >"$tmp/tree/$file"
        if cmp -s "$MPCONN_SRC/$file" "$tmp/tree/$file"; then fail "$file has no mark"; fi
done
refuses "files that are stale" prints_again "$tmp/tree"
test "$(grep -c 'is another$' "$tmp/said")" -eq "$(echo "$files" | wc -l)" || {
        cat "$tmp/said" >&2
        fail "not each stale file was named"
}
holds "all of them are right again" same_tree
