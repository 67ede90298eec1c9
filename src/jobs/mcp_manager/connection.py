"""The connection to one MCP server: made, kept, watched and made again. Importing this loads the MCP SDK."""

import asyncio
import contextlib
import logging
import os
import warnings
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any

import httpx2
import structlog
from mcp import Client, MCPError, StdioServerParameters
from mcp.client.sse import sse_client
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPDeprecationWarning
from mcp.types import CONNECTION_CLOSED, CallToolResult

from jobs.masks import Masks
from jobs.mcp_manager.config import ConfigError, ServerConfig, reason
from jobs.texts import Saying
from jobs.users.foreign_tools import ForeignTool
from jobs.walls import Confined

log = structlog.get_logger()

# The protocol of 2026-07-28 has no ping; Jobs speaks the one before it, which has.
warnings.filterwarnings("ignore", "ping is removed", MCPDeprecationWarning)
# The SDK logs what a server says where it should not, each line with a traceback: it may be a secret, or without end.
logging.getLogger("mcp").setLevel(logging.CRITICAL)

CHANGE_SECONDS = 1.0
"""A server that says that its tools have changed is asked for them at most so often."""
START_SECONDS = 120.0
"""How long a server may take to start and to name its tools: the first start of a package downloads it."""
CALL_SECONDS = 120.0
PING_SECONDS = 3.0
PAUSES = (2, 5, 15, 60, 300)
"""Seconds before each new try; the last repeats."""
PAGES = 50
"""Pages of a list of tools that are asked for: a list without an end does not hang Jobs."""
STDERR_KEPT = 2000
SHORTEST_SECRET = 6
"""Characters of what a server was given, from which on it is taken for a secret in what the server says."""


class Broken(Exception):
    """The server cannot be used now; the message is the reason in a few words."""

    def __init__(self, why: str | Saying) -> None:
        super().__init__(str(why))
        self.reason = why if isinstance(why, Saying) else reason("words", words=why)


