"""What is worth keeping of the owner's conversation goes into the day's log before its context ends.

From Jobs' own records, by a short turn of the cheap model that has no tools. A note is no fact: it stands in the log of
the day, never in MEMORY.md.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from importlib import resources
from string import Template

import apsw
import structlog

from jobs.db import Database
from jobs.memory.documents import Records, Said
from jobs.memory.marks import AGENT, SOMEBODY, Mark, author_of, external, is_foreign
from jobs.memory.storage import MemoryStorage, StorageError
from jobs.spine.tool import Words
from jobs.times import now, to_text
from jobs.users.outcome import ModelUnavailable, Reply, SessionFailed
from jobs.users.quotations import quotation, short_name
from jobs.users.repository import UsersRepository

log = structlog.get_logger()

ASKED, ANSWERED = "notes:inbox", "notes:outbox"
"""The keys in `meta` of the last row of each that notes were made of."""
CHARACTERS = 40_000
"""Of a conversation that one turn is given; of what is longer, the newest."""
LONGEST_MESSAGE = 4000
"""Characters of one message: an answer that went out as a file leaves room for the rest."""
MOST_NOTES = 10
LONGEST_NOTE = 500
NOTHING = "NOTHING"

Ask = Callable[[str, str], Awaitable[Reply]]
"""A system prompt and a text to the cheap model; raises ModelUnavailable or SessionFailed."""

_BULLET = re.compile(r"\s*(?:[-*•]|\d{1,2}[.)])\s+")


class NoteKeeper:
    """`ending` begins to make notes and returns; `drain` waits until they are made. One turn at a time."""

    def __init__(
        self, db: Database, users: UsersRepository, records: Records, storage: MemoryStorage, ask: Ask | None
    ) -> None:
        """`ask` None: nothing is noted."""
        self._db = db
        self._users = users
        self._records = records
        self._storage = storage
        self._ask = ask
        self._task: asyncio.Task[None] | None = None
        self._again = False

    def ending(self) -> None:
        """The context of the owner's conversation ends, or is about to be cut."""
        if self._ask is None:
            return
        if self._task and not self._task.done():
            self._again = True
            return
        self._task = asyncio.get_running_loop().create_task(self._keep())

    async def drain(self, seconds: float) -> None:
        """Make the notes of what was said so far, and wait for so long at most; what is not noted, will be later."""
        self.ending()
        if self._task:
            await asyncio.wait({self._task}, timeout=seconds)
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _keep(self) -> None:
        while True:
            self._again = False
            try:
                await self._note()
            except (ModelUnavailable, SessionFailed) as error:
                log.warning("no notes were made; the next time they will be", error=str(error))
                return
            except (apsw.Error, OSError, StorageError) as error:
                log.error("the notes could not be stored", error=str(error))
                return
            if not self._again:
                return

    async def _note(self) -> None:
        assert self._ask is not None
        owner = self._users.owner()
        asked, answered = self._place(ASKED), self._place(ANSWERED)
        # What code has told the owner is in the records, and no part of the conversation.
        said = [each for each in self._records.since(owner.id, asked, answered) if not each.is_notice]
        if not any(each.is_asked for each in said):
            return  # nothing since the last time
        material = _newest(said)
        prompt = (resources.files("jobs.tools") / "templates" / "notes.md").read_text(encoding="utf-8")
        today = now().astimezone(owner.zone)
        filled = Template(prompt).safe_substitute(owner=short_name(owner.name), today=f"{today:%A, %Y-%m-%d}")
        reply = await self._ask(filled, _told(material, self._records))
        authors = dict.fromkeys(author_of(each.source) for each in material if is_foreign(each.source))
        source = external(", ".join(name for name in authors if name != SOMEBODY)) if authors else AGENT
        at = material[-1].at.astimezone(owner.zone)
        notes = _notes(reply.text)
        for note in notes:
            self._storage.log(note, at, Mark(source, at.date()))
        rows_in = [each.row for each in said if each.is_asked]
        rows_out = [each.row for each in said if not each.is_asked]
        with self._db.transaction():
            self._put(ASKED, max(rows_in, default=asked))
            self._put(ANSWERED, max(rows_out, default=answered))
            self._db.execute(
                "INSERT INTO short_turns (purpose, at, tokens, cost_usd, model) VALUES ('notes', ?, ?, ?, ?)",
                (
                    to_text(now()),
                    reply.usage.input_tokens + reply.usage.output_tokens,
                    reply.usage.cost_usd,
                    reply.usage.model,
                ),
            )
        log.info("notes of the conversation are kept", notes=len(notes), cost_usd=reply.usage.cost_usd)

    def _place(self, key: str) -> int:
        return int(self._db.meta.get(key, 0))

    def _put(self, key: str, row: int) -> None:
        self._db.meta[key] = str(row)


def _newest(said: list[Said]) -> list[Said]:
    """The end of a conversation, as much as one turn takes."""
    left = CHARACTERS
    kept: list[Said] = []
    for each in reversed(said):
        left -= min(len(each.text), LONGEST_MESSAGE) + 40
        if left < 0 and kept:
            break
        kept.append(each)
    return kept[::-1]


def _told(said: list[Said], records: Records) -> str:
    """The conversation as one text; what may be another person's words stands in a quotation."""
    lines = []
    for each in said:
        line = f"{each.at.astimezone(records.zone):%Y-%m-%d} {each.line(records.zone)}"[:LONGEST_MESSAGE]
        lines.append(quotation(Words(author_of(each.source), line)) if is_foreign(each.source) else line)
    return "\n".join(lines)


def _notes(text: str) -> list[str]:
    lines = [_BULLET.sub("", line, count=1).strip() for line in text.splitlines()]
    return [line[:LONGEST_NOTE] for line in lines if line and line.strip(".") != NOTHING and line[0] != "#"][
        :MOST_NOTES
    ]
