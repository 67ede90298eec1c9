"""How Jobs bears a crowd, and how fast the spine is by itself.

    PYTHONPATH=src .venv/bin/python benchmarks/delivery.py [--people 100] [--only crowd|signs|spine|old]

- crowd: so many people write so many messages each, all at once, to the real program; a scripted model echoes.
- signs: people write one after the other while every place is taken; and how soon /stop closes the model's stream.
- spine: messages through inbox, turn and outbox without Telegram or a model, for each way SQLite can write.
- old: what the spine and the questions of a turn cost on an empty database and on one with that many old rows.
"""

import argparse
import asyncio
import re
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table

from jobs.db import Database, open_database
from jobs.spine import said
from jobs.spine.inbox import Inbox
from jobs.spine.model import Incoming, Origin, Rendered, Usage
from jobs.spine.outbox import Outbox
from jobs.spine.turns import Turns, was_stopped
from jobs.times import now
from jobs.users.profile import MARKER
from jobs.users.repository import UsersRepository
from jobs_simulator.model import ModelRequest, Reply, Stall, echo
from jobs_simulator.stage import Stage
from jobs_simulator.telegram import Account

OWNER = 11
GOAL_A_SECOND = 1000
PATIENCE = 900.0
SAMPLE_SECONDS = 0.5
LANES = 100
ROUNDS = 300
WARM = 4
STOPS = 20
STALL_WORD = "считай долго"

console = Console(width=110)


# ----------------------------------------------------------------------------------------------------------- crowd


class Crowd:
    """People who write at once, and what came of it, by the loopback Telegram's own journal."""

    def __init__(self, stage: Stage, people: int, messages: int) -> None:
        self._stage = stage
        self._messages = messages
        self.people = [stage.telegram.add_user(f"Person{number}") for number in range(people)]
        self.sent_at: dict[int, float] = {}
        self.signs: dict[int, float] = {}
        self.answered_at: dict[int, float] = {}
        self.numbers: dict[int, list[int]] = defaultdict(list)
        self._seen = 0

    def write(self) -> None:
        """Everyone's first message, then everyone's second, and so on."""
        for number in range(1, self._messages + 1):
            for person in self.people:
                self._stage.telegram.send(person, self._stage.jobs, f"№{number}")
                self.sent_at.setdefault(person.id, time.monotonic())

    async def answered(self) -> None:
        """Wait until everybody has an answer to every message."""
        async with asyncio.timeout(PATIENCE):
            while len(self.answered_at) < len(self.people):
                await self._stage.telegram.wait_for(lambda event: True, timeout=PATIENCE, since=self._seen)
                self._take()

    def _take(self) -> None:
        log = self._stage.telegram.log
        for event in log[self._seen :]:
            if event.account is not self._stage.jobs or not isinstance(event.peer, Account):
                continue
            person = event.peer.id
            if event.kind in ("read", "typing", "message"):
                self.signs.setdefault(person, event.at)
            if event.kind == "message":
                self.numbers[person] += [int(number) for number in re.findall(r"№(\d+)", event.text)]
                if len(self.numbers[person]) >= self._messages:
                    self.answered_at.setdefault(person, event.at)
        self._seen = len(log)


