"""The memory's files: `MEMORY.md` for what lasts, `memory/YYYY-MM-DD.md` for the days. The files are the truth."""

import os
from dataclasses import dataclass
from datetime import date
from pathlib import Path

HEADING = "## "
GENERAL = "General"
"""The section of a fact that names none."""


@dataclass(frozen=True)
class Line:
    """One remembered line."""

    path: str
    """Relative to the workspace."""
    number: int
    """From 1."""
    section: str
    text: str


class MemoryStorage:
    """Reads and writes the Markdown files under the workspace."""

    def __init__(self, workspace: Path) -> None:
        self._workspace = workspace
        self.memory = workspace / "MEMORY.md"
        self.days = workspace / "memory"

    def append(self, text: str, section: str | None = None) -> str:
        """Add a fact under a section of MEMORY.md, made if need be; a fact that stands there already is left.

        Line breaks in `text` become spaces. Returns the section's name.
        """
        section = _one_line(section or "") or GENERAL
        entry = f"- {_one_line(text)}"
        lines = self._read(self.memory).splitlines()
        if entry in lines:
            return section
        heading = HEADING + section
        if heading not in lines:
            lines += ["", heading] if lines else [heading]
        at = lines.index(heading) + 1
        while at < len(lines) and not lines[at].startswith(HEADING):
            at += 1
        while lines[at - 1] == "":
            at -= 1
        lines.insert(at, entry)
        _write(self.memory, "\n".join(lines) + "\n")
        return section

    def log(self, text: str, day: date) -> None:
        """Add a line to a day's log."""
        path = self.days / f"{day.isoformat()}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        before = self._read(path)
        _write(path, f"{before}- {_one_line(text)}\n")

    def lines(self) -> list[Line]:
        """Every remembered line with something in it, from MEMORY.md first, then the days, newest first."""
        days = sorted(self.days.glob("*.md"), reverse=True)
        found = []
        for path in (self.memory, *days):
            section = ""
            for number, text in enumerate(self._read(path).splitlines(), 1):
                if text.startswith("#"):
                    section = text.lstrip("# ").strip()
                elif text.strip():
                    found.append(Line(str(path.relative_to(self._workspace)), number, section, text.strip()))
        return found

    def _read(self, path: Path) -> str:
        try:
            return path.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return ""


def _write(path: Path, text: str) -> None:
    """Replace a file so that a kill leaves the old one or the new one, never a torn one."""
    fresh = path.with_name(f".{path.name}.new")
    with fresh.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def _one_line(text: str) -> str:
    return " ".join(text.split())
