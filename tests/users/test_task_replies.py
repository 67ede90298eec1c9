"""Numbered answers to a task: what is offered, what a number or a word means, and nobody else's task is reached."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support import MASHA, MOSCOW, NOON, OWNER, PETYA, Spine, spine_in

from jobs.spine import said
from jobs.spine.choices import occasion_of, read_choices
from jobs.spine.extras import Attachment, Extras, Quote
from jobs.spine.inbox import Inbox
from jobs.spine.model import Choice, InboxRow, Incoming, Origin, OutboxKind
from jobs.telegram.commands.command import Answer, Call
from jobs.telegram.commands.task_replies import TaskReplies
from jobs.times import now
from jobs.tools.followups import Followups
from jobs.users import awaited_proofs
from jobs.users.attachments import Files, NoAttachments
from jobs.users.awaited_proofs import AwaitedProofs
from jobs.users.model import Person, Task, TaskKind, TaskStatus
from jobs.users.task_answers import Answers
from jobs.users.task_choices import choice_lines, choices_of, reply_in
from jobs.users.task_states import OWED, Actor, may_move
from jobs.users.tasks import Wanted
from jobs.users.terms import Bounds

S = TaskStatus
FRIDAY = datetime(2099, 11, 27, 18, 0, tzinfo=MOSCOW)


class Saving(NoAttachments):
    """Files are there at once, as after a download."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox

    async def fetch(self, rows: Sequence[InboxRow], person: Person) -> Files:
        for row in rows:
            there = [each.model_copy(update={"state": "saved", "path": each.name}) for each in row.extras.attachments]
            self._inbox.note(row.id, row.extras.model_copy(update={"attachments": tuple(there)}))
        return {}


class Desk:
    """What lies between a person's message and its answer, as the receiver and the commands have it."""

    def __init__(self, spine: Spine, folder: Path) -> None:
        self.spine = spine
        self.folder = folder
        self.tasks = spine.tasks(confirm=False)
        self.proofs = AwaitedProofs(spine.db, spine.inbox, spine.users, Saving(spine.inbox))
        self.replies = TaskReplies(self.tasks, spine.outbox, self.proofs, folder)
        self.commands = {command.name: command for command in self.replies.table()}
        self.follow = Followups(spine.db, spine.outbox, spine.users, None)

    def person(self, user: int) -> Person:
        person = self.spine.users.get(user)
        assert person is not None
        return person

    def give(self, title: str = "Прислать отчёт", user: int = MASHA, **wanted: Any) -> Task:
        task = self.tasks.give(self.person(user), Wanted(title, **wanted)).task
        self.spine.send_all(user)
        return self.tasks.get(task.id)

    def status(self, task: Task) -> TaskStatus:
        return self.tasks.get(task.id).status

    def writes(self, text: str, user: int = MASHA, *, to: str | None = None, file: str = "") -> str | None:
        """Let a person write; returns the command that it is. `to`: the occasion of the message it replies to."""
        message_id = 1 + int(self.spine.db.value("SELECT max(max(id), max(ifnull(message_id, 0))) FROM outbox") or 0)
        message_id += int(self.spine.db.value("SELECT count(*) FROM inbox"))
        attached = (Attachment(kind="document", name=file, mime="text/plain", size=1),) if file else ()
        quote = Quote(text="", by="jobs", occasion=f"{to}:0") if to else None
        event = Incoming(
            f"telegram:{user}:{message_id}",
            user,
            Origin.EXTERNAL,
            f"[{file}]\n{text}" if file else text,
            now(),
            message_id,
            Extras(quote=quote, attachments=attached),
        )
        return self.take(event)

    def take(self, event: Incoming) -> str | None:
        person = self.person(event.lane)
        command = self.replies.meant(event.text, person, event)
        with self.spine.db.transaction():
            if self.spine.inbox.accept(event, handled=command is not None) and command:
                self.types(command, event.lane, event.key)
        return command

    def types(self, command: str, user: int, key: str = "typed") -> str:
        """Give a command; returns what is answered."""
        name, _, words = command.lstrip("/").partition(" ")
        answer = self.commands[name].run(Call(self.person(user), words, key))
        if answer is None:
            return ""
        assert isinstance(answer, Answer)
        self.spine.outbox.ask(answer.occasion(key), user, answer.text, answer.choices)
        self.spine.send_all(user)
        return answer.text

    def press(self, task: Task, number: int) -> None:
        """Press a button under the message that handed a task over, as `Buttons` takes it."""
        row = self.spine.db.one("SELECT * FROM outbox WHERE key GLOB ? AND choices <> '[]'", (f"task:{task.id}:new:*",))
        assert row is not None
        command = next(each.command for each in read_choices(row) if each.number == number)
        event = Incoming(f"button:{row['id']}", row["chat"], Origin.EXTERNAL, command, now())
        self.spine.inbox.accept(event, handled=True)
        self.spine.outbox.offer(row["id"], ())
        self.types(command, row["chat"], event.key)

    def handover(self, task: Task) -> str:
        """The occasion of the message that handed a task over."""
        sql = "SELECT max(key) FROM outbox WHERE key GLOB ?"
        return occasion_of(self.spine.db.value(sql, (f"task:{task.id}:new:*",)))

    def heard(self, chat: int = MASHA) -> str:
        return "\n".join(self.spine.said(chat))

    def last(self, chat: int = MASHA) -> str:
        return self.spine.said(chat)[-1]


