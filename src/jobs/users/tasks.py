"""The life of a task: given, told, changed, answered, closed. Each step is one transaction, with who is told of it.

What the owner decides is here; what the person says is in `task_answers.py`.
"""

import re
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from jobs.db import Database
from jobs.spine.choices import NOTED
from jobs.spine.model import OutboxKind
from jobs.spine.outbox import Outbox
from jobs.texts import say, say_time
from jobs.times import now, to_text
from jobs.users import meetings, notices
from jobs.users.letters import Letters
from jobs.users.model import Person, Task, TaskKind, TaskStatus
from jobs.users.repository import UsersRepository
from jobs.users.task_choices import choice_lines, choices_of
from jobs.users.task_states import OWED, Actor, WrongMove, check_move, may_move
from jobs.users.terms import Bounds, Terms

_HANDOVER = re.compile(r"task:(\d+):new:(\d+:)?0")
"""The outbox key of the first message of a handover."""


class NoSuchTask(LookupError):
    """There is no task with this number."""


@dataclass(frozen=True)
class Wanted:
    """What is asked of a person."""

    title: str
    details: str = ""
    deadline: datetime | None = None
    kind: TaskKind = TaskKind.TASK
    bounds: Bounds = field(default_factory=Bounds)


@dataclass(frozen=True)
class Given:
    task: Task
    held: int | None
    """The number under which the message that tells them waits for the owner's word."""


