"""Forwards a session's request to the Messages API, and the answer back, as it comes.

Status, headers, errors, stalls and cuts pass through as they are; a client that goes away closes its request upstream
at once. Importing this loads aiohttp, so `Broker` does it for the first session.
"""

import asyncio
import contextlib
import json
import re
from io import BytesIO
from typing import Any

import aiohttp
import structlog
from aiohttp import web
from yarl import URL

from jobs.broker.budget import Bounded, Uncountable, bounded, unbounded
from jobs.broker.credential import NOT_PASSED_ON, Credential, Headers, token_in
from jobs.broker.ledger import Ledger, Used
from jobs.broker.meter import Meter
from jobs.broker.passes import Pass, Passes
from jobs.broker.prices import cost_of, input_tokens_of
from jobs.serving import END_SECONDS, KEEP_ALIVE_SECONDS

log = structlog.get_logger()

MESSAGES = "/v1/messages"
FREE = re.compile(r"/v1/messages/count_tokens|/v1/models(?:/\w[\w.:@-]*)?", re.ASCII)
"""What else a session may ask for. Nothing by which a path could lead elsewhere (`/v1/models/../messages`) is in it."""
LARGEST_BODY = 64 * 1024 * 1024
CONNECT_SECONDS = 30.0
UPSTREAM_IDLE_SECONDS = 60.0
"""How long a connection to the model's service is kept for the next call."""
ROOM_SECONDS = 90.0
"""How long a call waits for others' calls to end and leave it their share; the CLI waits 120 s for the first byte."""


OWN_HEADERS = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")
"""What aiohttp would say of itself where a session has said nothing."""


