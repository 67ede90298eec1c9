"""The owner's tools for watching channels and files."""

from typing import Any, Literal, Self

import regex
from pydantic import BaseModel, Field, field_validator, model_validator

from jobs.spine.tool import Effect, NoArguments, Tool, ToolError
from jobs.tools.file_look import Pattern, TooManyFiles
from jobs.tools.file_watches import FileWatch, FileWatches
from jobs.tools.watches import Watch, Watches
from jobs.users.channels import ChannelDirectory
from jobs.users.quotations import short_name


class WatchChannel(BaseModel):
    channel: str = Field(
        min_length=1, max_length=200, description="@username, t.me link, or title; the account is in it"
    )
    words: list[str] = Field(
        default_factory=list, max_length=50, description="Posts with any of these words; code looks, at no cost"
    )
    pattern: str | None = Field(None, max_length=500, description="Or posts that this regular expression is found in")
    tell_when: str | None = Field(
        None,
        max_length=1000,
        description="What the owner wants to hear of, in words: a cheap model judges the posts that words or pattern "
        "let through. Without it each of them is told as it is",
    )

    @model_validator(mode="after")
    def _some_condition(self) -> Self:
        if any(not word.strip() for word in self.words):
            raise ValueError("a word is empty")
        try:
            regex.compile(self.pattern or "")
        except regex.error as error:
            raise ValueError(f"the pattern is no regular expression: {error}") from None
        return self


class WatchFiles(BaseModel):
    pattern: str = Field(
        min_length=1,
        max_length=300,
        description="A glob relative to the workspace, such as inbox/*.pdf or notes/**/*.md; ** stands for any folders",
    )
    prompt: str = Field(
        min_length=1,
        max_length=2000,
        description="What a session of its own, which knows nothing else, is to do with a file that is new or changed",
    )
    quiet: bool = Field(False, description="Its answer is not sent; it notifies the owner if it has to")

    @field_validator("pattern")
    @classmethod
    def _a_pattern(cls, text: str) -> str:
        return Pattern.of(text).text


class OneWatch(BaseModel):
    kind: Literal["channel", "files"]
    watch_id: int


MOST_FILE_WATCHES = 50


class WatchTools:
    def __init__(self, watches: Watches, channels: ChannelDirectory, files: FileWatches) -> None:
        self._watches = watches
        self._channels = channels
        self._files = files

    def tools(self) -> list[Tool[Any]]:
        return [
            Tool(
                "watch_channel",
                "Watch a Telegram channel that this account is in, from its next post on, and tell the owner of posts "
                "by words, by a pattern, or by what is said in them.",
                WatchChannel,
                self.watch,
                has_effect=True,
            ),
            Tool(
                "watch_files",
                "Watch files of the workspace: from now on each one that is new or has changed, once nobody writes it "
                "any more, wakes a session of its own, also if it changed while Jobs was off.",
                WatchFiles,
                self.watch_files,
                has_effect=True,
            ),
            Tool("list_watches", "The channels and files that are watched.", NoArguments, self.list_all),
            Tool("unwatch", "Watch it no longer.", OneWatch, self.unwatch, has_effect=True),
        ]

    async def watch(self, call: WatchChannel) -> Effect:
        channel = await self._channels.find(call.channel)
        return lambda: {"watch": shown(self._watches.add(channel, call.words, call.pattern, call.tell_when))}

    async def watch_files(self, call: WatchFiles) -> Effect:
        try:
            there = await self._files.there(Pattern.of(call.pattern))
        except TooManyFiles as error:
            raise ToolError(f"The pattern takes in too much: {error}. Name a smaller folder, or fewer files.") from None

        def effect() -> Any:
            if same := self._files.same(call.pattern, call.prompt, quiet=call.quiet):
                return {"watch": shown_files(same), "note": "This was watched already; nothing was added."}
            if len(self._files.all()) >= MOST_FILE_WATCHES:
                raise ToolError(f"There are {MOST_FILE_WATCHES} file watches already: unwatch one first.")
            watch = self._files.add(call.pattern, call.prompt, quiet=call.quiet, there=there)
            return {"watch": shown_files(watch), "files_now": len(there.files)}

        return effect

    async def list_all(self, _: NoArguments) -> Any:
        channels = [shown(watch) for watch in self._watches.all()]
        return {"watches": [*channels, *(shown_files(watch) for watch in self._files.all())]}

    async def unwatch(self, call: OneWatch) -> Effect:
        of_kind = self._watches if call.kind == "channel" else self._files
        watch = of_kind.get(call.watch_id) if 0 < call.watch_id < 2**40 else None
        if watch is None:
            raise ToolError(f"There is no watch {call.watch_id} of this kind ({call.kind}).")
        found = watch

        def effect() -> Any:
            if isinstance(found, Watch):
                self._watches.remove(found)
                return {"unwatched": shown(found)}
            self._files.remove(found)
            return {"unwatched": shown_files(found)}

        return effect


def shown_files(watch: FileWatch) -> dict[str, Any]:
    values = {"kind": "files", "id": watch.id, "pattern": watch.pattern, "prompt": watch.prompt, "quiet": watch.quiet}
    return {**values, "stands_still": "it takes in too many files"} if watch.too_many else values


def shown(watch: Watch) -> dict[str, Any]:
    """A title is its owner's free text: short, and letters only."""
    values = {
        "kind": "channel",
        "id": watch.id,
        "channel": short_name(watch.title),
        "words": list(watch.words) or None,
        "pattern": watch.pattern,
        "tell_when": watch.prompt,
        "read_up_to": watch.last_post,
    }
    return {name: value for name, value in values.items() if value is not None}