@pytest.fixture
def desk(spine: Spine, tmp_path: Path) -> Desk:
    return Desk(spine, tmp_path)


# ------------------------------------------------------------------ what is offered


def test_the_first_message_ends_with_the_numbered_answers_in_the_persons_language(desk: Desk) -> None:
    desk.give()
    assert desk.last() == (
        "Можно просто цифрой: 1 — беру, 2 — не могу, 3 — другое время, 4 — есть вопрос, 5 — сделано."
    )
    desk.give("Send the report", PETYA)
    assert desk.last(PETYA) == (
        "Or just answer with a number: 1: I take it, 2: I can't, 3: another time, 4: a question, 5: done."
    )


@pytest.mark.parametrize(
    ("kind", "status", "numbers"),
    [
        (TaskKind.TASK, S.NEW, [1, 2, 3, 4, 5]),
        (TaskKind.TASK, S.SEEN, [1, 2, 3, 4, 5]),
        (TaskKind.TASK, S.ACCEPTED, [2, 3, 4, 5]),
        (TaskKind.TASK, S.IN_PROGRESS, [2, 3, 4, 5]),
        (TaskKind.TASK, S.RETURNED, [1, 2, 3, 4, 5]),
        (TaskKind.TASK, S.DECLINED, [1, 3]),
        (TaskKind.TASK, S.DONE, []),
        (TaskKind.TASK, S.VERIFIED, []),
        (TaskKind.TASK, S.CANCELLED, []),
        (TaskKind.QUESTION, S.SEEN, [1, 2, 3]),
        (TaskKind.QUESTION, S.ACCEPTED, [2, 3]),
        (TaskKind.MEETING, S.SEEN, [1, 2, 3, 4]),
        (TaskKind.MEETING, S.ACCEPTED, [2, 3, 4]),
    ],
)
def test_what_is_offered_fits_kind_and_status_and_keeps_its_number(
    desk: Desk, kind: TaskKind, status: TaskStatus, numbers: list[int]
) -> None:
    task = replace(desk.give(kind=kind, deadline=FRIDAY), status=status)
    masha = desk.person(MASHA)
    assert [choice.number for choice in choices_of(task, masha)] == numbers
    line = "".join(choice_lines(task, masha))
    assert [int(part) for part in line.replace(":", ",").split() if part.isdecimal()] == numbers
    assert choices_of(task, desk.person(OWNER)) == ()