class Forwarder:
    """Takes sessions' requests, within what `passes` allow, and adds the credential."""

    def __init__(
        self,
        base_url: str,
        credential: Credential | None,
        proxy: str | None,
        passes: Passes,
        ledger: Ledger,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._credential = credential
        self._passes = passes
        self._ledger = ledger
        self._under_way = 0
        self._room = asyncio.Condition()
        self._proxy = proxy
        self._client: aiohttp.ClientSession | None = None

    def runner(self) -> web.BaseRunner:
        """What serves it. May be called in any thread."""
        return _Runner(self)

    def open(self) -> None:
        """On the event loop, before the first request."""
        self._client = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=UPSTREAM_IDLE_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),  # a stall is the client's to judge
            auto_decompress=False,
            skip_auto_headers=OWN_HEADERS,
        )

    async def close(self) -> None:
        if self._client:
            await self._client.close()

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request; it is cancelled when its session hangs up."""
        try:
            return await self._answer(request)
        except aiohttp.ClientHttpProxyError as error:
            return _refused(error.status, "api_error", "The proxy refuses to connect.")
        except (aiohttp.ClientError, OSError) as error:
            if request.transport is None or request.transport.is_closing():
                raise ConnectionResetError from None  # it is the session that has gone
            log.warning("the model's answer broke off", error=_name(error))
            request.transport.close()
            return web.Response()  # to nobody

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        content = await _body(request)
        headers = [(name.lower(), value) for name, value in request.raw_headers]
        given = self._passes.find(token_in(headers))
        if given is None or self._credential is None:
            return _refused(401, "authentication_error", "This address takes only the token of an open session.")
        if content is None:
            return _refused(413, "request_too_large", "The request is larger than 64 MB.")
        path = request.raw_path.partition("?")[0]
        if request.method == "POST" and path == MESSAGES:
            return await self._call(given, request, headers, content)
        if FREE.fullmatch(path):
            return await self._pass_on(request, self._credential.put_in(headers), content, None)
        return _refused(404, "not_found_error", "Sessions of Jobs may not use this part of the API.")

    async def _call(
        self, given: Pass, request: web.BaseRequest, headers: Headers, content: bytes
    ) -> web.StreamResponse:
        """One call of the model, within the budget of whose session it is."""
        try:
            allowed = await self._within_budget(given, content)
        except Uncountable:
            log.warning("a call was refused: what it costs cannot be counted", lane=given.lane, turn=given.turn_id)
            return _refused(400, "invalid_request_error", "What this request costs cannot be counted beforehand.")
        if allowed is None:
            given.refused = True
            log.warning("a call was refused: it could have gone over the budget", lane=given.lane, turn=given.turn_id)
            return _refused(400, "invalid_request_error", "The budget of this session is used up.")
        assert self._credential is not None
        call = self._ledger.begin(given.lane, given.turn_id, allowed.most_usd)
        meter = Meter()
        self._under_way += 1
        used = Used()
        try:
            answer = await self._pass_on(request, self._credential.put_in(headers), allowed.content, meter)
            used = _used(meter)
            return answer
        except asyncio.CancelledError:  # the session hung up: what was sent is paid for
            used = _used(meter) if meter.usage else Used(usd=allowed.input_usd)
            raise
        except BaseException:
            used = _used(meter)
            raise
        finally:
            self._under_way -= 1
            self._ledger.end(call, used)
            async with self._room:
                self._room.notify_all()

    async def _within_budget(self, given: Pass, content: bytes) -> Bounded | None:
        """The request as it may be sent; None when it may not. Waits while calls under way hold what it needs.

        Raises Uncountable.
        """
        left = given.budget()
        if left is None:
            return unbounded(content)  # not read: the owner's conversations are long
        body = _object(content)
        if (request := bounded(body, content, left)) or not self._under_way:
            return request
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ROOM_SECONDS), self._room:
                while (request := bounded(body, content, given.budget() or 0.0)) is None and self._under_way:
                    await self._room.wait()
                return request
        return None

    async def _pass_on(
        self, request: web.BaseRequest, headers: Headers, content: bytes, meter: Meter | None
    ) -> web.StreamResponse:
        """Send it on, and the answer back. `meter` hears what passes."""
        assert self._client is not None
        sent = self._client.request(
            request.method,
            URL(self._base_url + request.raw_path, encoded=True),
            headers=_texts(headers),
            data=BytesIO(content) if content else None,  # bytes would be taken for a mistake where they are many
            proxy=self._proxy,
            allow_redirects=False,
        )
        async with sent as response:
            passed = [(name, value) for name, value in response.raw_headers if name.lower() not in NOT_PASSED_ON]
            answer = web.StreamResponse(status=response.status, headers=_texts(passed))
            await answer.prepare(request)
            if meter:
                meter.begin(response.status, response.headers.get("content-type", ""))
            async for data in response.content.iter_any():
                await answer.write(data)
                if meter:
                    meter.feed(data)
            await answer.write_eof()
            return answer


class _Runner(web.BaseRunner):
    """Serves a forwarder, and no more."""

    def __init__(self, forwarder: Forwarder) -> None:
        super().__init__(shutdown_timeout=END_SECONDS)
        self._forwarder = forwarder

    async def _make_server(self) -> web.Server:
        self._forwarder.open()
        return web.Server(
            self._forwarder.handle,
            handler_cancellation=True,
            access_log=None,
            auto_decompress=False,
            keepalive_timeout=KEEP_ALIVE_SECONDS,
        )

    async def shutdown(self) -> None:
        pass

    async def _cleanup_server(self) -> None:
        await self._forwarder.close()


def _used(meter: Meter) -> Used:
    usage = meter.finish()
    output = usage.get("output_tokens")
    tokens = output if isinstance(output, int) else 0
    return Used(meter.model, input_tokens_of(usage), tokens, cost_of(meter.model, usage))


async def _body(request: web.BaseRequest) -> bytes | None:
    """The whole body; None when it is too large, which is then not kept."""
    parts: list[bytes] = []
    size = 0
    async for part in request.content.iter_any():
        size += len(part)
        if size <= LARGEST_BODY:
            parts.append(part)
    return b"".join(parts) if size <= LARGEST_BODY else None


def _refused(status: int, kind: str, sentence: str) -> web.Response:
    """An error in the API's own form."""
    return web.json_response({"type": "error", "error": {"type": kind, "message": sentence}}, status=status)


def _texts(headers: Headers) -> list[tuple[str, str]]:
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]


def _object(content: bytes) -> dict[str, Any]:
    """The body of a request. Raises Uncountable where it is no JSON object."""
    try:
        value = json.loads(content)
    except ValueError:
        raise Uncountable from None
    if not isinstance(value, dict):
        raise Uncountable
    return value


def _name(error: BaseException) -> str:
    """What happened, without an address or a header in it."""
    cause = f": {error.os_error.strerror}" if isinstance(error, aiohttp.ClientConnectorError) else ""
    return f"{type(error).__name__}{cause}"
