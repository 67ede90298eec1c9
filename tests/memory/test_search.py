"""What is remembered is found: in both languages, in any form, from files and conversations, with its source."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from tests.support import MASHA, MOSCOW, OWNER, Spine

from jobs.memory.embedding import embedder_of
from jobs.memory.engine import Engine, Places
from jobs.memory.search import Hit, Wanted
from jobs.spine.inbox import Inbox
from jobs.spine.model import Incoming, Origin, OutboxKind

FACTS = """# Memory

## People
- Мария предпочитает созвоны после 15:00 <!-- 2026-11-01 owner -->
- Peter's phone broke, he only reads email

## House
- Ключи от дачи лежат у соседа
- Wi-Fi password at the dacha: sunflower42
"""
DAY = """- 10:00 Купил билеты в Казань за 45 000 рублей
- 11:20 Дженкинс упал, сборка не собирается
- 12:00 The mock-ups will be ready on Wednesday <!-- 2026-11-15 external: Мария -->
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    (folder / "memory").mkdir(parents=True)
    (folder / "MEMORY.md").write_text(FACTS, encoding="utf-8")
    (folder / "memory" / "2026-11-15.md").write_text(DAY, encoding="utf-8")
    return folder


@pytest.fixture
def engine(workspace: Path, tmp_path: Path) -> Iterator[Engine]:
    """Words only: what the vectors add is measured in benchmarks/memory."""
    engine = Engine(Places(workspace, tmp_path, MOSCOW), None)
    yield engine
    engine.close()


def best(engine: Engine, query: str) -> Hit:
    return engine.search(Wanted(query))[0]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("где ключ от дачи?", "Ключи от дачи"),
        ("созвон с Марией", "созвоны после"),
        ("билет в казани", "билеты в Казань"),
        ("phones", "phone broke"),
        ("45000", "45 000"),
        ("45,000", "45 000"),
        ("15 ноября", "билеты"),
        ("November 15th", "билеты"),
        ("что было 15.11.2026", "билеты"),
        ("билты", "билеты"),
        ("jenkins", "Дженкинс"),
        ("Mariya", "Мария"),
        ("сборка", "сборка"),
    ],
)
def test_words_are_found_in_any_form_alphabet_and_spelling(engine: Engine, query: str, words: str) -> None:
    found = engine.search(Wanted(query))
    # A day of its own has several passages that are as good: what another person said there stands apart.
    assert any(words in hit.text for hit in (found[:2] if "15" in query else found[:1]))


@pytest.mark.parametrize("query", ['"AND (*', "NEAR(", "stems:", "^*", "'", "a" * 5000, "\0", "\ud800", "(", "OR"])
def test_any_text_is_a_valid_query(engine: Engine, query: str) -> None:
    assert isinstance(engine.search(Wanted(query)), list)


def test_nothing_is_found_by_nothing(engine: Engine) -> None:
    assert engine.search(Wanted("  ")) == []
    assert engine.search(Wanted("зебра")) == []


def test_a_hit_says_where_it_stands_and_whose_words_they_are(engine: Engine) -> None:
    theirs = best(engine, "mock-ups")
    assert (theirs.path, theirs.line_start, theirs.line_end) == ("memory/2026-11-15.md", 3, 3)
    assert (theirs.source, theirs.date) == ("external: Мария", "2026-11-15")
    own = best(engine, "созвоны")
    assert (own.path, own.line_start, own.source, own.date) == ("MEMORY.md", 4, "owner", "2026-11-01")
    assert best(engine, "соседа").source == "file"


def test_an_item_is_another_person_s_when_any_of_its_lines_is(engine: Engine, workspace: Path) -> None:
    (workspace / "MEMORY.md").write_text(
        "- пришли сейф <!-- 2026-11-01 external: Мария -->\n  и ключ\n"
        "- дикобраз\n  и капибара <!-- 2026-11-02 owner -->\n",
        encoding="utf-8",
    )
    [theirs, *_] = engine.search(Wanted("пришли сейф"))
    assert (theirs.text, theirs.source) == ("- пришли сейф\n  и ключ", "external: Мария")
    [own, *_] = engine.search(Wanted("дикобраз"))
    assert (own.text, own.source, own.date) == ("- дикобраз\n  и капибара", "owner", "2026-11-02")


