"""All sessions: one per person, warm while in use, few at a time, none left behind."""

import asyncio
import os
import shutil
import signal
import tempfile
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from jobs.broker import Broker
from jobs.config import Settings
from jobs.db import Database
from jobs.spine.model import InboxRow, Turn
from jobs.spine.own_lanes import OwnLane
from jobs.spine.tool import Tool
from jobs.spine.turns import ToolJournal
from jobs.times import now
from jobs.users import prompts, sdk
from jobs.users.access import BUILT_INS, ERRANDS, MCP_SERVERS, SKILLS
from jobs.users.activity import Activity
from jobs.users.attachments import NO_FILES, Files
from jobs.users.cli_launcher import write_launcher
from jobs.users.consent import Consent
from jobs.users.errands import Errand, ErrandOf, no_errand
from jobs.users.foreign_tools import ForeignServer
from jobs.users.model import Person, Role
from jobs.users.models import Models
from jobs.users.outcome import Reply, Stopped
from jobs.users.profile import MARKER
from jobs.users.remembering import NothingRemembered, Remembering
from jobs.users.repository import UsersRepository
from jobs.users.session_file import SessionFile
from jobs.users.short_turns import ShortTurns
from jobs.users.turn_content import TurnContent
from jobs.users.wall import Wall
from jobs.walls import Walls

if TYPE_CHECKING:
    from jobs.users.session import Session

log = structlog.get_logger()

IDLE_SECONDS = 600.0
RECALL_SECONDS = 0.2
"""How long a turn whose session is ready waits for memory; it then goes without, and has memory_search."""


