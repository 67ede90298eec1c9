#!/bin/sh
# The first program of the container: as root it puts the two folders into the right hands and becomes the user `jobs`, who
# keeps four capabilities: to start sessions as other users (SETUID, SETGID), to end them (KILL), to read and tidy what
# they leave (DAC_OVERRIDE). Started as any other user it runs Jobs as that one, with Landlock alone.
set -eu
cd /workspace
if [ "$(id -u)" -ne 0 ]; then
    umask 077
    exec python -m jobs "$@"
fi
if [ "$(stat -c %U /data)" != jobs ]; then
    chown -R root:root /data && chmod -R go= /data && chmod 0711 /data && chown -R jobs:jobs /data
fi
if [ "$(stat -c %G /workspace)" != work ]; then
    chown -R root:root /workspace && chmod -R u+rwX,g+rwX,o= /workspace
    find /workspace -type d -exec chmod g+s {} +
    chown -R agent:work /workspace
fi
umask 007
kept=+setuid,+setgid,+kill,+dac_override
exec setpriv --reuid=jobs --regid=jobs --init-groups --inh-caps=-all,$kept --ambient-caps=-all,$kept --no-new-privs \
    python -m jobs "$@"
