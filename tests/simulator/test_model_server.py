"""The loopback Messages API as any HTTP client sees it."""

import argparse
import asyncio
import json
import os
import signal
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from jobs_simulator.model import (
    ApiError,
    Cut,
    Delay,
    ModelRequest,
    ModelSimulator,
    Reply,
    RequestKind,
    Stall,
    Text,
    Thinking,
    ToolCall,
    echo,
    fixed,
)
from jobs_simulator.model.command import add_arguments, run


def body(text: str = "hello", **more: Any) -> dict[str, Any]:
    return {"model": "claude-x", "max_tokens": 100, "messages": [{"role": "user", "content": text}], **more}


def events_of(content: str) -> list[dict[str, Any]]:
    return [json.loads(line.removeprefix("data: ")) for line in content.splitlines() if line.startswith("data: ")]


async def post(sim: ModelSimulator, json_body: dict[str, Any], **options: Any) -> httpx.Response:
    async with httpx.AsyncClient(base_url=sim.url, trust_env=False, verify=False) as client:
        return await client.post("/v1/messages", params={"beta": "true"}, json=json_body, **options)


async def test_a_stream_has_the_events_of_the_api_in_their_order() -> None:
    reply = Reply(Thinking("hm"), Text.of("He", "llo"), ToolCall("Bash", {"command": "ls"}, chunks=2))
    async with ModelSimulator(echo) as sim:
        sim.script([reply])
        response = await post(sim, body(stream=True))
    assert response.headers["content-type"].startswith("text/event-stream")
    assert response.headers["request-id"].startswith("req_")
    assert "anthropic-ratelimit-requests-remaining" in response.headers
    events = events_of(response.text)
    assert [event["type"] for event in events] == [
        *("message_start", "ping"),
        *("content_block_start", "content_block_delta", "content_block_delta", "content_block_stop"),
        *("content_block_start", "content_block_delta", "content_block_delta", "content_block_stop"),
        *("content_block_start", "content_block_delta", "content_block_delta", "content_block_stop"),
        *("message_delta", "message_stop"),
    ]
    deltas = [event["delta"] for event in events if event["type"] == "content_block_delta"]
    assert [delta["type"] for delta in deltas[:2]] == ["thinking_delta", "signature_delta"]
    assert [delta["text"] for delta in deltas[2:4]] == ["He", "llo"]
    assert json.loads("".join(delta["partial_json"] for delta in deltas[4:])) == {"command": "ls"}
    assert events[-2]["delta"]["stop_reason"] == "tool_use"
    assert events[-2]["usage"]["output_tokens"] > 1


async def test_without_stream_the_answer_is_one_message() -> None:
    async with ModelSimulator(echo) as sim:
        message = (await post(sim, body("привет"))).json()
    assert message["content"] == [{"type": "text", "text": "ECHO: привет"}]
    assert message["stop_reason"] == "end_turn"
    assert message["usage"]["input_tokens"] > 0


async def test_longer_input_counts_more_tokens() -> None:
    async with (
        ModelSimulator(echo) as sim,
        httpx.AsyncClient(base_url=sim.url, trust_env=False, verify=False) as client,
    ):
        short = await client.post("/v1/messages/count_tokens", json=body("a"))
        long = await client.post("/v1/messages/count_tokens", json=body("a" * 4000))
        assert long.json()["input_tokens"] - short.json()["input_tokens"] == pytest.approx(1000, abs=2)
        assert not sim.requests
        assert [request.kind for request in sim.side_requests] == [RequestKind.COUNT_TOKENS] * 2


async def test_models_root_and_unknown_paths_are_answered() -> None:
    async with (
        ModelSimulator(echo) as sim,
        httpx.AsyncClient(base_url=sim.url, trust_env=False, verify=False) as client,
    ):
        assert (await client.get("/v1/models")).json()["data"]
        assert (await client.get("/v1/models/claude-x")).json()["id"] == "claude-x"
        assert (await client.get("/")).status_code == 200
        assert (await client.head("/")).content == b""
        assert (await client.get("/nowhere")).json()["error"]["type"] == "not_found_error"
        assert (await client.post("/v1/messages", content=b"{")).status_code == 400


@pytest.mark.parametrize("headers", [{"x-api-key": "right"}, {"authorization": "Bearer right"}])
async def test_the_required_key_is_taken_in_both_headers_and_never_kept_in_them(headers: dict[str, str]) -> None:
    async with ModelSimulator(fixed(), api_key="right") as sim:
        assert (await post(sim, body(), headers=headers)).status_code == 200
        request = sim.requests[0]
    assert request.credential == "right"
    assert "right" not in repr(request)
    assert "right" not in str(request.headers)


