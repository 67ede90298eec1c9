"""Markdown, as a model writes it, as Telegram shows it.

Nothing that was written is lost on the way: what is not Markdown after all, or what the converter would drop, is sent
as it stands.
"""

from __future__ import annotations

import html
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import accumulate, pairwise
from typing import Any

import pyromark
from telegramify_markdown import MessageEntity, RenderConfig, convert
from telethon.tl import types

from jobs.spine.model import Rendered
from jobs.telegram.splitting import Span, clean, split, utf16_units, visible

LIMIT = 4096
"""UTF-16 units in a message."""

_TYPES = {
    "bold": types.MessageEntityBold,
    "italic": types.MessageEntityItalic,
    "underline": types.MessageEntityUnderline,
    "strikethrough": types.MessageEntityStrike,
    "spoiler": types.MessageEntitySpoiler,
    "code": types.MessageEntityCode,
}
_SCHEMES = re.compile(r"(?:https?|tg|mailto|tel|ton):\S+\Z", re.IGNORECASE)

# In the parser's input a noncharacter stands for each sign that is to be shown as it is; `clean` has left none of them.
# Each is one UTF-16 unit like the sign itself, so putting the sign back moves no entity.
_HIDDEN = {sign: chr(0xFDD0 + number) for number, sign in enumerate("<*_$|~:")}
_SHOWN = {ord(hidden): sign for sign, hidden in _HIDDEN.items()}
_LITERALS = [
    re.compile(pattern, re.MULTILINE)
    for pattern in (
        r"<(?!(?:https?|mailto|tg)[:\w./?=&%#@+~-]+>)",  # HTML would vanish; <https://…> is a link
        r"(?<=\w)\*(?=\w)|(?<=\d)\*\*(?=\d)",  # 2*3*4
        r"\*\*/\*|/\*(?!\*)|^[ \t]*\*(?: \*){3,}",  # **/*.py, * * * * * of cron
        r"(?<![\w*])__[a-z][a-z0-9_]*__(?!\w)",  # __init__
        r"\$",  # prices; formulas are readable as they were typed
        r"(?<!~)~(?!~)",  # ~5 minutes
        r"(?<=\]):",  # a reference that is never used would vanish
    )
]
_SPOILER_OR_BARS = re.compile(r"((?<![\w|])\|\|(?![\s|])[^|\n]+(?<!\s)\|\|(?![\w|]))|\|\|")  # not a || b || c
_TABLE_ROW = re.compile(r"^[ \t]*\|.*\|[ \t]*$", re.MULTILINE)
_LINK = re.compile(r"\[([^\]\n|]+)\]\(([^)\s|]+)\)")
_TOO_NESTED = re.compile(r"^[ \t]*(?:(?:\d{1,9}[.)]|[-+*])[ \t]+|>[ \t]*){16}", re.MULTILINE)
_FENCE = re.compile(r"^[ \t>]*(?:`{3,}|~{3,})([^`\n]*)$", re.MULTILINE)
_TASK = re.compile(r"\[[ xX]\]")
_WORD = re.compile(r"[^\W_]+")
_NUMBERED = re.compile(r"^[ \t>]*(?:[-+*][ \t]+)*\d{1,9}[.)][ \t]", re.MULTILINE)
_NUMBER = re.compile(rb"(\d{1,9})([.)])")


def _config() -> RenderConfig:
    config = RenderConfig.isolated()
    symbols = config.markdown_symbol
    symbols.heading_level_1 = symbols.heading_level_2 = symbols.heading_level_3 = symbols.heading_level_4 = ""
    symbols.image = "🖼 "
    symbols.task_uncompleted = "☐"
    symbols.unordered_list_item = "•"
    return config


_CONFIG = _config()


def render(markdown: str, limit: int = LIMIT) -> list[Rendered]:
    """Return the messages that show the Markdown, each at most `limit` UTF-16 units long (at least 2).

    Entities are dicts with "type", "offset", "length" and, as the type has it, "language" or "url"; see `to_telethon`.
    Text that shows nothing gives no message. Broken Markdown is shown as it is; nothing raises.
    """
    source = clean(markdown)
    text, spans = _convert(source)
    parts = _messages(text, spans, limit)
    return parts or _messages(source, [], limit)


def plain(text: str, limit: int = LIMIT) -> list[Rendered]:
    """Return the messages that show the text as it is, cleaned and split as in `render`."""
    return _messages(clean(text), [], limit)


def to_telethon(entities: Iterable[Mapping[str, Any]]) -> list[types.TypeMessageEntity]:
    """Build Telethon's entities from what `render` gives. Raises KeyError for a type that it never gives."""
    return [_to_telethon(**entity) for entity in entities]


def _to_telethon(
    type: str, offset: int, length: int, language: str | None = None, url: str | None = None
) -> types.TypeMessageEntity:
    match type:
        case "pre":
            return types.MessageEntityPre(offset, length, language or "")
        case "text_link":
            return types.MessageEntityTextUrl(offset, length, url or "")
        case "blockquote" | "expandable_blockquote":
            return types.MessageEntityBlockquote(offset, length, collapsed=type == "expandable_blockquote" or None)
    return _TYPES[type](offset, length)


