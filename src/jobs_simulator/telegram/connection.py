"""One TCP connection of a client: packets in, messages out."""

import asyncio
import logging
import struct
import time
from collections import deque
from typing import TYPE_CHECKING, Any

from telethon.errors import TypeNotFoundError
from telethon.extensions import BinaryReader
from telethon.tl import functions, types

from .keyexchange import KeyExchange
from .wire import Framing, Packet, decrypt, detect_framing, encrypt, rpc_result, unpack
from .world import Authorization, World

if TYPE_CHECKING:
    from .dispatch import Dispatcher

logger = logging.getLogger(__name__)
TOO_OLD, TOO_NEW = 300, 30
"""By how many seconds the clock in a packet's id may be behind or ahead."""
_ID_TOO_LOW, _ID_TOO_HIGH = 16, 17
_UNKNOWN_KEY = struct.pack("<i", -404)


class Connection:
    """A client's connection. `wants_updates` once it made a request not wrapped in invokeWithoutUpdates.

    While it is `silent` all that comes is swallowed and nothing is said, but it stays open.
    """

    def __init__(
        self, world: World, dispatcher: "Dispatcher", reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.authorization: Authorization | None = None
        self.wants_updates = False
        self.silent = False
        self.held: list[Any] = []
        self._world = world
        self._dispatcher = dispatcher
        self._reader = reader
        self._writer = writer
        self._framing: Framing | None = None
        self._exchange = KeyExchange()
        self._session_id: int | None = None
        self._seen: deque[int] = deque(maxlen=1000)
        self._last_id = 0
        self._content_sent = 0

    async def serve(self) -> None:
        """Read and answer until the connection ends, however it ends."""
        try:
            self._framing = await detect_framing(self._reader)
            while True:
                payload = await self._framing.read(self._reader)
                if not self.silent:
                    self._receive(payload)
                await self._writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            logger.debug("connection ended: %r", error)
        finally:
            self.cut()

    def cut(self) -> None:
        """Drop the connection at once; nothing more is sent or received."""
        if self.authorization is not None:
            self.authorization.connections.discard(self)
        self._writer.transport.abort()

    def push(self, update: Any) -> None:
        """Send an update nobody asked for."""
        self._send(bytes(update), content=True, answer=False)

    def answer(self, request_id: int, result: Any) -> None:
        """Send the answer to a request."""
        compress = not isinstance(result, types.upload.File)
        self._send(rpc_result(request_id, result, compress=compress), content=True, answer=True)

    def acknowledge(self, request_id: int) -> None:
        """Tell the client that its request arrived, when the answer is yet to come."""
        self._send(bytes(types.MsgsAck([request_id])), content=False, answer=False)

    def _receive(self, payload: bytes) -> None:
        key_id = payload[:8]
        if key_id == bytes(8):
            self._write(self._exchange.answer(payload))
            if self._exchange.key is not None:
                authorization = Authorization(self._exchange.key)
                self._world.authorizations[authorization.key_id] = authorization
                self._exchange = KeyExchange()
            return
        authorization_or_none = self._world.authorizations.get(key_id)
        if authorization_or_none is None:
            self._write(_UNKNOWN_KEY)
            raise ConnectionError("unknown authorization key")
        self._adopt(authorization_or_none)
        self._open(authorization_or_none, decrypt(authorization_or_none.key, payload))

    def _adopt(self, authorization: Authorization) -> None:
        if self.authorization is not None and self.authorization is not authorization:
            self.authorization.connections.discard(self)
        self.authorization = authorization
        authorization.connections.add(self)

    def _open(self, authorization: Authorization, packet: Packet) -> None:
        new_session = packet.session_id != self._session_id
        self._session_id = packet.session_id
        notice = _complaint(packet, authorization.salt)
        if notice is not None:
            self._send(bytes(notice), content=False, answer=True)
            # The session begins with the first packet that is accepted.
            self._session_id = None if new_session else packet.session_id
            return
        if new_session:
            self._seen.clear()
            created = types.NewSessionCreated(packet.message_id, self._new_id(answer=False), authorization.salt)
            self._send(bytes(created), content=True, answer=False)
        for message_id, body in unpack(packet.message_id, packet.body):
            if message_id in self._seen:
                self.acknowledge(message_id)
                continue
            self._seen.append(message_id)
            self._handle(authorization, message_id, body)

    def _handle(self, authorization: Authorization, message_id: int, body: bytes) -> None:
        try:
            with BinaryReader(body) as reader:
                request = reader.tgread_object()
        except TypeNotFoundError as error:
            failure = types.RpcError(400, f"INPUT_METHOD_INVALID_{error.invalid_constructor_id:08x}")
            self.answer(message_id, failure)
            return
        if not self._serve_protocol(message_id, request):
            self._dispatcher.receive(self, authorization, message_id, request)

    def _serve_protocol(self, message_id: int, request: Any) -> bool:
        """Answer what belongs to MTProto itself. False: it is a request to the API."""
        reply: Any = None
        if isinstance(request, (functions.PingRequest, functions.PingDelayDisconnectRequest)):
            reply = types.Pong(message_id, request.ping_id)
        elif isinstance(request, functions.GetFutureSaltsRequest):
            reply = types.FutureSalts(message_id, int(time.time()), [])
        elif isinstance(request, functions.DestroySessionRequest):
            reply = types.DestroySessionNone(request.session_id)
        elif isinstance(request, functions.RpcDropAnswerRequest):
            self.answer(message_id, types.RpcAnswerUnknown())
            return True
        elif isinstance(request, types.MsgsStateReq):
            reply = types.MsgsStateInfo(message_id, "\x04" * len(request.msg_ids))
        elif not isinstance(request, (types.MsgsAck, types.MsgsStateInfo, types.MsgsAllInfo)):
            return False
        if reply is not None:
            self._send(bytes(reply), content=False, answer=True)
        return True

    def _send(self, body: bytes, *, content: bool, answer: bool) -> None:
        authorization = self.authorization
        if authorization is None or self._session_id is None:
            return
        seq_no = self._content_sent * 2 + content
        self._content_sent += content
        packet = Packet(authorization.salt, self._session_id, self._new_id(answer=answer), seq_no, body)
        self._write(encrypt(authorization.key, authorization.key_id, packet))

    def _write(self, payload: bytes) -> None:
        if self._framing is not None and not self.silent and not self._writer.is_closing():
            self._writer.write(self._framing.frame(payload))

    def _new_id(self, *, answer: bool) -> int:
        """A message id: seconds in the upper half, growing, ≡ 1 mod 4 for an answer and ≡ 3 for anything else."""
        seconds, nanoseconds = divmod(time.time_ns(), 1_000_000_000)
        self._last_id = max((seconds << 32) | (nanoseconds * 4), self._last_id + 4)
        return self._last_id | (1 if answer else 3)


def _complaint(packet: Packet, salt: int) -> Any:
    """Why Telegram does not take a packet: the clock in its id is wrong, or its salt is; None when it is good."""
    behind = time.time() - (packet.message_id >> 32)
    if not -TOO_NEW <= behind <= TOO_OLD:
        code = _ID_TOO_LOW if behind > 0 else _ID_TOO_HIGH
        return types.BadMsgNotification(packet.message_id, packet.seq_no, code)
    if packet.salt != salt:
        return types.BadServerSalt(packet.message_id, packet.seq_no, 48, salt)
    return None