def test_a_meeting_offers_its_times_and_the_one_that_is_picked_is_confirmed_to_both(desk: Desk) -> None:
    slots = (FRIDAY, FRIDAY + timedelta(days=3))
    other = desk.give("Другая встреча", kind=TaskKind.MEETING, bounds=Bounds(slots=slots))
    meeting = desk.give("Встреча", kind=TaskKind.MEETING, bounds=Bounds(slots=slots))
    assert desk.last() == "Можно просто цифрой: 1–2 — время из списка, 3 — другое время, 4 — не смогу, 5 — есть вопрос."
    assert desk.writes("беру") is None, "which of the times is not said"
    assert desk.writes("1", to=desk.handover(other))
    assert desk.status(other) is S.ACCEPTED
    assert desk.writes("1", to=desk.handover(meeting))
    assert "уже занято или прошло" in desk.heard()
    assert desk.writes("2")
    assert (desk.status(meeting), desk.tasks.get(meeting.id).deadline) == (S.ACCEPTED, slots[1])
    for chat in (MASHA, OWNER):
        assert desk.heard(chat).count("Встреча «Встреча»") + desk.heard(chat).count("Встреча «Другая встреча»") == 2


# ---------------------------------------------------------------------- what is meant


@pytest.mark.parametrize("text", ["1", " 1. ", "1)", "№1", "№ 1", "#1", "беру", "Принимаю!", "Берусь.", "I take it"])
def test_a_number_or_an_exact_word_takes_the_task_once_and_both_sides_hear_it(desk: Desk, text: str) -> None:
    task = desk.give()
    assert desk.writes(text) == f"/accept {task.id}"
    assert desk.status(task) is S.ACCEPTED
    assert "задача 1 «Прислать отчёт»: принята" in desk.heard(OWNER)
    assert desk.heard().count("Записал: задача 1 «Прислать отчёт» за вами") == 1
    assert "2 — не могу" in desk.last()
    assert "1 — беру" not in desk.last()


@pytest.mark.parametrize("text", ["0", "6", "12", "1 завтра", "1, но позже", "беру, но позже", "готово?", "1-2", "-1"])
def test_anything_longer_and_what_is_not_offered_is_an_ordinary_message(desk: Desk, text: str) -> None:
    task = desk.give()
    before = desk.heard()
    assert desk.writes(text) is None
    assert desk.spine.states() == ["waiting"]
    assert (desk.status(task), desk.heard()) == (S.DELIVERED, before)


def test_a_number_where_nothing_is_asked_is_an_ordinary_message(desk: Desk) -> None:
    assert desk.writes("1") is None
    assert desk.writes("готово", PETYA) is None
    assert desk.spine.states() == ["waiting", "waiting"]


def test_the_same_message_counts_once(desk: Desk) -> None:
    task = desk.give()
    event = Incoming(f"telegram:{MASHA}:900", MASHA, Origin.EXTERNAL, "5", now(), 900)
    desk.take(event)
    desk.tasks.send_back(desk.tasks.get(task.id), "нет подписи")
    desk.spine.send_all(MASHA)
    desk.take(event)
    assert desk.status(task) is S.RETURNED


def test_once_a_session_has_spoken_a_bare_number_answers_it_and_a_reply_still_answers_the_task(desk: Desk) -> None:
    task = desk.give()
    desk.spine.outbox.say("turn:1", MASHA, OutboxKind.ANSWER, "Какой из двух файлов: 1 или 2?")
    desk.spine.send_all(MASHA)
    assert desk.writes("2") is None
    assert desk.writes("2", to="turn:1") is None
    assert desk.status(task) is S.DELIVERED
    assert desk.writes("2", to=desk.handover(task)) == f"/decline {task.id}"


def test_what_was_said_after_a_message_was_written_is_not_what_it_answers(desk: Desk) -> None:
    first = desk.give()
    written = 1 + int(desk.spine.db.value("SELECT max(message_id) FROM outbox"))
    desk.spine.db.execute("UPDATE outbox SET message_id = message_id - 1000 WHERE chat = ?", (MASHA,))
    second = desk.give("Макет")
    desk.take(Incoming("telegram:22:1", MASHA, Origin.EXTERNAL, "1", now(), written - 1000))
    assert (desk.status(first), desk.status(second)) == (S.ACCEPTED, S.DELIVERED)


