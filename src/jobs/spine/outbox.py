"""The outbox: the one way out."""

import json
import secrets
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta

from jobs.db import Database, Row
from jobs.spine.model import Choice, OutboxKind, OutboxRow, Rendered
from jobs.spine.switches import FROZEN, is_on
from jobs.times import now, to_text

CLOCKS_DIFFER = timedelta(minutes=1)
"""How far Telegram's clock may be behind this machine's."""


class Outbox:
    """What is to be said, one row a Telegram message, each with the `random_id` it will always be sent with.

    Telegram answers a repeated `random_id` with RANDOM_ID_DUPLICATE instead of showing the message again, so a resend
    after a crash is the same message.
    """

    def __init__(self, db: Database, markdown: Callable[[str], list[Rendered]], plain: Callable[[str], list[Rendered]]):
        self._db = db
        self._renderers = {OutboxKind.ANSWER: markdown, OutboxKind.MESSAGE: markdown, OutboxKind.NOTICE: plain}
        self.on_queued: Callable[[int], None] = lambda chat: None

    def say(self, key: str, chat: int, kind: OutboxKind, text: str, *, turn_id: int | None = None) -> bool:
        """Queue `text` for a chat, split into as many messages as it takes.

        `key` names the occasion: saying the same occasion twice says it once. Joins the caller's transaction; the
        sender is told at once, and reads only what is committed. Returns False when the occasion was there already.
        """
        parts = self._renderers[kind](text)
        with self._db.transaction():
            if self._db.one("SELECT 1 FROM outbox WHERE key = ?", (f"{key}:0",)):
                return False
            for number, part in enumerate(parts):
                self._insert(f"{key}:{number}", chat, kind, part, turn_id)
        if parts:
            self.on_queued(chat)
        return True

    def reply(self, key: str, chat: int, text: str, choices: Sequence[Choice] = (), *, urgent: bool = False) -> None:
        """Queue the answer to a command given by the event `key`, with what it asks to choose from.

        `urgent`: it goes out even while the outbox is frozen.
        """
        with self._db.transaction():
            if self.say(f"command:{key}", chat, OutboxKind.NOTICE, text):
                parts = self._db.execute(
                    "UPDATE outbox SET urgent = ? WHERE key GLOB ? RETURNING id", (int(urgent), f"command:{key}:*")
                )
                self.offer(max(part["id"] for part in parts), choices)

    def offer(self, row_id: int, choices: Sequence[Choice]) -> None:
        """Ask to choose under a message that is queued; with no choices, ask no longer."""
        self._db.execute(
            "UPDATE outbox SET choices = ? WHERE id = ?",
            (json.dumps([asdict(choice) for choice in choices], ensure_ascii=False), row_id),
        )

    def get(self, row_id: int) -> OutboxRow | None:
        """A row, in whatever state."""
        row = self._db.one("SELECT * FROM outbox WHERE id = ?", (row_id,))
        return _row(row) if row else None

    def shows(self, kind: OutboxKind, text: str) -> bool:
        """Whether anything of the text would be seen; what would not is no message to Telegram."""
        return bool(self._renderers[kind](text))

    def _insert(self, key: str, chat: int, kind: OutboxKind, part: Rendered, turn_id: int | None) -> None:
        self._db.execute(
            """INSERT INTO outbox (key, chat, kind, text, entities, random_id, turn_id, created_at)
               VALUES (?, ?, ?, ?, ?, ?, ?, ?)""",
            (
                key,
                chat,
                kind,
                part.text,
                json.dumps(part.entities, ensure_ascii=False),
                _random_id(),
                turn_id,
                to_text(now()),
            ),
        )

    def open_chats(self) -> list[int]:
        """Chats that something is still to be said in."""
        return [row["chat"] for row in self._db.execute("SELECT DISTINCT chat FROM outbox WHERE state = 'queued'")]

    def wake_all(self) -> None:
        """Tell the sender of every chat that something is still to be said in."""
        for chat in self.open_chats():
            self.on_queued(chat)

    def next(self, chat: int) -> OutboxRow | None:
        """The oldest message that waits for a chat; while the outbox is frozen, the oldest urgent one."""
        row = self._db.one(
            "SELECT * FROM outbox WHERE chat = ? AND state = 'queued' AND urgent >= ? ORDER BY id LIMIT 1",
            (chat, int(is_on(self._db, FROZEN))),
        )
        return _row(row) if row else None

    def attempting(self, row: OutboxRow) -> None:
        """It is about to be sent: from now on Telegram may have it."""
        with self._db.transaction(durable=False):
            self._db.execute("UPDATE outbox SET attempts = attempts + 1 WHERE id = ?", (row.id,))

    def sent(self, row: OutboxRow, message_id: int | None) -> None:
        """Telegram has it. `message_id` is None when only the duplicate answer said so."""
        self._db.execute(
            "UPDATE outbox SET state = 'sent', message_id = ?, sent_at = ? WHERE id = ?",
            (message_id, to_text(now()), row.id),
        )

    def attempted(self, row: OutboxRow, error: str) -> None:
        """It was tried and stays queued."""
        self._db.execute("UPDATE outbox SET error = ? WHERE id = ?", (error, row.id))

    def failed(self, row: OutboxRow, error: str, *, tell: int | None = None, notice: str = "") -> None:
        """It can never be delivered. `notice` is said in the chat `tell`, both or neither."""
        with self._db.transaction():
            self._db.execute("UPDATE outbox SET state = 'failed', error = ? WHERE id = ?", (error, row.id))
            if tell is not None:
                self.say(f"undelivered:{row.id}", tell, OutboxKind.NOTICE, notice)

    def has_spoken(self, chat: int) -> bool:
        """Whether Jobs has ever said anything in a chat."""
        return bool(self._db.one("SELECT 1 FROM outbox WHERE chat = ? LIMIT 1", (chat,)))

    def was_sent(self, chat: int, message_id: int) -> bool:
        """Whether a message of the chat is one that Jobs itself sent."""
        return bool(self._db.one("SELECT 1 FROM outbox WHERE chat = ? AND message_id = ? LIMIT 1", (chat, message_id)))

    def claim_unidentified(self, chat: int, text: str, message_id: int, sent_at: datetime) -> bool:
        """Recognise an own message by its text, where a crash came between sending it and learning its id.

        Only a message that was on its way counts, and none that is older than the words: else it is a person's own.
        """
        with self._db.transaction():
            row = self._db.one(
                """SELECT id FROM outbox WHERE chat = ? AND text = ? AND message_id IS NULL AND attempts > 0
                   AND state IN ('queued', 'sent') AND created_at <= ? ORDER BY id LIMIT 1""",
                (chat, text, to_text(sent_at + CLOCKS_DIFFER)),
            )
            if row:
                self._db.execute(
                    "UPDATE outbox SET state = 'sent', message_id = ?, sent_at = ? WHERE id = ?",
                    (message_id, to_text(now()), row["id"]),
                )
            return bool(row)


