# SPDX-License-Identifier: BSD-2-Clause
# Files and functions stay small, nothing is left for later, and the library
# does not talk to the world.
. "$(dirname "$0")/common.sh"

max_file=600
max_function=60
max_columns=100

# files TOP DIR...: the C files of a tree, and models.
files() {
        top=$1
        shift
        for dir in "$@"; do
                test ! -d "$top/$dir" || find "$top/$dir" -type f \
                        \( -name '*.[ch]' -o -name '*.h.in' -o -name '*.def' -o -name '*.pml' \)
        done | sort
}

small_files() {
        files "$1" lib include examples tests | while read -r file; do
                lines=$(wc -l <"$file")
                if test "$lines" -gt $max_file; then echo "$file: $lines lines"; fi
        done >"$tmp/found"
        cat "$tmp/found"
        test ! -s "$tmp/found"
}

# What people read: not what is recorded, or printed for programs.
texts() {
        top=$1
        for dir in lib include examples tests; do
                test ! -d "$top/$dir" || find "$top/$dir" -type f \( \
                        -name '*.[ch]' -o -name '*.in' -o -name '*.inc' -o -name '*.def' \
                        -o -name '*.pml' -o -name '*.py' -o -name '*.sh' -o -name run \
                        -o -name run-suites -o -name print-again \)
        done
}

# Columns are characters: the bytes with which one of UTF-8 goes on take none.
narrow_files() {
        texts "$1" >"$tmp/texts"
        test -s "$tmp/texts" || { echo "no file to look at"; return 1; }
        tr '\n' '\0' <"$tmp/texts" | xargs -0 awk -v max=$max_columns '
                { gsub(/[\200-\277]/, "") }
                length($0) > max { print FILENAME ":" FNR ": " length($0) " columns" }' \
                >"$tmp/found"
        cat "$tmp/found"
        test ! -s "$tmp/found"
}

# lengths_ctags and lengths_awk print "lines file function".
lengths_ctags() {
        ctags --languages=C --langmap=C:.c.h --kinds-C=f --fields=ne -o - "$@" |
                awk -F '\t' '!/^!/ {
                        for (i = 4; i <= NF; i++) { split($i, kv, ":"); at[kv[1]] = kv[2] }
                        print at["end"] - at["line"] + 1, $2, $1 }'
}

lengths_awk() {
        awk '
        FNR == 1 { from = 0; head = 0 }
        /^[A-Za-z_].*\(/ && !/;[[:space:]]*$/ {
                head = FNR; name = $0; sub(/\(.*/, "", name); sub(/.*[ *]/, "", name) }
        (/^\{/ || /^[A-Za-z_].*\)[[:space:]]*\{[[:space:]]*$/) && head { from = head }
        /^\}/ { if (from) print FNR - from + 1, FILENAME, name; from = 0; head = 0 }' "$@"
}

# small_functions COUNTER TOP
small_functions() {
        set -- "$1" $(files "$2" lib examples | grep '\.[ch]$')
        counter=$1
        shift
        test $# -gt 0 || { echo "no file to look at"; return 1; }
        "$counter" "$@" >"$tmp/lengths"
        test -s "$tmp/lengths" || { echo "no function found"; return 1; }
        awk -v max=$max_function '$1 > max { print $2 ": " $3 " has " $1 " lines"; failed = 1 }
                END { exit failed }' "$tmp/lengths"
}

nothing_left_for_later() {
        files "$1" lib include examples |
                xargs grep -nE '\<(TODO|FIXME|XXX)\>' /dev/null >"$tmp/found" || :
        cat "$tmp/found"
        test ! -s "$tmp/found"
}

no_world() {
        words='socket|bind|listen|accept|connect|send|sendto|sendmsg|recv|recvfrom|recvmsg'
        words="$words|read|write|open|close|rand|random|getrandom|getenv"
        words="$words|time|clock|clock_gettime|gettimeofday|nanosleep|sleep|usleep"
        words="$words|printf|fprintf|sprintf|snprintf|vprintf|vfprintf|vsnprintf"
        words="$words|puts|fputs|putchar|perror|syslog"
        words="$words|abort|assert|exit|_exit|raise|signal|setjmp|longjmp|pthread_[a-z_]*"
        files "$1" lib | while read -r file; do
                strip_c "$file" | grep -nE "(^|[^A-Za-z0-9_>.])($words)[[:space:]]*\(" |
                        sed "s|^|$file:|"
        done >"$tmp/found" || :
        cat "$tmp/found"
        test ! -s "$tmp/found"
}

counters=lengths_awk
if ctags --version 2>/dev/null | grep -q 'Universal Ctags'; then
        counters="lengths_ctags lengths_awk"
fi

holds "no file over $max_file lines" small_files "$MPCONN_SRC"
holds "no line over $max_columns columns" narrow_files "$MPCONN_SRC"
for counter in $counters; do
        holds "no function over $max_function lines ($counter)" \
                small_functions "$counter" "$MPCONN_SRC"
done
holds "nothing is left for later" nothing_left_for_later "$MPCONN_SRC"
holds "the library keeps to itself" no_world "$MPCONN_SRC"

mkdir -p "$tmp/bad/lib/base"
bad=$tmp/bad/lib/base/bad.c
yes 'extern int a;' | head -n $((max_file + 1)) >"$bad"
refuses "a long file" small_files "$tmp/bad"
for letter in a "$(printf '\303\251')"; do # an e with an accent has two bytes
        line=$(yes "$letter" | head -n $max_columns | tr -d '\n')
        echo "$line" >"$bad"
        holds "a line may be that long" narrow_files "$tmp/bad"
        echo "$line$letter" >"$bad"
        refuses "a longer line" narrow_files "$tmp/bad"
done
{
        printf 'static int work(int a,\n                int b)\n{\n'
        yes '        a++;' | head -n $max_function
        echo '}'
} >"$bad"
for counter in $counters; do
        refuses "a long function ($counter)" small_functions "$counter" "$tmp/bad"
done
echo "int a; /* TO""DO: b */" >"$bad"
refuses "a note for later" nothing_left_for_later "$tmp/bad"
echo 'int f(void) { return /* no */ printf("x"); }' >"$bad"
refuses "a library that prints" no_world "$tmp/bad"
echo 'int f(void) { assert (1); return 0; }' >"$bad"
refuses "a library that aborts" no_world "$tmp/bad"
echo '_Static_assert(1, "read(2) is fine in text"); int mpci_list_open(int a); /* abort() */' \
        >"$bad"
holds "no false alarm" no_world "$tmp/bad"
