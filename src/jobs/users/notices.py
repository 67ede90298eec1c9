"""What code tells people about tasks, in their language, and what a model is shown of one."""

from typing import Any
from zoneinfo import ZoneInfo

from jobs.spine.own_lanes import OwnLane
from jobs.texts import Language, say, say_time
from jobs.times import local_iso
from jobs.users.model import Person, Task
from jobs.users.terms import Terms


def task_for_person(task: Task, person: Person, owner: Person, *, first_words: bool) -> str:
    """The message that hands a task over. `first_words`: Jobs never wrote to them, so it introduces itself."""
    language = person.language
    lines = [say(f"{task.kind}_intro" if first_words else f"{task.kind}_next", language, owner=owner.name), ""]
    lines.append(say("task_body", language, id=task.id, title=task.title))
    if task.details:
        lines.append(task.details)
    if task.deadline:
        lines.append(say("task_deadline", language, deadline=say_time(task.deadline, task.zone, language)))
    if task.bounds.slots:
        lines += [say("meeting_slots", language), *slot_lines(task, person)]
    return "\n".join([*lines, "", say(f"{task.kind}_how", language)])


def lane_label(lane: int, language: Language) -> str:
    """What a lane of Jobs' own is, for the owner; "" for a person's."""
    own = OwnLane.of(lane)
    return say(f"lane_{own.kind}", language, n=own.number) if own else ""


def slot_lines(task: Task, reader: Person) -> list[str]:
    """When a meeting may be, numbered from 1, in the reader's zone."""
    return [
        f"{number}. {say_time(slot, reader.zone, reader.language)}" for number, slot in enumerate(task.bounds.slots, 1)
    ]


def terms_words(task: Task, reader: Person) -> str:
    """What holds for a task now: the deadline, and what was agreed beside it."""
    return _terms(task.agreed.model_copy(update={"deadline": task.deadline}), task.zone, reader)


def proposal_words(terms: Terms, reader: Person) -> str:
    """What somebody proposes."""
    return _terms(terms, reader.zone, reader)


def _terms(terms: Terms, zone: ZoneInfo, reader: Person) -> str:
    language = reader.language
    parts = [
        say("term_deadline", language, value=say_time(terms.deadline, zone, language)) if terms.deadline else "",
        say("term_price", language, value=f"{terms.price:g}") if terms.price is not None else "",
        say("term_minutes", language, value=terms.minutes) if terms.minutes is not None else "",
    ]
    return ", ".join(filter(None, parts)) or say("no_deadline", language)


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
    """A task as a model is shown it, whoever asks. Nothing of the owner's bounds is in it but a meeting's slots."""
    facts: dict[str, Any] = {
        "id": task.id,
        "kind": task.kind.value,
        "title": task.title,
        "details": task.details,
        "deadline": local_iso(task.deadline, task.zone) if task.deadline else None,
        "zone": task.zone.key,
        "status": task.status.value,
    }
    if task.comment:
        facts["comment"] = task.comment
    if not task.agreed.is_empty:
        facts["agreed"] = task.agreed.model_dump(mode="json", exclude_none=True)
    if task.proposal:
        facts["waits_for_the_owner"] = task.proposal.model_dump(mode="json", exclude_none=True)
    if task.bounds.slots:
        facts["slots"] = {number: local_iso(slot, task.zone) for number, slot in enumerate(task.bounds.slots, start=1)}
    return facts