def recent(db: Database, lane: int, before_row: int, limit: int, *, notices: bool = True) -> Sequence[Row]:
    """The last messages of a chat from both sides, oldest first, as {who, text, at}: for the recap of a lost session.

    Only what was handled before inbox row `before_row` (the first of the turn that asks). `notices`: with what code
    said there, which to the owner is other people's words.
    """
    rows = db.execute(
        """SELECT * FROM (
               SELECT 'person' AS who, text, sent_at AS at, id FROM inbox
               WHERE lane = :lane AND id < :before AND state = 'done'
               UNION ALL
               SELECT 'jobs', text, created_at, id FROM outbox
               WHERE chat = :lane AND state <> 'failed' AND (:notices OR kind <> 'notice')
           ) ORDER BY at DESC, id DESC LIMIT :limit""",
        {"lane": lane, "before": before_row, "limit": limit, "notices": notices},
    )
    return rows[::-1]


def said_since(db: Database, lane: int, turn_id: int) -> Sequence[Row]:
    """What was said in a lane's chat since its last turn by others than its session, oldest first, as {text, at}.

    Tasks handed over and messages by `send_to_user`: the person has read them, the session has not.
    """
    last = db.value("SELECT max(id) FROM turns WHERE lane = ? AND id < ? AND state = 'done'", (lane, turn_id))
    return db.execute(
        """SELECT text, created_at AS at FROM outbox
           WHERE chat = :lane AND turn_id IS NULL AND state <> 'failed' AND key NOT LIKE 'command:%'
           AND created_at > coalesce((SELECT started_at FROM turns WHERE id = :last), '') ORDER BY id DESC LIMIT 20""",
        {"lane": lane, "last": last},
    )[::-1]


def undelivered(db: Database, lane: int, turn_id: int, *, is_owner: bool) -> Sequence[Row]:
    """What the lane's session wrote that could not be delivered, as {chat, text, error}, oldest first, each told once.

    An answer is written by its chat's session; a message or a task to somebody else by the owner's. It counts as told
    when the turn that told it was finished: of another one nothing stays in the conversation.
    """
    with db.transaction():
        rows = db.execute(
            """UPDATE outbox SET told_in = :turn
               WHERE state = 'failed' AND NOT EXISTS (
                   SELECT 1 FROM turns WHERE id = told_in AND id <> :turn AND state = 'done' AND error IS NULL
               ) AND (chat = :lane AND kind IN ('answer', 'message')
                      OR :is_owner AND chat <> :lane AND (kind = 'message' OR key GLOB 'task:*'))
               RETURNING id, chat, text, error""",
            {"lane": lane, "turn": turn_id, "is_owner": is_owner},
        )
    return sorted(rows, key=lambda row: int(row["id"]))


def _random_id() -> int:
    """A signed 64-bit number, as messages.sendMessage wants; 0 is not one."""
    return secrets.randbits(64) - (1 << 63) or 1


def _row(row: Row) -> OutboxRow:
    return OutboxRow(
        id=row["id"],
        chat=row["chat"],
        kind=OutboxKind(row["kind"]),
        text=row["text"],
        entities=json.loads(row["entities"]),
        random_id=row["random_id"],
        attempts=row["attempts"],
        turn_id=row["turn_id"],
        choices=tuple(Choice(**choice) for choice in json.loads(row["choices"])),
    )
