"""The web server, and the addresses that are always there."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import structlog

from jobs.serving import LoopbackServer
from jobs.web.vitals import Vitals

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute
    from starlette.types import ASGIApp

log = structlog.get_logger()

Routes = Callable[[], "Sequence[BaseRoute]"]
"""A part's own routes. Called once, in a thread, when the server starts: Starlette is imported inside."""


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
        server = LoopbackServer(self._build, self._port)
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

    def _build(self) -> "ASGIApp":
        from starlette.applications import Starlette
        from starlette.routing import Route

        own = [Route("/healthz", self._healthz), Route("/readyz", self._readyz), Route("/metrics", self._metrics)]
        return Starlette(routes=[*own, *(route for routes in self._routes for route in routes())])

    async def _healthz(self, _: "Request") -> "Response":
        """200 while the program lives: the loop answers and the database can be read. Otherwise 503: start it anew."""
        return _told(self._vitals.faults())

    async def _readyz(self, _: "Request") -> "Response":
        """200 while people are answered: started, and Telegram is there. Otherwise 503 with what is in the way."""
        return _told(self._vitals.hindrances())

    async def _metrics(self, _: "Request") -> "Response":
        from starlette.responses import Response

        from jobs.web import metrics

        return Response(metrics.exposition(self._vitals), media_type=metrics.CONTENT_TYPE)


def _told(hindrances: dict[str, str]) -> "Response":
    from starlette.responses import JSONResponse

    return JSONResponse({"ok": not hindrances, **hindrances}, status_code=503 if hindrances else 200)
