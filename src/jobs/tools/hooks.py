"""Web hooks: `POST /hooks/<name>` on the local HTTP port wakes the assistant, once for each delivery.

Off unless `DATA_DIR/hooks.json` names some. What comes is somebody else's words, whoever knows the secret: it reaches a
session of its own as a quotation, and what that session would do on the world waits for the owner's yes.
"""

import hashlib
import hmac
import json
import os
import secrets
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import apsw
import structlog
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from jobs.spine.extras import Brought, Extras
from jobs.spine.inbox import Inbox
from jobs.spine.model import Incoming, Origin, OutboxKind, Turn, TurnEnd
from jobs.spine.outbox import Outbox
from jobs.spine.own_lanes import SPAN, LaneKind, OwnLane
from jobs.texts import Refusal, say
from jobs.times import now
from jobs.users.errands import Errand
from jobs.users.model import Role
from jobs.users.repository import UsersRepository

if TYPE_CHECKING:
    from aiohttp.web import AbstractRouteDef, Request, Response

log = structlog.get_logger()

LONGEST_PROMPT = 3000
LARGEST = 256 * 1024
"""Bytes that a delivery may have."""
HANDED_ON = 20_000
"""Characters of it that a session is given."""
MOST_WAITING = 100
"""Deliveries of one hook that may wait for their session; the sender is told to come again."""
DELIVERY_HEADERS = ("X-GitHub-Delivery", "X-Gitlab-Event-UUID", "Webhook-Id", "Idempotency-Key", "X-Delivery-Id")
"""Where senders put a delivery's id."""
ABOUT = {
    False: "It was set off by a web hook. Your reply is sent to the owner.",
    True: "It was set off by a web hook. Your reply is sent to nobody; if the owner has to hear of it, notify_owner.",
}


class Hook(BaseModel):
    """One entry of hooks.json."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    prompt: str = Field(min_length=1, max_length=LONGEST_PROMPT)
    """What is to be done with what comes."""
    secret: SecretStr = Field(min_length=16)
    auth: Literal["hmac", "bearer"] = "hmac"
    """hmac: SHA-256 over the body, in hexadecimal, in `header`. bearer: the secret itself in Authorization."""
    header: str = "X-Hub-Signature-256"
    quiet: bool = False
    """Whether the answer is kept, and only what the session notifies of is said."""
    model: str | None = None

    def admits(self, headers: dict[str, str], body: bytes) -> bool:
        """Whether a request knows the secret. Takes the same time whatever is wrong."""
        secret = self.secret.get_secret_value().encode()
        if self.auth == "bearer":
            scheme, _, given = headers.get("authorization", "").partition(" ")
            return hmac.compare_digest(given.strip().encode(), secret) and scheme.casefold() == "bearer"
        given = headers.get(self.header.casefold(), "").removeprefix("sha256=").strip()
        wanted = hmac.new(secret, body, hashlib.sha256).hexdigest()
        return hmac.compare_digest(given.casefold().encode(), wanted.encode())


class HooksError(Refusal):
    """hooks.json makes no sense, or cannot be read; or a hook that is to be made cannot be."""


class HooksFile:
    """`DATA_DIR/hooks.json`: a name and a `Hook` for each."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def load(self) -> dict[str, Hook]:
        """Raises HooksError; no file: no hooks."""
        try:
            entries = json.loads(self.path.read_text(encoding="utf-8"))
            return {name: Hook.model_validate(entry) for name, entry in dict(entries).items()}
        except FileNotFoundError:
            return {}
        except ValidationError as error:
            where = ".".join(map(str, error.errors()[0]["loc"]))
            raise HooksError("hooks_wrong", path=self.path, where=where, why=error.errors()[0]["msg"]) from None
        except (OSError, ValueError, TypeError) as error:
            raise HooksError("hooks_unreadable", path=self.path, why=error) from None

    def add(self, name: str, prompt: str) -> str:
        """Make a hook, or give one another prompt and a new secret; returns the secret. Raises HooksError."""
        hooks = self.load()
        try:
            hook = Hook(prompt=prompt, secret=SecretStr(secrets.token_urlsafe(32)))
        except ValidationError:
            raise HooksError("hook_wrong_prompt", most=LONGEST_PROMPT) from None
        entries = {
            each: {**found.model_dump(exclude_defaults=True), "secret": found.secret.get_secret_value()}
            for each, found in {**hooks, name: hook}.items()
        }
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = self.path.with_suffix(".new")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            json.dump(entries, file, ensure_ascii=False, indent=2)
        fresh.replace(self.path)
        return hook.secret.get_secret_value()


