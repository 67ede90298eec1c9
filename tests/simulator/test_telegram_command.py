"""The simulated Telegram as a process of its own."""

import asyncio
import os
import signal
import sys
from pathlib import Path

from telethon import TelegramClient
from telethon.crypto import rsa
from telethon.sessions import MemorySession

import jobs_simulator.telegram

PROGRAM = """
import argparse, asyncio
from jobs_simulator.telegram.command import add_arguments, run
parser = argparse.ArgumentParser()
add_arguments(parser)
raise SystemExit(asyncio.run(run(parser.parse_args())))
"""


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(Path(jobs_simulator.telegram.__file__).parents[2])}


def trust(key_path: str) -> None:
    rsa.add_key(Path(key_path).read_text(), old=False)


async def test_it_prints_what_a_client_needs_and_stops_on_sigterm() -> None:
    arguments = ["--user", "Мария:masha:79990001122", "--user", "Bob", "--bot", "jobs_bot"]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM, *arguments, stdout=asyncio.subprocess.PIPE, env=environment()
    )
    assert process.stdout
    try:
        async with asyncio.timeout(20):
            lines = [(await process.stdout.readline()).decode().split() for _ in range(5)]
            told = {line[0]: line[1] for line in lines[:2]}
            masha = dict(part.split("=") for part in lines[2][3:])
            assert lines[2][:3] == ["user", "Мария", "@masha"]
            assert (lines[3][:3], lines[4][:2]) == (["user", "Bob", "-"], ["bot", "jobs_bot"])
            dc, _, address = told["endpoint"].partition("@")
            host, _, port = address.partition(":")
            trust(told["key"])
            client = TelegramClient(MemorySession(), 1, "x")
            client.session.set_dc(int(dc), host, int(port))
            await client.connect()
            await client.send_code_request(masha["phone"])
            assert (await client.sign_in(masha["phone"], masha["code"])).id == int(masha["id"])
            await client.disconnect()
            process.send_signal(signal.SIGTERM)
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_a_taken_name_is_an_error() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        PROGRAM,
        "--user",
        "A:same",
        "--user",
        "B:same",
        stderr=asyncio.subprocess.PIPE,
        env=environment(),
    )
    async with asyncio.timeout(20):
        _, complaint = await process.communicate()
    assert (process.returncode, b"same is taken by A" in complaint) == (1, True)
