"""How Jobs' commands are typed where it runs: `./jobs …`, or what stands for that in a container or under systemd."""

import os
import re
import sys

_OF_THE_IMAGE = {
    "up": "docker compose up -d",
    # What only a stopped Jobs takes.
    **{name: f"docker compose run --rm jobs {name}" for name in ("setup", "restore", "migrate", "demo")},
}
_OF_THE_UNIT = {"up": "systemctl start jobs"}


def as_called(text: str) -> str:
    """A text in which every `./jobs NAME` is what a person can type as it stands (docs/operations.md)."""
    return re.sub(r"\./jobs (\w+)", lambda found: _command(found[1]), text)


def complain(sentence: str) -> None:
    """Tell the person at the terminal what is wrong."""
    print(f"jobs: {as_called(sentence)}", file=sys.stderr, flush=True)


def _command(name: str) -> str:
    if os.environ.get("JOBS_CONTAINER"):  # as the image sets it
        return _OF_THE_IMAGE.get(name, f"docker compose exec jobs jobs {name}")
    if os.environ.get("JOBS_UNIT"):  # as the unit and `jobsctl` set it
        return _OF_THE_UNIT.get(name, f"jobsctl {name}")
    return f"./jobs {name}"
