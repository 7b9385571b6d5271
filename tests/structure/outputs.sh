# SPDX-License-Identifier: BSD-2-Clause
# The end-to-end tests: who waits for a word of a program in the background must not find that of
# an earlier one. The shell empties the file when it comes to start the program, and on a busy
# machine that is after the first look at it: the file is to be emptied or removed before.
. "$(dirname "$0")/common.sh"

# emptied_before DIR: before each program in the background whose output somebody waits for
emptied_before() {
        awk '
        FNR == 1 { n = 0; joined = "" }
        { text = joined $0; joined = "" }
        text ~ /\\$/ { sub(/\\$/, "", text); joined = text; next }
        { gsub(/["{}]/, "", text); line[++n] = text; at[n] = FNR; file[n] = FILENAME }
        # those waited for so many lines later, and not emptied so many lines before
        text ~ /eventually .*\$bed\// {
                for (i = n - 1; i > n - 5 && i > 0; i--) {
                        if (line[i] !~ /[^&]&$/) continue
                        output = line[i]
                        if (!sub(/.*[^2>]>+\$bed\//, "$bed/", output)) continue
                        sub(/ .*/, "", output)
                        if (index(text, output) == 0) continue
                        fresh = 0
                        for (j = i - 1; j > i - 9 && j > 0; j--)
                                if (line[j] ~ /^ *(:|rm) / && index(line[j], output)) fresh = 1
                        if (!fresh) {
                                print FILENAME ":" at[i] ": " output " may be of an earlier one"
                                bad = 1
                        }
                }
        }
        END { exit bad }' "$1"/*.sh
}

holds "outputs of programs in the background are their own" \
        emptied_before "$MPCONN_SRC/tests/e2e"

mkdir "$tmp/bad"
cat >"$tmp/bad/one.sh" <<'END'
        run_at server "$tools/peer" serve greet 25 >"$bed/served.$2" 2>$bed/err &
        server_pid=$!
        eventually 10 grep -q listening "$bed/served.$2" || fail "no server"
END
refuses "one that is not" emptied_before "$tmp/bad"
sed -i '1i\        : >$bed/served.$2' "$tmp/bad/one.sh"
holds "no false alarm" emptied_before "$tmp/bad"
