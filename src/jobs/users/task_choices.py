"""The numbered answers that a task offers its person: which there are by its kind, which fit its status, the words.

A number means the same for a task whenever it is offered; what does not fit any more is left out, not counted anew.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from functools import cache

from jobs.spine.model import Choice
from jobs.texts import CATALOGUE, LANGUAGES, Language, say, say_time
from jobs.texts.moments import is_done
from jobs.times import to_text
from jobs.users.model import Person, Role, Task, TaskKind, TaskStatus
from jobs.users.notices import slot_lines
from jobs.users.task_states import OWED, UNANSWERED, Actor, may_move


class Reply(StrEnum):
    """The values are the commands' names."""

    ACCEPT = "accept"
    PICK = "pick"
    """One of the times of a meeting."""
    DECLINE = "decline"
    LATER = "later"
    """Another time: which one, they are asked."""
    ASK = "ask"
    """A question: which one, they are asked."""
    DONE = "done"


ABOUT = "about"
"""The command that asks how a task stands, with its choices."""

_FORMS = {
    TaskKind.TASK: (Reply.ACCEPT, Reply.DECLINE, Reply.LATER, Reply.ASK, Reply.DONE),
    TaskKind.QUESTION: (Reply.ACCEPT, Reply.DECLINE, Reply.ASK),
    TaskKind.MEETING: (Reply.ACCEPT, Reply.DECLINE, Reply.LATER, Reply.ASK),
}
_UNTIMED = (Reply.LATER, Reply.DECLINE, Reply.ASK)
"""Of a meeting whose time is not agreed; the times to pick from stand before them."""
_UNTAKEN = UNANSWERED | {TaskStatus.RETURNED, TaskStatus.DECLINED}

NUMBER = re.compile(r"(?:[№#]\s*)?(\d{1,9})\s*[.)]?", re.ASCII)
"""A whole message that is a number."""


def fits(task: Task, reply: Reply) -> bool:
    """Whether a task is one to be answered like that, and may be as it stands now."""
    if reply not in _form(task) and not (reply is Reply.PICK and _slots(task)):
        return False
    match reply:
        case Reply.ACCEPT | Reply.PICK:
            return task.status in _UNTAKEN
        case Reply.DECLINE:
            return may_move(Actor.PERSON, task.status, TaskStatus.DECLINED)
        case Reply.LATER:
            return task.status in OWED or task.status is TaskStatus.DECLINED
        case Reply.ASK | Reply.DONE:
            return task.status in OWED


def is_answerable(task: Task) -> bool:
    return any(fits(task, reply) for reply in Reply)


def choices_of(task: Task, reader: Person) -> tuple[Choice, ...]:
    """What a task offers its person now; () when there is nothing to answer any more. The owner is offered nothing."""
    if reader.role is not Role.EXTERNAL:
        return ()
    picks = [
        Choice(say_time(slot, reader.zone, reader.language), f"/{Reply.PICK} {task.id} {to_text(slot)}", number)
        for number, slot in enumerate(_slots(task), 1)
    ]
    others = [
        Choice(label[:1].upper() + label[1:], f"/{reply} {task.id}", number)
        for number, reply, label in _offered(task, reader.language)
    ]
    return (*picks, *others)


def choice_lines(task: Task, reader: Person, *, slots_shown: bool = False) -> list[str]:
    """The same as text, in one line; before it the times to pick from, unless they stand there already."""
    if not choices_of(task, reader):
        return []
    language, slots = reader.language, len(_slots(task))
    items = [(str(number), label) for number, _, label in _offered(task, language)]
    if slots:
        items.insert(0, ("1" if slots == 1 else f"1–{slots}", say("reply_slots", language)))
    shown = ", ".join(say("replies_item", language, n=number, label=label) for number, label in items)
    line = say("replies", language, replies=shown)
    return [line] if slots_shown or not slots else [say("meeting_slots", language), *slot_lines(task, reader), line]


def _offered(task: Task, language: Language) -> list[tuple[int, Reply, str]]:
    """What a task offers now beside times to pick from: number, answer, and what it is called."""
    numbered = enumerate(_form(task), len(_slots(task)) + 1)
    return [(number, reply, _label(task.kind, reply, language)) for number, reply in numbered if fits(task, reply)]


def choices_among(tasks: Sequence[Task], command: str = ABOUT) -> tuple[Choice, ...]:
    """Which of several tasks of one person is meant: each by its own number."""
    return tuple(Choice(f"{task.id}. {task.title}", f"/{command} {task.id}", task.id) for task in tasks)


def reply_in(text: str) -> Reply | None:
    """What a whole message says in the exact words of the catalogue, whatever its language."""
    if is_done(text):
        return Reply.DONE
    return _words().get(_bare(text))


@cache
def _words() -> dict[str, Reply]:
    found: dict[str, Reply] = {}
    for reply in Reply:
        for language in LANGUAGES:
            said = CATALOGUE.get(f"reply_words_{reply}", {}).get(language, "").split(",")
            if reply is not Reply.PICK:
                said += [_label(kind, reply, language) for kind in TaskKind]
            found.update({_bare(words): reply for words in said if words})
    return found


def _bare(text: str) -> str:
    return text.casefold().replace("ё", "е").replace("’", "'").strip(" .!")


def _label(kind: TaskKind, reply: Reply, language: Language) -> str:
    key = f"reply_{reply}"
    return say(key if key in CATALOGUE else f"{key}_{kind}", language)


def _form(task: Task) -> tuple[Reply, ...]:
    has_no_time = task.kind is TaskKind.MEETING and (task.deadline is None or bool(_slots(task)))
    return _UNTIMED if has_no_time else _FORMS[task.kind]


def _slots(task: Task) -> Sequence[datetime]:
    return task.bounds.slots if task.kind is TaskKind.MEETING and task.status in _UNTAKEN else ()
