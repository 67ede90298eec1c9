"""The owner's tools on memory: what they say, what they change, and what they show before they change it."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.support import MASHA, MOSCOW, NOON, OWNER, Spine

from jobs.memory.documents import Records
from jobs.memory.engine import Places
from jobs.memory.index import MemoryIndex
from jobs.memory.storage import MemoryStorage
from jobs.memory.tools import MemoryTools
from jobs.spine.tool import ToolError


class Desk:
    """The tools over a workspace; `call` runs one by its name, its effect included."""

    def __init__(self, spine: Spine, folder: Path) -> None:
        places = Places(folder, spine.db.path.parent, MOSCOW)
        self.storage = MemoryStorage(folder)
        self.index = MemoryIndex(places)
        self.others = ""
        records = Records(places.records, places.zone)
        tools = MemoryTools(self.storage, self.index, records, lambda _lane: self.others).tools(OWNER)
        self._tools = {tool.name: tool for tool in tools}

    async def call(self, name: str, **arguments: Any) -> Any:
        tool = self._tools[f"memory_{name}"]
        result = await tool.run(tool.arguments.model_validate(arguments))
        return result() if tool.has_effect else result


@pytest.fixture
async def desk(spine: Spine, tmp_path: Path) -> AsyncIterator[Desk]:
    desk = Desk(spine, tmp_path / "workspace")
    desk.storage.days.mkdir(parents=True)
    yield desk
    await desk.index.stop()


async def test_what_is_appended_is_found_with_its_source(desk: Desk) -> None:
    saved = await desk.call("append", text="Пётр переехал в Тверь", section="People", said_by="owner")
    assert (saved["saved"], saved["done"], saved["section"]) == ("MEMORY.md", "added", "People")
    [found] = (await desk.call("search", query="куда переехал Пётр"))["passages"]
    assert (found["path"], found["source"]) == ("MEMORY.md", "owner")
    assert "Тверь (owner" in (await desk.call("read", path="MEMORY.md"))["text"]


async def test_what_another_person_said_is_no_fact_and_comes_back_as_their_words(desk: Desk) -> None:
    await desk.call("log", text="погода была хорошая", said_by="owner")
    saved = await desk.call("append", text="Пётр переехал в Тверь", section="People", said_by="Мария")
    assert saved["saved"].startswith("memory/")
    assert desk.storage.facts() == ""
    [found] = (await desk.call("search", query="куда переехал Пётр"))["passages"]
    assert (found["text"].author, found["source"]) == ("Мария", "external")
    assert "Тверь" in found["text"].text
    own, theirs = (await desk.call("read", path=saved["saved"]))["text"]
    assert "погода" in own
    assert (theirs.author, "Тверь" in theirs.text) == ("Мария", True)
    assert (await desk.call("context"))["today"][1].author == "Мария"


async def test_while_others_words_stand_in_the_conversation_what_is_written_down_is_theirs(desk: Desk) -> None:
    desk.others = "Мария"
    await desk.call("append", text="сейф 4711", said_by="owner")
    assert "сейф 4711 (external: Мария" in desk.storage.facts()
    assert "4711" not in desk.storage.facts(foreign=False)
    desk.others = ""
    (similar,) = (await desk.call("append", text="второй сейф 4711"))["similar"]
    assert (similar.author, similar.text) == ("Мария", "сейф 4711"), "theirs also when it is only pointed out"


async def test_a_fact_that_is_replaced_is_noted_in_the_day_s_log(desk: Desk) -> None:
    await desk.call("append", text="Адрес офиса: Мира 1", said_by="owner")
    saved = await desk.call("append", text="Адрес офиса: Ленина 2", said_by="owner")
    assert (saved["done"], saved["before"]) == ("replaced", "Адрес офиса: Мира 1")
    context = await desk.call("context")
    assert "Мира 1" not in context["memory"]
    assert "no longer says: Адрес офиса: Мира 1 (agent" in context["today"]
    with pytest.raises(ToolError, match="no line"):
        await desk.call("append", text="x", replaces="чего нет")


async def test_a_repeated_call_changes_nothing(desk: Desk) -> None:
    for _ in range(2):
        await desk.call("append", text="любит чай")
        await desk.call("log", text="купили билеты", said_by="owner")
    assert desk.storage.facts().count("чай") == 1
    assert (await desk.call("context"))["today"].count("билеты") == 1


async def test_forgetting_shows_first_and_removes_when_confirmed(desk: Desk) -> None:
    await desk.call("append", text="пароль от дачи sunflower")
    shown = await desk.call("forget", words="пароли дача")
    assert [(line["path"], line["line"]) for line in shown["would_go"]] == [("MEMORY.md", 2)]
    assert (await desk.call("forget", words="пароли дача", confirm="yes"))["would_go"]
    assert "sunflower" in desk.storage.facts()
    await desk.call("append", text="пароль от дачи соседа rose")  # more would go than was shown
    assert (await desk.call("forget", words="пароли дача", confirm=shown["confirm"]))["would_go"]
    shown = await desk.call("forget", words="пароли дача")
    await desk.call("forget", words="пароли дача", confirm=shown["confirm"])
    assert "sunflower" not in desk.storage.facts()
    assert (await desk.call("search", query="sunflower"))["passages"] == []


async def test_a_conversation_is_read_around_what_was_found(desk: Desk, spine: Spine) -> None:
    for number, text in enumerate(("привет", "макеты пришлю в среду", "до связи"), 501):
        spine.accept(text, MASHA)
        spine.db.execute("UPDATE inbox SET message_id = ? WHERE text = ?", (number, text))
    [found] = (await desk.call("search", query="макеты"))["passages"]
    assert found["text"].author == "Мария Иванова"
    assert found["link"] == f"tg://openmessage?user_id={MASHA}&message_id=501"
    assert found["path"] == f"conversations/{MASHA}/{NOON:%Y-%m-%d}"
    read = await desk.call("read", path=found["path"], line_start=2, line_end=2)
    assert read["text"].text == "15:00 Мария Иванова: макеты пришлю в среду"
    for path in ("conversations/x/y", "conversations/22", "../db.sqlite", "conversations/22/2026-99-99"):
        with pytest.raises(ToolError):
            await desk.call("read", path=path)


async def test_the_index_is_made_anew_on_demand(desk: Desk) -> None:
    await desk.call("append", text="любит чай")
    assert (await desk.call("reindex"))["passages"] == 1
