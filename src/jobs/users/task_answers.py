"""What the person says about a task of theirs: taken, begun, done with a proof, declined, another time, a question.

Each answer is one transaction: the task, its history, and what the owner is told. Whose answers these are is bound in.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from jobs.spine.extras import Extras
from jobs.spine.model import Choice, MediaKind, OutFile
from jobs.texts import say, say_time
from jobs.times import now, to_text
from jobs.users import meetings, notices
from jobs.users.model import Person, Proof, Task, TaskKind, TaskStatus
from jobs.users.task_states import OWED, Actor, WrongMove
from jobs.users.tasks import Tasks
from jobs.users.terms import Terms

PROOF_AGE = timedelta(minutes=10)
"""A file that came up to so long before "done" belongs to it."""


class Answers:
    """`workspace` is what the paths of attachments are relative to."""

    def __init__(self, tasks: Tasks, person_id: int, workspace: Path) -> None:
        self._tasks = tasks
        self._users = tasks.users
        self._outbox = tasks.outbox
        self._db = tasks.db
        self._person_id = person_id
        self._workspace = workspace

    def own(self, task_id: int) -> Task | None:
        """A task of theirs; None for anybody else's and for none."""
        task = self._users.task(task_id)
        return task if task and task.user_id == self._person_id else None

    def report(self, task: Task, status: TaskStatus, words: str) -> Task:
        """They say how it stands. Said again, it is a comment. Raises WrongMove."""
        with self._db.transaction():
            comment = words or task.comment
            if task.status is status and words:
                changed = self._users.change_task(replace(task, comment=comment))
                self._users.note_event(task.id, Actor.PERSON, "comment", words=words)
            else:
                proposal = None if status is TaskStatus.DECLINED else task.proposal
                changed = self._tasks.move(task, status, Actor.PERSON, words, comment=comment, proposal=proposal)
            proofs = self._take_proofs(task) if status is TaskStatus.DONE else []
            self._tell_owner_of_status(changed, words, proofs)
            return changed

    def propose(self, task: Task, terms: Terms, words: str) -> tuple[Task, bool]:
        """They want other terms. Returns whether that is agreed: inside the owner's bounds it is, at once.

        Else the owner is asked. Raises WrongMove.
        """
        with self._db.transaction():
            self._check_open(task)
            if terms.is_empty:
                raise WrongMove("Say what is proposed: a deadline, a price or a length.")
            if terms.deadline and terms.deadline <= now():
                raise WrongMove("The proposed time has passed already.")
            if task.bounds.allow(terms) and not (terms.deadline and self._is_taken(task, terms.deadline)):
                changed = self._tasks.settle(task, terms, Actor.PERSON, words)
                self._tell_owner(changed, "proposal_agreed", words, terms=self._in_owners_words(terms))
                return changed, True
            changed = self._users.change_task(replace(task, proposal=terms, comment=words or task.comment))
            self._note(task, "proposal", terms.model_dump_json(exclude_none=True), words)
            self._tell_owner(
                changed,
                "proposal_made",
                words,
                ("agree", "refuse"),
                terms=self._in_owners_words(terms),
                deadline=self._deadline(task),
            )
            return changed, False

    def ask(self, task: Task, words: str) -> Task:
        """They ask something that the owner has to answer. Raises WrongMove."""
        with self._db.transaction():
            self._check_open(task)
            if not words:
                raise WrongMove("Say what is asked.")
            self._note(task, "question", "", words)
            self._tell_owner(task, "question_asked", words)
            return task

    def pick(self, task: Task, number: int) -> Task:
        """They choose a slot of a meeting, counted from 1; both get it as a calendar file. Raises WrongMove."""
        with self._db.transaction():
            self._check_open(task)
            if task.kind is not TaskKind.MEETING or not 1 <= number <= len(task.bounds.slots):
                raise WrongMove(f"Task {task.id} has no time number {number} to choose.")
            begins = task.bounds.slots[number - 1]
            if begins <= now() or meetings.is_taken(self._users, task, begins):
                raise WrongMove(f"Time number {number} is not free any more; choose another.")
            return self._tasks.settle(task, Terms(deadline=begins), Actor.PERSON)

    def _is_taken(self, task: Task, begins: datetime) -> bool:
        return task.kind is TaskKind.MEETING and meetings.is_taken(self._users, task, begins)

    def _check_open(self, task: Task) -> None:
        if task.status not in OWED and task.status is not TaskStatus.DECLINED:
            raise WrongMove(f"Task {task.id} is {task.status.value}: nothing more can be agreed about it.")

    # --------------------------------------------------------------------- proofs

    def _take_proofs(self, task: Task) -> list[Proof]:
        """Files of the messages that are being answered now, or came shortly before, become proofs of this task."""
        rows = self._db.execute(
            """SELECT inbox.id, extras FROM inbox LEFT JOIN awaited_proofs ON inbox_id = inbox.id
               WHERE lane = :lane AND (state = 'taken' OR state = 'done' AND created_at >= :since OR task_id = :task)
               AND coalesce(task_id, :task) = :task AND extras <> '{}'
               AND inbox.id NOT IN (SELECT inbox_id FROM task_proofs) ORDER BY inbox.id""",
            {"lane": self._person_id, "since": to_text(now() - PROOF_AGE), "task": task.id},
        )
        taken = []
        for row in rows:
            for file in Extras.model_validate_json(row["extras"]).attachments:
                if file.state == "saved" and file.path and not file.is_spoken:
                    proof = Proof(file.kind, file.name, file.path)
                    self._db.execute(
                        "INSERT INTO task_proofs (task_id, inbox_id, kind, name, path, at) VALUES (?, ?, ?, ?, ?, ?)",
                        (task.id, row["id"], proof.kind, proof.name, proof.path, to_text(now())),
                    )
                    self._note(task, "proof", file.path, file.name)
                    taken.append(proof)
        return taken

    # -------------------------------------------------------------- to the owner

    def _tell_owner_of_status(self, task: Task, words: str, proofs: list[Proof]) -> None:
        owner = self._users.owner()
        text = notices.task_change_for_owner(task, self._person(), owner, words)
        key = f"task:{task.id}:event:{self._tasks.last_event(task)}:owner"
        if task.status is not TaskStatus.DONE:
            choices = self._choices(task, ("cancel",)) if task.status is TaskStatus.DECLINED else ()
        else:
            choices = self._choices(task, ("verify",))
            if proofs:
                text += "\n" + say("proofs_come", owner.language, n=len(proofs))
            text += "\n" + say("done_what_now", owner.language, id=task.id)
        self._outbox.ask(key, owner.id, text, choices)
        if proofs:
            files = [OutFile(_media_kind(proof), str(self._workspace / proof.path)) for proof in proofs]
            self._outbox.send_files(f"{key}:proof", owner.id, files, "")

    def _tell_owner(self, task: Task, key: str, words: str, choices: tuple[str, ...] = (), **values: object) -> None:
        owner = self._users.owner()
        text = say(key, owner.language, name=notices.label(self._person()), id=task.id, title=task.title, **values)
        if words:
            text += "\n" + say("task_comment", owner.language, comment=notices.quoted(words))
        self._outbox.ask(
            f"task:{task.id}:event:{self._tasks.last_event(task)}:owner", owner.id, text, self._choices(task, choices)
        )

    def _choices(self, task: Task, names: tuple[str, ...]) -> tuple[Choice, ...]:
        language = self._users.owner().language
        return tuple(Choice(say(f"choice_{name}", language), f"/{name} {task.id}") for name in names)

    def _in_owners_words(self, terms: Terms) -> str:
        return notices.proposal_words(terms, self._users.owner())

    def _deadline(self, task: Task) -> str:
        owner = self._users.owner()
        return say_time(task.deadline, owner.zone, owner.language) if task.deadline else say("none", owner.language)

    def _note(self, task: Task, change: str, becomes: str, words: str) -> None:
        self._users.note_event(task.id, Actor.PERSON, change, becomes=becomes, words=words)

    def _person(self) -> Person:
        return self._tasks.person_of_id(self._person_id)


def _media_kind(proof: Proof) -> MediaKind:
    return "photo" if proof.kind == "photo" else "audio" if proof.kind == "audio" else "document"
