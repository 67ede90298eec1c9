"""What a person may ask about themselves: what is stored, and that it is deleted."""

import asyncio
from pathlib import Path

from tests.rig import Rig, lanes_running, spoken
from tests.support import MASHA, NOON, OWNER, PETYA, Spine

from jobs.memory.search import Wanted as Sought
from jobs.spine.extras import Brought, Extras
from jobs.spine.model import Incoming, Origin, OutboxKind, Usage
from jobs.spine.own_lanes import LaneKind, OwnLane
from jobs.telegram.commands.command import Answer, Call
from jobs.telegram.commands.side import Side
from jobs.times import now
from jobs.users.forget import Forgetting
from jobs.users.model import Person
from jobs.users.tasks import Wanted
from jobs_simulator.model import Reply, Text
from jobs_simulator.model.request import ModelRequest


def person(spine: Spine, user: int) -> Person:
    found = spine.users.get(user)
    assert found is not None
    return found


def fill(spine: Spine, user: int, secret: str) -> Forgetting:
    """Words of theirs and to them everywhere that words are kept."""
    tasks = spine.tasks(confirm=False)
    task = tasks.give(person(spine, user), Wanted(f"Прислать {secret}", details=secret)).task
    spine.send_all(user)
    spine.accept(f"вот {secret}", user, f"telegram:{user}:1")
    turn = spine.turns.begin(user)
    assert turn is not None
    spine.db.execute(
        """INSERT INTO tool_calls (turn_id, tool, arguments, ordinal, result, called_at)
           VALUES (?, 'update_task', ?, 0, ?, '2026-11-22T12:00:00.000Z')""",
        (turn.id, secret, secret),
    )
    spine.turns.finish(turn, f"понял {secret}", Usage())
    tasks.answer(tasks.get(task.id), secret)
    spine.users.set_note(user, secret)
    spine.outbox.say(f"more:{user}", user, OutboxKind.NOTICE, secret)
    return Forgetting(spine.db, spine.users, spine.outbox, tasks.letters)


def test_what_is_stored_is_shown_without_being_touched(spine: Spine) -> None:
    forgetting = fill(spine, MASHA, "тайна")
    before = spine.dump()
    stored = forgetting.stored(person(spine, MASHA))
    assert stored["names"] == "Мария Иванова, @masha, 79000000003"
    assert (stored["messages"], stored["tasks"], stored["note"]) == (1, 1, "есть")
    assert spine.dump() == before


def test_when_a_person_is_forgotten_nothing_of_theirs_stays_and_the_owner_hears_it(spine: Spine) -> None:
    forgetting = fill(spine, MASHA, "тайна")
    fill(spine, PETYA, "другое")
    shown = Extras(brought=(Brought(author="Мария Иванова", text="тайна"),))
    beat = Incoming("heartbeat:1", OwnLane(LaneKind.HEARTBEAT).id, Origin.HEARTBEAT, "1. тайна", now(), extras=shown)
    spine.inbox.accept(beat, handled=True)
    forgetting.forget(person(spine, MASHA))
    dump = spine.dump()
    heard = "\n".join(spine.said(OWNER))
    assert "Мария Иванова (@masha) попросил(а) удалить" in heard
    assert "· Прислать тайна" in heard  # it is the owner's own wish, and now only theirs
    for table, rows in dump.items():
        for row in rows:
            if table == "outbox" and row["chat"] == OWNER:
                continue
            assert "тайна" not in str(row), table
            assert "79000000003" not in str(row), table
    assert spine.users.get(MASHA) is None
    assert [task.user_id for task in spine.users.tasks()] == [PETYA]
    assert "другое" in str(dump["user_tasks"])
    assert spine.db.execute("PRAGMA foreign_key_check") == []


def test_a_message_that_was_dealt_with_is_not_taken_again_after_that(spine: Spine) -> None:
    forgetting = fill(spine, MASHA, "тайна")
    forgetting.forget(person(spine, MASHA))
    assert not spine.accept("вот тайна", MASHA, f"telegram:{MASHA}:1")
    assert spine.turns.begin(MASHA) is None
    assert spine.inbox.open_lanes() == []


