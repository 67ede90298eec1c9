"""`./jobs backup`, `./jobs restore` and `./jobs migrate`, at the terminal."""

from pathlib import Path

from jobs.backup import BackupError, before_upgrade, make_backup, restore_backup
from jobs.called import complain
from jobs.config import Settings, terminal_language
from jobs.db import AlreadyRunning, DatabaseError, DataLock, open_database, schema_version
from jobs.texts import say

DONE, PENDING, UNUSABLE = 0, 1, 2


def backup(settings: Settings, target: Path, *, secrets: bool) -> int:
    try:
        made = make_backup(settings, target.absolute(), secrets=secrets)
    except BackupError as error:
        return _refuse(str(error))
    key = "backup_made_secrets" if secrets else "backup_made"
    print(say(key, terminal_language(), path=made.path, files=made.files, size=f"{made.size / 1e6:.1f}"))
    for name, reason in made.left_out.items():
        shown = name.encode("utf-8", "replace").decode()
        print(say("backup_left_out", terminal_language(), name=shown, reason=reason))
    return DONE


def restore(settings: Settings, source: Path) -> int:
    try:
        restored = restore_backup(settings, source.absolute())
    except (BackupError, AlreadyRunning) as error:
        return _refuse(str(error))
    print(say("restored", terminal_language(), made_at=restored.made_at, files=restored.files))
    for path in restored.kept:
        print(say("restored_kept", terminal_language(), path=path))
    if not restored.has_login and not settings.telethon_session.is_file():
        print(say("restored_no_login", terminal_language()))
    return DONE


def migrate(settings: Settings, *, check: bool) -> int:
    """Bring the database to this version, after a copy; `check` only says whether that is needed."""
    path = settings.data_dir / "db.sqlite"
    if not path.is_file():
        print(say("migrate_none", terminal_language(), path=path))
        return DONE
    try:
        version, newest = schema_version(path)
        if version > newest:
            return _refuse(say("migrate_newer", terminal_language(), version=version, newest=newest))
        if version == newest:
            print(say("migrate_new", terminal_language(), version=version))
            return DONE
        if check:
            print(say("migrate_pending", terminal_language(), version=version, newest=newest))
            return PENDING
        lock = DataLock(settings.data_dir)
        lock.acquire()
        try:
            copy = before_upgrade(path)
            open_database(path).close()
        finally:
            lock.release()
    except (DatabaseError, AlreadyRunning) as error:
        return _refuse(str(error))
    print(say("migrated", terminal_language(), version=version, newest=newest, copy=copy))
    return DONE


def _refuse(sentence: str) -> int:
    complain(sentence)
    return UNUSABLE
