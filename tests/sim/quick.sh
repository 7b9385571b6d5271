# SPDX-License-Identifier: BSD-2-Clause
# A few seeds of every scenario; `make check-sim` runs many.
exec "${MPCONN_BUILD:-.}/tests/sim/mpconn-sim" --quick
