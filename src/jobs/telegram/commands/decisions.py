"""The owner's decisions by number: what waits to be sent, what a person proposed, asked or has done."""

from collections.abc import Callable

from jobs.spine.model import Incoming
from jobs.spine.switches import FROZEN, is_on
from jobs.telegram.commands.command import Answer, Call, Command
from jobs.texts import say
from jobs.users.letters import Held
from jobs.users.model import Task
from jobs.users.notices import label
from jobs.users.task_states import WrongMove
from jobs.users.tasks import NoSuchTask, Tasks

YES = frozenset({"да", "yes", "отправляй", "отправь", "send it"})
NO = frozenset({"нет", "no", "не отправляй"})
"""Alone in a message, right after Jobs has asked whether to send one, they are /send and /drop."""


class Decisions:
    yes, no = YES, NO

    def __init__(self, tasks: Tasks) -> None:
        self._tasks = tasks
        self._letters = tasks.letters

    def table(self) -> list[Command]:
        """Each takes a number, and is named by the message that calls for it: so none stands in /help."""
        tasks = self._tasks
        steps: dict[str, tuple[Callable[[Task, str], object], tuple[str, ...]]] = {
            "verify": (tasks.verify, ("принять",)),
            "return": (tasks.send_back, ("вернуть",)),
            "agree": (tasks.agree, ("согласен", "согласна")),
            "refuse": (tasks.refuse, ("отказать",)),
            "answer": (tasks.answer, ("ответить",)),
            "remind": (tasks.remind, ("напомнить",)),
            "cancel": (tasks.cancel, ("отменить",)),
        }
        return [
            Command("send", self.send, ("отправить",), takes_words=True, is_listed=False),
            Command("drop", self.drop, takes_words=True, is_listed=False),
            *(
                Command(name, self._deciding(step), aliases, takes_words=True, is_listed=False)
                for name, (step, aliases) in steps.items()
            ),
        ]

    def asked_last(self) -> list[str]:
        """The numbers of the messages that were shown since the owner's last words."""
        return [str(held.id) for held in self._letters.asked_last()]

    def order(self, name: str, event: Incoming, *, yes: bool) -> str | None:
        """The command by which a message says whether to send one; None when it cannot be the answer to that."""
        return f"/{'send' if yes else 'drop'} {name}" if self._letters.may_answer(int(name), event) else None

    # ------------------------------------------------------------ first messages

    def send(self, call: Call) -> Answer:
        held = self._held(call)
        if held is None:
            return self._nothing_held(call)
        name = self._name(held)
        self._letters.send(held)
        frozen = is_on(self._tasks.db, FROZEN)
        return Answer(say("held_queued" if frozen else "held_sent", call.person.language, name=name))

    def drop(self, call: Call) -> Answer:
        """What was never sent is forgotten, and a task that it would have handed over is taken back."""
        held = self._held(call)
        if held is None:
            return self._nothing_held(call)
        name = self._name(held)
        if held.task_id is not None:
            self._tasks.cancel(self._tasks.get(held.task_id))
        else:
            self._letters.forget(held)
        return Answer(say("held_dropped", call.person.language, name=name))

    def _held(self, call: Call) -> Held | None:
        word = call.words.strip().lstrip("#№")
        return self._letters.get(int(word)) if word.isdecimal() and len(word) < 10 else None

    def _nothing_held(self, call: Call) -> Answer:
        waiting = ", ".join(f"{held.id} ({self._name(held)})" for held in self._letters.waiting())
        language = call.person.language
        return Answer(say("held_none", language) if not waiting else say("held_which", language, waiting=waiting))

    def _name(self, held: Held) -> str:
        person = self._tasks.users.get(held.chat)
        return label(person) if person else str(held.chat)

    # --------------------------------------------------------------------- tasks

    def _deciding(self, step: Callable[[Task, str], object]) -> Callable[[Call], Answer]:
        def run(call: Call) -> Answer:
            language = call.person.language
            number, _, words = call.words.strip().lstrip("#№").partition(" ")
            try:
                task = self._tasks.get(int(number) if number.isdecimal() and len(number) < 10 else -1)
            except NoSuchTask:
                return Answer(say("no_such_task", language))
            try:
                step(task, words.strip())
            except (WrongMove, NoSuchTask):
                now_is = say(f"status_{task.status}", language)
                return Answer(say("task_not_so", language, id=task.id, title=task.title, status=now_is))
            changed = self._tasks.get(task.id)
            status = say(f"status_{changed.status}", language)
            return Answer(say("task_decided", language, id=task.id, title=task.title, status=status))

        return run
