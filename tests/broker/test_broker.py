"""The broker between a client and the loopback Messages API: what passes, what is refused, and what is held back."""

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.support import DUMMY_KEY, MASHA, OWNER, Spine, settings

from jobs.broker import Broker, Ledger, Pass
from jobs_simulator.model import ApiError, Brain, Cut, ModelSimulator, Reply, Stall, Text, fixed

MODEL = "claude-opus-4-8"


class Desk:
    """A broker before a loopback model, and a client with the pass of one session."""

    def __init__(self, spine: Spine, model: ModelSimulator, broker: Broker) -> None:
        self.spine, self.model, self.broker = spine, model, broker
        self.left: float | None = None

    def issue(self, lane: int = MASHA) -> Pass:
        return self.broker.issue(lane, "external", lambda: self.left, may_browse=False)

    def client(self, given: Pass) -> httpx.AsyncClient:
        url = self.broker.environment(given)["ANTHROPIC_BASE_URL"]
        return httpx.AsyncClient(base_url=url, headers={"x-api-key": given.token}, trust_env=False, timeout=20)

    def calls(self) -> list[dict[str, Any]]:
        return self.spine.db.execute("SELECT * FROM model_calls ORDER BY id")


@asynccontextmanager
async def desk(spine: Spine, folder: Path, brain: Brain | None = None, **changes: Any) -> AsyncIterator[Desk]:
    async with ModelSimulator(brain or fixed("hello")) as model:
        broker = Broker(settings(folder, **{"anthropic_base_url": model.url, **changes}), Ledger(spine.db))
        broker.start()
        try:
            yield Desk(spine, model, broker)
        finally:
            await broker.stop()


def body(stream: bool = True, **more: Any) -> dict[str, Any]:
    message = {"role": "user", "content": "hi"}
    return {"model": MODEL, "max_tokens": 1000, "stream": stream, "messages": [message], **more}


async def test_the_model_gets_the_real_key_and_the_session_the_answer(spine: Spine, tmp_path: Path) -> None:
    async with desk(spine, tmp_path) as at, at.client(at.issue()) as client:
        answer = await client.post("/v1/messages?beta=true", json=body(), headers={"anthropic-beta": "one"})
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["request-id"].startswith("req_")
        assert "hello" in answer.text
        assert (await client.get("/v1/models")).json()["data"]
        (request,) = at.model.requests
        assert request.credential == DUMMY_KEY
        assert request.headers["anthropic-beta"] == "one"
        (call,) = at.calls()
        assert (call["lane"], call["model"], call["reserved_usd"]) == (MASHA, MODEL, 0)
        assert call["cost_usd"] > 0


async def test_an_oauth_token_goes_as_a_bearer_with_its_beta_header(spine: Spine, tmp_path: Path) -> None:
    oauth = {"anthropic_api_key": None, "claude_code_oauth_token": "oauth-real"}
    async with desk(spine, tmp_path, **oauth) as at:
        given = at.issue()
        assert at.broker.environment(given)["CLAUDE_CODE_OAUTH_TOKEN"] == given.token
        async with at.client(given) as client:
            del client.headers["x-api-key"]
            bearer = {"authorization": f"Bearer {given.token}"}
            assert (await client.post("/v1/messages", json=body(), headers=bearer)).status_code == 200
        (request,) = at.model.requests
        assert request.credential == "oauth-real"
        assert "x-api-key" not in request.headers
        assert "oauth-2025-04-20" in request.headers["anthropic-beta"]


async def test_only_the_token_of_an_open_session_is_taken_and_only_for_messages(spine: Spine, tmp_path: Path) -> None:
    async with desk(spine, tmp_path) as at:
        given = at.issue()
        async with at.client(given) as client:
            elsewhere = ("/v1/models/../files", "/v1/models/%2e%2e/messages", "/v1/models/x/%2e%2e/%2e%2e/messages")
            for path in ("/v1/messages/batches", "/v1/files", "/api/oauth/profile", "/", *elsewhere):
                assert (await client.post(path, json=body())).status_code == 404, path
            at.broker.end(given)
            for token in (given.token, DUMMY_KEY, "", "x"):
                answer = await client.post("/v1/messages", json=body(), headers={"x-api-key": token})
                assert answer.status_code == 401
                assert answer.json()["error"]["type"] == "authentication_error"
        assert at.model.requests == []


