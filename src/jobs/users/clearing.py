"""What somebody who is forgotten leaves on the disk: it goes right after their records, and they are told when it has.

That it has to go is noted with the deletion of the records, so a crash in between leaves nothing behind. Until it is
gone no turn of theirs begins: a new session would find what the old one has left.
"""

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

import structlog

from jobs.db import Database
from jobs.spine.outbox import Outbox
from jobs.texts import LANGUAGES, say
from jobs.users.awaited_proofs import AwaitedProofs
from jobs.users.model import Person
from jobs.users.session_manager import SessionManager

log = structlog.get_logger()

NOTE = "clearing"
"""How the keys of `meta` begin that say whose files have to go."""

AGAIN_SECONDS = 60.0
"""Between tries where something broke."""
READER_SECONDS = 0.2
"""Between tries while the memory's index reads the database, or is at work itself."""


class Clearing:
    """`data_dir` and `workspace` are where a person's session and files are.

    `has_left_index` takes what is gone out of the memory's index, and tells whether nothing is left there.
    """

    def __init__(
        self,
        db: Database,
        outbox: Outbox,
        sessions: SessionManager,
        proofs: AwaitedProofs,
        data_dir: Path,
        workspace: Path,
        has_left_index: Callable[[], Awaitable[bool]],
    ) -> None:
        self._db = db
        self._outbox = outbox
        self._sessions = sessions
        self._proofs = proofs
        self._data_dir = data_dir
        self._workspace = workspace
        self._has_left_index = has_left_index
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._stopped = False
        self.on_clear: Callable[[int], None] = lambda person_id: None
        """Told when nothing is left of somebody, and turns of theirs may begin again."""

    def start(self) -> None:
        """Go on with what an earlier run has left."""
        for key in self._db.meta:
            note, _, person_id = key.partition(":")
            if note == NOTE:
                self._go(int(person_id))

    async def stop(self) -> None:
        """What is left goes after the next start."""
        self._stopped = True
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def is_under_way(self, person_id: int) -> bool:
        return f"{NOTE}:{person_id}" in self._db.meta

    def begin(self, person: Person, key: str) -> None:
        """Their records go in this transaction. `key`: of the message that asked for it, which is answered."""
        self._proofs.cancel(person.id)  # at once: it would note what it has fetched
        self._db.meta[f"{NOTE}:{person.id}"] = f"{person.language} {key}"
        asyncio.get_running_loop().call_soon(self._go, person.id)  # by then it is committed

    def _go(self, person_id: int) -> None:
        if person_id not in self._tasks and not self._stopped:
            self._tasks[person_id] = task = asyncio.create_task(self._clear(person_id))
            task.add_done_callback(lambda done: self._ended(person_id, done))

    def _ended(self, person_id: int, task: "asyncio.Task[None]") -> None:
        del self._tasks[person_id]
        if not task.cancelled() and (error := task.exception()):
            log.error("what a forgotten person left is not cleared yet", person=person_id, error=repr(error))
            asyncio.get_running_loop().call_later(AGAIN_SECONDS, self._go, person_id)  # till then they are not answered

    async def _clear(self, person_id: int) -> None:
        if not self.is_under_way(person_id):
            return  # the transaction was taken back
        await self._proofs.cancel(person_id)
        await asyncio.to_thread(shutil.rmtree, self._workspace / "uploads" / str(person_id), ignore_errors=True)
        await self._sessions.forget(person_id)
        await asyncio.to_thread(shutil.rmtree, self._data_dir / "claude" / str(person_id), ignore_errors=True)
        while not (await self._has_left_index() and self._db.empty_log()):  # noqa: ASYNC110 (a reader's end is told nobody)
            await asyncio.sleep(READER_SECONDS)
        with self._db.transaction():
            note = self._db.meta.pop(f"{NOTE}:{person_id}")
            spoken, _, key = note.partition(" ")
            language = next(each for each in LANGUAGES if each == spoken)
            self._outbox.reply(key, person_id, say("forgotten", language))
        self.on_clear(person_id)
