"""A person in their chat with Jobs, through a Telegram client of their own."""

import asyncio
from collections.abc import Callable

from telethon import TelegramClient, events
from telethon.tl import types

from jobs_simulator.telegram import Account

PATIENCE = 20.0
"""Seconds a person waits for an answer: a cold session on a busy machine takes a few."""


class Chat:
    """Hears everything the other side writes from the moment it is opened; keeps what nobody has asked for yet.

    What comes without a notification answers nothing: Jobs' progress message quotes what the answer will be about.
    """

    def __init__(self, client: TelegramClient, other: Account) -> None:
        self.client = client
        self._other = other
        self._changed = asyncio.Condition()
        self._unread: list[str] = []
        self._silent: list[str] = []  # what came without a notification
        self.heard: list[str] = []
        """Every message of the other side, in order."""
        self.on_heard: Callable[[str], None] = lambda text: None
        self.on_said: Callable[[str], None] = lambda text: None
        client.add_event_handler(self._on_message, events.NewMessage(incoming=True))

    async def _on_message(self, event: events.NewMessage.Event) -> None:
        if not isinstance(event.message.peer_id, types.PeerUser) or event.message.peer_id.user_id != self._other.id:
            return
        text = event.message.message or ""
        async with self._changed:
            self.heard.append(text)
            (self._silent if event.message.silent else self._unread).append(text)
            self._changed.notify_all()
        self.on_heard(text)

    async def say(self, text: str) -> int:
        """Write to the other side; returns the message's id."""
        peer = await self.client.get_input_entity(self._other.username or self._other.phone)
        self.on_said(text)
        message = await self.client.send_message(peer, text, parse_mode=None)
        return int(message.id)

    async def expect(self, *words: str, timeout: float = PATIENCE) -> str:
        """Wait for a message with all these words in it (case does not matter), and return it.

        What came before it counts as read. Raises AssertionError that names what was heard instead.
        """
        return await self._take(self._unread, words, timeout)

    async def expect_silent(self, *words: str, timeout: float = PATIENCE) -> str:
        """The same for what comes without a notification."""
        return await self._take(self._silent, words, timeout)

    async def _take(self, unread: list[str], words: tuple[str, ...], timeout: float) -> str:
        wanted = [word.casefold() for word in words]
        try:
            async with asyncio.timeout(timeout), self._changed:
                while True:
                    for number, text in enumerate(unread):
                        if all(word in text.casefold() for word in wanted):
                            del unread[: number + 1]
                            return text
                    await self._changed.wait()
        except TimeoutError:
            raise AssertionError(f"waited {timeout:g} s for {words}; heard {unread}") from None

    async def ask(self, text: str, *words: str, timeout: float = PATIENCE) -> str:
        """Write, then wait for an answer with all these words in it."""
        await self.say(text)
        return await self.expect(*words, timeout=timeout)
