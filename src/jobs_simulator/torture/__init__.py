"""The torture: the real program between loopback servers, under faults of every kind, held to its first promise."""

import asyncio
import shutil
import tempfile
from pathlib import Path

from .run import Torture

__all__ = ["Torture", "torture"]


def torture(rounds: int, seed: int) -> int:
    """Run it and print the table; returns 0 when nothing was lost, twice, out of order or repeated, else 1.

    Of a run that failed the folder with the program's log and database is kept, and named.
    """
    folder = Path(tempfile.mkdtemp(prefix="jobs-torture-"))
    result = asyncio.run(Torture(folder, rounds, seed).run())
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
