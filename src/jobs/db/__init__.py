"""One SQLite file: its connection, its numbered migrations, the lock that keeps a second process out."""

from jobs.db.connection import Database, DatabaseError, Row
from jobs.db.lock import AlreadyRunning, DataLock
from jobs.db.migrate import open_database

__all__ = ["AlreadyRunning", "DataLock", "Database", "DatabaseError", "Row", "open_database"]
