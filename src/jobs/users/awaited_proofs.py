"""A task that was said to be done under a file: it counts as done once the file is here, so that the file goes with it.

What is awaited is in the database from the moment the message is, so that a restart goes on with it.
"""

import asyncio
from collections.abc import Callable

import structlog

from jobs.db import Database
from jobs.spine.inbox import Inbox
from jobs.users.attachments import Attachments
from jobs.users.repository import UsersRepository

log = structlog.get_logger()


AGAIN_SECONDS = 60.0
"""Between tries where something broke: the person has said that it is done, and waits to hear that this was noted."""


class AwaitedProofs:
    def __init__(self, db: Database, inbox: Inbox, users: UsersRepository, attachments: Attachments) -> None:
        self._db = db
        self._inbox = inbox
        self._users = users
        self._attachments = attachments
        self._fetching: dict[int, asyncio.Task[None]] = {}
        self._later: dict[int, asyncio.TimerHandle] = {}
        self.on_here: Callable[[int, int, str], None] = lambda person_id, task_id, key: None
        """Told whose task is done, which, and the key of the message that says so, in the transaction that closes it.

        A file that could not be fetched, of which the person was told, is no reason to wait any longer.
        """

    def start(self) -> None:
        """Go on with what an earlier run was waiting for."""
        for row in self._db.execute("SELECT inbox_id FROM awaited_proofs"):
            self._begin(row["inbox_id"])

    async def stop(self) -> None:
        """What has not come yet is fetched after the next start."""
        for timer in self._later.values():
            timer.cancel()
        tasks = list(self._fetching.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def cancel(self, lane: int) -> "asyncio.Future[list[BaseException | None]]":
        """Fetch nothing more of a person's; awaiting the result waits until nothing is being fetched."""
        tasks = [task for inbox_id, task in self._fetching.items() if self._lane_of(inbox_id) == lane]
        for task in tasks:
            task.cancel()
        return asyncio.gather(*tasks, return_exceptions=True)

    def _lane_of(self, inbox_id: int) -> int | None:
        row = self._inbox.get(inbox_id)
        return row.lane if row else None

    def wait(self, key: str, task_id: int) -> None:
        """Await the file of the message that was stored under `key`. Joins the caller's transaction."""
        inbox_id = self._db.value("SELECT id FROM inbox WHERE key = ?", (key,))
        self._db.execute("INSERT INTO awaited_proofs (inbox_id, task_id) VALUES (?, ?)", (inbox_id, task_id))
        asyncio.get_running_loop().call_soon(self._begin, inbox_id)  # by then it is committed

    def _begin(self, inbox_id: int) -> None:
        self._later.pop(inbox_id, None)
        if inbox_id not in self._fetching:
            self._fetching[inbox_id] = task = asyncio.create_task(self._fetch(inbox_id))
            task.add_done_callback(lambda done: self._ended(inbox_id, done))

    def _ended(self, inbox_id: int, task: "asyncio.Task[None]") -> None:
        del self._fetching[inbox_id]
        if task.cancelled():
            return
        if error := task.exception():
            log.error("proof not taken; it is tried again", row=inbox_id, error=repr(error))
            self._later[inbox_id] = asyncio.get_running_loop().call_later(AGAIN_SECONDS, self._begin, inbox_id)

    async def _fetch(self, inbox_id: int) -> None:
        row = self._inbox.get(inbox_id)
        person = self._users.get(row.lane) if row else None
        if row is not None and person is not None:
            await self._attachments.fetch([row], person)
        with self._db.transaction():
            awaited = self._db.one("SELECT task_id FROM awaited_proofs WHERE inbox_id = ?", (inbox_id,))
            if row is not None and awaited is not None:
                self.on_here(row.lane, awaited["task_id"], row.key)
            self._db.execute("DELETE FROM awaited_proofs WHERE inbox_id = ?", (inbox_id,))
