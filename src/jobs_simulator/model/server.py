"""The loopback Messages API: the real CLI is pointed at it by ANTHROPIC_BASE_URL."""

import asyncio
import hmac
import json
import logging
import secrets
import time
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Self, TypeAlias

from .delivery import Broken, Delivery
from .faults import Faults, Predicate
from .http import ClientGone, HttpRequest, HttpServer, Responder
from .parts import ApiError, Cut, Reply
from .request import ModelRequest, RequestKind
from .side import kind_of, side_reply
from .stream import input_tokens

logger = logging.getLogger(__name__)

Brain: TypeAlias = Callable[[ModelRequest], Awaitable[Reply]]

MODELS = ("claude-opus-4-8", "claude-sonnet-4-8", "claude-haiku-4-8")
MASK = "***"
NOT_FOUND = ApiError(404, message="no such path")
NO_KEY = ApiError(401, message="invalid x-api-key")
NOT_JSON = ApiError(400, message="the body is no JSON object with messages")


class ModelSimulator:
    """A Messages API on one address, with a brain behind it.

    Args:
        brain: answers each real turn; what the CLI asks on its own account never reaches it.
        host: the address to listen on.
        port: the TCP port; 0 takes a free one and keeps it over stop and start.
        api_key: the only key taken, as `x-api-key` or as a bearer token; None takes any.

    Attributes:
        requests: every request for a turn, oldest first, also those that were refused.
        side_requests: what the CLI asked on its own account.
        aside: answers Jobs' questions that belong to no conversation (NOTES, NIGHTLY); None: a plain answer of its own.
        faults: failures laid over the replies.
        brain_errors: what a brain raised; the client got a 400 for it, which it does not retry.
        on_request, on_finished: called with the request once it was received and once its last byte was written.
    """

    def __init__(self, brain: Brain, host: str = "127.0.0.1", port: int = 0, api_key: str | None = None) -> None:
        self.brain = brain
        self.requests: list[ModelRequest] = []
        self.side_requests: list[ModelRequest] = []
        self.brain_errors: list[Exception] = []
        self.aside: Brain | None = None
        self.faults = Faults()
        self.on_request: Callable[[ModelRequest], None] | None = None
        self.on_finished: Callable[[ModelRequest], None] | None = None
        self._api_key = api_key
        self._scripted: deque[Reply] = deque()
        self._waiters: list[tuple[Predicate, asyncio.Future[ModelRequest]]] = []
        self._http = HttpServer(self._handle, host, port)

    @property
    def url(self) -> str:
        """What ANTHROPIC_BASE_URL is set to."""
        return f"http://{self._http.host}:{self._http.port}"

    def set_clock(self, clock: Callable[[], datetime | None]) -> None:
        """What the Date of its responses says from now on (UTC); None: they have none."""
        self._http.clock = clock

    async def start(self) -> None:
        await self._http.start()

    async def stop(self) -> None:
        """Breaks every connection and stops listening; records and scripts stay for a later start."""
        await self._http.stop()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.stop()

    def script(self, replies: list[Reply]) -> None:
        """The next turns get these replies in order, after those scripted before; then the brain answers again."""
        self._scripted.extend(replies)

    async def wait_for_request(self, predicate: Predicate = lambda _: True, *, after: int = 0) -> ModelRequest:
        """The first request for a turn that satisfies the predicate, whether it has come already or is still to come.

        Args:
            after: how many of the oldest requests are left out, such as `len(sim.requests)` before the act.
        """
        for request in self.requests[after:]:
            if predicate(request):
                return request
        future: asyncio.Future[ModelRequest] = asyncio.get_running_loop().create_future()
        waiter = (predicate, future)
        self._waiters.append(waiter)
        try:
            return await future
        finally:
            self._waiters.remove(waiter)

    async def _handle(self, http: HttpRequest, responder: Responder) -> None:
        path = http.path.rstrip("/")
        if http.method == "POST" and path in ("/v1/messages", "/v1/messages/count_tokens"):
            await self._handle_messages(http, path, responder)
        elif http.method in ("GET", "HEAD") and path.startswith("/v1/models"):
            await responder.send_json(200, _models(path.removeprefix("/v1/models").strip("/")))
        elif http.method in ("GET", "HEAD") and path == "":
            await responder.send_json(200, {"status": "ok"})
        else:
            await _refuse(NOT_FOUND, responder)

    async def _handle_messages(self, http: HttpRequest, path: str, responder: Responder) -> None:
        body = _json_object(http.body)
        if body is None or not isinstance(body.get("messages"), list):
            await _refuse(NOT_JSON, responder)
            return
        request = self._record(http, kind_of(path, body), body)
        if self._api_key is not None and not hmac.compare_digest(
            (request.credential or "").encode(), self._api_key.encode()
        ):
            request.status = NO_KEY.status
            await _refuse(NO_KEY, responder)
        elif request.kind is RequestKind.COUNT_TOKENS:
            request.status = 200
            await responder.send_json(200, {"input_tokens": input_tokens(request)})
        else:
            await self._answer(request, responder)
        self._finished(request)

    def _finished(self, request: ModelRequest) -> None:
        request.finished.happened(time.monotonic())
        if self.on_finished is not None:
            self.on_finished(request)

    def _record(self, http: HttpRequest, kind: RequestKind, body: dict[str, Any]) -> ModelRequest:
        headers, credential = _take_credential(http.headers)
        request = ModelRequest(body, headers, credential, kind, datetime.now(UTC), time.monotonic())
        if kind is not RequestKind.TURN:
            self.side_requests.append(request)
            return request
        self.requests.append(request)
        if self.on_request is not None:
            self.on_request(request)
        for predicate, future in self._waiters:
            if not future.done() and predicate(request):
                future.set_result(request)
        return request

    async def _answer(self, request: ModelRequest, responder: Responder) -> None:
        """Sends the reply, watching all the while whether the client is still there."""
        sending = asyncio.create_task(self._send(request, responder))
        watching = asyncio.create_task(responder.gone.wait())
        try:
            await asyncio.wait((sending, watching), return_when=asyncio.FIRST_COMPLETED)
            if not sending.done():
                raise ClientGone
            sending.result()
        except Broken:
            responder.abort()
        except ClientGone:
            request.closed_early.happened(time.monotonic())
            raise
        finally:
            sending.cancel()
            watching.cancel()
            await asyncio.gather(sending, watching, return_exceptions=True)

    async def _send(self, request: ModelRequest, responder: Responder) -> None:
        if request.kind is RequestKind.TURN:
            reply = await self._reply_to(request)
        elif self.aside and request.kind in (RequestKind.NOTES, RequestKind.NIGHTLY):
            reply = await self.aside(request)
        else:
            reply = side_reply(request.kind, request.body)
        await Delivery(request, reply, responder, response_headers()).run()

    async def _reply_to(self, request: ModelRequest) -> Reply:
        fault = self.faults.take(request)
        if isinstance(fault, ApiError) or (isinstance(fault, Cut) and fault.after_bytes is None):
            return Reply(fault)  # the turn is not answered at all, so no reply is used up for it
        reply = await self._ask(request)
        return reply if fault is None else reply.before(fault)

    async def _ask(self, request: ModelRequest) -> Reply:
        if self._scripted:
            return self._scripted.popleft()
        try:
            return await self.brain(request)
        except Exception as error:
            logger.exception("the brain failed")
            self.brain_errors.append(error)
            return Reply(ApiError(400, message=f"the simulated model failed: {error!r}"))


