"""Markdown as Telegram shows it: readable, cut where a reader would cut it, and nothing lost."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from telethon.tl import types

from jobs.spine.model import Rendered
from jobs.telegram.formatting import plain, render, to_telethon
from jobs.telegram.splitting import MAX_ENTITIES

FORMATS = {"bold", "italic", "underline", "strikethrough", "spoiler", "code", "pre", "text_link", "blockquote"}


def utf16(text: str) -> bytes:
    return text.encode("utf-16-le")


def covered(part: Rendered, kind: str) -> list[str]:
    return [
        utf16(part.text)[2 * e["offset"] : 2 * (e["offset"] + e["length"])].decode("utf-16-le")
        for e in part.entities
        if e["type"] == kind
    ]


def one(markdown: str) -> Rendered:
    (part,) = render(markdown)
    return part


def check(parts: list[Rendered], limit: int) -> None:
    """What Telegram demands of a message."""
    for part in parts:
        size = len(utf16(part.text)) // 2  # raises on a lone surrogate
        assert 0 < size <= limit
        assert part.text.strip()
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ufdd0-\ufdef]", part.text)
        assert len(part.entities) <= MAX_ENTITIES
        for entity in part.entities:
            start, end = entity["offset"], entity["offset"] + entity["length"]
            assert 0 <= start < end <= size
            inside = utf16(part.text)[2 * start : 2 * end].decode("utf-16-le")  # raises in half a pair
            assert inside == inside.rstrip()
            assert entity["type"] in FORMATS | {"expandable_blockquote"}
        assert json.loads(json.dumps(part.entities)) == part.entities
        assert len(to_telethon(part.entities)) == len(part.entities)


def test_marks_become_entities() -> None:
    part = one("# Title\n\n**bold** *it* ~~gone~~ `x<y` ||secret|| [site](https://a.b/c) 😀 __b__\n\n> said")
    assert part.text == "Title\n\nbold it gone x<y secret site 😀 b\n\nsaid".replace("😀 b", "😀 __b__")
    assert covered(part, "bold") == ["Title", "bold"]
    assert covered(part, "italic") == ["it"]
    assert covered(part, "strikethrough") == ["gone"]
    assert covered(part, "code") == ["x<y"]
    assert covered(part, "spoiler") == ["secret"]
    assert covered(part, "text_link") == ["site"]
    assert [e["url"] for e in part.entities if "url" in e] == ["https://a.b/c"]
    assert covered(part, "blockquote") == ["said"]


def test_code_keeps_its_language_and_its_look() -> None:
    part = one("Run:\n\n```python\ndef f(*a):\n    return a || '<b>' # $x 2*3*4\n```")
    assert covered(part, "pre") == ["def f(*a):\n    return a || '<b>' # $x 2*3*4"]
    assert [e.get("language") for e in part.entities] == ["python"]


def test_a_long_quote_can_be_folded() -> None:
    assert covered(one("> " + "long " * 80), "expandable_blockquote")
    assert covered(one("> short"), "blockquote") == ["short"]


def test_lists_keep_their_levels_and_their_numbers() -> None:
    assert one("- a\n  - b\n- [x] c\n- [ ] d").text == "• a\n  • b\n✅ c\n☐ d"
    assert one("1. a\n2. b\n5. c\n6. d\n   - x\n9. e").text == "1. a\n2. b\n5. c\n6. d\n  • x\n9. e"
    assert one("1. a\n1. b").text == "1. a\n2. b"


def test_a_table_is_an_aligned_box_with_its_links_written_out() -> None:
    part = one("| name | n |\n|---|---|\n| [site](http://a.b) | 1<br>2 |")
    assert covered(part, "pre") == [part.text]
    assert part.text.splitlines() == [
        "name              | n  ",
        "------------------+----",
        "site (http://a.b) | 1 2",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "snake_case_name and _private",
        "2*3*4 = 24, 2**3**2 = 512",
        "__init__ and __main__.py",
        "*.py and **/*.txt and /*.md",
        "a || b || c, a||b||c",
        "f(*args, **kwargs)",
        "$5 and $10, ~5 min, ~6 min",
        "<div>x</div> <script>alert(1)</script> a < b > c",
        "<!-- said -->",
        "[1]: http://unused.example",
        "[^1]: a note",
        "**unclosed and `unclosed",
        "[unclosed](http://a.b",
        "* * * * * /bin/backup",
        "0 9 * * *",
        "#",
        "[]()",
        "&#133;",
        "1. " * 3000 + "x",
    ],
)
def test_what_is_not_markdown_stands_as_it_is(text: str) -> None:
    assert "".join(part.text for part in render(text, 100_000)).split() == text.split()


def test_a_cron_line_of_stars_is_no_rule() -> None:
    assert one("* * * * *").text == "* * * * *"


def test_a_target_that_telegram_does_not_open_is_written_out() -> None:
    part = one("[report](/tmp/report.md) and **[site](https://a.b)** 😀 [x](y)")
    assert part.text == "report (/tmp/report.md) and site 😀 x (y)"
    assert covered(part, "text_link") == ["site"]
    assert covered(part, "bold") == ["site"]


def test_a_title_of_a_link_is_not_lost() -> None:
    assert "by the way" in one("[a](http://b.c 'by the way')").text


@pytest.mark.parametrize("empty", ["", " \n\t ", "\x00", "\u200b\u2060", "\xa0\n"])
def test_nothing_to_see_is_no_message(empty: str) -> None:
    assert render(empty) == []
    assert plain(empty) == []


def test_what_telegram_refuses_is_cleaned() -> None:
    assert plain("a\x00b\ud800c\x0cd\r\ne\u2028f\ufdd0g")[0].text == "ab\ufffdc d\ne\nfg"
    assert plain("\ud83d\ude00")[0].text == "😀"


def test_plain_text_has_no_marks() -> None:
    assert plain("**a** `b`") == [Rendered("**a** `b`", [])]


def test_a_long_text_is_cut_between_paragraphs() -> None:
    paragraphs = [f"{number} " + "слово " * 20 for number in range(30)]
    parts = render("\n\n".join(paragraphs), 500)
    check(parts, 500)
    assert all(part.text[0].isdigit() and part.text.endswith("слово") for part in parts)
    assert len(parts) <= 11


def test_a_text_without_paragraphs_is_cut_between_lines_sentences_words() -> None:
    assert [part.text for part in plain("aaaa bb\ncccc dd\neeee", 10)] == ["aaaa bb", "cccc dd", "eeee"]
    assert [part.text for part in plain("Aaaa bb. Cc dd ee", 12)] == ["Aaaa bb.", "Cc dd ee"]
    assert [part.text for part in plain("aaaa bbbb cccc", 10)] == ["aaaa bbbb", "cccc"]
    assert [part.text for part in plain("a" * 25, 10)] == ["a" * 10, "a" * 10, "a" * 5]


def test_a_character_is_never_cut() -> None:
    assert [part.text for part in plain("a" + "😀" * 3, 4)] == ["a😀", "😀😀"]
    family = "👨\u200d👩\u200d👧"
    assert [part.text for part in plain(f"abcde{family}", 10)] == ["abcde", family]


def test_a_fence_that_fits_in_a_message_is_not_broken() -> None:
    code = "\n\n".join(f"line {number}" for number in range(20))
    parts = render(f"{'intro ' * 20}\n\n```\n{code}\n```\n\nafter", 200)
    check(parts, 200)
    assert [covered(part, "pre") for part in parts] == [[], [code]]
    assert parts[1].text.endswith("after")


def test_a_longer_fence_is_cut_at_line_ends_each_part_a_block_of_its_own() -> None:
    lines = [f"    print({number:04})" for number in range(60)]
    parts = render("Before.\n\n```python\n" + "\n".join(lines) + "\n```\n\nAfter.", 200)
    check(parts, 200)
    blocks = [block for part in parts for block in covered(part, "pre")]
    assert "\n".join(blocks) == "\n".join(lines)
    assert {e["language"] for part in parts for e in part.entities} == {"python"}


def test_formatting_over_a_cut_goes_on_in_the_next_message() -> None:
    parts = render("**" + "word " * 50 + "word**", 100)
    check(parts, 100)
    assert [covered(part, "bold") for part in parts] == [[part.text] for part in parts]


def test_more_entities_than_telegram_takes_make_more_messages() -> None:
    parts = render("**x** " * 250)
    check(parts, 4096)
    assert [len(part.entities) for part in parts] == [100, 100, 50]


def test_entities_for_telethon() -> None:
    entities = [
        {"type": "pre", "offset": 0, "length": 1, "language": "sh"},
        {"type": "text_link", "offset": 1, "length": 2, "url": "http://a.b"},
        {"type": "expandable_blockquote", "offset": 0, "length": 3},
        {"type": "bold", "offset": 0, "length": 3},
    ]
    assert to_telethon(entities) == [
        types.MessageEntityPre(0, 1, "sh"),
        types.MessageEntityTextUrl(1, 2, "http://a.b"),
        types.MessageEntityBlockquote(0, 3, collapsed=True),
        types.MessageEntityBold(0, 3),
    ]
    with pytest.raises(KeyError):
        to_telethon([{"type": "unheard of", "offset": 0, "length": 1}])


@given(st.text(st.characters(), max_size=300), st.integers(2, 60))
@settings(max_examples=300, deadline=None)
def test_any_text_is_accepted_by_telegram(text: str, limit: int) -> None:
    check(render(text, limit), limit)
    check(plain(text, limit), limit)


PIECES = [
    *"*_`~|#>-+[]()!\\<>$&.:;=\n\t 0129aб\x00",
    *[
        "\n\n",
        "```",
        "```py\n",
        "\n```\n",
        "**",
        "||",
        "- ",
        "1. ",
        "7) ",
        "> ",
        "](",
        "http://a.b",
        "😀",
        "&amp;",
        "word",
    ],
    *["| a | b |\n", "|---|---|\n", "    ", "- [x] ", "слово", "<b>", "<br>", "\ud83d", "\ufdd1", "[x](/y)", "# "],
]


@given(st.lists(st.sampled_from(PIECES), max_size=60).map("".join), st.integers(8, 200))
@settings(max_examples=500, deadline=None)
def test_any_markdown_is_accepted_by_telegram(text: str, limit: int) -> None:
    check(render(text, limit), limit)


@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
@settings(max_examples=500, deadline=None)
def test_no_word_is_lost(text: str) -> None:
    parts = render(text)
    shown = "\n".join([*(part.text for part in parts), *(e.get("url", "") for part in parts for e in part.entities)])
    fences = [e.get("language", "") for part in parts for e in part.entities]
    for word in re.findall(r"word|слово|aaa|ббб|http://a\.b", text):
        # What follows ``` on its line is the language, not text; &…; is a sign, [x] a box.
        assert word in shown or any(word in fence for fence in fences) or re.search(rf"(```|~~~).*{word}", text)
