"""Every part of the running program, built in one place; nothing is started here."""

from collections.abc import Callable

from jobs.broker import Broker, Ledger
from jobs.config import Settings
from jobs.db import Database
from jobs.masks import Masks, session_secrets
from jobs.mcp_manager.config import McpConfig
from jobs.mcp_manager.manager import McpManager, usable_environment
from jobs.mcp_manager.registry import Registry
from jobs.mcp_manager.secrets import Secrets
from jobs.mcp_manager.tools import McpTools
from jobs.memory.documents import Records
from jobs.memory.engine import places_of
from jobs.memory.index import MemoryIndex
from jobs.memory.recall import Recall
from jobs.memory.storage import MemoryStorage
from jobs.memory.tools import MemoryTools
from jobs.skills.keeper import Skills
from jobs.skills.tools import SkillTools
from jobs.spine.inbox import Inbox
from jobs.spine.lanes import Lanes
from jobs.spine.outbox import Outbox
from jobs.spine.own_lanes import is_persons
from jobs.spine.switches import Switches
from jobs.spine.turns import Turns
from jobs.telegram.attachments import TelegramAttachments
from jobs.telegram.buttons import Buttons
from jobs.telegram.channels import Channels
from jobs.telegram.chats import Chats
from jobs.telegram.client import Account, Client
from jobs.telegram.commands import Commands
from jobs.telegram.commands.admission import Admission
from jobs.telegram.commands.allowing import Allowing
from jobs.telegram.commands.control import Control
from jobs.telegram.commands.decisions import Decisions
from jobs.telegram.commands.heartbeat import HeartbeatCommand
from jobs.telegram.commands.memory import MemoryCommand
from jobs.telegram.commands.model import ModelChoice
from jobs.telegram.commands.reports import Reports
from jobs.telegram.commands.schedules import ScheduleCommands
from jobs.telegram.commands.side import Side
from jobs.telegram.commands.task_replies import TaskReplies
from jobs.telegram.deletions import Deletions
from jobs.telegram.directory import TelegramDirectory
from jobs.telegram.first_messages import FirstMessages
from jobs.telegram.formatting import plain, render
from jobs.telegram.limiter import Limiter
from jobs.telegram.presence import Presence
from jobs.telegram.quotes import Quotes
from jobs.telegram.receipts import Receipts
from jobs.telegram.receiver import Receiver
from jobs.telegram.reconcile import Reconciler
from jobs.telegram.sender import Sender
from jobs.telegram.watchdog import Connection, Watchdog
from jobs.tools.by_role import tools_by_role
from jobs.tools.consolidation import Consolidation
from jobs.tools.digest import Digest
from jobs.tools.errands import Errands
from jobs.tools.file_watches import FileWatches
from jobs.tools.findings import Findings
from jobs.tools.followups import Followups
from jobs.tools.heartbeat import Heartbeat
from jobs.tools.hooks import Hooks
from jobs.tools.note_keeper import NoteKeeper
from jobs.tools.notices import Notices
from jobs.tools.remembering import OwnersMemory
from jobs.tools.schedule_tools import ScheduleTools
from jobs.tools.scheduler import Scheduler
from jobs.tools.schedules import Schedules
from jobs.tools.watch_tools import WatchTools
from jobs.tools.watches import Watches
from jobs.upkeep import Archive
from jobs.users.awaited_proofs import AwaitedProofs
from jobs.users.clearing import Clearing
from jobs.users.consent import Consent
from jobs.users.doorkeeper import Doorkeeper
from jobs.users.forget import Forgetting
from jobs.users.letters import Letters
from jobs.users.marks import Marks
from jobs.users.models import Models
from jobs.users.outcome import Reply
from jobs.users.people import PeopleFinder
from jobs.users.profile import MARKER
from jobs.users.repository import UsersRepository
from jobs.users.session_manager import SessionManager
from jobs.users.tasks import Tasks
from jobs.users.tools_files import FileTools
from jobs.users.tools_owner import OwnerTools
from jobs.users.tools_standing import StandingTools
from jobs.users.tools_tasks import OwnerTaskTools
from jobs.users.turn_runner import TurnRunner
from jobs.voice.transcriber import Transcriber
from jobs.walls import as_agent


