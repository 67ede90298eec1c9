"""Numbers both the key exchange and the two-step password need, and the server's RSA test key."""

from pathlib import Path

import rsa
from telethon.crypto import rsa as telethon_rsa

PUBLIC_KEY_PATH = Path(__file__).with_name("test_key.public.pem")

# The 2048-bit safe prime Telegram itself uses: clients know it and skip a slow primality check.
DH_PRIME = int(
    "C71CAEB9C6B1C9048E6C522F70F13F73980D40238E3E21C14934D037563D930F"
    "48198A0AA7C14058229493D22530F4DBFA336F6E0AC925139543AED44CCE7C37"
    "20FD51F69458705AC68CD4FE6B6B13ABDC9746512969328454F18FAF8C595F64"
    "2477FE96BB2A941D5BCD1D4AC8CC49880708FA9B378E3C4F3A9060BEE67CF9A4"
    "A4A695811051907E162753B56B0F6B410DBA74D8A84B2A14B3144E0EF1284754"
    "FD17ED950D5965B4B9DD46582DB1178D169C6BC465B0D6FF9CA3928FEF5B9AE4"
    "E418FC15E83EBEA0F87FA9FF5EED70050DED2849F47BF959D956850CE929851F"
    "0D8115F635B105EE2E4E15D04B2454BF6F4FADF034B10403119CD8E3B92FCC5B",
    16,
)
DH_G = 3

# pq is sent to be factored by the client. Small factors keep a test's connect quick.
P, Q = 1_000_003, 1_000_033

_private_key = rsa.PrivateKey.load_pkcs1(Path(__file__).with_name("test_key.private.pem").read_bytes())


def key_fingerprint() -> int:
    """The fingerprint by which a client picks the server's public key."""
    fingerprint: int = telethon_rsa._compute_fingerprint(_private_key)
    return fingerprint


def rsa_decrypt(block: bytes) -> bytes:
    """The 255 bytes (SHA1, data, padding) that a client encrypted with the public key."""
    return int(pow(int.from_bytes(block, "big"), _private_key.d, _private_key.n)).to_bytes(256, "big")[1:]
