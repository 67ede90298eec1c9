"""Telegram over MTProto: one transport for a user account and for a bot."""

import sys

# Telethon loads aiohttp where that is installed, for web documents: a fifth of a second and 10 MB for nothing.
if "aiohttp" not in sys.modules:
    sys.modules["aiohttp"] = None  # type: ignore[assignment]  # as if it were not there
    try:
        import telethon  # noqa: F401
    finally:
        del sys.modules["aiohttp"]
