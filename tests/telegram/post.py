"""The Telegram side of the program on a loopback Telegram, without sessions: what comes stays in the inbox."""

import asyncio
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import apsw
from telethon.tl import types
from tests.support import MOSCOW, Spine, settings

from jobs.mcp_manager.secrets import Secrets
from jobs.spine.inbox import Inbox
from jobs.spine.model import Incoming
from jobs.spine.outbox import Outbox
from jobs.spine.turns import Turns
from jobs.telegram.chats import Chats
from jobs.telegram.client import Account as OwnAccount
from jobs.telegram.client import make_client, who_am_i
from jobs.telegram.commands import Commands, Order
from jobs.telegram.deletions import Deletions
from jobs.telegram.directory import TelegramDirectory
from jobs.telegram.first_messages import FirstMessages
from jobs.telegram.formatting import plain, render
from jobs.telegram.limiter import Limiter
from jobs.telegram.presence import Presence
from jobs.telegram.receiver import Receiver
from jobs.telegram.reconcile import Reconciler
from jobs.telegram.sender import Sender
from jobs.users.doorkeeper import Doorkeeper
from jobs.users.model import Person
from jobs.users.repository import UsersRepository
from jobs_simulator.telegram import Account, Media, SimMessage, TelegramSimulator
from jobs_simulator.telegram.post import Draft


class NoCommands(Commands):
    """Every message is for a session."""

    def __init__(self) -> None:
        """It has nothing to act on."""

    def order_of(self, text: str, person: Person, event: Incoming | None = None) -> Order | None:
        return None


class Post(Spine):
    """`async with Post(sim, folder, account, owner)` is signed in, listening and sending, and has looked once."""

    def __init__(
        self,
        sim: TelegramSimulator,
        folder: Path,
        account: Account,
        owner: Account,
        *,
        answer_others: bool = False,
        first_messages_per_day: int = 10,
    ) -> None:
        self.sim = sim
        self.account = account
        self.settings = settings(
            folder,
            tg_api_id=1,
            tg_api_hash="0" * 32,
            tg_user_id=owner.id,
            tg_server=sim.endpoint,
            tg_server_key=sim.public_key_path,
            answer_others=answer_others,
            first_messages_per_day=first_messages_per_day,
        )
        if not self.settings.telethon_session.exists():
            sim.write_session(account, self.settings.telethon_session)
        super().__init__(self.settings.data_dir / "db.sqlite")
        self.inbox = Inbox(self.db)
        self.outbox = Outbox(self.db, render, plain)
        self.turns = Turns(self.db, self.outbox)
        self.users = UsersRepository(self.db, owner.id, MOSCOW)
        self.arrived: asyncio.Queue[int] = asyncio.Queue()
        self.inbox.on_accepted = self.arrived.put_nowait
        self.signed_out: Exception | None = None

    async def __aenter__(self) -> Self:
        self.client = make_client(self.settings)
        await self.client.connect()
        self.me = OwnAccount.of(await who_am_i(self.client), self.settings.tg_user_id)
        self.chats = Chats(self.db, self.me.id, is_bot=self.me.is_bot)
        self.directory = TelegramDirectory(self.client, self.me, self.users, self.chats)
        self.limiter = Limiter()
        self.presence = Presence(self.client, self.chats, self.db, self.limiter, self.users, "off", lambda text: text)
        self.first_messages = FirstMessages(
            self.db, self.outbox, self.users, self.settings.first_messages_per_day, notice_after=0.05
        )
        self.sender = Sender(
            self.client, self.outbox, self.users, self.chats, self.limiter, self.first_messages, self._sign_out
        )
        self.receiver = Receiver(
            self.client,
            self.me,
            self.db,
            self.inbox,
            self.outbox,
            self.users,
            self.chats,
            NoCommands(),
            Doorkeeper(self.db, self.users, self.outbox, self.settings),
            Secrets(self.db, self.outbox, self.users, lambda _server, _variable, _value: None),
            Deletions(self.client, self.db),
            self.settings.answer_others,
        )
        self.reconciler = Reconciler(self.client, self.me, self.db, self.receiver, self.chats, self._sign_out)
        await self.directory.learn_contacts()
        self.sender.start()
        self.receiver.start()
        self.client.on_reconnected = self.reconciler.look_soon
        self._reading = asyncio.create_task(self.reconciler.run())
        await self.reconciler.looked.wait()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.receiver.stop()
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)
        await self.receiver.drain(0)
        await self.sender.drain(0)
        await self.client.disconnect()
        try:
            self.db.close()
        except apsw.Error:
            if error is None:
                raise

    def _sign_out(self, error: Exception) -> None:
        self.signed_out = error

    def texts(self) -> list[str]:
        """The inbox, oldest first."""
        return [row["text"] for row in self.db.execute("SELECT text FROM inbox WHERE state <> 'dropped' ORDER BY id")]

    async def until_arrived(self, *texts: str) -> None:
        """Wait until exactly these stand in the inbox, in this order."""
        try:
            async with asyncio.timeout(5):
                while len(self.texts()) < len(texts):
                    await self.arrived.get()
        except TimeoutError:
            raise AssertionError(f"only {self.texts()} came") from None
        assert self.texts() == list(texts)

    def is_read(self, message: SimMessage) -> bool:
        """Whether the sender of this message sees it as read, as soon as they can."""
        dialog, copy = self.account.box.dialogs.get(message.sender), self.account.box.copy_of(message.uid)
        return dialog is not None and copy is not None and copy.id <= dialog.read_inbox

    async def until_read(self, message: SimMessage) -> None:
        await self.sim.wait_for(lambda event: event.kind == "read" and self.is_read(message))

    async def until_sent(self, text: str) -> None:
        await self.sim.wait_for(
            lambda event: event.kind == "message" and event.account is self.account and event.text == text, timeout=10
        )


def send_media(sim: TelegramSimulator, sender: Account, to: Account, tl: Any, text: str = "") -> None:
    """Send a message with media of any kind."""
    sim._post.send(sender, to, Draft(text=text, media=Media("any", tl=tl)))


__all__ = ["Post", "send_media", "types"]