class Connection:
    """Runs as long as its task does. `on_tools` is told what the server offers, each time it was asked.

    `environment`: what variables in the entry may be filled with. `marker`: a variable by which the server's
    processes are found when they have outlived Jobs. `proxy_for`: the proxy for an address. `confined`: how
    a program is started behind the walls that stand around the owner's agent.
    """

    def __init__(
        self,
        config: ServerConfig,
        on_tools: Callable[[Sequence[ForeignTool]], None],
        *,
        environment: dict[str, str],
        marker: dict[str, str],
        proxy_for: Callable[[str], str | None],
        confined: Confined,
    ) -> None:
        self._config = config
        self._on_tools = on_tools
        self._environment = environment
        self._marker = marker
        self._proxy_for = proxy_for
        self._confined = confined
        self._client: Client | None = None
        self._lost = asyncio.Event()
        self._news = asyncio.Event()
        """The connection is lost, or the tools have changed."""
        self._now = asyncio.Event()
        self._stderr = ""
        self._refused = 0
        """The status with which the server last refused a message, over HTTP: the SDK does not tell it."""
        self._masked = Masks()
        """What the server was given may be a secret, and a server may say it when it fails."""
        self.problem: Saying | None = None
        """Why it is not connected; None while it is, or while the first try runs."""
        self.settled = asyncio.Event()
        """Set while it is known how the last try to connect has ended; cleared while one is under way."""

    @property
    def connected(self) -> bool:
        return self._client is not None

    async def run(self) -> None:
        """Keep the connection, until cancelled."""
        failures = 0
        while True:
            self.settled.clear()
            self._lost.clear()
            self._news.clear()
            self._now.clear()
            try:
                await self._stay_connected()
                failures = 0
            except Broken as error:
                self.problem = error.reason
                log.warning("MCP server broken", server=self._config.name, reason=str(error))
            except Exception as error:  # noqa: BLE001 (the end of a transport raises anything; the next try is what counts)
                self.problem = self._reason(error)
                log.warning("MCP server lost", server=self._config.name, reason=str(self.problem))
            finally:
                self._client = None
                self.settled.set()
            pause = PAUSES[min(failures, len(PAUSES) - 1)]
            failures += 1
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._now.wait()

    def retry(self) -> None:
        """Try again at once, if it is waiting to."""
        if not self.connected:
            self.settled.clear()
            self._now.set()

    async def _stay_connected(self) -> None:
        """Connect, tell the tools and wait until the connection is lost. Raises Broken when it could not be made."""
        async with AsyncExitStack() as stack:
            try:
                async with asyncio.timeout(START_SECONDS):
                    client = await stack.enter_async_context(self._open())
                    tools = await _tools_of(client)
            except TimeoutError:
                raise Broken(reason("no_answer", seconds=f"{START_SECONDS:g}")) from None
            except ConfigError as error:
                raise Broken(error.saying) from None
            except Broken:
                raise
            except Exception as error:  # noqa: BLE001 (the SDK raises whatever a server makes it stumble over)
                raise Broken(self._reason(error)) from None
            self._client, self.problem = client, None
            self._on_tools(tools)
            self.settled.set()
            await self._watch(client)
            self._client = None
        if not self.problem:
            self.problem = self._said() or reason("lost")

    async def _watch(self, client: Client) -> None:
        """Until the connection is lost; whenever the server says that its tools have changed, it is asked for them."""
        while await self._news.wait() and not self._lost.is_set():
            self._news.clear()
            try:
                async with asyncio.timeout(CALL_SECONDS):
                    tools = await _tools_of(client)
            except Exception as error:  # noqa: BLE001 (as above)
                self._lose(self._reason(error))
                return
            self._on_tools(tools)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CHANGE_SECONDS):
                    await self._lost.wait()

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[Client]:
        config = self._config.resolved(self._environment)
        self._refused = 0
        secrets = [*config.env.values(), *(word for value in config.headers.values() for word in value.split())]
        self._masked = Masks(value for value in secrets if len(value) >= SHORTEST_SECRET)
        async with AsyncExitStack() as stack:
            if config.kind == "stdio":
                errors = await stack.enter_async_context(self._listening())
                given = {"PATH": os.environ.get("PATH", os.defpath), **config.env, **self._marker}
                program = config.program()
                command, arguments, environment = self._confined(program, config.args, given)
                parameters = StdioServerParameters(command=command, args=arguments, env=environment)
                transport: Any = stdio_client(parameters, errlog=errors)
            elif config.kind == "sse":
                transport = sse_client(
                    config.url, dict(config.headers), httpx_client_factory=partial(self._http, config)
                )
            else:
                http = await stack.enter_async_context(self._http(config, dict(config.headers)))
                transport = streamable_http_client(config.url, http_client=http)
            client = Client(
                transport,
                read_timeout_seconds=CALL_SECONDS,
                message_handler=self._on_message,
                cache=None,
                mode="legacy",
            )
            yield await stack.enter_async_context(client)

    def _http(
        self,
        config: ServerConfig,
        headers: dict[str, str] | None = None,
        timeout: httpx2.Timeout | None = None,
        auth: httpx2.Auth | None = None,
    ) -> httpx2.AsyncClient:
        """A client for the server's address, by the proxy of the settings if that is for it."""
        timeout = timeout or httpx2.Timeout(30.0, read=CALL_SECONDS)
        proxy = self._proxy_for(config.url)

        async def note(response: httpx2.Response) -> None:
            if response.request.method == "POST":
                self._refused = response.status_code if response.is_error else 0

        return httpx2.AsyncClient(
            headers=headers,
            timeout=timeout,
            auth=auth,
            proxy=proxy,
            trust_env=False,
            event_hooks={"response": [note]},
        )

    @asynccontextmanager
    async def _listening(self) -> AsyncIterator[Any]:
        """The end of a pipe for the server's standard error; the last it says there is kept for the reason."""
        reading, writing = os.pipe()
        reader = asyncio.StreamReader()
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(reading, "rb", buffering=0)
        )

        async def listen() -> None:
            while chunk := await reader.read(4096):
                self._stderr = (self._stderr + chunk.decode(errors="replace"))[-STDERR_KEPT:]

        self._stderr = ""
        listening = asyncio.create_task(listen())
        file = os.fdopen(writing, "w")
        try:
            yield file
        finally:
            file.close()
            listening.cancel()
            transport.close()

    async def _on_message(self, message: Any) -> None:
        """The server says by itself that its tools have changed."""
        if getattr(getattr(message, "root", message), "method", "") == "notifications/tools/list_changed":
            self._news.set()

    async def ping(self) -> None:
        """Find out whether the server still answers; the connection is made anew if it does not."""
        if client := self._client:
            try:
                async with asyncio.timeout(PING_SECONDS):
                    await client.send_ping()
            except Exception as error:  # noqa: BLE001 (as above)
                self._lose(self._reason(error) if not isinstance(error, TimeoutError) else reason("silent"))

    async def call(self, tool: str, arguments: dict[str, Any]) -> CallToolResult:
        """Call a tool. Raises Broken."""
        if self._client is None:
            self._now.set()
            raise Broken(self.problem or "it is not connected yet")
        try:
            async with asyncio.timeout(CALL_SECONDS):
                return await self._client.call_tool(tool, arguments)
        except TimeoutError:
            raise Broken(f"the tool did not answer within {CALL_SECONDS:g} s") from None
        except MCPError as error:
            if error.error.code == CONNECTION_CLOSED:
                raise Broken(self._lose(self._said() or reason("lost"))) from None
            raise Broken(f"it refused the call: {_short(self._masked(error.error.message))}") from None
        except Exception as error:  # noqa: BLE001 (as above)
            raise Broken(self._lose(self._reason(error))) from None

    def _lose(self, why: Saying) -> Saying:
        self.problem = why
        self.settled.clear()
        self._now.set()
        self._lost.set()
        self._news.set()
        return why

    def _said(self) -> Saying | None:
        lines = [line.strip() for line in self._stderr.splitlines() if line.strip()]
        return reason("words", words=_short(self._masked(lines[-1]))) if lines else None

    def _reason(self, error: BaseException) -> Saying:
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        status = error.response.status_code if isinstance(error, httpx2.HTTPStatusError) else self._refused
        if status and isinstance(error, (httpx2.HTTPStatusError, MCPError)):
            return reason("answered_key" if status in (401, 403) else "answered", status=status)
        if isinstance(error, httpx2.TransportError):
            return reason("away", kind=type(error).__name__)
        words = error.error.message if isinstance(error, MCPError) else str(error)
        return self._said() or reason("words", words=_short(self._masked(words)) or type(error).__name__)


async def _tools_of(client: Client) -> list[ForeignTool]:
    tools: list[ForeignTool] = []
    cursor: str | None = None
    for _ in range(PAGES):
        page = await client.list_tools(cursor=cursor)
        tools += [ForeignTool(tool.name, tool.description or "", dict(tool.input_schema)) for tool in page.tools]
        cursor = page.next_cursor
        if not cursor:
            break
    return tools


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 300 else f"{text[:300]}…"