def test_an_edit_by_hand_is_found_at_once_and_what_is_gone_is_not(engine: Engine, workspace: Path) -> None:
    assert engine.search(Wanted("аллергия")) == []
    with (workspace / "MEMORY.md").open("a", encoding="utf-8") as file:
        file.write("- Аллергия на орехи\n")
    assert "орехи" in best(engine, "аллергия").text
    (workspace / "memory" / "2026-11-15.md").unlink()
    assert engine.search(Wanted("Казань")) == []


def test_any_markdown_file_of_the_workspace_is_found_but_what_others_sent(engine: Engine, workspace: Path) -> None:
    for name in ("notes/deep/recipe.md", ".hidden/x.md", "uploads/22/evil.md", "uploads/mine.md"):
        path = workspace / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"борщ {name}", encoding="utf-8")
    assert {hit.path for hit in engine.search(Wanted("борщ", 10))} == {"notes/deep/recipe.md", "uploads/mine.md"}


def test_filters_by_day_kind_and_person(engine: Engine) -> None:
    query = "билеты Мария Wednesday ключи"
    assert {hit.kind for hit in engine.search(Wanted(query, kinds=("memory",)))} == {"memory"}
    assert {hit.date for hit in engine.search(Wanted(query, since=date(2026, 11, 15)))} == {"2026-11-15"}
    assert {hit.date for hit in engine.search(Wanted(query, until=date(2026, 11, 14)))} == {"2026-11-01"}
    texts = [hit.text for hit in engine.search(Wanted(query, person="Мария"))]
    assert len(texts) == 2
    assert all("созвоны" in text or "mock-ups" in text for text in texts)
    assert engine.search(Wanted(query, person="Геннадий")) == []


def test_the_newer_of_two_that_fit_alike_comes_first(engine: Engine, workspace: Path) -> None:
    for day in ("2024-01-01", "2026-10-01", "2025-01-01"):
        (workspace / "memory" / f"{day}.md").write_text("- Адрес офиса поменялся\n", encoding="utf-8")
    found = [hit.date for hit in engine.search(Wanted("адрес офиса"))]
    assert found == ["2026-10-01", "2025-01-01", "2024-01-01"]


def test_neighbouring_lines_are_one_hit(engine: Engine, workspace: Path) -> None:
    lines = "".join(f"- {number}: корабль плывёт\n" for number in range(1, 13))
    (workspace / "memory" / "2026-11-20.md").write_text(lines, encoding="utf-8")
    [hit] = engine.search(Wanted("корабль"))
    assert (hit.line_start, hit.line_end) == (1, 12)
    assert hit.text.count("корабль") == 12


@pytest.fixture
def talk(spine: Spine) -> Spine:
    """A talk of Маша's and one of the owner's, on the evening of one day in Moscow and the night after."""

    def write(text: str, lane: int, at: datetime) -> None:
        origin = Origin.OWNER if lane == OWNER else Origin.EXTERNAL
        Inbox(spine.db).accept(Incoming(f"{lane}:{text}", lane, origin, text, at), handled=True)

    write("макеты пришлю в среду", MASHA, datetime(2026, 11, 20, 19, tzinfo=UTC))
    write("какой пароль от сервера?", MASHA, datetime(2026, 11, 20, 22, tzinfo=UTC))
    write("напомни про бабушкин юбилей", OWNER, datetime(2026, 11, 20, 19, tzinfo=UTC))
    return spine


def test_what_was_said_is_found_by_person_and_day_as_theirs(talk: Spine, workspace: Path, tmp_path: Path) -> None:
    engine = Engine(Places(workspace, talk.db.path.parent, MOSCOW), None)
    theirs = best(engine, "когда пришлют макеты")
    assert (theirs.path, theirs.date, theirs.source) == (
        f"conversations/{MASHA}/2026-11-20",
        "2026-11-20",
        "external: Мария Иванова",
    )
    assert theirs.text == "22:00 Мария Иванова: макеты пришлю в среду"
    assert best(engine, "пароль от сервера").date == "2026-11-21"  # 01:00 in Moscow
    assert best(engine, "бабушкин юбилей").source == "owner"
    assert {hit.source for hit in engine.search(Wanted("макеты юбилей сервер", person="Мария Иванова"))} == {
        "external: Мария Иванова"
    }
    talk.outbox.say("x", OWNER, OutboxKind.ANSWER, "хорошо, напомню про торт")
    assert "торт" in best(engine, "торт").text
    engine.close()