def test_of_two_tasks_the_last_one_is_answered_first_and_the_next_number_goes_to_the_other(desk: Desk) -> None:
    first, second = desk.give(), desk.give("Макет")
    assert desk.writes("1") == f"/accept {second.id}"
    assert desk.writes("1") == f"/accept {first.id}"
    assert desk.writes("1") == f"/accept {second.id}"
    assert "Задача 2 «Макет» сейчас принята" in desk.heard()


def test_a_number_after_one_that_ended_a_task_goes_to_the_next_task(desk: Desk) -> None:
    meeting = desk.give("Встреча", kind=TaskKind.MEETING, bounds=Bounds(slots=(FRIDAY,)))
    first, second, third = desk.give(), desk.give("Макет"), desk.give("Смета")
    assert desk.writes("5") == f"/done {third.id}"
    assert desk.writes("5") == f"/done {second.id}"
    desk.press(first, 5)
    assert (desk.status(first), desk.status(second), desk.status(third)) == (S.DONE, S.DONE, S.DONE)
    assert desk.writes("1"), "past a confirmation and a message that a button has answered"
    assert desk.status(meeting) is S.ACCEPTED
    assert desk.writes("5") is None, "nothing that is asked has it"
    assert any("задача 4 «Смета» сделана" in row["text"] for row in said.since(desk.spine.db, MASHA, 1)), (
        "its session is told"
    )


def test_cannot_asks_why_and_the_reason_goes_to_the_session_which_knows(desk: Desk) -> None:
    task = desk.give()
    desk.writes("2")
    assert desk.status(task) is S.DECLINED
    assert "отклонена" in desk.heard(OWNER)
    assert "Почему?" in desk.heard()
    assert desk.writes("уезжаю") is None
    told = [row["text"] for row in said.since(desk.spine.db, MASHA, 1)]
    assert any("задачу 1 «Прислать отчёт» вы не берёте" in text for text in told)
    Answers(desk.tasks, MASHA, desk.folder).report(desk.tasks.get(task.id), S.DECLINED, "уезжаю")  # as it would note it
    assert "│ уезжаю" in desk.heard(OWNER)


@pytest.mark.parametrize(("number", "asked"), [("3", "на какой день и час"), ("4", "какой у вас вопрос")])
def test_another_time_and_a_question_ask_which_and_nothing_that_is_written_then_is_swallowed(
    desk: Desk, number: str, asked: str
) -> None:
    task = desk.give()
    before = desk.heard(OWNER)
    desk.writes(number)
    assert asked in desk.last()
    assert desk.status(task) is S.DELIVERED
    assert desk.heard(OWNER) == before
    for words in ("5", "в пятницу", "готово"):
        assert desk.writes(words) is None, "it answers the question"


def test_an_old_question_says_in_one_sentence_that_it_is_over(desk: Desk) -> None:
    task = desk.give()
    desk.tasks.cancel(task)
    desk.spine.send_all(MASHA)
    assert desk.writes("1") is None, "the last thing said asks nothing"
    desk.writes("1", to=desk.handover(task))
    assert desk.last() == "Задача 1 «Прислать отчёт» сейчас отменена, так ответить на неё уже нельзя."
    assert desk.status(task) is S.CANCELLED


# -------------------------------------------------------------------- several tasks


def test_reminded_of_several_tasks_a_person_names_one_and_then_says_how_it_stands(desk: Desk) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        first = desk.give(deadline=NOON + timedelta(days=3))
        second = desk.give("Макет", deadline=NOON + timedelta(days=3))
        clock.move_to(NOON + timedelta(days=2))
        desk.follow.fire()
        desk.spine.send_all(MASHA)
        assert desk.last() == "Можно просто номером задачи (1, 2): спрошу, что с ней."
        assert desk.writes("5") is None
        assert desk.writes("2") == f"/about {second.id}"
        assert "Задача 2 «Макет»" in desk.heard()
        assert desk.writes("5") == f"/done {second.id}"
        assert (desk.status(first), desk.status(second)) == (S.DELIVERED, S.DONE)


