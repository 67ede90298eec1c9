"""What a person may ask about themselves: what is stored, and that it is deleted."""

from tests.support import MASHA, OWNER, PETYA, Spine

from jobs.spine.extras import Brought, Extras
from jobs.spine.model import Incoming, Origin, OutboxKind, Usage
from jobs.spine.own_lanes import LaneKind, OwnLane
from jobs.times import now
from jobs.users.forget import Forgetting
from jobs.users.model import Person
from jobs.users.tasks import Wanted


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