class Tasks:
    def __init__(self, db: Database, users: UsersRepository, outbox: Outbox, letters: Letters) -> None:
        self.db = db
        self.users = users
        self.outbox = outbox
        self.letters = letters

    def get(self, task_id: int) -> Task:
        """Raises NoSuchTask."""
        task = self.users.task(task_id)
        if task is None:
            raise NoSuchTask(f"There is no task {task_id}.")
        return task

    def person_of(self, task: Task) -> Person:
        """Whose task it is. Raises NoSuchTask when they are not known any more."""
        return self.person_of_id(task.user_id)

    def person_of_id(self, person_id: int) -> Person:
        """Raises NoSuchTask when they are not known any more."""
        person = self.users.get(person_id)
        if person is None:
            raise NoSuchTask("This person is not known any more.")
        return person

    def move(self, task: Task, becomes: TaskStatus, actor: Actor, words: str = "", **changes: Any) -> Task:
        """Change a task's status and whatever else, with a line in its history. Raises WrongMove."""
        check_move(actor, task.id, task.status, becomes)
        changed = self.users.change_task(replace(task, status=becomes, **changes))
        self.users.note_event(task.id, actor, "status", task.status, becomes, words)
        return changed

    # ------------------------------------------------------------- the handover

    def give(self, person: Person, wanted: Wanted) -> Given:
        """Store a task and tell the person, or hold what tells them."""
        with self.db.transaction():
            owner = self.users.owner()
            task = self.users.create_task(
                person.id, wanted.title, wanted.details, wanted.deadline, owner.zone, wanted.kind, wanted.bounds
            )
            event = self.users.note_event(task.id, Actor.OWNER, "created", becomes=task.status, words=wanted.title)
            return Given(task, self._hand_over(task, person, event))

    def _hand_over(self, task: Task, person: Person, event: int) -> int | None:
        text = notices.task_for_person(
            task, person, self.users.owner(), first_words=not self.outbox.has_spoken(person.id)
        )
        text = "\n".join([text, *choice_lines(task, person, slots_shown=True)])
        return self.letters.say(
            f"task:{task.id}:new:{event}",
            person,
            OutboxKind.NOTICE,
            text,
            choices_of(task, person),
            task_id=task.id,
        )

    def sent(self, key: str) -> None:
        """An outbox row has reached Telegram: if it hands a task over, that is delivered."""
        if match := _HANDOVER.fullmatch(key):
            task = self.users.task(int(match[1]))
            if task and may_move(Actor.CODE, task.status, TaskStatus.DELIVERED):
                self.move(task, TaskStatus.DELIVERED, Actor.CODE)

    def read(self, chat: int, up_to: int) -> None:
        """A person has read what Jobs wrote to them up to a message: tasks handed over until then are seen."""
        with self.db.transaction(durable=False):
            for task in self.users.tasks(chat, TaskStatus.DELIVERED):
                message_id = self.db.value(
                    "SELECT max(message_id) FROM outbox WHERE chat = ? AND key GLOB ?", (chat, f"task:{task.id}:new:*")
                )
                if message_id is not None and message_id <= up_to:
                    self.move(task, TaskStatus.SEEN, Actor.CODE)

    # ------------------------------------------------------ what the owner decides

    def change(
        self,
        task: Task,
        *,
        title: str | None = None,
        details: str | None = None,
        deadline: datetime | None = None,
        bounds: Bounds | None = None,
        words: str = "",
    ) -> Given:
        """Other words, another deadline, other bounds. One that was declined is asked anew. Raises WrongMove."""
        with self.db.transaction():
            if task.status in (TaskStatus.VERIFIED, TaskStatus.CANCELLED, TaskStatus.DONE):
                raise WrongMove(f"Task {task.id} is {task.status.value}: return it, or give a new one.")
            changed = replace(
                task,
                title=title or task.title,
                details=task.details if details is None else details,
                deadline=deadline or task.deadline,
                bounds=bounds or task.bounds,
            )
            if changed == task and task.status is not TaskStatus.DECLINED:
                raise WrongMove(f"Nothing of task {task.id} would change: say what to change.")
            if deadline:
                changed = replace(changed, ladder_from=now(), proposal=None)
                self._note(task, "deadline", _moment(task.deadline), _moment(deadline), words)
            if (changed.title, changed.details) != (task.title, task.details):
                self._note(task, "text", task.title, changed.title, words)
            if bounds:
                self._note(task, "bounds", words=words)
            if task.status is TaskStatus.DECLINED:
                return self._ask_anew(changed, self.person_of(task), words)
            changed = self.users.change_task(changed)
            if held := self.letters.of_task(task.id):
                self.letters.forget(held)
                return self._ask_anew(changed, self.person_of(task), words)
            if (changed.title, changed.details, changed.deadline) != (task.title, task.details, task.deadline):
                self.tell_person(changed, "task_changed_for", words, asks=True, **self._deadline_words(changed))
            return Given(changed, None)

    def reassign(self, task: Task, person: Person, words: str = "") -> Given:
        """Hand a task to somebody else; whoever had it is told that it is no longer theirs. Raises WrongMove."""
        with self.db.transaction():
            if person.id == task.user_id:
                raise WrongMove(f"Task {task.id} is with {person.name} already.")
            check_move(Actor.OWNER, task.id, task.status, TaskStatus.NEW)
            self._note(task, "person", str(task.user_id), str(person.id), words)
            self._take_from(task)
            fresh = replace(task, user_id=person.id, comment="", proposal=None, agreed=Terms(), ladder_from=now())
            return self._ask_anew(fresh, person, words)

    def _ask_anew(self, task: Task, person: Person, words: str) -> Given:
        if task.status is not TaskStatus.NEW:
            task = self.move(task, TaskStatus.NEW, Actor.OWNER, words)
        else:
            task = self.users.change_task(task)
        event = self._note(task, "created", becomes=task.status, words=words)
        return Given(task, self._hand_over(task, person, event))

    def cancel(self, task: Task, words: str = "") -> Task:
        """Take a task back; the person is told, if they had been told of it. Raises WrongMove."""
        with self.db.transaction():
            changed = self.move(task, TaskStatus.CANCELLED, Actor.OWNER, words, proposal=None)
            self._take_from(changed, words)
            return changed

    def _take_from(self, task: Task, words: str = "") -> None:
        """Nobody is told that something is not needed of which they never heard."""
        if held := self.letters.of_task(task.id):
            self.letters.forget(held)
        elif self.users.get(task.user_id):
            self.tell_person(task, "task_cancelled", words)

    def verify(self, task: Task, words: str = "") -> Task:
        """The owner agrees that it is done. Raises WrongMove."""
        with self.db.transaction():
            changed = self.move(task, TaskStatus.VERIFIED, Actor.OWNER, words, proposal=None)
            self.tell_person(changed, "task_verified", words)
            return changed

    def send_back(self, task: Task, words: str) -> Task:
        """It is not done yet, and why. Raises WrongMove."""
        with self.db.transaction():
            if not words.strip():
                raise WrongMove(f"Say what is missing in task {task.id}: the person is told that.")
            changed = self.move(task, TaskStatus.RETURNED, Actor.OWNER, words, ladder_from=now())
            self.tell_person(changed, "task_returned", words, asks=True)
            return changed

    def remind(self, task: Task, words: str = "") -> Task:
        """Now, because the owner says so; the ladder goes on from here. Raises WrongMove."""
        with self.db.transaction():
            if task.status not in OWED:
                raise WrongMove(f"Task {task.id} is {task.status.value}: there is nothing to remind of.")
            self._note(task, "reminder", words=words)
            changed = self.users.change_task(replace(task, ladder_from=now()))
            self.tell_person(changed, "task_reminder", words, asks=True, **self._deadline_words(changed))
            return changed

    def answer(self, task: Task, words: str) -> Task:
        """The owner's words on a task, to its person: the answer to a question of theirs. Raises WrongMove."""
        with self.db.transaction():
            if not words.strip():
                raise WrongMove("There are no words to pass on.")
            self._note(task, "answer", words=words)
            self.tell_person(task, "task_answer", words)
            return task

    def agree(self, task: Task, words: str = "") -> Task:
        """The owner takes what the person proposed. Raises WrongMove."""
        with self.db.transaction():
            if task.proposal is None:
                raise WrongMove(f"Nothing is proposed for task {task.id}.")
            changed = self.settle(task, task.proposal, Actor.OWNER, words)
            if changed.kind is TaskKind.MEETING and task.proposal.deadline and not words.strip():
                return changed  # the confirmation says it all
            self.tell_person(
                changed, "task_agreed", words, asks=True, terms=notices.terms_words(changed, self.person_of(task))
            )
            return changed

    def refuse(self, task: Task, words: str = "") -> Task:
        """The owner does not take it: the task stays as it was. Raises WrongMove."""
        with self.db.transaction():
            if task.proposal is None:
                raise WrongMove(f"Nothing is proposed for task {task.id}.")
            changed = self.users.change_task(replace(task, proposal=None))
            self._note(task, "answer", task.proposal.model_dump_json(exclude_none=True), "refused", words)
            self.tell_person(changed, "task_refused", words, asks=True, **self._deadline_words(changed))
            return changed

    def settle(self, task: Task, terms: Terms, actor: Actor, words: str = "") -> Task:
        """These terms hold from now on, and the task is accepted on them. Raises WrongMove.

        The time of a meeting is confirmed to both; of anything else whoever calls this tells the other side.
        """
        changes: dict[str, Any] = {
            "proposal": None,
            "agreed": task.agreed.with_more(terms.model_copy(update={"deadline": None})),
        }
        if terms.deadline:
            changes |= {"deadline": terms.deadline, "ladder_from": now()}
        stays = task.status is TaskStatus.ACCEPTED or (task.status is TaskStatus.IN_PROGRESS and actor is Actor.OWNER)
        if not stays:  # before anything is written: a command that is refused takes nothing back
            check_move(actor, task.id, task.status, TaskStatus.ACCEPTED)
        self.users.note_event(
            task.id, actor, "terms", _moment(task.deadline), terms.model_dump_json(exclude_none=True), words
        )
        if stays:
            changed = self.users.change_task(replace(task, **changes))
        else:
            changed = self.move(task, TaskStatus.ACCEPTED, actor, words, **changes)
        if task.kind is TaskKind.MEETING and terms.deadline:
            key = f"{NOTED}:task:{task.id}:meets:{self.last_event(task)}"
            meetings.confirm(self.outbox, changed, self.person_of(changed), self.users.owner(), key)
        return changed

    # ------------------------------------------------------------------- telling

    def tell_person(self, task: Task, key: str, words: str = "", *, asks: bool = False, **values: object) -> None:
        """A text of the catalogue about a task, with the owner's words, in the person's language.

        `asks`: with what they may choose to answer. Not where the owner's own words may ask something else.
        """
        person = self.person_of(task)
        text = say(key, person.language, id=task.id, title=task.title, **values)
        if words.strip():
            text += "\n" + say("owner_words", person.language, words=words.strip())
        choices = choices_of(task, person) if asks else ()
        if choices:
            text = "\n".join([text, *choice_lines(task, person)])
        self.letters.say(f"task:{task.id}:event:{self.last_event(task)}", person, OutboxKind.NOTICE, text, choices)

    def last_event(self, task: Task) -> int:
        """The number of the newest line of a task's history: what is told because of it is keyed by that."""
        return int(self.db.value("SELECT max(id) FROM task_history WHERE task_id = ?", (task.id,)))

    def _deadline_words(self, task: Task) -> dict[str, str]:
        language = self.person_of(task).language
        if task.deadline is None:
            return {"deadline": say("no_deadline", language)}
        return {"deadline": say_time(task.deadline, task.zone, language)}

    def _note(self, task: Task, change: str, was: str = "", becomes: str = "", words: str = "") -> int:
        return self.users.note_event(task.id, Actor.OWNER, change, was, becomes, words)


def _moment(moment: datetime | None) -> str:
    return to_text(moment) if moment else ""
