# SPDX-License-Identifier: BSD-2-Clause
# Every installed header compiles alone, as C and as C++, without a warning.
. "$(dirname "$0")/common.sh"

flags="-fsyntax-only -Wall -Wextra -Wpedantic -Werror"

# compiles COMPILER LANGUAGE STANDARD HEADER INCLUDE-FLAGS...
compiles() {
        compiler=$1 language=$2 standard=$3 header=$4
        shift 4
        echo "#include <mpconn/$header>" >"$tmp/alone.$language"
        $compiler "-std=$standard" $flags "$@" "$tmp/alone.$language"
}

# all_compile INCLUDE-FLAGS...: every header, standard and compiler at hand.
all_compile() {
        for header in $headers; do
                for c in $c_compilers; do
                        for standard in c99 c11; do
                                compiles "$c" c $standard "$header" "$@" || return 1
                        done
                done
                for cxx in $cxx_compilers; do
                        for standard in c++11 c++17; do
                                compiles "$cxx" cc $standard "$header" "$@" || return 1
                        done
                done
        done
}

present() {
        for candidate in "$@"; do
                if command -v "$candidate" >/dev/null 2>&1; then echo "$candidate"; fi
        done
}

c_compilers=$(present gcc clang)
test -n "$c_compilers" || c_compilers=${CC%% *}
cxx_compilers=$(present g++ clang++)
headers=$(cd "$MPCONN_SRC/include/mpconn" && ls ./*.h ./*.h.in 2>/dev/null |
        sed 's|^\./||; s|\.in$||' | sort -u)
echo "compilers: $c_compilers $cxx_compilers"
echo "headers: $headers"

holds "every header compiles alone" \
        all_compile -I"$MPCONN_BUILD/include" -I"$MPCONN_SRC/include"

mkdir -p "$tmp/bad/mpconn"
headers=bad.h
saved=$cxx_compilers
cxx_compilers=
echo 'uint32_t mpconn_needs_another_header(void);' >"$tmp/bad/mpconn/bad.h"
refuses "a header that needs another" all_compile -I"$tmp/bad"
echo 'int mpconn_no_prototype(int a, ...); enum { A, };;' >"$tmp/bad/mpconn/bad.h"
refuses "a header that is not plain C" all_compile -I"$tmp/bad"
cxx_compilers=$saved
c_compilers=
if test -n "$cxx_compilers"; then
        echo 'int mpconn_word(int class);' >"$tmp/bad/mpconn/bad.h"
        refuses "a header that is not C++" all_compile -I"$tmp/bad"
else
        skip "no C++ compiler"
fi
