"""The two memories that are searched: a household's in Russian, one in English, each with everyday lines in both.

A fact is a line of MEMORY.md, of a day's log, or a message; where it has changed, the old one is there too, half a year
older. Its two questions share few words with it, and one is in the other language.
"""

import random
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from filler import lines

from jobs.db import open_database
from jobs.times import to_text

HERE = Path(__file__).parent
TODAY = date(2026, 7, 25)
FIRST = date(2025, 7, 26)
OTHER = {"ru": "en", "en": "ru"}
OLDER = timedelta(days=180)
LOG_LINES = 8
"""Everyday lines of a day's log, in the memory's language; a quarter as many in the other."""
MESSAGES = 8
"""Of a day's conversations, the same."""
PEOPLE = {"ru": ("Стас", "Инна", "Захар", "Нина", "Егор"), "en": ("Hugo", "Greta", "Zach", "Nina", "Edgar")}


@dataclass(frozen=True)
class Fact:
    day: date
    where: str
    """log, memory, or chat:NAME."""
    text: str
    old: str
    """What it said half a year before; "" where it did not change."""
    questions: dict[str, str]
    """By language."""


def facts(language: str) -> list[Fact]:
    """The facts of a memory."""
    found = []
    for line in (HERE / f"facts.{language}.tsv").read_text(encoding="utf-8").splitlines():
        day, where, text, old, russian, english = line.split("\t")
        found.append(Fact(date.fromisoformat(day), where, text, old, {"ru": russian, "en": english}))
    return found


def write(folder: Path, language: str) -> None:
    """Write a memory into `folder`/workspace and `folder`/db.sqlite."""
    choose = random.Random(language)
    logs: dict[date, list[str]] = defaultdict(list)
    chats: dict[date, list[tuple[str, str]]] = defaultdict(list)
    memory = ["# Memory", ""]
    for fact in facts(language):
        if fact.old and not fact.where.startswith("chat:"):
            logs[fact.day - OLDER].append(fact.old)  # MEMORY.md says only what holds
        for day, text in ((fact.day - OLDER, fact.old), (fact.day, fact.text)):
            if text and fact.where.startswith("chat:"):
                chats[day].append((fact.where.removeprefix("chat:"), text))
        if fact.where == "memory":
            memory.append(f"- {fact.text} <!-- {fact.day} owner -->")
        elif fact.where == "log":
            logs[fact.day].append(fact.text)
    sources = {(tongue, kind): lines(tongue, kind, 1) for tongue in OTHER for kind in ("log", "chat")}
    for ordinal in range(FIRST.toordinal(), TODAY.toordinal()):
        day = date.fromordinal(ordinal)
        for tongue, share in ((language, 1.0), (OTHER[language], 0.25)):
            for _ in range(round(LOG_LINES * share)):
                logs[day].insert(choose.randint(0, len(logs[day])), next(sources[tongue, "log"]))
            person = choose.choice(PEOPLE[tongue])
            here = [name for name, _ in chats[day]] or [person]
            for _ in range(round(MESSAGES * share)):
                name = choose.choice([person, *here])
                chats[day].insert(choose.randint(0, len(chats[day])), (name, next(sources[tongue, "chat"])))
    workspace = folder / "workspace"
    (workspace / "memory").mkdir(parents=True)
    (workspace / "MEMORY.md").write_text("\n".join(memory) + "\n", encoding="utf-8")
    for day, entries in logs.items():
        text = "".join(f"- {entry} <!-- {day} owner -->\n" for entry in entries)
        (workspace / "memory" / f"{day}.md").write_text(text, encoding="utf-8")
    _write_chats(folder / "db.sqlite", chats)


def _write_chats(path: Path, chats: dict[date, list[tuple[str, str]]]) -> None:
    """As Jobs' records have them: what a person wrote, and "ok" now and then from Jobs."""
    db = open_database(path)
    ids: dict[str, int] = {}
    number = 0
    with db.transaction():
        for day in sorted(chats):
            at = datetime(day.year, day.month, day.day, 8, tzinfo=UTC)
            for name, text in chats[day]:
                at += timedelta(minutes=17)
                number += 1
                if name not in ids:
                    ids[name] = 1000 + len(ids)
                    db.execute(
                        "INSERT INTO external_users (id, name, first_contact, last_contact) VALUES (?, ?, ?, ?)",
                        (ids[name], name, to_text(at), to_text(at)),
                    )
                db.execute(
                    """INSERT INTO inbox (key, lane, origin, text, sent_at, state, created_at)
                       VALUES (?, ?, 'external', ?, ?, 'done', ?)""",
                    (str(number), ids[name], text, to_text(at), to_text(at)),
                )
    db.close()
