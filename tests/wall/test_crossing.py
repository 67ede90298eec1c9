"""No call in one person's session reads or changes what is another's, whatever is in it; and errors say nothing."""

import asyncio
import json
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as tried
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.rig import MASHA, OWNER, PETYA, Rig
from tests.support import MOSCOW, Spine, spine_in

from jobs.spine.tool import ToolError
from jobs.users.tools_external import ExternalTools
from jobs_simulator.model import Reply, ToolCall, fixed

THEIRS = "Пётр's own words 5d1e"
LOOSE = {"suppress_health_check": [HealthCheck.function_scoped_fixture], "deadline": None}

ARGUMENT = st.one_of(
    st.integers(-3, 12),
    st.text(max_size=30),
    st.none(),
    st.booleans(),
    st.sampled_from([str(PETYA), "Peter", "@peter"]),
)
CALL = st.tuples(
    st.sampled_from(["get_my_tasks", "update_task", "send_summary_to_owner"]),
    st.dictionaries(
        st.sampled_from(["task_id", "status", "comment", "text", "user", "user_id", "person_id", "lane", "chat"]),
        st.one_of(ARGUMENT, st.sampled_from(["accepted", "in_progress", "done", "declined", "cancelled", "new"])),
    ),
)


def run(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(work)


def call(tools: ExternalTools, name: str, arguments: dict[str, Any]) -> str:
    """What the session would be answered."""
    tool = next(tool for tool in tools.tools() if tool.name == name)
    try:
        result = run(tool.run(tool.arguments.model_validate(arguments)))
        return json.dumps(result() if tool.has_effect else result, ensure_ascii=False)
    except (ToolError, ValidationError) as error:
        return str(error)


def hers(spine: Spine, person: int) -> dict[str, Any]:
    """Everything in the database that is one person's."""
    return {
        "tasks": spine.db.execute("SELECT * FROM user_tasks WHERE user_id = ?", (person,)),
        "told": spine.db.execute("SELECT * FROM outbox WHERE chat = ?", (person,)),
        "said": spine.db.execute("SELECT * FROM inbox WHERE lane = ?", (person,)),
        "who": spine.db.execute("SELECT * FROM external_users WHERE id = ?", (person,)),
    }


@tried(max_examples=25, **LOOSE)
@given(calls=st.lists(CALL, max_size=12), tasks=st.lists(st.sampled_from([MASHA, PETYA]), max_size=8))
def test_no_call_in_one_persons_session_reads_or_changes_anothers_row(
    calls: list[tuple[str, dict[str, Any]]], tasks: list[int]
) -> None:
    with tempfile.TemporaryDirectory() as folder, spine_in(Path(folder)) as spine:
        for person in tasks:
            spine.users.create_task(person, THEIRS if person == PETYA else "hers", "", None, MOSCOW)
        spine.accept(THEIRS, PETYA)
        before = hers(spine, PETYA)
        tools = ExternalTools(spine.users, spine.outbox, MASHA)
        answers = [call(tools, name, arguments) for name, arguments in calls]
        assert hers(spine, PETYA) == before
        assert not [answer for answer in answers if THEIRS in answer]
        by_code = [text for text in spine.said(OWNER) if not text.startswith("│")]
        assert not [text for text in by_code if THEIRS in text or "Peter" in text]


@tried(max_examples=15, **LOOSE)
@given(task_id=st.integers(-(2**70), 2**70), tasks=st.lists(st.sampled_from([MASHA, PETYA]), max_size=6))
def test_an_answer_about_anothers_task_is_the_same_as_about_none(task_id: int, tasks: list[int]) -> None:
    with tempfile.TemporaryDirectory() as folder, spine_in(Path(folder)) as spine:
        for person in tasks:
            spine.users.create_task(person, "x", "", None, MOSCOW)
        tools = ExternalTools(spine.users, spine.outbox, MASHA)
        wanted = {task.id for task in spine.users.tasks(MASHA)}
        for asked in (task_id, *range(len(tasks) + 2)):
            answer = call(tools, "update_task", {"task_id": asked, "status": "done"})
            assert (answer == f"This person has no task {asked}.") is (asked not in wanted)


async def test_an_error_in_a_tool_tells_an_external_session_nothing_of_the_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> Any:
        raise RuntimeError(f"cannot open {tmp_path}/db.sqlite: secret of the system")

    def breaks(*_: object, **__: object) -> Any:
        raise OSError(f"{tmp_path}: disk full, secret of the system")

    monkeypatch.setattr(ExternalTools, "get_my_tasks", broken)
    async with Rig(tmp_path, fixed("ok")) as rig:
        monkeypatch.setattr(rig.spine.outbox, "say", breaks)
        word = ToolCall("mcp__jobs__send_summary_to_owner", {"text": "x"})
        wrong = ToolCall("mcp__jobs__update_task", {"task_id": "x", "status": 1})
        rig.model.script([Reply(ToolCall("mcp__jobs__get_my_tasks"), word, wrong)])
        turn = rig.begin(MASHA, "hi")
        with pytest.raises(OSError, match="disk full"):  # the answer itself, after the tools, cannot be stored either
            await rig.run.runner.handle(turn)
        results = rig.model.requests[-1].tool_results
        assert len(results) == 3
        for result in results:
            assert result.is_error
            for hidden in (
                "secret of the system",
                str(tmp_path),
                "sqlite",
                "Traceback",
                "RuntimeError",
                "OSError",
                ".py",
            ):
                assert hidden not in result.text


async def test_canaries_of_environment_and_folders_are_nowhere_in_an_external_session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    canary = "canary-9b2f"
    for name in ("JOBS_CANARY", "AWS_SECRET_ACCESS_KEY", "CLAUDE_CANARY", "SSH_AUTH_SOCK"):
        monkeypatch.setenv(name, canary)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for place in ("home", "home/.claude", "workspace", "workspace/.claude", "data", "claude"):
        (tmp_path / place).mkdir(parents=True, exist_ok=True)
        for name in ("CLAUDE.md", "settings.json", ".mcp.json", ".env", "MEMORY.md", ".claude.json"):
            (tmp_path / place / name).write_text(json.dumps({"canary": canary, "env": {"X": canary}}))
    async with Rig(tmp_path, fixed("ok")) as rig:
        await rig.ask(MASHA, "hi")
        (pid,) = rig.processes()
        process = Path(f"/proc/{pid}")
        assert canary.encode() not in (process / "environ").read_bytes()
        assert canary.encode() not in (process / "cmdline").read_bytes()
        assert list((process / "cwd").resolve().iterdir()) == []
        body = json.dumps(rig.model.requests[-1].body, ensure_ascii=False)
        for hidden in (canary, str(tmp_path), "ivan", "Peter", "masha", "79000000003"):
            assert hidden not in body


async def test_a_prompt_holds_the_owners_display_name_and_the_persons_own_tasks_only(tmp_path: Path) -> None:
    async with Rig(tmp_path, fixed("ok")) as rig:
        rig.spine.users.create_task(MASHA, "her own task", "", None, MOSCOW)
        rig.spine.users.create_task(PETYA, THEIRS, "", None, MOSCOW)
        await rig.ask(PETYA, THEIRS)
        await rig.ask(OWNER, "the owner's words 77c1")
        rig.model.script([Reply(ToolCall("mcp__jobs__get_my_tasks"))])
        await rig.ask(MASHA, "what are my tasks?")
        body = json.dumps(rig.model.requests[-1].body, ensure_ascii=False)
        assert "Иван Петров" in body
        assert "her own task" in body
        for hidden in (THEIRS, "77c1", "Peter", str(OWNER) + '"', "@ivan"):
            assert hidden not in body
