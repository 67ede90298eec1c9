"""One SQLite file: its connection, its numbered migrations, the lock that keeps a second process out."""

from jobs.db.connection import Database, DatabaseError, Row
from jobs.db.lock import LOOK_AGAIN, AlreadyRunning, DataLock, HolderUnknown
from jobs.db.meta import RESTORED
from jobs.db.migrate import migrations, open_as_is, open_database, schema_version

__all__ = [
    "LOOK_AGAIN",
    "RESTORED",
    "AlreadyRunning",
    "DataLock",
    "Database",
    "DatabaseError",
    "HolderUnknown",
    "Row",
    "migrations",
    "open_as_is",
    "open_database",
    "schema_version",
]
