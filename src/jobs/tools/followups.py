"""Tasks are followed up by code, not by a model: reminders by the ladder, then the owner is asked what to do.

Everything follows from data: a task's `ladder_from` is the moment up to which its steps are behind, `task_steps` are
those that were taken. A step, its message and its mark are one transaction, so each is taken once.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from jobs.db import Database
from jobs.spine.model import Choice
from jobs.spine.outbox import Outbox
from jobs.texts import say, say_time
from jobs.times import QuietHours, now, to_text
from jobs.tools.ladder import Ladder, ladder
from jobs.tools.timer import Timer
from jobs.users.model import Person, Task, TaskKind, TaskStatus
from jobs.users.notices import label
from jobs.users.repository import UsersRepository
from jobs.users.task_choices import choice_lines, choices_among, choices_of
from jobs.users.task_states import OWED

WRITING = timedelta(minutes=10)
"""Nobody is reminded so soon after a message of theirs."""
BUSY_PAUSE = timedelta(minutes=1)
"""How long a reminder waits while a turn of the person's is open."""
REMINDED = OWED - {TaskStatus.NEW}
"""Whoever was not told yet is not reminded."""


class Followups:
    def __init__(
        self,
        db: Database,
        outbox: Outbox,
        users: UsersRepository,
        quiet: QuietHours | None,
        steps: Ladder | None = None,
    ) -> None:
        self._db = db
        self._outbox = outbox
        self._users = users
        self._quiet = quiet
        self._ladder = steps or ladder()
        self.timer = Timer(db, self.fire)
        users.on_task_changed = self.timer.soon

    def fire(self) -> datetime | None:
        """Take every step that is due, and return when the next one is."""
        moment = now()
        due: dict[int, list[Task]] = {}
        later: list[datetime] = []
        for task in self._users.tasks():
            step = self.next_step(task, moment)
            if step is None:
                continue
            if step <= moment:
                due.setdefault(task.user_id, []).append(task)
            else:
                later.append(step)
        for user_id, tasks in due.items():
            person = self._users.get(user_id)
            if person is None:
                continue
            if self._is_at_work(user_id):
                later.append(moment + BUSY_PAUSE)
            else:
                with self._db.transaction():
                    self._take(person, tasks, moment)
                later += [step for task in tasks if (step := self._next_of(task.id))]
        return min(later, default=None)

    def _next_of(self, task_id: int) -> datetime | None:
        task = self._users.task(task_id)
        return self.next_step(task) if task else None

    def next_step(self, task: Task, at: datetime | None = None) -> datetime | None:
        """When the ladder speaks of a task next, as far as is known `at` a moment (now); None when it is silent.

        A step that was missed is taken at that moment, but never in quiet hours.
        """
        person = self._users.get(task.user_id)
        if person is None or task.deadline is None or task.proposal is not None or task.status not in REMINDED:
            return None
        if self._told_owner(task, person):
            return None
        is_settled = task.kind is TaskKind.MEETING and task.status is TaskStatus.ACCEPTED
        step = self._ladder.next_after(task.ladder_from, task.deadline, person.zone, overdue=not is_settled)
        if step is None:
            return None
        earliest = [step, at or now()]
        if person.muted_until:
            earliest.append(person.muted_until)
        if person.last_contact:
            earliest.append(person.last_contact + WRITING)
        step = max(earliest)
        return self._quiet.awake(step, person.zone) if self._quiet else step

    def _is_at_work(self, user_id: int) -> bool:
        """Whether something they wrote is not answered yet."""
        sql = "SELECT 1 FROM inbox WHERE lane = ? AND state IN ('waiting', 'taken') LIMIT 1"
        return self._db.one(sql, (user_id,)) is not None

    # ------------------------------------------------------------------- answers

    def _answered_at(self, task: Task, person: Person) -> str:
        """When they last wrote, or anyone last did something about the task: from then on reminders count anew."""
        changed = self._db.value(
            "SELECT max(at) FROM task_history WHERE task_id = ? AND actor IN ('owner', 'person')", (task.id,)
        )
        wrote = to_text(person.last_contact) if person.last_contact else ""
        return max(changed or "", wrote)

    def _unanswered(self, task: Task, person: Person) -> int:
        return int(
            self._db.value(
                "SELECT count(*) FROM task_steps WHERE task_id = ? AND told = 'person' AND at > ?",
                (task.id, self._answered_at(task, person)),
            )
        )

    def asked_owner(self, task: Task) -> bool:
        """Whether the owner was asked what to do about a task, and nothing has happened since."""
        person = self._users.get(task.user_id)
        return person is not None and self._told_owner(task, person)

    def _told_owner(self, task: Task, person: Person) -> bool:
        """Whether the owner was asked, and nothing has happened since."""
        sql = "SELECT 1 FROM task_steps WHERE task_id = ? AND told = 'owner' AND at > ? LIMIT 1"
        return self._db.one(sql, (task.id, self._answered_at(task, person))) is not None

    # --------------------------------------------------------------------- steps

    def _take(self, person: Person, tasks: list[Task], moment: datetime) -> None:
        """One step of each of these tasks of one person: those to be reminded of stand in one message."""
        unanswered = {task.id: self._unanswered(task, person) for task in tasks}
        to_remind = [task for task in tasks if unanswered[task.id] < self._ladder.unanswered]
        if to_remind:
            keys = [self._mark(task, "person", moment) for task in to_remind]
            several = len(to_remind) > 1
            choices = choices_among(to_remind) if several else choices_of(to_remind[0], person)
            self._outbox.ask(keys[0], person.id, reminder(to_remind, person, moment), choices)
        for task in tasks:
            if task not in to_remind:
                self._ask_owner(task, person, self._mark(task, "owner", moment), unanswered[task.id])

    def _mark(self, task: Task, told: str, moment: datetime) -> str:
        """Note the step; returns the key under which it is said."""
        row = self._db.execute(
            """INSERT INTO task_steps (task_id, n, told, at)
               VALUES (:task, (SELECT count(*) + 1 FROM task_steps WHERE task_id = :task), :told, :at) RETURNING n""",
            {"task": task.id, "told": told, "at": to_text(moment)},
        )[0]
        self._users.change_task(replace(task, ladder_from=moment))
        return f"task:{task.id}:step:{row['n']}"

    def _ask_owner(self, task: Task, person: Person, key: str, reminders: int) -> None:
        owner = self._users.owner()
        language = owner.language
        due = say_time(task.deadline, owner.zone, language) if task.deadline else say("none", language)
        text = say("no_answer", language, name=label(person), id=task.id, title=task.title, n=reminders, deadline=due)
        choices = (
            Choice(say("choice_remind", language), f"/remind {task.id}"),
            Choice(say("choice_cancel", language), f"/cancel {task.id}"),
        )
        self._outbox.ask(key, owner.id, text, choices)


def reminder(tasks: list[Task], person: Person, moment: datetime) -> str:
    """One message about all these tasks of a person, in their language."""
    language = person.language
    lines = []
    for task in tasks:
        assert task.deadline is not None
        key = "remind_overdue" if task.deadline < moment else "remind_due"
        due = say_time(task.deadline, task.zone, language)
        lines.append(say(key, language, id=task.id, title=task.title, deadline=due))
    how = say("remind_how", language)
    if len(tasks) == 1:
        return "\n".join([*lines, how, *choice_lines(tasks[0], person)])
    numbers = say("replies_which_of", language, numbers=", ".join(str(task.id) for task in tasks))
    return "\n".join([say("remind_several", language), *(f"· {line}" for line in lines), how, numbers])
