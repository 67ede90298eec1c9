"""Making a backup: a .tar.gz, consistent although Jobs runs.

    manifest.json     version, when, what could not be read, and the SHA-256 of every file
    data/db.sqlite    a snapshot (VACUUM INTO: one read transaction, which holds up no writer)
    data/…            sessions, transcripts, the archive of old rows
    workspace/…       the memory; with `whole`, everything but what tools make again
    settings.env, data/mcp_servers.json   without the secrets unless they are wanted
    data/telethon.session, data/hooks.json   only with the secrets: they are nothing else

Whatever else a running Jobs changes meanwhile is taken as it is at that moment; a transcript that is ahead of the
database is recognised when it is resumed. A file that cannot be read is left out, and named.
"""

import hashlib
import json
import os
import re
import sqlite3
import stat
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
from jobs.masks import Masks, arguments_without_secrets, url_without_secrets
from jobs.texts import Refusal
from jobs.times import now, to_text

FORMAT = 1
MANIFEST, ENV = "manifest.json", "settings.env"
MADE_AGAIN = frozenset(
    {"node_modules", ".venv", "venv", "__pycache__", ".cache", ".npm", ".mypy_cache", ".ruff_cache", ".pytest_cache"}
)
"""Folders that tools make again by themselves."""
KEPT = ".before-restore-"
"""How folders begin in which `restore` keeps what was there: hidden, so that it is not searched as memory."""
SERVERS, HOOKS = "mcp_servers.json", "hooks.json"
MEMORY = ("MEMORY.md", "memory", ".claude/skills")
SECRET_VARIABLES = frozenset({*(name.upper() for name in SECRET_FIELDS), "HTTP_PROXY", "http_proxy"})


class BackupError(Refusal):
    """A backup could not be made or used; one sentence with what to do."""


@dataclass(frozen=True)
class Backup:
    path: Path
    files: int
    size: int
    """Bytes of the archive."""
    left_out: "LeftOut"


LeftOut = dict[str, str]
"""What could not be read, files and folders, by the name in the archive, with the system's reason."""


