"""One timer to the next moment at which something is due, where that moment follows from data."""

import asyncio
from collections.abc import Callable
from datetime import datetime

import apsw
import structlog

from jobs.db import Database
from jobs.spine.switches import FROZEN, is_on
from jobs.times import now

log = structlog.get_logger()

LONGEST_SLEEP = 3600.0
"""Seconds; the clock is looked at at least this often, so that one that was set is noticed."""
STORAGE_PAUSE = 5.0
"""Seconds before another try after the database refused to be written (a full disk)."""
FAULT_PAUSE = 60.0
"""The same after anything else went wrong: whatever it is, the rest of time goes on."""


class Timer:
    """`fire` does what is due and returns when something is due next. While all is frozen it is not called."""

    def __init__(self, db: Database, fire: Callable[[], datetime | None]) -> None:
        self._db = db
        self._fire = fire
        self._handle: asyncio.Handle | None = None
        self._running = False

    def start(self) -> None:
        """Do what fell due in the meantime, and wait for the next."""
        self._running = True
        self.look()

    def stop(self) -> None:
        self._running = False
        self._cancel()

    def soon(self) -> None:
        """Something may be due earlier than it was: look as soon as the transaction that changed it has ended."""
        if self._running:
            self._cancel()
            self._handle = asyncio.get_running_loop().call_soon(self.look)

    def look(self) -> None:
        """Do what is due now and set the timer; whoever thaws what was frozen calls this."""
        self._cancel()
        if not self._running or is_on(self._db, FROZEN):
            return
        try:
            due = self._fire()
        except apsw.Error as error:
            log.error("what is due was not stored", error=str(error))
            self._wait(STORAGE_PAUSE)
        except Exception:  # or nothing of it would ever be due again, and a start would fail by it
            log.exception("what is due could not be done")
            self._wait(FAULT_PAUSE)
        else:
            self._wait(LONGEST_SLEEP if due is None else max(0.0, (due - now()).total_seconds()))

    def _wait(self, seconds: float) -> None:
        self._cancel()  # what was due has changed tasks, which asked for another look
        self._handle = asyncio.get_running_loop().call_later(min(seconds, LONGEST_SLEEP), self.look)

    def _cancel(self) -> None:
        if self._handle:
            self._handle.cancel()
            self._handle = None
