"""The owner's yes: what their session does on the world waits for it once other people's words stand in it.

Whether it does is decided by where those words came from (`marks.py`) and by the tool, never by what anything says.
"""

import asyncio
import json
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import structlog

from jobs.db import Database
from jobs.spine.model import Choice, OutboxKind
from jobs.spine.outbox import Outbox
from jobs.texts import Language, say
from jobs.times import now, to_text
from jobs.users.marks import BROUGHT, FORWARDED, QUOTED, Mark, Marks
from jobs.users.model import Person
from jobs.users.notices import label, quoted
from jobs.users.people import PeopleFinder
from jobs.users.repository import UsersRepository

log = structlog.get_logger()

SILENCE_SECONDS = 900.0
"""Seconds after which an unanswered question is a no."""
MARKS_SHOWN = 3
WORDS_SHOWN = 300
"""Characters of the words that brought the mark; the call itself is shown whole."""

HARMLESS = frozenset(
    {
        *("Read", "Glob", "Grep", "LS", "NotebookRead", "ToolSearch", "BashOutput", "TaskOutput", "StructuredOutput"),
        *("TodoWrite", "TaskCreate", "TaskUpdate", "TaskGet", "TaskList", "EnterPlanMode", "ExitPlanMode"),
    }
)
"""The CLI's tools that only read this machine, or keep the session's own notes. Any other one, known or not, waits."""

Outcome = Literal["once", "turn", "no", "silence", "gone"]

YES = frozenset({"да", "yes", "ага", "ок", "ok", "👍"})
YES_ALL = frozenset({"да всё", "да все", "yes all"})
NO = frozenset({"нет", "no", "не надо", "👎"})
_SKIN = re.compile("[\U0001f3fb-\U0001f3ff\ufe0f]")


def answer_in(text: str) -> Outcome | None:
    """What a message of a word or two answers to a question; None when it is no plain yes or no."""
    bare = " ".join(_SKIN.sub("", text).casefold().replace(",", " ").strip(" .!\n\t").split())
    return "once" if bare in YES else "turn" if bare in YES_ALL else "no" if bare in NO else None


@dataclass
class _Question:
    id: int
    lane: int
    row_id: int
    """Its last message's row in the outbox."""
    outcome: "asyncio.Future[Outcome]"


