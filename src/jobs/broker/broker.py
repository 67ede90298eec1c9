"""The broker's life: its address, its passes, and what it lends a session's process."""

import asyncio
from typing import TYPE_CHECKING

from jobs.broker.credential import Credential
from jobs.broker.ledger import Ledger
from jobs.broker.passes import Budget, Pass, Passes
from jobs.broker.relay import ProxyRelay
from jobs.config import Settings
from jobs.serving import LoopbackServer

if TYPE_CHECKING:
    from aiohttp.web import BaseRunner

    from jobs.broker.forward import Forwarder

API = "https://api.anthropic.com"
API_KEY, OAUTH_TOKEN, BASE_URL = "ANTHROPIC_API_KEY", "CLAUDE_CODE_OAUTH_TOKEN", "ANTHROPIC_BASE_URL"


class Broker:
    """`start` it before the first session, `stop` it after the last. It loads what it needs for the first session."""

    def __init__(self, settings: Settings, ledger: Ledger) -> None:
        self._settings = settings
        self._ledger = ledger
        self._passes = Passes()
        self._credential = Credential.of(settings)
        self._forwarder: Forwarder | None = None
        self._server = LoopbackServer(self._make)
        self._relay = ProxyRelay(settings.http_proxy, settings.unproxied_hosts, self._passes)

    def start(self) -> None:
        self._ledger.settle()
        self._server.start()
        self._relay.start()

    async def stop(self) -> None:
        await asyncio.gather(self._server.stop(), self._relay.stop())
        if self._forwarder:
            await self._forwarder.close()

    @property
    def port(self) -> int:
        """Where sessions reach it, on loopback."""
        return self._server.port

    def issue(self, lane: int, role: str, budget: Budget, *, may_browse: bool) -> Pass:
        """A new pass for a session about to be opened; `end` it with the session."""
        self._server.open()  # while the session's process starts, which takes longer
        return self._passes.issue(lane, role, budget, may_browse=may_browse)

    def end(self, given: Pass) -> None:
        self._passes.end(given)

    def environment(self, given: Pass) -> dict[str, str]:
        """The variables by which a session's process finds the model; with a proxy set, also the web, if it may."""
        is_oauth = bool(self._credential and self._credential.is_oauth)
        variables = {BASE_URL: self._server.url, OAUTH_TOKEN if is_oauth else API_KEY: given.token}
        return {**variables, **self._relay.environment(given)} if given.may_browse else variables

    def _make(self) -> "BaseRunner":
        from jobs.broker.forward import Forwarder

        url = self._settings.anthropic_base_url or API
        proxy = self._settings.proxy_for(url)
        self._forwarder = Forwarder(url, self._credential, proxy, self._passes, self._ledger)
        return self._forwarder.runner()
