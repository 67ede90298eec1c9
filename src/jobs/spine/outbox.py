"""The outbox: the one way out."""

import json
import secrets
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import PurePath

from jobs.db import Database, Row
from jobs.spine.choices import choices_json, read_choices
from jobs.spine.model import Choice, OutboxKind, OutboxRow, OutFile, Rendered
from jobs.spine.switches import FROZEN
from jobs.texts import language_of, say
from jobs.times import now, to_text

CLOCKS_DIFFER = timedelta(minutes=1)
"""How far Telegram's clock may be behind this machine's."""

LONGEST_ANSWER = 3
"""Messages; a longer answer becomes its beginning with the whole of it as a document."""
BEGINNING = 700
"""Characters of that beginning."""
CAPTION = 1024
"""UTF-16 units that may stand under a file."""
ALBUM = 10
"""Files in an album, at most."""


class Outbox:
    """What is to be said, one row a Telegram message, each with the `random_id` it will always be sent with.

    Telegram answers a repeated `random_id` with RANDOM_ID_DUPLICATE instead of showing the message again, so a resend
    after a crash is the same message. A row has to be on the disk before Telegram has it; the sender waits for that
    (`stored`), so whoever queues one need not.
    """

    def __init__(
        self,
        db: Database,
        markdown: Callable[[str], list[Rendered]],
        plain: Callable[[str], list[Rendered]],
        masked: Callable[[int, str], str] = lambda _chat, text: text,
    ) -> None:
        """`masked`: a text as it may be said in a chat."""
        self._db = db
        self._masked = masked
        self._renderers = {OutboxKind.ANSWER: markdown, OutboxKind.MESSAGE: markdown, OutboxKind.NOTICE: plain}
        self.on_queued: Callable[[int], None] = lambda chat: None
        self.on_sent: Callable[[str], None] = lambda key: None
        """Told the key of every row that Telegram has taken, in the transaction that notes it."""

    def say(
        self, key: str, chat: int, kind: OutboxKind, text: str, *, turn_id: int | None = None, or_else: str = ""
    ) -> bool:
        """Queue `text` for a chat, split into as many messages as it takes; `or_else` when nothing of it would be seen.

        `key` names the occasion: saying the same occasion twice says it once. Joins the caller's transaction; the
        sender is told at once, and reads only what is committed. Returns False when the occasion was there already.
        """
        text = self._masked(chat, text)
        parts = self._renderers[kind](text) or self._renderers[kind](or_else)
        rows: list[tuple[Rendered, OutFile | None]] = [(part, None) for part in parts]
        if kind is OutboxKind.ANSWER and len(parts) > LONGEST_ANSWER:
            rows = [self._as_document(text)]
        return self._queue(key, chat, kind, rows, turn_id)

    def send_files(
        self, key: str, chat: int, files: Sequence[OutFile], caption: str, by_lane: int | None = None
    ) -> bool:
        """Queue files for a chat, with words under the first; several that go together are one album.

        `key` as in `say`; `by_lane`: whose turn under way says it, if one does. Words too long for a caption follow as
        a message of their own.
        """
        words = self._renderers[OutboxKind.ANSWER](self._masked(chat, caption))
        under = len(words) == 1 and utf16_length(words[0].text) <= CAPTION
        rows: list[tuple[Rendered, OutFile | None]] = [(Rendered(""), file) for file in files]
        if under:
            rows[0] = (words[0], files[0])
        else:
            rows += [(part, None) for part in words]
        turn = self._db.value("SELECT max(id) FROM turns WHERE lane = ? AND state = 'running'", (by_lane,))
        return self._queue(key, chat, OutboxKind.MESSAGE, rows, turn)

    def tell_with_file(self, key: str, chat: int, text: str, file: OutFile) -> bool:
        """Queue words of the program's own with a file under them; `key` as in `say`."""
        parts = self._renderers[OutboxKind.NOTICE](text)
        rows: list[tuple[Rendered, OutFile | None]] = [(part, None) for part in parts]
        return self._queue(key, chat, OutboxKind.NOTICE, [*rows, (Rendered(""), file)], None)

    def _as_document(self, text: str) -> tuple[Rendered, OutFile]:
        """A long answer: its beginning, and all of it as a Markdown file."""
        language = language_of(text) or "en"
        beginning = f"{_beginning(text)}\n\n{say('long_answer', language)}"
        parts = self._renderers[OutboxKind.ANSWER](beginning)
        caption = parts[0] if len(parts) == 1 else Rendered(say("long_answer", language))
        if utf16_length(caption.text) > CAPTION:
            caption = Rendered(say("long_answer", language))
        return caption, OutFile("document", say("long_answer_name", language), text)

    def _queue(
        self, key: str, chat: int, kind: OutboxKind, rows: list[tuple[Rendered, OutFile | None]], turn_id: int | None
    ) -> bool:
        albums = _albums([file for _, file in rows], key)
        with self._db.transaction():
            if self._db.one("SELECT 1 FROM outbox WHERE key = ?", (f"{key}:0",)):
                return False
            for number, (part, file) in enumerate(rows):
                self._insert(f"{key}:{number}", chat, kind, part, turn_id, file, albums[number])
        if rows:
            self.on_queued(chat)
        return True

    def reply(self, key: str, chat: int, text: str, choices: Sequence[Choice] = (), *, urgent: bool = False) -> None:
        """Queue the answer to a command given by the event `key`, with what it asks to choose from.

        `urgent`: it goes out even while the outbox is frozen.
        """
        self.ask(f"command:{key}", chat, text, choices, urgent=urgent)

    def ask(self, key: str, chat: int, text: str, choices: Sequence[Choice], *, urgent: bool = False) -> int | None:
        """Queue words of the program's own that ask to choose; `key` as in `say`.

        Returns the id of their last row, and None when they were said already.
        """
        with self._db.transaction():
            if not self.say(key, chat, OutboxKind.NOTICE, text):
                return None
            parts = self._db.execute(
                "UPDATE outbox SET urgent = ? WHERE key GLOB ? RETURNING id", (int(urgent), f"{key}:*")
            )
            row_id = max(int(part["id"]) for part in parts)
            self.offer(row_id, choices)
            return row_id

    def withdraw_choices(self, key: str) -> None:
        """Nothing can be chosen any more under what was said under `key`; nor is it said, if it was not tried yet."""
        self._db.execute("UPDATE outbox SET choices = '[]' WHERE key GLOB ?", (f"{key}:*",))
        self._db.execute(
            "DELETE FROM outbox WHERE key GLOB ? AND state = 'queued' AND attempts = 0", (f"{key}:[0-9]*",)
        )

    def offer(self, row_id: int, choices: Sequence[Choice]) -> None:
        """Ask to choose under a message that is queued; with no choices, ask no longer."""
        self._db.execute(
            "UPDATE outbox SET choices = ? WHERE id = ?",
            (choices_json(choices), row_id),
        )

    def get(self, row_id: int) -> OutboxRow | None:
        """A row, in whatever state."""
        row = self._db.one("SELECT * FROM outbox WHERE id = ?", (row_id,))
        return _row(row) if row else None

    def _insert(
        self,
        key: str,
        chat: int,
        kind: OutboxKind,
        part: Rendered,
        turn_id: int | None,
        file: OutFile | None,
        album: str | None,
    ) -> None:
        self._db.execute(
            """INSERT INTO outbox (key, chat, kind, text, entities, random_id, turn_id, created_at,
                                   media, file, content, album)
               VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
            (
                key,
                chat,
                kind,
                part.text,
                json.dumps(part.entities, ensure_ascii=False),
                _random_id(),
                turn_id,
                to_text(now()),
                file.kind if file else None,
                file.path if file else None,
                file.content if file else None,
                album,
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
            """SELECT * FROM outbox WHERE chat = ? AND state = 'queued'
               AND urgent >= (SELECT count(*) FROM meta WHERE key = ?) ORDER BY id LIMIT 1""",
            (chat, FROZEN),
        )
        return _row(row) if row else None

    def attempting(self, rows: Sequence[OutboxRow]) -> None:
        """They are `stored`, and are about to be sent: from now on Telegram may have them."""
        with self._db.transaction(durable=False):
            for row in rows:
                self._db.execute("UPDATE outbox SET attempts = attempts + 1 WHERE id = ?", (row.id,))

    async def stored(self) -> None:
        """Returns when all that was queued is on the disk. Raises OSError when that does not take it."""
        await self._db.flushed()

    def rest_of_album(self, row: OutboxRow) -> list[OutboxRow]:
        """The rows that are sent together with this one, without it."""
        if row.album is None:
            return []
        rows = self._db.execute(
            "SELECT * FROM outbox WHERE album = ? AND state = 'queued' AND id <> ? ORDER BY id", (row.album, row.id)
        )
        return [_row(other) for other in rows]

    def as_documents(self, rows: Sequence[OutboxRow]) -> None:
        """Telegram does not take these as photos: from now on they are plain files."""
        with self._db.transaction():
            for row in rows:
                self._db.execute("UPDATE outbox SET media = 'document' WHERE id = ?", (row.id,))

    def sent(self, row: OutboxRow, message_id: int | None) -> None:
        """Telegram has it. `message_id` is None when only the duplicate answer said so."""
        with self._db.transaction(
            durable=False
        ):  # a power cut would have it sent again, which Telegram knows by its id
            noted = self._db.execute(
                "UPDATE outbox SET state = 'sent', message_id = ?, sent_at = ? WHERE id = ? RETURNING key",
                (message_id, to_text(now()), row.id),
            )
            for each in noted:
                self.on_sent(each["key"])

    def attempted(self, row: OutboxRow, error: str) -> None:
        """It was tried and stays queued."""
        self._db.execute("UPDATE outbox SET error = ? WHERE id = ?", (error, row.id))

    def failed(self, rows: Sequence[OutboxRow], error: str, *, tell: int | None = None, notice: str = "") -> None:
        """They can never be delivered. `notice` is said in the chat `tell`, both or neither."""
        with self._db.transaction():
            for row in rows:
                self._db.execute("UPDATE outbox SET state = 'failed', error = ? WHERE id = ?", (error, row.id))
            if tell is not None:
                self.say(f"undelivered:{rows[0].id}", tell, OutboxKind.NOTICE, notice)

    def has_spoken(self, chat: int) -> bool:
        """Whether Jobs has ever said anything in a chat."""
        return bool(self._db.one("SELECT 1 FROM outbox WHERE chat = ? LIMIT 1", (chat,)))

    def has_reached(self, chat: int) -> bool:
        """Whether Telegram has ever taken a message of Jobs' to a chat."""
        return bool(self._db.one("SELECT 1 FROM outbox WHERE chat = ? AND state = 'sent' LIMIT 1", (chat,)))

    def was_sent(self, chat: int, message_id: int) -> bool:
        """Whether a message of the chat is one that Jobs itself sent."""
        return bool(self._db.one("SELECT 1 FROM outbox WHERE chat = ? AND message_id = ? LIMIT 1", (chat, message_id)))

    def claim_unidentified(
        self, chat: int, text: str, message_id: int, sent_at: datetime, file_name: str | None = None
    ) -> bool:
        """Recognise an own message where a crash came between sending it and learning its id.

        By its text and, where a file came with it, by that file's name ("" for a photo, which has none). Only a message
        that was on its way counts, and none that is older than the words: else it is a person's own.
        """
        with self._db.transaction():
            rows = self._db.execute(
                """SELECT * FROM outbox WHERE chat = ? AND text = ? AND message_id IS NULL AND attempts > 0
                   AND state IN ('queued', 'sent') AND created_at <= ? ORDER BY id""",
                (chat, text, to_text(sent_at + CLOCKS_DIFFER)),
            )
            row = next((each for each in map(_row, rows) if _name_shown(each) == file_name), None)
            if row:
                self._db.execute(
                    "UPDATE outbox SET state = 'sent', message_id = ?, sent_at = ? WHERE id = ?",
                    (message_id, to_text(now()), row.id),
                )
            return row is not None


def _name_shown(row: OutboxRow) -> str | None:
    if row.file is None:
        return None
    return "" if row.file.kind == "photo" else PurePath(row.file.path).name


def utf16_length(text: str) -> int:
    """The length of a text as Telegram counts it."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _beginning(text: str) -> str:
    """About the first BEGINNING characters, up to the end of a paragraph, a line, a sentence or a word."""
    text = text.strip()[:BEGINNING]
    for mark in ("\n\n", "\n", ". ", " "):
        if (end := text.rfind(mark)) > BEGINNING // 3:
            text = text[: end + 1]
            break
    # A code block that is cut is closed, so that what follows it is none.
    return text.rstrip() + ("\n```" if text.count("```") % 2 else "")


def _albums(files: Sequence[OutFile | None], key: str) -> list[str | None]:
    """For each file the album it belongs to: neighbours of one kind, which Telegram wants, but never voice."""
    names: list[str | None] = []
    for number, file in enumerate(files):
        previous = files[number - 1] if number else None
        joins = file and previous and file.kind == previous.kind != "voice"
        run = names[-1] if names else None
        full = run is not None and names.count(run) >= ALBUM
        names.append(run if joins and not full else f"{key}:{number}" if file else None)
    return [name if name is not None and names.count(name) > 1 else None for name in names]


def _random_id() -> int:
    """A signed 64-bit number, as messages.sendMessage wants; 0 is not one."""
    return secrets.randbits(64) - (1 << 63) or 1


def _row(row: Row) -> OutboxRow:
    return OutboxRow(
        id=row["id"],
        key=row["key"],
        chat=row["chat"],
        kind=OutboxKind(row["kind"]),
        text=row["text"],
        entities=json.loads(row["entities"]),
        random_id=row["random_id"],
        attempts=row["attempts"],
        turn_id=row["turn_id"],
        file=OutFile(row["media"], row["file"], row["content"]) if row["media"] else None,
        album=row["album"],
        choices=read_choices(row),
    )
