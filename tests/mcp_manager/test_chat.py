"""MCP servers by chat: installed, allowed, used; a secret that no model sees; nothing for other people."""

import json
import stat
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.support import CallMaker, Spine, call, mcp_tools

from jobs.spine.tool import NoArguments
from jobs_simulator.chat import Chat
from jobs_simulator.stage import Stage

pytestmark = pytest.mark.usefixtures("warm")

SERVER = Path(__file__).with_name("server.py")
SECRET = "ghp-test-0123456789"


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with Stage(tmp_path, CallMaker()) as stage:
        (tmp_path / "behaviour.json").write_text("{}")
        yield stage


async def install(stage: Stage, owner: Chat, **more: object) -> str:
    """Have the model install the test's server; returns what the owner is asked."""
    arguments = [str(SERVER), str(stage.folder / "behaviour.json")]
    await owner.say(call("mcp__jobs__mcp_install", name="notes", command=sys.executable, args=arguments, **more))
    question = await owner.expect("/mcp allow notes")
    await owner.expect("RESULT", "installed")
    return question


async def ready(owner: Chat) -> None:
    assert '"state": "ready"' in await owner.ask(call("mcp__jobs__mcp_test", name="notes"), "RESULT")


async def test_a_server_is_installed_by_chat_allowed_with_a_yes_and_used_in_the_same_conversation(stage: Stage) -> None:
    maria = stage.telegram.add_user("Мария", username="masha", phone="79000000003", lang_code="ru")
    await stage.start()
    async with stage.person(stage.owner) as owner, stage.person(maria) as person:
        await owner.ask("первое слово", "ECHO")
        assert str(SERVER) in await install(stage, owner)
        await owner.ask("да", "is allowed")
        await ready(owner)
        await owner.ask(call("mcp__notes__add", text="купить хлеб"), "RESULT add: купить хлеб")
        request = stage.model.requests[-1]
        assert "mcp__notes__add" in request.tools
        assert "первое слово" in json.dumps(request.body, ensure_ascii=False), "the conversation goes on"
        await person.ask("привет", "ECHO")
        assert not [name for name in stage.model.requests[-1].tools if name.startswith("mcp__notes")]
        assert "ready, tools: 1" in await owner.ask("/mcp", "notes")
        await owner.ask(call("mcp__jobs__mcp_disable", name="notes"), "RESULT")
        await owner.ask("ещё", "ECHO")
        assert "mcp__notes__add" not in stage.model.requests[-1].tools


async def test_a_no_keeps_it_off(stage: Stage) -> None:
    await stage.start()
    async with stage.person(stage.owner) as owner:
        await install(stage, owner)
        await owner.ask("нет", "is off")
        await owner.ask(call("mcp__jobs__mcp_list"), '"state": "off"')


async def test_a_secret_is_asked_for_by_code_and_never_reaches_the_model_the_chat_or_the_records(stage: Stage) -> None:
    program = await stage.start()
    async with stage.person(stage.owner) as owner:
        await install(stage, owner, env={"TOKEN": ""})
        await owner.say(call("mcp__jobs__mcp_set_env", name="notes", variable="TOKEN"))
        await owner.expect("needs the variable TOKEN")
        await owner.expect("RESULT", "will not see it")
        await owner.ask("thanks", "ECHO thanks")  # a word, no secret
        await owner.ask(SECRET, "is stored")
        await stage.telegram.wait_for(lambda event: event.kind == "delete")
        await owner.ask("/mcp allow notes", "is allowed")
        await ready(owner)
        await owner.ask(call("mcp__notes__add", text="token"), f"RESULT {len(SECRET)} characters")
    assert not [message for message in stage.telegram.messages(stage.owner, stage.jobs) if message.text == SECRET]
    assert not [request for request in stage.model.requests if SECRET in json.dumps(request.body)]
    file = stage.data / "mcp_servers.json"
    assert json.loads(file.read_text())["mcpServers"]["notes"]["env"] == {"TOKEN": SECRET}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    await program.stop()
    kept = [path for path in stage.folder.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()]
    assert kept == [file]
    assert not [line for line in program.lines if SECRET in line]


async def test_a_secret_that_was_pasted_among_the_arguments_is_not_told_the_model(spine: Spine, tmp_path: Path) -> None:
    arguments = ["-y", "x", "--api-key", SECRET, f"--token={SECRET}", "--folder", "/f"]
    servers = {"a": {"command": "npx", "args": arguments}, "b": {"url": f"https://x.example/mcp?key={SECRET}"}}
    (tmp_path / "mcp_servers.json").write_text(json.dumps({"mcpServers": servers}))
    told = await mcp_tools(spine, tmp_path).list(NoArguments())
    assert SECRET not in json.dumps(told)
    assert [server["runs"] for server in told["servers"]] == [
        "npx -y x --api-key *** --token=*** --folder /f",
        "https://x.example/mcp?key=***",
    ]
