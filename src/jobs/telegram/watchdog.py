"""Whether Telegram is still there: a connection can be dead for minutes before TCP notices.

When nothing has come for EVERY seconds Telegram is asked for something small. If nothing at all comes within PATIENCE
seconds after that, the connection is given up and made anew: a silent one is noticed after 45 s at the latest.
"""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from telethon.tl import functions

from jobs.telegram.client import Client
from jobs.texts import Language, say, say_time
from jobs.times import now

log = structlog.get_logger()

EVERY = 20.0
PATIENCE = 25.0
"""Seconds; a piece of a file being uploaded over a slow line may go before the question."""
LONG_AWAY = 300.0
"""Seconds without a connection after which it is said in the log, and afterwards in /status."""


class Connection:
    """Since when Telegram has been there, or away."""

    def __init__(self) -> None:
        self.is_there = True
        self.since = now()
        """Since when things are as they are, in UTC."""
        self.last_absence = 0.0
        """For how many seconds Telegram was away before it came back, if it ever was."""

    def lost(self, seconds: float) -> None:
        """Nothing has come for so long."""
        if self.is_there:
            self.is_there, self.since = False, now() - timedelta(seconds=seconds)

    def found(self, seconds: float) -> None:
        """Telegram answers, after so long."""
        self.is_there, self.since, self.last_absence = True, now(), seconds

    def words(self, zone: ZoneInfo, language: Language) -> str:
        """How things are, for /status; an absence only if it was a long one."""
        text = say("online" if self.is_there else "offline", language, since=say_time(self.since, zone, language))
        if self.is_there and self.last_absence >= LONG_AWAY:
            text += f" ({say('was_offline', language, minutes=round(self.last_absence / 60))})"
        return text


class Watchdog:
    """`every`, `patience` and `long_away` are in seconds. `on_found` is told when Telegram answers after a silence."""

    def __init__(
        self,
        client: Client,
        connection: Connection,
        on_found: Callable[[], None],
        *,
        every: float = EVERY,
        patience: float = PATIENCE,
        long_away: float = LONG_AWAY,
    ) -> None:
        self._client = client
        self._connection = connection
        self._on_found = on_found
        self._every = every
        self._patience = patience
        self._long_away = long_away
        self._question: asyncio.Future[Any] | None = None
        self._heard_at = 0.0
        """By the event loop's clock: before the silence that lasts now."""
        self._said = False

    async def run(self) -> None:
        """Watch for ever."""
        clock = asyncio.get_running_loop()
        self._heard_at = clock.time()
        while True:
            if self._connection.is_there:
                self._heard_at = max(self._heard_at, self._client.heard_at)
                if (left := self._heard_at + self._every - clock.time()) > 0:
                    await asyncio.sleep(left)
                    continue
            if await self._answers():
                self._found(clock.time() - self._heard_at)
            else:
                self._lost(clock.time() - self._heard_at)
                self._client.reconnect()

    async def _answers(self) -> bool:
        """Ask, and wait for PATIENCE; anything that comes is as good as the answer.

        A question without an answer is not repeated: Telethon asks it again on each new connection.
        """
        asked_at = asyncio.get_running_loop().time()
        try:
            if self._question is None or self._question.done():
                self._question = self._client.ask(functions.updates.GetStateRequest())
                self._question.add_done_callback(lambda asked: asked.cancelled() or asked.exception())
        except ConnectionError:  # it is over; whoever waits for the client's end says why
            await asyncio.sleep(self._patience)
            return False
        await asyncio.wait({self._question}, timeout=self._patience)
        return self._client.heard_at > asked_at

    def _lost(self, seconds: float) -> None:
        if self._connection.is_there:
            log.warning("Telegram is silent; connecting anew", seconds=round(seconds))
        self._connection.lost(seconds)
        if seconds >= self._long_away and not self._said:
            self._said = True
            log.error("no connection to Telegram", minutes=round(seconds / 60, 1))

    def _found(self, seconds: float) -> None:
        if not self._connection.is_there:
            log.warning("Telegram is there again", seconds=round(seconds))
            self._connection.found(seconds)
            self._said = False
            self._on_found()
