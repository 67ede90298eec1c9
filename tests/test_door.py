"""`./jobs` itself: the environment is made once, and made again where it was left half made."""

import os
import subprocess
from pathlib import Path

import pytest

DOOR = Path(__file__).parents[1] / "jobs"
SOUND = '#!/bin/sh\necho "in it: $*" >>"$LOG"\n'
WITHOUT_PIP = '#!/bin/sh\necho "in it: $*" >>"$LOG"\n[ "$2" != pip ]\n'
PYTHON = """#!/bin/sh
echo "python: $*" >>"$LOG"
[ "$1 $2" != "-m venv" ] || { mkdir -p "$3/bin"; cp "$SOUND" "$3/bin/python"; }
"""


def program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(("left", "is_made"), [(None, True), (WITHOUT_PIP, True), (SOUND, False)])
def test_an_environment_that_was_left_half_made_is_made_again(tmp_path: Path, left: str | None, is_made: bool) -> None:
    """As `python3 -m venv` leaves it where Debian's python3-venv is missing: installing that has to be enough."""
    venv, log = tmp_path / "venv", tmp_path / "log"
    if left:
        program(venv / "bin" / "python", left)
    variables = {
        "PATH": os.environ["PATH"],
        "JOBS_VENV": str(venv),
        "JOBS_PYTHON": str(program(tmp_path / "python3", PYTHON)),
        "SOUND": str(program(tmp_path / "sound", SOUND)),
        "LOG": str(log),
    }
    done = subprocess.run([DOOR, "version"], env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = log.read_text().splitlines()
    assert any(line.startswith("python: -m venv") for line in told) == is_made
    assert told[-1] == "in it: -m jobs version"
    subprocess.run([DOOR, "version"], env=variables, check=True)
    assert len(log.read_text().splitlines()) == len(told) + 1, "once"
