"""Waiting for what was committed to be on the disk, without holding up the event loop."""

import asyncio

from jobs.db.connection import Database


class Flushing:
    """Many may wait for the same flush."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._one_at_a_time = asyncio.Lock()
        self._next: asyncio.Task[None] | None = None

    async def flushed(self) -> None:
        """Returns when all that was committed before the call is on the disk. Raises OSError."""
        if self._next is None:
            self._next = asyncio.create_task(self._flush(), name="flush")
        await asyncio.shield(self._next)

    async def _flush(self) -> None:
        async with self._one_at_a_time:
            self._next = None  # from here on it may come too early for what is committed
            await asyncio.to_thread(self._db.flush)
