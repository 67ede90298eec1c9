"""What a chat is asked to choose from just now, and what a single message of it asks."""

import json
from collections.abc import Sequence
from dataclasses import asdict

from jobs.db import Database, Row
from jobs.spine.model import Choice

LOOKED_AT = 50
"""How many of the last messages of a chat are looked at."""

NOTED = "noted"
"""How the keys of messages begin by which code confirms an answer: they ask nothing, and no number answers them."""


def open_choices(db: Database, chat: int, before: int | None = None) -> list[tuple[Choice, ...]]:
    """The choices of the last things said in a chat, newest first, as far back as each of them asked to choose.

    Anything else that was said ends it: what is answered then may be an answer to that. Only confirmations and what was
    answered by a button are passed over. `before`: the id of a message of the chat; only what Jobs had said before it
    counts.
    """
    rows = db.execute(
        """SELECT key, choices, EXISTS (SELECT 1 FROM inbox WHERE inbox.key = 'button:' || outbox.id) AS pressed
           FROM outbox WHERE chat = ? AND (state = 'sent' OR state = 'queued' AND attempts > 0)
           AND (message_id IS NULL OR ?2 IS NULL OR message_id < ?2) AND key NOT GLOB ?3 ORDER BY id DESC LIMIT ?""",
        (chat, before, f"{NOTED}:*", LOOKED_AT),
    )
    asked: list[tuple[Choice, ...]] = []
    seen: set[str] = set()
    for row in rows:
        occasion = occasion_of(row["key"])
        if occasion in seen:  # the choices stand under the last part of what was said
            continue
        seen.add(occasion)
        if choices := read_choices(row):
            asked.append(choices)
        elif not row["pressed"]:
            break
    return asked


def choices_under(db: Database, chat: int, key: str) -> tuple[Choice, ...]:
    """What the message of a chat asks of which the outbox row `key` is a part; () when it asks nothing (any more)."""
    occasion = occasion_of(key)
    rows = db.execute(
        "SELECT key, choices FROM outbox WHERE chat = ? AND key GLOB ? ORDER BY id DESC", (chat, f"{occasion}:*")
    )
    found = (read_choices(row) for row in rows if occasion_of(row["key"]) == occasion)
    return next((choices for choices in found if choices), ())


def occasion_of(key: str) -> str:
    """The occasion that an outbox row's key names, without the part."""
    return key.rpartition(":")[0]


def choices_json(choices: Sequence[Choice]) -> str:
    """As they are stored."""
    return json.dumps([asdict(choice) for choice in choices], ensure_ascii=False)


def read_choices(row: Row) -> tuple[Choice, ...]:
    return tuple(Choice(**choice) for choice in json.loads(row["choices"]))
