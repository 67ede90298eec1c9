"""Which files have had their time: transcripts that nothing resumes, what CLIs leave lying, uploads by age or size."""

import json
import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

LEFT_LYING = timedelta(days=30)
"""A transcript that is nobody's session any more, and whatever else a CLI has written and not touched since."""
TEMPORARY = timedelta(days=7)


def old_session_files(data_dir: Path, moment: datetime) -> Iterator[Path]:
    """Files of sessions that nothing needs any more. The transcript that a person's session goes on with stays."""
    for folder in (data_dir / "claude").glob("*"):
        current = _current(data_dir / "sessions" / f"{folder.name}.session")
        for path, changed in _files(folder / "config"):
            if moment - changed > LEFT_LYING and path.stem != current and path.suffix == ".jsonl":
                yield path
        for name in ("debug", "todos", "shell-snapshots", "file-history", "telemetry"):
            yield from (path for path, changed in _files(folder / "config" / name) if moment - changed > LEFT_LYING)
        yield from (path for path, changed in _files(folder / "tmp") if moment - changed > TEMPORARY)


def old_uploads(uploads: Path, moment: datetime, days: int, most_bytes: int, needed: set[Path]) -> Iterator[Path]:
    """Files that people sent: older than `days` (0: no limit), or the oldest while all are over `most_bytes` (0: none).

    `needed` stay: they belong to tasks that are not closed.
    """
    found = sorted(((changed, path) for path, changed in _files(uploads)), key=lambda each: each[0])
    total = sum(path.stat().st_size for _, path in found)
    for changed, path in found:
        too_old = days > 0 and moment - changed > timedelta(days=days)
        if path in needed or not (too_old or 0 < most_bytes < total):
            continue
        total -= path.stat().st_size
        yield path


def _files(folder: Path) -> Iterator[tuple[Path, datetime]]:
    """Every file below, with when it was last changed; links are not followed."""
    for where, _, names in os.walk(folder):
        for name in names:
            path = Path(where) / name
            try:
                changed = datetime.fromtimestamp(path.lstat().st_mtime).astimezone()
            except OSError:
                continue  # a session has removed it
            if not path.is_symlink():
                yield path, changed


def _current(record: Path) -> str | None:
    """The id of the session that a person has; it names the transcript."""
    try:
        return str(json.loads(record.read_text(encoding="utf-8"))["session_id"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
