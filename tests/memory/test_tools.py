"""The owner's tools on memory: what they say, what they change, and what they show before they change it."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.support import MASHA, MOSCOW, NOON, Spine

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
        tools = MemoryTools(self.storage, self.index, Records(places.records, places.zone)).tools()
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
    saved = await desk.call("append", text="Пётр переехал в Тверь", section="People", said_by="Мария")
    assert (saved["saved"], saved["done"], saved["section"]) == ("MEMORY.md", "added", "People")
    [found] = (await desk.call("search", query="куда переехал Пётр"))["passages"]
    assert (found["path"], found["source"]) == ("MEMORY.md", "external: Мария")
    assert "Тверь (external: Мария" in (await desk.call("read", path="MEMORY.md"))["text"]


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
    assert desk.storage.whole().count("чай") == 1
    assert (await desk.call("context"))["today"].count("билеты") == 1


async def test_forgetting_shows_first_and_removes_when_confirmed(desk: Desk) -> None:
    await desk.call("append", text="пароль от дачи sunflower")
    shown = (await desk.call("forget", words="пароли дача"))["would_go"]
    assert [(line["path"], line["number"]) for line in shown] == [("MEMORY.md", 2)]
    assert "sunflower" in desk.storage.whole()
    await desk.call("forget", words="пароли дача", confirmed=True)
    assert "sunflower" not in desk.storage.whole()
    assert (await desk.call("search", query="sunflower"))["passages"] == []


async def test_a_conversation_is_read_around_what_was_found(desk: Desk, spine: Spine) -> None:
    for text in ("привет", "макеты пришлю в среду", "до связи"):
        spine.accept(text, MASHA)
    [found] = (await desk.call("search", query="макеты"))["passages"]
    assert found["source"] == "external: Мария Иванова"
    assert found["path"] == f"conversations/{MASHA}/{NOON:%Y-%m-%d}"
    read = await desk.call("read", path=found["path"], line_start=2, line_end=2)
    assert read["text"] == "15:00 Мария Иванова: макеты пришлю в среду"
    for path in ("conversations/x/y", "conversations/22", "../db.sqlite", "conversations/22/2026-99-99"):
        with pytest.raises(ToolError):
            await desk.call("read", path=path)


async def test_the_index_is_made_anew_on_demand(desk: Desk) -> None:
    await desk.call("append", text="любит чай")
    assert (await desk.call("reindex"))["passages"] == 1
