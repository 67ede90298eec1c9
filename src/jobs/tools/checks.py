"""Checks: a command that decides, before any model is asked, whether there is anything to do."""

import asyncio
import contextlib
import hashlib
import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from jobs.walls import Confined, unconfined

SECONDS = 60.0
"""How long a check may take; then it and all that it started are killed."""
KEPT = 4000
"""Bytes of its output that are handed on; the rest is read and dropped."""
PASSED_ON = ("PATH", "LANG", "LC_ALL", "TZ")
"""What a check's environment has of the program's: no credential is among it."""

When = Literal["succeeds", "fails", "prints", "changes"]


class CheckFailed(Exception):
    """The check could not say anything; one sentence."""


@dataclass(frozen=True)
class Checked:
    code: int
    output: str
    digest: str
    """Of all that it printed, not only of what is kept."""

    def says_go(self, when: When, seen: str | None) -> bool:
        """Whether there is something to do. `seen`: the digest of the time before; without one nothing has changed."""
        match when:
            case "succeeds":
                return self.code == 0
            case "fails":
                return self.code != 0
            case "prints":
                return bool(self.output.strip())
            case "changes":
                return seen is not None and self.digest != seen


async def check(command: str, folder: Path, confined: Confined = unconfined) -> Checked:
    """Run a command by the shell in `folder`. Raises CheckFailed when it takes too long or cannot be started."""
    given = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    try:
        program, arguments, environment = confined("/bin/sh", ["-c", command], given)
        process = await asyncio.create_subprocess_exec(
            *(program, *arguments),
            cwd=folder,
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise CheckFailed(f"the check could not be started: {error}") from None
    kept, digest = bytearray(), hashlib.sha256()
    assert process.stdout is not None
    try:
        async with asyncio.timeout(SECONDS):
            while chunk := await process.stdout.read(1 << 16):
                digest.update(chunk)
                kept += chunk[: KEPT - len(kept)]
            code = await process.wait()
    except TimeoutError:
        raise CheckFailed(f"the check took more than {SECONDS:g} s") from None
    finally:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)  # with what it left running
        await process.wait()
    return Checked(code, kept.decode(errors="replace"), digest.hexdigest())
