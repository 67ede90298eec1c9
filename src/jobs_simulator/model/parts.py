"""What a brain may answer with: a `Reply` made of parts, in the order they take effect."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self, TypeAlias


@dataclass(frozen=True)
class Text:
    """A text block.

    Args:
        text: the whole text.
        chunks: how many pieces it is streamed in, or the pieces themselves (then they must join to `text`).
        delay: seconds to wait between two pieces.
    """

    text: str
    chunks: int | Sequence[str] = 1
    delay: float = 0.0

    def __post_init__(self) -> None:
        if not isinstance(self.chunks, int) and "".join(self.chunks) != self.text:
            raise ValueError("the chunks of a Text do not join to its text")

    def pieces(self) -> list[str]:
        """The text cut into the pieces that are streamed; an empty text is no piece at all."""
        return split(self.text, self.chunks) if isinstance(self.chunks, int) else list(self.chunks)

    @classmethod
    def of(cls, *chunks: str, delay: float = 0.0) -> Self:
        """A text given as its pieces."""
        return cls("".join(chunks), chunks, delay)


@dataclass(frozen=True)
class Thinking:
    """A thinking block that goes before the answer, with a made-up signature."""

    text: str
    signature: str = "c2ltdWxhdGVk"


@dataclass(frozen=True)
class ToolCall:
    """A call of a tool: its full name (`mcp__jobs__list_users`, `Bash`), its arguments, the number of their pieces."""

    name: str
    input: Mapping[str, Any] = field(default_factory=dict)
    chunks: int = 1
    id: str | None = None


@dataclass(frozen=True)
class ApiError:
    """An error of the API.

    First in a reply it is the HTTP status with the API's JSON body; later in a stream it is an `error` event.

    Args:
        status: the HTTP status, such as 429.
        type: the API's error type, such as `rate_limit_error`; taken from the status when not given.
        message: the sentence in the error.
        headers: more response headers, such as `{"retry-after": "1"}`.
    """

    status: int
    type: str = ""
    message: str = "simulated error"
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def type_name(self) -> str:
        return self.type or ERROR_TYPES.get(self.status, "api_error")


ERROR_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    529: "overloaded_error",
}


@dataclass(frozen=True)
class Cut:
    """The connection breaks at this place, or, with `after_bytes`, once so many bytes of the body have been sent.

    First in a reply and without `after_bytes` it breaks before any byte of the answer.
    """

    after_bytes: int | None = None


@dataclass(frozen=True)
class Delay:
    """Nothing is sent for so many seconds. First in a reply it delays the first byte."""

    seconds: float


class Stall:
    """Nothing more is sent until `release()` or until the client hangs up. First in a reply: not even the first byte.

    One Stall may be hit by several requests; a release lets all of them, and every later one, go on.
    """

    def __init__(self) -> None:
        self._reached = asyncio.Event()
        self._released = asyncio.Event()

    async def reached(self) -> None:
        """Returns once a reply stands still here."""
        await self._reached.wait()

    def release(self) -> None:
        """Lets the reply go on."""
        self._released.set()

    async def hold(self) -> None:
        """What the server awaits when it comes to this part."""
        self._reached.set()
        await self._released.wait()


Content: TypeAlias = Text | Thinking | ToolCall
Fault: TypeAlias = ApiError | Cut | Delay | Stall
Part: TypeAlias = Content | Fault


class Reply:
    """An ordered answer of the model. A plain string stands for `Text`.

    Args:
        parts: blocks and failures in the order they take effect.
        stop_reason: what `message_delta` says; `tool_use` or `end_turn` by itself when not given.
        input_tokens: how long the request is said to have been; counted by its characters when not given.
    """

    def __init__(self, *parts: Part | str, stop_reason: str | None = None, input_tokens: int | None = None) -> None:
        self.input_tokens = input_tokens
        self.parts: tuple[Part, ...] = tuple(Text(part) if isinstance(part, str) else part for part in parts)
        self._stop_reason = stop_reason

    def __iter__(self) -> Iterator[Part]:
        return iter(self.parts)

    def __repr__(self) -> str:
        return f"Reply({', '.join(map(repr, self.parts))})"

    @property
    def tool_calls(self) -> list[ToolCall]:
        return [part for part in self.parts if isinstance(part, ToolCall)]

    @property
    def text(self) -> str:
        """All text blocks joined."""
        return "".join(part.text for part in self.parts if isinstance(part, Text))

    @property
    def stop_reason(self) -> str:
        return self._stop_reason or ("tool_use" if self.tool_calls else "end_turn")

    def before(self, fault: Fault) -> "Reply":
        """The same reply with a failure put at its front."""
        return Reply(fault, *self.parts, stop_reason=self._stop_reason)


def split(text: str, count: int) -> list[str]:
    """Cuts a text into at most `count` pieces of nearly one length."""
    if not text:
        return []
    size = -(-len(text) // max(count, 1))
    return [text[start : start + size] for start in range(0, len(text), size)]
