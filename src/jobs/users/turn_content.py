"""What a session is given for a turn: the messages, and what it cannot know from its own conversation."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from jobs.db import Database, Row
from jobs.spine import said
from jobs.spine.model import Turn
from jobs.spine.turns import was_stopped
from jobs.times import from_text
from jobs.users import prompts
from jobs.users.attachments import Files
from jobs.users.errands import Errand
from jobs.users.model import Person, Role
from jobs.users.quotations import short_name
from jobs.users.remembering import Remembering
from jobs.users.repository import UsersRepository


class TurnContent:
    """`memory` gives the owner's turns what belongs to them; nobody else's session is given anything of it.

    What code has told the owner is left out: it is other people's words, and not for a session to act on.
    """

    def __init__(self, db: Database, users: UsersRepository, memory: Remembering) -> None:
        self._db = db
        self._users = users
        self._memory = memory

    def of(
        self, turn: Turn, person: Person, *, errand: Errand | None, goes_on: bool, files: Files, found: Sequence[Any]
    ) -> list[dict[str, Any]]:
        """The turn's blocks. `goes_on`: the conversation so far is in the session's context."""
        if errand:
            return prompts.turn_content(turn, person, earlier=errand.earlier)
        is_owner = person.role is Role.OWNER

        def recent(limit: int) -> Sequence[Row]:
            return said.recent(self._db, person.id, turn.rows[0].id, limit, notices=not is_owner)

        recap = () if goes_on else recent(prompts.RECAP_MESSAGES)
        known: dict[str, Any] = {"files": files, "undelivered": self._undelivered(turn, person)}
        if is_owner:
            known |= {
                "recalled": self._memory.choose(found, began=None if goes_on else _began(turn, recap)),
                "changes": self._memory.changes(),
            }
        if not goes_on:
            return prompts.turn_content(turn, person, recap=recap, **known)
        return prompts.turn_content(
            turn,
            person,
            said_since=[] if is_owner else said.since(self._db, person.id, turn.id),
            scheduled=said.by_schedules(self._db, person.id, turn.id) if is_owner else [],
            stopped=recent(prompts.STOPPED_MESSAGES) if was_stopped(self._db, turn) else [],
            **known,
        )

    def _undelivered(self, turn: Turn, person: Person) -> list[prompts.Undelivered]:
        rows = said.undelivered(self._db, person.id, turn.id, is_owner=person.role is Role.OWNER)
        return [prompts.Undelivered(self._name_of(row["chat"], person), row["text"], row["error"]) for row in rows]

    def _name_of(self, chat: int, reader: Person) -> str | None:
        """Whom a message was for, as the session of `reader` is told it; None for `reader`."""
        if chat == reader.id:
            return None
        addressee = self._users.get(chat)
        return f"{short_name(addressee.name)} (id {chat})" if addressee else str(chat)


def _began(turn: Turn, recap: Sequence[Row]) -> datetime:
    """The moment from which on a new conversation holds what was said."""
    return min(from_text(row["at"]) for row in recap) if recap else turn.rows[0].sent_at
