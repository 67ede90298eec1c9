"""Old rows on their way out of the database: `DATA_DIR/archive/<person>.jsonl.gz`, a JSON object a row.

One file for each person, so that it can be forgotten with them. gzip files may be appended to (RFC 1952, 2.2); `zcat`
reads them. A row is in the archive, on the disk, before it leaves the database: a crash in between archives it twice.
"""

import gzip
import json
import os
from pathlib import Path

from jobs.db import Row


class Archive:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def add(self, person_id: int, table: str, rows: list[Row]) -> None:
        """Append rows of one person's. Raises OSError."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        lines = "".join(json.dumps({"table": table, **row}, ensure_ascii=False) + "\n" for row in rows)
        descriptor = os.open(self._path(person_id), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "ab") as file:
            file.write(gzip.compress(lines.encode(errors="surrogatepass")))
            file.flush()
            os.fsync(file.fileno())

    def forget(self, person_id: int) -> None:
        """Remove what is kept of a person."""
        self._path(person_id).unlink(missing_ok=True)

    def _path(self, person_id: int) -> Path:
        return self._folder / f"{person_id}.jsonl.gz"
