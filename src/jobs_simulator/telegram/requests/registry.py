"""The table of request handlers and what a handler gets to work with."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from telethon.tl import types

from jobs_simulator.telegram.errors import RpcFailure
from jobs_simulator.telegram.hub import Hub
from jobs_simulator.telegram.model import Account, Box, Peer, SimMessage
from jobs_simulator.telegram.post import PostOffice
from jobs_simulator.telegram.view import View
from jobs_simulator.telegram.world import Authorization, World

if TYPE_CHECKING:
    from jobs_simulator.telegram.connection import Connection


@dataclass
class Services:
    """The parts of the server that handlers use. `address` gives host and port as clients reach them."""

    world: World
    hub: Hub
    post: PostOffice
    address: Callable[[], tuple[str, int]]


@dataclass
class Call:
    """One request being answered: the server's parts and who asks, over which connection."""

    services: Services
    connection: "Connection"
    authorization: Authorization

    @property
    def world(self) -> World:
        return self.services.world

    @property
    def post(self) -> PostOffice:
        return self.services.post

    @property
    def account(self) -> Account:
        """Who is signed in. Raises AUTH_KEY_UNREGISTERED if nobody is."""
        if self.authorization.account is None:
            raise RpcFailure("AUTH_KEY_UNREGISTERED", 401)
        return self.authorization.account

    def view(self) -> View:
        """Fresh eyes of the account."""
        return View(self.world, self.account)

    def peer(self, given: Any) -> Peer:
        """The chat an InputPeer names."""
        return self.world.peer(self.account, given)

    def box(self, peer: Peer) -> Box:
        """The box in which the account finds that chat."""
        return self.world.box_of(self.account, peer)

    def message(self, peer: Peer, message_id: int) -> SimMessage:
        """A message of that chat. Raises MESSAGE_ID_INVALID."""
        message = self.box(peer).messages.get(message_id)
        if message is None or message.peer is not peer:
            raise RpcFailure("MESSAGE_ID_INVALID")
        return message


@dataclass(frozen=True)
class Handler:
    """A function that answers one kind of request. `waits`: it is a coroutine function."""

    function: Callable[[Call, Any], Any]
    anyone: bool
    bots: bool
    waits: bool


HANDLERS: dict[type, Handler] = {}

_F = TypeVar("_F", bound=Callable[[Call, Any], Any])


def answers(*requests: Any, anyone: bool = False, bots: bool = True, waits: bool = False) -> Callable[[_F], _F]:
    """Register a handler. `anyone`: also for those not signed in; `bots`: bots may ask."""

    def register(function: _F) -> _F:
        for request in requests:
            HANDLERS[request] = Handler(function, anyone, bots, waits)
        return function

    return register


def affected(call: Call, count: int) -> Any:
    """What requests answer that only moved the account's `pts` by `count`."""
    return types.messages.AffectedMessages(call.account.box.pts, count)
