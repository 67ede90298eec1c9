"""Watched files: code looks every few seconds, and a file that is new or has changed becomes one row of the inbox.

What was seen of a file is stored in the transaction in which it becomes a row: each change counts once, whatever is
killed, and what changed while Jobs was away is found at its start. Versions are only compared for being the same, so
no clock plays a part. What changes while a tool of the watch's own session runs is that session's own doing, but for
files that come by Telegram.
"""

import asyncio
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

import apsw
import structlog

from jobs.db import Database, Row
from jobs.spine.extras import NOTHING, Brought, Extras
from jobs.spine.inbox import Inbox
from jobs.spine.model import Incoming, Origin, OutboxKind, Turn, TurnEnd
from jobs.spine.outbox import Outbox
from jobs.spine.own_lanes import LaneKind, OwnLane
from jobs.spine.switches import FROZEN, is_on
from jobs.texts import say
from jobs.times import now, to_text
from jobs.tools.file_look import MOST_ENTRIES, MOST_FILES, Look, Pattern, TooManyFiles, look
from jobs.users.errands import CallWatcher, Errand
from jobs.users.model import Role
from jobs.users.repository import UsersRepository

log = structlog.get_logger()

LOOK_SECONDS = 3.0
"""Between two looks. A file counts when two of them have found it the same: one that is being written waits."""
MOST_WAITING = 100
"""Changes of one watch that may wait for their session; others are taken up when there is room."""
MOST_TURNS = 30
"""Turns of one watch within an hour; then changes wait, so that watches that set each other off cost no fortune."""
LATELY = 1000
"""Rows of the inbox in which a file is looked for that may just have come."""
ABOUT = {
    False: "It was set off by files of the workspace that are new or have changed. Your reply is sent to the owner.",
    True: "It was set off by files of the workspace that are new or have changed. Your reply is sent to nobody; if the "
    "owner has to hear of it, notify_owner.",
}
_UPLOADS = re.compile(r"uploads/(\d{1,18})/")


@dataclass(frozen=True)
class FileWatch:
    id: int
    pattern: str
    prompt: str
    quiet: bool
    too_many: bool
    """Whether it takes in more than is looked at, and the owner was told."""

    @property
    def lane(self) -> OwnLane:
        return OwnLane(LaneKind.FILES, self.id)


