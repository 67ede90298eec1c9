"""Sessions as the program builds them, with the real CLI, against a loopback model; Telegram is left out."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.support import MASHA, OWNER, PETYA, Spine, mcp_tools, settings, spine_in

from jobs.broker import Broker, Ledger
from jobs.config import Settings
from jobs.memory.documents import Records
from jobs.memory.engine import Places
from jobs.memory.index import MemoryIndex
from jobs.memory.recall import Recall
from jobs.memory.storage import MemoryStorage
from jobs.memory.tools import MemoryTools
from jobs.skills.keeper import Skills
from jobs.skills.tools import SkillTools
from jobs.spine.lanes import Lanes
from jobs.spine.model import Turn
from jobs.spine.tool import ToolError
from jobs.tools.by_role import tools_by_role
from jobs.tools.errands import Errands
from jobs.tools.file_watches import FileWatches
from jobs.tools.findings import Findings
from jobs.tools.heartbeat import Heartbeat
from jobs.tools.hooks import Hooks, HooksFile
from jobs.tools.note_keeper import NoteKeeper
from jobs.tools.notices import Notices
from jobs.tools.remembering import OwnersMemory
from jobs.tools.schedule_tools import ScheduleTools
from jobs.tools.scheduler import Scheduler
from jobs.tools.schedules import Schedules
from jobs.tools.watch_tools import WatchTools
from jobs.tools.watches import Watches
from jobs.users.attachments import NoAttachments
from jobs.users.awaited_proofs import AwaitedProofs
from jobs.users.channels import FoundChannel
from jobs.users.clearing import Clearing
from jobs.users.consent import Consent
from jobs.users.doorkeeper import Doorkeeper
from jobs.users.letters import Letters
from jobs.users.marks import Marks
from jobs.users.models import Models
from jobs.users.outcome import Reply as Answered
from jobs.users.people import PeopleFinder
from jobs.users.profile import MARKER
from jobs.users.session_manager import SessionManager
from jobs.users.tasks import Tasks
from jobs.users.tools_files import FileTools
from jobs.users.tools_owner import OwnerTools
from jobs.users.tools_standing import StandingTools
from jobs.users.tools_tasks import OwnerTaskTools
from jobs.users.turn_runner import TurnRunner
from jobs_simulator.model import Brain, ModelSimulator, Reply
from jobs_simulator.model.request import ModelRequest

NO_LIMITS = {"external_daily_usd": 1_000_000, "external_person_usd": 1_000_000}
"""What other people may spend in a rig, where a test says nothing else: its model's prices are made up."""


class Nobody:
    """A directory in which nobody is found."""

    async def look_up(self, query: str) -> int | None:
        return None


def schedule_tools(spine: Spine, scheduler: Scheduler) -> ScheduleTools:
    """The tools for schedules on a spine without sessions; nobody new is found."""
    schedules = Schedules(spine.db, spine.outbox, spine.users, scheduler)
    return ScheduleTools(spine.db, spine.users, schedules, PeopleFinder(spine.users, Nobody()))


class NoChannels:
    """An account that is in no channel."""

    async def find(self, query: str) -> FoundChannel:
        raise ToolError("The account is in no channel.")


