"""Whether the walls stand: tried, not assumed. A probe starts as a session's process does, and tries what it must not.

It runs in the CLI's place, behind the same walls, and changes nothing (`probe.py`).
"""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from jobs.config import project_root
from jobs.serving import HOST
from jobs.walls.launch import KEEP_VARIABLE, WALLS_VARIABLE
from jobs.walls.plan import SessionPaths, Walls

HERE = Path(__file__).parent
PROBE_SECONDS = 30.0
PROBES = 3
"""A Jobs that starts or stops meanwhile ends all that runs as its sessions' users, a probe too."""


@dataclass(frozen=True)
class Trial:
    role: str
    """"owner" or "external"."""
    name: str
    """What was tried, such as "read the database"."""
    should_work: bool
    worked: bool

    @property
    def held(self) -> bool:
        return self.worked == self.should_work


def try_walls(walls: Walls, paths: SessionPaths, *, is_owner: bool) -> list[Trial]:
    """Every try for a role. `paths`: of a session of its own. This process stands for Jobs, whose user it needs."""
    with (
        closing(socket.create_server((HOST, 0))) as broker,
        closing(socket.create_server((HOST, 0))) as other,
        open(sys.executable, "rb") as opened,
        _listening(walls.settings.data_dir / _listener()),
    ):
        ports = broker.getsockname()[1], other.getsockname()[1]
        forbidden, granted = _tries(walls, paths, is_owner, opened.fileno(), ports)
        told = _run(walls, paths, {**forbidden, **granted}, is_owner=is_owner, broker_port=ports[0])
    role = "owner" if is_owner else "external"
    return [Trial(role, name, name in granted, worked) for name, worked in told.items()]


Tries = dict[str, tuple[str, str]]


def _tries(
    walls: Walls, paths: SessionPaths, is_owner: bool, open_file: int, ports: tuple[int, int]
) -> tuple[Tries, Tries]:
    settings = walls.settings
    data, jobs_pid = settings.data_dir, os.getpid()
    forbidden: Tries = {
        "read the database": ("read", str(data / "db.sqlite")),
        "change the database": ("write", str(data / "db.sqlite")),
        "read the Telegram login": ("read", str(settings.telethon_session)),
        "list the data directory": ("list", str(data)),
        "write into the data directory": ("write", str(data)),
        "read the settings file": ("read", str(project_root() / ".env")),
        "read Jobs' environment": ("read", f"/proc/{jobs_pid}/environ"),
        "read Jobs' memory": ("read", f"/proc/{jobs_pid}/mem"),
        "open what Jobs has open": ("read", f"/proc/{jobs_pid}/fd/{open_file}"),
        "signal Jobs": ("signal", str(jobs_pid)),
        "change Jobs' program": ("write", str(HERE)),
        "become root or Jobs again": ("become", str(os.geteuid() if walls.has_users else 0)),
    }
    if walls.has_users or walls.covers:
        forbidden |= {
            "change the database's mode": ("mode", str(data / "db.sqlite")),
            "speak to a program outside": ("speak", str(data / _listener())),
        }
    if walls.has_users is False and os.geteuid() == 0:
        del forbidden["become root or Jobs again"]  # it is root already, and nothing was promised
    if is_owner:
        return forbidden, {
            "write the workspace": ("write", str(settings.workspace_dir)),
            "write its own temporary folder": ("write", str(paths.temporary)),
            "use the network": ("connect", f"{HOST}:{ports[1]}"),
        }
    forbidden |= {
        "read the workspace": ("list", str(settings.workspace_dir)),
        "write the workspace": ("write", str(settings.workspace_dir)),
        "write to /tmp": ("write", "/tmp"),
        "write to shared memory": ("write", "/dev/shm"),
        "read the owner's home": ("list", str(Path.home())),
        "use the network": ("connect", f"{HOST}:{ports[1]}"),
    }
    return forbidden, {
        "reach the model's broker": ("connect", f"{HOST}:{ports[0]}"),
        "write its own temporary folder": ("write", str(paths.temporary)),
    }


def _listener() -> str:
    """The name of a socket in Jobs' folder, of this process alone."""
    return f".probe-{os.getpid()}"


@contextmanager
def _listening(path: Path) -> Iterator[None]:
    """A socket with a name, on which somebody listens."""
    path.unlink(missing_ok=True)  # of an earlier one that was killed
    folder = os.open(path.parent, os.O_PATH)
    try:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(f"/proc/self/fd/{folder}/{path.name}")  # short, whatever the path is
            listener.listen()
            yield
    finally:
        os.close(folder)
        path.unlink(missing_ok=True)


def _run(walls: Walls, paths: SessionPaths, tries: Tries, *, is_owner: bool, broker_port: int) -> dict[str, bool]:
    program = Path(sys.executable)
    order = walls.order(paths, is_owner=is_owner, program=program, broker_port=broker_port)
    python = (sys.executable, "-ISB")
    for _ in range(PROBES):
        done = subprocess.run(
            [*python, str(HERE / "launch.py"), *python, str(HERE / "probe.py"), json.dumps(tries)],
            env={"PATH": os.defpath, KEEP_VARIABLE: "PATH", WALLS_VARIABLE: order},
            cwd=paths.temporary,
            capture_output=True,
            text=True,
            timeout=PROBE_SECONDS,
            check=False,
        )
        if done.returncode != -signal.SIGKILL:
            break
    if done.returncode != 0:
        raise RuntimeError(f"the probe did not run: {done.stderr.strip().splitlines()[-1:]}")
    told: dict[str, bool] = json.loads(done.stdout)
    return told