def response_headers() -> dict[str, str]:
    """The headers that the API adds to every answer."""
    reset = (datetime.now(UTC) + timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    limits = {"requests": (4000, 3999), "tokens": (4000000, 3990000), "input-tokens": (2000000, 1990000)}
    headers = {"request-id": f"req_{secrets.token_hex(12)}"}
    for name, (limit, remaining) in limits.items():
        headers[f"anthropic-ratelimit-{name}-limit"] = str(limit)
        headers[f"anthropic-ratelimit-{name}-remaining"] = str(remaining)
        headers[f"anthropic-ratelimit-{name}-reset"] = reset
    return headers


async def _refuse(error: ApiError, responder: Responder) -> None:
    body = {"type": "error", "error": {"type": error.type_name, "message": error.message}}
    await responder.send_json(error.status, body, response_headers())


def _take_credential(headers: dict[str, str]) -> tuple[dict[str, str], str | None]:
    """The headers with keys masked, and the key or token itself."""
    authorization = headers.get("authorization", "")
    bearer = authorization[len("bearer ") :] if authorization.lower().startswith("bearer ") else None
    masked = {name: MASK if name in ("x-api-key", "authorization") else value for name, value in headers.items()}
    return masked, headers.get("x-api-key") or bearer


def _json_object(body: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(body)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _models(wanted: str) -> dict[str, Any]:
    created = "2026-01-01T00:00:00Z"
    entries = [{"type": "model", "id": name, "display_name": name, "created_at": created} for name in MODELS]
    if wanted:
        return {"type": "model", "id": wanted, "display_name": wanted, "created_at": created}
    return {"data": entries, "has_more": False, "first_id": MODELS[0], "last_id": MODELS[-1]}