class Run:
    """What one start of the program builds on the data of a rig."""

    def __init__(self, spine: Spine, wanted: Settings, servers: Callable[[], dict[str, Any]], remembers: bool) -> None:
        users, outbox = spine.users, spine.outbox
        storage = MemoryStorage(wanted.workspace_dir)
        marks = Marks(spine.db)
        places = Places(wanted.workspace_dir, spine.db.path.parent, wanted.tz)
        records = Records(places.records, places.zone)
        self.index = MemoryIndex(places)
        memory = MemoryTools(storage, self.index, records, marks.authors)
        self.door = Doorkeeper(spine.db, users, outbox, wanted)
        letters = Letters(spine.db, outbox, users, confirm=wanted.confirm_first_messages)
        tasks, finder = Tasks(spine.db, users, outbox, letters), PeopleFinder(users, Nobody())
        owner_tools, task_tools = OwnerTools(users, letters, finder), OwnerTaskTools(tasks, finder)
        files = FileTools(outbox, wanted.workspace_dir, users.owner_id)
        self.scheduler = spine.scheduler(wanted.workspace_dir)
        self.schedules = Schedules(spine.db, outbox, users, self.scheduler)
        schedule = self.schedule = ScheduleTools(spine.db, users, self.schedules, finder)
        self.notices = Notices(spine.db, outbox, users)
        findings = Findings(spine.db, users, wanted.workspace_dir, lambda _task: False)
        self.heartbeat = Heartbeat(spine.db, spine.inbox, users, findings, wanted)
        self.notices.on_said = self.heartbeat.notified
        self.hooks = Hooks(HooksFile(wanted.data_dir / "hooks.json"))
        self.hooks.open(spine.inbox, outbox, users, 1.0)
        self.watches = Watches(spine.db, spine.inbox, outbox, users)
        self.files = FileWatches(spine.db, spine.inbox, outbox, users, wanted.workspace_dir)
        self.errands = Errands(self.scheduler, self.heartbeat, self.hooks, self.watches, self.files)
        spine.turns.on_ended = self.errands.turn_ended
        self.skills = Skills(wanted.workspace_dir, wanted.data_dir, spine.db, outbox, users)
        mcp = mcp_tools(spine, wanted.data_dir)
        tools_of = tools_by_role(
            users,
            outbox,
            tasks,
            owner_tools,
            task_tools,
            memory,
            schedule,
            files,
            StandingTools(finder, self.door),
            wanted.workspace_dir,
            self.notices,
            WatchTools(self.watches, NoChannels(), self.files),
            others=[mcp, SkillTools(self.skills, mcp.add)],
        )
        ask = wanted.untrusted_text == "ask"
        self.consent = Consent(spine.db, users, outbox, marks, finder, ask=ask)
        models = Models(spine.db, wanted)
        self.notes = NoteKeeper(spine.db, users, records, storage, self._ask_short if remembers else None)
        recall = Recall(storage, self.index, users.owner_id, wanted.memory_budget_tokens, spine.db)
        remembering = OwnersMemory(recall, self.notes.ending) if remembers else None
        broker = Broker(wanted, Ledger(spine.db))
        self.sessions = SessionManager(
            wanted,
            spine.db,
            users,
            tools_of,
            servers,
            models,
            self.consent,
            broker,
            self.door.left,
            self.errands.of,
            remembering,
            self.skills.for_prompt,
        )
        self.sessions.recall_seconds = 30
        self.runner = TurnRunner(spine.db, users, self.sessions, spine.turns, outbox, _quiet, used_up=self.door.used_up)
        self.lanes = Lanes(
            spine.inbox,
            spine.turns,
            self.runner.handle,
            slots=wanted.max_warm_sessions,
            first=users.owner_id,
            may_begin=lambda lane: self.door.may_begin(lane) and not self.clearing.is_under_way(lane),
        )
        self.proofs = AwaitedProofs(spine.db, spine.inbox, users, NoAttachments())
        self.clearing = Clearing(
            spine.db,
            outbox,
            self.sessions,
            self.proofs,
            wanted.data_dir,
            wanted.workspace_dir,
            self.index.is_in_step,
        )
        self.clearing.on_clear = self.lanes.wake
        self.door.on_free = self.lanes.wake
        self.door.on_barred = spine.turns.abandon

    async def _ask_short(self, prompt: str, text: str) -> Answered:
        return await self.sessions.ask_short(prompt, text, "haiku")


