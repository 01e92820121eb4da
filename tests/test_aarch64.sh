#!/bin/bash
# The kernels built for aarch64, run under qemu-user against their naive twins (TAP): the portable path, on an
# architecture where it is the only one. BLAS and cmocka are stood in for by tests/cross.
. "$(dirname "$0")/tap.sh"

skip() {
    echo "1..0 # SKIP $1"
    exit 0
}
compiler=aarch64-linux-gnu-gcc
command -v qemu-aarch64 >/dev/null || skip "no qemu-aarch64 (Debian: qemu-user)"
echo '#include <math.h>' | "$compiler" -fsyntax-only -xc - 2>/dev/null ||
    skip "no $compiler with a C library (Debian: gcc-aarch64-linux-gnu)"

build() { # source...: one object each
    for source; do
        "$compiler" -std=c11 -D_DEFAULT_SOURCE -D_XOPEN_SOURCE=700 -O3 -fno-math-errno -fno-trapping-math -Wall \
            -Wextra -Werror -Itests/cross -I. -c -o "$work/$(basename "$source" .c).o" "$source" || return 1
    done
}
build tests/floats.c engine/base/rng.c engine/base/status.c engine/tensor/kernel_*.c >"$out" 2>"$err"
result $? "the kernels build without a warning"
ar rcs "$work/kernels.a" "$work"/*.o
for suite in test_kernels test_kernels_conv; do
    build "tests/$suite.c" >"$out" 2>"$err" &&
        "$compiler" -static -o "$work/$suite" "$work/$suite.o" "$work/kernels.a" -lm >>"$out" 2>>"$err" &&
        qemu-aarch64 "$work/$suite" >"$out" 2>"$err" && grep -q "^# ok - portable" "$out"
    result $? "$suite passes"
done
finish
