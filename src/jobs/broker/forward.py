"""Forwards a session's request to the Messages API, and the answer back, as it comes.

Status, headers, errors, stalls and cuts pass through as they are; a client that goes away closes its request upstream
at once. Importing this loads httpx2, so `Broker` does it when the server starts.
"""

import asyncio
import contextlib
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import httpx2
import structlog

from jobs.broker.budget import Bounded, bounded, unbounded
from jobs.broker.credential import NOT_PASSED_ON, Credential, token_in
from jobs.broker.ledger import Ledger, Used
from jobs.broker.meter import Meter
from jobs.broker.passes import Pass, Passes
from jobs.broker.prices import cost_of, input_tokens_of
from jobs.config import Proxy
from jobs.serving import Message, Receive, Send

log = structlog.get_logger()

MESSAGES = "/v1/messages"
FREE = ("/v1/messages/count_tokens", "/v1/models")
"""What else a session may ask for; the last with anything below it."""
LARGEST_BODY = 64 * 1024 * 1024
CONNECT_SECONDS = 30.0
ROOM_SECONDS = 90.0
"""How long a call waits for others' calls to end and leave it their share; the CLI waits 120 s for the first byte."""


class ClientGone(Exception):
    """The session hung up before its answer was complete."""


class Forwarder:
    """An ASGI application. `cut` breaks the connection of a request, by its scope."""

    def __init__(
        self,
        base_url: str,
        credential: Credential | None,
        proxy: Proxy | None,
        unproxied: list[str],
        passes: Passes,
        ledger: Ledger,
        cut: Callable[[Message], None],
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._credential = credential
        self._passes = passes
        self._ledger = ledger
        self._cut = cut
        self._under_way = 0
        self._room = asyncio.Condition()
        direct = proxy is None or proxy.is_socks or urlsplit(base_url).hostname in unproxied
        self._client = httpx2.AsyncClient(
            proxy=None if direct or proxy is None else proxy.url,
            timeout=httpx2.Timeout(None, connect=CONNECT_SECONDS),  # a stall is the client's to judge
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=20, keepalive_expiry=60),
            trust_env=False,
            follow_redirects=False,
        )

    async def close(self) -> None:
        await self._client.aclose()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        try:
            content = await _body(receive)
        except ClientGone:
            return
        answering = asyncio.create_task(self._answer(scope, content, send))
        leaving = asyncio.create_task(_gone(receive))
        try:
            await asyncio.wait((answering, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (answering, leaving):
                task.cancel()
            await asyncio.gather(answering, leaving, return_exceptions=True)
        if not answering.cancelled() and (error := answering.exception()):
            log.warning("the model's answer broke off", error=_name(error))
            self._cut(scope)
            await _gone(receive)

    async def _answer(self, scope: Message, content: bytes | None, send: Send) -> None:
        headers = [(name.lower(), value) for name, value in scope["headers"]]
        given = self._passes.find(token_in(headers))
        path = str(scope["path"])
        if given is None or self._credential is None:
            await _refuse(send, 401, "authentication_error", "This address takes only the token of an open session.")
        elif content is None:
            await _refuse(send, 413, "request_too_large", "The request is larger than 64 MB.")
        elif scope["method"] == "POST" and path == MESSAGES:
            await self._call(given, scope, headers, content, send)
        elif path == FREE[0] or path == FREE[1] or path.startswith(f"{FREE[1]}/"):
            await self._pass_on(scope, self._credential.put_in(headers), content, send, None)
        else:
            await _refuse(send, 404, "not_found_error", "Sessions of Jobs may not use this part of the API.")

    async def _call(
        self, given: Pass, scope: Message, headers: list[tuple[bytes, bytes]], content: bytes, send: Send
    ) -> None:
        """One call of the model, within the budget of whose session it is."""
        request = await self._within_budget(given, content)
        if request is None:
            given.refused = True
            log.warning("a call was refused: it could have gone over the budget", lane=given.lane, turn=given.turn_id)
            await _refuse(send, 400, "invalid_request_error", "The budget of this session is used up.")
            return
        assert self._credential is not None
        call = self._ledger.begin(given.lane, given.turn_id, request.most_usd)
        meter = Meter()
        self._under_way += 1
        used = Used()
        try:
            await self._pass_on(scope, self._credential.put_in(headers), request.content, send, meter)
            used = _used(meter)
        except asyncio.CancelledError:  # the session hung up: what was sent is paid for
            used = _used(meter) if meter.usage else Used(usd=request.input_usd)
            raise
        except BaseException:
            used = _used(meter)
            raise
        finally:
            self._ledger.end(call, used)
            self._under_way -= 1
            async with self._room:
                self._room.notify_all()

    async def _within_budget(self, given: Pass, content: bytes) -> Bounded | None:
        """The request as it may be sent; None when it may not. Waits while calls under way hold what it needs."""
        left = given.budget()
        if left is None:
            return unbounded(content)  # not read: the owner's conversations are long
        body = _object(content)
        if body is None:
            return None
        if (request := bounded(body, content, left)) or not self._under_way:
            return request
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ROOM_SECONDS), self._room:
                while (request := bounded(body, content, given.budget() or 0.0)) is None and self._under_way:
                    await self._room.wait()
                return request
        return None

    async def _pass_on(
        self,
        scope: Message,
        headers: list[tuple[bytes, bytes]],
        content: bytes,
        send: Send,
        meter: Meter | None,
    ) -> None:
        """Send it on, and the answer back. `meter` hears what passes."""
        query = scope["query_string"].decode("latin-1")
        url = f"{self._base_url}{scope['path']}" + (f"?{query}" if query else "")
        request = self._client.build_request(scope["method"], url, headers=headers, content=content)
        response = await self._client.send(request, stream=True)
        try:
            passed = [(name, value) for name, value in response.headers.raw if name.lower() not in NOT_PASSED_ON]
            await send({"type": "http.response.start", "status": response.status_code, "headers": passed})
            if meter:
                meter.begin(response.status_code, response.headers.get("content-type", ""))
            async for data in response.aiter_raw():
                await send({"type": "http.response.body", "body": data, "more_body": True})
                if meter:
                    meter.feed(data)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            await response.aclose()


def _used(meter: Meter) -> Used:
    usage = meter.finish()
    output = usage.get("output_tokens")
    tokens = output if isinstance(output, int) else 0
    return Used(meter.model, input_tokens_of(usage), tokens, cost_of(meter.model, usage))


async def _body(receive: Receive) -> bytes | None:
    """The whole body; None when it is too large, which is then not kept. Raises ClientGone."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        size += len(message.get("body", b""))
        if size <= LARGEST_BODY:
            parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts) if size <= LARGEST_BODY else None


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _refuse(send: Send, status: int, kind: str, sentence: str) -> None:
    """An error in the API's own form."""
    content = json.dumps({"type": "error", "error": {"type": kind, "message": sentence}}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content, "more_body": False})


def _object(content: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(content)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _name(error: BaseException) -> str:
    """What happened, without an address or a header in it."""
    cause = f": {error}" if isinstance(error, httpx2.ProxyError | httpx2.ConnectError) else ""
    return f"{type(error).__name__}{cause}"