def side(rig: Rig) -> Side:
    spine, run = rig.spine, rig.run
    forgetting = Forgetting(spine.db, spine.users, spine.outbox, spine.tasks().letters)
    return Side(spine.users, spine.outbox, run.runner.is_running, forgetting, run.clearing)


def forget(rig: Rig, user: int) -> Answer | None:
    """Their "/forget yes", as the receiver takes it."""
    key = f"telegram:{user}:forget"
    with rig.spine.db.transaction():
        event = Incoming(key, user, Origin.EXTERNAL, "/forget yes", now(), 100)
        assert rig.spine.inbox.accept(event, handled=True)
        return side(rig).forget(Call(person(rig.spine, user), "yes", key))


async def echo(request: ModelRequest) -> Reply:
    return Reply(Text(f"ECHO {spoken(request)[-1]}"))


async def test_what_is_written_while_the_files_still_go_is_answered_by_a_session_that_knows_nothing(
    tmp_path: Path,
) -> None:
    async with Rig(tmp_path, echo) as rig:
        await rig.ask(MASHA, "это тайна")
        upload = rig.settings.workspace_dir / "uploads" / str(MASHA) / "passport.jpg"
        upload.parent.mkdir(parents=True)
        upload.write_text("x")
        async with lanes_running(rig) as said:
            assert forget(rig, MASHA) is None
            rig.spine.users.remember(MASHA, "Мария Иванова", contact_at=NOON)
            rig.spine.accept("снова я", MASHA)
            await said(MASHA, "ECHO снова я")
        assert "тайна" not in str(rig.model.requests[-1].body)
        assert not upload.exists()
        assert [text for text in rig.spine.said(MASHA) if text] == [
            "Удалил. Если напишете снова, познакомимся заново.",
            "ECHO снова я",
        ]


async def test_what_was_forgotten_is_in_no_byte_of_the_database_and_of_the_memory_s_index(tmp_path: Path) -> None:
    """Deleted rows would stay in free pages, and what a page was before stays in the log."""
    async with Rig(tmp_path, echo) as rig:
        await rig.ask(MASHA, "пароль от сейфа семь журавлей")
        assert await rig.run.index.search(Sought("журавли"))
        await rig.restart()  # nobody has asked the index since
        assert {name.partition(".")[0] for name in _files_with("журавл", tmp_path)} == {"db", "memory"}
        clear = asyncio.Event()
        rig.run.clearing.on_clear = lambda _person: clear.set()
        rig.run.clearing.start()
        assert forget(rig, MASHA) is None
        await clear.wait()
        assert _files_with("журавл", tmp_path) == []


def _files_with(words: str, folder: Path) -> list[str]:
    return [path.name for path in folder.glob("*.sqlite*") if words.encode() in path.read_bytes()]


async def test_files_that_a_crash_has_left_go_at_the_next_start_and_the_person_is_told_once(tmp_path: Path) -> None:
    async with Rig(tmp_path, echo) as rig:
        await rig.ask(MASHA, "это тайна")
        assert forget(rig, MASHA) is None
        await rig.restart()  # before anything of it went
        session = rig.settings.data_dir / "sessions" / f"{MASHA}.session"
        assert session.exists()
        clear = asyncio.Event()
        rig.run.clearing.on_clear = lambda _person: clear.set()
        rig.run.clearing.start()
        await clear.wait()
        assert not session.exists()
        rig.run.clearing.start()
        assert len([text for text in rig.spine.said(MASHA) if text]) == 1


async def test_nobody_is_forgotten_while_a_turn_of_theirs_still_fetches_what_came_with_it(tmp_path: Path) -> None:
    reached, go_on = asyncio.Event(), asyncio.Event()

    async def slow(request: ModelRequest) -> Reply:
        reached.set()
        await go_on.wait()
        return await echo(request)

    async with Rig(tmp_path, slow) as rig:
        turn = asyncio.create_task(rig.ask(MASHA, "это тайна"))
        await reached.wait()
        answer = forget(rig, MASHA)
        assert answer is not None
        assert answer.text == "Сейчас отвечаю вам. Попробуйте через минуту."
        go_on.set()
        assert await turn == ["ECHO это тайна"]
