"""The web server, and the addresses that are always there."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import structlog

from jobs.serving import END_SECONDS, KEEP_ALIVE_SECONDS, LoopbackServer
from jobs.web.vitals import Vitals

if TYPE_CHECKING:
    from aiohttp.web import AbstractRouteDef, AppRunner, Request, Response

log = structlog.get_logger()

Routes = Callable[[], "Sequence[AbstractRouteDef]"]
"""A part's own routes. Called once, in a thread, before the first request: aiohttp is imported inside."""


class WebServer:
    """`port` 0: nothing is served. `routes`: what other parts add."""

    def __init__(self, port: int, vitals: Vitals, *routes: Routes) -> None:
        self._port = port
        self._vitals = vitals
        self._routes = routes
        self._server: LoopbackServer | None = None

    def start(self) -> None:
        """Serve from now on. A port that another program has is said in the log, and nothing is served."""
        if self._port == 0:
            return
        server = LoopbackServer(self._make, self._port)
        try:
            server.start()
        except OSError as error:
            log.warning(
                "HTTP_PORT is taken: health, metrics and hooks are not served; set another port, or 0 for none",
                port=self._port,
                error=error.strerror,
            )
            return
        self._server = server

    async def stop(self) -> None:
        if self._server:
            await self._server.stop()

    def _make(self) -> "AppRunner":
        from aiohttp.web import get

        own = [get("/healthz", self._healthz), get("/readyz", self._readyz), get("/metrics", self._metrics)]
        return application([*own, *(route for routes in self._routes for route in routes())])

    async def _healthz(self, _: "Request") -> "Response":
        """200 while the program lives: the loop answers and the database can be read. Otherwise 503: start it anew."""
        return _told(self._vitals.faults())

    async def _readyz(self, _: "Request") -> "Response":
        """200 while people are answered: started, and Telegram is there. Otherwise 503 with what is in the way."""
        return _told(self._vitals.hindrances())

    async def _metrics(self, _: "Request") -> "Response":
        from aiohttp.web import Response

        from jobs.web import metrics

        headers = {"Content-Type": metrics.CONTENT_TYPE}
        return Response(body=metrics.exposition(self._vitals), headers=headers)


def application(routes: "Sequence[AbstractRouteDef]") -> "AppRunner":
    """What serves these routes."""
    from aiohttp.web import Application, AppRunner

    app = Application()
    app.add_routes(routes)
    return AppRunner(app, access_log=None, shutdown_timeout=END_SECONDS, keepalive_timeout=KEEP_ALIVE_SECONDS)


def _told(hindrances: dict[str, str]) -> "Response":
    from aiohttp.web import json_response

    return json_response({"ok": not hindrances, **hindrances}, status=503 if hindrances else 200)
