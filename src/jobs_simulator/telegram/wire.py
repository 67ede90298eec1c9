"""The outer layers of MTProto: TCP framing, the encrypted envelope and what a packet may contain.

Only what differs for the server's side is written here; AES and the TL reader are Telethon's.
"""

import asyncio
import gzip
import os
import struct
from collections.abc import Iterator
from hashlib import sha256
from typing import Any, NamedTuple, Protocol
from zlib import crc32

from telethon.crypto import AES
from telethon.extensions import BinaryReader
from telethon.tl.core import GzipPacked, MessageContainer

MAX_PACKET = 16 * 1024 * 1024
_GZIP_FROM = 1024
_RPC_RESULT = 0xF35C6D01
_VECTOR = 0x1CB5C415
_TRUE = struct.pack("<I", 0x997275B5)
_FALSE = struct.pack("<I", 0xBC799737)


class Framing(Protocol):
    """How packets are cut out of the TCP stream."""

    async def read(self, reader: asyncio.StreamReader) -> bytes: ...

    def frame(self, payload: bytes) -> bytes: ...


class Full:
    """The transport Telethon uses by default: length, sequence number, payload, CRC32."""

    def __init__(self, first: bytes) -> None:
        self._first = first
        self._sent = 0

    async def read(self, reader: asyncio.StreamReader) -> bytes:
        head = self._first + await reader.readexactly(8 - len(self._first))
        self._first = b""
        length = struct.unpack_from("<i", head)[0]
        _check_length(length - 12)
        rest = await reader.readexactly(length - 8)
        if struct.unpack("<I", rest[-4:])[0] != crc32(head + rest[:-4]):
            raise ConnectionError("wrong CRC32 in a packet")
        return rest[:-4]

    def frame(self, payload: bytes) -> bytes:
        packet = struct.pack("<ii", len(payload) + 12, self._sent) + payload
        self._sent += 1
        return packet + struct.pack("<I", crc32(packet))


class Abridged:
    """One byte of length in words (four bytes for long packets), then the payload."""

    def __init__(self, first: bytes) -> None:
        self._first = first

    async def read(self, reader: asyncio.StreamReader) -> bytes:
        head = self._first or await reader.readexactly(1)
        self._first = b""
        words = head[0]
        if words >= 127:
            words = int.from_bytes(await reader.readexactly(3), "little")
        _check_length(words * 4)
        return await reader.readexactly(words * 4)

    def frame(self, payload: bytes) -> bytes:
        words = len(payload) // 4
        head = bytes([words]) if words < 127 else b"\x7f" + words.to_bytes(3, "little")
        return head + payload


class Intermediate:
    """Four bytes of length, then the payload."""

    async def read(self, reader: asyncio.StreamReader) -> bytes:
        length = int.from_bytes(await reader.readexactly(4), "little")
        _check_length(length)
        return await reader.readexactly(length)

    def frame(self, payload: bytes) -> bytes:
        return struct.pack("<I", len(payload)) + payload


def _check_length(length: int) -> None:
    if not 0 < length <= MAX_PACKET:
        raise ConnectionError(f"a packet of {length} bytes")


async def detect_framing(reader: asyncio.StreamReader) -> Framing:
    """Tell the transport by the first bytes the client sends, as Telegram does."""
    tag = await reader.readexactly(1)
    if tag == b"\xef":
        return Abridged(b"")
    first = tag + await reader.readexactly(3)
    return Intermediate() if first == b"\xee\xee\xee\xee" else Full(first)


class Packet(NamedTuple):
    """A decrypted packet from a client."""

    salt: int
    session_id: int
    message_id: int
    seq_no: int
    body: bytes


def _aes(key: bytes, message_key: bytes, offset: int) -> tuple[bytes, bytes]:
    a = sha256(message_key + key[offset : offset + 36]).digest()
    b = sha256(key[offset + 40 : offset + 76] + message_key).digest()
    return a[:8] + b[8:24] + a[24:32], b[:8] + a[8:24] + b[24:32]


def decrypt(key: bytes, payload: bytes) -> Packet:
    """Open a client's packet (key id, message key, data). Raises ConnectionError if it was not made with `key`."""
    if len(payload) < 72 or len(payload) % 16 != 8:
        raise ConnectionError(f"an encrypted packet of {len(payload)} bytes")
    message_key = payload[8:24]
    plain = AES.decrypt_ige(payload[24:], *_aes(key, message_key, 0))
    if sha256(key[88:120] + plain).digest()[8:24] != message_key:
        raise ConnectionError("the message key does not fit the packet")
    salt, session_id, message_id, seq_no, length = struct.unpack_from("<qqqii", plain)
    return Packet(salt, session_id, message_id, seq_no, plain[32 : 32 + length])


def encrypt(key: bytes, key_id: bytes, packet: Packet) -> bytes:
    """Close a packet for the client that holds `key`."""
    head = struct.pack("<qqqii", packet.salt, packet.session_id, packet.message_id, packet.seq_no, len(packet.body))
    plain = head + packet.body
    plain += os.urandom(-(len(plain) + 12) % 16 + 12)
    message_key = sha256(key[96:128] + plain).digest()[8:24]
    return key_id + message_key + bytes(AES.encrypt_ige(plain, *_aes(key, message_key, 8)))


def unpack(message_id: int, body: bytes) -> Iterator[tuple[int, bytes]]:
    """All messages in `body` with their ids: containers are opened and gzipped objects inflated."""
    constructor = struct.unpack_from("<I", body)[0]
    if constructor == GzipPacked.CONSTRUCTOR_ID:
        with BinaryReader(body[4:]) as reader:
            yield from unpack(message_id, gzip.decompress(reader.tgread_bytes()))
    elif constructor == MessageContainer.CONSTRUCTOR_ID:
        position = 8
        for _ in range(struct.unpack_from("<i", body, 4)[0]):
            inner_id, _, length = struct.unpack_from("<qii", body, position)
            yield from unpack(inner_id, body[position + 16 : position + 16 + length])
            position += 16 + length
    else:
        yield message_id, body


def rpc_result(request_id: int, answer: Any, *, compress: bool = True) -> bytes:
    """The serialized answer to a request: a TL object, a bool, or a list of TL objects."""
    body = _serialize(answer)
    if compress and len(body) > _GZIP_FROM:
        packed = bytes(GzipPacked(body))
        body = packed if len(packed) < len(body) else body
    return struct.pack("<Iq", _RPC_RESULT, request_id) + body


def _serialize(answer: Any) -> bytes:
    if isinstance(answer, bool):
        return _TRUE if answer else _FALSE
    if isinstance(answer, list):
        return struct.pack("<Ii", _VECTOR, len(answer)) + b"".join(_serialize(item) for item in answer)
    return bytes(answer)
