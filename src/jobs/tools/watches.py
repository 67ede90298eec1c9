"""Watched channels: posts are matched by code first; what matches is told, or judged by a session that can only tell.

How far a channel was read (`last_post`) moves in the transaction in which a match becomes a row: each post counts once.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import regex

from jobs.db import Database, Row
from jobs.spine.extras import Brought, Extras
from jobs.spine.inbox import Inbox
from jobs.spine.model import Incoming, Origin, OutboxKind, Turn, TurnEnd
from jobs.spine.outbox import Outbox
from jobs.spine.own_lanes import LaneKind, OwnLane
from jobs.texts import say
from jobs.times import now, to_text
from jobs.users.channels import FoundChannel, Post
from jobs.users.errands import Errand
from jobs.users.model import Role
from jobs.users.notices import quoted
from jobs.users.quotations import short_name
from jobs.users.repository import UsersRepository

SHOWN = 1500
"""Characters of a post that are told or judged."""
PATTERN_SECONDS = 0.05
"""How long a pattern may take over one post; one that takes longer does not match."""


@dataclass(frozen=True)
class Watch:
    id: int
    channel: int
    title: str
    words: tuple[str, ...]
    pattern: str | None
    prompt: str | None
    last_post: int

    def matches(self, text: str) -> bool:
        """Whether code lets a post through: any of the words, or the pattern; without either, every post."""
        if not self.words and self.pattern is None:
            return True
        folded = text.casefold()
        if any(word.casefold() in folded for word in self.words):
            return True
        try:
            return self.pattern is not None and bool(
                regex.search(self.pattern, text[:10_000], regex.IGNORECASE, timeout=PATTERN_SECONDS)
            )
        except TimeoutError:
            return False


class Watches:
    def __init__(
        self, db: Database, inbox: Inbox, outbox: Outbox, users: UsersRepository, run_usd: float = 1.0
    ) -> None:
        """`run_usd`: what one judgement may cost (SCHEDULE_RUN_USD)."""
        self._db = db
        self._inbox = inbox
        self._outbox = outbox
        self._users = users
        self._run_usd = run_usd
        self.on_changed: Callable[[], None] = lambda: None
        """Told when a channel is watched that was not."""

    def add(self, channel: FoundChannel, words: Iterable[str], pattern: str | None, prompt: str | None) -> Watch:
        """Watch a channel from its next post on; the same watch asked for twice is the first one."""
        wanted = json.dumps(sorted(set(words)), ensure_ascii=False)
        same = self._db.one(
            "SELECT * FROM watches WHERE channel = ? AND words = ? AND pattern IS ? AND prompt IS ?",
            (channel.id, wanted, pattern, prompt),
        )
        row = (
            same
            or self._db.execute(
                """INSERT INTO watches (channel, title, words, pattern, prompt, last_post, created_at)
                   VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING *""",
                (channel.id, channel.title, wanted, pattern, prompt, channel.newest, to_text(now())),
            )[0]
        )
        self.on_changed()
        return _watch(row)

    def all(self) -> list[Watch]:
        return [_watch(row) for row in self._db.execute("SELECT * FROM watches ORDER BY id")]

    def channels(self) -> set[int]:
        """The channels that are watched."""
        return {int(row["channel"]) for row in self._db.execute("SELECT DISTINCT channel FROM watches")}

    def get(self, watch_id: int) -> Watch | None:
        row = self._db.one("SELECT * FROM watches WHERE id = ?", (watch_id,))
        return _watch(row) if row else None

    def remove(self, watch: Watch) -> None:
        self._db.execute("DELETE FROM watches WHERE id = ?", (watch.id,))

    def read_up_to(self, channel: int) -> int | None:
        """The newest post that every watch of a channel has seen; None: it is not watched."""
        number = self._db.value("SELECT min(last_post) FROM watches WHERE channel = ?", (channel,))
        return int(number) if number is not None else None

    def take(self, channel: int, posts: Iterable[Post]) -> None:
        """New posts of a channel, in any order; those that were seen before are left out. Raises apsw.Error."""
        for post in sorted(posts, key=lambda each: each.number):
            rows = self._db.execute("SELECT * FROM watches WHERE channel = ? AND last_post < ?", (channel, post.number))
            matching = [watch for watch in map(_watch, rows) if post.text and watch.matches(post.text)]
            with self._db.transaction():
                for watch in matching:
                    self._found(watch, post)
                self._db.execute(
                    "UPDATE watches SET last_post = max(last_post, ?) WHERE channel = ?", (post.number, channel)
                )

    def _found(self, watch: Watch, post: Post) -> None:
        key = f"watch:{watch.id}:{post.number}"
        shown = post.text if len(post.text) <= SHOWN else f"{post.text[:SHOWN]}…"
        if watch.prompt is None:
            owner = self._users.owner()
            text = say("watch_found", owner.language, title=watch.title, n=post.number, id=watch.id, text=quoted(shown))
            self._outbox.say(key, owner.id, OutboxKind.NOTICE, text)
            return
        brought = Brought(author=watch.title, text=shown)
        text = f"Post {post.number}. What the owner wants to hear of: {watch.prompt}"
        lane = OwnLane(LaneKind.WATCH, watch.id).id
        self._inbox.accept(Incoming(key, lane, Origin.EXTERNAL, text, post.at, extras=Extras(brought=(brought,))))

    # ------------------------------------------------------------------- turns

    def errand(self, lane: OwnLane) -> Errand | None:
        watch = self.get(lane.number)
        if watch is None:
            return None
        return Errand(lane, Role.WATCH, budget_usd=self._run_usd, about=f"channel: {short_name(watch.title)}")

    def turn_ended(self, turn: Turn, end: TurnEnd) -> None:
        """What could not be judged is told. Joins the transaction that closes the turn."""
        lane = OwnLane.of(turn.lane)
        if end.state != "set_aside" or lane is None:
            return
        owner = self._users.owner()
        text = say("watch_failed", owner.language, id=lane.number, error=end.error, n=len(turn.rows))
        self._outbox.say(f"watch-failed:{turn.id}", owner.id, OutboxKind.NOTICE, text)


def _watch(row: Row) -> Watch:
    words = tuple(json.loads(row["words"]))
    return Watch(row["id"], row["channel"], row["title"], words, row["pattern"], row["prompt"], row["last_post"])