class Rig:
    """`async with Rig(folder, brain)` has a model and sessions; `ask` runs a turn; `restart` is a new program."""

    def __init__(self, folder: Path, brain: Brain, *, remembers: bool = False, **changes: Any) -> None:
        self.folder = folder
        self.model = ModelSimulator(brain)
        self.servers: dict[str, Any] = {}
        self._changes = changes
        self._remembers = remembers
        self._context = spine_in(folder)

    async def __aenter__(self) -> Self:
        await self.model.start()
        self.spine = self._context.__enter__()
        self.settings = settings(self.folder, **{"anthropic_base_url": self.model.url, **NO_LIMITS, **self._changes})
        self._start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stop()
        self._context.__exit__(kind, error, trace)
        await self.model.stop()
        assert self.processes() == []

    def _start(self) -> None:
        self.run = Run(self.spine, self.settings, lambda: self.servers, self._remembers)
        self.run.sessions.start()
        self.run.consent.start()

    async def _stop(self) -> None:
        self.run.door.stop()
        await self.run.clearing.stop()
        await self.run.lanes.drain(0)
        await self.run.sessions.stop()
        await self.run.index.stop()

    async def restart(self) -> None:
        """All sessions are closed and built anew, as when the program is started again."""
        await self._stop()
        self._start()

    @property
    def sessions(self) -> SessionManager:
        return self.run.sessions

    def begin(self, lane: int, *texts: str) -> Turn:
        """Let somebody write, and take it as a turn."""
        for text in texts:
            self.spine.accept(text, lane, key=f"{lane}:{self.spine.db.value('SELECT count(*) FROM inbox')}")
        turn = self.spine.turns.begin(lane)
        assert turn is not None
        return turn

    async def ask(self, lane: int, *texts: str) -> list[str]:
        """Let somebody write and run the turn; returns what was said in their chat because of it."""
        before = len(self.spine.said(lane))
        await self.run.runner.handle(self.begin(lane, *texts))
        return self.spine.said(lane)[before:]

    def processes(self) -> list[int]:
        """The processes of all sessions on this rig's data."""
        return session_processes(self.settings.data_dir)


def session_processes(data_dir: Path) -> list[int]:
    """The ids of all processes that carry the mark of a session on this data directory."""
    wanted = f"{MARKER}={data_dir}".encode()
    found = []
    for entry in Path("/proc").glob("[0-9]*/environ"):
        try:
            if wanted in entry.read_bytes().split(b"\0") and "State:\tZ" not in (entry.parent / "status").read_text():
                found.append(int(entry.parent.name))
        except OSError:
            continue
    return [pid for pid in found if pid != os.getpid()]


def _quiet(_chat: int) -> AbstractAsyncContextManager[None]:
    return nullcontext()


def by_role(owner: Brain, external: Brain) -> Brain:
    """A brain that answers the owner's session and everyone else's differently."""

    async def brain(request: ModelRequest) -> Reply:
        return await (owner if "mcp__jobs__list_users" in request.tools else external)(request)

    return brain


def spoken(request: ModelRequest) -> list[str]:
    """Every text block that the person's messages stand in, of the whole conversation."""
    blocks = [
        block
        for message in request.messages
        if message["role"] == "user" and isinstance(message["content"], list)
        for block in message["content"]
    ]
    return [block["text"] for block in blocks if block.get("type") == "text"]


@asynccontextmanager
async def lanes_running(rig: Rig) -> AsyncIterator[Callable[[int, str], Awaitable[None]]]:
    """The lanes take what is written; `said(chat, text)` returns once that text stands in the outbox."""
    queued = asyncio.Condition()

    def told(_chat: int) -> None:
        async def notify() -> None:
            async with queued:
                queued.notify_all()

        notices.add(task := asyncio.ensure_future(notify()))
        task.add_done_callback(notices.discard)

    async def said(chat: int, text: str) -> None:
        async with asyncio.timeout(20), queued:
            while not any(text in row for row in rig.spine.said(chat)):
                await queued.wait()

    notices: set[asyncio.Future[None]] = set()
    rig.spine.outbox.on_queued = told
    rig.run.lanes.start()
    yield said
    await rig.run.lanes.drain(5)


__all__ = ["MASHA", "OWNER", "PETYA", "Rig", "by_role", "lanes_running", "session_processes", "spoken"]
