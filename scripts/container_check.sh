#!/bin/sh
# Builds the image and tries it for real, also where no Docker engine runs: with buildah, podman and runc, as root.
#   scripts/container_check.sh [IMAGE]      needs: podman buildah runc (and debootstrap, python3.12 where the base cannot be pulled)
# The base image is pulled if it can be; else a stand-in is made of Debian and this machine's Python 3.12, and said to be one.
set -eu
cd -- "$(dirname -- "$0")/.."
image=${1:-localhost/jobs-assistant}
base=docker.io/library/python:3.12-slim-bookworm
python="${JOBS_VENV:-.venv}/bin/python"

stand_in() {
    echo "container_check: the base image cannot be pulled; making a stand-in of Debian and $(python3.12 --version)"
    root=$(mktemp -d)/rootfs
    debootstrap --variant=minbase bookworm "$root" >/dev/null
    cp /etc/resolv.conf "$root/etc/resolv.conf"
    chroot "$root" sh -c 'apt-get update -qq && apt-get install -qq -y --no-install-recommends ca-certificates libssl3 \
        libffi8 libsqlite3-0 zlib1g libbz2-1.0 liblzma5 libreadline8 libuuid1 libexpat1 libncursesw6 netbase tzdata \
        && rm -rf /var/lib/apt/lists/* /var/cache/apt/*' >/dev/null
    prefix=$(python3.12 -c 'import sys; print(sys.base_prefix)')
    cp -a "$prefix/bin" "$prefix/lib" "$root/usr/local/"
    rm -rf "$root/usr/local/lib/python3.12/test" "$root/etc/resolv.conf"
    chroot "$root" sh -c 'ldconfig; ln -sf python3.12 /usr/local/bin/python3; ln -sf python3.12 /usr/local/bin/python'
    tar -C "$root" -c . | podman import -q --change \
        'ENV PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin' - "$base"
    rm -rf "$root"
}

podman image exists "$base" || podman pull -q "$base" 2>/dev/null || stand_in

# Where packages come from is this machine's business: its configuration is lent to the build, and stays out of the image.
lent=""
for path in /etc/pip.conf /etc/ssl/certs /usr/local/share/ca-certificates /etc/resolv.conf; do
    [ -e "$path" ] && lent="$lent -v $path:$path:ro"
done
# shellcheck disable=SC2086
buildah bud --isolation chroot --network host --pull=never --format docker --layers $lent -t "$image" . >/dev/null

export PYTHONPATH=src
exec "$python" scripts/container_check.py "$image"
