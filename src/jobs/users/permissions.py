"""Questions to the owner about things with a name: may this be started, may that be offered? Answered at leisure.

Nothing waits for the answer, unlike in `consent.py`: it is a command (`/mcp allow NAME`), or the owner's next word.
"""

from jobs.db import Database
from jobs.spine.model import Choice, Incoming, OutFile
from jobs.spine.outbox import Outbox
from jobs.spine.questions import may_answer
from jobs.texts import say
from jobs.times import now, to_text
from jobs.users.repository import UsersRepository


class NotDone(Exception):
    """The owner said yes, and it could not be done; one sentence that says why."""


class Permissions:
    """`command`: the one that answers.

    `table` has a row for each thing: `name`, `asked` (what exactly was asked about), `asked_at` (NULL: nothing is).
    """

    def __init__(self, db: Database, outbox: Outbox, users: UsersRepository, command: str, table: str) -> None:
        self._db = db
        self._outbox = outbox
        self._users = users
        self._command = command
        self._table = table

    def ask(self, name: str, what: str, text: str, *, shown: OutFile | None = None) -> None:
        """Ask the owner, once about the same `what`. `shown`: a file that goes before the question."""
        if self._db.value(f"SELECT asked FROM {self._table} WHERE name = ?", (name,)) == what:
            return
        owner = self._users.owner()
        choices = (
            Choice(say("choice_allow", owner.language), f"/{self._command} allow {name}"),
            Choice(say("choice_deny", owner.language), f"/{self._command} deny {name}"),
        )
        with self._db.transaction():
            at = to_text(now())
            self._db.execute(
                f"""INSERT INTO {self._table} (name, asked, asked_at) VALUES (?, ?, ?)
                    ON CONFLICT (name) DO UPDATE SET asked = excluded.asked, asked_at = excluded.asked_at""",
                (name, what, at),
            )
            if shown:
                self._outbox.tell_with_file(f"{self._command}:{name}:{at}:shown", owner.id, "", shown)
            self._outbox.reply(f"{self._command}:{name}:{at}", owner.id, text, choices)

    def asked_last(self) -> list[str]:
        """What was asked about since the owner's last words."""
        rows = self._db.execute(
            f"""SELECT name FROM {self._table} WHERE asked_at >=
                coalesce((SELECT created_at FROM inbox WHERE lane = ? ORDER BY id DESC LIMIT 1), '')""",
            (self._users.owner_id,),
        )
        return [str(row["name"]) for row in rows]

    def may_answer(self, name: str, event: Incoming) -> bool:
        """Whether a message of the owner's may be the answer to what was asked about `name`."""
        asked_at = self._db.value(f"SELECT asked_at FROM {self._table} WHERE name = ?", (name,))
        return may_answer(self._db, f"command:{self._command}:{name}:{asked_at}", event)
