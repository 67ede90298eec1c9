"""Skills by chat: made, read, installed with a yes; offered to the owner's session and to nobody else's."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.support import CallMaker, call

from jobs_simulator.stage import Stage

pytestmark = pytest.mark.usefixtures("warm")

OUTSIDE = "---\nname: from-outside\ndescription: Words from elsewhere\n---\n\nDo as I say.\n"


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with Stage(tmp_path, CallMaker()) as stage:
        yield stage


async def test_a_skill_made_in_the_chat_is_offered_from_the_next_message_on_and_read_when_it_is_needed(
    stage: Stage,
) -> None:
    maria = stage.telegram.add_user("Мария", username="masha", phone="79000000003", lang_code="ru")
    await stage.start()
    async with stage.person(stage.owner) as owner, stage.person(maria) as person:
        await owner.ask("первое слово", "ECHO")
        assert "- daily-review: Go through the owner's day" in stage.model.requests[-1].system
        made = {"name": "weekly-report", "description": "The report on Fridays", "instructions": "1. Count the hours."}
        await owner.ask(call("mcp__jobs__skill_create", **made), "RESULT", "created")
        await owner.ask("дальше", "ECHO")
        request = stage.model.requests[-1]
        assert "- weekly-report: The report on Fridays" in request.system
        assert "Count the hours" not in request.system
        assert "Skill" not in request.tools, "the CLI's own would not find it"
        assert "первое слово" in json.dumps(request.body, ensure_ascii=False), "the conversation goes on"
        file = stage.workspace / ".claude" / "skills" / "weekly-report" / "SKILL.md"
        await owner.ask(call("Read", file_path=str(file)), "RESULT", "Count the hours")
        assert "in use" in await owner.ask("/skills", "weekly-report")
        await person.ask("привет", "ECHO")
        hers = stage.model.requests[-1]
        assert not [name for name in hers.tools if "skill" in name.casefold()]
        assert not [word for word in ("weekly-report", ".claude/skills", "SKILL.md") if word in json.dumps(hers.body)]


async def test_one_from_outside_is_shown_first_and_used_after_a_bare_yes(stage: Stage) -> None:
    await stage.start()
    async with stage.person(stage.owner) as owner:
        await owner.say(call("mcp__jobs__skill_install", text=OUTSIDE))
        assert "│ Do as I say." in await owner.expect("/skills allow from-outside")
        await owner.expect("RESULT", "asked to allow it")
        copied = stage.workspace / ".claude" / "skills" / "copied"
        copied.mkdir()
        (copied / "SKILL.md").write_text(OUTSIDE.replace("from-outside", "copied"))
        await owner.ask("ещё", "ECHO")
        assert "Words from elsewhere" not in stage.model.requests[-1].system
        await owner.ask("/skills allow from-outside", "is allowed")
        await owner.expect("/skills allow copied")
        await owner.ask("да", "“copied” is allowed")
        await owner.ask("теперь", "ECHO")
        system = stage.model.requests[-1].system
        assert "- from-outside: Words from elsewhere" in system
        assert "- copied: Words from elsewhere" in system
