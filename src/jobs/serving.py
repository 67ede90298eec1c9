"""HTTP on loopback, inside this process: uvicorn on the program's own event loop.

uvicorn and Starlette take some 120 ms and 6 MB to load, so whoever serves something hands in how its application is
built, and a thread does that: the address is there at once, and what is asked meanwhile waits for a moment.
"""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import uvicorn
    from starlette.types import ASGIApp

HOST = "127.0.0.1"
BACKLOG = 128
END_SECONDS = 2.0
"""How long requests under way may take to end when the server stops."""


class LoopbackServer:
    """`start` it, have its `url`, `stop` it. `build` imports and makes the application; it is called in a thread.

    `port` 0 takes a free one.
    """

    def __init__(self, build: "Callable[[], ASGIApp]", port: int = 0) -> None:
        self._build = build
        self.port = port
        self._socket: socket.socket | None = None
        self._serving: asyncio.Task[None] | None = None
        self._ending = asyncio.Event()

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def start(self) -> None:
        """Take the address; from now on it is answered. Raises OSError when another program has the port."""
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._socket.bind((HOST, self.port))
            self._socket.listen(BACKLOG)
        except OSError:
            self._socket.close()
            raise
        self._socket.setblocking(False)
        self.port = self._socket.getsockname()[1]
        self._serving = asyncio.create_task(self._serve(self._socket), name="http")

    async def stop(self) -> None:
        """Take nothing new, let what is under way end, close everything."""
        if self._serving is None:
            return
        self._ending.set()
        with contextlib.suppress(asyncio.CancelledError):
            await self._serving
        self._serving = None

    async def _serve(self, listening: socket.socket) -> None:
        with contextlib.closing(listening):
            server = await asyncio.to_thread(self._make)
            await server.serve(sockets=[listening])

    def _make(self) -> "uvicorn.Server":
        import uvicorn

        ending = self._ending

        class Server(uvicorn.Server):
            """As uvicorn's, but signals are the program's own, and nothing wakes up ten times a second."""

            @contextlib.contextmanager
            def capture_signals(self) -> Iterator[None]:
                yield

            async def main_loop(self) -> None:
                await ending.wait()

        config = uvicorn.Config(
            self._build(),
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            date_header=False,
            server_header=False,
            timeout_graceful_shutdown=round(END_SECONDS),
        )
        config.load()
        return Server(config)
