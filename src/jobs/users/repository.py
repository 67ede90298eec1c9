"""People and tasks in the database."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from jobs.db import Database, Row
from jobs.texts import Language, language_of
from jobs.times import from_text, now, to_text
from jobs.users.model import CLOSED, Person, Proof, Role, Task, TaskEvent, TaskKind, TaskStatus
from jobs.users.terms import Bounds, Terms

LARGEST_ID = 2**63 - 1
OWNER_READ_AT = "owner_read_at"
"""The key in `meta` of when the owner was last seen reading, where Telegram tells that."""


class UsersRepository:
    """Everyone Jobs knows, and what they were asked to do.

    `owner_id` is TG_USER_ID; `owner_zone` (TZ) is also the zone of everyone whose own is not known.
    """

    def __init__(self, db: Database, owner_id: int, owner_zone: ZoneInfo) -> None:
        self._db = db
        self.owner_id = owner_id
        self.owner_zone = owner_zone
        self._owner: Person | None = None  # as the table has it: every turn asks for it several times
        self.on_task_changed: Callable[[], None] = lambda: None
        """Told in the transaction that changes a task, or when its person may be reminded."""

    # ----------------------------------------------------------------- people

    def owner(self) -> Person:
        """The owner, with the name and language last seen."""
        if self._owner is None:
            known = self._known_of_owner()
            self._owner = Person(
                id=self.owner_id,
                role=Role.OWNER,
                name=known.get("name", ""),
                username=known.get("username"),
                phone=None,
                language=known.get("language", "en"),
                zone=self.owner_zone,
            )
        return self._owner

    def _known_of_owner(self) -> dict[str, Any]:
        return dict(json.loads(self._db.meta.get("owner", "{}")))

    def get(self, user_id: int) -> Person | None:
        """A person by Telegram id; the owner too."""
        if user_id == self.owner_id:
            return self.owner()
        row = self._db.one("SELECT * FROM external_users WHERE id = ?", (user_id,))
        return self._person(row) if row else None

    def remember(
        self,
        user_id: int,
        name: str,
        *,
        username: str | None = None,
        phone: str | None = None,
        language: Language | None = None,
        contact_at: datetime | None = None,
    ) -> None:
        """Note what is known of a person now. `contact_at`: when they wrote, if they did. None keeps what was known."""
        if user_id == self.owner_id:
            self._remember_owner(name, username, language)
            return
        at = to_text(contact_at) if contact_at else None
        self._db.execute(
            """INSERT INTO external_users (id, name, username, phone, language, first_contact, last_contact)
               VALUES (:id, :name, :username, :phone, coalesce(:language, :fallback), :at, :at)
               ON CONFLICT (id) DO UPDATE SET
                   name = :name, username = :username, phone = coalesce(:phone, phone),
                   language = coalesce(:language, language),
                   first_contact = coalesce(first_contact, :at),
                   last_contact = max(coalesce(:at, last_contact), coalesce(last_contact, :at))""",
            {
                "id": user_id,
                "name": name,
                "username": username,
                "phone": phone,
                "language": language,
                "fallback": _language_of_name(name) or self.owner().language,
                "at": at,
            },
        )

    def _remember_owner(self, name: str, username: str | None, language: Language | None) -> None:
        known = self._known_of_owner()
        language = language or known.get("language") or _language_of_name(name) or "en"
        value = {"name": name, "username": username, "language": language}
        if value == known:
            return
        self._owner = None
        self._db.meta["owner"] = json.dumps(value, ensure_ascii=False)

    def owner_was_seen(self, at: datetime) -> None:
        """The owner has read what Jobs wrote, as far as Telegram says."""
        self._db.meta[OWNER_READ_AT] = to_text(at)

    def everyone(self) -> list[Person]:
        """Everyone but the owner, whoever wrote last first."""
        rows = self._db.execute("SELECT * FROM external_users ORDER BY last_contact DESC NULLS LAST, name")
        return [self._person(row) for row in rows]

    def _person(self, row: Row) -> Person:
        return Person(
            id=row["id"],
            role=Role.EXTERNAL,
            name=row["name"],
            username=row["username"],
            phone=row["phone"],
            language=row["language"],
            zone=ZoneInfo(row["zone"]) if row["zone"] else self.owner_zone,
            first_contact=from_text(row["first_contact"]) if row["first_contact"] else None,
            last_contact=from_text(row["last_contact"]) if row["last_contact"] else None,
            note=row["note"],
            muted_until=from_text(row["muted_until"]) if row["muted_until"] else None,
        )

    def set_note(self, user_id: int, note: str) -> None:
        """What the owner wants to be known of a person."""
        self._db.execute("UPDATE external_users SET note = ? WHERE id = ?", (note, user_id))

    def set_zone(self, user_id: int, zone: ZoneInfo) -> None:
        """Where a person lives, for their quiet hours and the times they name."""
        self._db.execute("UPDATE external_users SET zone = ? WHERE id = ?", (zone.key, user_id))
        self.on_task_changed()

    def mute(self, user_id: int, until: datetime | None) -> None:
        """No reminders for a person before `until`; None: as usual again."""
        self._db.execute(
            "UPDATE external_users SET muted_until = ? WHERE id = ?", (to_text(until) if until else None, user_id)
        )
        self.on_task_changed()

    # ------------------------------------------------------------------ tasks

    def create_task(
        self,
        user_id: int,
        title: str,
        details: str = "",
        deadline: datetime | None = None,
        zone: ZoneInfo | None = None,
        kind: TaskKind = TaskKind.TASK,
        bounds: Bounds | None = None,
    ) -> Task:
        """Store a new task. `deadline` is a moment; `zone` the one it was meant in (the owner's unless said)."""
        at = to_text(now())
        rows = self._db.execute(
            """INSERT INTO user_tasks (user_id, kind, title, details, deadline, zone, bounds, ladder_from, created_at,
                                       updated_at)
               VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING *""",
            (
                user_id,
                kind,
                title,
                details,
                to_text(deadline) if deadline else None,
                (zone or self.owner_zone).key,
                (bounds or Bounds()).model_dump_json(exclude_defaults=True),
                at,
                at,
                at,
            ),
        )
        self.on_task_changed()
        return task_of(rows[0])

    def task(self, task_id: int) -> Task | None:
        if abs(task_id) > LARGEST_ID:
            return None  # SQLite has no such number, and models make some up
        row = self._db.one("SELECT * FROM user_tasks WHERE id = ?", (task_id,))
        return task_of(row) if row else None

    def tasks(self, user_id: int | None = None, status: TaskStatus | None = None) -> list[Task]:
        """Tasks of one person or of all, soonest deadline first; without `status` only those still open."""
        where: list[str] = ["1 = 1"]
        values: list[object] = []
        if user_id is not None:
            where.append("user_id = ?")
            values.append(user_id)
        if status is not None:
            where.append("status = ?")
            values.append(status)
        else:
            where.append(f"status NOT IN ({', '.join('?' * len(CLOSED))})")
            values.extend([str(closed) for closed in CLOSED])
        rows = self._db.execute(
            f"SELECT * FROM user_tasks WHERE {' AND '.join(where)} ORDER BY deadline NULLS LAST, id", values
        )
        return [task_of(row) for row in rows]

    def overdue(self, at: datetime) -> list[Task]:
        """Open tasks whose deadline has passed, the oldest first; a meeting that took place is none."""
        return [
            task
            for task in self.tasks()
            if task.deadline and task.deadline < at and (task.kind, task.status) != (TaskKind.MEETING, "accepted")
        ]

    def change_task(self, task: Task) -> Task:
        """Store a task as it is now, with everything but its kind and its birth."""
        rows = self._db.execute(
            """UPDATE user_tasks SET user_id = ?, title = ?, details = ?, deadline = ?, zone = ?, status = ?,
                      comment = ?, bounds = ?, agreed = ?, proposal = ?, ladder_from = ?, updated_at = ?
               WHERE id = ? RETURNING *""",
            (
                task.user_id,
                task.title,
                task.details,
                to_text(task.deadline) if task.deadline else None,
                task.zone.key,
                task.status,
                task.comment,
                task.bounds.model_dump_json(exclude_defaults=True),
                task.agreed.model_dump_json(exclude_defaults=True),
                task.proposal.model_dump_json(exclude_defaults=True) if task.proposal else None,
                to_text(task.ladder_from),
                to_text(now()),
                task.id,
            ),
        )
        self.on_task_changed()
        return task_of(rows[0])

    def note_event(
        self, task_id: int, actor: str, change: str, was: str = "", becomes: str = "", words: str = ""
    ) -> int:
        """Add a line to a task's history; returns its number."""
        row = self._db.execute(
            """INSERT INTO task_history (task_id, at, actor, change, was, becomes, words) VALUES (?, ?, ?, ?, ?, ?, ?)
               RETURNING id""",
            (task_id, to_text(now()), actor, change, was, becomes, words),
        )[0]
        return int(row["id"])

    def history(self, task_id: int) -> list[TaskEvent]:
        """Who changed what, when, with which words, oldest first."""
        rows = self._db.execute("SELECT * FROM task_history WHERE task_id = ? ORDER BY id", (task_id,))
        return [
            TaskEvent(from_text(row["at"]), row["actor"], row["change"], row["was"], row["becomes"], row["words"])
            for row in rows
        ]

    def proofs(self, task_id: int) -> list[Proof]:
        """Files that came with "done", oldest first."""
        rows = self._db.execute("SELECT kind, name, path FROM task_proofs WHERE task_id = ? ORDER BY id", (task_id,))
        return [Proof(row["kind"], row["name"], row["path"]) for row in rows]


def _language_of_name(name: str) -> Language | None:
    """A hint for somebody who has not written yet: a Cyrillic name; a Latin one says nothing."""
    return "ru" if language_of(name) == "ru" else None


def task_of(row: Row) -> Task:
    return Task(
        id=row["id"],
        user_id=row["user_id"],
        kind=TaskKind(row["kind"]),
        title=row["title"],
        details=row["details"],
        deadline=from_text(row["deadline"]) if row["deadline"] else None,
        zone=ZoneInfo(row["zone"]),
        status=TaskStatus(row["status"]),
        comment=row["comment"],
        bounds=Bounds.model_validate_json(row["bounds"]),
        agreed=Terms.model_validate_json(row["agreed"]),
        proposal=Terms.model_validate_json(row["proposal"]) if row["proposal"] else None,
        ladder_from=from_text(row["ladder_from"]),
    )
