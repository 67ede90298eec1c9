"""/heartbeat: what was looked at, whether a model was asked, what it cost; and a beat at once."""

import json
from datetime import datetime
from typing import Protocol

from jobs.db import Database, Row
from jobs.telegram.commands.command import Answer, Call, Command
from jobs.texts import say, say_time
from jobs.times import from_text, now
from jobs.users.model import Person

SHOWN = 10
NOW = frozenset({"now", "сейчас"})


class Beats(Protocol):
    """The heartbeat (`tools/heartbeat.py`)."""

    def next(self) -> datetime | None: ...
    def beat(self, due: datetime, moment: datetime) -> str: ...


class HeartbeatCommand:
    """`daily_usd`: HEARTBEAT_DAILY_USD."""

    def __init__(self, db: Database, beats: Beats, daily_usd: float) -> None:
        self._db = db
        self._beats = beats
        self._daily_usd = daily_usd

    def table(self) -> list[Command]:
        return [Command("heartbeat", self.run, ("проверки",), takes_words=True)]

    def run(self, call: Call) -> Answer:
        reader = call.person
        if call.words.casefold() in NOW:
            outcome = self._beats.beat(now(), now())
            return Answer(say("beat_now", reader.language, outcome=_outcome(outcome, reader)))
        rows = self._db.execute("SELECT * FROM beats ORDER BY due_at DESC LIMIT ?", (SHOWN,))
        following = self._beats.next()
        lines = [
            say("beats_head", reader.language, when=_when(following, reader), usd=self._daily_usd)
            if following
            else say("beats_off", reader.language)
        ]
        lines += [_line(row, reader) for row in rows] or [say("beats_none", reader.language)]
        return Answer("\n".join([*lines, "", say("beats_how", reader.language)]))


def _line(row: Row, reader: Person) -> str:
    looked = json.loads(row["looked"])
    found = ", ".join(f"{say(f'finding_{kind}', reader.language)} {n}" for kind, n in looked.items())
    line = say(
        "beat_line",
        reader.language,
        when=_when(from_text(row["ran_at"]), reader),
        outcome=_outcome(row["outcome"], reader),
        found=found or say("beat_found_nothing", reader.language),
    )
    if row["turn_id"] is None:
        return line
    tokens = row["input_tokens"] + row["output_tokens"]
    return line + say("beat_cost", reader.language, said=row["said"], tokens=tokens, cost=row["cost_usd"])


def _outcome(outcome: str, reader: Person) -> str:
    return say(f"beat_{outcome.replace(' ', '_')}", reader.language)


def _when(moment: datetime, reader: Person) -> str:
    return say_time(moment, reader.zone, reader.language)