class Hooks:
    """Takes deliveries from the web server's start on; until `open` has been called senders are told to come again."""

    def __init__(self, file: HooksFile) -> None:
        self._file = file
        self._run_usd = 0.0
        self._known: dict[str, Hook] | None = None
        """As the file said when it could last be read."""
        self._inbox: Inbox | None = None
        self._outbox: Outbox | None = None
        self._users: UsersRepository | None = None

    def open(self, inbox: Inbox, outbox: Outbox, users: UsersRepository, run_usd: float) -> None:
        """`run_usd`: what one run may cost (SCHEDULE_RUN_USD)."""
        self._inbox, self._outbox, self._users, self._run_usd = inbox, outbox, users, run_usd

    def routes(self) -> "Sequence[AbstractRouteDef]":
        from aiohttp.web import post

        return [post("/hooks/{name}", self._deliver)]

    async def _deliver(self, request: "Request") -> "Response":
        """202 taken, 200 taken before, 401 no such hook or not its secret, 413 too large, 429 or 503 come again."""
        from aiohttp.web import json_response

        def told(status: int, **body: object) -> "Response":
            return json_response(body, status=status, headers={"Retry-After": "30"} if status in (429, 503) else None)

        name = request.match_info["name"]
        headers = {field.decode("latin-1").lower(): value.decode("latin-1") for field, value in request.raw_headers}
        body = bytearray()
        async for chunk in request.content.iter_any():
            body += chunk
            if len(body) > LARGEST:
                return told(413, error=f"a delivery may have {LARGEST} bytes")
        try:
            hook = self._file.load().get(name)
        except HooksError as error:
            log.error("hooks are not served", error=str(error))
            return told(503, error="hooks.json cannot be read")
        if hook is None or not hook.admits(headers, bytes(body)):
            log.warning("hook refused", hook=name[:100])
            return told(401, error="there is no such hook, or that is not its secret")
        if self._inbox is None:
            return told(503, error="starting")
        lane = lane_of(name)
        if self._inbox.waiting(lane.id) >= MOST_WAITING:
            return told(429, error="too many deliveries wait")
        try:
            fresh = self._inbox.accept(_event(name, hook, lane, headers, bytes(body)))
        except apsw.Error as error:
            log.error("delivery not stored", hook=name, error=str(error))
            return told(503, error="it could not be stored")
        return told(202 if fresh else 200, accepted=fresh)

    # ------------------------------------------------------------------- turns

    def errand(self, lane: OwnLane) -> Errand | None:
        """Raises ValueError while the file makes no sense and never did: what was taken waits until it is mended."""
        hook = self._of(lane)
        if self._known is None:
            raise ValueError(f"{self._file.path} cannot be read, and deliveries wait for it")
        if hook is None:
            return None
        return Errand(lane, Role.ISOLATED, hook.model, self._run_usd, ABOUT[hook.quiet])

    def turn_ended(self, turn: Turn, end: TurnEnd) -> None:
        """What a run answered is told the owner, as words that may be others'. Joins the transaction of its end."""
        lane = OwnLane.of(turn.lane)
        hook = self._of(lane) if lane else None
        if self._outbox is None or self._users is None or end.error == "stopped":
            return
        text = end.reply if end.state == "done" and hook and not hook.quiet else ""
        if end.state == "set_aside":
            text = say("hook_failed", self._users.owner().language, error=end.error)
        if text:
            self._outbox.say(f"hook:{turn.id}", self._users.owner_id, OutboxKind.NOTICE, text, turn_id=turn.id)

    def _of(self, lane: OwnLane) -> Hook | None:
        try:
            self._known = self._file.load()
        except HooksError as error:
            log.error("hooks are not served", error=str(error))
        return next((hook for name, hook in (self._known or {}).items() if lane_of(name) == lane), None)


def lane_of(name: str) -> OwnLane:
    """The lane of a hook, by its name."""
    return OwnLane(LaneKind.HOOK, zlib.crc32(name.encode()) % SPAN)


def _event(name: str, hook: Hook, lane: OwnLane, headers: dict[str, str], body: bytes) -> Incoming:
    """`headers`: their names in lower case."""
    given = next((headers[header.casefold()] for header in DELIVERY_HEADERS if header.casefold() in headers), None)
    # Without an id the same words on the same day are the same delivery.
    delivery = given[:200] if given else f"{now():%Y-%m-%d}:{hashlib.sha256(body).hexdigest()}"
    text = body.decode(errors="replace")
    if len(text) > HANDED_ON:
        text = f"{text[:HANDED_ON]}… ({len(text)} characters in all)"
    brought = Brought(author=f"hook {name}", text=text)
    extras = Extras(brought=(brought,))
    return Incoming(f"hook:{name}:{delivery}", lane.id, Origin.EXTERNAL, hook.prompt, now(), extras=extras)
