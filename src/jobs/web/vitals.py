"""How Jobs is, as the health addresses and the metrics tell it. Nothing here names a person or has anybody's words."""

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

import apsw

from jobs.db import Database
from jobs.users.turn_report import TurnReport


class Stage(StrEnum):
    STARTING = "starting"
    READY = "ready"
    STOPPING = "stopping"


@dataclass
class TurnSums:
    """Of one role, since the start."""

    outcomes: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    waited: float = 0.0
    tokens_in: int = 0
    tokens_out: int = 0
    usd: float = 0.0


class Vitals:
    """Filled in by the app as its parts come up."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.stage = Stage.STARTING
        self.telegram: Callable[[], bool] = lambda: False
        """Whether Telegram answers."""
        self.turns: defaultdict[str, TurnSums] = defaultdict(TurnSums)
        self.sessions: Callable[[], tuple[int, int]] = lambda: (0, 0)
        """How many sessions have a process, and how many turns run."""

    def add(self, report: TurnReport) -> None:
        """A run of a turn has ended."""
        sums = self.turns[report.role.value]
        sums.outcomes[report.outcome.value] += 1
        sums.seconds += report.seconds
        sums.waited += report.waited
        sums.tokens_in += report.usage.input_tokens
        sums.tokens_out += report.usage.output_tokens
        sums.usd += report.usage.cost_usd

    def faults(self) -> dict[str, str]:
        """What keeps Jobs from living at all, by part; empty when nothing does."""
        try:
            self.db.value("SELECT count(*) FROM meta")
        except apsw.Error as error:
            return {"database": f"cannot be read ({error})"}
        return {}

    def hindrances(self) -> dict[str, str]:
        """What keeps Jobs from answering people now, by part; empty when nothing does."""
        found = self.faults()
        if self.stage is not Stage.READY:
            found["jobs"] = f"is {self.stage}"
        if not self.telegram():
            found["telegram"] = "is not connected"
        return found
