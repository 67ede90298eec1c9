"""Sending one reply over one connection, with its delays, stalls, cuts and errors at their places."""

import asyncio
import time
from collections.abc import Mapping

from .http import Responder
from .parts import ApiError, Cut, Delay, Reply, Stall, Text
from .request import ModelRequest
from .stream import block_events, closing, opening, sse, whole_message


class Broken(Exception):
    """The reply says that the connection breaks here."""


class Delivery:
    """The way of one reply to the client.

    Args:
        request: what is answered; the moments of the response are marked on it.
        reply: the parts.
        responder: where the bytes go.
        headers: headers of the response beside the content type.
    """

    def __init__(self, request: ModelRequest, reply: Reply, responder: Responder, headers: Mapping[str, str]) -> None:
        self._request = request
        self._reply = reply
        self._responder = responder
        self._headers = headers
        self._index = 0
        self._sent = 0
        self._limit = min(
            (p.after_bytes for p in reply if isinstance(p, Cut) and p.after_bytes is not None), default=None
        )

    async def run(self) -> None:
        """Sends the whole reply. Raises `Broken` at a cut, `ClientGone` when nobody is there."""
        if not self._request.stream:
            await self._send_plain()
            return
        for part in self._reply:
            if isinstance(part, Cut):
                if part.after_bytes is None:
                    raise Broken
            elif isinstance(part, Delay):
                await asyncio.sleep(part.seconds)
            elif isinstance(part, Stall):
                await part.hold()
            elif isinstance(part, ApiError):
                await self._fail(part)
                return
            else:
                await self._begin()
                delay = part.delay if isinstance(part, Text) else 0.0
                await self._send_block(list(block_events(self._index, part)), delay)
                self._index += 1
        await self._begin()
        await self._write(closing(self._request, self._reply))
        if self._limit is not None:
            raise Broken  # the reply was shorter than the place of the cut: it breaks before the end is told
        await self._responder.finish()

    async def _send_block(self, events: list[bytes], delay: float) -> None:
        if not delay:
            await self._write(b"".join(events))
            return
        for number, event in enumerate(events):
            if 1 < number < len(events) - 1:
                await asyncio.sleep(delay)
            await self._write(event)

    async def _begin(self) -> None:
        if self._responder.started:
            return
        self._started(200)
        content = {"content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache"}
        await self._responder.start(200, {**content, **self._headers})
        await self._write(opening(self._request, self._reply))

    async def _fail(self, error: ApiError) -> None:
        body = {"error": {"type": error.type_name, "message": error.message}}
        if self._responder.started:
            await self._write(sse("error", body))
            await self._responder.finish()
            return
        self._started(error.status)
        await self._responder.send_json(error.status, {"type": "error", **body}, {**self._headers, **error.headers})

    async def _send_plain(self) -> None:
        """The reply without a stream: waits first, then either the first error or the whole message."""
        for part in self._reply:
            if isinstance(part, Cut):
                raise Broken
            if isinstance(part, Delay):
                await asyncio.sleep(part.seconds)
            elif isinstance(part, Stall):
                await part.hold()
            elif isinstance(part, ApiError):
                await self._fail(part)
                return
        self._started(200)
        await self._responder.send_json(200, whole_message(self._request, self._reply), self._headers)

    def _started(self, status: int) -> None:
        self._request.status = status
        self._request.first_byte.happened(time.monotonic())

    async def _write(self, data: bytes) -> None:
        """Sends bytes of the body, as far as a cut lets them through."""
        if self._limit is not None and self._sent + len(data) >= self._limit:
            await self._responder.send(data[: self._limit - self._sent])
            raise Broken
        self._sent += len(data)
        await self._responder.send(data)
