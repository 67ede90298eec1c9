"""`python -m jobs_simulator.clock <file> up`: the program on a clock that can be set from outside.

The file holds one double: by how many seconds the program's clock is ahead of the machine's. An unprivileged process
cannot set the machine's clock, and the program must not know that it is tested; so only this process's notion of the
time of day is replaced, before anything of the program is imported. The monotonic clock runs on, as it does when a
clock is really set, and what the program starts (the CLI) has the machine's time.
"""

import mmap
import struct
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

SECONDS = struct.Struct("d")


class Clock:
    """The file from outside: what the program's clock is set to."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.set(0.0)

    def set(self, ahead: float) -> None:
        """By how many seconds it is ahead of the machine's clock; negative: behind."""
        mode = "r+b" if self.path.exists() else "w+b"
        with self.path.open(mode) as file:  # in place, since the program has the file mapped
            file.write(SECONDS.pack(ahead))


def replace_clock(path: Path) -> None:
    """Let this process's time of day follow the file."""
    with path.open("rb") as file:
        shared = mmap.mmap(file.fileno(), SECONDS.size, access=mmap.ACCESS_READ)
    machine, machine_ns = time.time, time.time_ns

    def ahead() -> float:
        return float(SECONDS.unpack_from(shared)[0])

    def now() -> datetime:
        return datetime.now(UTC) + timedelta(seconds=ahead())

    from jobs import times

    for module, name, clock in (
        (time, "time", lambda: machine() + ahead()),
        (time, "time_ns", lambda: machine_ns() + int(ahead() * 1e9)),
        (times, "now", now),
    ):
        setattr(module, name, clock)


def main() -> None:
    replace_clock(Path(sys.argv[1]))
    sys.argv = ["jobs", *sys.argv[2:]]
    from jobs.__main__ import main as run

    run()


if __name__ == "__main__":
    main()
