"""What code tells people about tasks, in their language, and what a model is shown of one."""

from typing import Any

from jobs.texts import say, say_time
from jobs.times import local_iso
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
        name=label(person),
        id=task.id,
        title=task.title,
        status=say(f"status_{task.status}", language),
    )
    return f"{text}\n{say('task_comment', language, comment=quoted(comment))}" if comment else text


def word_for_owner(person: Person, owner: Person, text: str) -> str:
    """A person's word for the owner."""
    return say("word_for_owner", owner.language, name=label(person), text=quoted(text))


def label(person: Person) -> str:
    """A name that another cannot take: what people call themselves, with the @username or id beside it."""
    return f"{' '.join(person.name.split())} ({f'@{person.username}' if person.username else f'id {person.id}'})"


def quoted(text: str) -> str:
    """Somebody's words, marked on each line, so that they cannot pass for the program's."""
    return "\n".join(f"│ {line}" for line in text.splitlines())


def task_facts(task: Task) -> dict[str, Any]:
    """A task as a model is shown it, whoever asks."""
    facts: dict[str, Any] = {
        "id": task.id,
        "title": task.title,
        "details": task.details,
        "deadline": local_iso(task.deadline, task.zone) if task.deadline else None,
        "zone": task.zone.key,
        "status": task.status.value,
    }
    return {**facts, "comment": task.comment} if task.comment else facts
