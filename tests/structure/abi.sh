# SPDX-License-Identifier: BSD-2-Clause
# tests/abi_values.c and tests/abi_layout.c forget no constant and no struct,
# and compiling them notices a change.
. "$(dirname "$0")/common.sh"

include="-I$MPCONN_BUILD/include -I$MPCONN_SRC/include"
echo '#include <mpconn/mpconn.h>' >"$tmp/all.c"

# public INCLUDE-FLAGS...: "SAME name" and "SIZE name" for all there is.
public() {
        $CC -E -P "$@" "$tmp/all.c" | tr '\n' ' ' >"$tmp/text"
        grep -o 'enum mpconn_[a-z_0-9]* *{[^}]*}' "$tmp/text" |
                grep -o 'MPCONN_[A-Z0-9_]*' | sed 's/^/SAME /'
        grep -o '} *mpconn_[a-z0-9_]* *;' "$tmp/text" |
                sed 's/[} ;]*\(mpconn_[a-z0-9_]*\).*/SIZE \1/'
        $CC -E -dM "$@" "$tmp/all.c" |
                sed -n 's/^#define \(MPCONN_[A-Z0-9_]*\) ..*/SAME \1/p' |
                grep -vE ' MPCONN_(API|VERSION_[A-Z]*)$'
}

frozen() {
        sed -n 's/^\(SAME\|SIZE\)(\([A-Za-z0-9_]*\), .*/\1 \2/p' \
                "$MPCONN_SRC/tests/abi_values.c" "$MPCONN_SRC/tests/abi_layout.c" | sort
}

# complete INCLUDE-FLAGS...
complete() {
        public "$@" | sort >"$tmp/public"
        frozen >"$tmp/frozen"
        grep -q SIZE "$tmp/public" && grep -q SAME "$tmp/public" ||
                { echo "nothing read"; return 1; }
        diff "$tmp/public" "$tmp/frozen"
}

unchanged() {
        $CC -std=c11 -fsyntax-only -Werror=padded "$@" "$MPCONN_SRC/tests/abi_values.c" &&
                $CC -std=c11 -fsyntax-only -Werror=padded "$@" "$MPCONN_SRC/tests/abi_layout.c"
}

# doctored FILE SED-COMMAND: the headers with one change.
doctored() {
        rm -rf "$tmp/doctored"
        mkdir -p "$tmp/doctored/mpconn"
        cp "$MPCONN_SRC"/include/mpconn/*.h "$MPCONN_BUILD/include/mpconn/version.h" \
                "$tmp/doctored/mpconn"
        chmod u+w "$tmp/doctored/mpconn"/*
        sed "$2" "$tmp/doctored/mpconn/$1" >"$tmp/new"
        if cmp -s "$tmp/new" "$tmp/doctored/mpconn/$1"; then fail "control changes nothing: $2"; fi
        cp "$tmp/new" "$tmp/doctored/mpconn/$1"
}

holds "every constant and struct is frozen" complete $include
holds "and as it was" unchanged $include

doctored error.h 's/\(MPCONN_ERR_NOMEM = \)-3/\1-19/'
refuses "a renumbered constant" unchanged -I"$tmp/doctored"
doctored error.h 's/^\( *\)MPCONN_ERR_NOMEM = -3,/&\n\1MPCONN_ERR_NOMORE = -18,/'
refuses "a constant that is not frozen" complete -I"$tmp/doctored"
doctored base.h 's/^\( *\)uint8_t family;.*/\1uint32_t family;/'
refuses "a struct of another size or with a hole" unchanged -I"$tmp/doctored"
doctored base.h 's/^} mpconn_tuple;/&\ntypedef struct mpconn_new { int a; } mpconn_new;/'
refuses "a struct that is not frozen" complete -I"$tmp/doctored"
