"""Programs for the tests, without the imports of each start: forked from a process that has loaded them already.

A start of Jobs with a first session takes some 2.5 s of CPU until everything is imported, most of what a test of a
command needs. What is forked is a process of its own all the same, with the arguments, environment, standard streams
and exit code that `python -m …` would have; but /proc/PID/cmdline and /proc/PID/environ are the first process's, and no
import can fail in it. So the tests of the walls and those in `e2e` start their programs cold, and so does at least one
test of each command.
"""

import asyncio
import contextlib
import gc
import importlib
import io
import json
import os
import runpy
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from jobs_simulator.stage import clean_environment

ROOT = Path(__file__).parents[1]
LOADED = (
    "jobs.app",
    "jobs.cli",
    "jobs.aside",
    "jobs.audit",
    "jobs.broker.forward",
    "jobs.doctor",
    "jobs.keeping",
    "jobs.mcp_manager.connection",
    "jobs.setup.model_check",
    "jobs.users.session",
    "jobs.users.short_turn",
    "aiohttp.web",
)
LONGEST_ORDER = 1 << 17


class Nursery:
    """The process that has everything loaded; `start` has it make a program. Linux only, for pidfd_open."""

    def __init__(self) -> None:
        self._socket, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with its:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.warm", str(its.fileno())],
                env=clean_environment(),
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                pass_fds=[its.fileno()],
            )

    def close(self) -> None:
        self._socket.close()
        self._process.wait()

    async def start(
        self, *arguments: str, env: dict[str, str], stdin: int | None = None, stdout: int | None = None, stderr: int
    ) -> "Program":
        """As `asyncio.create_subprocess_exec(sys.executable, *arguments, …)`; the first argument has to be "-m"."""
        assert arguments[0] == "-m"
        with contextlib.ExitStack() as its:

            def pipe(*, written_here: bool) -> tuple[int, int]:
                reading, writing = os.pipe()
                ours, theirs = (writing, reading) if written_here else (reading, writing)
                its.callback(os.close, theirs)
                return ours, theirs

            def end(given: int | None, *, written_here: bool) -> tuple[int | None, int]:
                if given == subprocess.PIPE:
                    return pipe(written_here=written_here)
                if given is None or given == subprocess.DEVNULL:
                    its.callback(os.close, nothing := os.open(os.devnull, os.O_RDWR))
                    return None, nothing
                return None, given

            our_input, its_input = end(stdin, written_here=True)
            our_output, its_output = end(stdout, written_here=False)
            our_error, its_error = (
                (None, its_output) if stderr == subprocess.STDOUT else end(stderr, written_here=False)
            )
            ending, its_status = pipe(written_here=False)
            order = json.dumps({"arguments": arguments[1:], "env": env}).encode()
            socket.send_fds(self._socket, [order], [its_input, its_output, its_error, its_status])
        status = await _reader(ending)
        program = Program(int(await status.readline()), status)
        program.stdin = await _writer(our_input) if our_input is not None else None
        program.stdout = await _reader(our_output) if our_output is not None else None
        program.stderr = await _reader(our_error) if our_error is not None else None
        return program


class Program:
    """What was started, with what the tests use of `asyncio.subprocess.Process`."""

    stdin: asyncio.StreamWriter | None
    stdout: asyncio.StreamReader | None
    stderr: asyncio.StreamReader | None

    def __init__(self, pid: int, status: asyncio.StreamReader) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._ending = asyncio.create_task(self._end(status))

    async def _end(self, status: asyncio.StreamReader) -> int:
        self.returncode = int(await status.readline())
        return self.returncode

    async def wait(self) -> int:
        return await asyncio.shield(self._ending)

    async def communicate(self, written: bytes | None = None) -> tuple[bytes, bytes]:
        if self.stdin:
            self.stdin.write(written or b"")
            self.stdin.close()
        out, error = await asyncio.gather(*(s.read() if s else _nothing() for s in (self.stdout, self.stderr)))
        await self.wait()
        return out, error

    def send_signal(self, number: int) -> None:
        if self.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


async def _nothing() -> bytes:
    return b""


async def _reader(descriptor: int) -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    pipe = os.fdopen(descriptor, "rb", buffering=0)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
    return reader


async def _writer(descriptor: int) -> asyncio.StreamWriter:
    loop = asyncio.get_running_loop()
    pipe = os.fdopen(descriptor, "wb", buffering=0)
    transport, protocol = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, pipe)
    return asyncio.StreamWriter(transport, protocol, None, loop)


def _serve(orders: socket.socket) -> dict[str, Any] | None:
    """Fork for each order that comes. Returns the order in the program's process, and None here at the end of them."""
    running: dict[int, tuple[int, int]] = {}  # pidfd → process id, where its exit code is wanted
    with orders, selectors.DefaultSelector() as selector:
        selector.register(orders, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is not orders:
                    pid, status = running.pop(key.fd)
                    selector.unregister(key.fd)
                    os.close(key.fd)
                    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
                    with contextlib.suppress(BrokenPipeError):  # whoever started it has not waited for it
                        os.write(status, f"{code}\n".encode())
                    os.close(status)
                    continue
                order, descriptors, _, _ = socket.recv_fds(orders, LONGEST_ORDER, 4)
                if not order:
                    return None
                if not (pid := os.fork()):
                    for number, descriptor in enumerate(descriptors[:3]):
                        os.dup2(descriptor, number)
                    for descriptor in (*descriptors, *running, *(status for _, status in running.values())):
                        os.close(descriptor)
                    return dict(json.loads(order))
                os.write(descriptors[3], f"{pid}\n".encode())
                running[watched := os.pidfd_open(pid)] = (pid, descriptors[3])
                selector.register(watched, selectors.EVENT_READ)
                for descriptor in descriptors[:3]:
                    os.close(descriptor)


def _become(order: dict[str, Any]) -> None:
    """Be the program, as the interpreter would have started it."""
    os.environ.clear()
    os.environ.update(order["env"])
    time.tzset()
    tempfile.tempdir = None  # TMPDIR may be another
    signal.signal(signal.SIGINT, signal.default_int_handler)  # what a shell starts in the background has it ignored
    sys.stdin = io.TextIOWrapper(io.BufferedReader(io.FileIO(0, closefd=False)), "utf-8", "surrogateescape")
    sys.stdout = io.TextIOWrapper(io.BufferedWriter(io.FileIO(1, "w", closefd=False)), "utf-8", "surrogateescape")
    sys.stderr = io.TextIOWrapper(
        io.BufferedWriter(io.FileIO(2, "w", closefd=False)), "utf-8", "backslashreplace", line_buffering=True
    )
    module, *arguments = order["arguments"]
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    for name in LOADED:
        importlib.import_module(name)
    gc.freeze()
    assert len(os.listdir("/proc/self/task")) == 1, "a fork would lose the threads"
    if (wanted := _serve(socket.socket(fileno=int(sys.argv[1])))) is not None:
        _become(wanted)
