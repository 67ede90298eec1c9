"""Which sessions have other people's words in their conversation. Known by where the words came from, never by them."""

from collections.abc import Iterable
from dataclasses import dataclass

from jobs.db import Database
from jobs.spine.model import InboxRow
from jobs.spine.tool import Words
from jobs.times import now, to_text
from jobs.users.quotations import short_name

KEPT = 2000
"""Characters of such words that are kept, to tell the owner what brought the mark."""

AUTHORS = 3
"""How many names stand beside what is remembered."""

FORWARDED = "forwarded"
QUOTED = "quoted"
BROUGHT = "brought"


@dataclass(frozen=True)
class Mark:
    id: int
    source: str
    """FORWARDED, QUOTED, BROUGHT, or the name of the tool that told the words."""
    author: str
    words: str


class Marks:
    """Kept in the database with the conversation: a restart changes nothing, a new conversation begins without."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def of(self, lane: int) -> list[Mark]:
        """What stands in the conversation of a lane's session, oldest first; empty: it is not marked."""
        rows = self._db.execute("SELECT * FROM foreign_words WHERE lane = ? ORDER BY id", (lane,))
        return [Mark(row["id"], row["source"], row["author"], row["words"]) for row in rows]

    def begin(self, lane: int, turn_id: int, *, resumed: bool) -> None:
        """A turn's session is ready. `resumed`: the conversation goes on; else it is a new one, and has no mark.

        What this same turn has been told by an earlier attempt stays: the note of its finished calls repeats it.
        """
        if not resumed:
            self.clear(lane)
        elif self.of(lane):
            self._mark_turn(turn_id)

    def clear(self, lane: int) -> None:
        """A new conversation begins: what stood in the old one is gone, but for what an open turn brings again."""
        self._db.execute(
            """DELETE FROM foreign_words WHERE lane = ? AND turn_id NOT IN (
                   SELECT id FROM turns WHERE lane = foreign_words.lane AND state IN ('running', 'waiting'))""",
            (lane,),
        )

    def note_rows(self, lane: int, turn_id: int, rows: Iterable[InboxRow]) -> None:
        """These messages are about to be given to the session: note those that carry somebody else's words."""
        for row in rows:
            if row.extras.forwarded_from is not None:
                spoken = [each.transcript for each in row.extras.attachments if each.transcript]
                words = "\n".join([row.text, *spoken])
                self.note(lane, turn_id, FORWARDED, [Words(row.extras.forwarded_from, words)])
            if row.extras.brought:
                self.note(lane, turn_id, BROUGHT, [Words(each.author, each.text) for each in row.extras.brought])
            quote = row.extras.quote
            if quote and quote.is_foreign:
                self.note(lane, turn_id, QUOTED, [Words(quote.name, quote.text)])

    def note(self, lane: int, turn_id: int, source: str, words: Iterable[Words]) -> None:
        """These words are about to be given to the session."""
        with self._db.transaction():
            for each in words:
                self._db.execute(
                    """INSERT INTO foreign_words (lane, turn_id, source, author, words, at) VALUES (?, ?, ?, ?, ?, ?)
                       ON CONFLICT DO NOTHING""",
                    (lane, turn_id, source, each.author, each.text[:KEPT], to_text(now())),
                )
                self._mark_turn(turn_id)

    def authors(self, lane: int) -> str:
        """Whose words stand in the conversation of a lane's session, as one line; "" when nobody's do."""
        names = dict.fromkeys(short_name(mark.author) for mark in self.of(lane))
        return ", ".join(list(names)[-AUTHORS:])

    def _mark_turn(self, turn_id: int) -> None:
        """What is answered in such a turn may repeat the words: no recap has it."""
        self._db.execute("UPDATE turns SET marked = 1 WHERE id = ?", (turn_id,))
