"""A loopback registry of MCP servers: the reading half of the official API, v0.1.

Its form: docs/reference/api/openapi.yaml of modelcontextprotocol/registry (2025-12-01).
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit


class McpRegistry:
    """`async with McpRegistry(servers) as registry`; `servers` are `server.json` documents, each the latest version."""

    def __init__(self, servers: Sequence[Mapping[str, Any]]) -> None:
        self._servers = {str(server["name"]): server for server in servers}
        self._listening: asyncio.Server | None = None
        self.asked: list[str] = []
        """Path and query of each request."""

    @property
    def url(self) -> str:
        if self._listening is None:
            raise RuntimeError("the registry is not started")
        return f"http://127.0.0.1:{self._listening.sockets[0].getsockname()[1]}"

    async def __aenter__(self) -> Self:
        self._listening = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._listening is not None
        self._listening.close()
        await self._listening.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            target = head.split(" ", 2)[1]
            self.asked.append(target)
            status, answer = self._answer(target)
            body = json.dumps(answer).encode()
            writer.write(
                f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
                + body
            )
            await writer.drain()
        finally:
            writer.close()

    def _answer(self, target: str) -> tuple[HTTPStatus, dict[str, Any]]:
        parts = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        steps = [unquote(step) for step in parts.path.split("/")[1:]]
        match steps:
            case ["v0.1", "servers"]:
                return HTTPStatus.OK, self._page(query)
            case ["v0.1", "servers", name, "versions", "latest"] if name in self._servers:
                return HTTPStatus.OK, _response(self._servers[name])
        return HTTPStatus.NOT_FOUND, {"error": "Server not found"}

    def _page(self, query: Mapping[str, str]) -> dict[str, Any]:
        """Servers whose name has the words, from the cursor on: the name of the last one of the page before."""
        words, limit = query.get("search", "").casefold(), int(query.get("limit", "30"))
        found = [server for name, server in sorted(self._servers.items()) if words in name.casefold()]
        rest = [server for server in found if server["name"] > query.get("cursor", "")]
        page = rest[:limit]
        metadata: dict[str, Any] = {"count": len(page)}
        if len(rest) > limit:
            metadata["nextCursor"] = page[-1]["name"]
        return {"servers": [_response(server) for server in page], "metadata": metadata}


def _response(server: Mapping[str, Any]) -> dict[str, Any]:
    meta = {"io.modelcontextprotocol.registry/official": {"status": "active", "isLatest": True}}
    return {"server": dict(server), "_meta": meta}
