"""`jobs up` under what listens as systemd does, by sd_notify(3); scripts/systemd_check.sh has a real one."""

import asyncio
import socket
from pathlib import Path

from jobs_simulator.model.echo import echo
from jobs_simulator.stage import Stage


async def test_it_says_that_it_is_up_and_then_again_and_again_that_it_lives(tmp_path: Path) -> None:
    address = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(address))
        listener.setblocking(False)
        async with Stage(tmp_path, echo) as stage:
            program = await stage.start(NOTIFY_SOCKET=str(address), WATCHDOG_USEC="200000")
            heard: list[bytes] = []
            async with asyncio.timeout(20):
                while heard[-2:] != [b"WATCHDOG=1"] * 2 or b"READY=1" not in heard:
                    heard.append(await asyncio.get_running_loop().sock_recv(listener, 100))
            assert heard.count(b"READY=1") == 1
            assert await program.stop() == 0
