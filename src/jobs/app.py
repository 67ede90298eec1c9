"""The composition root: builds the parts, starts them, drains and stops them."""

import asyncio
import contextlib
import signal
from collections.abc import Callable

import apsw
import structlog

from jobs import mcp_manager, memory, service_manager, users
from jobs.backup import Rotation, before_upgrade
from jobs.config import Settings
from jobs.db import LOOK_AGAIN, Database, DatabaseError, DataLock, open_database
from jobs.garbage import settle
from jobs.parts import Parts
from jobs.telegram.client import SIGNED_OUT, Account, Client, NotSignedIn, make_client, who_am_i
from jobs.telegram.menu import set_menu
from jobs.telegram.progress import remove_leftovers
from jobs.texts import Refusal
from jobs.tools.hooks import Hooks, HooksFile
from jobs.upkeep import Upkeep
from jobs.web import Stage, Vitals, WebServer

log = structlog.get_logger()

DRAIN_SECONDS = 30.0
"""How long running turns may take to end when Jobs is told to stop."""
SEND_SECONDS = 5.0
"""How long their answers may then take to leave."""
NOTES_SECONDS = 15.0
"""How long notes of the owner's conversation may then take; what is not noted is still in the records."""
CONNECT_SECONDS = 30.0
LOOK_SECONDS = 10.0
"""How long the first turns wait for older messages to be read from history, so that they come first."""


class PartFailed(Refusal):
    """Something that has to run for as long as Jobs does has ended."""


class SignedOut(Refusal):
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
            before_upgrade(settings.data_dir / "db.sqlite")
            db = open_database(settings.data_dir / "db.sqlite")
            try:
                await self._run_on(db)
            finally:
                with contextlib.suppress(apsw.Error):
                    db.close()
        finally:
            lock.release()
        if self._failed:
            raise PartFailed("part_failed") from self._failed
        if self._signed_out:
            raise SignedOut("login_ended") from self._signed_out

    async def _run_on(self, db: Database) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        client = make_client(self._settings)
        vitals = Vitals(db)
        hooks = Hooks(HooksFile(self._settings.data_dir / "hooks.json"))
        web = WebServer(self._settings.http_port, vitals, hooks.routes)
        web.start()
        try:
            account = await self._sign_in(client)
            await self._serve(db, client, account, vitals, hooks)
        finally:
            await web.stop()
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
            raise NotSignedIn("login_not_accepted") from error

    async def _serve(self, db: Database, client: Client, account: Account, vitals: Vitals, hooks: Hooks) -> None:
        parts = Parts(self._settings, db, client, account, hooks, self._sign_out)
        self._look_again = parts.look_again
        parts.runner.on_report = vitals.add
        vitals.telegram = lambda: parts.connection.is_there
        vitals.sessions = lambda: (parts.sessions.warm, parts.sessions.busy)
        tasks: list[asyncio.Task[None]] = []
        with contextlib.ExitStack() as doors:
            doors.enter_context(users.session_manager_door.opened(parts.sessions))
            doors.enter_context(users.users_repository_door.opened(parts.people))
            doors.enter_context(memory.storage_door.opened(parts.storage))
            doors.enter_context(memory.index_door.opened(parts.index))
            doors.enter_context(mcp_manager.mcp_config_door.opened(parts.mcp_config))
            try:
                await self._start(parts, tasks, vitals)
                self._on_ready(account)
                vitals.stage = Stage.READY
                service_manager.tell(service_manager.READY)
                await self._stop.wait()
                log.info("stopping", busy=parts.lanes.busy)
            finally:
                vitals.stage = Stage.STOPPING
                await self._end(parts, tasks)

    async def _start(self, parts: Parts, tasks: list[asyncio.Task[None]], vitals: Vitals) -> None:
        """Start the parts in the order that loses and swaps nothing. `tasks` gets what is cancelled at the end."""
        tasks.append(asyncio.create_task(self._watch(parts.client), name="watch"))
        tasks.append(asyncio.create_task(parts.client.watch_clock(), name="clock"))
        for part in (parts.sessions, parts.consent, parts.runner, parts.receiver, parts.buttons, parts.receipts):
            part.start()
        parts.skills.start()  # after the sessions, which see to whose files are whose
        parts.channels.start()
        await parts.directory.learn_contacts()
        await remove_leftovers(parts.client, parts.db, parts.chats)
        parts.client.on_reconnected = parts.look_at_history
        parts.client.on_clock_set = parts.look_at_clock
        tasks.append(asyncio.create_task(parts.reconciler.run(), name="reconciler"))
        tasks.append(asyncio.create_task(parts.watchdog.run(), name="watchdog"))
        tasks.append(asyncio.create_task(parts.channels.run(), name="channels"))
        tasks.append(asyncio.create_task(parts.files.run(), name="files"))
        tasks.append(asyncio.create_task(Rotation(self._settings).run(), name="backups"))
        living = service_manager.keep_telling(lambda: not vitals.faults())
        tasks.append(asyncio.create_task(living, name="service manager"))
        upkeep = Upkeep(self._settings, parts.db, parts.archive)
        tasks.append(asyncio.create_task(upkeep.run(), name="upkeep"))
        for task in tasks:
            task.add_done_callback(self._part_ended)
        if parts.account.is_bot:
            menu = set_menu(parts.client, parts.chats, parts.people.owner_id, parts.commands)
            tasks.append(asyncio.create_task(menu))
        parts.sender.start()
        parts.scheduler.start()
        parts.mcp.start()
        parts.deletions.start()
        parts.proofs.start()
        parts.clearing.start()
        await self._until(parts.reconciler.looked, LOOK_SECONDS)
        parts.lanes.start()
        await self._until(parts.reconciler.looked)
        parts.followups.timer.start()  # what people wrote while Jobs was down may be the answer
        parts.digest.timer.start()
        parts.consolidation.timer.start()
        parts.heartbeat.timer.start()
        settle()
        if parts.switches.frozen or parts.switches.paused:
            log.warning("halted by the owner", frozen=parts.switches.frozen, paused=parts.switches.paused)
        log.info("ready", account=parts.account.id, bot=parts.account.is_bot)

    async def _end(self, parts: Parts, tasks: list[asyncio.Task[None]]) -> None:
        """Take nothing new, let what runs come to its end, and close."""
        for part in (parts.receiver, parts.buttons, parts.receipts, parts.channels, parts.scheduler):
            part.stop()
        parts.deletions.stop()
        await parts.proofs.stop()
        await parts.clearing.stop()
        parts.followups.timer.stop()
        parts.digest.timer.stop()
        await parts.consolidation.stop()
        parts.heartbeat.timer.stop()
        parts.door.stop()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await parts.lanes.drain(0 if self._signed_out else DRAIN_SECONDS)
        await parts.presence.drain()
        await parts.receiver.drain(0 if self._signed_out else SEND_SECONDS)
        await parts.sender.drain(0 if self._signed_out else SEND_SECONDS)
        if not parts.switches.frozen:
            await parts.notes.drain(NOTES_SECONDS)
        await parts.mcp.stop()
        await parts.sessions.stop()
        await parts.index.stop()

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
        raise DatabaseError("folder_not_made", path=error.filename, why=error.strerror) from None
