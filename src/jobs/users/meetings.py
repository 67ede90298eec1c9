"""A meeting that is agreed: what is taken already, and the confirmation that both get, with a calendar file."""

from datetime import datetime, timedelta

from jobs.spine.model import OutFile
from jobs.spine.outbox import Outbox
from jobs.texts import say, say_time
from jobs.users import notices
from jobs.users.ics import invitation
from jobs.users.model import Person, Task, TaskKind, TaskStatus
from jobs.users.repository import UsersRepository

MINUTES = 30
"""How long a meeting takes when nothing was said of it."""


def minutes_of(task: Task) -> int:
    return task.agreed.minutes or task.bounds.minutes_to or task.bounds.minutes_from or MINUTES


def is_taken(users: UsersRepository, task: Task, begins: datetime) -> bool:
    """Whether another meeting that was agreed overlaps one that would begin then."""
    ends = begins + timedelta(minutes=minutes_of(task))
    return any(
        other.deadline
        and other.id != task.id
        and other.kind is TaskKind.MEETING
        and other.status is TaskStatus.ACCEPTED
        and other.deadline < ends
        and begins < other.deadline + timedelta(minutes=minutes_of(other))
        for other in users.tasks()
    )


def confirm(outbox: Outbox, task: Task, person: Person, owner: Person, key: str) -> None:
    """Tell both when they meet, each in their language and zone. `task.deadline` is the beginning."""
    if task.deadline is None:
        raise ValueError(f"meeting {task.id} has no time")
    for reader, other in ((person, owner), (owner, person)):
        text = say(
            "meeting_agreed",
            reader.language,
            title=task.title,
            when=say_time(task.deadline, reader.zone, reader.language),
            minutes=minutes_of(task),
            name=notices.label(other),
        )
        calendar = invitation(task, owner.id, task.deadline, minutes_of(task))
        outbox.tell_with_file(
            f"{key}:{reader.id}", reader.id, text, OutFile("document", f"meeting-{task.id}.ics", calendar)
        )
