"""What a message carries beside its text: stored with its inbox row, as JSON."""

from typing import Literal

from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Quote(Part):
    """What a message answers to."""

    text: str
    by: Literal["jobs", "person", "other"]
    """Whose words these are: Jobs' own, the writer's, or somebody else's."""
    file: str | None = None
    """The file that came with those words, relative to the workspace."""
    name: str = ""
    """Who "other" is, as far as Telegram says."""
    occasion: str = ""
    """Jobs' own message: the key under which it was said."""
    passes_on: bool = False
    """Jobs' own message, in which code had passed on what somebody else wrote."""
    look_up: int | None = None
    """The message that these words are, when Jobs has no record of it: Telegram is asked before the turn begins."""

    @property
    def is_foreign(self) -> bool:
        """Whether words of somebody else than the writer and Jobs stand in it."""
        return self.by == "other" or self.passes_on


class Attachment(Part):
    """A file that came with a message. `name` is safe as a file's name."""

    kind: Literal["photo", "document", "video", "audio", "voice", "video_note"]
    name: str
    mime: str
    size: int
    """Bytes, as Telegram says before anything is downloaded."""
    path: str | None = None
    """Where it is kept, relative to the workspace, from the moment its download began."""
    state: Literal["waiting", "saved", "too_large", "failed"] = "waiting"
    transcript: str | None = None
    """What is said in a voice or video note, as far as a machine understood it."""

    @property
    def is_spoken(self) -> bool:
        """Whether it stands for written words."""
        return self.kind in ("voice", "video_note")


class Brought(Part):
    """Somebody else's words that an event of Jobs' own brings along: a hook's payload, a post, what people wrote."""

    author: str
    text: str


class Extras(Part):
    quote: Quote | None = None
    forwarded_from: str | None = None
    """Not None: these are somebody else's words, passed on. The name as far as Telegram tells it, else ""."""
    attachments: tuple[Attachment, ...] = ()
    album: int | None = None
    """Messages that share it are one album."""
    corrects: str | None = None
    """What the message said before it was edited, when it had been begun or answered already."""

    brought: tuple[Brought, ...] = ()
    check_output: str = ""
    """What the command printed that decided that this is to be done: the owner's own machine says it."""

    @property
    def wants_fetching(self) -> bool:
        """Whether something of the message is still with Telegram, as far as the row tells."""
        return bool(self.attachments) or (self.quote is not None and self.quote.look_up is not None)

    def to_json(self) -> str:
        return self.model_dump_json(exclude_defaults=True)


NOTHING = Extras()