def test_a_word_that_may_mean_several_tasks_asks_which_by_number(desk: Desk) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        tasks = [desk.give(title, deadline=NOON + timedelta(days=3)) for title in ("Отчёт", "Макет", "Смета")]
        desk.tasks.move(desk.tasks.get(3), S.DONE, Actor.PERSON)
        clock.move_to(NOON + timedelta(days=2))
        desk.follow.fire()
        desk.spine.send_all(MASHA)
        assert desk.writes("сделано") == "/done 1 2"
        assert desk.spine.said(MASHA)[-3:] == [
            "О какой задаче речь? Ответьте её номером:",
            "1 — Отчёт",
            "2 — Макет",
        ]
        assert desk.writes("5") is None
        assert desk.writes("1") == "/done 1"
        assert [desk.status(task) for task in tasks] == [S.DONE, S.DELIVERED, S.DONE]


# ------------------------------------------------------------- first messages, proofs


def test_a_first_message_that_waited_for_the_owners_yes_asks_the_same_when_it_goes_out(spine: Spine) -> None:
    tasks = spine.tasks()
    petya = spine.users.get(PETYA)
    assert petya is not None
    held = tasks.give(petya, Wanted("Send the report")).held
    assert held is not None
    assert "│ Or just answer with a number: 1: I take it" in "\n".join(spine.said(OWNER))
    letter = tasks.letters.get(held)
    assert letter is not None
    tasks.letters.send(letter)
    row = spine.db.value("SELECT max(id) FROM outbox WHERE chat = ?", (PETYA,))
    sent = spine.outbox.get(row)
    assert sent is not None
    assert [choice.command for choice in sent.choices] == ["/accept 1", "/decline 1", "/later 1", "/ask 1", "/done 1"]


async def test_done_under_a_file_counts_once_the_file_is_here_also_after_a_restart(desk: Desk, tmp_path: Path) -> None:
    task = desk.give()
    desk.writes("5", file="отчёт.pdf")
    await desk.proofs.stop()  # before anything of it has run
    assert desk.status(task) is S.DELIVERED
    later = Desk(desk.spine, tmp_path)
    with time_machine.travel(now() + timedelta(hours=1), tick=True):
        later.proofs.start()
        later.proofs.start()
        for fetching in list(later.proofs._fetching.values()):
            await fetching
    assert desk.status(task) is S.DONE
    assert "Приложено файлов: 1" in desk.heard(OWNER)
    assert [proof.name for proof in desk.spine.users.proofs(task.id)] == ["отчёт.pdf"]
    assert desk.heard().count("Записал: задача 1 «Прислать отчёт» сделана") == 1
    assert desk.spine.db.value("SELECT count(*) FROM awaited_proofs") == 0