@pytest.mark.parametrize("status", [400, 401, 429, 500, 529])
async def test_errors_pass_with_their_headers(spine: Spine, tmp_path: Path, status: int) -> None:
    async with desk(spine, tmp_path) as at, at.client(at.issue()) as client:
        at.model.script([Reply(ApiError(status, message="of the service", headers={"retry-after": "7"}))])
        answer = await client.post("/v1/messages", json=body())
        assert (answer.status_code, answer.headers["retry-after"]) == (status, "7")
        assert answer.json()["error"]["message"] == "of the service"
        assert [call["cost_usd"] for call in at.calls()] == [0]


async def test_the_answer_streams_as_it_comes_and_a_stall_is_a_stall(spine: Spine, tmp_path: Path) -> None:
    stall = Stall()
    async with desk(spine, tmp_path) as at, at.client(at.issue()) as client:
        at.model.script([Reply("before", stall, "after")])
        async with client.stream("POST", "/v1/messages", json=body()) as answer:
            heard = ""
            pieces = answer.aiter_text()
            while "before" not in heard:
                heard += await anext(pieces)
            await stall.reached()
            assert "after" not in heard
            stall.release()
            assert "after" in "".join([piece async for piece in pieces])


@pytest.mark.parametrize("where", [None, 300])
async def test_a_cut_is_a_cut(
    spine: Spine, tmp_path: Path, caplog: pytest.LogCaptureFixture, where: int | None
) -> None:
    async with desk(spine, tmp_path) as at, at.client(at.issue()) as client:
        at.model.script([Reply(Text("x" * 2000), Cut(where))])
        with pytest.raises(httpx.RemoteProtocolError):
            await client.post("/v1/messages", json=body())
        assert [call["reserved_usd"] for call in at.calls()] == [0]
        assert not caplog.records, "nothing of uvicorn's, and no traceback"
        assert (await client.post("/v1/messages", json=body())).status_code == 200


async def test_a_service_that_is_not_there_is_a_broken_connection(spine: Spine, tmp_path: Path) -> None:
    async with desk(spine, tmp_path) as at, at.client(at.issue()) as client:
        await at.model.stop()
        with pytest.raises(httpx.RemoteProtocolError):
            await client.post("/v1/messages", json=body())
        await at.model.start()
        assert (await client.post("/v1/messages", json=body())).status_code == 200


@pytest.mark.parametrize("begun", [True, False])
async def test_when_the_session_hangs_up_its_request_is_closed_upstream(
    spine: Spine, tmp_path: Path, begun: bool
) -> None:
    stall = Stall()
    async with desk(spine, tmp_path) as at, at.client(at.issue()) as client:
        at.model.script([Reply("before", stall) if begun else Reply(stall)])
        asking = asyncio.create_task(client.post("/v1/messages", json=body()))
        await stall.reached()
        asking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asking
        async with asyncio.timeout(2):
            await at.model.requests[0].closed_early
        await at.broker.stop()
        assert at.calls()[0]["reserved_usd"] == 0
        assert at.calls()[0]["cost_usd"] > 0, "what was sent is paid for"


async def test_over_the_budget_nothing_is_sent(spine: Spine, tmp_path: Path) -> None:
    async with desk(spine, tmp_path) as at:
        given = at.issue()
        async with at.client(given) as client:
            at.left = 0.001
            answer = await client.post("/v1/messages", json=body())
            assert (answer.status_code, given.refused) == (400, True)
            assert (at.model.requests, at.calls()) == ([], [])
            at.left = 0.05
            assert (await client.post("/v1/messages", json=body(max_tokens=32000))).status_code == 200
            assert 1000 < at.model.requests[0].body["max_tokens"] < 2000


