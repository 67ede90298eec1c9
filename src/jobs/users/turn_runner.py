"""A turn from what waits in a lane to the reply in the outbox, and what happens when the model does not answer."""

import asyncio
import contextlib
import errno
import math
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import replace
from datetime import datetime, timedelta

import apsw
import structlog

from jobs.db import Database
from jobs.spine.model import NOTHING_USED, InboxRow, OutboxKind, Turn, Usage
from jobs.spine.outbox import Outbox
from jobs.spine.own_lanes import is_persons
from jobs.spine.turns import Turns
from jobs.texts import say
from jobs.times import now
from jobs.users import prompts
from jobs.users.activity import Activity
from jobs.users.attachments import Attachments, Files, NoAttachments, without_images
from jobs.users.model import Person, Role
from jobs.users.outcome import BudgetSpent, ModelUnavailable, OverBudget, SessionFailed, Stopped
from jobs.users.repository import UsersRepository
from jobs.users.session_manager import SessionManager
from jobs.users.turn_report import Outcome, TurnReport

log = structlog.get_logger()

MODEL_PAUSES = [5, 5, 10, 10, 15, 15, 30, 60, 120, 240, 480, 900, 1800]
"""Seconds before each new try while the model's service is away; the last one repeats."""
MODEL_PATIENCE = timedelta(days=1)
OWN_FAULTS = 3
"""How often a turn may fail by itself before it is set aside."""
LONGEST = {Role.EXTERNAL: 600.0, Role.ISOLATED: 3600.0, Role.HEARTBEAT: 600.0, Role.WATCH: 300.0}
"""Seconds that a turn of each role may take, but for the owner's: a place is not held for ever."""
REFUSED = "credential_refused"
"""The key in `meta` of the turn that told the owner so."""
RENEW_AT = 0.75
"""How full the model's context may get before the session is renewed; the CLI compacts it at some 80 to 90 %."""
FAULT_PAUSES = (timedelta(seconds=2), timedelta(seconds=4))
"""Between the tries of a turn that fails by itself: somebody waits for it, and nothing else is done in the lane."""
ERRAND_PAUSES = (timedelta(minutes=1), timedelta(minutes=5))
"""The same where nobody waits."""

NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS})
"""What a disk says that cannot be written, as a full one: nobody's fault, and it passes."""

Presence = Callable[[int], AbstractAsyncContextManager[Activity]]
"""Shows in a chat that Jobs is at work, for as long as the context lasts; gives what is to be told of each step."""


Quotes = Callable[[Sequence[InboxRow]], Awaitable[list[InboxRow]]]
"""Completes rows with what they answer to, where that has to be asked for."""


async def _as_they_are(rows: Sequence[InboxRow]) -> list[InboxRow]:
    return list(rows)