async def test_done_under_a_file_counts_although_something_broke_while_it_was_fetched(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch, here = desk.proofs._attachments.fetch, asyncio.Event()
    broken = [OSError("the disk is full")]

    async def failing(rows: Sequence[InboxRow], person: Person) -> Files:
        if broken:
            raise broken.pop()
        return await fetch(rows, person)

    monkeypatch.setattr(awaited_proofs, "AGAIN_SECONDS", 0)
    monkeypatch.setattr(desk.proofs._attachments, "fetch", failing)
    desk.spine.outbox.on_queued = lambda chat: here.set() if chat == MASHA else None
    task = desk.give()
    here.clear()
    desk.writes("5", file="отчёт.pdf")
    async with asyncio.timeout(10):
        await here.wait()
    assert desk.status(task) is S.DONE


def test_a_file_with_another_answer_and_done_after_a_file_on_its_way_are_for_the_session(desk: Desk) -> None:
    desk.give()
    assert desk.writes("1", file="смета.pdf") is None
    assert desk.writes("5") is None, "the file before it is not here yet"


# ------------------------------------------------------------------------ the wall


def test_nobody_answers_another_persons_task(desk: Desk) -> None:
    task, theirs = desk.give(), desk.give("Send the report", PETYA)
    assert desk.writes("1", PETYA, to=desk.handover(task)) is None, "a reply to what was never said to them"
    smuggled = [Choice("x", f"/done {task.id}", 1)]
    desk.spine.outbox.ask("smuggled", PETYA, "x", smuggled)
    desk.spine.send_all(PETYA)
    assert desk.writes("1", PETYA) == f"/accept {theirs.id}", "even a choice that stood in their chat"
    for name in ("accept", "decline", "later", "ask", "done", "about", "pick"):
        assert desk.types(f"/{name} {task.id}", PETYA) == "You have no such task. Your tasks: /tasks"
    assert desk.status(task) is S.DELIVERED
    assert [event.actor for event in desk.spine.users.history(task.id)] == ["owner", "code"]


def test_whoever_goes_back_and_forth_is_stopped_before_the_owner_is_flooded(desk: Desk) -> None:
    task = desk.give()
    for _ in range(5):
        desk.writes("1")
        desk.writes("2")
    assert desk.heard(OWNER).count("«Прислать отчёт»") == 6
    assert "много раз ответили" in desk.heard()
    with time_machine.travel(now() + timedelta(hours=2), tick=False):
        assert desk.types(f"/accept {task.id} {task.id}", MASHA).startswith("Записал")


MOVES = st.one_of(
    st.tuples(
        st.sampled_from([MASHA, PETYA]),
        st.sampled_from([*"0123456789", "беру", "can't", "готово", "вопрос", "другое время"]),
        st.sampled_from([None, 1, 2, 3]),
    ),
    st.tuples(st.just(OWNER), st.sampled_from(["verify", "send_back", "cancel", "remind"]), st.sampled_from([1, 2, 3])),
)


@settings(max_examples=40)
@given(st.lists(MOVES, max_size=15))
def test_whatever_numbers_anybody_sends_every_task_moves_legally_and_by_its_own_persons_hand(
    tmp_path_factory: pytest.TempPathFactory, moves: list[tuple[int, str, int | None]]
) -> None:
    folder = tmp_path_factory.mktemp("replies")
    with spine_in(folder) as spine:
        desk = Desk(spine, folder)
        tasks = {
            1: desk.give("Отчёт"),
            2: desk.give("Встреча", kind=TaskKind.MEETING, bounds=Bounds(slots=(FRIDAY,))),
            3: desk.give("Report", PETYA),
        }
        for who, what, number in moves:
            if who == OWNER:
                assert number is not None
                _decide(desk, what, number)
            else:
                mine = {1, 2} if who == MASHA else {3}
                others = {key: desk.tasks.get(key) for key in tasks.keys() - mine}
                desk.writes(what, who, to=desk.handover(tasks[number]) if number else None)
                assert {key: desk.tasks.get(key) for key in others} == others
        for task in tasks.values():
            for event in spine.users.history(task.id):
                if event.change == "status":
                    assert may_move(Actor(event.actor), S(event.was), S(event.becomes))
            now_is = desk.tasks.get(task.id)
            assert bool(choices_of(now_is, desk.person(task.user_id))) is (now_is.status in OWED | {S.DECLINED})


def _decide(desk: Desk, what: str, number: int) -> None:
    task = desk.tasks.get(number)
    if what == "verify" and may_move(Actor.OWNER, task.status, S.VERIFIED):
        desk.tasks.verify(task)
    elif what == "cancel" and may_move(Actor.OWNER, task.status, S.CANCELLED):
        desk.tasks.cancel(task)
    elif what == "send_back" and may_move(Actor.OWNER, task.status, S.RETURNED):
        desk.tasks.send_back(task, "ещё раз")
    elif what == "remind" and task.status in OWED:
        desk.tasks.remind(task)
    desk.spine.send_all(task.user_id)


def test_no_word_means_two_answers() -> None:
    assert reply_in("Done!") == reply_in("готово") == "done"
    assert reply_in("I can’t.") == reply_in("не могу") == "decline"
    assert reply_in("не могу дозвониться") is None
