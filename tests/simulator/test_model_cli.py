"""The real CLI, through the SDK, against the loopback Messages API; no credential of the host reaches it."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from claude_agent_sdk import (
    AssistantMessage,
    ClaudeAgentOptions,
    ClaudeSDKClient,
    Message,
    ResultMessage,
    StreamEvent,
    SystemMessage,
    TextBlock,
    create_sdk_mcp_server,
    tool,
)

from jobs_simulator.model import (
    ApiError,
    Cut,
    ModelSimulator,
    Reply,
    ScriptedBrain,
    Stall,
    Text,
    Thinking,
    ToolCall,
    echo,
)

KEPT_VARIABLES = ("PATH", "LANG", "LC_ALL", "TMPDIR")
LIST_USERS = "mcp__jobs__list_users"
SUMMARY = "mcp__jobs__send_summary_to_owner"


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK hands the environment on, so nothing of the host's may stand in it."""
    for name in set(os.environ) - set(KEPT_VARIABLES):
        monkeypatch.delenv(name)


@asynccontextmanager
async def session(sim: ModelSimulator, home: Path, **changes: Any) -> AsyncIterator[ClaudeSDKClient]:
    """A locked session of the CLI with two in-process tools, in directories of its own."""
    for name in ("home", "config", "work", "tmp"):
        (home / name).mkdir()

    @tool("list_users", "The people known", {})
    async def list_users(_: dict[str, Any]) -> dict[str, Any]:
        return {"content": [{"type": "text", "text": '{"users":[{"id":1,"name":"Мария"}]}'}]}

    @tool("send_summary_to_owner", "Leaves word for the owner", {"text": str})
    async def send_summary(_: dict[str, Any]) -> dict[str, Any]:
        return {"content": [{"type": "text", "text": '{"sent":true}'}]}

    environment = {
        "ANTHROPIC_BASE_URL": sim.url,
        "ANTHROPIC_API_KEY": "dummy",
        "HOME": str(home / "home"),
        "CLAUDE_CONFIG_DIR": str(home / "config"),
        "CLAUDE_CODE_TMPDIR": str(home / "tmp"),
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "CLAUDE_CODE_MAX_RETRIES": "1",
        "DISABLE_AUTOUPDATER": "1",
        "DISABLE_ERROR_REPORTING": "1",
        "DISABLE_TELEMETRY": "1",
        "NO_PROXY": "127.0.0.1",
        **changes.pop("env", {}),
    }
    options = ClaudeAgentOptions(
        tools=[],
        allowed_tools=changes.pop("allowed", [LIST_USERS]),
        mcp_servers={"jobs": create_sdk_mcp_server("jobs", "1", [list_users, send_summary])},
        permission_mode="dontAsk",
        setting_sources=[],
        strict_mcp_config=True,
        verbatim_prompts=True,
        include_partial_messages=True,
        system_prompt={"type": "custom", "prompt": "You are Jobs.\nowner: Иван Петров", "snapshot": False},
        settings='{"crossSessionInbound":"refuse","permissions":{"deny":["Read(//**)","Edit(//**)"]}}',
        extra_args={"disable-slash-commands": None},
        cwd=str(home / "work"),
        env=environment,
    )
    async with asyncio.timeout(60), ClaudeSDKClient(options) as client:
        yield client


async def said(client: ClaudeSDKClient) -> tuple[list[Message], ResultMessage]:
    """Everything up to the result of the running turn."""
    messages = [message async for message in client.receive_response()]
    result = messages[-1]
    assert isinstance(result, ResultMessage)
    return messages, result


async def ask(client: ClaudeSDKClient, text: str) -> ResultMessage:
    await client.query(text)
    return (await said(client))[1]


def texts(messages: list[Message]) -> list[str]:
    blocks = [block for message in messages if isinstance(message, AssistantMessage) for block in message.content]
    return [block.text for block in blocks if isinstance(block, TextBlock)]


async def test_a_turn_is_one_request_and_nothing_else_reaches_the_brain(tmp_path: Path) -> None:
    async with ModelSimulator(echo, api_key="dummy") as sim, session(sim, tmp_path) as client:
        assert (await ask(client, "@/etc/passwd и /help")).result == "ECHO: @/etc/passwd и /help"
        assert (await ask(client, "второй")).result == "ECHO: второй"
        first, second = sim.requests
        assert sim.side_requests == []
    assert first.credential == "dummy"
    assert "You are Jobs." in first.system
    assert LIST_USERS in first.tools
    assert second.history == [
        ("user", "@/etc/passwd и /help"),
        ("assistant", "ECHO: @/etc/passwd и /help"),
        ("user", "второй"),
    ]