def _messages(text: str, spans: list[Span], limit: int) -> list[Rendered]:
    if limit < 2:
        raise ValueError("a message holds at least one character, which may be two UTF-16 units")
    return [Rendered(part, [_as_dict(span) for span in inside]) for part, inside in split(text, spans, limit)]


def _as_dict(span: Span) -> dict[str, Any]:
    entity: dict[str, Any] = {"type": span.type, "offset": span.start, "length": span.end - span.start}
    if span.language:
        entity["language"] = span.language
    if span.url:
        entity["url"] = span.url
    return entity


def _convert(source: str) -> tuple[str, list[Span]]:
    """Return the text without marks and what they meant, or the source itself if the parser would lose any of it."""
    if not visible(source) or _TOO_NESTED.search(source):
        return source, []
    prepared = _keep_numbers(_hide(_TABLE_ROW.sub(_plain_row, source)))
    text, entities = convert(prepared, latex_escape=False, config=_CONFIG)
    text = text.translate(_SHOWN)
    # A reference such as &#133; was decoded after `clean` had seen the source.
    if clean(text) != text or not _all_there(prepared.translate(_SHOWN), text, entities):
        return source, []
    return _unusable_links(text, [span for entity in entities if (span := _span(entity))])


def _span(entity: MessageEntity) -> Span | None:
    if entity.type == "custom_emoji":  # not for every account; the emoji itself is in the text
        return None
    url = entity.url.translate(_SHOWN) if entity.url else None
    words = (entity.language or "").translate(_SHOWN).split()
    return Span(entity.type, entity.offset, entity.offset + entity.length, url, words[0] if words else None)


def _plain_row(row: re.Match[str]) -> str:
    """A table becomes a monospace box, in which links and line breaks have to be written out."""
    return _LINK.sub(r"\1 (\2)", re.sub(r"<br\s*/?>", " ", row[0], flags=re.IGNORECASE))


def _hide(source: str) -> str:
    source = _SPOILER_OR_BARS.sub(lambda match: match[1] or _HIDDEN["|"] * 2, source)
    for literal in _LITERALS:
        source = literal.sub(lambda match: "".join(_HIDDEN.get(sign, sign) for sign in match[0]), source)
    return source


def _keep_numbers(source: str) -> str:
    """Change the delimiter where a list skips a number: Markdown would count on, but another sign begins a new list."""
    if not _NUMBERED.search(source):
        return source
    data = bytearray(source.encode())
    expected: list[int | None] = []  # for each open list
    shifted: list[bool] = []
    previous: list[int] = []
    for event, place in pyromark.events_with_range(source, options=pyromark.Options.ENABLE_TABLES):
        match event:
            case {"Start": {"List": start}}:
                expected.append(start)
                shifted.append(False)
                previous.append(-1)
            case {"End": {"List": _}}:
                for level in (expected, shifted, previous):
                    level.pop()
            case {"Start": "Item"} if expected and (wanted := expected[-1]) is not None:
                if not (found := _NUMBER.match(data, place["start"])):
                    continue
                number = int(found[1])
                if number not in (wanted, previous[-1]):
                    shifted[-1] = not shifted[-1]
                    wanted = number
                if shifted[-1]:
                    data[found.start(2)] = ord(")") if found[2] == b"." else ord(".")
                expected[-1] = wanted + 1
                previous[-1] = number
    return data.decode()


def _all_there(prepared: str, text: str, entities: list[MessageEntity]) -> bool:
    """Whether every word stands in the text or in a link."""
    wanted = html.unescape(_TASK.sub(" ", _FENCE.sub(" ", prepared)))
    kept = text + "\n" + "\n".join(entity.url.translate(_SHOWN) for entity in entities if entity.url)
    missing = set(_WORD.findall(wanted)) - set(_WORD.findall(kept))
    return all(word in kept for word in missing)


def _unusable_links(text: str, spans: list[Span]) -> tuple[str, list[Span]]:
    """Write out the targets that Telegram does not open, such as paths of files: «report (/tmp/report.md)»."""
    unusable = [span for span in spans if span.type == "text_link" and not _SCHEMES.match(span.url or "")]
    if not unusable:
        return text, spans
    units = utf16_units(text)
    additions: dict[int, str] = {}
    for span in unusable:
        target = clean(span.url or "").strip()
        if target and target != units[span.start : span.end]:
            additions[span.end] = additions.get(span.end, "") + f" ({target})"
    places = sorted(additions)
    grown = list(accumulate((len(utf16_units(additions[place])) for place in places), initial=0))
    pieces = [units[a:b] + additions[b] for a, b in pairwise([0, *places])]
    joined = (
        ("".join(pieces) + units[places[-1] if places else 0 :])
        .encode("utf-16-le", "surrogatepass")
        .decode("utf-16-le")
    )
    moved = [
        replace(
            span,
            start=span.start + grown[bisect_right(places, span.start)],
            end=span.end + grown[bisect_left(places, span.end)],
        )
        for span in spans
        if span.type != "text_link" or _SCHEMES.match(span.url or "")
    ]
    return joined, moved
