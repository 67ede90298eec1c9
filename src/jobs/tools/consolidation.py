"""The nightly consolidation: the cheap model tidies MEMORY.md in a short turn, the owner can undo it by a tap.

Off unless MEMORY_NIGHTLY names a time. Nothing that other people said is given to the model, so nothing is made of it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date, datetime, time, timedelta
from importlib import resources
from string import Template

import apsw
import structlog

from jobs.db import Database
from jobs.memory.marks import AGENT, Mark, is_foreign
from jobs.memory.storage import MemoryStorage, StorageError
from jobs.memory.tidying import MOST_ADDED, Change, Proposal, numbered, proposal_in
from jobs.spine.model import Choice
from jobs.spine.outbox import Outbox
from jobs.texts import say
from jobs.times import daily, now, to_text
from jobs.tools.timer import Timer
from jobs.users.model import Person
from jobs.users.outcome import ModelUnavailable, Reply, SessionFailed
from jobs.users.quotations import short_name
from jobs.users.repository import UsersRepository

log = structlog.get_logger()

LAST = "nightly"
"""The key in `meta` of the last day whose night was looked at."""
DONE = "nightly_done"
"""The same of the day from which on the logs have still to be looked at: a night that fails leaves it where it is."""
LATEST = timedelta(hours=4)
"""A night that Jobs slept through is not made up for later than this; the next one has its days too."""
MOST_DAYS = 7
CHARACTERS = 40_000
"""Of MEMORY.md, and of the logs, that one night looks at."""

Ask = Callable[[str, str], Awaitable[Reply]]


class Consolidation:
    """`at`: MEMORY_NIGHTLY in the owner's zone, None: never. `ask`: the cheap model, with the night's cap."""

    def __init__(
        self,
        db: Database,
        outbox: Outbox,
        users: UsersRepository,
        storage: MemoryStorage,
        ask: Ask | None,
        at: time | None,
    ) -> None:
        self._db = db
        self._outbox = outbox
        self._users = users
        self._storage = storage
        self._ask = ask
        self._at = at if ask else None
        self._task: asyncio.Task[None] | None = None
        self.timer = Timer(db, self.fire)

    def fire(self) -> datetime | None:
        """Begin tonight's consolidation if it is time and was not begun; returns the time of the next one."""
        if self._at is None:
            return None
        owner, moment = self._users.owner(), now()
        today, due, following = daily(self._at, owner.zone, moment)
        if moment < due:
            return due
        last = self._db.meta.get(LAST)
        if last != today.isoformat() and moment - due < LATEST:
            self._db.meta[LAST] = today.isoformat()
            yesterday = (today - timedelta(days=1)).isoformat()
            since = date.fromisoformat(self._db.meta.setdefault(DONE, last or yesterday))
            self._task = asyncio.get_running_loop().create_task(self._run(owner, since, today))
        return following

    async def stop(self) -> None:
        """No more of it; what runs is dropped."""
        self.timer.stop()
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self, owner: Person, since: date, today: date) -> None:
        try:
            if await self.consolidate(owner, since, today) is not None:
                self._db.meta[DONE] = today.isoformat()
        except (ModelUnavailable, SessionFailed) as error:
            log.warning("memory was not consolidated tonight", error=str(error))
        except (apsw.Error, OSError, StorageError) as error:
            log.error("memory was not consolidated tonight", error=str(error))

    async def consolidate(self, owner: Person, since: date, today: date) -> list[Change] | None:
        """Tidy MEMORY.md with what the logs from `since` until before `today` say, and tell the owner what was done.

        None: nothing came of it, and the next night has these logs too.
        """
        assert self._ask is not None
        logs = self._logs(max(since, today - timedelta(days=MOST_DAYS)), today)
        before = self._storage.lines()
        memory = numbered(before)[:CHARACTERS]
        if not memory and not logs:
            return []
        prompt = (resources.files("jobs.tools") / "templates" / "nightly.md").read_text(encoding="utf-8")
        filled = Template(prompt).safe_substitute(owner=short_name(owner.name), today=f"{today:%A, %Y-%m-%d}")
        reply = await self._ask(filled, f"MEMORY.md:\n{memory or '(empty)'}\n\nThe logs:\n{logs or '(nothing)'}")
        usage = reply.usage
        self._db.execute(
            "INSERT INTO short_turns (purpose, at, tokens, cost_usd, model) VALUES ('nightly', ?, ?, ?, ?)",
            (to_text(now()), usage.input_tokens + usage.output_tokens, usage.cost_usd, usage.model),
        )
        proposal = proposal_in(reply.text)
        if proposal is None:
            log.warning("memory was not consolidated tonight", error="the model's answer was no proposal")
            return None
        changes = self._storage.tidy(before, _capped(proposal), today, Mark(AGENT, today))
        if changes is None:
            log.info("memory was not consolidated tonight: MEMORY.md was edited meanwhile")
            return None
        log.info("memory is consolidated", changes=len(changes), cost_usd=usage.cost_usd)
        if changes:
            self._tell(owner, today, changes, usage.cost_usd)
        return changes

    def _logs(self, since: date, until: date) -> str:
        lines = []
        for ordinal in range(since.toordinal(), until.toordinal()):
            day = date.fromordinal(ordinal)
            own = [line.text for line in self._storage.day(day) if not is_foreign(line.source) and line.text.strip()]
            lines += [f"{day.isoformat()} {text}" for text in own]
        return "\n".join(lines)[-CHARACTERS:]

    def _tell(self, owner: Person, today: date, changes: list[Change], cost: float) -> None:
        language = owner.language
        undo = f"/memory undo {self._storage.newest_version}"
        lines = [
            say(f"nightly_{change.kind}", language, before="; ".join(change.before), after=change.after)
            for change in changes
        ]
        text = "\n".join(
            [say("nightly_head", language, cost=cost), *lines, "", say("nightly_undo", language, undo=undo)]
        )
        choices = (Choice(say("choice_undo", language), undo),)
        self._outbox.ask(f"nightly:{today.isoformat()}", owner.id, text, choices)


def _capped(proposal: Proposal) -> Proposal:
    return proposal.model_copy(update={"add": proposal.add[:MOST_ADDED]})
