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
        raise DatabaseError("db_not_writable", path=path, why=error) from None
    try:
        _check(database, path) if existed else None
        database.configure()
        _upgrade(database)
    except apsw.FullError:
        database.close()
        raise DatabaseError("db_disk_full", path=path) from None
    except (apsw.ReadOnlyError, apsw.CantOpenError, apsw.IOError) as error:
        database.close()
        raise DatabaseError("db_not_written", path=path, why=error) from None
    except (apsw.NotADBError, apsw.CorruptError) as error:
        database.close()
        raise DatabaseError("db_damaged", path=path, why=error) from None
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
        raise DatabaseError("db_not_opened", path=path, why=error) from None
    try:
        return int(database.value("PRAGMA user_version")), migrations()[-1][0]
    except apsw.Error as error:
        raise DatabaseError("db_not_read", path=path, why=error) from None
    finally:
        database.close()


def open_as_is(path: Path) -> Database:
    """Open a database that a running Jobs may have open too; nothing is made or upgraded. Raises DatabaseError."""
    if not path.is_file():
        raise DatabaseError("db_none", path=path)
    try:
        database = Database(path)
    except apsw.Error as error:
        raise DatabaseError("db_not_opened", path=path, why=error) from None
    try:
        version, newest = database.value("PRAGMA user_version"), migrations()[-1][0]
    except apsw.Error as error:
        database.close()
        raise DatabaseError("db_not_read", path=path, why=error) from None
    if version != newest:
        database.close()
        raise DatabaseError("db_other_version", path=path, version=version, newest=newest)
    return database


def _check(database: Database, path: Path) -> None:
    version = database.value("PRAGMA user_version")
    newest = migrations()[-1][0]
    if version > newest:
        raise DatabaseError("db_newer", path=path, version=version, newest=newest)
    if version == 0 and database.one("SELECT 1 FROM sqlite_schema LIMIT 1"):
        raise DatabaseError("db_foreign", path=path)
    if path.stat().st_size <= QUICK_CHECK_LIMIT:
        verdict = database.value("PRAGMA quick_check(1)")
        if verdict != "ok":
            raise DatabaseError("db_damaged", path=path, why=str(verdict).splitlines()[-1])


def _upgrade(database: Database) -> None:
    version = database.value("PRAGMA user_version")
    for number, sql in migrations():
        if number > version:
            # A power cut may undo the last of them, which the next start makes again: no wait for the disk after each.
            with database.transaction(durable=False):
                database.script(sql)
                database.script(f"PRAGMA user_version = {number}")
