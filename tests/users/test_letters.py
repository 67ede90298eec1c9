"""First words to somebody who never wrote: held until the owner has seen them and said yes."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.support import MASHA, OWNER, PETYA, Spine, skills_in

from jobs.spine.extras import Extras, Quote
from jobs.spine.model import Incoming, Origin, OutboxKind
from jobs.telegram.commands.allowing import Allowing, meant
from jobs.telegram.commands.command import Answer, Call
from jobs.telegram.commands.decisions import Decisions
from jobs.times import now
from jobs.users.model import Person, TaskStatus
from jobs.users.tasks import Tasks, Wanted

WORD = Incoming("telegram:11:900", OWNER, Origin.OWNER, "", now(), 900)
"""Some message of the owner's after all else."""


class Office:
    def __init__(self, spine: Spine) -> None:
        self.spine = spine
        self.tasks: Tasks = spine.tasks()
        self.decisions = Decisions(self.tasks)
        self.commands = {command.name: command for command in self.decisions.table()}

    def person(self, user: int) -> Person:
        person = self.spine.users.get(user)
        assert person is not None
        return person

    def owner_says(self, name: str, words: str = "") -> str:
        answer = self.commands[name].run(Call(self.person(OWNER), words))
        assert isinstance(answer, Answer)
        return answer.text

    def heard(self, chat: int) -> str:
        return "\n".join(self.spine.said(chat))


@pytest.fixture
def office(spine: Spine) -> Office:
    return Office(spine)


def test_the_owner_sees_the_exact_text_and_it_goes_out_when_they_say_so(office: Office) -> None:
    given = office.tasks.give(office.person(PETYA), Wanted("Send the report"))
    assert given.held == 1
    assert office.spine.said(PETYA) == []
    asked = office.heard(OWNER)
    assert "Peter Pan (@peter) ещё не писал(а) мне" in asked
    for line in (
        "Hello! This is Jobs, an AI assistant. I work for Иван Петров.",
        f"Task {given.task.id}: Send the report",
    ):
        assert f"│ {line}" in asked
    choices = office.spine.db.value("SELECT choices FROM outbox WHERE chat = ? ORDER BY id DESC", (OWNER,))
    assert '"/send 1"' in choices
    assert '"/drop 1"' in choices
    assert "Отправляю: Peter Pan" in office.owner_says("send", "1")
    shown = [line.removeprefix("│ ") for line in asked.splitlines() if line.startswith("│ ")]
    assert office.spine.said(PETYA) == [line for line in shown if line]
    office.spine.send_all(PETYA)
    assert office.tasks.get(given.task.id).status is TaskStatus.DELIVERED
    assert "Ничего не ждёт" in office.owner_says("send", "1")


def test_what_is_dropped_is_never_sent_and_its_task_is_taken_back(office: Office) -> None:
    given = office.tasks.give(office.person(PETYA), Wanted("Send the report"))
    office.owner_says("drop", "1")
    assert office.spine.said(PETYA) == []
    assert office.tasks.get(given.task.id).status is TaskStatus.CANCELLED
    office.tasks.letters.say("message:1", office.person(PETYA), OutboxKind.MESSAGE, "hi")
    assert "Не отправляю" in office.owner_says("drop", "2")
    assert office.spine.said(PETYA) == []


def test_a_task_that_is_taken_back_or_changed_before_it_was_told_is_not_told_as_it_was(office: Office) -> None:
    given = office.tasks.give(office.person(PETYA), Wanted("Send the report"))
    again = office.tasks.change(given.task, title="Send the plan")
    assert again.held == 2
    assert [held.id for held in office.tasks.letters.waiting()] == [2]
    office.tasks.cancel(again.task)
    assert office.tasks.letters.waiting() == []
    assert office.spine.said(PETYA) == []


def test_whoever_has_written_is_told_at_once_and_so_is_everyone_when_it_is_turned_off(office: Office) -> None:
    assert office.tasks.give(office.person(MASHA), Wanted("Отчёт")).held is None
    assert office.spine.said(MASHA) != []
    free = office.spine.tasks(confirm=False)
    assert free.give(office.person(PETYA), Wanted("Report")).held is None
    assert office.spine.said(PETYA) != []
    assert office.tasks.give(office.person(PETYA), Wanted("Once more")).held is None  # those are not the first words


@pytest.mark.parametrize(
    ("word", "command"), [("Да", "/send 1"), ("yes!", "/send 1"), ("нет.", "/drop 1"), ("да вот", None)]
)
def test_a_bare_yes_is_the_answer_only_right_after_the_question(office: Office, word: str, command: str | None) -> None:
    assert meant(word, WORD, office.decisions) is None
    office.spine.accept("попроси Петю", OWNER)
    office.spine.db.execute("UPDATE inbox SET created_at = '2026-01-01T00:00:00.000Z'")
    office.tasks.give(office.person(PETYA), Wanted("Report"))
    assert meant(word, WORD, office.decisions) is None, "it was not shown yet"
    office.spine.send_all(OWNER)
    assert meant(word, WORD, office.decisions) == command
    office.spine.accept("а что ещё?", OWNER)
    office.spine.db.execute("UPDATE inbox SET created_at = '2999-01-01T00:00:00.000Z' WHERE id = 2")
    assert meant(word, WORD, office.decisions) is None


def test_a_yes_beside_a_question_of_another_kind_answers_neither(office: Office, tmp_path: Path) -> None:
    skills = skills_in(office.spine, tmp_path)
    kinds = (office.decisions, Allowing("skills", skills))
    office.tasks.give(office.person(PETYA), Wanted("Report"))
    skills.permissions.ask("helper", "fingerprint", "Разрешить?")
    office.spine.send_all(OWNER)
    assert meant("да", WORD, *kinds) is None
    assert meant("отправляй", WORD, *kinds) == "/send 1", "a word that fits one of them only"
    assert meant("не разрешаю", WORD, *kinds) == "/skills deny helper"


def test_two_questions_are_not_answered_by_one_yes(office: Office) -> None:
    office.tasks.give(office.person(PETYA), Wanted("Report"))
    office.tasks.give(office.person(PETYA), Wanted("Plan"))
    office.spine.send_all(OWNER)
    assert meant("да", WORD, office.decisions) is None
    reply = replace(WORD, extras=Extras(quote=Quote(text="", by="jobs", occasion="held:2:0")))
    assert meant("да", reply, office.decisions) == "/send 2", "a reply says which"
    assert "1 (Peter Pan (@peter)), 2 (Peter Pan (@peter))" in office.owner_says("send")


@pytest.mark.parametrize("words", ["", "x", "9", "99999999999999999999", "-1"])
def test_a_number_that_is_none_does_nothing(office: Office, words: str) -> None:
    before: dict[str, Any] = office.spine.dump()
    for name in office.commands:
        office.owner_says(name, words)
    assert office.spine.dump() == before


def test_decisions_by_command_do_what_the_tool_does(office: Office) -> None:
    task = office.tasks.give(office.person(MASHA), Wanted("Отчёт")).task
    office.spine.send_all(MASHA)
    assert "нельзя" in office.owner_says("agree", "1")
    assert "нельзя" in office.owner_says("return", "1 рано")
    assert "Отчёт" in office.owner_says("answer", "1 в PDF")
    assert "в PDF" in office.heard(MASHA)
    assert "проверена" in office.owner_says("verify", "#1 спасибо")
    assert office.tasks.get(task.id).status is TaskStatus.VERIFIED