def make_backup(settings: Settings, target: Path, *, secrets: bool = False, whole: bool = True) -> Backup:
    """Write the backup to `target`, which must not exist yet; nobody else may read it. Raises BackupError."""
    if target.exists():
        raise BackupError("backup_exists", path=target)
    if not (database := settings.data_dir / "db.sqlite").is_file():
        raise BackupError("db_none", path=database)
    part = target.with_name(f".{target.name}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            left_out: LeftOut = {}
            count = _write(settings, file, part, left_out, secrets=secrets, whole=whole)
            file.flush()
            os.fsync(file.fileno())
        part.rename(target)
    except OSError as error:
        raise BackupError("backup_not_written", path=target, why=_reason(error)) from None
    finally:
        part.unlink(missing_ok=True)
    return Backup(target, count, target.stat().st_size, left_out)


def unreadable(settings: Settings) -> LeftOut:
    """What a daily backup would have to leave out now."""
    left_out: LeftOut = {}
    for path, name in _files(settings, left_out, whole=False):
        if file := _opened(path, name, left_out):
            file.close()
    return left_out


def _opened(path: Path, name: str, left_out: LeftOut) -> IO[bytes] | None:
    """A file to read; None when it is gone by now, or cannot be read, which is noted."""
    try:
        return path.open("rb")
    except FileNotFoundError:
        return None
    except OSError as error:
        left_out[name] = _reason(error)
        return None


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__


def _write(settings: Settings, file: Any, part: Path, left_out: LeftOut, *, secrets: bool, whole: bool) -> int:
    sums: dict[str, str] = {}
    with (
        tarfile.open(fileobj=file, mode="w:gz", compresslevel=6) as archive,
        tempfile.TemporaryDirectory(dir=settings.data_dir, prefix="backup-") as folder,  # /tmp may be small, in memory
    ):
        version = _snapshot(settings.data_dir / "db.sqlite", Path(folder) / "db.sqlite")
        _add(archive, Path(folder) / "db.sqlite", "data/db.sqlite", sums, left_out)
        for path, name in _files(settings, left_out, whole=whole):
            if path == part:
                continue  # it lies in the workspace itself
            _add(archive, path, name, sums, left_out)
        if text := _text(project_root() / ".env", ENV, left_out):
            _add_text(archive, ENV, text if secrets else without_secrets(text), sums)
        if text := _text(settings.data_dir / SERVERS, f"data/{SERVERS}", left_out):
            _add_text(archive, f"data/{SERVERS}", text if secrets else servers_without_secrets(text), sums)
        if secrets:
            _add(archive, settings.data_dir / HOOKS, f"data/{HOOKS}", sums, left_out)
        if secrets and settings.telethon_session.is_file():
            login = Path(folder) / "telethon.session"
            _copy_login(settings.telethon_session, login)
            _add(archive, login, "data/telethon.session", sums, left_out)
        manifest = {
            "format": FORMAT,
            "jobs": __version__,
            "database": version,
            "made_at": to_text(now()),
            "secrets": secrets,
            "whole": whole,
            "left_out": left_out,
            "files": sums,
        }
        _add_text(archive, MANIFEST, json.dumps(manifest, indent=1), {})  # in ASCII: a name may be no UTF-8
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
        raise BackupError("backup_not_copied", path=database, why=error) from None


def _copy_login(source: Path, target: Path) -> None:
    """Raises BackupError."""
    try:
        with (
            closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as old,
            closing(sqlite3.connect(target)) as new,
        ):
            old.backup(new)
    except sqlite3.Error as error:
        raise BackupError("backup_not_copied", path=source, why=error) from None


def _files(settings: Settings, left_out: LeftOut, *, whole: bool) -> Iterator[tuple[Path, str]]:
    """Every file with its name in the archive; folders that cannot be read are noted."""
    data, workspace = settings.data_dir, settings.workspace_dir
    for path in sorted((data / "sessions").glob("*.session")):
        yield path, f"data/sessions/{path.name}"
    for path in sorted(data.glob("claude/*/config/projects/**/*.jsonl")):
        yield path, f"data/{path.relative_to(data)}"
    for path in sorted((data / "archive").glob("*.gz")):
        yield path, f"data/archive/{path.name}"
    for name in ["."] if whole else MEMORY:
        for path in _below(workspace / name, workspace, left_out):
            yield path, f"workspace/{path.relative_to(workspace)}"


def _below(path: Path, workspace: Path, left_out: LeftOut) -> Iterator[Path]:
    """A file, or all files in a folder; links are not followed."""

    def note(error: OSError) -> None:
        if not isinstance(error, (FileNotFoundError, NotADirectoryError)):
            left_out[f"workspace/{Path(error.filename).relative_to(workspace)}/"] = _reason(error)

    if os.path.isfile(path) and not os.path.islink(path):
        yield path
    for folder, folders, names in os.walk(path, onerror=note):
        folders[:] = sorted(name for name in folders if name not in MADE_AGAIN and not name.startswith(KEPT))
        for name in sorted(names):
            file = Path(folder) / name
            try:
                is_plain = stat.S_ISREG(file.lstat().st_mode)
            except OSError:
                is_plain = True  # gone, or not for us to see: opening it tells
            if is_plain:
                yield file


class _Reader:
    """Reads as many bytes as the file had at first, and hashes them: one that shrinks meanwhile ends in zeros.

    So does one that cannot be read to its end; `error` is why.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._hash = hashlib.sha256()
        self.error: OSError | None = None

    def read(self, size: int) -> bytes:
        data = b""
        try:
            data = b"" if self.error else self._file.read(size)
        except OSError as error:
            self.error = error
        data = data.ljust(size, b"\0")
        self._hash.update(data)
        return data

    @property
    def sum(self) -> str:
        return self._hash.hexdigest()


def _add(archive: tarfile.TarFile, path: Path, name: str, sums: dict[str, str], left_out: LeftOut) -> None:
    """Add a file, unless it is gone by now or cannot be opened."""
    file = _opened(path, name, left_out)
    if file is None:
        return
    with file:
        status = os.fstat(file.fileno())
        info = tarfile.TarInfo(name)
        info.size, info.mtime, info.mode = status.st_size, status.st_mtime, status.st_mode & 0o777
        reader = _Reader(file)
        archive.addfile(info, cast(IO[bytes], reader))
    sums[name] = reader.sum
    if reader.error:
        left_out[name] = _reason(reader.error)


def _text(path: Path, name: str, left_out: LeftOut) -> str:
    """What a file says; "" when there is none, or it cannot be read."""
    file = _opened(path, name, left_out)
    if file is None:
        return ""
    with file:
        return file.read().decode("utf-8", "replace")


def _add_text(archive: tarfile.TarFile, name: str, text: str, sums: dict[str, str]) -> None:
    content = text.encode()
    info = tarfile.TarInfo(name)
    info.size, info.mtime, info.mode = len(content), now().timestamp(), 0o600
    archive.addfile(info, BytesIO(content))
    sums[name] = hashlib.sha256(content).hexdigest()


def without_secrets(text: str) -> str:
    """The lines of an .env file, those with a secret without its value, also where they are commented out."""
    lines = []
    for line in text.splitlines():
        before, is_set, _ = line.partition("=")
        mark, name = re.fullmatch(r"(\s*(?:#[\s#]*#|#)?)\s*(?:export\s+)?(.*?)\s*", before, re.DOTALL).groups()  # type: ignore[union-attr]
        lines.append(f"{mark}{name}=" if is_set and name.upper() in SECRET_VARIABLES else line)
    return Masks()("\n".join(lines) + "\n")


def servers_without_secrets(text: str) -> str:
    """mcp_servers.json without the values that its servers are given; those that name a variable (`${…}`) stay."""
    try:
        document = json.loads(text)
    except ValueError:
        return "{}"  # it is in use by nobody
    servers = document.get("mcpServers") if isinstance(document, dict) else None
    for entry in servers.values() if isinstance(servers, dict) else ():
        if not isinstance(entry, dict):
            continue
        for field in ("env", "headers"):
            if isinstance(given := entry.get(field), dict):
                entry[field] = {name: value if "${" in str(value) else "" for name, value in given.items()}
        if isinstance(arguments := entry.get("args"), list):
            entry["args"] = arguments_without_secrets(map(str, arguments), "")
        if isinstance(url := entry.get("url"), str):
            entry["url"] = url_without_secrets(url, "")
    return Masks()(json.dumps(document, ensure_ascii=False, indent=2))
