"""HTTP on loopback, inside this process: aiohttp on the program's own event loop.

aiohttp takes some 200 ms to load, so whoever serves something hands in how that is made, and a thread does so when it
is first wanted: the address is there at once, and what is asked meanwhile waits for a moment.
"""

import asyncio
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from aiohttp.web import BaseRunner

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
    """`start` it, have its `url`, `stop` it. `make` imports aiohttp and says what is served; it is called in a thread.

    `port` 0 takes a free one.
    """

    def __init__(self, make: "Callable[[], BaseRunner]", port: int = 0) -> None:
        self._make = make
        self.port = port
        self._listening: socket.socket | None = None
        self._runner: BaseRunner | None = None
        self._opening: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def start(self) -> None:
        """Take the address; from now on it is answered. Raises OSError when another program has the port."""
        self._listening = listen(self.port)
        self.port = self._listening.getsockname()[1]
        asyncio.get_running_loop().add_reader(self._listening, self.open)

    def open(self) -> None:
        """Load what answers: the first request is about to come, or is there."""
        if self._opening is None and self._listening:
            asyncio.get_running_loop().remove_reader(self._listening)
            self._opening = asyncio.create_task(self._open(self._listening), name="http")
            self._opening.add_done_callback(_opened)

    async def stop(self) -> None:
        """Take nothing new, let what is under way end, close everything."""
        if self._listening is None:
            return
        asyncio.get_running_loop().remove_reader(self._listening)
        if self._opening:
            await asyncio.wait((self._opening,))
        if self._runner:
            await self._runner.cleanup()
        self._listening.close()
        self._listening = None

    async def _open(self, listening: socket.socket) -> None:
        self._runner = await asyncio.to_thread(self._make)
        from aiohttp.web import SockSite

        await self._runner.setup()
        await SockSite(self._runner, listening, backlog=BACKLOG).start()


def _opened(opening: "asyncio.Task[None]") -> None:
    if not opening.cancelled() and (error := opening.exception()):
        log.error("the web server has failed", error=repr(error))
