"""What MEMORY.md was before each of Jobs' own changes, and a change taken back without what the owner did since."""

from collections import Counter
from difflib import SequenceMatcher
from pathlib import Path

from jobs.memory.whole_files import read, replace

VERSIONS = 50
"""How many earlier versions of MEMORY.md are kept."""
AFTER = "after"
"""The folder of what each change made of the version of the same number."""
UNDONE = "undone"
"""The folder of what MEMORY.md was when the change of that number was taken back."""


class History:
    """Files in one folder: `00000007.md` is what MEMORY.md was before the seventh change. No number comes twice."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def newest(self) -> int:
        """The number of the last change that was not taken back; 0 without one."""
        return max(self._numbers(), default=0)

    def keep(self, before: str, after: str) -> int:
        """Note a change that is about to be made. Returns its number."""
        number = max([*self._numbers(), *self._numbers(UNDONE)], default=0) + 1
        replace(self._file(number, AFTER), after)
        replace(self._file(number), before)
        for old in self._numbers()[:-VERSIONS]:
            self.drop(old)
        return number

    def drop(self, number: int) -> None:
        """It was not made after all, or is taken back."""
        for file in (self._file(number), self._file(number, AFTER)):
            file.unlink(missing_ok=True)

    def is_before(self, number: int, now: str) -> bool:
        """Whether MEMORY.md is as it was before that change."""
        return read(self._file(number)) == now

    def before(self, number: int, now: str) -> str:
        """`now` without that change: what came since stays, also where it took the place of what the change had put."""
        before, after = read(self._file(number)), self._file(number, AFTER)
        if not after.exists() or now in (made := read(after), before):
            return before
        return "\n".join(_without(before.split("\n"), made.split("\n"), now.split("\n")))

    def taken_back(self, number: int, now: str) -> None:
        """Keep what MEMORY.md said when this change was taken back, and the change no longer."""
        replace(self._file(number, UNDONE), now)
        for old in self._numbers(UNDONE)[:-VERSIONS]:
            self._file(old, UNDONE).unlink(missing_ok=True)

    def files(self) -> list[Path]:
        """All that is kept, the newest first."""
        return sorted(self._folder.rglob("*.md"), key=lambda path: (path.stem, path.parent.name), reverse=True)

    def _numbers(self, folder: str = "") -> list[int]:
        """Those there are, the oldest first."""
        return sorted(int(path.stem) for path in (self._folder / folder).glob("[0-9]*.md") if path.stem.isdecimal())

    def _file(self, number: int, folder: str = "") -> Path:
        return self._folder / folder / f"{number:08}.md"


def _without(before: list[str], after: list[str], now: list[str]) -> list[str]:
    """`now`, which has come of `after`, without what made `after` of `before`. A line changed since stays as it is."""
    place: dict[int, int] = {}
    for block in SequenceMatcher(None, after, now, autojunk=False).get_matching_blocks():
        place |= {block.a + each: block.b + each for each in range(block.size)}
    # What the owner has put back already is not put back once more.
    since = Counter(now)
    since.subtract(now[at] for at in place.values())
    gone: set[int] = set()
    again: dict[int, list[str]] = {}
    for what, start, end, old_start, old_end in SequenceMatcher(None, after, before, autojunk=False).get_opcodes():
        if what == "equal":
            continue
        gone |= {place[at] for at in range(start, end) if at in place}
        to = next((place[at] + 1 for at in reversed(range(end)) if at in place), 0)
        for line in before[old_start:old_end]:
            if since[line]:
                since[line] -= 1
            else:
                again.setdefault(to, []).append(line)
    kept: list[str] = []
    for at in range(len(now) + 1):
        kept += again.get(at, [])
        kept += [now[at]] if at < len(now) and at not in gone else []
    return kept
