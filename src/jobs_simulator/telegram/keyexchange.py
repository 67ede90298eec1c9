"""The server's side of the creation of an authorization key (https://core.telegram.org/mtproto/auth_key)."""

import os
import struct
import time
from hashlib import sha1
from typing import Any

from telethon import helpers
from telethon.crypto import AES, AuthKey
from telethon.crypto.rsa import get_byte_array
from telethon.extensions import BinaryReader
from telethon.tl import functions, types

from .primes import DH_G, DH_PRIME, P, Q, key_fingerprint, rsa_decrypt

_SAFE = 1 << (2048 - 64)


class KeyExchange:
    """One client's key exchange: three requests in plain text, after which `key` holds the shared key."""

    def __init__(self) -> None:
        self.key: bytes | None = None
        self._server_nonce = int.from_bytes(os.urandom(16), "little", signed=True)
        self._nonce = 0
        self._new_nonce = 0
        self._secret = 0

    def answer(self, payload: bytes) -> bytes:
        """Answer one unencrypted packet with the next one. Raises ConnectionError for anything out of place."""
        with BinaryReader(payload[20:]) as reader:
            request = reader.tgread_object()
        if isinstance(request, functions.ReqPqMultiRequest):
            reply = self._offer_pq(request)
        elif isinstance(request, functions.ReqDHParamsRequest):
            reply = self._offer_dh(request)
        elif isinstance(request, functions.SetClientDHParamsRequest):
            reply = self._agree(request)
        else:
            raise ConnectionError(f"{type(request).__name__} without an authorization key")
        body = bytes(reply)
        message_id = (int(time.time()) << 32) | (time.time_ns() % 1_000_000_000 & ~3) | 1
        return struct.pack("<qqi", 0, message_id, len(body)) + body

    def _offer_pq(self, request: Any) -> Any:
        self._nonce = request.nonce
        return types.ResPQ(
            nonce=self._nonce,
            server_nonce=self._server_nonce,
            # Eight bytes, so that the top bit is clear: Telethon reads the number as a signed one.
            pq=(P * Q).to_bytes(8, "big"),
            server_public_key_fingerprints=[key_fingerprint()],
        )

    def _offer_dh(self, request: Any) -> Any:
        plain = rsa_decrypt(request.encrypted_data)
        with BinaryReader(plain[20:]) as reader:
            inner = reader.tgread_object()
        data = bytes(inner)
        if sha1(data).digest() != plain[:20] or inner.server_nonce != self._server_nonce:
            raise ConnectionError("the client's inner data do not fit their hash or nonce")
        self._new_nonce = inner.new_nonce
        self._secret = int.from_bytes(os.urandom(256), "big")
        answer = bytes(
            types.ServerDHInnerData(
                nonce=self._nonce,
                server_nonce=self._server_nonce,
                g=DH_G,
                dh_prime=get_byte_array(DH_PRIME),
                g_a=get_byte_array(pow(DH_G, self._secret, DH_PRIME)),
                server_time=int(time.time()),
            )
        )
        plain = sha1(answer).digest() + answer
        encrypted = AES.encrypt_ige(plain + os.urandom(-len(plain) % 16), *self._temporary_key())
        return types.ServerDHParamsOk(self._nonce, self._server_nonce, encrypted)

    def _agree(self, request: Any) -> Any:
        plain = AES.decrypt_ige(request.encrypted_data, *self._temporary_key())
        with BinaryReader(plain[20:]) as reader:
            inner = reader.tgread_object()
        g_b = int.from_bytes(inner.g_b, "big")
        if inner.server_nonce != self._server_nonce or not _SAFE <= g_b <= DH_PRIME - _SAFE:
            raise ConnectionError("the client's half of the key is out of range")
        key = AuthKey(get_byte_array(pow(g_b, self._secret, DH_PRIME)))
        self.key = key.key
        return types.DhGenOk(self._nonce, self._server_nonce, key.calc_new_nonce_hash(self._new_nonce, 1))

    def _temporary_key(self) -> tuple[bytes, bytes]:
        key, iv = helpers.generate_key_data_from_nonce(self._server_nonce, self._new_nonce)
        return key, iv
