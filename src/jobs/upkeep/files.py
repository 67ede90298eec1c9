"""Which files have had their time: transcripts that nothing resumes, what CLIs leave lying, uploads by age or size."""

import json
import os
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

LEFT_LYING = timedelta(days=30)
"""A transcript that is nobody's session any more, and whatever else a CLI has written and not touched since."""
TEMPORARY = timedelta(days=7)
_TEMPORARY_NAME = re.compile(r"(?:backup|restore|check)-[a-z0-9_]{8}")
"""As `tempfile` makes them: a backup that the owner has put there is none."""


LEFT = frozenset(
    {"projects", "sessions", "session-env", "debug", "todos", "shell-snapshots", "file-history", "telemetry", "backups"}
)
"""Folders of a CLI's configuration that hold what it writes for one session: results, notes, copies."""


def old_session_files(data_dir: Path, moment: datetime) -> Iterator[Path]:
    """Files of sessions that nothing needs any more. The transcript that a person's session goes on with stays."""
    for folder in (data_dir / "claude").glob("*"):
        current = _current(data_dir, folder)
        config = folder / "config"
        for path, changed in _files(config):
            is_left = path.suffix == ".jsonl" or path.relative_to(config).parts[0] in LEFT
            is_current = path.stem == current or current in path.parts
            if is_left and moment - changed > LEFT_LYING and not is_current:
                yield path
        yield from (path for path, changed in _files(folder / "tmp") if moment - changed > TEMPORARY)


def old_session_folders(data_dir: Path, moment: datetime) -> Iterator[Path]:
    """Empty folders that CLIs have left, the innermost first."""
    for folder in (data_dir / "claude").glob("*"):
        current = _current(data_dir, folder)
        for root in (folder / "tmp", *(folder / "config" / name for name in LEFT)):
            for where, _, _ in os.walk(root, topdown=False):
                path = Path(where)
                if path != root and current not in path.parts and _is_old_and_empty(path, moment):
                    yield path


def _is_old_and_empty(folder: Path, moment: datetime) -> bool:
    try:
        old = moment - datetime.fromtimestamp(folder.lstat().st_mtime).astimezone() > LEFT_LYING
        return old and not any(folder.iterdir())
    except OSError:
        return False


def left_by_killed(data_dir: Path, moment: datetime) -> Iterator[Path]:
    """What a backup, a restore or a check was writing when it was killed: files, and folders with all in them."""
    folders = [path for path in data_dir.glob("*-*") if _TEMPORARY_NAME.fullmatch(path.name) and path.is_dir()]
    for path in (*folders, *(data_dir / "backups").glob(".*.part")):
        try:
            if moment.timestamp() - path.lstat().st_mtime > TEMPORARY.total_seconds():
                yield path
        except FileNotFoundError:
            continue  # it was still being written, and has just been finished


def old_uploads(uploads: Path, moment: datetime, days: int, most_bytes: int, needed: set[Path]) -> Iterator[Path]:
    """Files that people sent: older than `days` (0: no limit), or the oldest while all are over `most_bytes` (0: none).

    `needed` stay: they belong to tasks that are not closed.
    """
    found = sorted(((changed, path) for path, changed in _files(uploads)), key=lambda each: each[0])
    total = sum(_size(path) for _, path in found)
    for changed, path in found:
        too_old = days > 0 and moment - changed > timedelta(days=days)
        if path in needed or not (too_old or 0 < most_bytes < total):
            continue
        total -= _size(path)
        yield path


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0  # the owner or a session has removed it


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


def _current(data_dir: Path, folder: Path) -> str | None:
    """The id of the session that a person has; it names the transcript."""
    record = data_dir / "sessions" / f"{folder.name}.session"
    try:
        return str(json.loads(record.read_text(encoding="utf-8"))["session_id"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
