"""The account of a run: its numbers, and the table that is printed."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from .check import Findings
from .faults import Struck
from .traffic import Message


@dataclass(frozen=True)
class Account:
    """What a run was and what came of it. `answered`: each message with when (monotonic seconds) its answer arrived;
    `ended`: how often, and how, the program ended by itself and had to be started again."""

    rounds: int
    seed: int
    sent: Sequence[Message]
    struck: Sequence[Struck]
    findings: Findings
    answered: Sequence[tuple[Message, float]]
    ended: Sequence[str]
    seconds: float

    @property
    def is_good(self) -> bool:
        return not self.findings.all

    def table(self) -> str:
        """The table in Markdown."""
        findings = self.findings
        lines = [
            f"{len(self.sent)} messages, {len(self.struck)} faults, {self.rounds} rounds, seed {self.seed}, "
            f"{self.seconds / 60:.1f} minutes.",
            "",
            "| | |",
            "|---|--:|",
            f"| lost | {len(findings.lost)} |",
            f"| twice | {len(findings.twice)} |",
            f"| out of order | {len(findings.out_of_order)} |",
            f"| effects repeated | {len(findings.effects_repeated)} |",
            f"| said without cause | {len(findings.strange)} |",
            f"| Jobs ended by itself and was started again | {len(self.ended)} |",
            "",
            "| fault | times | recovered, median s | max s |",
            "|---|--:|--:|--:|",
        ]
        for kind, count in sorted(Counter(fault.kind for fault in self.struck).items()):
            lines.append(_row(kind, count, [s for f in self.struck if f.kind == kind and (s := self.recovery(f))]))
        lines.append(_row("all", len(self.struck), [s for f in self.struck if (s := self.recovery(f))]))
        return "\n".join(lines)

    def recovery(self, fault: Struck) -> float | None:
        """Seconds from the fault to the first answer to a message sent after it, by whom it concerned."""
        later = (
            at for message, at in self.answered if message.sent_at > fault.at and fault.person in (None, message.writer)
        )
        first = min(later, default=None)
        return None if first is None else first - fault.at


def _row(name: str, count: int, seconds: list[float]) -> str:
    times = f"{median(seconds):.1f} | {max(seconds):.1f}" if seconds else "– | –"
    return f"| {name} | {count} | {times} |"
