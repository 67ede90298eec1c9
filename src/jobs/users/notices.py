"""What code tells people about tasks, in their language. No model is asked."""

from jobs.texts import say, say_time
from jobs.users.model import Person, Task


def task_for_person(task: Task, person: Person, owner: Person, *, first_words: bool) -> str:
    """The message that hands a task over. `first_words`: Jobs never wrote to them, so it introduces itself."""
    language = person.language
    lines = [say("task_intro" if first_words else "task_next", language, owner=owner.name), ""]
    lines.append(say("task_body", language, id=task.id, title=task.title))
    if task.details:
        lines.append(task.details)
    if task.deadline:
        lines.append(say("task_deadline", language, deadline=say_time(task.deadline, task.zone, language)))
    return "\n".join([*lines, "", say("task_how", language)])


def task_change_for_owner(task: Task, person: Person, owner: Person, comment: str) -> str:
    """How the owner hears that a person changed a task of theirs."""
    language = owner.language
    text = say(
        "task_changed",
        language,
        name=person.name,
        id=task.id,
        title=task.title,
        status=say(f"status_{task.status}", language),
    )
    return f"{text}\n{say('task_comment', language, comment=comment)}" if comment else text
