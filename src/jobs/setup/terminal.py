"""The person at the terminal, or a script that answers line by line."""

import asyncio
import contextlib
import os
import termios
import threading
from collections.abc import Iterator

STDIN = 0


class Terminal:
    """Asks on standard output and reads standard input; the console that signing in to Telegram wants.

    Raises EOFError when there is nothing more to read. A question can be cancelled: Python's own `input` could not.
    """

    @property
    def is_tty(self) -> bool:
        return os.isatty(STDIN)

    async def ask(self, question: str) -> str:
        """Ask and return the answer, without spaces around it."""
        return (await self._answer(question)).strip()

    async def ask_secret(self, question: str) -> str:
        """The same for what must not be seen: a terminal does not show it. Spaces around it are kept."""
        with _unseen() if self.is_tty else contextlib.nullcontext():
            return await self._answer(question, seen=False)

    def say(self, text: str) -> None:
        print(text, flush=True)

    async def _answer(self, question: str, *, seen: bool = True) -> str:
        print(question, end=" ", flush=True)
        try:
            return await _line()
        finally:
            if not (seen and self.is_tty):
                print(flush=True)  # nobody's Enter has ended the line


@contextlib.contextmanager
def kept_modes() -> Iterator[None]:
    """The terminal is afterwards as it was before, whatever a program has done to it."""
    before = termios.tcgetattr(STDIN)
    try:
        yield
    finally:
        termios.tcsetattr(STDIN, termios.TCSADRAIN, before)


@contextlib.contextmanager
def _unseen() -> Iterator[None]:
    """The terminal does not show what is typed."""
    with kept_modes():
        modes = termios.tcgetattr(STDIN)
        modes[3] &= ~termios.ECHO
        termios.tcsetattr(STDIN, termios.TCSADRAIN, modes)
        yield


async def _line() -> str:
    """The next line of standard input.

    It is read on a thread that nobody waits for at the end, and past Python's own buffer, whose lock that thread would
    still hold then.
    """
    loop = asyncio.get_running_loop()
    line: asyncio.Future[bytes] = loop.create_future()

    def hand_over(read: bytes) -> None:
        if not line.done():
            line.set_result(read)

    def read() -> None:
        text = _read_line()
        with contextlib.suppress(RuntimeError):  # the loop has been closed meanwhile
            loop.call_soon_threadsafe(hand_over, text)

    threading.Thread(target=read, name="stdin", daemon=True).start()
    text = await line
    if not text:
        raise EOFError
    return text.decode("utf-8", "replace").rstrip("\r\n")


def _read_line() -> bytes:
    """Up to and with the line's end; empty at the end of the input."""
    text = b""
    while not text.endswith(b"\n"):
        try:
            byte = os.read(STDIN, 1)
        except OSError:  # there is no standard input
            return text
        if not byte:
            return text
        text += byte
    return text
