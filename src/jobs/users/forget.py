"""Being forgotten: what is stored about a person, and its deletion from the database.

Rows of the inbox and the outbox stay without their words: by their keys it is known that a message was dealt with, so
that reading the chat's history again does not bring it back.
"""

from collections.abc import Callable

from jobs.db import Database
from jobs.spine.model import OutboxKind
from jobs.spine.outbox import Outbox
from jobs.texts import say
from jobs.users.letters import Letters
from jobs.users.model import CLOSED, Person
from jobs.users.notices import label
from jobs.users.repository import UsersRepository


class Forgetting:
    def __init__(
        self,
        db: Database,
        users: UsersRepository,
        outbox: Outbox,
        letters: Letters,
        archived: Callable[[int], None] = lambda person_id: None,
    ) -> None:
        self._db = db
        self._users = users
        self._outbox = outbox
        self._letters = letters
        self._forget_archived = archived

    def stored(self, person: Person) -> dict[str, object]:
        """What there is, as the person is shown it."""
        count = self._db.value
        names = [person.name, f"@{person.username}" if person.username else "", person.phone or ""]
        return {
            "names": ", ".join(filter(None, names)) or "-",
            "tongue": person.language,
            "zone": person.zone.key,
            "messages": count("SELECT count(*) FROM inbox WHERE lane = ? AND text <> ''", (person.id,)),
            "answers": count("SELECT count(*) FROM outbox WHERE chat = ? AND text <> ''", (person.id,)),
            "files": count("SELECT count(*) FROM inbox WHERE lane = ? AND extras LIKE '%\"path\"%'", (person.id,)),
            "tasks": count("SELECT count(*) FROM user_tasks WHERE user_id = ?", (person.id,)),
            "note": say("none" if not person.note else "there_is", person.language),
        }

    def forget(self, person: Person) -> None:
        """Delete it and tell the owner, in one transaction; what is archived goes first."""
        self._forget_archived(person.id)
        with self._db.transaction():
            owner = self._users.owner()
            open_tasks = [task for task in self._users.tasks(person.id) if task.status not in CLOSED]
            titles = "\n".join(f"· {task.title}" for task in open_tasks) or say("none", owner.language)
            for held in self._letters.waiting():
                if held.chat == person.id:
                    self._letters.forget(held)
            tasks = "SELECT id FROM user_tasks WHERE user_id = :id"
            for table in ("task_history", "task_steps", "task_proofs"):
                self._db.execute(f"DELETE FROM {table} WHERE task_id IN ({tasks})", {"id": person.id})
            for sql in _DELETIONS:
                self._db.execute(sql, {"id": person.id})
            text = say("person_forgotten", owner.language, name=label(person), tasks=titles)
            event = self._db.value("SELECT max(id) FROM inbox WHERE lane = ?", (person.id,))
            self._outbox.say(f"forgotten:{person.id}:{event}", owner.id, OutboxKind.NOTICE, text)


_DELETIONS = (
    "DELETE FROM user_tasks WHERE user_id = :id",
    "DELETE FROM task_proofs WHERE inbox_id IN (SELECT id FROM inbox WHERE lane = :id)",
    "DELETE FROM tool_calls WHERE turn_id IN (SELECT id FROM turns WHERE lane = :id)",
    "UPDATE turns SET error = NULL WHERE lane = :id",
    "UPDATE turns SET state = 'done', not_before = NULL WHERE lane = :id AND state IN ('waiting', 'set_aside')",
    "UPDATE inbox SET text = '', extras = '{}', state = 'dropped' WHERE lane = :id",
    "DELETE FROM outbox WHERE chat = :id AND state <> 'sent'",
    """UPDATE outbox SET text = '', entities = '[]', choices = '[]', file = NULL, media = NULL, content = NULL,
       error = NULL WHERE chat = :id""",
    "UPDATE scheduled_tasks SET state = 'cancelled', text = '', target = NULL WHERE target = :id",
    "DELETE FROM watched_files WHERE path LIKE 'uploads/' || :id || '/%'",
    """UPDATE inbox SET text = '', extras = '{}', state = iif(state = 'waiting', 'dropped', state)
       WHERE key GLOB 'files:*' AND extras LIKE '%uploads/' || :id || '/%'""",
    # What a beat was shown says nobody's id; once it is over nothing reads it.
    """UPDATE inbox SET text = '', extras = '{}' WHERE key GLOB 'heartbeat:*' AND state NOT IN ('waiting', 'taken')""",
    "DELETE FROM external_users WHERE id = :id",
)
