"""`./jobs backup`, `./jobs restore` and `./jobs migrate`, at the terminal."""

from pathlib import Path

from jobs.backup import BackupError, before_upgrade, make_backup, restore_backup
from jobs.called import complain
from jobs.config import Settings
from jobs.db import AlreadyRunning, DatabaseError, DataLock, open_database, schema_version
from jobs.texts import at_terminal

DONE, PENDING, UNUSABLE = 0, 1, 2


def backup(settings: Settings, target: Path, *, secrets: bool) -> int:
    try:
        made = make_backup(settings, target.absolute(), secrets=secrets)
    except BackupError as error:
        return _refuse(error.told)
    key = "backup_made_secrets" if secrets else "backup_made"
    print(at_terminal(key, path=made.path, files=made.files, size=f"{made.size / 1e6:.1f}"))
    for name, reason in made.left_out.items():
        shown = name.encode("utf-8", "replace").decode()
        print(at_terminal("backup_left_out", name=shown, reason=reason))
    return DONE


def restore(settings: Settings, source: Path) -> int:
    try:
        restored = restore_backup(settings, source.absolute())
    except (BackupError, AlreadyRunning) as error:
        return _refuse(error.told)
    print(at_terminal("restored", made_at=restored.made_at, files=restored.files))
    for path in restored.kept:
        print(at_terminal("restored_kept", path=path))
    if not restored.has_login and not settings.telethon_session.is_file():
        print(at_terminal("restored_no_login"))
    return DONE


def migrate(settings: Settings, *, check: bool) -> int:
    """Bring the database to this version, after a copy; `check` only says whether that is needed."""
    path = settings.data_dir / "db.sqlite"
    if not path.is_file():
        print(at_terminal("migrate_none", path=path))
        return DONE
    try:
        version, newest = schema_version(path)
        if version > newest:
            return _refuse(at_terminal("migrate_newer", version=version, newest=newest))
        if version == newest:
            print(at_terminal("migrate_new", version=version))
            return DONE
        if check:
            print(at_terminal("migrate_pending", version=version, newest=newest))
            return PENDING
        lock = DataLock(settings.data_dir)
        lock.acquire()
        try:
            copy = before_upgrade(path)
            open_database(path).close()
        finally:
            lock.release()
    except (DatabaseError, AlreadyRunning) as error:
        return _refuse(error.told)
    print(at_terminal("migrated", version=version, newest=newest, copy=copy))
    return DONE


def _refuse(sentence: str) -> int:
    complain(sentence)
    return UNUSABLE
