"""The server's side of the two-step password: SRP, so that the password itself is never sent."""

import hmac
import os
from functools import cached_property
from hashlib import sha256
from typing import Any

from telethon.password import compute_hash, xor
from telethon.tl import types

from .primes import DH_G, DH_PRIME


def _hash(*parts: bytes) -> bytes:
    return sha256(b"".join(parts)).digest()


def _bytes(number: int) -> bytes:
    return number.to_bytes(256, "big")


class SrpChallenge:
    """One attempt to prove knowledge of `password` (https://core.telegram.org/api/srp)."""

    def __init__(self, password: str) -> None:
        self._password = password
        self._algorithm = types.PasswordKdfAlgoSHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow(
            salt1=os.urandom(16), salt2=os.urandom(16), g=DH_G, p=_bytes(DH_PRIME)
        )
        self._secret = int.from_bytes(os.urandom(256), "big")
        self.id = int.from_bytes(os.urandom(8), "little", signed=True)

    @cached_property
    def _verifier(self) -> int:
        return pow(DH_G, int.from_bytes(compute_hash(self._algorithm, self._password), "big"), DH_PRIME)

    @cached_property
    def _b(self) -> bytes:
        k = int.from_bytes(_hash(_bytes(DH_PRIME), _bytes(DH_G)), "big")
        return _bytes((k * self._verifier + pow(DH_G, self._secret, DH_PRIME)) % DH_PRIME)

    def offer(self) -> Any:
        """The account.Password that poses the challenge."""
        return password_settings(self._algorithm, self._b, self.id)

    def accepts(self, proof: Any) -> bool:
        """Whether an InputCheckPasswordSRP was made with the right password."""
        a = int.from_bytes(proof.A, "big")
        if proof.srp_id != self.id or not 0 < a < DH_PRIME:
            return False
        u = int.from_bytes(_hash(_bytes(a), self._b), "big")
        shared = pow(a * pow(self._verifier, u, DH_PRIME), self._secret, DH_PRIME)
        expected = _hash(
            xor(_hash(_bytes(DH_PRIME)), _hash(_bytes(DH_G))),
            _hash(self._algorithm.salt1),
            _hash(self._algorithm.salt2),
            _bytes(a),
            self._b,
            _hash(_bytes(shared)),
        )
        return hmac.compare_digest(expected, bytes(proof.M1))


def password_settings(algorithm: Any = None, srp_b: bytes | None = None, srp_id: int | None = None) -> Any:
    """account.Password with a challenge, or without one for an account that has no password."""
    return types.account.Password(
        has_password=algorithm is not None or None,
        current_algo=algorithm,
        srp_B=srp_b,
        srp_id=srp_id,
        new_algo=types.PasswordKdfAlgoUnknown(),
        new_secure_algo=types.SecurePasswordKdfAlgoUnknown(),
        secure_random=os.urandom(256),
    )
