"""A task's whole life on a real database: who may change what, what is agreed without asking, and what is told."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from tests.support import MASHA, MOSCOW, NOON, OWNER, PETYA, Spine

from jobs.db.migrate import migrations
from jobs.spine.extras import Attachment, Extras
from jobs.spine.model import Incoming, Origin
from jobs.spine.tool import NoArguments, ToolError, Words
from jobs.telegram.commands.command import Answer, Call
from jobs.telegram.commands.decisions import Decisions
from jobs.users.model import Task, TaskKind, TaskStatus
from jobs.users.people import PeopleFinder
from jobs.users.task_answers import Answers
from jobs.users.task_states import MOVES, Actor, WrongMove, may_move
from jobs.users.tasks import Wanted
from jobs.users.terms import Bounds, Terms
from jobs.users.tools_external import ExternalTools, UpdateTask
from jobs.users.tools_tasks import CreateUserTask, GetUserTasks, OwnerTaskTools, UpdateUserTask

S = TaskStatus
FRIDAY = datetime(2026, 11, 27, 18, 0, tzinfo=MOSCOW)


class Nobody:
    async def look_up(self, query: str) -> int | None:
        return None


class Desk:
    """The owner's tools, Маша's tools and what lies under both."""

    def __init__(self, spine: Spine, folder: Path) -> None:
        self.spine = spine
        self.tasks = spine.tasks(confirm=False)
        self.owner = OwnerTaskTools(self.tasks, PeopleFinder(spine.users, Nobody()))
        self.answers = Answers(self.tasks, MASHA, folder)
        self.masha = ExternalTools(spine.users, spine.outbox, self.answers, MASHA)

    def give(self, title: str = "Прислать отчёт", user: int = MASHA, **wanted: Any) -> Task:
        """A task that was told and delivered."""
        person = self.spine.users.get(user)
        assert person is not None
        task = self.tasks.give(person, Wanted(title, **wanted)).task
        self.spine.send_all(user)
        return self.tasks.get(task.id)

    async def create(self, **call: Any) -> dict[str, Any]:
        values = {"user": "Маше", "title": "Прислать отчёт", **call}
        task: dict[str, Any] = (await self.owner.create_user_task(CreateUserTask.model_validate(values)))()["task"]
        return task

    async def decide(self, task_id: int, action: str, **call: Any) -> dict[str, Any]:
        given = UpdateUserTask.model_validate({"task_id": task_id, "action": action, **call})
        result: dict[str, Any] = (await self.owner.update_user_task(given))()
        return result

    async def says(self, task_id: int, status: str, comment: str = "", **call: Any) -> dict[str, Any]:
        given = UpdateTask.model_validate({"task_id": task_id, "status": status, "comment": comment, **call})
        result: dict[str, Any] = (await self.masha.update_task(given))()
        return result

    def heard(self, chat: int) -> str:
        return "\n".join(self.spine.said(chat))


@pytest.fixture
def desk(spine: Spine, tmp_path: Path) -> Desk:
    return Desk(spine, tmp_path)


# --------------------------------------------------------------- the state machine


def test_every_move_that_is_not_allowed_is_refused_with_what_would_be(desk: Desk) -> None:
    for actor in Actor:
        for was in S:
            for becomes in S:
                task = desk.spine.users.create_task(MASHA, "t")
                desk.spine.db.execute("UPDATE user_tasks SET status = ? WHERE id = ?", (was, task.id))
                task = desk.tasks.get(task.id)
                if may_move(actor, was, becomes):
                    assert desk.tasks.move(task, becomes, actor).status is becomes
                    assert [event.becomes for event in desk.spine.users.history(task.id)] == [becomes]
                else:
                    with pytest.raises(WrongMove, match=rf"Task {task.id} "):
                        desk.tasks.move(task, becomes, actor)
                    assert desk.tasks.get(task.id).status is was
                    assert desk.spine.users.history(task.id) == []


def test_a_person_can_neither_verify_nor_return_nor_take_back_and_nobody_revives_what_was_taken_back() -> None:
    persons = {to for ways in MOVES[Actor.PERSON].values() for to in ways}
    assert persons == {S.ACCEPTED, S.IN_PROGRESS, S.DONE, S.DECLINED}
    assert all(S.CANCELLED not in MOVES[actor] for actor in Actor)
    assert {to for ways in MOVES[Actor.CODE].values() for to in ways} == {S.DELIVERED, S.SEEN}


def test_a_task_is_delivered_when_its_message_was_sent_and_seen_when_it_was_read(desk: Desk) -> None:
    person = desk.spine.users.get(MASHA)
    assert person is not None
    task = desk.tasks.give(person, Wanted("Прислать отчёт")).task
    assert desk.tasks.get(task.id).status is S.NEW
    desk.spine.send_all(MASHA)
    assert desk.tasks.get(task.id).status is S.DELIVERED
    last = desk.spine.db.value("SELECT max(message_id) FROM outbox WHERE chat = ?", (MASHA,))
    desk.tasks.read(MASHA, last - 1)
    assert desk.tasks.get(task.id).status is S.DELIVERED
    desk.tasks.read(PETYA, last)
    assert desk.tasks.get(task.id).status is S.DELIVERED
    desk.tasks.read(MASHA, last)
    desk.tasks.read(MASHA, last)
    assert desk.tasks.get(task.id).status is S.SEEN
    changes = [(event.actor, event.becomes) for event in desk.spine.users.history(task.id)]
    assert changes == [("owner", "new"), ("code", "delivered"), ("code", "seen")]


async def test_the_history_says_who_changed_what_when_and_with_which_words(desk: Desk) -> None:
    task = desk.give(deadline=FRIDAY)
    with time_machine.travel(NOON, tick=False):
        await desk.says(task.id, "accepted", "сделаю")
        await desk.says(task.id, "done", "отправила")
        await desk.decide(task.id, "return", comment="не хватает итогов")
    (shown,) = (await desk.owner.get_user_tasks(GetUserTasks(task_id=task.id)))["tasks"]
    assert [(event["who"], event.get("becomes"), event.get("words")) for event in shown["history"][2:]] == [
        ("person", "accepted", Words("this person", "сделаю")),
        ("person", "done", Words("this person", "отправила")),
        ("owner", "returned", "не хватает итогов"),
    ]
    assert shown["history"][-1]["at"] == "2026-11-22T15:00+03:00"


# --------------------------------------------------------------- the owner decides


async def test_a_deadline_that_is_moved_is_told_and_a_closed_task_keeps_its_own(desk: Desk) -> None:
    task = desk.give()
    result = await desk.decide(task.id, "extend", deadline="2026-11-27T18:00", comment="так спокойнее")
    assert result["task"]["deadline"] == "2026-11-27T18:00+03:00"
    assert "срок: пятница, 27 ноября, 18:00" in desk.heard(MASHA)
    assert "так спокойнее" in desk.heard(MASHA)
    await desk.decide(task.id, "cancel")
    with pytest.raises(ToolError, match="is cancelled"):
        await desk.decide(task.id, "extend", deadline="2026-11-28")
    with pytest.raises(ToolError, match="which deadline"):
        await desk.decide(task.id, "extend")


async def test_a_declined_task_is_asked_anew_on_other_terms(desk: Desk) -> None:
    task = desk.give(deadline=FRIDAY)
    await desk.says(task.id, "declined", "не успею")
    result = await desk.decide(task.id, "extend", deadline="2026-12-04")
    assert result == {**result, "told": True}
    assert result["task"]["status"] == "new"
    assert "4 декабря" in desk.heard(MASHA)
    desk.spine.send_all(MASHA)
    assert desk.tasks.get(task.id).status is S.DELIVERED
    assert (await desk.says(task.id, "accepted"))["task"]["status"] == "accepted"


async def test_a_task_handed_to_somebody_else_leaves_the_first_and_reaches_the_second(desk: Desk) -> None:
    task = desk.give()
    before = len(desk.spine.said(PETYA))
    await desk.decide(task.id, "reassign", user="Peter")
    assert "больше не нужна" in desk.heard(MASHA)
    assert len(desk.spine.said(PETYA)) > before
    assert (await desk.masha.get_my_tasks(NoArguments()))["tasks"] == []
    with pytest.raises(ToolError, match="has no task"):
        await desk.says(task.id, "done")
    with pytest.raises(ToolError, match="already"):
        await desk.decide(task.id, "reassign", user="Peter")


async def test_what_was_done_is_verified_or_returned_with_words(desk: Desk) -> None:
    task = desk.give()
    await desk.says(task.id, "done")
    assert f"/verify {task.id}" in desk.heard(OWNER)
    with pytest.raises(ToolError, match="Say what is missing"):
        await desk.decide(task.id, "return")
    await desk.decide(task.id, "return", comment="нет подписи")
    assert "нет подписи" in desk.heard(MASHA)
    await desk.says(task.id, "done", "подписала")
    assert (await desk.decide(task.id, "verify"))["task"]["status"] == "verified"
    assert "принята. Спасибо" in desk.heard(MASHA)
    with pytest.raises(ToolError, match="is verified and cannot become"):
        await desk.says(task.id, "done")


async def test_what_is_overdue_is_listed_and_what_is_closed_is_not(desk: Desk) -> None:
    late, closed, later = (
        desk.give(title, deadline=FRIDAY + timedelta(days=day))
        for title, day in (("late", 0), ("closed", 0), ("later", 9))
    )
    await desk.says(closed.id, "done")
    with time_machine.travel(FRIDAY + timedelta(days=1), tick=False):
        listed = (await desk.owner.get_overdue_tasks(NoArguments()))["tasks"]
    assert [task["id"] for task in listed] == [late.id]
    assert later.id > late.id


# --------------------------------------------------------------------- room to agree


async def test_a_proposal_inside_the_bounds_is_agreed_at_once_and_the_bounds_stay_secret(desk: Desk) -> None:
    with time_machine.travel(NOON, tick=False):
        given = await desk.create(
            deadline="2026-11-25", bounds={"latest": "2026-11-30", "price_from": 100, "price_to": 500}
        )
        assert "bounds" in given
        said = desk.heard(MASHA) + str(await desk.masha.get_my_tasks(NoArguments()))
        for secret in ("2026-11-30", "30 ноября", "100", "500", "bounds"):
            assert secret not in said
        result = await desk.says(given["id"], "proposal", "к пятнице и 300", deadline="2026-11-27T18:00", price=300)
        assert (result["agreed"], result["task"]["status"]) == (True, "accepted")
        assert result["task"]["deadline"] == "2026-11-27T18:00+03:00"
        assert result["task"]["agreed"] == {"price": 300}
        assert "bounds" not in result["task"]
        assert "договорились в ваших пределах, срок пятница, 27 ноября" in desk.heard(OWNER)


@pytest.mark.parametrize(
    "proposal", [{"deadline": "2026-12-01"}, {"price": 501}, {"deadline": "2026-11-27", "price": 501}, {"minutes": 5}]
)
async def test_a_proposal_outside_becomes_a_question_and_the_answer_goes_back(desk: Desk, proposal: Any) -> None:
    with time_machine.travel(NOON, tick=False):
        given = await desk.create(deadline="2026-11-25", bounds={"latest": "2026-11-30", "price_to": 500})
        result = await desk.says(given["id"], "proposal", "иначе никак", **proposal)
        assert (result["agreed"], result["owner_is_asked"]) == (False, True)
        assert result["task"]["deadline"] == given["deadline"]
        assert f"/agree {given['id']}" in desk.heard(OWNER)
        assert "│ иначе никак" in desk.heard(OWNER)
        await desk.decide(given["id"], "agree", comment="хорошо")
        assert "ваше предложение принято" in desk.heard(MASHA)
        task = desk.tasks.get(given["id"])
        assert (task.status, task.proposal) == (S.ACCEPTED, None)
        with pytest.raises(ToolError, match="Nothing is proposed"):
            await desk.decide(given["id"], "agree")


async def test_agreeing_to_what_is_done_already_is_refused_and_leaves_no_word_in_the_history(desk: Desk) -> None:
    with time_machine.travel(NOON, tick=False):
        task = desk.give(deadline=FRIDAY)
        await desk.says(task.id, "proposal", "можно позже?", deadline="2026-12-20")
        await desk.says(task.id, "done", "готово")
        before = desk.spine.dump()["task_history"]
        agree = next(each for each in Decisions(desk.tasks).table() if each.name == "agree")
        with desk.spine.db.transaction():  # a command is refused in the transaction that stores it
            answer = agree.run(Call(desk.spine.users.owner(), str(task.id)))
        assert isinstance(answer, Answer)
        assert "так нельзя: она выполнена" in answer.text
        assert desk.spine.dump()["task_history"] == before


async def test_a_refused_proposal_leaves_the_task_as_it_was_and_a_question_is_answered(desk: Desk) -> None:
    with time_machine.travel(NOON, tick=False):
        task = desk.give(deadline=FRIDAY)
        await desk.says(task.id, "proposal", "можно позже?", deadline="2026-12-20")
        await desk.decide(task.id, "refuse", comment="нужно в пятницу")
        assert "Срок прежний: пятница, 27 ноября" in desk.heard(MASHA)
        assert desk.tasks.get(task.id).deadline == FRIDAY
        await desk.says(task.id, "question", "в каком формате?")
        assert "│ в каком формате?" in desk.heard(OWNER)
        await desk.decide(task.id, "answer", comment="в PDF")
        assert "в PDF" in desk.heard(MASHA)
        with pytest.raises(ToolError, match="Say what is proposed"):
            await desk.says(task.id, "proposal")
        with pytest.raises(ToolError, match="has passed already"):
            await desk.says(task.id, "proposal", deadline="2026-11-01")


def test_bounds_allow_only_what_they_speak_of() -> None:
    bounds = Bounds(earliest=NOON, latest=FRIDAY, minutes_to=60)
    assert bounds.allow(Terms(deadline=FRIDAY))
    assert bounds.allow(Terms(deadline=NOON, minutes=60))
    assert not bounds.allow(Terms())
    assert not bounds.allow(Terms(deadline=FRIDAY + timedelta(minutes=1)))
    assert not bounds.allow(Terms(deadline=NOON - timedelta(minutes=1)))
    assert not bounds.allow(Terms(deadline=FRIDAY, price=1))
    assert not bounds.allow(Terms(minutes=61))


# --------------------------------------------------------------------------- proofs


def came_with_file(spine: Spine, name: str, *, state: str = "saved", lane: int = MASHA) -> None:
    file = Attachment(
        kind="document",
        name=name,
        mime="application/pdf",
        size=3,
        path=f"uploads/{lane}/{name}",
        state="saved" if state == "saved" else "failed",
    )
    event = Incoming(f"file:{name}", lane, Origin.EXTERNAL, name, NOON, extras=Extras(attachments=(file,)))
    spine.inbox.accept(event)


async def test_a_file_sent_with_done_is_the_proof_and_the_owner_gets_it(desk: Desk, tmp_path: Path) -> None:
    task, other = desk.give(), desk.give("Другое")
    came_with_file(desk.spine, "чужой.pdf", lane=PETYA)
    came_with_file(desk.spine, "битый.pdf", state="failed")
    came_with_file(desk.spine, "отчёт.pdf")
    desk.spine.turns.begin(MASHA)
    await desk.says(task.id, "done", "вот")
    await desk.says(other.id, "done")
    assert [proof.name for proof in desk.spine.users.proofs(task.id)] == ["отчёт.pdf"]
    assert desk.spine.users.proofs(other.id) == []
    files = desk.spine.db.execute("SELECT file FROM outbox WHERE chat = ? AND media IS NOT NULL", (OWNER,))
    assert [row["file"] for row in files] == [str(tmp_path / "uploads" / str(MASHA) / "отчёт.pdf")]
    assert "Приложено файлов: 1" in desk.heard(OWNER)
    (shown,) = (await desk.owner.get_user_tasks(GetUserTasks(task_id=task.id)))["tasks"]
    (proof,) = [event for event in shown["history"] if event["change"] == "proof"]
    assert isinstance(proof["becomes"], Words), "they have named the file"


# ------------------------------------------------------------------------- meetings


async def test_a_person_picks_a_free_slot_and_both_get_a_calendar_file(desk: Desk) -> None:
    with time_machine.travel(NOON, tick=False):
        slots = ["2026-11-24T10:00", "2026-11-24T12:00"]
        first = await desk.create(title="Обсудить; план", kind="meeting", bounds={"slots": slots, "minutes_to": 60})
        second = await desk.create(title="Ещё раз", kind="meeting", bounds={"slots": ["2026-11-24T10:30"]})
        assert "1. вторник, 24 ноября, 10:00" in desk.heard(MASHA)
        with pytest.raises(ToolError, match="which of the slots"):
            await desk.says(first["id"], "accepted")
        with pytest.raises(ToolError, match="no time number 3"):
            await desk.says(first["id"], "accepted", slot=3)
        result = await desk.says(first["id"], "accepted", slot=1)
        assert (result["task"]["deadline"], result["task"]["status"]) == ("2026-11-24T10:00+03:00", "accepted")
        with pytest.raises(ToolError, match="not free any more"):
            await desk.says(second["id"], "accepted", slot=1)
        files = desk.spine.db.execute("SELECT chat, file, content FROM outbox WHERE content IS NOT NULL ORDER BY id")
    assert [row["chat"] for row in files] == [MASHA, OWNER]
    assert files[0]["content"] == files[1]["content"]
    for line in ("DTSTART:20261124T070000Z", "DTEND:20261124T080000Z", "SUMMARY:Обсудить\\; план", "METHOD:PUBLISH"):
        assert f"{line}\r\n" in files[0]["content"]
    assert all(len(line.encode()) <= 75 for line in files[0]["content"].split("\r\n"))


async def test_a_meeting_at_another_time_that_the_owner_agrees_to_is_confirmed_to_both(desk: Desk) -> None:
    with time_machine.travel(NOON, tick=False):
        task = desk.give("Созвон", kind=TaskKind.MEETING)
        await desk.says(task.id, "proposal", deadline="2026-11-26T11:00")
        await desk.decide(task.id, "agree")
    told = desk.spine.db.execute("SELECT chat FROM outbox WHERE content IS NOT NULL ORDER BY id")
    assert [row["chat"] for row in told] == [MASHA, OWNER]


# ------------------------------------------------------------------------ migration


def test_tasks_of_an_older_database_are_kept(tmp_path: Path) -> None:
    from jobs.db import Database, open_database

    old = Database(tmp_path / "old.sqlite")
    old.configure()
    for number, sql in migrations():
        if number <= 4:
            old.script(sql)
            old.script(f"PRAGMA user_version = {number}")
    old.execute("INSERT INTO external_users (id, name) VALUES (7, 'A')")
    for number, status in enumerate(
        ("new", "new", "accepted", "in_progress", "done", "declined", "cancelled"), start=1
    ):
        old.execute(
            """INSERT INTO user_tasks (id, user_id, title, zone, status, comment, created_at, updated_at)
               VALUES (?, 7, 't', 'UTC', ?, 'c', '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z')""",
            (number, status),
        )
    old.execute(
        """INSERT INTO outbox (key, chat, kind, text, random_id, state, created_at)
           VALUES ('task:1:new:0', 7, 'notice', 't', 1, 'sent', '2026-01-01T00:00:00.000Z')"""
    )
    old.close()
    db = open_database(tmp_path / "old.sqlite")
    rows = db.execute("SELECT id, status, comment, kind FROM user_tasks ORDER BY id")
    assert [row["status"] for row in rows] == [
        *("delivered", "new", "accepted", "in_progress", "done", "declined", "cancelled")
    ]
    assert {(row["comment"], row["kind"]) for row in rows} == {("c", "task")}
    assert db.execute("PRAGMA foreign_key_check") == []
    db.close()
