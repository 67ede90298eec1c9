"""Faults: what to do wrong, to which request or push of which account, and how many times."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from .model import Account

_CODES = {"FLOOD_WAIT": 420, "SLOWMODE_WAIT": 420, "AUTH_KEY": 401, "SESSION": 401, "RPC_CALL_FAIL": 500}


@dataclass(eq=False)
class Fault:
    """What happens to the next matching requests instead of the usual.

    A request matches by `request` (the Telethon request class, its name, or None for any), `account` (None: any) and
    `when`. The first `skip` matches pass unharmed, the following `times` are hit (None: all). Of the consequences

    - `delay`: wait so many seconds, or until the event is set, before going on;
    - `cut`: drop the TCP connection "before" the request takes effect, or "after" it did but before it is answered;
    - `error`: answer this RPC error and do nothing; a text such as ``"FLOOD_WAIT_7"``, or ``(500, "INTERNAL")``;
    - `answer`: answer this TL object (or what the function, called without arguments, returns) and do nothing;
    - `swallow`: let it take effect and never answer

    those that are set happen in this order. `hits` counts them; `hit` is set at the first.
    """

    request: type | str | None = None
    account: Account | None = None
    when: Callable[[Any], bool] | None = None
    skip: int = 0
    times: int | None = 1
    delay: float | asyncio.Event | None = None
    cut: Literal["before", "after"] | None = None
    error: str | tuple[int, str] | None = None
    answer: Any = None
    swallow: bool = False
    hits: int = 0
    hit: asyncio.Event = field(default_factory=asyncio.Event)

    def rpc_error(self) -> tuple[int, str] | None:
        """The code and text of `error`; the usual code of the text if none was given."""
        if self.error is None or isinstance(self.error, tuple):
            return self.error
        code = next((code for start, code in _CODES.items() if self.error.startswith(start)), 400)
        return code, self.error

    def matches(self, request: Any, account: Account | None) -> bool:
        """Whether it is about this request of this account."""
        kind = type(request)
        named = self.request in (None, kind, kind.__name__, kind.__name__.removesuffix("Request"))
        return named and self.account in (None, account) and (self.when is None or self.when(request))


@dataclass(eq=False)
class PushFault:
    """What happens to the next updates pushed to `account` (None: anyone) instead of being delivered once, in order.

    - "withhold": never pushed, only to be had by getDifference or from the history;
    - "duplicate": pushed twice;
    - "reorder": pushed after the one that follows it on the same connection.

    `when` sees the TL update. `skip`, `times`, `hits` and `hit` as in Fault.
    """

    kind: Literal["withhold", "duplicate", "reorder"]
    account: Account | None = None
    when: Callable[[Any], bool] | None = None
    skip: int = 0
    times: int | None = 1
    hits: int = 0
    hit: asyncio.Event = field(default_factory=asyncio.Event)

    def matches(self, update: Any, account: Account | None) -> bool:
        """Whether it is about this update for this account."""
        return self.account in (None, account) and (self.when is None or self.when(update))


class Faults:
    """The faults in force. Of several that match, the one added first is used."""

    def __init__(self) -> None:
        self._requests: list[Fault] = []
        self._pushes: list[PushFault] = []

    def add(self, fault: Fault | PushFault) -> None:
        """Put a fault into force."""
        if isinstance(fault, Fault):
            self._requests.append(fault)
        else:
            self._pushes.append(fault)

    def clear(self) -> None:
        """Lift all faults; what they are delaying at the moment stays delayed."""
        self._requests.clear()
        self._pushes.clear()

    def for_request(self, request: Any, account: Account | None) -> Fault | None:
        """The fault that hits this request, counted."""
        return next((fault for fault in self._requests if _strikes(fault, request, account)), None)

    def for_push(self, update: Any, account: Account) -> PushFault | None:
        """The fault that hits this update, counted."""
        return next((fault for fault in self._pushes if _strikes(fault, update, account)), None)


def _strikes(fault: Fault | PushFault, subject: Any, account: Account | None) -> bool:
    if fault.times == 0 or not fault.matches(subject, account):
        return False
    if fault.skip:
        fault.skip -= 1
        return False
    if fault.times is not None:
        fault.times -= 1
    fault.hits += 1
    fault.hit.set()
    return True
