#!/bin/sh
# Follows docs/operations.md, "Container", with Docker: builds, sets up and runs the last commit between loopback servers.
#   scripts/compose_check.sh      needs: docker with compose 2.24 (and debootstrap, python3.12 where the base cannot be pulled)
set -eu
cd -- "$(dirname -- "$0")/.."
. scripts/base_image.sh
# Where packages come from is this machine's business; Docker lends nothing to a build, so a stand-in has it inside.
# shellcheck disable=SC2086
have_base docker $lendable
PYTHONPATH=src exec "${JOBS_VENV:-.venv}/bin/python" scripts/compose_check.py