class Consent:
    """Asks the owner, one question at a time. `ask` False: nothing waits (UNTRUSTED_TEXT=allow)."""

    def __init__(
        self,
        db: Database,
        users: UsersRepository,
        outbox: Outbox,
        marks: Marks,
        people: PeopleFinder,
        *,
        ask: bool = True,
    ) -> None:
        self._db = db
        self._users = users
        self._outbox = outbox
        self._people = people
        self.asks = ask
        self.marks = marks
        self._one_at_a_time = asyncio.Lock()
        self._open: _Question | None = None
        self._allowed: dict[int, int] = {}  # by turn: the newest of the words that its yes was given for

    def start(self) -> None:
        """Questions that a crash cut off are asked again by their turns: nobody can answer the old ones any more."""
        for row in self._db.execute("SELECT id FROM questions WHERE state = 'open'"):
            self._close(row["id"], "gone")

    async def refusal(
        self, lane: int, turn_id: int, tool: str, arguments: dict[str, Any], going: Callable[[], bool]
    ) -> str:
        """Why a call of a session with the owner's power must not be made, for the model; "" when it may be.

        Waits for the owner where their yes is needed. `going`: whether the turn still runs.
        """
        if not self._unanswered(lane, turn_id, going):
            return ""  # it does not wait for what another session asks
        async with self._one_at_a_time:
            marks = self._unanswered(lane, turn_id, going)
            if not marks:
                return ""
            outcome = await self._ask(lane, turn_id, tool, arguments, marks)
            if outcome == "turn":
                self._allowed[turn_id] = marks[-1].id
        if outcome in ("once", "turn"):
            return ""
        return {
            "no": "The owner was asked and said no. Do not try it another way.",
            "silence": "The owner was asked and did not answer, so this is not done.",
        }.get(outcome, "The owner has stopped this.")

    def _unanswered(self, lane: int, turn_id: int, going: Callable[[], bool]) -> list[Mark]:
        """What stands in a lane's conversation, unless the owner has said yes to all of it for the rest of the turn."""
        marks = self.marks.of(lane) if self.asks and going() else []
        return marks if marks and self._allowed.get(turn_id) != marks[-1].id else []

    async def _ask(self, lane: int, turn_id: int, tool: str, arguments: dict[str, Any], marks: list[Mark]) -> Outcome:
        owner = self._users.owner()
        details = await self._details(tool, arguments, owner)
        with self._db.transaction():
            text = json.dumps(arguments, ensure_ascii=False)
            question_id = self._db.execute(
                "INSERT INTO questions (turn_id, tool, arguments, asked_at) VALUES (?, ?, ?, ?) RETURNING id",
                (turn_id, tool, text, to_text(now())),
            )[0]["id"]
            shown = _question(question_id, tool, arguments, details, marks, owner.language)
            row_id = self._outbox.ask(f"question:{question_id}", owner.id, shown, _choices(question_id, owner.language))
        assert row_id is not None, "its number is new"
        log.info("asks the owner", question=question_id, turn=turn_id, tool=tool)
        question = self._open = _Question(question_id, lane, row_id, asyncio.get_running_loop().create_future())
        outcome: Outcome = "gone"
        try:
            async with asyncio.timeout(SILENCE_SECONDS):
                outcome = await question.outcome
        except TimeoutError:
            outcome = "silence"
            said = say("consent_silence", owner.language, id=question_id)
            self._outbox.say(f"question:{question_id}:silence", owner.id, OutboxKind.NOTICE, said)
        finally:
            self._open = None
            self._close(question_id, outcome)
        return outcome

    async def _details(self, tool: str, arguments: dict[str, Any], owner: Person) -> list[str]:
        """Whom a call of Jobs' own tools is about, as code knows them."""
        if not tool.startswith("mcp__jobs__"):
            return []
        lines = []
        if isinstance(query := arguments.get("user"), str):
            names = ", ".join(label(found.person) for found in await self._people.find(query))
            key = "consent_to" if names else "consent_to_nobody"
            lines.append(say(key, owner.language, names=visible(names)))
        task_id = arguments.get("task_id")
        task = self._users.task(task_id) if isinstance(task_id, int) and tool.endswith("_user_task") else None
        if task and (person := self._users.get(task.user_id)):
            name, title = visible(label(person)), visible(task.title)
            lines.append(say("consent_task", owner.language, id=task.id, title=title, name=name))
        return lines

    def _close(self, question_id: int, state: Outcome) -> None:
        with self._db.transaction():
            self._db.execute(
                "UPDATE questions SET state = ?, answered_at = ? WHERE id = ? AND state = 'open'",
                (state, to_text(now()), question_id),
            )
            self._outbox.withdraw_choices(f"question:{question_id}")

    # ---------------------------------------------------------------- answers

    def is_asked(self, message_id: int | None, quoted_text: str | None = None) -> bool:
        """Whether a message with that id, in the owner's chat, may be the answer to the question that is open.

        It has to come after the question, and if it quotes something, to quote the question.
        """
        if self._open is None:
            return False
        row = self._outbox.get(self._open.row_id)
        if row is None or row.attempts == 0:
            return False  # nobody has seen it yet
        shown_as = self._db.value("SELECT message_id FROM outbox WHERE id = ?", (row.id,))
        if shown_as is not None and message_id is not None and message_id <= shown_as:
            return False
        return quoted_text is None or quoted_text in row.text or row.text.startswith(quoted_text)

    @property
    def open_id(self) -> int | None:
        """The number of the question that is open."""
        return self._open.id if self._open else None

    def withdraw(self, lane: int) -> None:
        """The turn of a lane is being stopped: what it asks needs no answer any more."""
        if self._open and self._open.lane == lane:
            self.answer("gone")

    def answer(self, outcome: Outcome, question_id: int | None = None) -> bool:
        """Answer the open question. False when there is none, or it is not the one that is meant."""
        question = self._open
        if question is None or question_id not in (None, question.id) or question.outcome.done():
            return False
        question.outcome.set_result(outcome)
        return True


def visible(text: str) -> str:
    """A text in which nothing hides: invisible and direction-changing characters are shown by their numbers."""
    return "".join(
        f"⟨U+{ord(letter):04X}⟩"
        if unicodedata.category(letter) in ("Cc", "Cf", "Zl", "Zp") and letter != "\n"
        else letter
        for letter in text
    )


def _question(
    question_id: int, tool: str, arguments: dict[str, Any], details: list[str], marks: list[Mark], language: Language
) -> str:
    """The call whole, each argument under its name; then whose words are behind it; then how to answer."""
    lines = [say("consent_head", language), "", visible(tool.removeprefix("mcp__jobs__")), *details]
    for name, value in arguments.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1)
        lines += [f"{visible(str(name))}:", quoted(visible(text))]
    lines += ["", say("consent_why", language)]
    for mark in marks[-MARKS_SHOWN:]:
        how = f"consent_how_{mark.source}" if mark.source in (FORWARDED, QUOTED, BROUGHT) else "consent_how_tool"
        name = visible(" ".join(mark.author.split())) or say("consent_unknown", language)
        lines.append(say("consent_by", language, name=name, how=say(how, language, tool=mark.source)))
        words = mark.words if len(mark.words) <= WORDS_SHOWN else f"{mark.words[:WORDS_SHOWN]}…"
        lines.append(quoted(visible(words)))
    if len(marks) > MARKS_SHOWN:
        lines.append(say("consent_more", language, n=len(marks) - MARKS_SHOWN))
    minutes = round(SILENCE_SECONDS / 60)
    return "\n".join([*lines, "", say("consent_how_to", language, minutes=minutes, id=question_id)])


def _choices(question_id: int, language: Language) -> tuple[Choice, ...]:
    return (
        Choice(say("choice_yes", language), f"/yes {question_id}"),
        Choice(say("choice_yes_all", language), f"/yes all {question_id}"),
        Choice(say("choice_no", language), f"/no {question_id}"),
    )
