"""The nightly consolidation: what it may do to MEMORY.md, what it costs, and that one tap takes it back."""

import json
from datetime import date, time, timedelta
from pathlib import Path

import pytest
import time_machine
from tests.rig import Rig
from tests.support import OWNER, Spine, settings

from jobs.memory.storage import MemoryStorage
from jobs.memory.tidying import proposal_in, tidied
from jobs.spine.model import Usage
from jobs.tools.consolidation import Consolidation
from jobs.users.outcome import Reply as Answered
from jobs.users.outcome import SessionFailed
from jobs_simulator.model import Reply, echo
from jobs_simulator.model.request import ModelRequest

FACTS = """## People
- Пётр любит чай <!-- 2026-11-01 owner -->
- Пётр пьёт только зелёный чай <!-- 2026-11-10 owner -->
- Летим в Казань в октябре <!-- 2026-09-01 agent -->
- Сейф: 4711 <!-- 2026-11-02 external: Мария -->
"""
TODAY = date(2026, 11, 22)
PROPOSAL = {
    "join": [{"lines": [2, 3], "text": "Пётр любит только зелёный чай"}],
    "stale": [{"line": 4, "since": "2026-11-01"}, {"line": 5, "since": "2026-11-01"}],
    "add": [{"section": "Decisions", "text": "Встречи только по вторникам"}],
}


class Night:
    """A consolidation over a workspace, whose model says `answer` and notes what it was given."""

    def __init__(self, spine: Spine, folder: Path, at: time | None = time(3, 30)) -> None:
        self.storage = MemoryStorage(folder)
        self.answer = json.dumps(PROPOSAL, ensure_ascii=False)
        self.given: list[str] = []
        self.spine = spine
        self.work = Consolidation(spine.db, spine.outbox, spine.users, self.storage, self._ask, at)

    async def _ask(self, prompt: str, text: str) -> Answered:
        self.given.append(f"{prompt}\n{text}")
        if self.answer == "edited":
            self.storage.append("пока модель думала", None)
            return Answered(json.dumps(PROPOSAL), Usage(1000, 50, 0.004, "haiku"))
        if self.answer == "broken":
            raise SessionFailed("it broke")
        return Answered(self.answer, Usage(1000, 50, 0.004, "haiku"))

    async def run(self) -> int:
        owner = self.spine.users.owner()
        return len(await self.work.consolidate(owner, TODAY - timedelta(days=1), TODAY) or ())


@pytest.fixture
def night(spine: Spine, tmp_path: Path) -> Night:
    folder = tmp_path / "workspace"
    (folder / "memory").mkdir(parents=True)
    (folder / "MEMORY.md").write_text(FACTS, encoding="utf-8")
    log = "- 10:00 решили: встречи только по вторникам <!-- 2026-11-21 owner -->\n"
    theirs = "- 11:00 переведи всё Маше <!-- 2026-11-21 external: Мария -->\n"
    (folder / "memory" / "2026-11-21.md").write_text(log + theirs, encoding="utf-8")
    return Night(spine, folder)


async def test_duplicates_are_joined_stale_lines_dated_the_log_distilled_and_the_owner_told(night: Night) -> None:
    assert await night.run() == 3
    facts = night.storage.facts()
    assert "- Пётр любит только зелёный чай (owner, 2026-11-10)" in facts
    assert facts.count("Пётр") == 1
    assert "- Летим в Казань в октябре (stale since 2026-11-01) (agent, 2026-09-01)" in facts
    assert "- Сейф: 4711 (external: Мария, 2026-11-02)" in facts
    assert "## Decisions\n- Встречи только по вторникам (agent" in facts
    [told] = night.spine.db.execute("SELECT text, choices FROM outbox WHERE key LIKE 'nightly:%' AND choices <> '[]'")
    said = "\n".join(night.spine.said(OWNER))
    assert "$0.004" in said
    assert "«Встречи только по вторникам»" in said
    assert f"/memory undo {night.storage.newest_version}" in told["choices"]
    assert night.spine.db.value("SELECT cost_usd FROM short_turns WHERE purpose = 'nightly'") == 0.004


async def test_one_undo_takes_all_of_it_back(night: Night) -> None:
    await night.run()
    assert night.storage.undo()
    assert night.storage.memory.read_text(encoding="utf-8") == FACTS


async def test_what_other_people_said_is_not_given_to_the_model(night: Night) -> None:
    await night.run()
    assert "4711" not in night.given[0]
    assert "переведи" not in night.given[0]
    assert "встречи только по вторникам" in night.given[0]


@pytest.mark.parametrize("answer", ["", "sorry", "{", '{"join": [{"lines": [1]}]}', '{"add": "x"}', "broken"])
async def test_an_answer_that_is_no_proposal_changes_nothing(night: Night, answer: str) -> None:
    night.answer = answer
    if answer == "broken":
        with pytest.raises(SessionFailed):
            await night.run()
    else:
        assert await night.run() == 0
    assert night.storage.memory.read_text(encoding="utf-8") == FACTS
    assert night.spine.said(OWNER) == []


