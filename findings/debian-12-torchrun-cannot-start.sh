#!/usr/bin/env bash
# Debian 12's torchrun does not start a plain job: python3-torch 1.13.1+dfsg-4 under the distribution's own Python 3.11.2 ends
# before the first rank with "AttributeError: 'NoneType' object has no attribute 'get'". Its table of where a rank's output goes is
# a Flag, whose value it looks up by iterating the class; since Python 3.11 that iteration yields single bits only, so "0" (the
# default: nowhere) and "3" (both) are not found, "1" and "2" are. The same job starts with --redirects 1 --tee 1, which sends
# standard output to a file and to the terminal.
set -eu
t=$(mktemp -d); trap 'rm -rf "$t"' EXIT; cd "$t"
mkdir -p cache/archives/partial root
: >status
apt-get -qq -y -o Dir::State::status="$t/status" -o Dir::Cache="$t/cache" -o APT::Sandbox::User=root --download-only \
    --no-install-recommends install python3-torch=1.13.1+dfsg-4 python3.11=3.11.2-6+deb12u8 libpython3.11-stdlib=3.11.2-6+deb12u8 python3.11-minimal=3.11.2-6+deb12u8 libpython3.11-minimal=3.11.2-6+deb12u8 python3-setuptools >apt.log 2>&1 ||
    { tail -n 3 apt.log; exit 1; }
for package in cache/archives/*.deb; do dpkg -x "$package" root; done
mkdir -p root/tmp root/dev/shm
mknod root/dev/urandom c 1 9 && mknod root/dev/null c 1 3
echo 'import os; print("rank", os.environ["RANK"], flush=True)' >root/tmp/job.py
run() { # options of torchrun
    LD_LIBRARY_PATH=/usr/lib/x86_64-linux-gnu/blas:/usr/lib/x86_64-linux-gnu/lapack chroot root /usr/bin/python3.11 \
        -m torch.distributed.run --nproc_per_node 1 "$@" /tmp/job.py 2>&1 || true
}
run >plain
run --redirects 1 --tee 1 --log_dir /tmp/log >with
tail -n 1 plain
grep 'rank 0' with || tail -n 2 with
if grep -q "'NoneType' object has no attribute 'get'" plain && ! grep -q 'rank 0' plain && grep -q 'rank 0' with; then
    echo "as stated"
else
    echo "NOT as stated"
    exit 1
fi