@pytest.mark.parametrize("headers", [{}, {"x-api-key": "wrong"}, {"authorization": "Bearer wrong"}])
async def test_a_wrong_key_is_refused_in_the_apis_shape_and_recorded(headers: dict[str, str]) -> None:
    async with ModelSimulator(fixed(), api_key="right") as sim:
        response = await post(sim, body(), headers=headers)
        assert sim.requests[0].status == 401
    assert response.status_code == 401
    assert response.json()["error"]["type"] == "authentication_error"


async def test_scripted_replies_come_first_and_then_the_brain_again() -> None:
    async with ModelSimulator(echo) as sim:
        sim.script([Reply("one"), Reply("two")])
        answers = [(await post(sim, body())).json()["content"][0]["text"] for _ in range(3)]
    assert answers == ["one", "two", "ECHO: hello"]


async def test_faults_hit_only_the_requests_they_are_for_and_cost_no_scripted_reply() -> None:
    async with ModelSimulator(echo) as sim:
        sim.script([Reply("kept")])
        sim.faults.when(lambda request: "bad" in request.last_user_text, ApiError(529))
        sim.faults.next(ApiError(429, message="slow down", headers={"retry-after": "7"}), times=1)
        limited = await post(sim, body())
        assert (limited.status_code, limited.headers["retry-after"]) == (429, "7")
        assert limited.json()["error"] == {"type": "rate_limit_error", "message": "slow down"}
        assert (await post(sim, body("bad"))).json()["error"]["type"] == "overloaded_error"
        assert (await post(sim, body())).json()["content"][0]["text"] == "kept"
        sim.faults.clear()
        assert (await post(sim, body("bad"))).status_code == 200


async def test_an_error_in_the_middle_of_a_stream_is_an_event() -> None:
    async with ModelSimulator(echo) as sim:
        sim.script([Reply("start", ApiError(529))])
        events = events_of((await post(sim, body(stream=True))).text)
    assert events[-1] == {"type": "error", "error": {"type": "overloaded_error", "message": "simulated error"}}


@pytest.mark.parametrize("reply", [Reply("half", Cut()), Reply(Cut(after_bytes=300), "whole " * 100), Reply(Cut())])
async def test_a_cut_breaks_the_connection(reply: Reply) -> None:
    async with ModelSimulator(echo) as sim:
        sim.script([reply])
        with pytest.raises(httpx.RemoteProtocolError):
            await post(sim, body(stream=True))
        assert (await post(sim, body())).status_code == 200


async def test_a_cut_after_bytes_lets_exactly_so_many_through() -> None:
    async with (
        ModelSimulator(echo) as sim,
        httpx.AsyncClient(base_url=sim.url, trust_env=False, verify=False) as client,
    ):
        sim.faults.next(Cut(after_bytes=500))
        got = bytearray()

        async def read() -> None:
            async with client.stream("POST", "/v1/messages", json=body("x" * 900, stream=True)) as response:
                async for part in response.aiter_raw():
                    got.extend(part)

        with pytest.raises(httpx.RemoteProtocolError):
            await read()
    assert len(got) == 500


async def test_a_stall_holds_the_stream_until_it_is_released() -> None:
    stall = Stall()
    async with ModelSimulator(echo) as sim:
        sim.script([Reply("before", stall, " after")])
        posting = asyncio.create_task(post(sim, body(stream=True)))
        await stall.reached()
        assert sim.requests[0].first_byte
        assert not sim.requests[0].finished
        stall.release()
        texts = [
            event["delta"]["text"] for event in events_of((await posting).text) if "text" in event.get("delta", {})
        ]
    assert texts == ["before", " after"]


async def test_it_is_known_when_the_client_hung_up_early() -> None:
    stall = Stall()
    async with ModelSimulator(echo) as sim:
        sim.faults.next(stall)
        posting = asyncio.create_task(post(sim, body(stream=True)))
        await stall.reached()
        request = sim.requests[0]
        assert not request.first_byte
        posting.cancel()
        async with asyncio.timeout(5):
            assert await request.closed_early >= request.received_at
        assert not request.finished


async def test_each_request_tells_its_moments_in_order() -> None:
    seen: list[ModelRequest] = []
    async with ModelSimulator(fixed()) as sim:
        sim.on_finished = seen.append
        sim.faults.next(Delay(0.001))
        await post(sim, body(stream=True))
        request = await sim.wait_for_request()
        started, finished = await request.first_byte, await request.finished
    assert request.received_at <= started <= finished
    assert seen == [request]
    assert not request.closed_early


async def test_waiting_for_a_request_sees_those_that_came_and_those_to_come() -> None:
    async with ModelSimulator(fixed()) as sim, asyncio.timeout(5):
        waiting = asyncio.create_task(sim.wait_for_request(lambda request: request.last_user_text == "second"))
        await post(sim, body("first"))
        assert not waiting.done()
        await post(sim, body("second"))
        assert (await waiting) is sim.requests[1]
        assert (await sim.wait_for_request()) is sim.requests[0]
        assert (await sim.wait_for_request(after=1)) is sim.requests[1]


