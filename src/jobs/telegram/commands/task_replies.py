"""A person's numbered answers to their tasks: a number or a word that answers what Jobs said last, or is a reply to it.

Code takes them, without a session: the task moves, the owner is told, the person gets one message back. Whose answer it
is comes from the chat it was given in; that the task is theirs is asked of the database each time.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from jobs.spine.choices import choices_under, open_choices
from jobs.spine.model import Choice, Incoming
from jobs.spine.outbox import Outbox
from jobs.telegram.commands.command import Answer, Call, Command
from jobs.texts import say
from jobs.times import from_text, now, to_text
from jobs.users.awaited_proofs import AwaitedProofs
from jobs.users.model import Person, Role, Task, TaskStatus
from jobs.users.task_answers import Answers
from jobs.users.task_choices import (
    ABOUT,
    NUMBER,
    Reply,
    choice_lines,
    choices_among,
    choices_of,
    fits,
    is_answerable,
    reply_in,
)
from jobs.users.task_states import Actor, WrongMove
from jobs.users.tasks import Tasks

CHANGES_AN_HOUR = 6
"""How often the person may change a task's status by number within an hour."""


@dataclass(frozen=True)
class _Asked:
    """A choice that a message asks of a person about a task of theirs."""

    choice: Choice
    name: str
    """Of its command."""
    task: Task

    @property
    def is_open(self) -> bool:
        return is_answerable(self.task) if self.name == ABOUT else fits(self.task, Reply(self.name))


