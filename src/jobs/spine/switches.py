"""What the owner has halted, kept in the database so that a restart does not set it going again.

Paused: turns of other people are not begun. Frozen: no turn is begun, nothing is due, and nothing is said but the
answers to the owner's own commands.
"""

from jobs.db import Database
from jobs.spine.own_lanes import is_persons
from jobs.times import now, to_text

PAUSED = "paused"
FROZEN = "frozen"


class Switches:
    """`owner_id`: whose turns go on while other people's are paused."""

    def __init__(self, db: Database, owner_id: int) -> None:
        self._db = db
        self._owner_id = owner_id

    @property
    def paused(self) -> bool:
        return is_on(self._db, PAUSED)

    @property
    def frozen(self) -> bool:
        return is_on(self._db, FROZEN)

    def may_begin(self, lane: int) -> bool:
        """Whether a turn of the lane may be begun now."""
        return not self.frozen and (lane == self._owner_id or not is_persons(lane) or not self.paused)

    def pause(self) -> bool:
        """Returns whether this changed anything."""
        return self._turn_on(PAUSED)

    def freeze(self) -> bool:
        """Returns whether this changed anything."""
        return self._turn_on(FROZEN)

    def resume(self) -> bool:
        """Undo both; returns whether there was anything to undo. Whoever calls this wakes what waits."""
        with self._db.transaction():
            self._db.execute("DELETE FROM meta WHERE key IN (?, ?)", (PAUSED, FROZEN))
            return self._db.changes > 0

    def _turn_on(self, key: str) -> bool:
        with self._db.transaction():
            if key in self._db.meta:
                return False
            self._db.meta[key] = to_text(now())
            return True


def is_on(db: Database, key: str) -> bool:
    """Whether PAUSED or FROZEN holds, for parts that have to ask without being handed the switches."""
    return key in db.meta
