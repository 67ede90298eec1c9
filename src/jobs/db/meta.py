"""The table `meta` as a mapping: what Jobs has to know across restarts and that is no row of anything."""

from collections.abc import Iterator, MutableMapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jobs.db.connection import Database


RESTORED = "restored"
"""The key of when a backup was restored, until the chats have been looked at since."""


class Meta(MutableMapping[str, str]):
    """Texts by key. Each change is a part of the transaction it is made in."""

    def __init__(self, db: "Database") -> None:
        self._db = db

    def __getitem__(self, key: str) -> str:
        row = self._db.one("SELECT value FROM meta WHERE key = ?", (key,))
        if row is None:
            raise KeyError(key)
        return str(row["value"])

    def __setitem__(self, key: str, value: str) -> None:
        self._db.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (key, value))

    def __delitem__(self, key: str) -> None:
        self._db.execute("DELETE FROM meta WHERE key = ?", (key,))
        if not self._db.changes:
            raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return iter([row["key"] for row in self._db.execute("SELECT key FROM meta ORDER BY key")])

    def __len__(self) -> int:
        return int(self._db.value("SELECT count(*) FROM meta"))
