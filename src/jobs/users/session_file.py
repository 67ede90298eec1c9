"""`DATA_DIR/sessions/<id>.session`: which Claude session a person has, and how its transcript must look to be resumed.

The CLI resumes a transcript that was cut in half without a word, with the history lost; so the length of the transcript
and a hash of its end are kept beside the id, and a transcript that does not match is not resumed.
"""

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

TAIL = 64 * 1024
"""How many bytes before the kept length are hashed."""
NO_TRANSCRIPT = (0, "")
COST_STATE = b'{"type":"cost-state"'
SECTOR = 512
"""Bytes that a disk writes all or not at all; the note is some 250."""


@dataclass(frozen=True)
class SessionRecord:
    session_id: str
    last_message: str | None
    """Uuid of the last message of the last finished turn: what came after it is dropped when resuming."""
    transcript_bytes: int
    tail_sha256: str


class SessionFile:
    """Reads and writes one person's record. `projects` is the CLI's folder of transcripts."""

    def __init__(self, path: Path, projects: Path) -> None:
        self._path = path
        self._projects = projects
        self._transcript: Path | None = None

    def exists(self) -> bool:
        return self._path.exists()

    def load(self) -> SessionRecord | None:
        """The session to resume; None when there is none, or its transcript is gone or damaged."""
        try:
            record = SessionRecord(**json.loads(self._path.read_text(encoding="utf-8")))
            wanted = record.transcript_bytes, record.tail_sha256
            found = self._fingerprint(record.session_id, record.transcript_bytes)
        except (OSError, ValueError, TypeError):
            return None
        return record if found == wanted != NO_TRANSCRIPT else None

    def save(self, session_id: str, last_message: str | None) -> None:
        """Note that a turn has finished: one write of one sector, which neither a kill nor a power cut tears in two.

        A file put in the place of another would cost a turn its flush to the disk. This one is not forced there, since
        the CLI does not force the transcript either: after a power cut an older note still fits a shorter transcript, a
        newer one would throw the conversation away.
        """
        length, digest = self._fingerprint(session_id, None)
        text = json.dumps(asdict(SessionRecord(session_id, last_message, length, digest)))
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        note = os.open(self._path, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            os.pwrite(note, text.encode().ljust(SECTOR - 1) + b"\n", 0)
        finally:
            os.close(note)

    def forget(self) -> None:
        self._path.unlink(missing_ok=True)

    def cost_told(self, session_id: str) -> float:
        """US dollars that a process which goes on with the conversation counts as its own from the start.

        The CLI (2.1.330) leaves what a conversation has cost in its transcript when it ends, and adds to it later.
        """
        transcript = self._transcript_of(session_id)
        text = transcript.read_bytes() if transcript else b""
        start = text.rfind(COST_STATE)
        try:
            return float(json.loads(text[start:].partition(b"\n")[0])["totalCostUSD"]) if start >= 0 else 0.0
        except (ValueError, KeyError, TypeError):
            return 0.0

    def _fingerprint(self, session_id: str, length: int | None) -> tuple[int, str]:
        """The transcript's length (at most `length`) and the hash of the TAIL before it."""
        transcript = self._transcript_of(session_id)
        if transcript is None:
            return NO_TRANSCRIPT
        with transcript.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            end = size if length is None else min(size, length)
            file.seek(max(0, end - TAIL))
            return end, hashlib.sha256(file.read(end - file.tell())).hexdigest()

    def _transcript_of(self, session_id: str) -> Path | None:
        """The CLI names the folder by the working directory; it is looked for once."""
        if self._transcript is None or self._transcript.stem != session_id or not self._transcript.exists():
            self._transcript = next(self._projects.glob(f"*/{session_id}.jsonl"), None)
        return self._transcript
