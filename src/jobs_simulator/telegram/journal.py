"""The journal: everything that took effect on the server, in order, to assert on and to wait for."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import overload

from .model import Account, Peer, SimMessage


@dataclass(frozen=True, eq=False)
class Event:
    """One effect.

    `at` is in seconds of the monotonic clock. `kind` is one of: message, edit, delete, read, typing, cancel typing,
    reaction, button, button answer, commands, block, unblock, login, logout. `account` did it, to or in `peer`.
    `message` is the acting account's copy; `text` is the text as it was then (of a message, of a reaction, of what is
    being typed); `ids` are the acting account's message ids.
    """

    at: float
    kind: str
    account: Account
    peer: Peer | None = None
    text: str = ""
    message: SimMessage | None = None
    ids: tuple[int, ...] = ()

    def __str__(self) -> str:
        peer = "" if self.peer is None else f" → {getattr(self.peer, 'name', None) or getattr(self.peer, 'title', '')}"
        return f"{self.kind}: {self.account.name}{peer}: {self.text[:80]!r}"


class Journal(Sequence[Event]):
    """The events so far; grows while the server runs."""

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._waiting: list[tuple[Callable[[Event], bool], asyncio.Future[Event]]] = []

    def __len__(self) -> int:
        return len(self._events)

    @overload
    def __getitem__(self, index: int) -> Event: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Event]: ...
    def __getitem__(self, index: int | slice) -> Event | Sequence[Event]:
        return self._events[index]

    def of(self, *kinds: str, account: Account | None = None, peer: Peer | None = None) -> list[Event]:
        """The events of these kinds, by this account, to this peer (each: any, if not given)."""
        return [event for event in self._events if _fits(event, kinds, account, peer)]

    def add(
        self,
        kind: str,
        account: Account,
        peer: Peer | None = None,
        text: str = "",
        message: SimMessage | None = None,
        ids: tuple[int, ...] = (),
    ) -> None:
        """Write down what just took effect and wake those who wait for it."""
        event = Event(time.monotonic(), kind, account, peer, text, message, ids)
        self._events.append(event)
        for waiting in list(self._waiting):
            predicate, future = waiting
            if not future.done() and predicate(event):
                future.set_result(event)

    async def wait_for(
        self,
        predicate: Callable[[Event], bool],
        timeout: float = 5.0,
        since: int = 0,
    ) -> Event:
        """The first event from index `since` on that satisfies `predicate`, be it here already or yet to come.

        Take ``since=len(log)`` beforehand to see only later events. Raises TimeoutError after `timeout` seconds,
        with the last events in its text.
        """
        for event in self._iterate_from(since):
            if predicate(event):
                return event
        future: asyncio.Future[Event] = asyncio.get_running_loop().create_future()
        waiting = (predicate, future)
        self._waiting.append(waiting)
        try:
            async with asyncio.timeout(timeout):
                return await future
        except TimeoutError:
            last = "\n  ".join(str(event) for event in self._events[-10:])
            raise TimeoutError(f"no such event within {timeout} s; the last ones:\n  {last}") from None
        finally:
            self._waiting.remove(waiting)

    def _iterate_from(self, index: int) -> Iterator[Event]:
        return iter(self._events[index:])


def _fits(event: Event, kinds: tuple[str, ...], account: Account | None, peer: Peer | None) -> bool:
    return (
        (not kinds or event.kind in kinds)
        and (account is None or event.account is account)
        and (peer is None or event.peer is peer)
    )
