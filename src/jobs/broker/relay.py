"""HTTP_PROXY for the owner's session without its password: a proxy on loopback that hands everything to the real one.

The owner's shell and web tools need the proxy where there is no other way out. They are given this address with the
session's own token; the real user and password are put in here. Only the head of a connection's first request is read:
a proxy is told CONNECT for https, and for plain http a connection serves one request.
"""

import asyncio
import base64
import contextlib
import ssl

import structlog

from jobs.addresses import Proxy
from jobs.broker.passes import Pass, Passes
from jobs.serving import HOST, listen

log = structlog.get_logger()

USER = "jobs"
LONGEST_HEAD = 64 * 1024
HEAD_SECONDS = 30.0
PIECE = 64 * 1024
DENIED = (
    b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=jobs\r\nContent-Length: 0\r\n\r\n"
)
AWAY = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"


class ProxyRelay:
    """Does nothing where no HTTP proxy is set; a SOCKS proxy serves Telegram only."""

    def __init__(self, proxy: Proxy | None, unproxied: list[str], passes: Passes) -> None:
        self._proxy = None if proxy is None or proxy.is_socks else proxy
        self._unproxied = unproxied
        self._passes = passes
        self._starting: asyncio.Task[asyncio.Server] | None = None
        self._port = 0
        self._connections: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        if self._proxy:
            listening = listen()
            self._port = listening.getsockname()[1]
            serving = asyncio.start_server(self._connected, sock=listening, limit=LONGEST_HEAD)
            self._starting = asyncio.create_task(serving, name="proxy relay")

    async def stop(self) -> None:
        if self._starting is None:
            return
        (await self._starting).close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def environment(self, given: Pass) -> dict[str, str]:
        if not self._proxy:
            return {}
        url = f"http://{USER}:{given.token}@{HOST}:{self._port}"
        return {"HTTP_PROXY": url, "HTTPS_PROXY": url, "NO_PROXY": ",".join(self._unproxied)}

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)
        try:
            await self._serve(reader, writer)
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # whoever asked is gone, or asked for nothing that can be answered
        finally:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with asyncio.timeout(HEAD_SECONDS):
            head = await reader.readuntil(b"\r\n\r\n")
        first, *lines = head[:-4].split(b"\r\n")
        fields = [(line.partition(b":")[0].strip().lower(), line) for line in lines]
        given = next((line.partition(b":")[2] for name, line in fields if name == b"proxy-authorization"), b"")
        if not self._may(given):
            writer.write(DENIED)
            await writer.drain()
            return
        dropped = (b"proxy-authorization", b"proxy-connection", b"connection")
        kept = [line for name, line in fields if name not in dropped]
        assert self._proxy is not None
        try:
            there, thither = await self._to_proxy(self._proxy)
        except (OSError, TimeoutError) as error:
            log.warning("HTTP_PROXY cannot be reached", error=type(error).__name__)
            writer.write(AWAY)
            await writer.drain()
            return
        is_tunnel = first.upper().startswith(b"CONNECT ")
        added = [*_authorization(self._proxy), *([] if is_tunnel else [b"Connection: close"])]
        thither.write(b"\r\n".join([first, *kept, *added]) + b"\r\n\r\n")
        try:
            await _both_ways((reader, thither), (there, writer))
        finally:
            thither.close()

    def _may(self, authorization: bytes) -> bool:
        scheme, _, value = authorization.strip().partition(b" ")
        try:
            user, _, token = base64.b64decode(value.strip()).decode().partition(":")
        except ValueError:
            return False
        given = self._passes.find(token)
        return scheme.lower() == b"basic" and user == USER and given is not None and given.may_browse

    async def _to_proxy(self, proxy: Proxy) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        secure = ssl.create_default_context() if proxy.scheme == "https" else None
        async with asyncio.timeout(HEAD_SECONDS):
            return await asyncio.open_connection(proxy.host, proxy.port, ssl=secure)


def _authorization(proxy: Proxy) -> list[bytes]:
    if proxy.username is None and proxy.password is None:
        return []
    pair = f"{proxy.username or ''}:{proxy.password or ''}".encode()
    return [b"Proxy-Authorization: Basic " + base64.b64encode(pair)]


async def _both_ways(*ways: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> None:
    """Until both directions have ended, or one has broken."""
    async with asyncio.TaskGroup() as group:
        for reader, writer in ways:
            group.create_task(_pump(reader, writer))


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(PIECE):
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
            return
    writer.close()
