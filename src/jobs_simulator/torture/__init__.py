"""The torture: the real program between loopback servers, under faults of every kind, held to its first promise."""

import asyncio
import shutil
import signal
import tempfile
from pathlib import Path

from .report import Account
from .run import Torture

__all__ = ["Torture", "torture"]


def torture(rounds: int, seed: int) -> int:
    """Run it and print the table; returns 0 when nothing was lost, twice, out of order or repeated, else 1.

    Of a run that failed the folder with the program's log and database is kept, and named.
    """
    folder = Path(tempfile.mkdtemp(prefix="jobs-torture-"))
    try:
        result = asyncio.run(_run(Torture(folder, rounds, seed)))
    except (asyncio.CancelledError, KeyboardInterrupt):
        shutil.rmtree(folder)
        return 1
    print(f"\n{result.table()}")
    for sentence in result.findings.all:
        print(f"FAILED: {sentence}")
    for sentence in result.ended:
        print(f"ended by itself: {sentence}")
    if result.is_good:
        shutil.rmtree(folder)
        return 0
    print(f"log and database: {folder}")
    return 1


async def _run(whole: Torture) -> Account:
    """To its end, or until SIGTERM or SIGINT; either way no process is left."""
    task = asyncio.ensure_future(whole.run())
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await task
