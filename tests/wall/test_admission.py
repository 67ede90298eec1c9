"""Each person's share of messages, turns and money; strangers, bans, mutes; and the audit of all of it."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.rig import MASHA, OWNER, PETYA, Rig, lanes_running
from tests.support import Spine, settings

from jobs.audit import audit, entries
from jobs.spine.model import Incoming, Origin, Usage
from jobs.times import now, to_text
from jobs.users.doorkeeper import Doorkeeper, Standing
from jobs_simulator.model import ModelRequest, Reply, Stall, Text, ToolCall, echo, fixed
from jobs_simulator.stage import Stage

pytestmark = pytest.mark.usefixtures("warm")


def write(spine: Spine, lane: int, text: str, ago: float = 0.0) -> None:
    """Let somebody write, so many seconds ago."""
    number = spine.db.value("SELECT count(*) FROM inbox")
    spine.inbox.accept(Incoming(f"{lane}:{number}", lane, Origin.EXTERNAL, text, now() - timedelta(seconds=ago)))


def door(spine: Spine, folder: Path, **changes: Any) -> Doorkeeper:
    return Doorkeeper(spine.db, spine.users, spine.outbox, settings(folder, **changes))


def spend(spine: Spine, lane: int, usd: float) -> None:
    """A turn that cost so much."""
    write(spine, lane, "spend")
    turn = spine.turns.begin(lane)
    assert turn is not None
    spine.turns.finish(turn, "answer", Usage(1, 1, usd))


async def test_messages_over_the_minutes_limit_wait_and_are_not_lost(spine: Spine, tmp_path: Path) -> None:
    keeper = door(spine, tmp_path, external_messages_per_minute=3)
    for number in range(3):
        write(spine, MASHA, str(number), ago=30)
    assert keeper.may_begin(MASHA)
    write(spine, MASHA, "one too many", ago=29)
    assert not keeper.may_begin(MASHA)
    assert spine.states() == ["waiting"] * 4
    assert spine.said(MASHA) == []
    assert keeper.may_begin(PETYA)
    spine.db.execute("UPDATE inbox SET sent_at = ?", (to_text(now() - timedelta(seconds=61)),))
    assert keeper.may_begin(MASHA)
    keeper.stop()


async def test_what_waited_for_the_minute_is_answered_by_itself(tmp_path: Path) -> None:
    async with Rig(tmp_path, echo, external_messages_per_minute=1) as rig, lanes_running(rig) as said:
        write(rig.spine, MASHA, "first", ago=59.0)
        write(rig.spine, MASHA, "second", ago=58.0)
        await said(MASHA, "second")


async def test_the_common_pot_stops_everyone_else_with_one_line_each_and_one_notice(
    spine: Spine, tmp_path: Path
) -> None:
    keeper = door(spine, tmp_path, external_daily_usd=1.0, external_person_usd=5.0)
    spend(spine, MASHA, 0.6)
    assert keeper.may_begin(PETYA)
    spend(spine, PETYA, 0.6)
    for person in (MASHA, PETYA):
        for _ in range(3):
            write(spine, person, "hello?")
            assert not keeper.may_begin(person)
    assert len([text for text in spine.said(MASHA) if "отвечу завтра" in text]) == 1
    assert len([text for text in spine.said(PETYA) if "tomorrow" in text]) == 1
    assert len([text for text in spine.said(OWNER) if "EXTERNAL_DAILY_USD" in text]) == 1
    assert keeper.may_begin(OWNER)
    assert [state for state in spine.states() if state == "waiting"] == ["waiting"] * 6
    spine.db.execute("UPDATE turns SET started_at = ?", (to_text(now() - timedelta(days=1)),))
    assert keeper.may_begin(MASHA), "the next day it goes on"
    keeper.stop()


@pytest.mark.parametrize(
    "limit", [{"external_person_usd": 0.5}, {"external_turns_per_day": 1}, {"external_messages_per_day": 1}]
)
async def test_one_persons_share_is_theirs_alone(spine: Spine, tmp_path: Path, limit: dict[str, Any]) -> None:
    keeper = door(spine, tmp_path, external_daily_usd=100, **limit)
    spend(spine, MASHA, 0.6)
    write(spine, MASHA, "more")
    assert not keeper.may_begin(MASHA)
    assert len(spine.said(MASHA)) == 1 + 1
    assert spine.said(OWNER) == []
    assert keeper.may_begin(PETYA)
    for name in ("usd", "turns", "per_day"):
        keeper.limit(MASHA, name, 50)
    assert keeper.may_begin(MASHA), "the owner has given her more"
    keeper.stop()


async def test_a_turn_whose_money_ends_in_the_middle_sends_nothing_more_and_waits(tmp_path: Path) -> None:
    async with Rig(tmp_path, fixed("done"), external_person_usd=0.2, external_daily_usd=10) as rig:
        rig.model.script([Reply(ToolCall("mcp__jobs__get_my_tasks"))])
        turn = rig.begin(MASHA, "what is to do?")
        rig.model.on_request = lambda _: rig.run.door.limit(MASHA, "usd", 0.01)
        await rig.run.runner.handle(turn)
        assert len(rig.model.requests) == 1, "the second call was refused before it was sent"
        assert rig.spine.states("turns") == ["waiting"]
        assert [text for text in rig.spine.said(MASHA) if "отвечу завтра" in text]
        assert rig.spine.said(OWNER) == []
        rig.model.on_request = None
        rig.run.door.limit(MASHA, "usd", 5.0)
        again = rig.begin(MASHA, "and now?")
        await rig.run.runner.handle(again)
        assert (again.id, rig.spine.said(MASHA)[-1]) == (turn.id, "done")


async def test_a_long_message_is_heard_to_its_limit_and_kept_whole(tmp_path: Path) -> None:
    async with Rig(tmp_path, echo, external_message_length=10) as rig:
        assert await rig.ask(MASHA, "0123456789and more") == ["ECHO: 0123456789…"]
        assert rig.spine.db.value("SELECT text FROM inbox") == "0123456789and more"
        assert await rig.ask(OWNER, "0123456789and more") == ["ECHO: 0123456789and more"]


async def test_a_stranger_waits_for_the_owners_yes_and_is_then_answered(tmp_path: Path) -> None:
    async with Stage(tmp_path, echo, settings={"STRANGERS": "ask"}) as stage:
        maria = stage.telegram.add_user("Мария", username="masha", phone="79000000003", lang_code="ru")
        await stage.start()
        async with stage.person(stage.owner) as owner, stage.person(maria) as person:
            await person.say("Здравствуйте, можно вопрос?")
            card = await owner.expect("незнакомый", "Мария (@masha)", "можно вопрос?")
            await person.say("/help")
            assert stage.model.requests == []
            await owner.ask(f"/allow {maria.id}", "отвечаю")
            await person.expect("можно вопрос?")
            assert f"/allow {maria.id}" in card
            await person.ask("ещё", "ECHO: ещё")
            assert len([text for text in owner.heard if "незнакомый" in text]) == 1


async def test_a_ban_a_mute_and_their_end(tmp_path: Path) -> None:
    async with Stage(tmp_path, echo) as stage:
        maria = stage.telegram.add_user("Мария", username="masha", phone="79000000003", lang_code="ru")
        await stage.start()
        async with stage.person(stage.owner) as owner, stage.person(maria) as person:
            await person.ask("раз", "ECHO: раз")
            await owner.ask("/mute Марию", "пока не отвечаю")
            await person.say("два")
            await stage.telegram.wait_for(lambda event: event.kind == "read" and event.account is stage.jobs)
            await owner.ask("/unban @masha", "отвечаю")
            await person.expect("ECHO: два")
            await owner.ask("/ban Мария", "не отвечаю и ничего не передаю")
            await person.say("три")
            await person.say("/help")
            await owner.ask("привет", "ECHO: привет")
            await owner.ask("/unban Мария", "отвечаю")
            await person.ask("четыре", "ECHO: четыре")
            assert not [text for text in person.heard if "три" in text or "/tasks" in text]
            limits = await owner.ask("/limit Мария turns 7", "ответов в день 7")
            assert "Мария" in limits


async def test_a_ban_ends_the_answer_that_is_being_written_without_a_word(tmp_path: Path) -> None:
    async def slow(_: ModelRequest) -> Reply:
        return Reply(Text("Считаю"), Stall(), Text("и досчитал"))

    async with Stage(tmp_path, slow) as stage:
        maria = stage.telegram.add_user("Мария", username="masha", phone="79000000003", lang_code="ru")
        await stage.start()
        async with stage.person(stage.owner) as owner, stage.person(maria) as person:
            await person.say("раз")
            request = await stage.model.wait_for_request(lambda request: "раз" in request.last_user_text)
            await owner.ask("/ban Мария", "не отвечаю")
            await request.closed_early
            stage.model.brain = echo
            await owner.ask("/unban Мария", "отвечаю")
            await person.ask("два", "ECHO: два")
            assert person.heard == ["ECHO: два"]


async def test_the_owners_session_bans_and_lets_in_again(tmp_path: Path) -> None:
    async with Rig(tmp_path, fixed("ok")) as rig:
        rig.model.script([Reply(ToolCall("mcp__jobs__ban_user", {"user": "@masha"}))])
        await rig.ask(OWNER, "забань Машу")
        assert rig.run.door.standing(MASHA) is Standing.BANNED
        assert not rig.run.door.may_begin(MASHA)
        rig.model.script([Reply(ToolCall("mcp__jobs__unban_user", {"user": "@masha"}))])
        await rig.ask(OWNER, "верни")
        assert rig.run.door.may_begin(MASHA)


async def test_the_audit_has_what_was_said_told_and_called(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with Rig(tmp_path, fixed("ok")) as rig:
        task = ToolCall("mcp__jobs__create_user_task", {"user": "@masha", "title": "отчёт"})
        rig.model.script([Reply(task)])
        await rig.ask(OWNER, "поручи")
        rig.model.script([Reply(ToolCall("mcp__jobs__send_summary_to_owner", {"text": "слова\u202e"}))])
        await rig.ask(MASHA, "передай")
        await rig.ask(PETYA, "a secret of Peter's")
        keys = [entry.key for entry in entries(rig.spine.db, MASHA)]
        assert {"audit_said", "audit_told", "audit_call", "audit_about"} == set(keys)
        (rig.settings.data_dir / "db.sqlite").hardlink_to(tmp_path / "db.sqlite")
        rig.spine.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        assert audit_of(rig, "@masha") == 0
        shown = capsys.readouterr().out
        assert "передай" in shown
        assert "слова⟨U+202E⟩" in shown
        assert "отчёт" in shown
        assert "Peter" not in shown
        assert audit_of(rig, "nobody") == 1
        for owner in ("owner", str(OWNER)):
            capsys.readouterr()
            assert audit_of(rig, owner) == 0
            assert "поручи" in capsys.readouterr().out, "the owner's own conversation"


def audit_of(rig: Rig, who: str) -> int:
    import concurrent.futures

    with concurrent.futures.ThreadPoolExecutor(1) as pool:  # it has an event loop of its own
        return pool.submit(audit, rig.settings, who).result()