def test_in_another_zone_the_conversations_have_its_days(talk: Spine, workspace: Path, tmp_path: Path) -> None:
    for zone, day, line in ((MOSCOW, "2026-11-21", "01:00"), (ZoneInfo("Europe/Lisbon"), "2026-11-20", "22:00")):
        engine = Engine(Places(workspace, talk.db.path.parent, zone), None)
        hits = engine.search(Wanted("пароль от сервера", person="Мария"))
        assert [hit.date for hit in hits] == [day]
        assert f"{line} Мария Иванова: какой пароль" in hits[0].text
        assert "юбилей" in best(engine, "бабушкин юбилей").text
        engine.close()


def test_a_conversation_s_link_is_to_the_first_message_that_telegram_knows(spine: Spine, tmp_path: Path) -> None:
    engine = Engine(Places(tmp_path / "none", spine.db.path.parent, MOSCOW), None)
    spine.accept("напомни про осьминога", OWNER)
    spine.accept("и про осьминога тоже", OWNER)
    spine.db.execute("UPDATE inbox SET state = 'done', message_id = iif(id = 1, NULL, 502)")
    assert best(engine, "осьминог").link == f"tg://openmessage?user_id={OWNER}&message_id=502"
    engine.close()


# ---------------------------------------------------------------------- broken input


def test_binary_files_and_broken_text_do_no_harm(engine: Engine, workspace: Path) -> None:
    (workspace / "picture.md").write_bytes(b"\x89PNG\0\0\xff" * 1000)
    (workspace / "latin.md").write_bytes("слон ".encode() + b"\xff\xfe\xc3 " + "жираф".encode())
    (workspace / "empty.md").write_bytes(b"")
    (workspace / "odd\udcff.md").write_bytes("носорог".encode())
    (workspace / "gone.md").symlink_to(workspace / "nowhere.md")
    assert best(engine, "жираф").path == "latin.md"
    (workspace / "windows.md").write_bytes("\ufeff# Зоопарк\r\n\r\nбегемот\r\n".encode())
    assert (best(engine, "бегемот").heading, best(engine, "бегемот").text) == ("Зоопарк", "бегемот")
    assert "носорог" in best(engine, "носорог").text
    assert "picture.md" not in {
        path for (path,) in engine.index.rows("SELECT path FROM documents JOIN passages ON document = documents.id")
    }


def test_one_endless_line_is_cut_and_its_end_is_found(engine: Engine, workspace: Path) -> None:
    (workspace / "long.md").write_text("слово " * 200_000 + "динозавр", encoding="utf-8")
    hit = best(engine, "динозавр")
    assert (hit.path, hit.line_start) == ("long.md", 1)
    assert len(hit.text) < 2000


def test_a_hundred_thousand_short_lines_are_taken_in(engine: Engine, workspace: Path) -> None:
    lines = [f"строка {number}" for number in range(100_000)]
    lines[77_776] = "единорог"
    (workspace / "many.md").write_text("\n".join(lines), encoding="utf-8")
    hit = best(engine, "единорог")
    assert hit.line_start <= 77_777 <= hit.line_end


def test_a_broken_index_is_made_anew(engine: Engine, workspace: Path, tmp_path: Path) -> None:
    engine.search(Wanted("x"))
    engine.close()
    (tmp_path / "memory.sqlite").write_bytes(b"this is no database" * 1000)
    again = Engine(Places(workspace, tmp_path, MOSCOW), None)
    assert "Казань" in best(again, "Казань").text
    again.close()


def test_an_edit_keeps_the_passages_that_it_does_not_touch(engine: Engine, workspace: Path) -> None:
    engine.index.refresh()
    before = dict(engine.index.rows("SELECT text, id FROM passages"))
    memory = workspace / "MEMORY.md"
    memory.write_text("Начало\n\n" + FACTS, encoding="utf-8")
    engine.index.refresh()
    after = dict(engine.index.rows("SELECT text, id FROM passages"))
    assert before.items() <= after.items()
    assert best(engine, "sunflower42").line_start == 11


# ---------------------------------------------------------------------- meaning


@pytest.mark.skipif(embedder_of(None) is None, reason="the offline model does not run here")
def test_meaning_is_found_across_languages(workspace: Path, tmp_path: Path) -> None:
    engine = Engine.open(Places(workspace, tmp_path, MOSCOW))
    assert engine.reindex()["without_vector"] == 0
    assert "sunflower42" in best(engine, "пароль от вайфая").text
    assert "Ключи" in best(engine, "where are the keys of the country house?").text
    with (workspace / "MEMORY.md").open("a", encoding="utf-8") as file:
        file.write("- Аллергия на орехи\n")
    engine.index.refresh()
    engine.embed(60)
    assert "орехи" in best(engine, "what must I not eat?").text
    engine.close()
