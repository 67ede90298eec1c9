"""The composition root: builds the parts, starts them, drains and stops them."""

import asyncio
import contextlib
import signal
from collections.abc import Callable

import apsw
import structlog

from jobs import mcp_manager, memory, users
from jobs.config import Settings
from jobs.db import LOOK_AGAIN, Database, DatabaseError, DataLock, open_database
from jobs.log import masked
from jobs.mcp_manager.config import McpConfig
from jobs.memory.documents import Records
from jobs.memory.engine import Places
from jobs.memory.index import MemoryIndex
from jobs.memory.recall import Recall
from jobs.memory.storage import MemoryStorage
from jobs.memory.tools import MemoryTools
from jobs.spine.inbox import Inbox
from jobs.spine.lanes import Lanes
from jobs.spine.outbox import Outbox
from jobs.spine.switches import Switches
from jobs.spine.turns import Turns
from jobs.telegram.attachments import TelegramAttachments
from jobs.telegram.buttons import Buttons
from jobs.telegram.chats import Chats
from jobs.telegram.client import SIGNED_OUT, Account, Client, NotSignedIn, make_client, who_am_i
from jobs.telegram.commands import Commands
from jobs.telegram.commands.control import Control
from jobs.telegram.commands.memory import MemoryCommand
from jobs.telegram.commands.model import ModelChoice
from jobs.telegram.commands.reports import Reports
from jobs.telegram.directory import TelegramDirectory
from jobs.telegram.first_messages import FirstMessages
from jobs.telegram.formatting import plain, render
from jobs.telegram.limiter import Limiter
from jobs.telegram.menu import set_menu
from jobs.telegram.presence import Presence
from jobs.telegram.progress import remove_leftovers
from jobs.telegram.receiver import Receiver
from jobs.telegram.reconcile import Reconciler
from jobs.telegram.sender import Sender
from jobs.telegram.watchdog import Connection, Watchdog
from jobs.tools.by_role import tools_by_role
from jobs.tools.remembering import OwnersMemory
from jobs.tools.scheduler import Scheduler
from jobs.users.models import Models
from jobs.users.people import PeopleFinder
from jobs.users.repository import UsersRepository
from jobs.users.sdk import settle
from jobs.users.session_manager import SessionManager
from jobs.users.tools_files import FileTools
from jobs.users.tools_owner import OwnerTools
from jobs.users.turn_runner import TurnRunner
from jobs.voice.transcriber import Transcriber

log = structlog.get_logger()

DRAIN_SECONDS = 30.0
"""How long running turns may take to end when Jobs is told to stop."""
SEND_SECONDS = 5.0
"""How long their answers may then take to leave."""
CONNECT_SECONDS = 30.0
LOOK_SECONDS = 10.0
"""How long the first turns wait for older messages to be read from history, so that they come first."""


class PartFailed(Exception):
    """Something that has to run for as long as Jobs does has ended."""


class SignedOut(Exception):
    """Telegram ended the login while Jobs was running."""


