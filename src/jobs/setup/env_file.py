"""`.env`, changed line by line: what is not asked about stays as it is, to the letter."""

import io
import os
import re
from pathlib import Path

from dotenv.parser import Binding, parse_stream

BARE = re.compile(r"[\w./:@%+,=~-]+", re.ASCII)
"""Values that every reader takes as they stand."""


class EnvFile:
    """The file at `path`, written atomically and with mode 0600.

    While there is none, it begins as a copy of `example`, where that exists.
    """

    def __init__(self, path: Path, example: Path | None = None) -> None:
        self.path = path
        self._example = example

    def names(self) -> set[str]:
        """The variables, in upper case, that have a value that is not empty."""
        return {binding.key.upper() for binding in _bindings(self.path) if binding.key and binding.value}

    def set(self, name: str, value: str) -> None:
        """Give a variable its value, where it stands already or else at the end.

        Raises ValueError for a value that cannot be written so that all readers read the same, OSError when the file
        cannot be written.
        """
        self._change(name, f"{name}={quoted(value)}\n")

    def remove(self, name: str) -> None:
        """Leave the variable out. Raises OSError when the file cannot be written."""
        if name in self.names():
            self._change(name, "")

    def _change(self, name: str, line: str) -> None:
        """Put `line` in the place of the variable's first line; its other lines go, since the last one would count."""
        text = ""
        source = self._example if self._example and not self.path.is_file() else self.path
        for binding in _bindings(source):
            original = binding.original.string
            if binding.key and binding.key.upper() == name:
                # A binding begins with the empty lines before it.
                text += original[: len(original) - len(original.lstrip())] + line
                line = ""
            else:
                text += original
        if line and text and not text.endswith("\n"):
            text += "\n"
        write_private(self.path, text + line)


def _bindings(path: Path) -> list[Binding]:
    if not path.is_file():
        return []
    return list(parse_stream(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")))


def quoted(value: str) -> str:
    """The value as python-dotenv and docker compose both read it back. Raises ValueError where there is no such way."""
    if BARE.fullmatch(value) or not value:
        return value
    if not value.isprintable() or "${" in value:
        raise ValueError("a value of one line and without ${ is needed")
    if not set("'\\") & set(value):
        return f"'{value}'"
    # In double quotes a dollar would be a variable's name to compose, and an escaped quote at the end the end.
    if set('"$') & set(value) or value.endswith("\\"):
        raise ValueError("the quotes, dollars and backslashes in it do not go together")
    return '"' + value.replace("\\", "\\\\") + '"'


def write_private(path: Path, text: str) -> None:
    """Replace a file in one step; only its owner can read it. Raises OSError."""
    target = path.resolve()
    fresh = target.with_name(target.name + ".new")
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8", newline="") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(target)
