"""People and tasks on a real database: who is known, what they were asked, and who may change what."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError
from tests.rig import Nobody, NoChannels, schedule_tools
from tests.support import MASHA, MOSCOW, NOON, OWNER, PETYA, Spine, mcp_tools, settings, skills_in

from jobs.memory.documents import Records
from jobs.memory.engine import Places
from jobs.memory.index import MemoryIndex
from jobs.memory.storage import MemoryStorage
from jobs.memory.tools import MemoryTools
from jobs.skills.tools import SkillTools
from jobs.spine.tool import NoArguments, Tool, ToolError
from jobs.texts import CATALOGUE, LANGUAGES, language_from_code, language_of
from jobs.times import from_text, local_iso, parse_local, to_text
from jobs.tools.by_role import tools_by_role
from jobs.tools.file_watches import FileWatches
from jobs.tools.notices import Notices
from jobs.tools.watch_tools import WatchTools
from jobs.tools.watches import Watches
from jobs.users.access import TOOLS, allowed
from jobs.users.doorkeeper import Doorkeeper
from jobs.users.model import Role, TaskStatus
from jobs.users.people import PeopleFinder
from jobs.users.prompts import system_prompt
from jobs.users.task_answers import Answers
from jobs.users.task_states import Actor
from jobs.users.tasks import Tasks
from jobs.users.tools_external import ExternalTools, SendSummaryToOwner, UpdateTask
from jobs.users.tools_files import FileTools
from jobs.users.tools_owner import OwnerTools, ResolveUser, SendToUser, SetUserNote
from jobs.users.tools_standing import StandingTools
from jobs.users.tools_tasks import CancelUserTask, CreateUserTask, GetUserTasks, OwnerTaskTools

STRANGER = 77


class FakeDirectory:
    """Knows one account, by its @username."""

    def __init__(self, spine: Spine) -> None:
        self._spine = spine
        self.asked: list[str] = []

    async def look_up(self, query: str) -> int | None:
        self.asked.append(query)
        if query != "@stranger":
            return None
        self._spine.users.remember(STRANGER, "Stranger", username="stranger")
        return STRANGER


@pytest.fixture
def directory(spine: Spine) -> FakeDirectory:
    return FakeDirectory(spine)


@pytest.fixture
def tasks(spine: Spine) -> Tasks:
    return spine.tasks(confirm=False)


@pytest.fixture
def owner(spine: Spine, tasks: Tasks, directory: FakeDirectory) -> OwnerTools:
    return OwnerTools(spine.users, tasks.letters, PeopleFinder(spine.users, directory))


@pytest.fixture
def givers(spine: Spine, tasks: Tasks, directory: FakeDirectory) -> OwnerTaskTools:
    return OwnerTaskTools(tasks, PeopleFinder(spine.users, directory))


@pytest.fixture
def masha(spine: Spine, tasks: Tasks, tmp_path: Path) -> ExternalTools:
    return ExternalTools(spine.users, spine.outbox, Answers(tasks, MASHA, tmp_path), MASHA)


async def create(owner: OwnerTaskTools, user: str = "Маше", **more: Any) -> dict[str, Any]:
    call = CreateUserTask(user=user, title=more.pop("title", "Прислать отчёт"), **more)
    task: dict[str, Any] = (await owner.create_user_task(call))()["task"]
    return task


# ---------------------------------------------------------------------- people


def test_the_owner_is_who_the_settings_say_and_nobody_else(spine: Spine) -> None:
    owner = spine.users.get(OWNER)
    assert owner is not None
    assert (owner.role, owner.name, owner.language, owner.zone) == (Role.OWNER, "Иван Петров", "ru", MOSCOW)
    assert [person.role for person in spine.users.everyone()] == [Role.EXTERNAL, Role.EXTERNAL]
    assert OWNER not in [person.id for person in spine.users.everyone()]


def test_what_is_known_of_a_person_is_kept_where_nothing_newer_is(spine: Spine) -> None:
    later = NOON + timedelta(days=1)
    spine.users.remember(MASHA, "Мария", contact_at=later)
    spine.users.remember(MASHA, "Мария", contact_at=NOON - timedelta(days=1))
    known = spine.users.get(MASHA)
    assert known is not None
    assert (known.phone, known.language, known.username) == ("79000000003", "ru", None)
    assert (known.first_contact, known.last_contact) == (NOON, later)


def test_whoever_wrote_last_comes_first(spine: Spine) -> None:
    assert [person.id for person in spine.users.everyone()] == [MASHA, PETYA]
    spine.users.remember(PETYA, "Peter Pan", contact_at=NOON + timedelta(hours=1))
    assert [person.id for person in spine.users.everyone()] == [PETYA, MASHA]
    assert spine.users.get(STRANGER) is None


@pytest.mark.parametrize(
    ("name", "language"), [("Анна", "ru"), ("Anna", "ru"), ("山田", "ru")]
)  # a name that says nothing: the owner's
def test_somebody_who_never_wrote_is_spoken_to_by_their_name_else_as_the_owner(
    spine: Spine, name: str, language: str
) -> None:
    spine.users.remember(STRANGER, name)
    person = spine.users.get(STRANGER)
    assert person is not None
    assert person.language == language


def test_languages_are_told_by_letters_and_codes() -> None:
    assert language_of("Привет, how are you") == "ru"
    assert language_of("The word привет is in a long English sentence") == "en"
    assert language_of("123 :-) …") is None
    assert [language_from_code(code) for code in ("ru", "uk", "en", "de-AT", None, "")] == [
        *("ru", "ru", "en", "en", None, None)
    ]


def test_every_text_is_there_in_both_languages_with_the_same_values() -> None:
    for key, texts in CATALOGUE.items():
        assert set(texts) == set(LANGUAGES), key
        fields = [{part.split("}")[0] for part in text.split("{")[1:]} for text in texts.values()]
        assert fields[0] == fields[1], key


# ----------------------------------------------------------------------- times


@pytest.mark.parametrize(
    ("text", "zone", "moment"),
    [
        ("2026-11-25T18:00", "Europe/Moscow", "2026-11-25T15:00:00.000Z"),
        ("2026-11-25", "Europe/Moscow", "2026-11-25T20:59:00.000Z"),
        ("20261125", "Europe/Moscow", "2026-11-25T20:59:00.000Z"),
        ("2026-11-25T18:00:00+01:00", "Europe/Moscow", "2026-11-25T17:00:00.000Z"),
        ("2026-11-25T18:00Z", "Asia/Tokyo", "2026-11-25T18:00:00.000Z"),
        ("2026-03-29T02:30", "Europe/Berlin", "2026-03-29T01:00:00.000Z"),  # skipped: the end of the gap
        ("2026-10-25T02:30", "Europe/Berlin", "2026-10-25T00:30:00.000Z"),  # twice: the first
        ("2026-03-08T02:30", "America/New_York", "2026-03-08T07:00:00.000Z"),
    ],
)
def test_a_local_time_is_a_moment(text: str, zone: str, moment: str) -> None:
    assert to_text(parse_local(text, ZoneInfo(zone))) == moment
    assert from_text(moment).tzinfo == UTC


@pytest.mark.parametrize("text", ["", "tomorrow", "2026-13-01", "2026-11-25T25:00", "25.11.2026"])
def test_what_is_no_date_is_told_in_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match="is not a date; write it as"):
        parse_local(text, MOSCOW)


def test_a_moment_without_a_zone_is_not_stored() -> None:
    with pytest.raises(ValueError, match="zone"):
        to_text(datetime(2026, 1, 1))  # noqa: DTZ001 (that is the point)
    assert local_iso(NOON, MOSCOW) == "2026-11-22T15:00+03:00"


# ------------------------------------------------------------ the owner's tools


async def test_a_task_is_stored_in_utc_and_told_at_once_in_the_persons_language(
    spine: Spine, givers: OwnerTaskTools
) -> None:
    task = await create(givers, "у Маши", deadline="2026-11-25T18:00", details="За октябрь")
    assert (task["user"], task["deadline"], task["status"]) == ("Мария Иванова", "2026-11-25T18:00+03:00", "new")
    stored = spine.users.task(task["id"])
    assert stored is not None
    assert (stored.deadline, stored.zone) == (datetime(2026, 11, 25, 15, 0, tzinfo=UTC), MOSCOW)
    (told,) = spine.db.execute("SELECT group_concat(text, char(10)) AS text FROM outbox WHERE chat = ?", (MASHA,))
    for part in ("Jobs, ИИ-ассистент", "Иван Петров", "Прислать отчёт", "За октябрь", "среда, 25 ноября, 18:00"):
        assert part in told["text"]


async def test_only_the_first_words_to_a_person_introduce_jobs(spine: Spine, givers: OwnerTaskTools) -> None:
    await create(givers, "Peter", title="Send the report")
    assert any("This is Jobs, an AI assistant" in text for text in spine.said(PETYA))
    before = len(spine.said(PETYA))
    await create(givers, "Peter", title="Send the report again")
    assert not any("AI assistant" in text for text in spine.said(PETYA)[before:])


async def test_a_name_that_fits_two_names_both_and_nobody_is_told(
    spine: Spine, owner: OwnerTools, givers: OwnerTaskTools
) -> None:
    spine.users.remember(STRANGER, "Мария Петрова")
    for attempt in (
        givers.create_user_task(CreateUserTask.model_validate({"user": "Маше", "title": "Прислать отчёт"})),
        owner.send_to_user(SendToUser(user="Маше", text="привет")),
    ):
        with pytest.raises(ToolError, match=rf"Мария Иванова \(id {MASHA}\)") as caught:
            await attempt
        assert f"Мария Петрова (id {STRANGER})" in str(caught.value)
    assert spine.said() == []
    assert spine.users.tasks() == []
    found = await owner.resolve_user(ResolveUser(query="Маша"))
    assert {person["id"] for person in found["candidates"]} == {MASHA, STRANGER}


async def test_somebody_unknown_is_looked_up_once_and_else_nobody(
    spine: Spine, owner: OwnerTools, directory: FakeDirectory
) -> None:
    assert (await owner.send_to_user(SendToUser(user="@stranger", text="hi")))() == {
        "sent_to": {"id": STRANGER, "name": "Stranger"}
    }
    with pytest.raises(ToolError, match="Nobody known fits 'Zarathustra'"):
        await owner.send_to_user(SendToUser(user="Zarathustra", text="hi"))
    assert directory.asked == ["@stranger", "Zarathustra"]
    assert spine.said(STRANGER) == ["hi"]


@pytest.mark.parametrize("deadline", ["tomorrow", "2026-02-30"])
async def test_a_deadline_that_is_no_date_makes_no_task(spine: Spine, givers: OwnerTaskTools, deadline: str) -> None:
    with pytest.raises(ToolError, match="is not a date"):
        await create(givers, deadline=deadline)
    assert spine.users.tasks() == []


async def test_tasks_are_listed_by_person_and_status_soonest_first(givers: OwnerTaskTools, tasks: Tasks) -> None:
    late = await create(givers, deadline="2026-12-25", title="late")
    without = await create(givers, title="whenever")
    soon = await create(givers, "Peter", deadline="2026-11-25", title="soon")
    tasks.move(tasks.get(late["id"]), TaskStatus.DONE, Actor.PERSON)

    async def ids(**call: Any) -> list[int]:
        return [task["id"] for task in (await givers.get_user_tasks(GetUserTasks(**call)))["tasks"]]

    assert await ids() == [soon["id"], without["id"]]
    assert await ids(user="Маша") == [without["id"]]
    assert await ids(status="done") == [late["id"]]
    assert await ids(user="Peter", status="done") == []


async def test_a_task_is_taken_back_once_and_the_person_is_told(spine: Spine, givers: OwnerTaskTools) -> None:
    task = await create(givers)
    (await givers.cancel_user_task(CancelUserTask(task_id=task["id"])))()
    assert spine.said(MASHA)[-1] == "Задача 1 «Прислать отчёт» больше не нужна."
    with pytest.raises(ToolError, match="is cancelled already"):
        await givers.cancel_user_task(CancelUserTask(task_id=task["id"]))
    with pytest.raises(ToolError, match="There is no task 4711"):
        await givers.cancel_user_task(CancelUserTask(task_id=4711))


async def test_a_note_and_a_zone_are_kept_and_the_note_is_the_owners_alone(
    spine: Spine, owner: OwnerTools, masha: ExternalTools
) -> None:
    call = SetUserNote(user="Маше", note="любит короткие письма", zone="Asia/Tokyo")
    assert (await owner.set_user_note(call))()["user"]["note"] == "любит короткие письма"
    person = spine.users.get(MASHA)
    assert person is not None
    assert person.zone.key == "Asia/Tokyo"
    assert "короткие" not in system_prompt(person, spine.users.owner(), "now") + str(
        await masha.get_my_tasks(NoArguments())
    )
    with pytest.raises(ToolError, match="is not a time zone's name"):
        await owner.set_user_note(SetUserNote(user="Маше", zone="Mars/Base"))
    with pytest.raises(ToolError, match="Give a note or a zone"):
        await owner.set_user_note(SetUserNote(user="Маше"))


async def test_everyone_is_listed_with_what_the_owner_may_know(owner: OwnerTools) -> None:
    users = (await owner.list_users(NoArguments()))["users"]
    assert users[0] == {
        "id": MASHA,
        "name": "Мария Иванова",
        "username": "masha",
        "language": "ru",
        "last_contact": "2026-11-22T15:00+03:00",
    }
    assert users[1]["last_contact"] is None


# ---------------------------------------------------------- a person's own tools


async def test_a_person_sees_and_changes_their_own_task_and_the_owner_hears(
    spine: Spine, givers: OwnerTaskTools, masha: ExternalTools
) -> None:
    task = await create(givers)
    await create(givers, "Peter", title="Not hers")
    assert [seen["id"] for seen in (await masha.get_my_tasks(NoArguments()))["tasks"]] == [task["id"]]
    result = (await masha.update_task(UpdateTask(task_id=task["id"], status="accepted", comment="к пятнице")))()
    assert result["task"]["status"] == "accepted"
    heard = "\n".join(spine.said(OWNER))
    assert "Мария Иванова (@masha), задача 1 «Прислать отчёт»: принята." in heard
    assert "к пятнице" in heard


async def test_another_persons_task_is_no_task_of_hers(
    spine: Spine, givers: OwnerTaskTools, masha: ExternalTools
) -> None:
    others = await create(givers, "Peter", title="Not hers")
    before = spine.dump()
    refusals = []
    for task_id in (others["id"], 4711, -1, 2**63 - 1):
        with pytest.raises(ToolError) as caught:
            await masha.update_task(UpdateTask.model_validate({"task_id": task_id, "status": "done"}))
        refusals.append(str(caught.value).replace(str(task_id), "N"))
    assert set(refusals) == {"This person has no task N."}  # nothing tells a task of somebody else from none
    assert spine.dump() == before


async def test_a_task_taken_back_can_not_change_any_more(
    spine: Spine, givers: OwnerTaskTools, masha: ExternalTools
) -> None:
    task = await create(givers)
    (await givers.cancel_user_task(CancelUserTask(task_id=task["id"])))()
    with pytest.raises(ToolError, match="was taken back"):
        (await masha.update_task(UpdateTask.model_validate({"task_id": task["id"], "status": "done"})))()


@pytest.mark.parametrize("status", ["new", "cancelled", "DONE", ""])
def test_a_person_can_only_say_what_a_person_can_say(status: str) -> None:
    with pytest.raises(ValidationError):
        UpdateTask.model_validate({"task_id": 1, "status": status})


async def test_word_for_the_owner_names_who_sent_it(spine: Spine, masha: ExternalTools) -> None:
    (await masha.send_summary_to_owner(SendSummaryToOwner(text="Пётр просит передать: {text} %s")))()
    assert spine.said(OWNER)[0] == "Мария Иванова (@masha) просит передать:"
    assert "{text} %s" in "\n".join(spine.said(OWNER))


def test_no_tool_has_an_argument_for_who_is_calling(spine: Spine, masha: ExternalTools) -> None:
    for tool in masha.tools():
        names = set(tool.arguments.model_json_schema().get("properties", {}))
        assert names <= {"task_id", "status", "comment", "text", "deadline", "price", "minutes", "slot"}


# ---------------------------------------------------------------------- access


@pytest.fixture
def built(
    spine: Spine, tasks: Tasks, owner: OwnerTools, givers: OwnerTaskTools, tmp_path: Path
) -> dict[Role, list[Tool[Any]]]:
    storage = MemoryStorage(tmp_path / "workspace")
    places = Places(tmp_path / "workspace", tmp_path, MOSCOW)
    memory = MemoryTools(storage, MemoryIndex(places), Records(places.records, places.zone))
    scheduler = schedule_tools(spine, spine.scheduler())
    workspace = tmp_path / "workspace"
    files = FileTools(spine.outbox, workspace, OWNER)
    door = Doorkeeper(spine.db, spine.users, spine.outbox, settings(tmp_path))
    standing = StandingTools(PeopleFinder(spine.users, Nobody()), door)
    tools_of = tools_by_role(
        spine.users,
        spine.outbox,
        tasks,
        owner,
        givers,
        memory,
        scheduler,
        files,
        standing,
        workspace,
        Notices(spine.db, spine.outbox, spine.users),
        WatchTools(
            Watches(spine.db, spine.inbox, spine.outbox, spine.users),
            NoChannels(),
            FileWatches(spine.db, spine.inbox, spine.outbox, spine.users, tmp_path),
        ),
        others=[mcp_tools(spine, tmp_path), SkillTools(skills_in(spine, tmp_path), lambda _name, _entry: None)],
    )
    masha = spine.users.get(MASHA)
    assert masha is not None
    people = [replace(spine.users.owner(), role=role) for role in Role if role is not Role.EXTERNAL]
    return {person.role: tools_of(person) for person in [*people, masha]}


def test_each_role_gets_the_tools_of_the_access_table_and_no_others(built: dict[Role, list[Tool[Any]]]) -> None:
    for role in Role:
        assert [tool.name for tool in built[role]] == allowed(role)
    assert allowed(Role.EXTERNAL) == ["get_my_tasks", "update_task", "send_summary_to_owner"]
    assert {name for role in Role for name in allowed(role)} == set(TOOLS)


@pytest.mark.parametrize(("name", "yes"), [("README.md", "yes"), ("README.ru.md", "да")])
def test_the_readme_shows_the_access_table(name: str, yes: str) -> None:
    lines = (Path(__file__).parents[2] / name).read_text(encoding="utf-8").splitlines()
    columns = [Role.OWNER, Role.ISOLATED, Role.HEARTBEAT, Role.WATCH, Role.EXTERNAL]
    assert set(columns) == set(Role)
    for tool, roles in TOOLS.items():
        (row,) = [line for line in lines if line.startswith("|") and f"`{tool}`" in line]
        shown = [cell.strip() == yes for cell in row.strip("|").split("|")[1:]]
        assert shown == [role in roles for role in columns], tool


def test_every_tool_that_writes_is_recorded_with_its_turn(built: dict[Role, list[Tool[Any]]]) -> None:
    reading = {tool.name for role in Role for tool in built[role] if not tool.has_effect}
    assert reading == {
        *("get_user_tasks", "get_overdue_tasks", "resolve_user", "list_users", "list_scheduled_tasks", "get_my_tasks"),
        *("memory_search", "memory_read", "memory_context", "memory_reindex", "list_watches"),
        *("mcp_search", "mcp_list", "mcp_test", "skill_list", "skill_show"),
    }
