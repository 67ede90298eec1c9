#!/bin/sh
# Follows docs/operations.md, "systemd", under a systemd of its own: a container of systemd-nspawn whose root is this machine's
# with a layer in memory over it, so nothing is changed here. As root; also where the machine runs no systemd itself.
#   scripts/systemd_check.sh      needs: systemd-container, git, python3-venv, 2 GB of memory; it clones the last commit
# Not tried are MemoryMax and TasksMax: the container has no cgroup controllers of its own to give.
set -eu
cd -- "$(dirname -- "$0")/.."
[ -n "${JOBS_OWN_MOUNTS:-}" ] || JOBS_OWN_MOUNTS=1 exec unshare --mount --propagation private "$0"
python="${JOBS_VENV:-.venv}/bin/python"
store=$(mktemp -d)
nspawn=""
clean_up() {
    [ -z "$nspawn" ] || { kill "$nspawn" 2>/dev/null && wait "$nspawn"; } || true
    umount "$store/layer/root" "$store/layer" && rm -r "$store"
}
trap clean_up EXIT
trap 'exit 1' INT TERM

mkdir "$store/layer"
mount -t tmpfs -o size=4g layer "$store/layer"
mkdir "$store/layer/upper" "$store/layer/work" "$store/layer/root"
root=$store/layer/root
mount -t overlay -o "lowerdir=/,upperdir=$store/layer/upper,workdir=$store/layer/work" overlay "$root"
# A machine as new: none of this one's services and mounts.
rm -rf "$root"/etc/systemd/system/*.wants "$root/etc/fstab"
for unit in networkd resolved timesyncd; do ln -sf /dev/null "$root/etc/systemd/system/systemd-$unit.service"; done
ln -sf /lib/systemd/system/multi-user.target "$root/etc/systemd/system/default.target"

systemd-nspawn --quiet --directory "$root" --machine jobs-check --register=no --keep-unit --resolv-conf=off --timezone=off \
    --link-journal=no --system-call-filter=@sandbox --boot </dev/null >"$store/console" 2>&1 &
nspawn=$!
tries=100
until leader=$(pgrep -P "$nspawn" -x systemd); do
    tries=$((tries - 1))
    if [ "$tries" -eq 0 ] || ! kill -0 "$nspawn" 2>/dev/null; then cat "$store/console"; exit 1; fi
    sleep 0.2
done
PYTHONPATH=src "$python" scripts/systemd_check.py "$leader" "$root"
