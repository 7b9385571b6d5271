# SPDX-License-Identifier: BSD-2-Clause
# The API reference builds without a warning: everything public is documented.
. "$(dirname "$0")/common.sh"

test -n "${DOXYGEN:-}" || skip "doxygen is missing"

# builds INPUT...: the project's settings, other input and output.
builds() {
        { cat "$MPCONN_BUILD/doc/Doxyfile"
          echo "OUTPUT_DIRECTORY = $tmp/ref"
          echo "INPUT = $*"; } >"$tmp/Doxyfile"
        mkdir -p "$tmp/ref"
        $DOXYGEN "$tmp/Doxyfile" >/dev/null
}

input=$(sed -n 's/^INPUT[[:space:]]*=//p' "$MPCONN_BUILD/doc/Doxyfile")
holds "the reference builds without a warning" builds $input

head='/** @file
 * @brief A file. */
'
printf '%sint mpconn_bare(int a);\n' "$head" >"$tmp/bad.h"
refuses "an undocumented function" builds "$tmp/bad.h"
printf '%s/** @brief Do it.\n * @return a number */\nint mpconn_half(int a);\n' "$head" \
        >"$tmp/bad.h"
refuses "an undocumented parameter" builds "$tmp/bad.h"
printf '%s/** @brief A pair. */\nstruct mpconn_pair {\n int a; /**< one */\n int b;\n};\n' "$head" \
        >"$tmp/bad.h"
refuses "an undocumented member" builds "$tmp/bad.h"
