"""What one run of a turn was, in figures: for the log and the metrics. Never anybody's words."""

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum

from jobs.spine.model import Turn, Usage
from jobs.times import now
from jobs.users.model import Role


class Outcome(StrEnum):
    DONE = "done"
    STOPPED = "stopped"
    """By the person, or together with all others."""
    MODEL_AWAY = "model_away"
    """Put off: the model's service did not answer."""
    OVER_BUDGET = "over_budget"
    """Put off: the money is used up."""
    FAILED = "failed"
    """By a fault of its own: it is tried again or set aside."""
    CUT = "cut"
    """Jobs ended meanwhile; it runs again."""


@dataclass(frozen=True)
class TurnReport:
    turn: int
    lane: int
    """The person's id."""
    role: Role
    origins: tuple[str, ...]
    outcome: Outcome
    attempt: int
    messages: int
    waited: float
    """Seconds from when the oldest message was written until the run began."""
    seconds: float
    usage: Usage
    tools: dict[str, int]
    """How often each tool was called in this turn, by all its runs."""

    @classmethod
    def of(
        cls, turn: Turn, role: Role, outcome: Outcome, seconds: float, usage: Usage, tools: list[str]
    ) -> "TurnReport":
        waited = (now() - min(row.sent_at for row in turn.rows)).total_seconds() - seconds if turn.rows else 0.0
        origins = tuple(dict.fromkeys(row.origin.value for row in turn.rows))
        counted = dict(Counter(name.removeprefix("mcp__jobs__") for name in tools))
        return cls(
            turn.id,
            turn.lane,
            role,
            origins,
            outcome,
            turn.attempt,
            len(turn.rows),
            max(0.0, waited),
            seconds,
            usage,
            counted,
        )

    def line(self) -> dict[str, object]:
        """The fields of the log's line, in its order."""
        return {
            "turn": self.turn,
            "outcome": self.outcome.value,
            "lane": self.lane,
            "role": self.role.value,
            "origin": ",".join(self.origins),
            "attempt": self.attempt,
            "messages": self.messages,
            "waited_s": round(self.waited, 2),
            "took_s": round(self.seconds, 2),
            "tokens_in": self.usage.input_tokens,
            "tokens_out": self.usage.output_tokens,
            "cost_usd": round(self.usage.cost_usd, 6),
            "model": self.usage.model,
            "tools": ",".join(f"{name}:{count}" for name, count in self.tools.items()),
        }
