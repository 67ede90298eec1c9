"""The torture, in short with fixed seeds; and that its account would find what it is there to find."""

from collections.abc import Callable
from pathlib import Path

import pytest

from jobs.texts import say
from jobs_simulator.torture.brain import LONG
from jobs_simulator.torture.check import Findings, check
from jobs_simulator.torture.faults import Struck
from jobs_simulator.torture.report import Account
from jobs_simulator.torture.run import Torture
from jobs_simulator.torture.traffic import Kind, Message

PROCESSES = {
    "kill -9 of Jobs",
    "kill -9 of Jobs while it starts",
    "kill -9 of a CLI process",
    "full disk",
    "clock set back",
    "connection cut after a send",
    "updates only by history",
}


@pytest.mark.parametrize(("seed", "only"), [(11, None), (12, PROCESSES)])
async def test_under_faults_nothing_is_lost_or_twice_or_out_of_order_and_no_effect_is_repeated(
    tmp_path: Path, seed: int, only: set[str] | None
) -> None:
    account = await Torture(tmp_path, rounds=1, seed=seed, only=only).run()
    assert account.findings.all == []
    assert len(account.struck) >= 4
    assert len(account.answered) == len(account.sent) == 20


# ------------------------------------------------------------- the check itself


def message(number: int, writer: str, kind: Kind = Kind.SAY, about: str = "") -> Message:
    return Message(number, writer, kind, about, float(number))


SENT = [
    message(1, "owner", Kind.BOTH, "@masha"),
    message(2, "masha"),
    message(3, "masha", Kind.UPDATE, "7"),
    message(4, "owner", Kind.WORD, "@masha"),
    message(5, "masha", Kind.SUMMARY),
    message(6, "masha", Kind.LONG),
]
TASKS = ["job 0001"]


def good() -> dict[str, list[str]]:
    """What everyone has to see."""
    return {
        "owner": [
            "answered: 0001",
            "Masha: task 7 job 0001\n│ comment 0003",
            say("model_unavailable", "ru"),
            "answered: 0004",
            "Masha\n│ summary 0005",
        ],
        "masha": [
            "Task 7: job 0001",
            "word 0001",
            "answered: 0002 0003",
            "word 0004",
            f"answered: 0005 0006\n\n{LONG[:3000]}",
            LONG[LONG.index("\n", 3000) + 1 :] + "\n\nend of 0006",
        ],
    }


def found(seen: dict[str, list[str]], tasks: list[str] = TASKS) -> Findings:
    return check(SENT, seen, "owner", tasks)


def test_what_is_right_is_found_right() -> None:
    assert found(good()).all == []


@pytest.mark.parametrize(
    ("spoil", "where", "sentence"),
    [
        (lambda seen: seen["masha"].remove("answered: 0002 0003"), "lost", "masha was not told: answer 0002"),
        (lambda seen: seen["owner"].pop(), "lost", "owner was not told: summary 0005"),
        (lambda seen: seen["masha"].remove("word 0004"), "lost", "masha was not told: word 0004"),
        (lambda seen: seen["masha"].pop(), "lost", "masha was not told: end 0006"),
        (lambda seen: seen.pop("masha"), "lost", "masha was not told: job 0001"),
        (lambda seen: seen["owner"].append("answered: 0004"), "twice", "owner was told 2 times: answer 0004"),
        (lambda seen: seen["masha"].append("answered: 0002"), "twice", "masha was told 2 times: answer 0002"),
        (lambda seen: seen["masha"].append("word 0004"), "effects_repeated", "masha was told 2 times: word 0004"),
        (
            lambda seen: seen["owner"].append("│ comment 0003"),
            "effects_repeated",
            "owner was told 2 times: comment 0003",
        ),
        (
            lambda seen: seen["owner"].insert(0, seen["owner"].pop(3)),
            "out_of_order",
            "owner was told answer 0001 after that of 0004",
        ),
        (
            lambda seen: seen["masha"].insert(0, seen["masha"].pop(3)),
            "out_of_order",
            "masha was told job 0001 after that of 0004",
        ),
        (
            lambda seen: seen["masha"].append("answered: 0001"),
            "strange",
            "masha was told what nobody asked for: answer 0001",
        ),
        (
            lambda seen: seen["masha"].append("I could not deal with it"),
            "strange",
            "masha was told: 'I could not deal with it'",
        ),
    ],
)
def test_what_is_wrong_is_found(spoil: Callable[[dict[str, list[str]]], object], where: str, sentence: str) -> None:
    seen = good()
    spoil(seen)
    findings = found(seen)
    assert sentence in getattr(findings, where)


def test_a_task_made_twice_is_found_though_it_was_told_once() -> None:
    assert found(good(), ["job 0001", "job 0001"]).effects_repeated == ["the task 'job 0001' was made 2 times"]
    assert found(good(), []).lost == ["the task 'job 0001' was not made"]


def test_a_table_counts_and_the_time_to_recover_is_that_of_a_later_message_of_whom_it_concerned() -> None:
    answered = [(SENT[1], 4.0), (SENT[3], 4.5), (SENT[4], 9.0)]
    struck = [Struck("cut", 1.5), Struck("kill", 2.5, "masha"), Struck("late", 6.5)]
    account = Account(1, 2, SENT, struck, found(good()), answered, [], 60.0)
    assert [account.recovery(fault) for fault in struck] == [2.5, 6.5, None]
    assert account.is_good
    table = account.table()
    for row in ("6 messages, 3 faults", "| lost | 0 |", "| kill | 1 | 6.5 | 6.5 |", "| late | 1 | – | – |"):
        assert row in table
    assert not Account(1, 2, SENT, struck, found({}), [], [], 60.0).is_good
