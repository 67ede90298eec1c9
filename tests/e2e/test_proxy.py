"""HTTP_PROXY is used for Telegram and for the model, with its user and password, which no session's process knows."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tests.rig import session_processes

from jobs_simulator.model import echo
from jobs_simulator.stage import Stage

USER, PASSWORD = "jobs", "p@ss:word"
MODEL_HOST = "model.invalid"
"""A host that only the proxy can find."""


class Proxy:
    """An HTTP proxy on loopback that asks for a password and knows one invented host."""

    def __init__(self) -> None:
        self.asked_for: list[str] = []
        self.refused = 0
        self.model_port = 0
        self._expected = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[int]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            first, *headers = head.decode("latin-1").split("\r\n")
            method, target, _ = first.split(" ")
            fields = dict(line.split(": ", 1) for line in headers if ": " in line)
            if {name.lower(): value for name, value in fields.items()}.get("proxy-authorization") != self._expected:
                self.refused += 1
                writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
                return
            await self._forward(method, target, head, reader, writer)
        finally:
            writer.close()

    async def _forward(
        self, method: str, target: str, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        where = urlsplit(f"//{target}" if method == "CONNECT" else target)
        self.asked_for.append(str(where.hostname))
        port = self.model_port if where.hostname == MODEL_HOST else where.port
        there, thither = await asyncio.open_connection("127.0.0.1", port)
        if method == "CONNECT":
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            path = where.path + (f"?{where.query}" if where.query else "")
            thither.write(head.replace(target.encode(), path.encode(), 1))
        await asyncio.gather(_pump(reader, thither), _pump(there, writer), return_exceptions=True)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


async def test_both_go_through_the_proxy_with_its_password(tmp_path: Path) -> None:
    proxy = Proxy()
    async with proxy.serving() as port, Stage(tmp_path, echo) as stage:
        proxy.model_port = urlsplit(stage.model.url).port or 0
        program = await stage.start(
            HTTP_PROXY=f"http://{USER}:p%40ss%3Aword@127.0.0.1:{port}",
            ANTHROPIC_BASE_URL=f"http://{MODEL_HOST}:80",
        )
        async with stage.person(stage.owner) as owner:
            await owner.ask("through the proxy?", "ECHO: through the proxy?")
            sessions = session_processes(stage.data)
            environments = [Path(f"/proc/{pid}/environ").read_bytes().decode() for pid in sessions]
            assert sessions
            assert all("HTTPS_PROXY=http://jobs:" in environ for environ in environments)
            assert not any(PASSWORD in environ or "p%40ss" in environ for environ in environments)
        assert await program.stop() == 0
    assert {"127.0.0.1", MODEL_HOST} <= set(proxy.asked_for)
    assert not any(PASSWORD in line for line in program.lines)


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_proxy_that_refuses_is_told_to_the_owner_and_the_message_waits(tmp_path: Path, scheme: str) -> None:
    proxy = Proxy()
    async with proxy.serving() as port, Stage(tmp_path, echo, settings={"NO_PROXY": "127.0.0.1"}) as stage:
        proxy.model_port = urlsplit(stage.model.url).port or 0
        program = await stage.start(
            HTTP_PROXY=f"http://{USER}:wrongsecret@127.0.0.1:{port}", ANTHROPIC_BASE_URL=f"{scheme}://{MODEL_HOST}"
        )
        async with stage.person(stage.owner) as owner:
            told = await owner.ask("hello", "HTTP_PROXY")
            assert "407" in told
            assert await program.stop() == 0
            assert not any("wrongsecret" in line for line in (*program.lines, told))
            await stage.start(
                HTTP_PROXY=f"http://{USER}:p%40ss%3Aword@127.0.0.1:{port}", ANTHROPIC_BASE_URL=f"http://{MODEL_HOST}"
            )
            await owner.expect("ECHO: hello")


async def test_a_socks_proxy_says_what_it_does_not_serve(tmp_path: Path) -> None:
    async with Stage(tmp_path, echo) as stage:
        # Nothing listens there: Telegram cannot be reached, but what the proxy is not for is said before.
        program = stage.program(HTTP_PROXY="socks5://user:secret@127.0.0.1:9")
        await program.spawn()
        line = await program.line("SOCKS")
        assert "Telegram only" in line
        assert "secret" not in line