class FileWatches:
    def __init__(
        self, db: Database, inbox: Inbox, outbox: Outbox, users: UsersRepository, workspace: Path, run_usd: float = 1.0
    ) -> None:
        """`run_usd`: what one run may cost (SCHEDULE_RUN_USD)."""
        self._db = db
        self._inbox = inbox
        self._outbox = outbox
        self._users = users
        self._workspace = workspace
        self._run_usd = run_usd
        self._wanted = asyncio.Event()
        self._looking = asyncio.Lock()
        self._unsettled: dict[int, dict[str, str]] = {}  # what the last look found changed: the next has to find it so
        self._calls: dict[int, int] = {}  # how many tools run in the session of a watch
        self._cut: set[int] = set()  # watches whose session ended while a tool ran: the next look is the tool's

    def add(self, pattern: str, prompt: str, *, quiet: bool, there: Look) -> FileWatch:
        """Watch what comes after `there`."""
        with self._db.transaction():
            row = self._db.execute(
                "INSERT INTO file_watches (pattern, prompt, quiet, created_at) VALUES (?, ?, ?, ?) RETURNING *",
                (pattern, prompt, int(quiet), to_text(now())),
            )[0]
            for path, version in there.files.items():
                self._saw(row["id"], path, version)
        self._wanted.set()
        return _watch(row)

    def same(self, pattern: str, prompt: str, *, quiet: bool) -> FileWatch | None:
        """The watch that is this one already."""
        return next(
            (each for each in self.all() if (each.pattern, each.prompt, each.quiet) == (pattern, prompt, quiet)), None
        )

    def all(self) -> list[FileWatch]:
        return [_watch(row) for row in self._db.execute("SELECT * FROM file_watches ORDER BY id")]

    def get(self, watch_id: int) -> FileWatch | None:
        row = self._db.one("SELECT * FROM file_watches WHERE id = ?", (watch_id,))
        return _watch(row) if row else None

    def remove(self, watch: FileWatch) -> None:
        self._db.execute("DELETE FROM file_watches WHERE id = ?", (watch.id,))
        self._unsettled.pop(watch.id, None)

    async def there(self, pattern: Pattern) -> Look:
        """What a pattern matches now. Raises TooManyFiles."""
        return await asyncio.to_thread(look, self._workspace, pattern)

    # -------------------------------------------------------------------- look

    async def run(self) -> None:
        """Look, again and again while anything is watched; runs for ever."""
        while True:
            try:
                watches = self.all()
                for watch in watches:
                    await self.look(watch)
            except apsw.Error as error:
                log.error("watched files were not noted", error=str(error))
            else:
                self._wanted.clear()
                if not watches:
                    await self._wanted.wait()
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self, watch: FileWatch) -> None:
        """One look. Raises apsw.Error when what it found cannot be stored; the next look finds it again."""
        async with self._looking:
            if watch.id not in self._calls:
                await self._look(watch.id, self._take)

    async def _look(self, watch_id: int, then: Callable[[FileWatch, Look], None]) -> None:
        watch = self.get(watch_id)
        if watch is None or (is_on(self._db, FROZEN) and watch_id not in self._cut):
            return
        try:
            found = await self.there(Pattern.of(watch.pattern))
        except TooManyFiles as error:
            self._too_many(watch, error)
            return
        if watch := self.get(watch_id):  # it may have been taken back meanwhile
            if watch_id in self._cut:
                self._own(watch, found)
                self._cut.discard(watch_id)
            if not is_on(self._db, FROZEN):
                then(watch, found)

    def _take(self, watch: FileWatch, found: Look) -> None:
        """What was found so twice becomes rows."""
        seen, before = self._seen(watch), self._unsettled.get(watch.id, {})
        changed = _changed(seen, found)
        settled = sorted(path for path, version in changed.items() if before.get(path) == version)
        gone = [path for path in seen if path not in found.files and found.knows_of(path)]
        taken = settled[: self._room(watch)] if settled else []
        if taken or gone or watch.too_many:
            with self._db.transaction():
                for path in taken:
                    self._found(watch, path, changed[path], is_new=path not in seen)
                for path in gone:
                    self._db.execute("DELETE FROM watched_files WHERE watch_id = ? AND path = ?", (watch.id, path))
                self._db.execute("UPDATE file_watches SET too_many = 0 WHERE id = ?", (watch.id,))
        self._unsettled[watch.id] = {path: version for path, version in changed.items() if path not in set(taken)}

    def _from_outside(self, watch: FileWatch, found: Look) -> None:
        """What has changed up to now counts. When it was found so is forgotten: the looks have to be far apart."""
        seen, before = self._seen(watch), self._unsettled.get(watch.id, {})
        self._unsettled[watch.id] = {
            path: version if before.get(path) == version else "" for path, version in _changed(seen, found).items()
        }

    def _own(self, watch: FileWatch, found: Look) -> None:
        """What has changed since the look before is the session's own; what had come before it still counts."""
        seen, before = self._seen(watch), self._unsettled.get(watch.id, {})
        with self._db.transaction():
            for path, version in _changed(seen, found).items():
                if path not in before and not (path not in seen and self._came_by_telegram(path)):
                    self._saw(watch.id, path, version)

    def _came_by_telegram(self, path: str) -> bool:
        """Whether Jobs itself has put a file there of late: whatever runs meanwhile, that was nobody's session."""
        return path.startswith("uploads/") and bool(
            self._db.one(
                """SELECT 1 FROM inbox, json_each(extras, '$.attachments') AS file
                   WHERE inbox.id > (SELECT max(id) FROM inbox) - ? AND extras <> '{}'
                   AND file.value ->> '$.path' = ?""",
                (LATELY, path),
            )
        )

    def _found(self, watch: FileWatch, path: str, version: str, *, is_new: bool) -> None:
        self._saw(watch.id, path, version)
        number = self._db.execute(
            "UPDATE file_watches SET found = found + 1 WHERE id = ? RETURNING found", (watch.id,)
        )[0]["found"]
        what, size = "New file" if is_new else "Changed file", version.partition(":")[2]
        origin, text, extras = Origin.SCHEDULE, f"{what}: {shown(path)} ({size} bytes)", NOTHING
        if match := _UPLOADS.match(path):
            person = self._users.get(int(match[1]))
            author = person.name if person and person.name else f"id {match[1]}"
            origin, text = Origin.EXTERNAL, f"{what}, which somebody else has sent ({size} bytes). Its path:"
            extras = Extras(brought=(Brought(author=author, text=shown(path)),))
        # Not by the version: a file that gets its old content back, times and all, has changed again.
        event = Incoming(f"files:{watch.id}:{number}", watch.lane.id, origin, text, now(), extras=extras)
        self._inbox.accept(event)

    def _seen(self, watch: FileWatch) -> dict[str, str]:
        rows = self._db.execute("SELECT path, version FROM watched_files WHERE watch_id = ?", (watch.id,))
        return {row["path"]: row["version"] for row in rows}

    def _saw(self, watch_id: int, path: str, version: str) -> None:
        self._db.execute("INSERT OR REPLACE INTO watched_files VALUES (?, ?, ?)", (watch_id, path, version))

    def _room(self, watch: FileWatch) -> int:
        """How many changes may become rows now."""
        moment = now()
        turns = self._db.value(
            "SELECT count(*) FROM turns WHERE lane = ? AND started_at > ? AND started_at <= ?",
            (watch.lane.id, to_text(moment - timedelta(hours=1)), to_text(moment)),
        )
        if turns < MOST_TURNS:
            return max(0, MOST_WAITING - self._inbox.waiting(watch.lane.id))
        owner = self._users.owner()
        text = say("files_too_often", owner.language, id=watch.id, pattern=watch.pattern, n=MOST_TURNS)
        self._outbox.say(f"files-often:{watch.id}:{moment:%Y-%m-%d}", owner.id, OutboxKind.NOTICE, text)
        return 0

    def _too_many(self, watch: FileWatch, error: TooManyFiles) -> None:
        """Say so once, until it can be looked at again, and once a day: a folder may go over the limit and back."""
        if watch.too_many:
            return
        log.warning("files are not watched", watch=watch.id, error=str(error))
        owner = self._users.owner()
        text = say(
            "files_too_many", owner.language, id=watch.id, pattern=watch.pattern, files=MOST_FILES, entries=MOST_ENTRIES
        )
        with self._db.transaction():
            self._db.execute("UPDATE file_watches SET too_many = 1 WHERE id = ?", (watch.id,))
            self._outbox.say(f"files-many:{watch.id}:{now():%Y-%m-%d}", owner.id, OutboxKind.NOTICE, text)

    # ------------------------------------------------------------------- turns

    def errand(self, lane: OwnLane) -> Errand | None:
        watch = self.get(lane.number)
        if watch is None:
            return None
        about = f"{ABOUT[watch.quiet]}\nWhat the owner wants done with them: {watch.prompt}"
        calls = CallWatcher(
            partial(self._call_begins, watch.id), partial(self._call_ended, watch.id), partial(self._cut_off, watch.id)
        )
        return Errand(lane, Role.ISOLATED, None, self._run_usd, about, calls=calls)

    async def _call_begins(self, watch_id: int) -> None:
        """A tool is about to run: what has changed up to now was not its doing."""
        async with self._looking:
            if watch_id not in self._calls:
                await self._look(watch_id, self._from_outside)
            self._calls[watch_id] = self._calls.get(watch_id, 0) + 1

    async def _call_ended(self, watch_id: int) -> None:
        async with self._looking:
            running = self._calls.get(watch_id, 0)
            if running == 1:
                await self._look(watch_id, self._own)
                self._calls.pop(watch_id, None)
            elif running:
                self._calls[watch_id] = running - 1

    def _cut_off(self, watch_id: int) -> None:
        """The turn is over, whatever ran in it."""
        if self._calls.pop(watch_id, 0):
            self._cut.add(watch_id)

    def turn_ended(self, turn: Turn, end: TurnEnd) -> None:
        """What a run answered is told the owner, as words that may be others'. Joins the transaction of its end."""
        lane = OwnLane.of(turn.lane)
        watch = self.get(lane.number) if lane else None
        if watch is None or end.error == "stopped":
            return
        owner = self._users.owner()
        text = end.reply if end.state == "done" and not watch.quiet else ""
        if end.state == "set_aside":
            text = say("files_failed", owner.language, id=watch.id, n=len(turn.rows), error=end.error)
        if text:
            self._outbox.say(f"files:{turn.id}", owner.id, OutboxKind.NOTICE, text, turn_id=turn.id)


def _changed(seen: dict[str, str], found: Look) -> dict[str, str]:
    """The versions of the files that are not as they were seen."""
    return {
        path: version
        for path, version in found.files.items()
        if seen.get(path) != version and not _is_coming(path, version)
    }


def _is_coming(path: str, version: str) -> bool:
    """Whether a file from Telegram is still being downloaded: until it is whole, an empty one stands in its place."""
    return path.startswith("uploads/") and version.endswith(":0")


def shown(path: str) -> str:
    """A path as JSON in which nothing hides and nothing looks like a tag: whoever named the file could write it."""
    return json.dumps(path, ensure_ascii=not path.isprintable()).replace("<", "\\u003c")


def _watch(row: Row) -> FileWatch:
    return FileWatch(row["id"], row["pattern"], row["prompt"], bool(row["quiet"]), bool(row["too_many"]))
