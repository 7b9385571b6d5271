# SPDX-License-Identifier: BSD-2-Clause
# What the headers declare, what the map lists and what the shared object
# exports are the same names.
. "$(dirname "$0")/common.sh"

declared() {
        strip_c "$@" | grep -v '^[[:space:]]*#' | tr '\n' ' ' | tr ';{}' '\n\n\n' |
                sed -n '/MPCONN_API/s/.*[^a-z0-9_]\(mpconn_[a-z0-9_]*\) *(.*/\1/p' | sort
}

mapped() {
        sed 's|/\*.*\*/||' "$1" |
                sed -n 's/^[[:space:]]*\(mpconn_[a-z0-9_]*\);.*/\1/p' | sort
}

exported() {
        $NM -D --defined-only "$1" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' | sort
}

# same A B: no name missing on either side, none twice.
same() {
        uniq -d "$1" >"$tmp/twice"
        uniq -d "$2" >>"$tmp/twice"
        if test -s "$tmp/twice"; then
                echo "listed twice:"
                cat "$tmp/twice"
                return 1
        fi
        diff "$1" "$2"
}

map=$MPCONN_SRC/lib/libmpconn.map
mkdir "$tmp/headers"
for header in "$MPCONN_SRC"/include/mpconn/*.h "$MPCONN_BUILD"/include/mpconn/*.h; do
        if test -f "$header"; then cp "$header" "$tmp/headers"; fi
done
declared "$tmp"/headers/*.h >"$tmp/declared"
mapped "$map" >"$tmp/mapped"
test -s "$tmp/declared" || fail "no function found in the headers"

holds "headers and map agree" same "$tmp/declared" "$tmp/mapped"
holds "the map hides the rest" grep -q '^[[:space:]]*\*;' "$map"

sed 1d "$tmp/declared" >"$tmp/fewer"
refuses "a function missing from the headers" same "$tmp/fewer" "$tmp/mapped"
echo 'MPCONN_API int mpconn_zz_more(int a,
        int b);' >"$tmp/more.h"
{ cat "$tmp/declared"; declared "$tmp/more.h"; } >"$tmp/more"
refuses "a function missing from the map" same "$tmp/more" "$tmp/mapped"
sed 1p "$tmp/mapped" >"$tmp/double"
refuses "a name listed twice" same "$tmp/double" "$tmp/double"

so=$MPCONN_BUILD/lib/.libs/libmpconn.so
test -e "$so" || skip "the shared object was not built; headers and map agree"
exported "$so" >"$tmp/exported"
holds "map and shared object agree" same "$tmp/mapped" "$tmp/exported"
echo mpci_internal >>"$tmp/exported"
refuses "an internal name exported" same "$tmp/mapped" "$tmp/exported"
