# SPDX-License-Identifier: BSD-2-Clause
# The program in README builds against an installed library, by what
# pkg-config says, and runs.
. "$(dirname "$0")/common.sh"

command -v "$PKG_CONFIG" >/dev/null 2>&1 || skip "pkg-config is missing"
test -z "${MPCONN_SANITIZERS:-}" || skip "sanitizers change what has to be linked"

unset MAKEFLAGS MFLAGS MAKELEVEL DESTDIR
# one job: the test is in the middle of somebody else's make
(cd "$MPCONN_BUILD" && $MAKE -s install DESTDIR="$tmp/root" >"$tmp/log" 2>&1) ||
        { cat "$tmp/log" >&2; fail "make install"; }
pc=$(find "$tmp/root" -name libmpconn.pc)
PKG_CONFIG_LIBDIR=${pc%/*}
PKG_CONFIG_SYSROOT_DIR=$tmp/root
PKG_CONFIG_ALLOW_SYSTEM_CFLAGS=1
PKG_CONFIG_ALLOW_SYSTEM_LIBS=1
LD_LIBRARY_PATH=$tmp/root$libdir${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export PKG_CONFIG_LIBDIR PKG_CONFIG_SYSROOT_DIR PKG_CONFIG_ALLOW_SYSTEM_CFLAGS
export PKG_CONFIG_ALLOW_SYSTEM_LIBS LD_LIBRARY_PATH

first_block() {
        awk '/^```/ { if (inside) exit; if ($0 == "```c") { inside = 1; next } } inside' "$1"
}

# The flags follow the file; a static library must come after what needs it.
builds_and_runs() {
        test -s "$1" || { echo "no program"; return 1; }
        $CC -std=c11 -Wall -Wextra -Werror -o "$tmp/prog" "$1" \
                $($PKG_CONFIG --cflags --libs libmpconn) && "$tmp/prog"
}

no_empty_field() {
        ! grep -nE '^[A-Za-z.]+:[[:space:]]*$' "$1" && ! grep -n '@' "$1" &&
                ! grep -nF "$MPCONN_BUILD" "$1"
}

first_block "$MPCONN_SRC/README" >"$tmp/readme.c"
holds "README's program builds and runs" builds_and_runs "$tmp/readme.c"
holds "libmpconn.pc has no empty field and no build path" no_empty_field "$pc"
holds "libmpconn.pc needs nothing else" test -z "$($PKG_CONFIG --print-requires libmpconn)"

echo 'int main(void) { return mpconn_no_such_thing(); }' >"$tmp/bad.c"
refuses "a program that does not build" builds_and_runs "$tmp/bad.c"
printf '#include <stdio.h>\nint main(void) { puts("no"); return 1; }\n' >"$tmp/bad.c"
refuses "a program that fails" builds_and_runs "$tmp/bad.c"
: >"$tmp/bad.c"
refuses "a README without a program" builds_and_runs "$tmp/bad.c"
