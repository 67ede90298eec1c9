"""Names of files that other people chose, made safe to save under. Pure but for `reserve`."""

import os
import re
import unicodedata
from pathlib import Path

LONGEST = 120
"""Bytes of a name in UTF-8, with its extension; file systems take 255."""
LONGEST_EXTENSION = 16

_NEVER = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
"""Controls, what turns the direction of writing, halves of characters, line ends."""
_AWKWARD = re.compile(r'[<>:"|?*`$!;&\'\\]')


def safe_name(name: str, fallback: str = "file") -> str:
    """The name without path, control and direction characters and leading dots, at most LONGEST bytes long."""
    name = unicodedata.normalize("NFC", name.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
    name = re.split(r"[/\\]", name)[-1]
    name = "".join(letter for letter in name if unicodedata.category(letter) not in _NEVER)
    name = " ".join(_AWKWARD.sub("_", name).split()).strip(" .").lstrip("-~")
    stem, dot, extension = name.rpartition(".")
    if not dot or not re.fullmatch(rf"\w{{1,{LONGEST_EXTENSION}}}", extension):
        stem, extension = name, ""
    ending = f".{extension}" if extension else ""
    stem = _cut(stem.strip(" ."), LONGEST - len(ending.encode())) or fallback
    return stem + ending


def reserve(folder: Path, name: str) -> Path:
    """Make an empty file of that name, or of the first of name-2, name-3, … that is free. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    stem, ending = os.path.splitext(name)
    number = 1
    while True:
        path = folder / (name if number == 1 else f"{stem}-{number}{ending}")
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except FileExistsError:
            number += 1
        else:
            return path


def _cut(text: str, size: int) -> str:
    return text.encode()[:size].decode("utf-8", "ignore").strip(" .")
