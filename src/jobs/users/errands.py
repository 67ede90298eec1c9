"""Errands: what sessions that nobody talks with are for. Each run of one is a conversation of its own."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from jobs.spine.own_lanes import OwnLane
from jobs.users.model import Person, Role


@dataclass(frozen=True)
class CallWatcher:
    """Who wants to know when tools that may change something run in an errand's session."""

    begins: Callable[[], Awaitable[None]]
    """Before a call runs; it waits for this."""
    ended: Callable[[], Awaitable[None]]
    over: Callable[[], None]
    """The turn is over, whatever still ran in it."""


@dataclass(frozen=True)
class Errand:
    """One kind of work in a lane of Jobs' own."""

    lane: OwnLane
    role: Role
    model: str | None = None
    """None: the one of the role."""
    budget_usd: float | None = None
    """US dollars that one run may cost; the CLI ends it there. None: as much as it takes."""
    about: str = ""
    """What the session is told of it in its prompt."""
    earlier: tuple[str, ...] = ()
    """What its last runs came to, oldest first, as the session is told it."""
    calls: CallWatcher | None = None

    def person(self, owner: Person) -> Person:
        """Whom the session works for, under the errand's own lane and role."""
        return replace(owner, id=self.lane.id, role=self.role)


ErrandOf = Callable[[OwnLane], Errand | None]
"""The errand of a lane of Jobs' own; None when there is nothing to be done there any more."""


def no_errand(_lane: OwnLane) -> Errand | None:
    return None
