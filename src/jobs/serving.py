"""HTTP on loopback, inside this process: uvicorn on the program's own event loop.

uvicorn and Starlette take some 120 ms and 6 MB to load, so whoever serves something hands in how its application is
built, and a thread does that: the address is there at once, and what is asked meanwhile waits for a moment.
"""

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from typing import TYPE_CHECKING, Any

import structlog

if TYPE_CHECKING:
    import uvicorn

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]
"""ASGI's (asgi.readthedocs.io), as Starlette names them too."""

log = structlog.get_logger()

HOST = "127.0.0.1"
BACKLOG = 128
END_SECONDS = 2
"""How long requests under way may take to end when the server stops."""
KEEP_ALIVE_SECONDS = 600
"""How long an idle connection is kept: one that is closed just when it is used again is an error to its client."""


def listen(port: int = 0) -> socket.socket:
    """A socket that listens on loopback; 0 takes a free port. Raises OSError when another program has the port."""
    # Named as TCP: asyncio turns Nagle's algorithm off only then, and with it each answer would wait for 40 ms.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((HOST, port))
        listening.listen(BACKLOG)
    except OSError:
        listening.close()
        raise
    listening.setblocking(False)
    return listening


class LoopbackServer:
    """`start` it, have its `url`, `stop` it. `build` imports and makes the application; it is called in a thread.

    `port` 0 takes a free one.
    """

    def __init__(self, build: Callable[[], App], port: int = 0) -> None:
        self._build = build
        self.port = port
        self._serving: asyncio.Task[None] | None = None
        self._transports: dict[Any, asyncio.Transport] = {}
        self._ending = asyncio.Event()

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def start(self) -> None:
        """Take the address; from now on it is answered. Raises OSError when another program has the port."""
        listening = listen(self.port)
        self.port = listening.getsockname()[1]
        self._serving = asyncio.create_task(self._serve(listening), name="http")
        self._serving.add_done_callback(_ended)

    async def stop(self) -> None:
        """Take nothing new, let what is under way end, close everything."""
        if self._serving is None:
            return
        self._ending.set()
        with contextlib.suppress(asyncio.CancelledError):
            await self._serving
        self._serving = None

    def cut(self, scope: Message) -> None:
        """Break the connection of a request (an ASGI scope) before its answer is whole; what was sent still arrives."""
        if transport := self._transports.get(scope["client"]):
            transport.close()

    async def _serve(self, listening: socket.socket) -> None:
        with contextlib.closing(listening):
            server = await asyncio.to_thread(self._make)
            await server.serve(sockets=[listening])

    def _make(self) -> "uvicorn.Server":
        import uvicorn
        from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

        ending, transports = self._ending, self._transports

        class Connection(HttpToolsProtocol):
            """As uvicorn's, and can be cut: ASGI has no word for that."""

            def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
                super().connection_made(transport)
                transports[self.client] = transport

            def connection_lost(self, exc: Exception | None) -> None:
                transports.pop(self.client, None)
                super().connection_lost(exc)

        class Server(uvicorn.Server):
            """As uvicorn's, but signals are the program's own, and nothing wakes up ten times a second."""

            @contextlib.contextmanager
            def capture_signals(self) -> Iterator[None]:
                yield

            async def main_loop(self) -> None:
                await ending.wait()

        config = uvicorn.Config(
            self._build(),
            http=Connection,
            interface="asgi3",
            proxy_headers=False,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            date_header=False,
            server_header=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=END_SECONDS,
        )
        config.load()
        return Server(config)


def _ended(serving: "asyncio.Task[None]") -> None:
    if not serving.cancelled() and (error := serving.exception()):
        log.error("the web server has failed", error=repr(error))