class TurnRunner:
    def __init__(
        self,
        db: Database,
        users: UsersRepository,
        sessions: SessionManager,
        turns: Turns,
        outbox: Outbox,
        presence: Presence,
        attachments: Attachments | None = None,
        masked: Callable[[str], str] = str,
        quotes: Quotes = _as_they_are,
        used_up: Callable[[int], datetime] = lambda lane: _in(MODEL_PAUSES[-1]),
    ) -> None:
        self._db = db
        self._users = users
        self._sessions = sessions
        self._turns = turns
        self._outbox = outbox
        self._presence = presence
        self._attachments = attachments or NoAttachments()
        self._masked = masked
        self.on_report: Callable[[TurnReport], None] = lambda report: None
        self._used_up = used_up
        self._quotes = quotes
        self._fetching: dict[int, asyncio.Task[tuple[list[InboxRow], Files]]] = {}
        self._since = now()
        self._running: dict[int, Turn] = {}
        self._halted: set[int] = set()  # lanes whose running turn the owner stopped together with all others
        self._barred: set[int] = set()  # lanes whose running turn ends without a word
        self._steering: set[asyncio.Future[None]] = set()

    def start(self) -> None:
        """Account for what was stopped when a crash came in between. Before any turn is begun."""
        for turn in self._turns.cut_while_stopping():
            try:
                person = self._sessions.whose(turn.lane)
            except ValueError as error:  # its errand cannot be read now; the next start asks again
                log.warning("a stopped turn is accounted for later", turn=turn.id, reason=str(error))
                continue
            if person:
                self._turns.finish(turn, self._account(turn, person), Usage(), stopped=True)

    def is_running(self, lane: int) -> bool:
        """Whether a turn of the lane is under way, also while what came with its messages is fetched."""
        return lane in self._running

    def steer(self, lane: int) -> None:
        """Something has come to a lane whose turn is running: it goes into that turn, if it still can."""
        if lane in self._running:
            task = asyncio.create_task(self._steer(lane))
            self._steering.add(task)
            task.add_done_callback(self._steered)

    async def _steer(self, lane: int) -> None:
        """What has to be fetched is fetched first: a row that joins the turn must reach it before the turn can end."""
        person, rows = self._users.get(lane), self._turns.waiting(lane)
        if person is None or not rows:
            return
        _, files = await self._complete(rows, person)
        turn, session = self._running.get(lane), self._sessions.steerable(lane)
        if turn is None or session is None:
            return  # the next turn takes it
        # Should steering fail, the session has broken and the turn runs again with these rows in it.
        if joined := self._turns.join(turn, rows[-1].id):
            heard = self._sessions.joins(turn, person, joined)
            await session.steer(prompts.more_content(heard, person, files))
            log.info("joins the turn", turn=turn.id, rows=len(joined))

    def _grown(self, turn: Turn) -> Turn:
        """The turn with what was written while its session was being opened: one breath is one turn.

        Not when something has to be fetched first, or more of an album is to come: that will steer the turn.
        """
        rows = self._turns.waiting(turn.lane)
        if not rows or any(row.extras.wants_fetching for row in rows) or self._turns.settles_in(turn.lane):
            return turn
        return replace(turn, rows=[*turn.rows, *self._turns.join(turn, rows[-1].id)])

    def _steered(self, task: "asyncio.Future[None]") -> None:
        self._steering.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.warning("a message did not reach the running turn", error=repr(error))

    def stop(self, lane: int) -> tuple[bool, bool]:
        """Stop what runs in a lane now and drop what waits there now; returns whether anything was running, waiting.

        What comes later is not touched. A running turn says itself what it had done.
        """
        dropped = self._turns.abandon(lane)
        return self._interrupt(lane), dropped

    def bar(self, lane: int) -> None:
        """The same for somebody who is not to be heard any more, and is not told so."""
        if lane in self._running:
            self._barred.add(lane)
        self.stop(lane)

    def stop_all(self) -> list[Turn]:
        """Stop every turn that runs, whoever's it is, and return those of a lane. What waits is not touched."""
        self._sessions.short.stop()
        stopped = [turn for lane, turn in self._running.items() if self._interrupt(lane)]
        self._halted.update(turn.lane for turn in stopped)
        return stopped

    def _interrupt(self, lane: int) -> bool:
        """Whether there was a turn to stop: one that still fetches what came with its messages is one too."""
        fetching = self._fetching.get(lane)
        stopped = fetching.cancel() if fetching else self._sessions.interrupt(lane)
        if stopped and (turn := self._running.get(lane)):
            self._turns.note_stop(turn)
        return stopped

    async def handle(self, turn: Turn) -> None:
        """Bring a turn to an end: finished, put off or set aside. Raises only what storage raises, for another try."""
        person = self._sessions.whose(turn.lane)
        if person is None:
            if is_persons(turn.lane):
                raise LookupError(f"lane {turn.lane} belongs to nobody")
            self._turns.finish(turn, "", NOTHING_USED, stopped=True)  # its errand was taken back
            return
        log.info("turn begins", turn=turn.id, lane=turn.lane, attempt=turn.attempt, rows=len(turn.rows))
        self._running[turn.lane] = turn
        began, outcome, usage = time.monotonic(), Outcome.CUT, Usage()
        try:
            async with self._shown(turn.lane) as activity:
                async with asyncio.timeout(LONGEST.get(person.role)):
                    rows, files = await self._fetch(turn, person)
                    turn = replace(turn, rows=rows)
                    reply = await self._sessions.run(turn, person, activity, files, self._grown)
        except Stopped:
            outcome = Outcome.STOPPED
            self._turns.finish(turn, self._account(turn, person), Usage(), stopped=True)
        except TimeoutError:
            outcome = Outcome.FAILED
            await self._failed(turn, person, f"the turn took more than {LONGEST.get(person.role, math.inf):g} s")
        except OverBudget:
            outcome = Outcome.OVER_BUDGET
            self._turns.put_off(turn, "over the budget", self._used_up(turn.lane), None, own_fault=False)
        except ModelUnavailable as error:
            outcome = Outcome.MODEL_AWAY
            self._model_away(turn, person, error)
        except BudgetSpent as error:
            outcome = Outcome.OVER_BUDGET
            self._give_up(turn, person, str(error), error.usage)
        except SessionFailed as error:
            outcome = Outcome.FAILED
            await self._failed(turn, person, self._masked(str(error)))
        except Exception as error:
            if _is_of_storage(error):
                raise
            log.exception("turn broke off", turn=turn.id)
            outcome = Outcome.FAILED
            await self._failed(turn, person, self._masked(repr(error)))
        else:
            outcome, usage = Outcome.DONE, reply.usage
            self._turns.finish(turn, reply.text, reply.usage, or_else=say("empty_reply", person.language))
            await asyncio.sleep(0)  # the answer is on its way to the disk while the rest is done
            self._db.meta.pop(REFUSED, None)
            if reply.context_used >= RENEW_AT and is_persons(turn.lane):
                await self._renew(turn, person)
        finally:
            del self._running[turn.lane]
            self._halted.discard(turn.lane)
            self._barred.discard(turn.lane)
            self._report(turn, person, outcome, time.monotonic() - began, usage)

    def _report(self, turn: Turn, person: Person, outcome: Outcome, seconds: float, usage: Usage) -> None:
        """One line in the log for each run of a turn; not when the database is what failed."""
        with contextlib.suppress(apsw.Error):
            report = TurnReport.of(turn, person.role, outcome, seconds, usage, self._turns.calls(turn))
            log.info("turn", **report.line())
            self.on_report(report)

    def _shown(self, lane: int) -> AbstractAsyncContextManager[Activity | None]:
        """Shown at work in its chat, where there is one."""
        return self._presence(lane) if is_persons(lane) else nullcontext()

    async def _complete(self, rows: Sequence[InboxRow], person: Person) -> tuple[list[InboxRow], Files]:
        """Rows with what they answer to, and what came with them."""
        rows = await self._quotes(rows)
        return rows, await self._attachments.fetch(rows, person)

    async def _fetch(self, turn: Turn, person: Person) -> tuple[list[InboxRow], Files]:
        """The turn's messages as `_complete` gives them. Raises Stopped."""
        if not any(row.extras.wants_fetching for row in turn.rows):
            return list(turn.rows), {}
        fetching = self._fetching[turn.lane] = asyncio.create_task(self._complete(turn.rows, person))
        try:
            rows, files = await fetching
        except asyncio.CancelledError:
            current = asyncio.current_task()
            if current and current.cancelling():
                raise
            raise Stopped from None
        finally:
            del self._fetching[turn.lane]
        # A picture that the model's service chokes on must not cost the turn: its last try goes without.
        return rows, files if turn.failures + 1 < OWN_FAULTS else without_images(files)

    async def _renew(self, turn: Turn, person: Person) -> None:
        """A new session before the CLI has to cut the old one's context. The next turn begins with a recap."""
        await self._sessions.forget(person.id)
        log.info("session renewed", lane=person.id)
        if person.role is Role.OWNER:  # to anyone else it is no matter
            text = say("renewed_full", person.language)
            self._outbox.say(f"turn:{turn.id}:renewed", person.id, OutboxKind.NOTICE, text)

    def _account(self, turn: Turn, person: Person) -> str:
        """One line about a stopped turn: what it had already done."""
        if turn.lane in self._barred:
            return ""
        if turn.lane in self._halted and person.role is not Role.OWNER:
            return say("halted", person.language)
        done = self._turns.calls(turn)
        if not done:
            return say("stopped", person.language)
        return say("stopped_after", person.language, done=", ".join(dict.fromkeys(done)))

    def _model_away(self, turn: Turn, person: Person, error: ModelUnavailable) -> None:
        log.warning("model unavailable", turn=turn.id, attempt=turn.attempt, error=str(error))
        # What came late, or lay while Jobs was down, has its own day.
        since = max(turn.started_at, self._since, *(row.sent_at for row in turn.rows))
        if now() - since > MODEL_PATIENCE:
            self._give_up(turn, person, self._masked(f"the model was away for a day: {error}"))
            return
        pause = MODEL_PAUSES[min(turn.attempt, len(MODEL_PAUSES)) - 1]
        notice = say("model_unavailable", person.language)
        with self._db.transaction():
            if (
                error.is_owners_matter
                and self._tell_owner_of_credential(turn, error)
                and person.id == self._users.owner_id
            ):
                notice = ""
            self._turns.put_off(turn, self._masked(str(error)), _in(pause), notice, own_fault=False)

    def _tell_owner_of_credential(self, turn: Turn, error: ModelUnavailable) -> bool:
        """Once, until a turn succeeds again. Returns whether it is this turn that said it."""
        told_by = self._db.meta.get(REFUSED)
        if told_by is not None:
            return told_by == str(turn.id)
        self._db.meta[REFUSED] = str(turn.id)
        owner = self._users.owner()
        key = "proxy_refuses" if error.is_proxys else "model_refuses"
        text = say(key, owner.language, reason=self._masked(str(error)))
        self._outbox.say(f"turn:{turn.id}:credential", owner.id, OutboxKind.NOTICE, text)
        return True

    async def _failed(self, turn: Turn, person: Person, error: str) -> None:
        failures = turn.failures + 1
        log.warning("turn failed", turn=turn.id, failures=failures, error=error)
        if failures >= OWN_FAULTS:
            self._give_up(turn, person, error)
        else:
            if failures == OWN_FAULTS - 1:  # perhaps it is the conversation that the service refuses
                await self._sessions.forget(person.id)
            pauses = FAULT_PAUSES if is_persons(turn.lane) else ERRAND_PAUSES
            self._turns.put_off(turn, error, now() + pauses[failures - 1], None, own_fault=True)

    def _give_up(self, turn: Turn, person: Person, error: str, usage: Usage = NOTHING_USED) -> None:
        """Set the turn aside: one sentence to the person, the reason to the owner. Of an errand its part tells them."""
        if not is_persons(turn.lane):
            self._turns.set_aside(turn, error, "", usage)
            return
        owner = self._users.owner()
        reason = say("set_aside_owner", owner.language, name=person.name or person.id, turn=turn.id, error=error)
        with self._db.transaction():
            if person.id == owner.id:
                self._turns.set_aside(turn, error, reason)
            else:
                self._turns.set_aside(turn, error, say("set_aside", person.language))
                self._outbox.say(f"turn:{turn.id}:reason", owner.id, OutboxKind.NOTICE, reason)


def _is_of_storage(error: Exception) -> bool:
    return isinstance(error, apsw.Error) or (isinstance(error, OSError) and error.errno in NO_ROOM)


def _in(seconds: int) -> datetime:
    return now() + timedelta(seconds=seconds)
