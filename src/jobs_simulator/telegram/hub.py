"""Pushing updates to whoever is connected."""

from typing import TYPE_CHECKING, Any

from telethon.tl import types

from .model import Account, Channel, Entry
from .view import View
from .world import Authorization, World, now

if TYPE_CHECKING:
    from .connection import Connection


class Hub:
    """Sends updates to the live connections of accounts. `besides` is the login that caused them: it has its answer."""

    def __init__(self, world: World) -> None:
        self._world = world

    def entry(
        self, account: Account, entry: Entry, besides: Authorization | None, channel: Channel | None = None
    ) -> None:
        """Push a numbered change of the account's box (or of a channel it is in) to all its logins."""
        for authorization in self._world.logins(account):
            if authorization is besides:
                continue
            # The number is spent even if nobody is there to receive it, so that a client sees the gap when it is back.
            authorization.seq += 1
            if not authorization.connections:
                continue
            view = View(self._world, account)
            update = view.update(entry, channel)
            self._deliver(authorization, account, update, view.updates([update], authorization.seq))

    def passing(
        self, account: Account, update: Any, view: View | None = None, besides: Authorization | None = None
    ) -> None:
        """Push an update that has no number and is gone for those who miss it: typing, a pressed button, a reaction."""
        batch = types.UpdateShort(update, now()) if view is None else view.updates([update])
        for authorization in self._world.logins(account):
            if authorization is not besides:
                self._deliver(authorization, account, update, batch)

    def login_token(self, authorization: Authorization) -> None:
        """Tell a client that shows a QR code that it was accepted."""
        for connection in list(authorization.connections):
            connection.push(types.UpdateShort(types.UpdateLoginToken(), now()))

    def _deliver(self, authorization: Authorization, account: Account, update: Any, batch: Any) -> None:
        for connection in list(authorization.connections):
            if connection.wants_updates:
                self._push(connection, account, update, batch)

    def _push(self, connection: "Connection", account: Account, update: Any, batch: Any) -> None:
        fault = self._world.faults.for_push(update, account)
        kind = fault.kind if fault else None
        if kind == "withhold":
            return
        if kind == "reorder":
            connection.held.append(batch)
            return
        connection.push(batch)
        if kind == "duplicate":
            connection.push(batch)
        while connection.held:
            connection.push(connection.held.pop(0))