async def crowd(people: int, messages: int) -> None:
    with tempfile.TemporaryDirectory(prefix="jobs-delivery-") as folder:
        async with Stage(Path(folder), echo, settings={"MAX_WARM_SESSIONS": str(WARM), "STREAMING": "off"}) as stage:
            group = Crowd(stage, people, messages)
            program = await stage.start()
            peak = Peak(program.pid, stage.data)
            sampling = asyncio.create_task(peak.sample())
            began = time.monotonic()
            group.write()
            await group.answered()
            took = time.monotonic() - began
            sampling.cancel()
            await program.stop()
    wanted = list(range(1, messages + 1))
    right = sum(group.numbers[person.id] == wanted for person in group.people)
    table = Table(title=f"{people} people × {messages} messages at once: seconds, median (p95)", title_justify="left")
    for column in ("place in the queue", "first sign", "answer"):
        table.add_column(column, justify="left" if column.startswith("place") else "right")
    ranked = sorted(group.answered_at, key=lambda person: group.answered_at[person])
    quarter = max(1, len(ranked) // 4)
    for start in range(0, len(ranked), quarter):
        part = ranked[start : start + quarter]
        table.add_row(
            f"{start + 1}-{start + len(part)}",
            spread([group.signs[person] - group.sent_at[person] for person in part]),
            spread([group.answered_at[person] - group.sent_at[person] for person in part]),
        )
    table.add_row(
        "all",
        spread([group.signs[person] - group.sent_at[person] for person in ranked]),
        spread([group.answered_at[person] - group.sent_at[person] for person in ranked]),
        end_section=True,
    )
    console.print(table)
    console.print(
        f"answered in order, each once: {right} of {people}; {people * messages / took:.1f} messages a second, "
        f"{people / took:.1f} sessions started and answered a second; at most {peak.sessions} session processes "
        f"(MAX_WARM_SESSIONS={WARM}); Jobs itself at most {peak.rss_mb:.0f} MB\n"
    )


# ----------------------------------------------------------------------------------------------------------- signs


async def signs(people: int) -> None:
    stalls: asyncio.Queue[Stall] = asyncio.Queue()

    async def brain(request: ModelRequest) -> Reply:
        if STALL_WORD not in request.last_user_text:
            return Reply("ok")
        stalls.put_nowait(stall := Stall())
        return Reply("Считаю", stall)

    with tempfile.TemporaryDirectory(prefix="jobs-signs-") as folder:
        async with Stage(Path(folder), brain, settings={"MAX_WARM_SESSIONS": str(WARM), "STREAMING": "off"}) as stage:
            await stage.start()
            stops = [await _stopped_after(stage, stalls) for _ in range(STOPS)]
            for number in range(WARM):
                stage.telegram.send(stage.telegram.add_user(f"Busy{number}"), stage.jobs, STALL_WORD)
            busy = [await stalls.get() for _ in range(WARM - 1)]  # one place is the owner's
            seen = [await _first_signs(stage, number) for number in range(people)]
            for stall in (*busy, *(stalls.get_nowait() for _ in range(stalls.qsize()))):
                stall.release()
    table = Table(title="first signs and /stop: milliseconds, median (p95)", title_justify="left")
    for column in ("what", "n", "measured", "goal (p95)", ""):
        table.add_column(column, justify="left" if column == "what" else "right")
    for what, seconds, goal in (
        ("message pushed → read mark", [read for read, _ in seen], 100),
        ("message pushed → typing", [typing for _, typing in seen], 100),
        ("/stop written → the model's stream is closed", stops, 200),
    ):
        p95 = sorted(seconds)[min(len(seconds) - 1, round(0.95 * len(seconds)))]
        met = "met" if 1000 * p95 <= goal else "missed"
        table.add_row(what, str(len(seconds)), spread(seconds, 1000), f"≤ {goal}", met)
    console.print(table, "")


async def _stopped_after(stage: Stage, stalls: "asyncio.Queue[Stall]") -> float:
    asked = len(stage.model.requests)
    stage.telegram.send(stage.owner, stage.jobs, STALL_WORD)
    request = await stage.model.wait_for_request(lambda _: True, after=asked)
    await (await stalls.get()).reached()
    seen = len(stage.telegram.log)
    began = time.monotonic()
    stage.telegram.send(stage.owner, stage.jobs, "/stop")
    closed = await request.closed_early
    await stage.telegram.wait_for(
        lambda event: event.kind == "message" and event.account is stage.jobs, timeout=30, since=seen
    )
    return closed - began


async def _first_signs(stage: Stage, number: int) -> tuple[float, float]:
    """Seconds until the read mark and until typing, for somebody who has to wait for a place."""
    person = stage.telegram.add_user(f"Patient{number}")
    seen, began = len(stage.telegram.log), time.monotonic()
    stage.telegram.send(person, stage.jobs, "Добрый день")
    moments = []
    for kind in ("read", "typing"):
        event = await stage.telegram.wait_for(
            lambda event, kind=kind: event.kind == kind and event.account is stage.jobs and event.peer is person,
            timeout=30,
            since=seen,
        )
        moments.append(event.at - began)
    return moments[0], moments[1]


class Peak:
    """The most memory and the most session processes of a program, looked at twice a second."""

    def __init__(self, pid: int, data: Path) -> None:
        self._pid = pid
        self._mark = f"{MARKER}={data}".encode()
        self.rss_mb = 0.0
        self.sessions = 0

    async def sample(self) -> None:
        while True:
            status = Path(f"/proc/{self._pid}/status").read_text()
            self.rss_mb = max(self.rss_mb, int(re.findall(r"VmRSS:\s+(\d+)", status)[0]) / 1024)
            self.sessions = max(self.sessions, await asyncio.to_thread(self._count))
            await asyncio.sleep(SAMPLE_SECONDS)

    def _count(self) -> int:
        """Direct children of the program that carry the mark."""
        count = 0
        for entry in Path("/proc").glob("[0-9]*/environ"):
            try:
                parent = int((entry.parent / "stat").read_text().rpartition(")")[2].split()[1])
                count += parent == self._pid and self._mark in entry.read_bytes().split(b"\0")
            except OSError:
                continue  # it has ended meanwhile
        return count


# ----------------------------------------------------------------------------------------------------------- spine


def lines(text: str) -> list[Rendered]:
    return [Rendered(text)]


class Spine:
    def __init__(self, path: Path, synchronous: str = "FULL") -> None:
        Database.SYNCHRONOUS = synchronous
        self.db: Database = open_database(path)
        self.outbox = Outbox(self.db, lines, lines)
        self.inbox = Inbox(self.db)
        self.turns = Turns(self.db, self.outbox)
        self.users = UsersRepository(self.db, OWNER, ZoneInfo("UTC"))

    def take(self, lane: int, number: int) -> None:
        """One message in."""
        key = f"telegram:{lane}:{number}"
        self.inbox.accept(Incoming(key, lane, Origin.EXTERNAL, "Привет! Как дела с отчётом?", now(), number))

    def turn(self, lane: int) -> None:
        """A turn of all that waits in a lane, up to its answer in the outbox."""
        turn = self.turns.begin(lane)
        assert turn is not None
        self.turns.finish(turn, "Готово, отчёт отправлен.", Usage(100, 20, 0.001, "m"))

    def send(self, lane: int) -> None:
        """One message out."""
        row = self.outbox.next(lane)
        assert row is not None
        self.outbox.attempting([row])
        self.db.flush()
        self.outbox.sent(row, row.id)

    def message(self, lane: int, number: int) -> None:
        """One message in, a turn of its own, its answer out."""
        self.take(lane, number)
        self.turn(lane)
        self.send(lane)


def spine() -> None:
    """Every message has a turn of its own here, which is the most that there can be to do for it."""
    table = Table(title="the spine alone: messages a second, for each way SQLite can write", title_justify="left")
    for column in ("synchronous", "in", "turn", "out", "in and out", "all three", "ratio to FULL", "goal (in and out)"):
        table.add_column(column, justify="left" if column == "synchronous" else "right")
    full = 0.0
    for synchronous in ("FULL", "NORMAL", "OFF"):
        with tempfile.TemporaryDirectory(prefix="jobs-spine-") as folder:
            one = Spine(Path(folder) / "db.sqlite", synchronous)
            for number in range(ROUNDS):
                one.message(number % LANES + 100, number)
            spent = [0.0, 0.0, 0.0]
            for number in range(ROUNDS, 5 * ROUNDS):
                lane = number % LANES + 100
                steps = (partial(one.take, lane, number), partial(one.turn, lane), partial(one.send, lane))
                spent = [before + timed(step) for before, step in zip(spent, steps, strict=True)]
            one.db.close()
        taken, turned, sent = (spent_on / (4 * ROUNDS) for spent_on in spent)
        rate = 1 / (taken + turned + sent)
        full = full or rate
        both = 1 / (taken + sent)
        goal = ("met" if both >= GOAL_A_SECOND else "missed") if synchronous == "FULL" else ""
        name = f"{synchronous} (Jobs)" if synchronous == "FULL" else synchronous
        rates = (f"{each:,.0f}" for each in (1 / taken, 1 / turned, 1 / sent, both, rate))
        table.add_row(name, *rates, f"{rate / full:.2f}", goal)
    console.print(table, "")


# ------------------------------------------------------------------------------------------------------------- old

FILL = """
INSERT INTO turns (id, lane, state, attempts, started_at, finished_at, input_tokens, output_tokens, cost_usd, model)
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :rows)
SELECT i, i % 50 + 100, 'done', 1, '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:09.000Z', 100, 20, 0.001, 'm' FROM n;
INSERT INTO inbox (key, lane, origin, text, message_id, sent_at, state, turn_id, created_at)
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :rows)
SELECT 'old:' || i, i % 50 + 100, 'external', 'Старое сообщение номер ' || i, i, '2026-01-01T00:00:00.000Z', 'done', i,
       '2026-01-01T00:00:00.000Z' FROM n;
INSERT INTO outbox (key, chat, kind, text, random_id, state, attempts, turn_id, message_id, created_at, sent_at)
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :rows)
SELECT 'old:' || i, i % 50 + 100, 'answer', 'Старый ответ номер ' || i, i, 'sent', 1, i, i, '2026-01-01T00:00:01.000Z',
       '2026-01-01T00:00:02.000Z' FROM n;
"""


def old(rows: int) -> None:
    table = Table(title=f"milliseconds on an empty database, and with {rows:,} old rows a table", title_justify="left")
    for column in ("what", "empty: median (p95)", "full: median (p95)", "ratio"):
        table.add_column(column, justify="left" if column == "what" else "right")
    times: list[dict[str, list[float]]] = []
    for filled in (0, rows):
        with tempfile.TemporaryDirectory(prefix="jobs-old-") as folder:
            one = Spine(Path(folder) / "db.sqlite")
            if filled:
                for statement in FILL.split(";\n")[:3]:
                    one.db.execute(statement, {"rows": filled})
            times.append(questions(one))
            one.db.close()
    for what in times[0]:
        before, after = times[0][what], times[1][what]
        table.add_row(what, spread(before, 1000), spread(after, 1000), f"{median(after) / median(before):.2f}")
    console.print(table)


def questions(one: Spine) -> dict[str, list[float]]:
    """Everything that a turn asks of the database, each many times, in a lane that has old rows if any has."""
    lane, db = 120, one.db
    for number in range(20):
        one.message(lane, 10_000_000 + number)
    turn_id = db.value("SELECT max(id) FROM turns")
    row_id = db.value("SELECT max(id) FROM inbox")
    last = one.turns._load(db.execute("SELECT * FROM turns WHERE id = ?", (turn_id,))[0])
    counter = iter(range(20_000_000, 30_000_000))
    asked: dict[str, Callable[[], object]] = {
        "message in, turn, answer out": lambda: one.message(lane, next(counter)),
        "recap of the last 30 messages": lambda: said.recent(db, lane, row_id, 30),
        "what was said since": lambda: said.since(db, lane, turn_id),
        "was the last turn stopped": lambda: was_stopped(db, last),
        "is it Jobs' own message": lambda: one.outbox.was_sent(lane, 5_000_000),
        "an own message without its id": lambda: one.outbox.claim_unidentified(lane, "нет такого", 1, now()),
        "open lanes, open chats": lambda: (one.inbox.open_lanes(), one.outbox.open_chats()),
        "album still coming, turn due": lambda: (one.turns.settles_in(lane), one.turns.due_in(lane)),
        "a deleted message": lambda: db.execute(
            "SELECT key FROM inbox WHERE message_id = ? AND state = 'waiting'", (1,)
        ),
    }
    return {what: [timed(ask) for _ in range(ROUNDS)] for what, ask in asked.items()}


def timed(action: Callable[[], object]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def spread(seconds: Sequence[float], scale: float = 1) -> str:
    ordered = sorted(seconds)
    p95 = ordered[min(len(ordered) - 1, round(0.95 * len(ordered)))]
    return f"{scale * median(ordered):.2f} ({scale * p95:.2f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=100)
    parser.add_argument("--messages", type=int, default=5)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--only", choices=("crowd", "signs", "spine", "old"))
    wanted = parser.parse_args()
    if wanted.only in (None, "spine"):
        spine()
    if wanted.only in (None, "old"):
        old(wanted.rows)
    if wanted.only in (None, "signs"):
        asyncio.run(signs(wanted.people))
    if wanted.only in (None, "crowd"):
        asyncio.run(crowd(wanted.people, wanted.messages))


if __name__ == "__main__":
    main()
