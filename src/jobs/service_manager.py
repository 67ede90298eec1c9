"""What systemd is told (sd_notify(3)): that Jobs is up, and again and again that it lives."""

import asyncio
import os
import socket
from collections.abc import Callable

READY, ALIVE = "READY=1", "WATCHDOG=1"


def tell(state: str) -> None:
    """One datagram to NOTIFY_SOCKET; nothing where no service manager has set it. Raises OSError when nobody hears."""
    if address := os.environ.get("NOTIFY_SOCKET"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as speaking:
            speaking.connect(f"\0{address[1:]}" if address.startswith("@") else address)
            speaking.sendall(state.encode())


async def keep_telling(is_alive: Callable[[], bool]) -> None:
    """Say that Jobs lives, twice in the time (WATCHDOG_USEC, microseconds) after which it would be started anew."""
    seconds = int(os.environ.get("WATCHDOG_USEC", "0")) / 2e6
    while seconds:
        if is_alive():
            tell(ALIVE)
        await asyncio.sleep(seconds)
