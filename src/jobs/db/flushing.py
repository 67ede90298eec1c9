"""Waiting for the disk without holding up the event loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor


class Flushing:
    """`flush` puts all that was committed on the disk. It is called in a thread; many may wait for the same call.

    The thread is its own, made when it is first wanted: what is sent does not wait for pictures, backups and the like.
    """

    def __init__(self, flush: Callable[[], None]) -> None:
        self._flush = flush
        self._thread = ThreadPoolExecutor(1, "flush")
        self._under_way: asyncio.Future[None] | None = None
        self._next: asyncio.Task[None] | None = None

    async def flushed(self) -> None:
        """Returns when all that was committed before the call is on the disk. Raises what `flush` raises."""
        if self._next is None and (self._under_way is None or self._under_way.done()):
            await asyncio.shield(self._begin())
            return
        if self._next is None:  # the one under way may have begun too early
            self._next = asyncio.create_task(self._follow(), name="flush")
        await asyncio.shield(self._next)

    def _begin(self) -> "asyncio.Future[None]":
        self._under_way = asyncio.get_running_loop().run_in_executor(self._thread, self._flush)
        return self._under_way

    async def _follow(self) -> None:
        if self._under_way:
            await asyncio.wait((self._under_way,))
        self._next = None
        await self._begin()
