"""Opening the file safely, and bringing it to this program's version by numbered migrations."""

from importlib import resources
from pathlib import Path

import apsw

from jobs.db.connection import Database, DatabaseError

QUICK_CHECK_LIMIT = 256 * 1024 * 1024
"""Files up to this many bytes are checked whole at every start (about 1 s at the limit)."""


def migrations() -> list[tuple[int, str]]:
    """Every migration as (number, SQL), in order; the number is the file name's first four digits."""
    folder = resources.files("jobs.db") / "migrations"
    files = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
    return [(int(name[:4]), (folder / name).read_text(encoding="utf-8")) for name in files]


def open_database(path: Path) -> Database:
    """Open `path`, making or upgrading it. When it cannot be used: DatabaseError, and nothing was written."""
    existed = path.exists() and path.stat().st_size > 0
    try:
        if existed:
            with path.open("r+b"):
                pass
        database = Database(path)
    except (OSError, apsw.Error) as error:
        raise DatabaseError(
            f"{path} cannot be opened for writing ({error}); check the folder's owner and disk"
        ) from None
    try:
        _check(database, path) if existed else None
        database.configure()
        _upgrade(database)
    except apsw.FullError:
        database.close()
        raise DatabaseError(f"the disk that holds {path} is full; make room and start again") from None
    except (apsw.ReadOnlyError, apsw.CantOpenError, apsw.IOError) as error:
        database.close()
        raise DatabaseError(f"{path} cannot be written ({error}); check the folder's owner and disk") from None
    except (apsw.NotADBError, apsw.CorruptError) as error:
        database.close()
        raise DatabaseError(_broken(path, str(error))) from None
    except DatabaseError:
        database.close()
        raise
    path.chmod(0o600)
    return database


def schema_version(path: Path) -> tuple[int, int]:
    """The version of a database, and the one this program makes of it. Raises DatabaseError."""
    try:
        database = Database(path)
    except apsw.Error as error:
        raise DatabaseError(f"{path} cannot be opened ({error}); check its owner and mode") from None
    try:
        return int(database.value("PRAGMA user_version")), migrations()[-1][0]
    except apsw.Error as error:
        raise DatabaseError(f"{path} cannot be read ({error})") from None
    finally:
        database.close()


def open_as_is(path: Path) -> Database:
    """Open a database that a running Jobs may have open too; nothing is made or upgraded. Raises DatabaseError."""
    if not path.is_file():
        raise DatabaseError(f"there is no {path} yet: Jobs was never started with this DATA_DIR")
    try:
        database = Database(path)
    except apsw.Error as error:
        raise DatabaseError(f"{path} cannot be opened ({error}); check its owner and mode") from None
    try:
        version, newest = database.value("PRAGMA user_version"), migrations()[-1][0]
    except apsw.Error as error:
        database.close()
        raise DatabaseError(f"{path} cannot be read ({error})") from None
    if version != newest:
        database.close()
        raise DatabaseError(f"{path} has version {version}, this program knows {newest}: start it once, or update it")
    return database


def _check(database: Database, path: Path) -> None:
    version = database.value("PRAGMA user_version")
    newest = migrations()[-1][0]
    if version > newest:
        raise DatabaseError(
            f"{path} was written by a newer Jobs (version {version}, this one knows {newest}); "
            "update the program, or restore the backup made before the upgrade"
        )
    if version == 0 and database.one("SELECT 1 FROM sqlite_schema LIMIT 1"):
        raise DatabaseError(f"{path} is a database of another program; set DATA_DIR to a folder of Jobs' own")
    if path.stat().st_size <= QUICK_CHECK_LIMIT:
        verdict = database.value("PRAGMA quick_check(1)")
        if verdict != "ok":
            raise DatabaseError(_broken(path, str(verdict).splitlines()[-1]))


def _upgrade(database: Database) -> None:
    version = database.value("PRAGMA user_version")
    for number, sql in migrations():
        if number > version:
            # A power cut may undo the last of them, which the next start makes again: no wait for the disk after each.
            with database.transaction(durable=False):
                database.script(sql)
                database.script(f"PRAGMA user_version = {number}")


def _broken(path: Path, reason: str) -> str:
    return (
        f"{path} is damaged ({reason}); nothing was changed: put a backup in its place, or move it away to start anew"
    )
