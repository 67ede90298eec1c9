"""As much of HTTP/1.1 as a loopback API needs, with the two things that a server framework hides.

Those are the moment the last byte was written and the moment the client hung up, also in the middle of a response.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlsplit

LONGEST_LINE = 64 * 1024
LARGEST_BODY = 64 * 1024 * 1024
_PHRASES = {int(status): status.phrase for status in HTTPStatus}


class BadRequest(Exception):
    """The bytes on the connection are no HTTP request that this server reads."""


class ClientGone(Exception):
    """The client hung up before its response was complete."""


@dataclass(frozen=True)
class HttpRequest:
    """One request: header names are lower case, the body is complete."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes = field(repr=False)


class _Stream(asyncio.StreamReaderProtocol):
    """A stream protocol that tells when the other side is gone, without reading a byte of the next request."""

    def __init__(self, reader: asyncio.StreamReader, handler: Callable[..., Awaitable[None]]) -> None:
        super().__init__(reader, handler, loop=asyncio.get_running_loop())
        self.gone = asyncio.Event()

    def eof_received(self) -> bool | None:
        self.gone.set()
        return super().eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self.gone.set()
        super().connection_lost(exc)


class Responder:
    """Writes the response to one request. Nothing is sent before `start` or `send_json`."""

    def __init__(
        self, writer: asyncio.StreamWriter, gone: asyncio.Event, head_only: bool, date: datetime | None
    ) -> None:
        self._writer = writer
        self._head_only = head_only
        self._date = {"date": format_datetime(date, usegmt=True)} if date else {}
        self.gone = gone
        self.started = False
        self.aborted = False

    async def send_json(self, status: int, body: Any, headers: Mapping[str, str] | None = None) -> None:
        """A whole response with a JSON body."""
        content = json.dumps(body, ensure_ascii=False).encode()
        self._head(status, {"content-type": "application/json", "content-length": str(len(content)), **(headers or {})})
        await self._write(b"" if self._head_only else content)

    async def start(self, status: int, headers: Mapping[str, str]) -> None:
        """The head of a streamed response; its body follows by `send`, its end by `finish`."""
        self._head(status, {**headers, "transfer-encoding": "chunked"})
        await self._write(b"")

    async def send(self, data: bytes) -> None:
        """One piece of a streamed body. Raises `ClientGone` when nobody is there to read it."""
        if data:
            await self._write(b"%x\r\n%b\r\n" % (len(data), data))

    async def finish(self) -> None:
        """The end of a streamed body."""
        await self._write(b"0\r\n\r\n")

    def abort(self) -> None:
        """Breaks the connection at once; what was sent before is still delivered."""
        self.aborted = True
        self._writer.close()

    def _head(self, status: int, headers: Mapping[str, str]) -> None:
        self.started = True
        phrase = _PHRASES.get(status, "Simulated")
        lines = [
            f"HTTP/1.1 {status} {phrase}",
            *(f"{name}: {value}" for name, value in {**self._date, **headers}.items()),
        ]
        self._writer.write("\r\n".join([*lines, "", ""]).encode("latin-1"))

    async def _write(self, data: bytes) -> None:
        if self.gone.is_set():
            raise ClientGone
        self._writer.write(data)
        try:
            await self._writer.drain()
        except ConnectionError:
            raise ClientGone from None


Handler = Callable[[HttpRequest, Responder], Awaitable[None]]


class HttpServer:
    """Listens on one address and hands every request to the handler, connections side by side.

    Args:
        handler: called for each request; it writes the response to the `Responder`.
        host: the address to listen on.
        port: the TCP port; 0 takes a free one, which `port` then says and a later start takes again.

    Attributes:
        clock: what the Date of each response says (UTC); None: it has none.
    """

    def __init__(self, handler: Handler, host: str, port: int) -> None:
        self._handler = handler
        self.clock: Callable[[], datetime | None] = lambda: datetime.now(UTC)
        self.host = host
        self.port = port
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        self._server = await asyncio.get_running_loop().create_server(self._protocol, self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stops listening and breaks every connection; returns when no task is left."""
        if self._server is None:
            return
        self._server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        await self._server.wait_closed()
        self._server = None

    def _protocol(self) -> _Stream:
        reader = asyncio.StreamReader(limit=LONGEST_LINE, loop=asyncio.get_running_loop())

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            self._connections.add(task)
            task.add_done_callback(self._connections.discard)
            await self._serve(reader, writer, protocol.gone)

        protocol = _Stream(reader, connected)
        return protocol

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, gone: asyncio.Event) -> None:
        try:
            while (request := await read_request(reader, writer)) is not None:
                responder = Responder(writer, gone, request.method == "HEAD", self.clock())
                await self._handler(request, responder)
                if responder.aborted or request.headers.get("connection", "").lower() == "close":
                    break
        except (BadRequest, ClientGone, ConnectionError, asyncio.IncompleteReadError):
            return  # nobody left to answer, or nothing that can be answered: closing is all there is to do
        except asyncio.CancelledError:
            writer.transport.abort()  # the server stops: the client sees a broken connection, as with a killed process
        finally:
            writer.close()


async def read_request(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> HttpRequest | None:
    """Reads one request, or None when the client closed the connection between two requests.

    Raises:
        BadRequest: the bytes make no sense, or the body is larger than this server takes.
    """
    try:
        line = await reader.readline()
        if not line:
            return None
        method, target, _version = line.decode("latin-1").split()
        headers: dict[str, str] = {}
        while (line := await reader.readline()) not in (b"\r\n", b"\n"):
            name, separator, value = line.decode("latin-1").partition(":")
            if not separator:
                raise BadRequest("a header line without a colon")
            headers[name.strip().lower()] = value.strip()
    except ValueError as error:
        raise BadRequest(str(error)) from error
    if headers.get("expect", "").lower() == "100-continue":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    parts = urlsplit(target)
    body = await _read_body(reader, headers)
    return HttpRequest(method.upper(), parts.path, parse_qs(parts.query, keep_blank_values=True), headers, body)


async def _read_body(reader: asyncio.StreamReader, headers: Mapping[str, str]) -> bytes:
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return await _read_chunks(reader)
    try:
        length = int(headers.get("content-length", "0"))
    except ValueError as error:
        raise BadRequest("content-length is no number") from error
    if not 0 <= length <= LARGEST_BODY:
        raise BadRequest("the body is too large")
    return await reader.readexactly(length)


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    body = bytearray()
    while True:
        try:
            size = int((await reader.readline()).split(b";")[0], 16)
        except ValueError as error:
            raise BadRequest("a chunk without a size") from error
        if size < 0 or len(body) + size > LARGEST_BODY:
            raise BadRequest("the body is too large")
        body += await reader.readexactly(size)
        await reader.readline()
        if size == 0:
            return bytes(body)
