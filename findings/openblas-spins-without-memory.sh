#!/usr/bin/env bash
# OpenBLAS 0.3.21 (Debian 12's libopenblas0-pthread 0.3.21+ds-4) does not fail where its buffers do not fit into the address space: a
# program of one 2 x 2 matrix product, under `ulimit -v` with room for the process but not for a buffer of 128 MiB, asks the system
# for the buffer again and again instead of ending with a message, and never ends. Shared machines set such limits. With room it ends at once. Two threads; limits that leave room for a
# buffer a thread more avoid it.
set -eu
t=$(mktemp -d); trap 'rm -rf "$t"' EXIT; cd "$t"
mkdir -p cache/archives/partial root
: >status
apt-get -qq -y -o Dir::State::status="$t/status" -o Dir::Cache="$t/cache" -o APT::Sandbox::User=root --download-only \
    --no-install-recommends install libopenblas0-pthread=0.3.21+ds-4 libopenblas-pthread-dev=0.3.21+ds-4 >apt.log 2>&1 ||
    { tail -n 3 apt.log; exit 1; }
for package in cache/archives/libopenblas*.deb; do dpkg -x "$package" root; done
place=$t/root/usr/lib/x86_64-linux-gnu/openblas-pthread
cat >product.c <<'C'
#include <stdio.h>
void cblas_sgemm(int, int, int, int, int, int, float, const float *, int, const float *, int, float, float *, int);
int main(void)
{
    float a[4] = {1, 2, 3, 4}, b[4] = {1, 0, 0, 1}, c[4];
    cblas_sgemm(101, 111, 111, 2, 2, 2, 1, a, 2, b, 2, 0, c, 2);
    printf("%g\n", (double)c[3]);
    return 0;
}
C
gcc -O1 product.c -o product -L"$place" -lopenblas
export LD_LIBRARY_PATH=$place OPENBLAS_NUM_THREADS=2
run() { # KiB of address space
    (ulimit -v "$1" && exec timeout 10 ./product) || true
}
run 2000000
status=0
(ulimit -v 150000 && exec timeout 10 ./product) >said 2>&1 || status=$?
echo "150,000 KiB: said \"$(cat said)\", status $status (124: still there after 10 s)"
if [ "$(run 2000000)" = 4 ] && [ ! -s said ] && [ "$status" = 124 ]; then
    echo "as stated"
else
    echo "NOT as stated"
    exit 1
fi
