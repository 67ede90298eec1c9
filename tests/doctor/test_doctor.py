"""`./jobs doctor` as a process, on an installation between loopback servers, whole and broken in many ways."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.support import OWNER, Spine, settings

from jobs.config import Settings
from jobs.doctor import machine, run
from jobs.doctor.finding import Finding, Level
from jobs.spine.model import OutboxKind
from jobs.times import now, to_text
from jobs.walls import Trial
from jobs_simulator import stage as stages
from jobs_simulator.model.echo import echo
from jobs_simulator.stage import Stage

pytestmark = pytest.mark.usefixtures("warm")


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with Stage(tmp_path, echo, settings={"STREAMING": "off", "JOBS_ROOT": str(tmp_path)}) as made:
        made.workspace.mkdir()
        yield made


async def doctor(stage: Stage, *options: str, **settings: str) -> tuple[int, dict[str, list[tuple[str, str]]]]:
    """The exit code, and of each check the levels and texts."""
    process = await stages.start_python(
        *("-m", "jobs", "doctor", "--json", *options),
        env=stage.environment(LC_ALL="C.UTF-8", **settings),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert b"Traceback" not in err, err.decode()
    found: list[dict[str, Any]] = json.loads(out)
    checks = {each["check"] for each in found}
    return process.returncode or 0, {
        check: [(each["level"], each["text"]) for each in found if each["check"] == check] for check in checks
    }


def levels(found: dict[str, list[tuple[str, str]]], *but: str) -> set[str]:
    return {level for check, lines in found.items() if check not in but for level, _ in lines}


@pytest.mark.cold
async def test_a_sound_installation_fails_in_nothing_stopped_and_running(stage: Stage) -> None:
    program = await stage.start()
    await program.stop()
    code, found = await doctor(stage)
    assert code == 0, found
    assert levels(found, "walls", "backups") == {"ok"}, found
    assert {"settings", "telegram", "model", "database", "disk", "clock", "versions", "walls", "rows"} <= set(found)
    assert "claude-" in found["model"][0][1]
    assert len(stage.model.requests) == 1, "one tiny call"
    assert "jobs_assistant" in found["telegram"][0][1]
    assert "right" in found["clock"][0][1]
    program = await stage.start()
    code, found = await doctor(stage)
    assert (code, found["telegram"][0][0]) == (0, "ok")
    assert await program.stop() == 0


async def test_the_walls_are_tried_and_a_missing_one_is_named(stage: Stage) -> None:
    _, found = await doctor(stage, "--quick")
    stands = [text for level, text in found["walls"] if level == "ok"]
    assert len(stands) == 2
    assert all("stands: Landlock" in text for text in stands)
    assert [text for level, text in found["walls"] if level == "warn" and "AGENT_USER" in text]


async def test_what_is_broken_fails_with_what_to_do(stage: Stage) -> None:
    program = await stage.start()
    await program.stop()
    stage.telegram.revoke(stage.jobs)
    stage.model._api_key = "another"
    with (stage.data / "db.sqlite").open("r+b") as file:
        file.seek(100)
        file.write(b"\0" * 3000)
    (stage.data / "mcp_servers.json").write_text('{"mcpServers": {"x": {}}}')
    code, found = await doctor(stage)
    assert code == 1
    for check, words in (
        ("telegram", "./jobs setup"),
        ("model", "check the key"),
        ("database", "./jobs restore"),
        ("mcp", "needs either a command or a url"),
    ):
        assert found[check][0][0] == "fail", found
        assert words in found[check][0][1]
    assert found["database"][0][1].count("restore a backup") == 1, "said once"
    await stage.telegram.stop()
    await stage.model.stop()
    code, found = await doctor(stage, HTTP_PROXY="http://me:verysecret@127.0.0.1:9")
    assert "check the network" in found["telegram"][0][1]
    assert "verysecret" not in str(found)
    await stage.telegram.start()


async def test_a_damaged_login_is_named_and_keeps_no_other_check_from_being_made(stage: Stage) -> None:
    program = await stage.start()
    await program.stop()
    (stage.data / "telethon.session").write_bytes(b"no database" * 100)
    code, found = await doctor(stage)
    assert code == 1
    ((level, text),) = found["telegram"]
    assert (level, "telethon.session is damaged" in text, "./jobs setup" in text) == ("fail", True, True)
    assert found["model"][0][0] == "ok"


async def test_a_check_that_fails_as_nobody_thought_is_a_line_and_keeps_no_other_from_being_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(_: Settings) -> Iterator[Finding]:
        raise RuntimeError("what is this?")

    monkeypatch.setitem(run.CHECKS, "versions", broken)
    monkeypatch.setattr(run.log, "set_up", lambda *_: None)  # it would be for all tests that follow
    assert await asyncio.to_thread(run.doctor, settings(tmp_path), quick=True, as_json=True) == 1
    found = {each["check"]: each for each in json.loads(capsys.readouterr().out)}
    assert found["versions"]["level"] == "fail"
    assert "what is this?" in found["versions"]["text"]
    assert found["backups"]["level"] == "warn"


def test_a_message_that_cannot_be_sent_for_long_is_worth_a_look_while_jobs_runs(spine: Spine) -> None:
    spine.outbox.say("a", OWNER, OutboxKind.MESSAGE, "hello")
    spine.db.execute("UPDATE outbox SET created_at = ?", (to_text(now() - timedelta(hours=2)),))
    assert [each.key for each in machine.waiting_rows(spine.db, is_running=True)] == ["doctor_rows"], "it was not tried"
    spine.db.execute("UPDATE outbox SET attempts = 3")
    (found,) = machine.waiting_rows(spine.db, is_running=True)
    assert (found.level, found.key, found.values["minutes"]) == (Level.WARN, "doctor_rows_unsent", 120)
    assert [each.key for each in machine.waiting_rows(spine.db, is_running=False)] == ["doctor_rows"]


def test_a_wall_that_lets_through_and_one_that_is_too_tight_are_told_apart() -> None:
    tries = [Trial("owner", "read the database", False, True), Trial("owner", "write the workspace", True, False)]
    leaking, tight = (machine._stands(some, True, ["Landlock 7"]) for some in (tries, tries[1:]))
    assert (leaking.level, tight.level) == (Level.FAIL, Level.FAIL)
    assert "lets through: read the database" in leaking.text("en")
    assert "cannot do what it has to: write the workspace; check the owner" in tight.text("en")


async def test_wrong_settings_are_in_the_json_too(stage: Stage) -> None:
    code, found = await doctor(stage, "--quick", TG_API_ID="a", HTTP_PROXY="nonsense")
    assert code == 2
    assert [level for level, _ in found["settings"]] == ["fail", "fail"]
    assert set(found) == {"settings"}


async def test_servers_that_cannot_be_started_are_named_with_the_reason(stage: Stage) -> None:
    servers = {
        "a": {"command": "sh"},
        "b": {"command": "no-such-program"},
        "c": {"command": "sh", "env": {"KEY": ""}},
        "d": {"command": "no-such-program", "disabled": True},
    }
    (stage.data / "mcp_servers.json").write_text(json.dumps({"mcpServers": servers}))
    _, found = await doctor(stage, "--quick")
    assert [(level, text.split(":")[0]) for level, text in found["mcp"]] == [
        ("warn", "b"),
        ("warn", "c"),
        ("ok", "configured"),
    ]
    assert "no-such-program" in found["mcp"][0][1]
    assert "KEY" in found["mcp"][1][1]


async def test_missing_settings_are_one_line_each(stage: Stage) -> None:
    code, found = await doctor(stage, "--quick", TG_API_ID="", ANTHROPIC_API_KEY="")
    assert code == 1
    assert [text.split()[0] for level, text in found["settings"] if level == "fail"] == [
        "TG_API_ID",
        "ANTHROPIC_API_KEY",
    ]


async def test_fix_mends_what_is_safe(stage: Stage) -> None:
    (stage.folder / ".env").write_text("# nothing\n")
    (stage.folder / ".env").chmod(0o644)
    stage.data.chmod(0o755)
    stage.workspace.rmdir()
    code, found = await doctor(stage, "--quick")
    assert (code, levels({"files": found["files"]})) == (0, {"warn"})
    assert any("chmod go=" in text and ".env" in text for _, text in found["files"])
    _, found = await doctor(stage, "--quick", "--fix")
    assert ("ok", f"mended: {stage.folder / '.env'}") in found["files"]
    assert (stage.folder / ".env").stat().st_mode & 0o777 == 0o600
    assert stage.workspace.is_dir()
    assert stage.data.stat().st_mode & 0o777 == 0o711, "sessions of other Unix users still reach their folders in it"
    _, found = await doctor(stage, "--quick")
    assert levels({"files": found["files"], "disk": found["disk"]}) == {"ok"}
