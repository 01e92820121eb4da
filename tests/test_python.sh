#!/bin/bash
# The Python client and its examples: runs tests/python/test_*.py, which print TAP; those that need PyTorch are skipped
# where it is not installed. Prints TAP.
set -u
cd "$(dirname "$0")/python" || exit 1
export PYTHONDONTWRITEBYTECODE=1 DDIL=${DDIL:-$PWD/../../ddil}
unset DDIL_RUNS
python=
for candidate in python3 /usr/bin/python3; do # one of the system's has the system's numpy
    "$candidate" -c 'import numpy' 2>/dev/null && python=$candidate && break
done
[ -n "$python" ] || { echo "1..0 # SKIP no python3 with numpy" && exit 0; }
for candidate in "$python" /usr/bin/python3; do
    "$candidate" -c 'import numpy, torch' 2>/dev/null && python=$candidate && break
done
for test in test_*.py; do
    "$python" "$test" || status=1
done
exit "${status:-0}"
