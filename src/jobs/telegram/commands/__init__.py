"""Commands: handled by code, at once, without a session. Their answers leave by the outbox like everything else.

A new command is one entry in `Commands._table` and its two texts (`command_<name>_<role>`, for /help and the menu).
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from jobs.spine.model import Incoming
from jobs.spine.outbox import Outbox
from jobs.telegram.commands.admission import Admission
from jobs.telegram.commands.allowing import Allowing, Asks, is_asked, meant
from jobs.telegram.commands.answers import Answers
from jobs.telegram.commands.command import Answer, Call, Command
from jobs.telegram.commands.control import Control
from jobs.telegram.commands.decisions import Decisions
from jobs.telegram.commands.heartbeat import HeartbeatCommand
from jobs.telegram.commands.memory import MemoryCommand
from jobs.telegram.commands.model import ModelChoice
from jobs.telegram.commands.reports import Reports
from jobs.telegram.commands.schedules import ScheduleCommands
from jobs.telegram.commands.side import HUMAN, Side
from jobs.telegram.commands.task_replies import TaskReplies
from jobs.texts import Language, say
from jobs.users.consent import Consent, answer_in
from jobs.users.model import Person, Role
from jobs.users.repository import UsersRepository

__all__ = ["Commands", "Order"]

log = structlog.get_logger()

STOP_WORDS = frozenset({"стоп", "stop", "хватит", "отмена"})
"""Alone in a message they are /stop."""

_FORM = re.compile(r"/(\w+)(?:@\w+)?(?:\s+(.*))?", re.DOTALL)


@dataclass(frozen=True)
class Order:
    """A command that a message turned out to be."""

    command: Command
    words: str = ""


class Commands:
    def __init__(
        self,
        outbox: Outbox,
        users: UsersRepository,
        is_running: Callable[[int], bool],
        control: Control,
        reports: Reports,
        model: ModelChoice,
        decisions: Decisions,
        side: Side,
        consent: Consent,
        admission: Admission,
        memory: MemoryCommand,
        schedules: ScheduleCommands,
        heartbeat: HeartbeatCommand,
        mcp: Allowing,
        skills: Allowing,
        replies: TaskReplies,
    ) -> None:
        self._outbox = outbox
        self._users = users
        self._is_running = is_running
        self._schedules = schedules
        self._consent = consent
        self._asking: tuple[Asks, ...] = (decisions, mcp, skills)
        self._replies = replies
        answers = Answers(consent)
        self._acting: set[asyncio.Task[None]] = set()
        self._table = (
            Command("stop", control.stop, ("стоп",), is_for_all=True, takes_words=True),
            Command("new", control.new, ("новый", "заново")),
            Command("tasks", reports.tasks, ("задачи",), is_for_all=True),
            Command("people", reports.people, ("люди",)),
            Command("status", reports.status, ("статус",)),
            Command("usage", reports.usage, ("расход", "расходы")),
            Command("model", model.run, ("модель",), takes_words=True),
            Command("yes", answers.yes, ("да",), takes_words=True),
            Command("no", answers.no, ("нет",), takes_words=True),
            Command("which", answers.which, is_listed=False),
            Command("ban", admission.ban, ("бан",), takes_words=True),
            Command("unban", admission.unban, ("разбан", "allow", "unmute"), takes_words=True),
            Command("mute", admission.mute, ("молчать",), takes_words=True),
            Command("limit", admission.limit, ("лимит",), takes_words=True),
            Command("memory", memory.run, ("память",), takes_words=True),
            Command("mcp", mcp.run, takes_words=True),
            Command("skills", skills.run, ("навыки",), takes_words=True),
            Command("pause", control.pause, ("пауза",)),
            Command("panic", control.panic, ("паника",), takes_words=True),
            Command("resume", control.resume, ("продолжить", "дальше")),
            *schedules.table(),
            *heartbeat.table(),
            *decisions.table(),
            *side.table(),
            *replies.table(),
            Command("help", self._help, ("помощь", "start"), is_for_all=True, takes_words=True),
        )
        self._by_name = {
            (role, name): command
            for role in Role
            for command in self._table
            if _may_give(role, command)
            for name in (command.name, *command.aliases)
        }

    def order_of(self, text: str, person: Person, event: Incoming | None = None) -> Order | None:
        """The command a message is, for this person; None when it is for the session. `event`: the message itself.

        A bare stop word from anyone but the owner is one only while something runs for them: "отмена" may be an answer.
        A bare yes or no of the owner's is one only as the answer to the one question that is open, a number of anyone
        else's only as the answer to a task of theirs.
        """
        text = text.strip()
        if event is not None and person.role is Role.OWNER and (answer := self._answer_of(text, event)):
            return answer
        if text.casefold().strip(" .!?") in STOP_WORDS and (person.role is Role.OWNER or self._is_running(person.id)):
            return Order(self._by_name[person.role, "stop"])
        if person.role is Role.EXTERNAL and HUMAN.fullmatch(text.strip(" .!")):
            return Order(self._by_name[person.role, "human"])
        if person.role is Role.EXTERNAL and event is not None:
            text = self._replies.meant(text, person, event) or text
        if person.role is Role.OWNER:
            text = meant(text, event, *self._asking) or self._of_reminder(text, person, event) or text
        match = _FORM.fullmatch(text)
        command = self._by_name.get((person.role, match[1].casefold())) if match else None
        if match is None or command is None:
            return None
        words = (match[2] or "").strip()
        return Order(command, words) if command.takes_words or not words else None

    def _of_reminder(self, text: str, person: Person, event: Incoming | None) -> str | None:
        """The command that words are as the answer to a reminder, by a reply or as the next words after it."""
        if event is None or event.extras.attachments:
            return None
        quote = event.extras.quote
        return self._schedules.meant(text, quote.occasion if quote else None, person)

    def _answer_of(self, text: str, event: Incoming) -> Order | None:
        outcome = answer_in(text)
        quote = event.extras.quote
        if outcome is None or not self._consent.is_asked(event.message_id, quote.text if quote else None):
            return None
        if quote is None and is_asked(text, *self._asking):
            return Order(self._by_name[Role.OWNER, "which"])
        words = f"{'all ' if outcome == 'turn' else ''}{self._consent.open_id}"
        return Order(self._by_name[Role.OWNER, "no" if outcome == "no" else "yes"], words)

    def run(self, order: Order, person: Person, key: str) -> None:
        """Carry a command out; `key` names the event that gave it. Joins the caller's transaction."""
        answer = order.command.run(Call(person, order.words, key))
        if isinstance(answer, Awaitable):
            task = asyncio.create_task(self._answer_later(key, person, answer))
            self._acting.add(task)
            task.add_done_callback(self._acted)
        else:
            self._answer(key, person, answer)

    async def _answer_later(self, key: str, person: Person, answer: Awaitable[Answer | None]) -> None:
        self._answer(key, person, await answer)

    def _answer(self, key: str, person: Person, answer: Answer | None) -> None:
        if answer is not None and answer.is_told:
            self._outbox.ask(answer.occasion(key), person.id, answer.text, answer.choices)
        elif answer is not None:
            self._outbox.reply(key, person.id, answer.text, answer.choices, urgent=person.role is Role.OWNER)

    def _acted(self, task: asyncio.Task[None]) -> None:
        self._acting.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("command failed", error=repr(error))

    def menu(self, role: Role, language: Language) -> list[tuple[str, str]]:
        """Every command of a role with a line about it, in the order they are shown."""
        return [
            (command.name, say(f"command_{command.name}_{role}", language))
            for command in self._table
            if _may_give(role, command) and command.is_listed
        ]

    def _help(self, call: Call) -> Answer:
        role, language = call.person.role, call.person.language
        lines = [say(f"help_{role}", language, owner=self._users.owner().name)]
        lines += [say("help_line", language, name=name, about=about) for name, about in self.menu(role, language)]
        return Answer("\n".join(lines))


def _may_give(role: Role, command: Command) -> bool:
    return role is command.role if command.role else command.is_for_all or role is Role.OWNER
