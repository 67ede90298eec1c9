"""What a call of the model costs, as far as it can be known before and after.

Numbers: Anthropic's price list (platform.claude.com/docs/en/about-claude/pricing), US dollars a million tokens. What
a model that is not known costs is the bundled CLI's default (2.1.330).
"""

import json
from dataclasses import dataclass
from typing import Any

MILLION = 1_000_000
CACHE_WRITE, CACHE_WRITE_HOUR, CACHE_READ = 1.25, 2.0, 0.1
"""Times the price of input: written for five minutes, for an hour, read again."""
WEB_SEARCH_USD = 0.01
LONG_PROMPT = 200_000
"""Input tokens above which `Price.long` applies."""

BYTES_A_TOKEN = 2.5
"""Of JSON in English or Russian at the least: what is counted before a call is rather too many tokens than too few."""
IMAGE_TOKENS = 5_000
"""The most that a picture takes (docs: vision; about 1,600 at the size that is kept, more on newer models)."""


@dataclass(frozen=True)
class Price:
    input: float
    output: float
    long: tuple[float, float] | None = None
    """Input and output where the prompt is longer than LONG_PROMPT."""

    def at(self, input_tokens: int) -> tuple[float, float]:
        """The price of input and of output, a million tokens, for a prompt of that length."""
        return self.long if self.long and input_tokens > LONG_PROMPT else (self.input, self.output)


UNKNOWN = Price(5, 25)
PRICES = (
    ("opus-4-0", Price(15, 75)),
    ("opus-4-1", Price(15, 75)),
    ("opus-4-2025", Price(15, 75)),
    ("3-opus", Price(15, 75)),
    ("opus", Price(5, 25)),
    ("sonnet", Price(3, 15, long=(6, 22.5))),
    ("3-5-haiku", Price(0.8, 4)),
    ("3-haiku", Price(0.25, 1.25)),
    ("haiku", Price(1, 5)),
)
"""By what a model's name has in it; the first that fits."""


def price_of(model: str) -> Price:
    return next((price for words, price in PRICES if words in model), UNKNOWN)


def cost_of(model: str, usage: dict[str, Any]) -> float:
    """US dollars of a finished call, by the `usage` object of the Messages API."""
    fresh, written, read, output = (_number(usage, name) for name in TOKENS)
    hour = _number(usage.get("cache_creation") or {}, "ephemeral_1h_input_tokens")
    price_in, price_out = price_of(model).at(fresh + written + read)
    cached = (written - hour) * CACHE_WRITE + hour * CACHE_WRITE_HOUR + read * CACHE_READ
    searches = _number(usage.get("server_tool_use") or {}, "web_search_requests")
    return ((fresh + cached) * price_in + output * price_out) / MILLION + searches * WEB_SEARCH_USD


TOKENS = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens", "output_tokens")


def input_tokens_of(usage: dict[str, Any]) -> int:
    """All that went in, cached or not."""
    return sum(_number(usage, name) for name in TOKENS[:3])


def most_input(body: dict[str, Any], content: bytes) -> int:
    """How many tokens a request's input has at the most, `content` being its bytes.

    Pictures count by number, not by their bytes; they are looked for only where there may be some.
    """
    if b"base64" not in content:
        return most_input_of_bytes(len(content))
    words = {name: body.get(name) for name in ("system", "tools", "messages")}
    pictures = 0

    def without_pictures(value: Any) -> Any:
        nonlocal pictures
        if isinstance(value, dict):
            if value.get("type") == "base64" and isinstance(value.get("data"), str):
                pictures += 1
                return None
            return {name: without_pictures(inner) for name, inner in value.items()}
        return [without_pictures(inner) for inner in value] if isinstance(value, list) else value

    text = json.dumps(without_pictures(words), ensure_ascii=False, separators=(",", ":"))
    return most_input_of_bytes(len(text.encode(errors="replace"))) + pictures * IMAGE_TOKENS


def most_input_of_bytes(size: int) -> int:
    """The same for a request of so many bytes that was not read."""
    return round(size / BYTES_A_TOKEN)


def most_cost(model: str, input_tokens: int) -> tuple[float, float]:
    """The most that so much input costs, and the price of one token of output, in US dollars."""
    price_in, price_out = price_of(model).at(input_tokens)
    return input_tokens * price_in * CACHE_WRITE_HOUR / MILLION, price_out / MILLION


def _number(usage: dict[str, Any], name: str) -> int:
    value = usage.get(name)
    return value if isinstance(value, int) else 0
