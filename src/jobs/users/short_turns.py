"""The questions to a cheap model that are under way: those that belong to no conversation (`short_turn`)."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from jobs.db import Database
from jobs.spine.switches import FROZEN, is_on
from jobs.users.outcome import Reply, SessionFailed

STOPPED = "the owner has stopped everything"


class ShortTurns:
    """While all is frozen none is begun."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._running: set[asyncio.Future[Reply]] = set()

    async def run(self, asked: Coroutine[Any, Any, Reply]) -> Reply:
        """The question's answer. Raises SessionFailed when the owner does not want it, and what the question raises."""
        if is_on(self._db, FROZEN):
            asked.close()
            raise SessionFailed(STOPPED)
        task = asyncio.ensure_future(asked)
        self._running.add(task)
        try:
            return await task
        except asyncio.CancelledError:
            if task in self._running:  # it is the caller who is cancelled
                raise
            raise SessionFailed(STOPPED) from None
        finally:
            self._running.discard(task)

    def stop(self) -> None:
        """Break all of them off."""
        stopped, self._running = self._running, set()
        for task in stopped:
            task.cancel()
