"""Making a backup: a .tar.gz, consistent although Jobs runs.

    manifest.json     version, when, what is left out, and the SHA-256 of every file
    data/db.sqlite    a snapshot (VACUUM INTO: one read transaction, which holds up no writer)
    data/…            sessions, transcripts, mcp_servers.json, the archive of old rows
    workspace/…       the memory; with `whole`, everything but what tools make again
    settings.env      .env, without the secrets unless they are wanted
    data/telethon.session   only with the secrets: whoever has it is signed in

Whatever else a running Jobs changes meanwhile is taken as it is at that moment; a transcript that is ahead of the
database is recognised when it is resumed.
"""

import hashlib
import json
import os
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import IO, Any, cast

import apsw

from jobs import __version__
from jobs.config import SECRET_FIELDS, Settings, project_root
from jobs.db import DatabaseError, schema_version
from jobs.times import now, to_text

FORMAT = 1
MANIFEST, ENV = "manifest.json", "settings.env"
MADE_AGAIN = frozenset(
    {"node_modules", ".venv", "venv", "__pycache__", ".cache", ".npm", ".mypy_cache", ".ruff_cache", ".pytest_cache"}
)
"""Folders that tools make again by themselves."""
KEPT = "before-restore-"
"""How folders begin in which `restore` keeps what was there."""
MEMORY = ("MEMORY.md", "memory", ".claude/skills")
SECRET_VARIABLES = frozenset({*(name.upper() for name in SECRET_FIELDS), "HTTP_PROXY", "http_proxy"})


class BackupError(Exception):
    """A backup could not be made or used; the message is one sentence with what to do."""


@dataclass(frozen=True)
class Backup:
    path: Path
    files: int
    size: int
    """Bytes of the archive."""


def make_backup(settings: Settings, target: Path, *, secrets: bool = False, whole: bool = True) -> Backup:
    """Write the backup to `target`, which must not exist yet; nobody else may read it. Raises BackupError."""
    if target.exists():
        raise BackupError(f"{target} is there already; name another file, or move it away")
    part = target.with_name(f".{target.name}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            count = _write(settings, file, part, secrets=secrets, whole=whole)
            file.flush()
            os.fsync(file.fileno())
        part.rename(target)
    except OSError as error:
        raise BackupError(
            f"{target} cannot be written ({error.strerror or error}); check the folder and its disk"
        ) from None
    finally:
        part.unlink(missing_ok=True)
    return Backup(target, count, target.stat().st_size)


def _write(settings: Settings, file: Any, part: Path, *, secrets: bool, whole: bool) -> int:
    sums: dict[str, str] = {}
    with tarfile.open(fileobj=file, mode="w:gz", compresslevel=6) as archive, tempfile.TemporaryDirectory() as folder:
        database = settings.data_dir / "db.sqlite"
        version = 0
        if database.is_file():
            version = _snapshot(database, Path(folder) / "db.sqlite")
            _add(archive, Path(folder) / "db.sqlite", "data/db.sqlite", sums)
        for path, name in _files(settings, whole=whole):
            if path == part:
                continue  # it lies in the workspace itself
            _add(archive, path, name, sums)
        if (env := project_root() / ".env").is_file():
            text = env.read_text(encoding="utf-8")
            _add_text(archive, ENV, text if secrets else without_secrets(text), sums)
        if secrets and settings.telethon_session.is_file():
            login = Path(folder) / "telethon.session"
            _copy_login(settings.telethon_session, login)
            _add(archive, login, "data/telethon.session", sums)
        manifest = {
            "format": FORMAT,
            "jobs": __version__,
            "database": version,
            "made_at": to_text(now()),
            "secrets": secrets,
            "whole": whole,
            "files": sums,
        }
        _add_text(archive, MANIFEST, json.dumps(manifest, ensure_ascii=False, indent=1), {})
    return len(sums)


def _snapshot(database: Path, target: Path) -> int:
    """A consistent copy; returns its version. Raises BackupError."""
    try:
        connection = apsw.Connection(str(database), flags=apsw.SQLITE_OPEN_READWRITE)
        with closing(connection):
            connection.set_busy_timeout(10_000)
            connection.execute("VACUUM INTO ?", (str(target),))
        return schema_version(target)[0]
    except (apsw.Error, DatabaseError) as error:
        raise BackupError(f"{database} cannot be copied ({error}); ./jobs doctor says what is wrong") from None


def _copy_login(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)


def _files(settings: Settings, *, whole: bool) -> Iterator[tuple[Path, str]]:
    data, workspace = settings.data_dir, settings.workspace_dir
    for path in sorted((data / "sessions").glob("*.session")):
        yield path, f"data/sessions/{path.name}"
    for path in sorted(data.glob("claude/*/config/projects/**/*.jsonl")):
        yield path, f"data/{path.relative_to(data)}"
    for path in sorted((data / "archive").glob("*.gz")):
        yield path, f"data/archive/{path.name}"
    if (data / "mcp_servers.json").is_file():
        yield data / "mcp_servers.json", "data/mcp_servers.json"
    for name in ["."] if whole else MEMORY:
        yield from ((path, f"workspace/{path.relative_to(workspace)}") for path in _below(workspace / name))


def _below(path: Path) -> Iterator[Path]:
    """A file, or all files in a folder; links are not followed."""
    if path.is_file() and not path.is_symlink():
        yield path
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if name not in MADE_AGAIN and not name.startswith(KEPT))
        for name in sorted(names):
            file = Path(folder) / name
            if file.is_file() and not file.is_symlink():
                yield file


class _Reader:
    """Reads as many bytes as the file had at first, and hashes them: one that shrinks meanwhile ends in zeros."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._hash = hashlib.sha256()

    def read(self, size: int) -> bytes:
        data = self._file.read(size).ljust(size, b"\0")
        self._hash.update(data)
        return data

    @property
    def sum(self) -> str:
        return self._hash.hexdigest()


def _add(archive: tarfile.TarFile, path: Path, name: str, sums: dict[str, str]) -> None:
    """Add a file; one that is gone by now is left out."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return
    with file:
        status = os.fstat(file.fileno())
        info = tarfile.TarInfo(name)
        info.size, info.mtime, info.mode = status.st_size, status.st_mtime, status.st_mode & 0o777
        reader = _Reader(file)
        archive.addfile(info, cast(IO[bytes], reader))
    sums[name] = reader.sum


def _add_text(archive: tarfile.TarFile, name: str, text: str, sums: dict[str, str]) -> None:
    content = text.encode()
    info = tarfile.TarInfo(name)
    info.size, info.mtime, info.mode = len(content), now().timestamp(), 0o600
    archive.addfile(info, BytesIO(content))
    sums[name] = hashlib.sha256(content).hexdigest()


def without_secrets(text: str) -> str:
    """The lines of an .env file, those with a secret without its value."""
    lines = []
    for line in text.splitlines():
        name, is_set, _ = line.removeprefix("export ").partition("=")
        secret = is_set and name.strip() in SECRET_VARIABLES
        lines.append(f"{name.strip()}=" if secret else line)
    return "\n".join(lines) + "\n"
