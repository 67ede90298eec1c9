"""What is said to other people: at once, but for first words to somebody who never wrote. Those wait for the owner."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from jobs.db import Database, Row
from jobs.spine.choices import choices_json, read_choices
from jobs.spine.model import Choice, Incoming, OutboxKind
from jobs.spine.outbox import Outbox
from jobs.spine.questions import may_answer
from jobs.texts import say
from jobs.times import from_text, now, to_text
from jobs.users.model import Person
from jobs.users.notices import label, quoted
from jobs.users.repository import UsersRepository


@dataclass(frozen=True)
class Held:
    """A message that waits for the owner's word."""

    id: int
    key: str
    chat: int
    kind: OutboxKind
    text: str
    task_id: int | None
    created_at: datetime
    choices: tuple[Choice, ...] = ()


class Letters:
    """`confirm`: CONFIRM_FIRST_MESSAGES; without it everything goes out at once."""

    def __init__(self, db: Database, outbox: Outbox, users: UsersRepository, *, confirm: bool = True) -> None:
        self._db = db
        self._outbox = outbox
        self._users = users
        self._confirm = confirm

    def is_first(self, person: Person) -> bool:
        """Whether this person has never written, and Jobs never to them."""
        return person.first_contact is None and not self._outbox.has_spoken(person.id)

    def say(
        self,
        key: str,
        person: Person,
        kind: OutboxKind,
        text: str,
        choices: Sequence[Choice] = (),
        *,
        task_id: int | None = None,
    ) -> int | None:
        """Queue a message to a person, or hold it and show it to the owner; returns its number if it is held.

        Joins the caller's transaction. `key` as in `Outbox.say`; only a notice can ask to choose.
        """
        if not self._confirm or not self.is_first(person):
            self._say(key, person.id, kind, text, choices)
            return None
        return self.hold(key, person, kind, text, choices, task_id=task_id)

    def _say(self, key: str, chat: int, kind: OutboxKind, text: str, choices: Sequence[Choice]) -> None:
        if choices:
            self._outbox.ask(key, chat, text, choices)
        else:
            self._outbox.say(key, chat, kind, text)

    def hold(
        self,
        key: str,
        person: Person,
        kind: OutboxKind,
        text: str,
        choices: Sequence[Choice] = (),
        *,
        task_id: int | None = None,
        question: str = "held",
    ) -> int:
        """Keep a message to a person until the owner, who is asked with the text `question`, says yes."""
        with self._db.transaction():
            row = self._db.execute(
                """INSERT INTO held_messages (key, chat, kind, text, choices, task_id, created_at)
                   VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id""",
                (key, person.id, kind, text, choices_json(choices), task_id, to_text(now())),
            )[0]
            number = int(row["id"])
            self._ask_owner(number, person, text, question)
        return number

    def _ask_owner(self, number: int, person: Person, text: str, key: str) -> None:
        owner = self._users.owner()
        question = say(key, owner.language, name=label(person), text=quoted(text), n=number)
        choices = (
            Choice(say("choice_send", owner.language), f"/send {number}"),
            Choice(say("choice_drop", owner.language), f"/drop {number}"),
        )
        self._outbox.ask(f"held:{number}", owner.id, question, choices)

    def get(self, number: int) -> Held | None:
        """A message that is held still."""
        row = self._db.one("SELECT * FROM held_messages WHERE id = ?", (number,))
        return _held(row) if row else None

    def waiting(self) -> list[Held]:
        """Everything that is held, oldest first."""
        return [_held(row) for row in self._db.execute("SELECT * FROM held_messages ORDER BY id")]

    def asked_last(self) -> list[Held]:
        """What was held since the owner's last words."""
        rows = self._db.execute(
            """SELECT * FROM held_messages WHERE created_at >
               coalesce((SELECT created_at FROM inbox WHERE lane = ? ORDER BY id DESC LIMIT 1), '') ORDER BY id""",
            (self._users.owner_id,),
        )
        return [_held(row) for row in rows]

    def may_answer(self, number: int, event: Incoming) -> bool:
        """Whether words of the owner's may be the answer to whether a message that is held is to be sent."""
        return may_answer(self._db, f"held:{number}", event)

    def send(self, held: Held) -> None:
        """The owner says yes."""
        with self._db.transaction():
            self.forget(held)
            self._say(held.key, held.chat, held.kind, held.text, held.choices)

    def forget(self, held: Held) -> None:
        """The owner says no, or there is no use in it any more."""
        self._db.execute("DELETE FROM held_messages WHERE id = ?", (held.id,))

    def of_task(self, task_id: int) -> Held | None:
        """The handover of a task, if it is held."""
        row = self._db.one("SELECT * FROM held_messages WHERE task_id = ?", (task_id,))
        return _held(row) if row else None


def _held(row: Row) -> Held:
    return Held(
        id=row["id"],
        key=row["key"],
        chat=row["chat"],
        kind=OutboxKind(row["kind"]),
        text=row["text"],
        task_id=row["task_id"],
        created_at=from_text(row["created_at"]),
        choices=read_choices(row),
    )