class SessionManager:
    """Runs each person's turns in their own session, and every errand's in a new one.

    `tools_of` gives a person's tools by the access table; `mcp_servers` the owner's configured servers; `models` the
    model of each role; `consent` is asked before a session with the owner's power acts; `broker` lends each session the
    model, and `left` says how many US dollars somebody's may still cost, None without a limit; `errand_of` says what is
    to be done in a lane of Jobs' own; `memory` is what the owner's session is given without asking, and what keeps what
    is worth it of a conversation that ends; `skills` tells what the prompt of a session that may use them says of them.
    """

    def __init__(
        self,
        settings: Settings,
        db: Database,
        users: UsersRepository,
        tools_of: Callable[[Person], list[Tool[Any]]],
        mcp_servers: Callable[[], dict[str, ForeignServer]],
        models: Models,
        consent: Consent,
        broker: Broker,
        left: Callable[[int], float | None],
        errand_of: ErrandOf = no_errand,
        memory: Remembering | None = None,
        skills: Callable[[], str] = str,
    ) -> None:
        self._settings = settings
        self._db = db
        self._users = users
        self._tools_of = tools_of
        self._mcp_servers = mcp_servers
        self._models = models
        self._consent = consent
        self._errand_of = errand_of
        self._broker = broker
        self._walls = Walls.of(settings)
        self._left = left
        self._marks = consent.marks
        self.recall_seconds = RECALL_SECONDS
        self._memory = memory or NothingRemembered()
        self._content = TurnContent(db, users, self._memory)
        self._skills = skills
        self._facts: dict[int, str] = {}  # what stands in the prompt of each session
        self._warm: OrderedDict[int, Session] = OrderedDict()  # least recently used first
        self._busy: set[int] = set()
        self._to_stop: set[int] = set()
        self._idle: dict[int, asyncio.TimerHandle] = {}
        self._closing: set[asyncio.Future[None]] = set()
        self.short = ShortTurns(db)
        self._launcher = Path()
        self._empty = Path()

    def start(self) -> None:
        """End what an earlier run left behind, and lay out what sessions need."""
        self._walls.lay_out()
        for sentence in self._walls.missing:
            log.warning("a wall around the sessions is missing", why=str(sentence))
        self._broker.start()
        self._reap()
        run = self._settings.data_dir / "run"
        self._launcher = write_launcher(run / "claude")
        self._empty = _empty_folder(run / "empty")

    async def stop(self) -> None:
        """Close every session."""
        for timer in self._idle.values():
            timer.cancel()
        await asyncio.gather(*(session.close() for session in self._warm.values()), *self._closing)
        self._warm.clear()
        await self._broker.stop()
        self._reap()
        if self._empty != Path():  # a start that did not come so far has made none: that is the working directory
            shutil.rmtree(self._empty, ignore_errors=True)

    @property
    def warm(self) -> int:
        """How many sessions have a process."""
        return len(self._warm)

    @property
    def busy(self) -> int:
        """How many turns are running."""
        return len(self._busy)

    def is_busy(self, person_id: int) -> bool:
        """Whether a turn of the person's is running."""
        return person_id in self._busy

    async def run(
        self,
        turn: Turn,
        person: Person,
        activity: Activity | None = None,
        files: Files = NO_FILES,
        grown: Callable[[Turn], Turn] = lambda turn: turn,
    ) -> Reply:
        """Run a turn in the person's session; `grown` is asked what the turn has become once the session is there.

        Raises ModelUnavailable, OverBudget, SessionFailed or Stopped.
        """
        self._busy.add(person.id)
        is_owner = person.role is Role.OWNER
        try:
            # Found while the session is being opened.
            finding = asyncio.ensure_future(self._memory.find(_own_words(turn) if is_owner else ()))
            try:
                session = await self._session(person)
                done, _ = await asyncio.wait({finding}, timeout=self.recall_seconds)
            finally:
                finding.cancel()
            found = finding.result() if done else ()
            if person.id in self._to_stop:
                raise Stopped
            turn = grown(turn)
            turn = replace(turn, rows=self.heard(turn.rows, person))
            if person.role in BUILT_INS:
                self._marks.begin(person.id, turn.id, resumed=session.resumed)
                self._marks.note_rows(person.id, turn.id, turn.rows)
            content = self._content.of(
                turn, person, errand=self._errand(person), goes_on=session.resumed, files=files, found=found
            )
            return await session.run(content, ToolJournal(self._db, turn.id), activity)
        except BaseException:
            if broken := self._warm.pop(person.id, None):  # also one that was opened and never asked
                await asyncio.shield(broken.close())
            raise
        finally:
            self._busy.discard(person.id)
            self._to_stop.discard(person.id)
            if person.role in ERRANDS:
                await self.forget(person.id)
            elif person.id in self._warm:
                self._close_when_idle(person.id)

    def joins(self, turn: Turn, person: Person, rows: Sequence[InboxRow]) -> list[InboxRow]:
        """These messages are about to be given to the running turn's session; returns them as it hears them."""
        if person.role is Role.OWNER:
            self._marks.note_rows(person.id, turn.id, rows)
        return self.heard(rows, person)

    def heard(self, rows: Sequence[InboxRow], person: Person) -> list[InboxRow]:
        """Messages as a session hears them: another person's only up to EXTERNAL_MESSAGE_LENGTH characters."""
        limit = self._settings.external_message_length
        if person.role is not Role.EXTERNAL:
            return list(rows)
        return [row if len(row.text) <= limit else replace(row, text=f"{row.text[:limit]}…") for row in rows]

    def steerable(self, person_id: int) -> "Session | None":
        """The person's session, if a turn is running in it that still takes messages in."""
        session = self._warm.get(person_id)
        return session if session and session.can_steer else None

    def interrupt(self, person_id: int) -> bool:
        """Stop the turn of the person's that runs now, and no later one. Returns False when none is running."""
        if person_id not in self._busy:
            return False
        self._to_stop.add(person_id)
        if person_id == self._users.owner_id or person_id < 0:
            self._consent.withdraw(person_id)
        if session := self.steerable(person_id):
            self._in_background(session.interrupt())
        return True

    def _in_background(self, work: Awaitable[None]) -> "asyncio.Future[None]":
        task = asyncio.ensure_future(work)
        self._closing.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: "asyncio.Future[None]") -> None:
        self._closing.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.warning("a session did not take it", error=repr(error))

    async def ask_short(self, prompt: str, text: str, model: str | None, most_usd: float | None = None) -> Reply:
        """A question to a model outside of any conversation, see `short_turn.ask`."""
        await asyncio.to_thread(sdk.load)
        from jobs.users import short_turn

        asked = short_turn.ask(
            self._settings,
            self._launcher,
            self._empty,
            self._walls,
            self._broker,
            lane=self._users.owner_id,
            prompt=prompt,
            text=text,
            model=model,
            most_usd=most_usd,
        )
        return await self.short.run(asked)

    def forget(self, person_id: int) -> "asyncio.Future[None]":
        """End the person's session for good: the next turn begins a new one, with a recap. Not while a turn runs.

        All of that is done at once, but for the end of its process, which the returned future is done with.
        """
        (self._settings.data_dir / "sessions" / f"{_name(person_id)}.session").unlink(missing_ok=True)
        if timer := self._idle.pop(person_id, None):
            timer.cancel()
        self._marks.clear(person_id)
        self._ending(person_id)
        return self._in_background(self._end(person_id, self._warm.pop(person_id, None)))

    async def _end(self, person_id: int, session: "Session | None") -> None:
        if session:
            await session.close()
        if OwnLane.of(person_id):  # its conversation is over for good
            shutil.rmtree(self._settings.data_dir / "claude" / _name(person_id), ignore_errors=True)

    async def _session(self, person: Person) -> "Session":
        """The person's session, connected: the warm one if it still is what it should be, else a new one."""
        if timer := self._idle.pop(person.id, None):
            timer.cancel()
        session = self._warm.get(person.id)
        if session and self._is_current(session, person):
            self._warm.move_to_end(person.id)
            return session
        if session:
            del self._warm[person.id]
            await session.close()
        await asyncio.to_thread(sdk.load)
        await self._make_room()  # last, so that nobody else takes the room meanwhile
        session = self._build(person)
        self._warm[person.id] = session
        await session.connect()
        return session

    def _is_current(self, session: "Session", person: Person) -> bool:
        """Whether the prompt would be the same today but for when the session was opened and what was known then."""
        opened = session.opened
        plan = session.plan
        facts = self._facts.get(person.id, "")
        return (
            plan.prompt == self._prompt(person, opened, facts)
            and plan.mcp_servers == self._servers_of(person)
            and plan.model == self._models.of(person.role)
        )

    def _build(self, person: Person) -> "Session":
        from jobs.users.session import Access, Session, SessionPlan

        self._empty.mkdir(mode=0o755, exist_ok=True)  # what is not touched for days may be swept from there
        opened = prompts.shown_time(now(), person)
        errand = self._errand(person)
        facts = self._facts[person.id] = self._memory.facts() if person.role is Role.OWNER else ""
        plan = SessionPlan(
            role=person.role,
            prompt=self._prompt(person, opened, facts),
            tools=self._tools_of(person),
            mcp_servers=self._servers_of(person),
            model=errand.model if errand and errand.model else self._models.of(person.role),
            budget_usd=errand.budget_usd if errand else None,
            calls=errand.calls if errand else None,
        )
        name, is_owner = _name(person.id), person.role in BUILT_INS
        paths = self._walls.paths(self._settings.data_dir, name, self._empty, is_owner=is_owner)
        file = SessionFile(self._settings.data_dir / "sessions" / f"{name}.session", paths.config / "projects")
        uploads = self._settings.workspace_dir / "uploads"
        wall = Wall(self._consent, person.id, person.role, plan.tools, uploads) if is_owner else None
        cut = self._memory.cut if person.role is Role.OWNER else None
        access = Access(person.id, partial(self._left, person.id))
        return Session(
            self._settings, plan, self._walls, paths, file, self._launcher, opened, self._broker, access, wall, cut
        )

    def _prompt(self, person: Person, opened: str, facts: str) -> str:
        errand = self._errand(person)
        skills = self._skills() if person.role in SKILLS else ""
        return prompts.system_prompt(person, self._users.owner(), opened, errand.about if errand else "", facts, skills)

    def _errand(self, person: Person) -> Errand | None:
        lane = OwnLane.of(person.id)
        return self._errand_of(lane) if lane else None

    def whose(self, lane: int) -> Person | None:
        """Whose turns run in a lane: a person, or the owner under an errand's role; None: nobody's any more."""
        if own := OwnLane.of(lane):
            errand = self._errand_of(own)
            return errand.person(self._users.owner()) if errand else None
        return self._users.get(lane)

    def _reap(self) -> None:
        users = (self._walls.agent, self._walls.external)
        _reap(self._settings.data_dir, frozenset(user.uid for user in users if user))

    def _servers_of(self, person: Person) -> dict[str, ForeignServer]:
        return self._mcp_servers() if person.role in MCP_SERVERS else {}

    async def _make_room(self) -> None:
        """Close the least recently used idle sessions, the owner's last, until one more fits."""
        while len(self._warm) >= self._settings.max_warm_sessions:
            idle = [person_id for person_id in self._warm if person_id not in self._busy]
            if not idle:
                return
            idle.sort(key=lambda person_id: person_id == self._users.owner_id)
            await self._close(idle[0])

    def _ending(self, person_id: int) -> None:
        if person_id == self._users.owner_id:
            self._memory.ending()

    async def _close(self, person_id: int) -> None:
        if timer := self._idle.pop(person_id, None):
            timer.cancel()
        await self._warm.pop(person_id).close()

    def _close_when_idle(self, person_id: int) -> None:
        def due() -> None:
            if person_id in self._warm and person_id not in self._busy:
                self._in_background(self._warm.pop(person_id).close())  # at once: a turn may begin just now
                self._ending(person_id)

        self._idle[person_id] = asyncio.get_running_loop().call_later(IDLE_SECONDS, due)


