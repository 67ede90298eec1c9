"""The way back: everything is checked before anything is replaced, and what was there is kept beside it."""

import hashlib
import json
import shutil
import stat
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jobs.backup.archive import ENV, FORMAT, HOOKS, KEPT, MANIFEST, MEMORY, SERVERS, BackupError
from jobs.config import Settings, project_root
from jobs.db import RESTORED, DatabaseError, DataLock, migrations, open_database
from jobs.times import now, to_text
from jobs.walls import share

REPLACED = (
    *("db.sqlite", "db.sqlite-wal", "db.sqlite-shm", "sessions", "claude", "archive"),
    *("memory.sqlite", "memory.sqlite-wal", "memory.sqlite-shm"),  # made anew, of what there is then
)
"""What of the data directory is replaced. The login is, only where the backup has one."""
WITH_SECRETS = (SERVERS, HOOKS)
"""Replaced by a backup with secrets; one without leaves those that are there."""
LOGIN = ("telethon.session", "telethon.session-journal")


@dataclass(frozen=True)
class Restored:
    made_at: str
    """When the backup was made, UTC."""
    files: int
    kept: list[Path]
    """Where what was there before lies now."""
    has_login: bool


def restore_backup(settings: Settings, source: Path) -> Restored:
    """Put a backup in the place of what is there. Raises BackupError, or AlreadyRunning while Jobs runs."""
    if not source.is_file():
        raise BackupError("backup_no_file", path=source)
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    settings.workspace_dir.mkdir(parents=True, exist_ok=True)
    lock = DataLock(settings.data_dir)
    try:
        lock.acquire()
    except DatabaseError as error:
        raise BackupError(error.saying.key, **error.saying.values) from None
    try:
        with tempfile.TemporaryDirectory(dir=settings.data_dir, prefix="restore-") as name:
            folder = Path(name)
            manifest = _unpacked(source, folder)
            _prepare_database(folder / "data" / "db.sqlite")
            return _put(settings, folder, manifest)
    except OSError as error:
        raise BackupError("backup_unusable", path=error.filename or source, why=error.strerror or error) from None
    finally:
        lock.release()


def _unpacked(source: Path, folder: Path) -> dict[str, Any]:
    """Unpack everything and compare it with the manifest, which is returned. Raises BackupError."""
    try:
        with tarfile.open(source, "r:gz") as archive:
            archive.extractall(folder, filter="data")
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        sums: dict[str, str] = manifest["files"]
        known = manifest["format"]
    except (tarfile.TarError, EOFError, ValueError, KeyError, TypeError) as error:
        raise BackupError("backup_not_whole", path=source, why=error) from None
    if known > FORMAT or manifest.get("database", 0) > migrations()[-1][0]:
        raise BackupError("backup_newer", path=source, version=manifest.get("jobs"))
    found = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} - {MANIFEST}
    for name in sums.keys() | found:
        path = folder / name
        if name not in sums or not path.is_file() or _sum(path) != sums[name]:
            raise BackupError("backup_damaged", path=source, name=name)
    return manifest


def _sum(path: Path) -> str:
    with path.open("rb") as file:  # it may be larger than the memory
        return hashlib.file_digest(file, "sha256").hexdigest()


def _prepare_database(path: Path) -> None:
    """It opens, is whole, and can be brought to this version; it will know that it is older than the chats.

    Raises BackupError.
    """
    if not path.is_file():
        raise BackupError("backup_no_database")
    try:
        db = open_database(path)
        db.meta[RESTORED] = to_text(now())
        db.close()
    except DatabaseError as error:
        raise BackupError("backup_bad_database", why=error.saying.values.get("why", error)) from None


def _put(settings: Settings, folder: Path, manifest: dict[str, Any]) -> Restored:
    data, workspace = settings.data_dir, settings.workspace_dir
    aside = f"{KEPT}{now():%Y%m%dT%H%M%SZ}"
    has_login = (folder / "data" / LOGIN[0]).is_file()
    has_secrets = bool(manifest.get("secrets"))
    stays = () if has_secrets else tuple(name for name in WITH_SECRETS if (data / name).exists())
    replaced = [*REPLACED, *(WITH_SECRETS if has_secrets else ()), *(LOGIN if has_login else ())]
    in_workspace = (folder / "workspace").glob("*")
    parts = [path.name for path in in_workspace] if manifest.get("whole", True) else list(MEMORY)
    parts = [name for name in parts if (folder / "workspace" / name).exists()]
    kept = [_set_aside(data, data / aside, replaced), _set_aside(workspace, workspace / aside, parts)]
    for path in (folder / "data").glob("*"):
        if path.name not in stays:
            shutil.move(path, data / path.name)
    for name in parts:
        (workspace / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.move(folder / "workspace" / name, workspace / name)
    if (status := workspace.stat()).st_mode & stat.S_ISGID:  # shared with the agent's user
        share(workspace, status.st_gid)
    for path in (data / name for name in ("db.sqlite", LOGIN[0], *WITH_SECRETS)):
        if path.is_file():
            path.chmod(0o600)
    env = project_root() / ".env"
    if (folder / ENV).is_file() and not env.exists():  # settings of this machine win
        shutil.copyfile(folder / ENV, env)
        env.chmod(0o600)
    return Restored(manifest["made_at"], len(manifest["files"]), [path for path in kept if path], has_login)


def _set_aside(folder: Path, aside: Path, names: list[str]) -> Path | None:
    """Move what is there into a folder beside it; returns that folder, or None when there was nothing."""
    there = [folder / name for name in names if (folder / name).exists()]
    if not there:
        return None
    aside.mkdir(mode=0o700)
    for path in there:
        kept = aside / path.relative_to(folder)
        kept.parent.mkdir(parents=True, exist_ok=True)
        path.rename(kept)
    return aside