async def test_a_brain_that_fails_is_reported_and_not_retried() -> None:
    async def broken(_: ModelRequest) -> Reply:
        raise ValueError("nothing to say")

    async with ModelSimulator(broken) as sim:
        assert (await post(sim, body())).status_code == 400
        assert str(sim.brain_errors[0]) == "nothing to say"


async def test_stop_breaks_open_streams_and_start_takes_the_same_port_again() -> None:
    stall = Stall()
    sim = ModelSimulator(echo)
    await sim.start()
    url = sim.url
    sim.script([Reply("before", stall)])
    posting = asyncio.create_task(post(sim, body(stream=True)))
    await stall.reached()
    await sim.stop()
    with pytest.raises(httpx.HTTPError):
        await posting
    async with sim:
        assert sim.url == url
        assert (await post(sim, body())).status_code == 200


async def test_a_stop_on_idle_connections_returns() -> None:
    sim = ModelSimulator(echo)
    await sim.start()
    async with httpx.AsyncClient(base_url=sim.url, trust_env=False, verify=False) as client, asyncio.timeout(5):
        assert (await client.post("/v1/messages", json=body())).status_code == 200
        await sim.stop()


def request_of(*messages: dict[str, Any], **more: Any) -> ModelRequest:
    return ModelRequest({"messages": list(messages), **more}, {}, None, RequestKind.TURN, datetime.now(UTC), 0.0)


def user(*blocks: str | dict[str, Any]) -> dict[str, Any]:
    content = [{"type": "text", "text": block} if isinstance(block, str) else block for block in blocks]
    return {"role": "user", "content": content}


CONTEXT = "<jobs-context a='1'>\ntime: now\n</jobs-context>"
CALL = {"type": "tool_use", "id": "t1", "name": "Bash", "input": {"command": "ls"}}
RESULT = {"type": "tool_result", "tool_use_id": "t1", "content": [{"type": "text", "text": "a.txt"}], "is_error": True}


def test_context_blocks_are_kept_apart_from_what_the_user_said() -> None:
    request = request_of(user(CONTEXT, "first", "second"))
    assert request.last_user_text == "first\nsecond"
    assert request.context_text == CONTEXT
    assert request_of(user(f"{CONTEXT}\n\nsaid")).last_user_text == "said"


def test_reminders_of_the_cli_are_not_said_by_the_user() -> None:
    assert request_of(user("<system-reminder>\nx\n</system-reminder>\n", "said")).last_user_text == "said"


def test_tool_results_belong_to_the_current_turn_and_name_their_call() -> None:
    turn = [user(CONTEXT, "do it"), {"role": "assistant", "content": [CALL]}, user(RESULT)]
    request = request_of(*turn)
    assert request.last_user_text == "do it"
    assert request.context_text == CONTEXT
    [result] = request.tool_results
    assert (result.name, result.input, result.text, result.is_error) == ("Bash", {"command": "ls"}, "a.txt", True)
    later = request_of(*turn, {"role": "assistant", "content": "done"}, user("next"))
    assert later.tool_results == []
    assert later.last_reply == "done"
    assert later.history == [("user", "do it"), ("assistant", "done"), ("user", "next")]


@pytest.mark.parametrize("before", [("old text",), (RESULT,)])
def test_after_an_interrupt_only_the_new_text_counts(before: tuple[str | dict[str, Any], ...]) -> None:
    history = [user("do it"), {"role": "assistant", "content": [CALL]}]
    request = request_of(*history, user(*before, "[Request interrupted by user for tool use]\n", "new text"))
    assert request.last_user_text == "new text"
    assert request.tool_results == []


def test_a_turn_of_context_alone_has_no_text_of_an_older_one() -> None:
    request = request_of(user("old"), {"role": "assistant", "content": "done"}, user(CONTEXT))
    assert request.last_user_text == ""
    assert request.context_text == CONTEXT


async def test_the_command_prints_its_address_and_ends_on_a_signal(capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    running = asyncio.create_task(run(parser.parse_args(["--brain", "echo", "--api-key", "k"])))
    printed = ""
    async with asyncio.timeout(5):
        while "ANTHROPIC_BASE_URL=" not in printed:
            await asyncio.sleep(0)
            printed += capsys.readouterr().out
        url = printed.strip().partition("=")[2]
        async with httpx.AsyncClient(trust_env=False, verify=False) as client:
            answer = await client.post(f"{url}/v1/messages", json=body(), headers={"x-api-key": "k"})
        assert answer.json()["content"][0]["text"] == "ECHO: hello"
        os.kill(os.getpid(), signal.SIGTERM)
        assert await running == 0