class App:
    """Everything, built in one place. `async with App(settings)` has it running; `wait` returns when it has to stop."""

    def __init__(self, settings: Settings, on_ready: Callable[[Account], None] = lambda _: None) -> None:
        self._settings = settings
        self._on_ready = on_ready
        self._stop = asyncio.Event()
        self._signed_out: Exception | None = None
        self._failed: BaseException | None = None
        self._look_again: Callable[[], None] = lambda: None

    async def run(self) -> None:
        """Run until SIGTERM or SIGINT. Raises AlreadyRunning, DatabaseError, NotSignedIn or SignedOut."""
        settings = self._settings
        _make_folders(settings)
        # Before the lock is taken: whoever sees it held may send the signal.
        asyncio.get_running_loop().add_signal_handler(LOOK_AGAIN, lambda: self._look_again())
        lock = DataLock(settings.data_dir)
        lock.acquire()
        try:
            db = open_database(settings.data_dir / "db.sqlite")
            try:
                await self._run_on(db)
            finally:
                with contextlib.suppress(apsw.Error):
                    db.close()
        finally:
            lock.release()
        if self._failed:
            raise PartFailed("a part of Jobs has failed, the log says which; start it again") from self._failed
        if self._signed_out:
            raise SignedOut("Telegram has ended the login; run ./jobs setup to sign in again") from self._signed_out

    async def _run_on(self, db: Database) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        client = make_client(self._settings)
        try:
            account = await self._sign_in(client)
            await self._serve(db, client, account)
        finally:
            await client.disconnect()

    async def _sign_in(self, client: Client) -> Account:
        connecting = asyncio.create_task(client.connect())
        stopping = asyncio.create_task(self._stop.wait())
        try:
            while not connecting.done() and not self._stop.is_set():
                await asyncio.wait({connecting, stopping}, timeout=CONNECT_SECONDS, return_when=asyncio.FIRST_COMPLETED)
                if not connecting.done() and not self._stop.is_set():
                    log.warning("Telegram cannot be reached; still trying")
            if connecting.done():
                await connecting
        finally:
            stopping.cancel()
            connecting.cancel()
        if self._stop.is_set():
            raise asyncio.CancelledError
        try:
            return Account.of(await who_am_i(client), self._settings.tg_user_id)
        except SIGNED_OUT as error:
            raise NotSignedIn("Telegram does not accept the login any more; run ./jobs setup") from error

    async def _serve(self, db: Database, client: Client, account: Account) -> None:
        settings = self._settings
        people = UsersRepository(db, settings.tg_user_id or 0, settings.tz)
        chats = Chats(db, account.id, is_bot=account.is_bot)
        outbox = Outbox(db, render, plain)
        inbox = Inbox(db)
        turns = Turns(db, outbox)
        scheduler = Scheduler(db, outbox, people)
        storage = MemoryStorage(settings.workspace_dir)
        places = Places(settings.workspace_dir, settings.data_dir, settings.tz)
        index = MemoryIndex(places)
        mcp = McpConfig(settings.data_dir / "mcp_servers.json")
        directory = TelegramDirectory(client, account, people, chats)
        owner_tools = OwnerTools(people, outbox, PeopleFinder(people, directory))
        files = FileTools(outbox, settings.workspace_dir, people.owner_id)
        memory_tools = MemoryTools(storage, index, Records(places.records, places.zone))
        tools_of = tools_by_role(people, outbox, owner_tools, memory_tools, scheduler, files)
        switches = Switches(db, people.owner_id)
        models = Models(db, settings)
        remembering = OwnersMemory(Recall(storage, index, people.owner_id, settings.memory_budget_tokens))
        sessions = SessionManager(settings, db, people, tools_of, mcp.servers, models, remembering)
        limiter = Limiter()
        presence = Presence(
            client, chats, db, limiter, people, settings.streaming, lambda text: masked(text, settings.secrets())
        )
        attachments = TelegramAttachments(
            client,
            inbox,
            outbox,
            settings.workspace_dir,
            settings.max_upload_mb,
            Transcriber.of(settings),
            people.owner,
        )
        runner = TurnRunner(db, people, sessions, turns, outbox, presence.working, attachments)
        lanes = Lanes(
            inbox,
            turns,
            runner.handle,
            slots=settings.max_warm_sessions,
            first=people.owner_id,
            may_begin=switches.may_begin,
        )
        lanes.on_more = runner.steer
        lanes.on_waiting = presence.noticed
        first_messages = FirstMessages(db, outbox, people, settings.first_messages_per_day)
        sender = Sender(client, outbox, people, chats, limiter, first_messages, self._sign_out)
        connection = Connection()

        def look_again() -> None:
            lanes.wake_all()
            outbox.wake_all()
            scheduler.look()

        self._look_again = look_again
        commands = Commands(
            outbox,
            people,
            sessions,
            Control(db, people, sessions, runner, turns, switches, look_again),
            Reports(db, people, sessions, switches, models, connection.words),
            ModelChoice(models, turns, look_again),
            MemoryCommand(storage),
        )
        buttons = Buttons(client, account, db, inbox, outbox, people, chats, commands)
        receiver = Receiver(client, account, db, inbox, outbox, people, chats, commands, settings.answer_others)
        reconciler = Reconciler(client, account, db, receiver, chats, self._sign_out)
        watchdog = Watchdog(client, connection, reconciler.look_soon)

        with contextlib.ExitStack() as doors:
            doors.enter_context(users.session_manager_door.opened(sessions))
            doors.enter_context(users.users_repository_door.opened(people))
            doors.enter_context(memory.storage_door.opened(storage))
            doors.enter_context(memory.index_door.opened(index))
            doors.enter_context(mcp_manager.mcp_config_door.opened(mcp))
            tasks: list[asyncio.Task[None]] = []
            try:
                tasks.append(asyncio.create_task(self._watch(client), name="watch"))
                tasks.append(asyncio.create_task(client.watch_clock(), name="clock"))
                sessions.start()
                await index.start()
                runner.start()
                receiver.start()
                buttons.start()
                await directory.learn_contacts()
                await remove_leftovers(client, db, chats)
                client.on_reconnected = reconciler.look_soon
                tasks.append(asyncio.create_task(reconciler.run(), name="reconciler"))
                tasks.append(asyncio.create_task(watchdog.run(), name="watchdog"))
                for task in tasks:
                    task.add_done_callback(self._part_ended)
                if account.is_bot:
                    tasks.append(asyncio.create_task(set_menu(client, chats, people.owner_id, commands)))
                sender.start()
                scheduler.start()
                await self._until(reconciler.looked, LOOK_SECONDS)
                lanes.start()
                await self._until(reconciler.looked)
                settle()
                if switches.frozen or switches.paused:
                    log.warning("halted by the owner", frozen=switches.frozen, paused=switches.paused)
                log.info("ready", account=account.id, bot=account.is_bot)
                self._on_ready(account)
                await self._stop.wait()
                log.info("stopping", busy=lanes.busy)
            finally:
                receiver.stop()
                buttons.stop()
                scheduler.stop()
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                await lanes.drain(0 if self._signed_out else DRAIN_SECONDS)
                await presence.drain()
                await sender.drain(0 if self._signed_out else SEND_SECONDS)
                await sessions.stop()
                await index.stop()

    async def _watch(self, client: Client) -> None:
        """Telethon reconnects for ever; its connection ends by itself only when there is no going on."""
        try:
            await client.disconnected
        except SIGNED_OUT as error:
            self._sign_out(error)
        else:
            raise ConnectionError("the connection to Telegram has ended")

    async def _until(self, event: asyncio.Event, seconds: float | None = None) -> None:
        """Wait for the event, or until Jobs has to stop, or for so long."""
        waiting = [asyncio.create_task(event.wait()), asyncio.create_task(self._stop.wait())]
        try:
            await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waiting:
                task.cancel()

    def _sign_out(self, error: Exception) -> None:
        self._signed_out = error
        self._stop.set()

    def _part_ended(self, task: asyncio.Task[None]) -> None:
        """A part that has to run for ever has ended: better to stop and be started anew than to run without it."""
        if not task.cancelled() and (error := task.exception()):
            log.error("a part has failed", part=task.get_name(), error=repr(error))
            self._failed = error
            self._stop.set()


def _make_folders(settings: Settings) -> None:
    """Raises DatabaseError with a sentence when the folders cannot be made."""
    try:
        for folder in (settings.data_dir, settings.data_dir / "sessions"):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for folder in (settings.workspace_dir, settings.workspace_dir / "memory", settings.workspace_dir / "uploads"):
            folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseError(
            f"{error.filename} cannot be made ({error.strerror}); check DATA_DIR and WORKSPACE_DIR"
        ) from None
