# SPDX-License-Identifier: BSD-2-Clause
# Sourced by the structure tests. Each of them proves two things: that the
# tree is in order, and that the test would have noticed if it were not.

set -eu
LC_ALL=C
export LC_ALL
: "${MPCONN_SRC:=$(cd "$(dirname "$0")/../.." && pwd)}"
: "${MPCONN_BUILD:=$MPCONN_SRC/build}"
: "${CC:=cc}" "${NM:=nm}" "${MAKE:=make}" "${PKG_CONFIG:=pkg-config}"

tmp=$(mktemp -d "${TMPDIR:-/tmp}/mpconn-structure.XXXXXX")
trap 'chmod -R u+w "$tmp"; rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM

fail() {
        echo "FAILED: $*" >&2
        exit 1
}

# A test that cannot run is left out, unless all of them were asked for.
skip() {
        test "${MPCONN_REQUIRE_ALL:-}" != 1 || fail "cannot be skipped: $*"
        echo "SKIPPED: $*" >&2
        exit 77
}

# holds NAME COMMAND...: the tree itself.
holds() {
        what=$1
        shift
        if "$@" >"$tmp/out" 2>&1; then
                echo "ok: $what"
        else
                cat "$tmp/out" >&2
                fail "$what"
        fi
}

# refuses NAME COMMAND...: the negative control, on doctored input.
refuses() {
        what=$1
        shift
        if "$@" >"$tmp/out" 2>&1; then
                fail "negative control was accepted: $what"
        fi
        test -s "$tmp/out" || fail "negative control failed without a word: $what"
        echo "ok: refused: $what"
}

# C text without comments and without the contents of strings.
strip_c() {
        awk '
        { line = $0 "\n"; n = length(line)
          for (i = 1; i <= n; i++) {
            c = substr(line, i, 1); two = substr(line, i, 2)
            if (state == "block") {
              if (two == "*/") { state = ""; i++; printf " " } else if (c == "\n") printf "\n"
            } else if (state == "line") {
              if (c == "\n") { state = ""; printf "\n" }
            } else if (state == "\"" || state == "\047") {
              if (c == "\\") i++
              else if (c == state || c == "\n") { state = ""; printf "%s", c }
            } else if (two == "/*") { state = "block"; i++ }
            else if (two == "//") { state = "line"; i++ }
            else { if (c == "\"" || c == "\047") state = c; printf "%s", c }
          } }' "$@"
}
