"""`./jobs demo`, as a person without any settings runs it."""

import asyncio
import os
import pty
import sys
from pathlib import Path

import pytest

from jobs_simulator.stage import clean_environment


async def run_jobs(*arguments: str, typed: str = "", folder: Path, **settings: str) -> tuple[int, str]:
    """Run a command to its end with these lines on standard input; returns the exit code and what was printed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "jobs",
        *arguments,
        env={
            **clean_environment(),
            "JOBS_ROOT": str(folder),
            **settings,
        },
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(120):
        printed, _ = await process.communicate(typed.encode())
    return process.returncode or 0, printed.decode()


async def test_the_scenario_plays_to_its_end(tmp_path: Path) -> None:
    code, printed = await run_jobs("demo", "--play", folder=tmp_path)
    assert code == 0, printed
    assert "every step came true" in printed
    assert "FAILED" not in printed
    for claim in (
        "the owner gets the word",
        "the contact is told, with the deadline",
        "kill -9",
        "no file is read for the stranger",
        "no command runs for the stranger",
        "the owner hears it",
        "the owner sees the first message to somebody who never wrote",
        "no model was asked for any of it",
        "she proposes another day",
        "the owner returns it",
        "without an answer the owner is asked what to do",
        "three starts later it is found by a question in English",
        "what a contact said is found, with her name and the day",
        "the fact is there once, nothing is torn",
    ):
        assert claim in printed


async def test_without_settings_up_is_the_demo_and_says_so(tmp_path: Path) -> None:
    typed = "привет\n/as Мария\nЗдравствуйте!\n/as Nobody\n/as owner\nкто ты?\n/help\n"
    code, printed = await run_jobs("up", typed=typed, folder=tmp_path, LANG="ru_RU.UTF-8")
    assert code == 0, printed
    lines = printed.splitlines()
    assert "демонстрация" in lines[0]
    assert "сценарий, а не модель" in printed
    assert "Мария Иванова → Jobs: Здравствуйте!" in printed
    assert "Jobs → Мария Иванова: " in printed
    assert "Jobs → Иван Петров: " in printed
    assert "Nobody" in printed
    assert "/schedule" in printed, "Jobs' own commands are for Jobs"
    assert not list(tmp_path.iterdir()), "the demo leaves nothing in the project"


@pytest.mark.parametrize(("arguments", "left"), [(("demo",), 0), (("demo", "--play"), 1)])
async def test_when_nobody_reads_any_more_the_demo_ends_without_a_traceback(
    tmp_path: Path, arguments: tuple[str, ...], left: int
) -> None:
    process = await asyncio.create_subprocess_exec(
        "bash",
        "-c",
        'set -o pipefail; exec 3>&1; { "$@" 3>&-; echo "code $?" >&3; } | head -7 >/dev/null',
        "bash",
        sys.executable,
        "-m",
        "jobs",
        *arguments,
        env={**clean_environment(), "JOBS_ROOT": str(tmp_path)},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdin
    process.stdin.write("привет\nлюди\n".encode())
    assert process.stdout
    async with asyncio.timeout(60):
        printed = await process.stdout.read()
        await process.wait()
    assert printed.decode() == f"code {left}\n"


@pytest.mark.parametrize(
    ("arguments", "line"), [(("demo",), "Jobs is up"), (("demo", "--play"), "The demo's scenario")]
)
async def test_when_its_terminal_is_closed_all_of_it_is_gone(
    tmp_path: Path, arguments: tuple[str, ...], line: str
) -> None:
    ours, its = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "import fcntl, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); from jobs.cli import main; main()",
        *arguments,
        env={**clean_environment(), "JOBS_ROOT": str(tmp_path), "TMPDIR": str(tmp_path), "LC_ALL": "C.UTF-8"},
        stdin=its,
        stdout=its,
        stderr=its,
        start_new_session=True,
    )
    os.close(its)
    said = b""
    while line.encode() not in said:
        said += await asyncio.to_thread(os.read, ours, 65536)
    assert list(tmp_path.glob("jobs-demo-*"))
    os.close(ours)
    async with asyncio.timeout(30):
        await process.wait()
    assert not list(tmp_path.glob("jobs-demo-*"))


async def test_the_first_request_the_demo_suggests_comes_true(tmp_path: Path) -> None:
    code, printed = await run_jobs(
        "demo", typed="попроси Марию прислать отчёт к среде\n", folder=tmp_path, LANG="ru_RU.UTF-8"
    )
    assert code == 0, printed
    assert "Не получилось" not in printed
    assert "/send 1" in printed
