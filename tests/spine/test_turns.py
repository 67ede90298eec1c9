"""The spine's records: what happens is stored once, a turn takes all that waits, and its end is one transaction."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import apsw
import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st
from tests.support import MASHA, OWNER, PETYA, Spine, full_disk

from jobs.spine.model import OutboxKind, Usage
from jobs.spine.said import recent
from jobs.spine.turns import ToolJournal, Turns
from jobs.times import now


def test_the_same_event_is_one_row(spine: Spine) -> None:
    woken: list[int] = []
    spine.inbox.on_accepted = woken.append
    assert spine.accept("hello", key="telegram:22:7")
    assert not spine.accept("hello again", key="telegram:22:7")
    assert [row["text"] for row in spine.db.execute("SELECT text FROM inbox")] == ["hello"]
    assert woken == [MASHA]


def test_a_full_disk_refuses_the_event_and_tells_nobody(spine: Spine) -> None:
    woken: list[int] = []
    spine.inbox.on_accepted = woken.append
    with full_disk(spine.db), pytest.raises(apsw.FullError):
        spine.accept("x" * 100_000)
    assert (spine.states(), woken) == ([], [])
    assert spine.accept("x" * 100_000)


def test_a_turn_takes_everything_that_waits_in_its_lane_in_order(spine: Spine) -> None:
    for text in ("one", "two", "three"):
        spine.accept(text)
    spine.accept("another's", lane=PETYA)
    turn = spine.turns.begin(MASHA)
    assert turn is not None
    assert [row.text for row in turn.rows] == ["one", "two", "three"]
    assert (turn.attempt, turn.failures, turn.finished_calls) == (1, 0, [])
    assert spine.states() == ["taken", "taken", "taken", "waiting"]


def test_nothing_to_do_is_no_turn(spine: Spine) -> None:
    assert spine.turns.begin(MASHA) is None
    assert spine.states("turns") == []


def test_what_comes_later_joins_a_turn_that_was_cut_off(spine: Spine) -> None:
    spine.accept("one")
    cut = spine.turns.begin(MASHA)
    spine.accept("two")
    turn = spine.turns.begin(MASHA)
    assert cut is not None
    assert turn is not None
    assert (turn.id, turn.attempt) == (cut.id, 2)
    assert [row.text for row in turn.rows] == ["one", "two"]


def test_what_comes_later_wakes_a_turn_that_was_put_off(spine: Spine) -> None:
    spine.accept("one")
    turn = spine.turns.begin(MASHA)
    assert turn is not None
    spine.turns.put_off(turn, "away", now() + timedelta(minutes=5), "please wait", own_fault=True)
    assert spine.turns.begin(MASHA) is None
    due = spine.turns.due_in(MASHA)
    assert due is not None
    assert 290 < due <= 300
    spine.accept("two")
    again = spine.turns.begin(MASHA)
    assert again is not None
    assert [row.text for row in again.rows] == ["one", "two"]
    assert (again.id, again.attempt, again.failures) == (turn.id, 2, 1)


def test_a_notice_of_a_turn_put_off_is_said_once(spine: Spine) -> None:
    spine.accept("one")
    for _ in range(3):
        turn = spine.turns.begin(MASHA)
        assert turn is not None
        spine.turns.put_off(turn, "away", now(), "please wait", own_fault=False)
    assert spine.said() == ["please wait"]


@pytest.mark.parametrize("back", [timedelta(minutes=2), timedelta(hours=1), timedelta(days=30)])
def test_a_clock_set_back_does_not_stall_a_turn_put_off(spine: Spine, back: timedelta) -> None:
    with time_machine.travel(now(), tick=False) as clock:
        spine.accept("one")
        turn = spine.turns.begin(MASHA)
        assert turn is not None
        spine.turns.put_off(turn, "away", now() + timedelta(seconds=5), None, own_fault=False)
        assert spine.turns.begin(MASHA) is None
        clock.shift(-back)
        due = spine.turns.due_in(MASHA)
        assert due is not None
        assert due <= 5


def test_what_an_earlier_run_put_off_is_due_at_the_start(spine: Spine) -> None:
    spine.accept("one")
    turn = spine.turns.begin(MASHA)
    assert turn is not None
    spine.turns.put_off(turn, "away", now() + timedelta(minutes=5), None, own_fault=False)
    later = Turns(spine.db, spine.outbox)
    assert later.due_in(MASHA) == 0
    assert later.begin(MASHA) is not None


def test_the_end_of_a_turn_is_its_rows_its_reply_and_its_cost_at_once(spine: Spine) -> None:
    spine.accept("one")
    turn = spine.turns.begin(MASHA)
    assert turn is not None
    spine.turns.finish(turn, "the answer", Usage(10, 20, 0.5, "opus"))
    assert (spine.states(), spine.states("turns"), spine.said(MASHA)) == (["done"], ["done"], ["the answer"])
    row = spine.db.one("SELECT * FROM turns")
    assert row is not None
    assert (row["input_tokens"], row["output_tokens"], row["cost_usd"], row["model"]) == (10, 20, 0.5, "opus")
    assert spine.turns.begin(MASHA) is None


@pytest.mark.parametrize("end", ["finish", "put_off", "set_aside"])
def test_an_end_that_fails_halfway_changes_nothing(spine: Spine, monkeypatch: pytest.MonkeyPatch, end: str) -> None:
    spine.accept("one")
    turn = spine.turns.begin(MASHA)
    assert turn is not None
    before = spine.dump()

    def full(*_: object, **__: object) -> bool:
        raise apsw.FullError("disk")

    ends: dict[str, Callable[[], None]] = {
        "finish": lambda: spine.turns.finish(turn, "the answer", Usage()),
        "put_off": lambda: spine.turns.put_off(turn, "away", now(), "please wait", own_fault=False),
        "set_aside": lambda: spine.turns.set_aside(turn, "broken", "sorry"),
    }
    with monkeypatch.context() as patch:
        patch.setattr(spine.outbox, "_insert", full)
        with pytest.raises(apsw.FullError):
            ends[end]()
    assert spine.dump() == before
    spine.turns.finish(turn, "the answer", Usage())
    assert spine.said() == ["the answer"]


def test_a_turn_set_aside_does_not_block_its_lane(spine: Spine) -> None:
    spine.accept("poison")
    turn = spine.turns.begin(MASHA)
    assert turn is not None
    spine.turns.set_aside(turn, "broken", "sorry")
    spine.accept("bread")
    following = spine.turns.begin(MASHA)
    assert following is not None
    assert [row.text for row in following.rows] == ["bread"]
    assert spine.states() == ["set_aside", "taken"]


def test_a_message_deleted_before_it_was_begun_is_forgotten_and_not_after(spine: Spine) -> None:
    spine.accept("oops", key="k")
    assert spine.inbox.drop("k")
    assert spine.turns.begin(MASHA) is None
    assert not spine.accept("oops", key="k")
    spine.accept("meant", key="l")
    assert spine.turns.begin(MASHA) is not None
    assert not spine.inbox.drop("l")


# ------------------------------------------------------------------ the outbox


def test_an_occasion_is_said_once_in_parts_in_order_each_with_an_id_of_its_own(spine: Spine) -> None:
    woken: list[int] = []
    spine.outbox.on_queued = woken.append
    assert spine.outbox.say("greeting", MASHA, OutboxKind.ANSWER, "one\ntwo\nthree")
    assert not spine.outbox.say("greeting", MASHA, OutboxKind.ANSWER, "something else")
    assert woken == [MASHA]
    seen = []
    while row := spine.outbox.next(MASHA):
        again = spine.outbox.next(MASHA)
        assert again is not None
        assert again.random_id == row.random_id
        spine.outbox.attempting([row])
        spine.outbox.attempted(row, "no connection")
        retried = spine.outbox.next(MASHA)
        assert retried is not None
        assert (retried.random_id, retried.attempts) == (row.random_id, 1)
        seen.append((row.text, row.random_id))
        spine.outbox.sent(row, 100 + len(seen))
    assert [text for text, _ in seen] == ["one", "two", "three"]
    assert len({random_id for _, random_id in seen}) == 3
    assert all(random_id and -(2**63) <= random_id < 2**63 for _, random_id in seen)
    assert spine.outbox.open_chats() == []


def test_what_failed_for_good_does_not_hold_up_what_follows(spine: Spine) -> None:
    spine.outbox.say("a", MASHA, OutboxKind.NOTICE, "first")
    spine.outbox.say("b", MASHA, OutboxKind.NOTICE, "second")
    row = spine.outbox.next(MASHA)
    assert row is not None
    spine.outbox.failed([row], "blocked")
    following = spine.outbox.next(MASHA)
    assert following is not None
    assert following.text == "second"


def test_an_own_message_is_known_by_its_id_or_once_by_its_text(spine: Spine) -> None:
    spine.outbox.say("a", OWNER, OutboxKind.NOTICE, "the same words")
    row = spine.outbox.next(OWNER)
    assert row is not None
    assert not spine.outbox.was_sent(OWNER, 5)
    assert not spine.outbox.claim_unidentified(OWNER, "the same words", 5, now()), "it was never on its way"
    spine.outbox.attempting([row])
    assert not spine.outbox.claim_unidentified(OWNER, "the same words", 5, now() - timedelta(hours=1))
    assert spine.outbox.claim_unidentified(OWNER, "the same words", 5, now())
    assert spine.outbox.was_sent(OWNER, 5)
    assert not spine.outbox.claim_unidentified(OWNER, "the same words", 6, now())
    assert spine.outbox.next(OWNER) is None


def test_the_recap_has_both_sides_in_order_and_nothing_of_the_turn_that_asks(spine: Spine) -> None:
    for text in ("first", "second"):
        spine.accept(text)
        turn = spine.turns.begin(MASHA)
        assert turn is not None
        spine.turns.finish(turn, f"answer to {text}", Usage())
    spine.accept("third")
    asking = spine.turns.begin(MASHA)
    assert asking is not None
    told = [(row["who"], row["text"]) for row in recent(spine.db, MASHA, asking.rows[0].id, 30)]
    assert sorted(told) == [
        ("jobs", "answer to first"),
        ("jobs", "answer to second"),
        ("person", "first"),
        ("person", "second"),
    ]
    assert len(recent(spine.db, MASHA, asking.rows[0].id, 2)) == 2


# ----------------------------------------------------------------- the journal


class Counter:
    """A tool with an effect: every call leaves a row and returns its number."""

    def __init__(self, spine: Spine, turn_id: int) -> None:
        self._spine = spine
        self._turn_id = turn_id
        self.journal = ToolJournal(spine.db, turn_id)

    def new_attempt(self) -> None:
        self.journal = ToolJournal(self._spine.db, self._turn_id)

    def call(self, arguments: dict[str, Any], *, fails: bool = False) -> Any:
        known = self.journal.replay("tool", arguments)
        if known is not None:
            return known
        if fails:
            return None
        return self.journal.act("tool", arguments, self._effect)

    def _effect(self) -> dict[str, int]:
        self._spine.outbox.say(f"effect:{len(self._spine.said())}", MASHA, OutboxKind.MESSAGE, "effect")
        return {"number": len(self._spine.said())}

    @property
    def effects(self) -> int:
        return len(self._spine.said())


@pytest.fixture
def counter(spine: Spine) -> Counter:
    spine.accept("do it")
    turn = spine.turns.begin(MASHA)
    assert turn is not None
    return Counter(spine, turn.id)


def test_a_call_made_again_by_a_retried_turn_returns_its_first_result(counter: Counter) -> None:
    first = counter.call({"to": "Маша", "text": "hi"})
    counter.new_attempt()
    assert counter.call({"text": "hi", "to": "Маша"}) == first
    assert counter.effects == 1


def test_the_same_call_twice_in_one_attempt_acts_twice(counter: Counter) -> None:
    assert counter.call({"a": 1}) != counter.call({"a": 1})
    counter.new_attempt()
    assert [counter.call({"a": 1}) for _ in range(3)] == [{"number": 1}, {"number": 2}, {"number": 3}]


def test_a_call_that_failed_before_it_acted_is_not_counted(counter: Counter) -> None:
    assert counter.call({"a": 1}, fails=True) is None
    assert counter.call({"a": 1}) == {"number": 1}
    counter.new_attempt()
    assert counter.call({"a": 1}) == {"number": 1}
    assert counter.effects == 1


def test_an_effect_and_its_record_are_there_both_or_neither(
    spine: Spine, counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise apsw.FullError("disk")

    with monkeypatch.context() as patch:
        patch.setattr(counter.journal, "record", full)
        with pytest.raises(apsw.FullError):
            counter.call({"a": 1})
    assert (counter.effects, spine.db.execute("SELECT * FROM tool_calls")) == (0, [])
    assert counter.call({"a": 1}) == {"number": 1}


def test_a_retried_turn_is_told_what_had_been_done(spine: Spine, counter: Counter) -> None:
    counter.call({"to": "Маша"})
    turn = spine.turns.begin(MASHA)
    assert turn is not None
    assert [(call.tool, call.arguments, call.result) for call in turn.finished_calls] == [
        ("tool", '{"to":"Маша"}', '{"number": 1}')
    ]


calls = st.lists(st.tuples(st.integers(0, 2), st.booleans()), max_size=8)


@given(attempts=st.lists(calls, min_size=1, max_size=4))
def test_however_often_a_turn_is_cut_each_wanted_effect_happens_once(
    tmp_path_factory: pytest.TempPathFactory, attempts: list[list[tuple[int, bool]]]
) -> None:
    """Every attempt repeats the same wishes as far as it comes, with refused calls in between."""
    spine = Spine(tmp_path_factory.mktemp("journal") / "db.sqlite")
    try:
        spine.accept("do it")
        turn = spine.turns.begin(MASHA)
        assert turn is not None
        counter = Counter(spine, turn.id)
        most: dict[int, int] = {}
        for attempt in attempts:
            counter.new_attempt()
            done: dict[int, int] = {}
            for what, fails in attempt:
                if counter.call({"what": what}, fails=fails) is not None:
                    done[what] = done.get(what, 0) + 1
            most = {what: max(most.get(what, 0), done.get(what, 0)) for what in {*most, *done}}
        assert counter.effects == sum(most.values())
    finally:
        spine.db.close()


def test_a_turn_that_was_stopped_is_known_for_it_after_a_crash_and_can_be_accounted_for(spine: Spine) -> None:
    spine.accept("one")
    turn = spine.turns.begin(MASHA)
    assert turn is not None
    spine.turns.note_stop(turn)
    (cut,) = spine.turns.cut_while_stopping()
    assert cut.id == turn.id
    spine.turns.finish(cut, "stopped", Usage(), stopped=True)
    assert spine.turns.cut_while_stopping() == []
    assert spine.turns.begin(MASHA) is None
    assert spine.states() == ["done"]
