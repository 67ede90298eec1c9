# For container_check.sh and compose_check.sh: the base image, or a stand-in where it cannot be pulled. To be sourced.
base=docker.io/library/python:3.12-slim-bookworm
lendable="/etc/pip.conf /etc/ssl/certs /usr/local/share/ca-certificates"

# have_base ENGINE [LENT…]: `podman` or `docker`; of the machine's configuration, what is to lie in a stand-in.
have_base() {
    engine=$1
    shift
    "$engine" image inspect "$base" >/dev/null 2>&1 && return
    "$engine" pull -q "$base" 2>/dev/null && return
    echo "the base image cannot be pulled; making a stand-in of Debian and $(python3.12 --version)"
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
    for path in "$@"; do
        [ -e "$path" ] || continue
        rm -rf "$root$path" && mkdir -p "$root$(dirname "$path")" && cp -rL "$path" "$root$path"
    done
    tar -C "$root" -c . | "$engine" import --change \
        'ENV PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin' - "$base" >/dev/null
    rm -rf "$root"
}