class Parts:
    """The parts, each handed those it needs. The order below is the order they depend on each other in."""

    def __init__(
        self,
        settings: Settings,
        db: Database,
        client: Client,
        account: Account,
        hooks: Hooks,
        signed_out: Callable[[Exception], None],
    ) -> None:
        self.settings = settings
        self.db = db
        self.client = client
        self.account = account
        self.hooks = hooks
        self._signed_out = signed_out
        self._build_spine()
        self._build_people()
        self._build_sessions()
        self._build_chats()
        self._build_commands()
        self._build_receiving()

    def _build_spine(self) -> None:
        db, settings = self.db, self.settings
        self.archive = Archive(settings.data_dir / "archive")
        self.people = people = UsersRepository(db, settings.tg_user_id or 0, settings.tz)
        self.masks = masks = Masks([*settings.secrets(), *session_secrets(settings.telethon_session)])
        # To the owner an answer may have a secret in it that they ask for.
        self.outbox = Outbox(db, render, plain, lambda chat, text: text if chat == people.owner_id else masks(text))
        self.inbox = Inbox(db)
        self.turns = Turns(db, self.outbox)
        self.switches = Switches(db, people.owner_id)

    def _build_people(self) -> None:
        """Whom Jobs knows, what they were asked to do, and what happens at its time."""
        db, outbox, people, settings = self.db, self.outbox, self.people, self.settings
        self.chats = Chats(db, self.account.id, is_bot=self.account.is_bot)
        self.directory = TelegramDirectory(self.client, self.account, people, self.chats)
        self.finder = PeopleFinder(people, self.directory)
        self.door = Doorkeeper(db, people, outbox, settings)
        self.letters = Letters(db, outbox, people, confirm=settings.confirm_first_messages)
        self.tasks = Tasks(db, people, outbox, self.letters)
        outbox.on_sent = self.tasks.sent
        self.followups = Followups(db, outbox, people, settings.quiet_hours)
        self.digest = Digest(db, outbox, people, self.letters, settings.digest_time)
        self.scheduler = Scheduler(
            db,
            self.inbox,
            outbox,
            people,
            self.letters,
            settings.workspace_dir,
            settings.schedule_run_usd,
            as_agent(settings, "checks"),
        )
        self.schedules = Schedules(db, outbox, people, self.scheduler)
        self.notices = Notices(db, outbox, people)
        findings = Findings(db, people, settings.workspace_dir, self.followups.asked_owner)
        self.heartbeat = Heartbeat(db, self.inbox, people, findings, settings)
        self.notices.on_said = self.heartbeat.notified
        self.hooks.open(self.inbox, outbox, people, settings.schedule_run_usd)
        self.watches = Watches(db, self.inbox, outbox, people, settings.schedule_run_usd)
        self.channels = Channels(self.client, self.account, db, self.watches)
        self.files = FileWatches(db, self.inbox, outbox, people, settings.workspace_dir, settings.schedule_run_usd)
        self.errands = Errands(self.scheduler, self.heartbeat, self.hooks, self.watches, self.files)
        self.turns.on_ended = self.errands.turn_ended

    def _build_sessions(self) -> None:
        db, outbox, people, settings = self.db, self.outbox, self.people, self.settings
        self.storage = MemoryStorage(settings.workspace_dir)
        places = places_of(settings)
        self.index = MemoryIndex(places)
        records = Records(places.records, places.zone)
        self.mcp_config = McpConfig(settings.data_dir / "mcp_servers.json")
        self.mcp = McpManager(
            self.mcp_config,
            db,
            outbox,
            people,
            environment=usable_environment(settings.own_variables),
            marker={MARKER: str(settings.data_dir)},
            proxy_for=settings.proxy_for,
            confined=as_agent(settings, "mcp"),
        )
        self.secrets = Secrets(db, outbox, people, self.mcp.given)
        mcp_tools = McpTools(self.mcp, self._registry(), self.secrets)
        self.skills = Skills(settings.workspace_dir, settings.data_dir, db, outbox, people)
        marks = Marks(db)
        tools_of = tools_by_role(
            people,
            outbox,
            self.tasks,
            OwnerTools(people, self.letters, self.finder),
            OwnerTaskTools(self.tasks, self.finder, self.followups.next_step),
            MemoryTools(self.storage, self.index, records, marks.authors),
            ScheduleTools(db, people, self.schedules, self.finder),
            FileTools(outbox, settings.workspace_dir, people.owner_id),
            StandingTools(self.finder, self.door),
            settings.workspace_dir,
            self.notices,
            WatchTools(self.watches, self.channels, self.files),
            others=[mcp_tools, SkillTools(self.skills, mcp_tools.add)],
        )
        self.models = Models(db, settings)
        self.consent = Consent(db, people, outbox, marks, self.finder, ask=settings.untrusted_text == "ask")
        asks = settings.keeps_notes
        self.notes = NoteKeeper(db, people, records, self.storage, self._ask_for_notes if asks else None)
        recall = Recall(self.storage, self.index, people.owner_id, settings.memory_budget_tokens, db)
        self.sessions = SessionManager(
            settings,
            db,
            people,
            tools_of,
            self.mcp.servers,
            self.models,
            self.consent,
            Broker(settings, Ledger(db)),
            self.door.left,
            self.errands.of,
            OwnersMemory(recall, self.notes.ending),
            self.skills.for_prompt,
        )
        self.consolidation = Consolidation(
            db, outbox, people, self.storage, self._ask_nightly if asks else None, settings.memory_nightly
        )

    async def _ask_for_notes(self, prompt: str, text: str) -> Reply:
        return await self.sessions.ask_short(prompt, text, self.settings.memory_model)

    async def _ask_nightly(self, prompt: str, text: str) -> Reply:
        settings = self.settings
        return await self.sessions.ask_short(prompt, text, settings.memory_model, settings.memory_nightly_usd)

    def _registry(self) -> Registry:
        settings = self.settings
        url = settings.mcp_registry_url
        return Registry(url, settings.data_dir / "cache", settings.proxy_for(url))

    def _build_chats(self) -> None:
        """What a person sees while a turn works, the lanes it works in, and how its words leave."""
        client, outbox, people, settings = self.client, self.outbox, self.people, self.settings
        limiter = Limiter()
        self.presence = Presence(client, self.chats, self.db, limiter, people, settings.streaming, self.masks)
        attachments = TelegramAttachments(
            client,
            self.inbox,
            outbox,
            settings.workspace_dir,
            settings.max_upload_mb,
            Transcriber.of(settings),
            people.owner,
        )
        self.proofs = AwaitedProofs(self.db, self.inbox, people, attachments)
        self.clearing = Clearing(
            self.db,
            outbox,
            self.sessions,
            self.proofs,
            settings.data_dir,
            settings.workspace_dir,
            self.index.is_in_step,
        )
        self.runner = TurnRunner(
            self.db,
            people,
            self.sessions,
            self.turns,
            outbox,
            self.presence.working,
            attachments,
            self.masks,
            Quotes(client, self.account, self.inbox, people.owner().language).look_up,
            self.door.used_up,
        )
        self.lanes = Lanes(
            self.inbox,
            self.turns,
            self.runner.handle,
            slots=settings.max_warm_sessions,
            first=people.owner_id,
            may_begin=self._may_begin,
        )
        self.door.on_free = self.lanes.wake
        self.clearing.on_clear = self.lanes.wake
        self.door.on_barred = self.runner.bar
        self.lanes.on_more = self.runner.steer
        self.lanes.on_waiting = lambda lane: self.presence.noticed(lane) if is_persons(lane) else None
        first_messages = FirstMessages(self.db, outbox, people, settings.first_messages_per_day)
        self.sender = Sender(client, outbox, people, self.chats, limiter, first_messages, self._signed_out)

    def _build_commands(self) -> None:
        db, outbox, people, sessions = self.db, self.outbox, self.people, self.sessions
        self.connection = Connection()
        self.commands = Commands(
            outbox,
            people,
            self.runner.is_running,
            Control(db, people, sessions, self.runner, self.turns, self.switches, self.look_again),
            Reports(db, people, sessions, self.switches, self.models, self.connection.words, self.followups.next_step),
            ModelChoice(self.models, self.turns, self.look_again),
            Decisions(self.tasks),
            Side(
                people,
                outbox,
                self.runner.is_running,
                Forgetting(db, people, outbox, self.letters, self.archive.forget),
                self.clearing,
            ),
            self.consent,
            Admission(self.finder, self.door),
            MemoryCommand(self.storage),
            ScheduleCommands(db, people, self.schedules),
            HeartbeatCommand(db, self.heartbeat, self.settings.heartbeat_daily_usd),
            Allowing("mcp", self.mcp),
            Allowing("skills", self.skills),
            TaskReplies(self.tasks, outbox, self.proofs, self.settings.workspace_dir),
        )

    def _build_receiving(self) -> None:
        client, account, db, inbox, outbox = self.client, self.account, self.db, self.inbox, self.outbox
        people, chats, commands = self.people, self.chats, self.commands
        self.buttons = Buttons(client, account, db, inbox, outbox, people, chats, commands)
        self.deletions = Deletions(client, db)
        self.receiver = Receiver(
            client,
            account,
            db,
            inbox,
            outbox,
            people,
            chats,
            commands,
            self.door,
            self.secrets,
            self.deletions,
            self.settings.answer_others,
        )
        self.receipts = Receipts(client, self.tasks)
        self.reconciler = Reconciler(client, account, db, self.receiver, chats, self._signed_out)
        self.watchdog = Watchdog(client, self.connection, self.reconciler.look_soon)

    def _may_begin(self, lane: int) -> bool:
        """Whether a turn of the lane may be begun now."""
        return self.switches.may_begin(lane) and self.door.may_begin(lane) and not self.clearing.is_under_way(lane)

    def look_again(self) -> None:
        """Whatever was halted, or changed by another process, is looked at anew."""
        self.lanes.wake_all()
        self.outbox.wake_all()
        self.look_at_clock()

    def look_at_history(self) -> None:
        """The connection was away: what was missed is read from Telegram."""
        self.reconciler.look_soon()
        self.channels.look_soon()

    def look_at_clock(self) -> None:
        """What is due may be due at once: the clock was set, or the machine slept."""
        self.scheduler.timer.look()
        self.followups.timer.look()
        self.digest.timer.look()
        self.consolidation.timer.look()
        self.heartbeat.timer.look()
