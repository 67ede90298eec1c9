"""The one error a request handler raises to answer with an RPC error."""

from typing import Any

from telethon.tl import types


class RpcFailure(Exception):
    """Answer with this RPC error: ``RpcFailure("PEER_ID_INVALID")``, ``RpcFailure("FLOOD_WAIT_7", 420)``."""

    def __init__(self, message: str, code: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    def to_tl(self) -> Any:
        """The RpcError to be sent."""
        return types.RpcError(self.code, self.message)