class TaskReplies:
    """`workspace` is what the paths of attachments are relative to."""

    def __init__(self, tasks: Tasks, outbox: Outbox, proofs: AwaitedProofs, workspace: Path) -> None:
        self._tasks = tasks
        self._outbox = outbox
        self._proofs = proofs
        self._workspace = workspace
        proofs.on_here = self._done_with_file

    def table(self) -> list[Command]:
        """Each takes the numbers of tasks; the messages that hand tasks over stand for them, so none is in /help."""
        names = (*Reply, ABOUT)
        return [
            Command(name, self._handler(name), takes_words=True, is_listed=False, role=Role.EXTERNAL) for name in names
        ]

    # ------------------------------------------------------------ what is meant

    def meant(self, text: str, person: Person, event: Incoming) -> str | None:
        """The command that a message is as an answer to what a person was asked; None when it is for their session.

        A reply answers the message that it replies to; anything else what was said last.
        """
        extras = event.extras
        if extras.attachments:
            _, _, text = text.partition("\n")  # the first line names the file
        text = text.strip()
        number, reply = NUMBER.fullmatch(text), reply_in(text)
        is_reply = extras.quote is not None
        if number:
            found = self._by_number(self._asked(person, event), int(number[1]), is_reply)
        elif reply:
            found = self._by_word(self._asked(person, event), reply, is_reply)
        else:
            return None
        return found if found and self._takes_files(found, event) else None

    def _asked(self, person: Person, event: Incoming) -> list[list[_Asked]]:
        """By message, newest first."""
        quote = event.extras.quote
        if quote is None:
            messages = open_choices(self._tasks.db, person.id, event.message_id)
        else:
            messages = [choices_under(self._tasks.db, person.id, quote.occasion)] if quote.occasion else []
        answers = self._answers(person)
        asked = [[each for choice in choices if (each := _read(choice, answers))] for choices in messages]
        # Where it was asked which task is meant, a number that is none of these means no earlier question.
        which = (place for place, message in enumerate(asked, 1) if len({each.task.id for each in message}) > 1)
        return asked[: next(which, None)]

    def _by_number(self, asked: Sequence[Sequence[_Asked]], number: int, is_reply: bool) -> str | None:
        """One that fits as its task stands; else one that code can say of why not, unless all is over."""
        found = [each for message in asked for each in message if each.choice.number == number]
        best = next((each for each in found if each.is_open), None)
        if best is None:
            best = next((each for each in found if is_reply or is_answerable(each.task)), None)
        return best.choice.command if best else None

    def _by_word(self, asked: Sequence[Sequence[_Asked]], reply: Reply, is_reply: bool) -> str | None:
        for message in asked:
            fitting = [each.task for each in message if each.name in (reply, ABOUT) and fits(each.task, reply)]
            if fitting:
                return f"/{reply} {' '.join(str(task.id) for task in fitting)}"
        named = [each for message in asked for each in message if each.name == reply]
        best = next((each for each in named if is_reply or is_answerable(each.task)), None)
        return best.choice.command if best else None

    def _takes_files(self, command: str, event: Incoming) -> bool:
        """A file goes with "done" for one task. What comes with an album, or after a file that is on its way still, is
        for a session, which has them all before it.
        """
        name, *numbers = command.lstrip("/").split()
        if event.extras.attachments and (name != Reply.DONE or len(numbers) != 1 or event.extras.album is not None):
            return False
        return name != Reply.DONE or not self._tasks.db.one(
            "SELECT 1 FROM inbox WHERE lane = ? AND state IN ('waiting', 'taken') AND extras LIKE '%\"attachments\"%'",
            (event.lane,),
        )

    # ----------------------------------------------------------------- answering

    def _handler(self, name: str) -> Callable[[Call], Answer | None]:
        def run(call: Call) -> Answer | None:
            person, (first, _, rest) = call.person, call.words.strip().partition(" ")
            answers = self._answers(person)
            if name == Reply.PICK:
                task = _own(answers, first)
                return self._pick(answers, task, rest, person) if task else _not_theirs(person)
            found = {task.id: task for word in call.words.split() if (task := _own(answers, word))}
            tasks = list(found.values())
            if not tasks:
                return _not_theirs(person)
            if len(tasks) > 1:
                return _which(tasks, name, person)
            return self._about(tasks[0], person) if name == ABOUT else self._reply(Reply(name), tasks[0], call)

        return run

    def _reply(self, reply: Reply, task: Task, call: Call) -> Answer | None:
        if reply is Reply.DONE and fits(task, reply) and self._brings_file(call.key):
            self._proofs.wait(call.key, task.id)
            return None
        return self._taken(reply, task, call.person)

    def _taken(self, reply: Reply, task: Task, person: Person) -> Answer:
        if not fits(task, reply):
            return _too_late(task, person)
        becomes = {Reply.ACCEPT: TaskStatus.ACCEPTED, Reply.DECLINE: TaskStatus.DECLINED, Reply.DONE: TaskStatus.DONE}
        owner = self._tasks.users.owner()
        text = say(f"replied_{reply}", person.language, id=task.id, title=task.title, owner=owner.name)
        if reply not in becomes:  # what they write next is for their session, numbers too
            return Answer(text, is_told=True)
        if self._is_too_often(task):
            return Answer(say("reply_too_often", person.language, id=task.id, title=task.title))
        task = self._answers(person).report(task, becomes[reply], "")
        return _with_choices(text, task, person)

    def _pick(self, answers: Answers, task: Task, slot: str, person: Person) -> Answer | None:
        """Both are told of a meeting that is agreed, with a file for their calendars: nothing is to be added."""
        if not fits(task, Reply.PICK):
            return _too_late(task, person)
        if self._is_too_often(task):
            return Answer(say("reply_too_often", person.language, id=task.id, title=task.title))
        try:
            answers.pick(task, [*task.bounds.slots].index(from_text(slot)) + 1)
        except (ValueError, WrongMove):
            return _with_choices(say("reply_slot_gone", person.language, title=task.title), task, person)
        return None

    def _about(self, task: Task, person: Person) -> Answer:
        if not is_answerable(task):
            return _too_late(task, person)
        status = say(f"status_{task.status}", person.language)
        text = say("replied_about", person.language, id=task.id, title=task.title, status=status)
        return _with_choices(text, task, person)

    def _done_with_file(self, person_id: int, task_id: int, key: str) -> None:
        person = self._tasks.users.get(person_id)
        task = self._answers(person).own(task_id) if person else None
        if person and task:
            answer = self._taken(Reply.DONE, task, person)
            self._outbox.ask(answer.occasion(key), person.id, answer.text, answer.choices)

    def _is_too_often(self, task: Task) -> bool:
        """The owner is told of each change, and no limit on turns holds where there is no turn."""
        changes = self._tasks.db.value(
            "SELECT count(*) FROM task_history WHERE task_id = ? AND actor = ? AND change = 'status' AND at > ?",
            (task.id, Actor.PERSON, to_text(now() - timedelta(hours=1))),
        )
        return int(changes) >= CHANGES_AN_HOUR

    def _brings_file(self, key: str) -> bool:
        sql = "SELECT 1 FROM inbox WHERE key = ? AND extras LIKE '%\"attachments\"%'"
        return self._tasks.db.one(sql, (key,)) is not None

    def _answers(self, person: Person) -> Answers:
        return Answers(self._tasks, person.id, self._workspace)


def _read(choice: Choice, answers: Answers) -> _Asked | None:
    """None for a choice that is not about a task of theirs."""
    name, _, words = choice.command.lstrip("/").partition(" ")
    task = _own(answers, words.partition(" ")[0]) if name in (*Reply, ABOUT) else None
    return _Asked(choice, name, task) if task else None


def _own(answers: Answers, word: str) -> Task | None:
    word = word.strip("№#.,)")
    return answers.own(int(word)) if word.isascii() and word.isdecimal() and len(word) < 10 else None


def _with_choices(text: str, task: Task, person: Person) -> Answer:
    choices = choices_of(task, person)
    return Answer("\n".join([text, *choice_lines(task, person)]), choices, is_told=True, asks=bool(choices))


def _which(tasks: Sequence[Task], command: str, person: Person) -> Answer:
    lines = [say("reply_which_line", person.language, id=task.id, title=task.title) for task in tasks]
    text = "\n".join([say("reply_which", person.language), *lines])
    return Answer(text, choices_among(tasks, command), is_told=True)


def _too_late(task: Task, person: Person) -> Answer:
    status = say(f"status_{task.status}", person.language)
    text = say("reply_too_late", person.language, id=task.id, title=task.title, status=status)
    return _with_choices(text, task, person)


def _not_theirs(person: Person) -> Answer:
    return Answer(say("reply_not_theirs", person.language))