@pytest.mark.parametrize("asked", [body(mcp_servers=[{"type": "url", "url": "https://x.example"}]), ["no object"]])
async def test_a_request_whose_cost_cannot_be_counted_is_no_used_up_budget(
    spine: Spine, tmp_path: Path, asked: Any
) -> None:
    async with desk(spine, tmp_path) as at:
        given = at.issue()
        async with at.client(given) as client:
            at.left = 1000.0
            answer = await client.post("/v1/messages", json=asked)
        assert (answer.status_code, given.refused, at.model.requests) == (400, False, [])
        assert "cannot be counted" in answer.text


async def test_a_call_waits_for_those_under_way_that_hold_its_money(spine: Spine, tmp_path: Path) -> None:
    stall = Stall()
    async with desk(spine, tmp_path) as at, at.client(at.issue()) as client:
        at.left = 1.0
        at.model.script([Reply(stall, "slow"), Reply("quick")])
        slow = asyncio.create_task(client.post("/v1/messages", json=body()))
        await stall.reached()
        at.left = 0.0
        waiting = asyncio.create_task(client.post("/v1/messages", json=body()))
        done, _ = await asyncio.wait({waiting}, timeout=0.2)
        assert not done
        at.left = 1.0  # what the slow call had reserved and did not use
        stall.release()
        assert (await slow).status_code == 200
        assert "quick" in (await waiting).text


# ------------------------------------------------------------------- the proxy


@asynccontextmanager
async def real_proxy(answer: Callable[[bytes], bytes]) -> AsyncIterator[tuple[int, list[bytes]]]:
    """An HTTP proxy that keeps the head of each request and answers with `answer`."""
    heads: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(head := await reader.readuntil(b"\r\n\r\n"))
        writer.write(answer(head))
        if head.startswith(b"CONNECT"):
            while data := await reader.read(1000):
                writer.write(data[::-1])
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], heads
    finally:
        server.close()


async def test_the_owners_tools_reach_the_proxy_without_its_password(spine: Spine, tmp_path: Path) -> None:
    def answer(head: bytes) -> bytes:
        return (
            b"HTTP/1.1 200 OK\r\n\r\n"
            if head.startswith(b"CONNECT")
            else b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
        )

    async with real_proxy(answer) as (port, heads):
        broker = Broker(settings(tmp_path, HTTP_PROXY=f"http://me:p%40ss@127.0.0.1:{port}"), Ledger(spine.db))
        broker.start()
        try:
            given = broker.issue(OWNER, "owner", lambda: None, may_browse=True)
            url = broker.environment(given)["HTTPS_PROXY"]
            assert "ss@" not in url.replace(given.token, "")
            async with httpx.AsyncClient(proxy=url, trust_env=False) as client:
                assert (await client.get("http://some.where/page")).text == "ok"
            real = base64.b64encode(b"me:p@ss")
            assert b"proxy-authorization: basic " + real.lower() in heads[0].lower()
            assert given.token.encode() not in heads[0]
            where = url.rpartition("@")[2]
            pair = base64.b64encode(f"jobs:{given.token}".encode()).decode()
            head = f"CONNECT some.where:443 HTTP/1.1\r\nProxy-Authorization: Basic {pair}\r\n\r\n"
            reader, writer = await asyncio.open_connection(*where.split(":"))
            writer.write(head.encode())
            assert b" 200 " in await reader.readuntil(b"\r\n\r\n")
            writer.write(b"abc")
            assert await reader.readexactly(3) == b"cba"
            writer.close()
            stranger = broker.issue(MASHA, "external", lambda: None, may_browse=False)
            assert "HTTP_PROXY" not in broker.environment(stranger)
            for token in (stranger.token, "wrong"):
                async with httpx.AsyncClient(proxy=f"http://jobs:{token}@{where}", trust_env=False) as client:
                    assert (await client.get("http://some.where/")).status_code == 407
            assert len(heads) == 2
        finally:
            await broker.stop()