async def test_the_title_that_the_cli_asks_for_does_not_reach_the_brain(tmp_path: Path) -> None:
    changed = {"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "0", "HTTPS_PROXY": "http://127.0.0.1:9"}
    async with ModelSimulator(echo) as sim, session(sim, tmp_path, env=changed) as client:
        assert (await ask(client, "почини отчёт и отправь его")).result == "ECHO: почини отчёт и отправь его"
        assert [request.last_user_text for request in sim.requests] == ["почини отчёт и отправь его"]


async def test_a_tool_call_goes_round_and_its_real_result_comes_back(tmp_path: Path) -> None:
    async with ModelSimulator(echo) as sim, session(sim, tmp_path) as client:
        sim.script([Reply(Thinking("who is there?"), "Смотрю. ", ToolCall(LIST_USERS, {}))])
        result = await ask(client, "кто есть?")
        [come_back] = sim.requests[1].tool_results
    assert result.result == "ECHO: кто есть?"
    assert result.num_turns == 2
    assert (come_back.name, come_back.is_error) == (LIST_USERS, False)
    assert come_back.json["users"][0]["name"] == "Мария"


async def test_a_tool_that_is_not_offered_is_refused_by_the_cli(tmp_path: Path) -> None:
    async with ModelSimulator(echo) as sim, session(sim, tmp_path) as client:
        sim.script([Reply(ToolCall("Bash", {"command": "id"})), Reply(ToolCall(SUMMARY, {"text": "x"}))])
        await ask(client, "попробуй")
        bash, summary = sim.requests[2].tool_results
    assert bash.is_error
    assert summary.is_error


async def test_pieces_of_a_text_arrive_as_partial_messages(tmp_path: Path) -> None:
    async with ModelSimulator(echo) as sim, session(sim, tmp_path) as client:
        sim.script([Reply(Text.of("раз ", "два ", "три", delay=0.001))])
        await client.query("считай")
        messages, result = await said(client)
    deltas = [m.event["delta"] for m in messages if isinstance(m, StreamEvent) and "delta" in m.event]
    assert [delta["text"] for delta in deltas if "text" in delta] == ["раз ", "два ", "три"]
    assert result.result == "раз два три"


async def test_retry_after_is_obeyed_and_the_turn_succeeds(tmp_path: Path) -> None:
    async with ModelSimulator(echo) as sim, session(sim, tmp_path) as client:
        sim.faults.next(ApiError(429, headers={"retry-after": "1"}))
        await client.query("ещё раз")
        messages, result = await said(client)
    retries = [m.data for m in messages if isinstance(m, SystemMessage) and m.subtype == "api_retry"]
    assert [(retry["error_status"], retry["retry_delay_ms"] >= 1000) for retry in retries] == [(429, True)]
    assert result.result == "ECHO: ещё раз"
    assert [request.status for request in sim.requests] == [429, 200]


@pytest.mark.parametrize("status", [401, 500, 529])
async def test_an_error_that_stays_ends_the_turn_with_its_status(tmp_path: Path, status: int) -> None:
    async with ModelSimulator(echo) as sim, session(sim, tmp_path, env={"CLAUDE_CODE_MAX_RETRIES": "0"}) as client:
        sim.faults.next(ApiError(status))
        result = await ask(client, "не выйдет")
        assert result.is_error
        assert result.api_error_status == status
        assert not (await ask(client, "теперь выйдет")).is_error


async def test_a_failed_turn_is_no_part_of_the_next_one(tmp_path: Path) -> None:
    def blocks(text: str) -> AsyncIterator[dict[str, Any]]:
        content = [{"type": "text", "text": part} for part in ("<jobs-context>\ntime: now\n</jobs-context>", text)]

        async def one() -> AsyncIterator[dict[str, Any]]:
            message = {"role": "user", "content": content}
            yield {"type": "user", "message": message, "parent_tool_use_id": None, "session_id": "default"}

        return one()

    async with ModelSimulator(echo) as sim, session(sim, tmp_path, env={"CLAUDE_CODE_MAX_RETRIES": "0"}) as client:
        sim.faults.next(ApiError(500))
        await client.query(blocks("не выйдет"))
        assert (await said(client))[1].is_error
        await client.query(blocks("теперь выйдет"))
        assert (await said(client))[1].result == "ECHO: теперь выйдет"
        assert sim.requests[-1].context_text == "<jobs-context>\ntime: now\n</jobs-context>"


async def test_a_cut_stream_is_asked_again(tmp_path: Path) -> None:
    async with ModelSimulator(echo) as sim, session(sim, tmp_path) as client:
        # As the same question, or, where something of it was kept, as one for the rest.
        sim.script([Reply("полови", Cut()), Reply("целиком")])
        await client.query("скажи")
        messages, result = await said(client)
    assert texts(messages)[-1] == "целиком"
    assert not result.is_error
    assert len(sim.requests) >= 2


@pytest.mark.parametrize("reply", [(), ("начало",)])
async def test_an_interrupt_frees_a_stalled_turn_and_the_stream_is_closed(tmp_path: Path, reply: tuple[str]) -> None:
    stall = Stall()
    async with ModelSimulator(echo) as sim, session(sim, tmp_path) as client:
        sim.script([Reply(*reply, stall)])
        await client.query("долго")
        await stall.reached()
        await client.interrupt()
        _, result = await said(client)
        assert result.subtype == "error_during_execution"
        assert await sim.requests[0].closed_early
        assert (await ask(client, "дальше")).result == "ECHO: дальше"


async def test_the_scripted_person_gets_words_to_the_owner_and_nothing_more(tmp_path: Path) -> None:
    async with ModelSimulator(ScriptedBrain()) as sim, session(sim, tmp_path, allowed=[SUMMARY]) as client:
        assert "Иван Петров" in str((await ask(client, "Здравствуйте!")).result)
        assert (await ask(client, "отчёт будет завтра")).result == "Передал: «Отчёт будет завтра»."
        refused = await ask(client, "выполни команду id")
        assert str(refused.result).startswith("Команда `id` не удалась")
        assert (await ask(client, "кто у него в контактах? покажи список людей")).result
        tried = [result for request in sim.requests for result in request.tool_results]
    assert {(result.name, result.is_error) for result in tried} == {
        (SUMMARY, False),
        ("Bash", True),
        (LIST_USERS, True),
    }
