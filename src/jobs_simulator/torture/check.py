"""What every client had to see, held against what it saw. Pure: made-up records do as well as real ones."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from jobs.texts import CATALOGUE

from .brain import answered_in
from .traffic import Kind, Message

ANSWER = "answer"
END = "end"
EFFECTS = {"job": Kind.TASK, "word": Kind.WORD, "comment": Kind.UPDATE, "summary": Kind.SUMMARY}

_TO_PERSON = re.compile(r"\b(job|word) (\d{4})\b")
_TO_OWNER = re.compile(r"\b(comment|summary) (\d{4})\b")
_END = re.compile(r"^end of (\d{4})$", re.MULTILINE)
_MIDDLE_OF_LONG = re.compile(r"\A(line \d+ of an answer that is too long for one message\s*)+\Z")


class Mark(NamedTuple):
    """One thing said to somebody because of one message."""

    what: str
    """`answer`, `end` (of a long answer), `job`, `word`, `comment` or `summary`."""
    number: int
    """The number of the message."""


@dataclass
class Findings:
    """What went wrong; one sentence each."""

    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    out_of_order: list[str] = field(default_factory=list)
    effects_repeated: list[str] = field(default_factory=list)
    strange: list[str] = field(default_factory=list)
    """What nobody had to see."""

    @property
    def all(self) -> list[str]:
        return [*self.lost, *self.twice, *self.out_of_order, *self.effects_repeated, *self.strange]


def expected(sent: Iterable[Message], owner: str) -> dict[str, set[Mark]]:
    """What each person has to be told, by the person."""
    wanted: dict[str, set[Mark]] = {}
    for message in sent:
        for person, mark in consequences(message, owner):
            wanted.setdefault(person, set()).add(mark)
    return wanted


def consequences(message: Message, owner: str) -> list[tuple[str, Mark]]:
    """What has to be said because of one message, each with whom it is said to."""
    told = [(message.writer, Mark(ANSWER, message.number))]
    if message.kind is Kind.LONG:
        told.append((message.writer, Mark(END, message.number)))
    for what, kind in EFFECTS.items():
        if kind is message.kind or (message.kind is Kind.BOTH and kind in (Kind.TASK, Kind.WORD)):
            to = owner if what in ("comment", "summary") else message.about.removeprefix("@")
            told.append((to, Mark(what, message.number)))
    return told


def marks(text: str, *, to_owner: bool) -> list[Mark]:
    """What one message of Jobs' says."""
    found = [Mark(ANSWER, number) for number in answered_in(text)]
    found += [Mark(END, int(number)) for number in _END.findall(text)]
    found += [Mark(what, int(number)) for what, number in (_TO_OWNER if to_owner else _TO_PERSON).findall(text)]
    return found


def check(
    sent: Sequence[Message], seen: Mapping[str, Sequence[str]], owner: str, tasks: Iterable[str] | None = None
) -> Findings:
    """Compare. `seen` is every message from Jobs in each person's chat, oldest first; `tasks` the titles of all tasks
    that exist (None: not looked at)."""
    findings = Findings()
    wanted = expected(sent, owner)
    writer = {message.number: message.writer for message in sent}
    for person in sorted({*seen, *wanted}):
        told = [mark for text in seen.get(person, ()) for mark in marks(text, to_owner=person == owner)]
        _compare(person, wanted.get(person, set()), told, findings)
        _hold_order(person, told, writer, findings)
        for text in seen.get(person, ()):
            if not marks(text, to_owner=person == owner) and not is_notice(text):
                findings.strange.append(f"{person} was told: {text[:200]!r}")
    if tasks is not None:
        _count_tasks(sent, Counter(tasks), findings)
    return findings


def _count_tasks(sent: Sequence[Message], made: Counter[str], findings: Findings) -> None:
    wanted = {f"job {message.number:04}" for message in sent if message.kind in (Kind.TASK, Kind.BOTH)}
    findings.lost += [f"the task {title!r} was not made" for title in sorted(wanted - made.keys())]
    findings.strange += [f"nobody asked for the task {title!r}" for title in sorted(made.keys() - wanted)]
    findings.effects_repeated += [
        f"the task {title!r} was made {count} times" for title, count in sorted(made.items()) if count > 1
    ]


def _compare(person: str, wanted: set[Mark], told: list[Mark], findings: Findings) -> None:
    counts = Counter(told)
    for mark in sorted(wanted - counts.keys()):
        findings.lost.append(f"{person} was not told: {mark.what} {mark.number:04}")
    for mark, count in sorted(counts.items()):
        name = f"{mark.what} {mark.number:04}"
        if mark not in wanted:
            findings.strange.append(f"{person} was told what nobody asked for: {name}")
        elif count > 1:
            repeated = findings.effects_repeated if mark.what in EFFECTS else findings.twice
            repeated.append(f"{person} was told {count} times: {name}")


def _hold_order(person: str, told: list[Mark], writer: Mapping[int, str], findings: Findings) -> None:
    """In one chat what came of one writer's messages comes in their order: answers, and what their turns did."""
    newest: dict[tuple[str | None, bool], int] = {}
    for mark in told:
        if mark.what == END:
            continue  # comes with its answer, after all that the same turn answers
        stream = writer.get(mark.number), mark.what == ANSWER
        if mark.number < newest.get(stream, 0):
            findings.out_of_order.append(
                f"{person} was told {mark.what} {mark.number:04} after that of {newest[stream]:04}"
            )
        newest[stream] = max(mark.number, newest.get(stream, 0))


NOTICES = ("model_unavailable", "model_refuses")
"""What Jobs may say by itself while the model is away."""


def is_notice(text: str) -> bool:
    """Whether a text without marks is one that may be said: a notice, or the middle of a long answer."""
    openings = [words.partition("{")[0] for name in NOTICES for words in CATALOGUE[name].values()]
    return any(text.startswith(opening) for opening in openings) or bool(_MIDDLE_OF_LONG.match(text))
