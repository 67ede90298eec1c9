"""The owner's tools for watching channels."""

from typing import Any, Self

import regex
from pydantic import BaseModel, Field, model_validator

from jobs.spine.tool import Effect, NoArguments, Tool, ToolError
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


class OneWatch(BaseModel):
    watch_id: int


class WatchTools:
    def __init__(self, watches: Watches, channels: ChannelDirectory) -> None:
        self._watches = watches
        self._channels = channels

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
            Tool("list_watches", "The channels that are watched.", NoArguments, self.list_all),
            Tool("unwatch", "Watch it no longer.", OneWatch, self.unwatch, has_effect=True),
        ]

    async def watch(self, call: WatchChannel) -> Effect:
        channel = await self._channels.find(call.channel)
        return lambda: {"watch": shown(self._watches.add(channel, call.words, call.pattern, call.tell_when))}

    async def list_all(self, _: NoArguments) -> Any:
        return {"watches": [shown(watch) for watch in self._watches.all()]}

    async def unwatch(self, call: OneWatch) -> Effect:
        watch = self._watches.get(call.watch_id) if 0 < call.watch_id < 2**40 else None
        if watch is None:
            raise ToolError(f"There is no watch {call.watch_id}.")
        found = watch

        def effect() -> Any:
            self._watches.remove(found)
            return {"unwatched": shown(found)}

        return effect


def shown(watch: Watch) -> dict[str, Any]:
    """A title is its owner's free text: short, and letters only."""
    values = {
        "id": watch.id,
        "channel": short_name(watch.title),
        "words": list(watch.words) or None,
        "pattern": watch.pattern,
        "tell_when": watch.prompt,
        "read_up_to": watch.last_post,
    }
    return {name: value for name, value in values.items() if value is not None}
