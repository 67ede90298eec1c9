"""How Jobs is, as the health addresses and the metrics tell it. Nothing here names a person or has anybody's words."""

from collections.abc import Callable
from enum import StrEnum

import apsw

from jobs.db import Database


class Stage(StrEnum):
    STARTING = "starting"
    READY = "ready"
    STOPPING = "stopping"


class Vitals:
    """Filled in by the app as its parts come up."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.stage = Stage.STARTING
        self.telegram: Callable[[], bool] = lambda: False
        """Whether Telegram answers."""
        self.sessions: Callable[[], tuple[int, int]] = lambda: (0, 0)
        """How many sessions have a process, and how many turns run."""

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
