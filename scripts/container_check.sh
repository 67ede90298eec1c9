#!/bin/sh
# Builds the image and tries it for real, also where no Docker engine runs: with buildah, podman and runc, as root.
#   scripts/container_check.sh [IMAGE]      needs: podman buildah runc (and debootstrap, python3.12 where the base cannot be pulled)
# The base image is pulled if it can be; else a stand-in is made of Debian and this machine's Python 3.12, and said to be one.
set -eu
cd -- "$(dirname -- "$0")/.."
image=${1:-localhost/jobs-assistant}
python="${JOBS_VENV:-.venv}/bin/python"
. scripts/base_image.sh
have_base podman

# Where packages come from is this machine's business: its configuration is lent to the build, and stays out of the image.
lent=""
for path in $lendable /etc/resolv.conf; do
    [ -e "$path" ] && lent="$lent -v $path:$path:ro"
done
# shellcheck disable=SC2086
buildah bud --isolation chroot --network host --pull=never --format docker --layers $lent -t "$image" . >/dev/null

export PYTHONPATH=src
exec "$python" scripts/container_check.py "$image"
