"""What was given up is listed, and tried again by name, as if for the first time."""

import pytest
from tests.support import MASHA, OWNER, Spine

from jobs.spine.aside import given_up, retry, take_back
from jobs.spine.model import OutboxKind, Usage


def set_aside(spine: Spine, text: str = "one") -> int:
    spine.accept(text)
    turn = spine.turns.begin(MASHA)
    assert turn is not None
    spine.turns.set_aside(turn, "broken", "sorry")
    return turn.id


def test_turns_and_messages_that_were_given_up_are_listed_with_person_and_reason(spine: Spine) -> None:
    turn = set_aside(spine)
    spine.outbox.say("x", OWNER, OutboxKind.MESSAGE, "hello")
    row = spine.outbox.next(OWNER)
    assert row is not None
    spine.outbox.failed([row], "UserIsBlocked")
    found = given_up(spine.db)
    assert [(each.name, each.person_id, each.reason, each.text) for each in found] == [
        (f"T{turn}", MASHA, "broken", "one"),
        (f"O{row.id}", OWNER, "UserIsBlocked", "hello"),
    ]


def test_a_turn_that_is_tried_again_begins_anew_and_a_second_failure_is_said_too(spine: Spine) -> None:
    turn_id = set_aside(spine)
    assert retry(spine.db, "T", turn_id)
    assert given_up(spine.db) == []
    turn = spine.turns.begin(MASHA)
    assert turn is not None
    assert (turn.id, turn.attempt, turn.failures) == (turn_id, 1, 0)
    assert [row.text for row in turn.rows] == ["one"]
    spine.turns.set_aside(turn, "broken again", "sorry again")
    assert spine.said(MASHA) == ["sorry", "sorry again"]
    assert [each.reason for each in given_up(spine.db)] == ["broken again"]


def test_a_turn_tried_again_does_not_lose_the_one_that_waits_beside_it(spine: Spine) -> None:
    first = set_aside(spine)
    spine.accept("two")
    other = spine.turns.begin(MASHA)
    assert other is not None
    retry(spine.db, "T", first)
    spine.turns.finish(other, "answer to two", Usage())
    again = spine.turns.begin(MASHA)
    assert again is not None
    assert again.id == first
    spine.turns.finish(again, "answer to one", Usage())
    assert spine.turns.begin(MASHA) is None
    assert spine.states() == ["done", "done"]


@pytest.mark.parametrize("kind", ["T", "O"])
def test_what_was_not_given_up_is_not_tried_again(spine: Spine, kind: str) -> None:
    spine.accept("one")
    turn = spine.turns.begin(MASHA)
    spine.outbox.say("x", MASHA, OutboxKind.MESSAGE, "hello")
    assert turn is not None
    before = spine.dump()
    assert not retry(spine.db, "T" if kind == "T" else "O", 1)
    assert not retry(spine.db, "T" if kind == "T" else "O", 99)
    assert spine.dump() == before


def test_what_is_taken_back_can_be_sent_after_all(spine: Spine) -> None:
    spine.outbox.say("x", MASHA, OutboxKind.MESSAGE, "hello")
    spine.outbox.reply("y", OWNER, "done", urgent=True)
    assert take_back(spine.db) == 1
    assert spine.states("outbox") == ["failed", "queued"]
    (aside,) = given_up(spine.db)
    assert retry(spine.db, aside.kind, aside.id)
    assert spine.states("outbox") == ["queued", "queued"]