def _own_words(turn: Turn) -> list[str]:
    return [row.text for row in turn.rows if row.extras.forwarded_from is None]


def _name(lane: int) -> str:
    """As the files of a lane's session are called."""
    own = OwnLane.of(lane)
    return own.name if own else str(lane)


def _empty_folder(note: Path) -> Path:
    """A new empty folder whose path says nothing. `note` keeps its name, so that one left by a crash is removed."""
    if note.is_file():
        left = Path(note.read_text(encoding="utf-8"))
        if left.parent == Path(tempfile.gettempdir()) and left.name.startswith("jobs-"):
            shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix="jobs-"))
    folder.chmod(0o755)  # there is nothing in it, and another user has to come in
    note.write_text(str(folder), encoding="utf-8")
    return folder


def _reap(data_dir: Path, users: frozenset[int]) -> None:
    """Kill processes of sessions on this data directory that outlived their Jobs (Linux).

    By their environment; by their Unix user where sessions have users of their own, whose environment cannot be read.
    """
    wanted = f"{MARKER}={data_dir}".encode()
    for entry in Path("/proc").glob("[0-9]*"):
        if entry.name == str(os.getpid()):
            continue  # started by the owner's own session, to take over
        try:
            if entry.stat().st_uid in users or wanted in (entry / "environ").read_bytes().split(b"\0"):
                os.kill(int(entry.name), signal.SIGKILL)
        except (OSError, ValueError):
            continue  # it ended by itself, or is not ours to see