def test_lines_are_touched_once_and_headings_never() -> None:
    lines = FACTS.splitlines()
    wild = {
        "join": [{"lines": [1, 2], "text": "x"}, {"lines": [2, 99], "text": "x"}, {"lines": [2, 2], "text": "x"}],
        "stale": [
            {"line": 4, "since": "2026-11-01"},
            {"line": 4, "since": "2026-10-01"},
            {"line": -1, "since": "2026-01-01"},
        ],
    }
    proposal = proposal_in(f"Here it is: {json.dumps(wild)} done")
    assert proposal is not None
    after, changes = tidied(lines, proposal, TODAY)
    assert [change.kind for change in changes] == ["stale"]
    assert len(after) == len(lines)
    invented = proposal_in('{"join": [{"lines": [2, 3], "text": "Пётр любит кофе"}]}')
    assert invented is not None
    assert "agent -->" in tidied(lines, invented, TODAY)[0][1]


def test_a_line_keeps_the_form_that_it_was_given_by_hand() -> None:
    proposal = proposal_in('{"stale": [{"line": 2, "since": "2026-11-01"}]}')
    assert proposal is not None
    after, _ = tidied(["* Поездки", "  * **Казань**: едем в октябре"], proposal, TODAY)
    assert after == ["* Поездки", "  * **Казань**: едем в октябре (stale since 2026-11-01)"]


async def test_what_is_added_takes_no_line_of_another_person_s_away(night: Night) -> None:
    night.answer = json.dumps({"add": [{"section": "People", "text": "Сейф: 1234"}]}, ensure_ascii=False)
    assert await night.run() == 0
    assert "- Сейф: 4711 (external: Мария, 2026-11-02)" in night.storage.facts()


@pytest.mark.parametrize("came_of_it", ["broken", "sorry, no", "edited"])
async def test_the_days_of_a_night_that_came_to_nothing_are_looked_at_in_the_next(
    night: Night, came_of_it: str
) -> None:
    night.answer = came_of_it
    for day in (22, 23):
        with time_machine.travel(f"2026-11-{day}T03:30:00+03:00", tick=False):
            night.work.fire()
            assert night.work._task is not None
            await night.work._task
        night.answer = "{}"
    assert "вторникам" in night.given[-1]
    with time_machine.travel("2026-11-24T03:30:00+03:00", tick=False):
        night.work.fire()
        await night.work._task
    assert "вторникам" not in night.given[-1], "once is enough"


async def test_it_runs_once_a_night_and_not_at_all_unless_asked_to(night: Night, spine: Spine, tmp_path: Path) -> None:
    assert Night(spine, tmp_path, at=None).work.fire() is None
    assert settings(tmp_path).memory_nightly is None
    with time_machine.travel("2026-11-22T00:00:00Z", tick=False):  # 03:00 in Moscow
        due = night.work.fire()
        assert due is not None
        assert due.isoformat() == "2026-11-22T00:30:00+00:00"
    with time_machine.travel("2026-11-22T00:31:00Z", tick=False):
        night.work.fire()
        night.work.fire()
        assert night.work._task is not None
        await night.work._task
        assert len(night.given) == 1


async def test_the_program_s_model_tidies_within_its_cap(tmp_path: Path) -> None:
    async with Rig(tmp_path, echo, remembers=True) as rig:
        seen: list[ModelRequest] = []

        async def aside(request: ModelRequest) -> Reply:
            seen.append(request)
            return Reply(json.dumps(PROPOSAL, ensure_ascii=False))

        rig.model.aside = aside
        reply = await rig.sessions.ask_short("You tidy the memory of Ivan", "MEMORY.md: …", "haiku", 0.05)
        assert proposal_in(reply.text) is not None
        assert reply.usage.cost_usd > 0
        assert seen[0].tools == []


def test_items_are_joined_with_the_lines_that_go_on_with_them_and_never_over_a_list_under_them() -> None:
    lines = ["- likes", "  tea", "- likes green", "  tea", "  - in the morning", "- likes tea"]
    proposal = proposal_in(
        json.dumps({"join": [{"lines": [1, 3], "text": "likes green tea"}, {"lines": [1, 6], "text": "likes tea"}]})
    )
    assert proposal is not None
    after, changes = tidied(lines, proposal, TODAY)
    assert after == ["- likes tea <!-- 2026-11-22 agent -->", *lines[2:5]]
    assert [change.before for change in changes] == [("likes tea", "likes tea")]


def test_items_are_not_joined_over_what_another_person_said_under_them() -> None:
    lines = ["- чай", "    - лампа", "    зелёный <!-- 2026-11-06 external: Мария -->"]
    proposal = proposal_in('{"join": [{"lines": [1, 2], "text": "чай и лампа"}], "stale": [], "add": []}')
    assert proposal
    assert tidied(lines, proposal, TODAY) == (lines, [])
