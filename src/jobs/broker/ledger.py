"""What every call of the model cost, and what those under way may still cost."""

from dataclasses import dataclass
from datetime import datetime

from jobs.db import Database
from jobs.times import now, to_text


@dataclass(frozen=True)
class Used:
    """What a call used; `input_tokens` with those that were cached."""

    model: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    usd: float = 0.0


class Ledger:
    def __init__(self, db: Database) -> None:
        self._db = db

    def settle(self) -> None:
        """Calls that a crash cut off count as the dearest they can have been. Before any call is begun."""
        self._db.execute("UPDATE model_calls SET cost_usd = reserved_usd, reserved_usd = 0 WHERE reserved_usd > 0")

    def begin(self, lane: int, turn_id: int | None, reserved: float) -> int:
        """A call is about to be sent; returns its id."""
        with self._db.transaction(durable=False):
            row = self._db.execute(
                "INSERT INTO model_calls (at, lane, turn_id, reserved_usd) VALUES (?, ?, ?, ?) RETURNING id",
                (to_text(now()), lane, turn_id, reserved),
            )[0]
        return int(row["id"])

    def end(self, call: int, used: Used) -> None:
        """The call is over."""
        with self._db.transaction(durable=False):
            self._db.execute(
                """UPDATE model_calls SET model = ?, input_tokens = ?, output_tokens = ?, cost_usd = ?, reserved_usd = 0
                   WHERE id = ?""",
                (used.model, used.input_tokens, used.output_tokens, used.usd, call),
            )


@dataclass(frozen=True)
class Spent:
    """US dollars."""

    others: float
    """Of everyone but the owner."""
    lane: float
    """Of one of them."""


BY_CALLS = """SELECT coalesce(sum(usd), 0.0) AS others, coalesce(sum(usd) FILTER (WHERE lane = :lane), 0.0) AS lane
              FROM (SELECT lane, cost_usd + :reserved * reserved_usd AS usd FROM model_calls
                    WHERE at >= :since AND lane <> :owner AND lane > 0)"""
MORE_BY_THE_SDK = """SELECT coalesce(sum(usd), 0.0) AS others,
                            coalesce(sum(usd) FILTER (WHERE lane = :lane), 0.0) AS lane
                     FROM (SELECT lane, max(0.0, cost_usd - coalesce(
                               (SELECT sum(cost_usd) FROM model_calls WHERE turn_id = turns.id), 0.0)) AS usd
                           FROM turns WHERE started_at >= :since AND lane <> :owner AND lane > 0)"""


def spent(db: Database, since: datetime, owner: int, lane: int, *, reserved: bool = False) -> Spent:
    """What was spent since then. `reserved`: with what calls under way may cost.

    Of a finished turn the larger counts: what its calls cost by the price list, or what the SDK says.
    """
    bindings = {"since": to_text(since), "lane": lane, "owner": owner}
    by_calls = db.execute(BY_CALLS, {**bindings, "reserved": int(reserved)})[0]
    more = db.execute(MORE_BY_THE_SDK, bindings)[0]
    return Spent(by_calls["others"] + more["others"], by_calls["lane"] + more["lane"])
