"""Sessions with the real CLI: what it is given, what it may see, and how a conversation outlasts its process."""

import asyncio
import errno
import json
import os
import signal
from datetime import timedelta
from pathlib import Path

import pytest
from tests.rig import MASHA, OWNER, PETYA, Rig, Run, lanes_running, spoken
from tests.support import DUMMY_KEY

from jobs.users import profile, session_manager, turn_runner
from jobs.users.access import allowed
from jobs.users.model import Person, Role
from jobs.users.session import Session
from jobs_simulator.model import ApiError, Reply, Stall, Text, ToolCall, echo, fixed
from jobs_simulator.model.request import ModelRequest

INERT = ["/model opus", "!ls /", "#remember this", "/help", " two\nlines "]


async def test_a_session_is_offered_its_roles_tools_and_gets_every_text_word_for_word(tmp_path: Path) -> None:
    canary = tmp_path / "canary.txt"
    canary.write_text("a-word-that-stands-in-that-file", encoding="utf-8")
    inert = [f"@{canary} what is this", *INERT]
    async with Rig(tmp_path, fixed("ok")) as rig:
        for lane, role in ((MASHA, Role.EXTERNAL), (OWNER, Role.OWNER)):
            assert await rig.ask(lane, *inert) == ["ok"]
            request = rig.model.requests[-1]
            own = {name for name in request.tools if name.startswith("mcp__")}
            assert own == {f"mcp__jobs__{name}" for name in allowed(role)}
            if role is Role.EXTERNAL:
                assert sorted(request.tools) == sorted(profile.tool_names(role))
            else:
                assert {"Bash", "Read", "Write", "Edit"} <= set(request.tools)
            blocks = spoken(request)
            own_words = [text for text in blocks if not text.startswith(("<jobs-context>", "<system-reminder>"))]
            assert [text.rstrip("\n") for text in own_words] == [text.rstrip("\n") for text in inert]
            assert canary.read_text(encoding="utf-8") not in json.dumps(request.body["messages"])
        assert len(rig.model.requests) == 2


async def test_the_process_of_a_session_sees_nothing_of_the_machines_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Rig(tmp_path, fixed("ok")) as rig:
        for name in ("AWS_SECRET_ACCESS_KEY", "TG_API_HASH", "ANTHROPIC_AUTH_TOKEN", "NODE_OPTIONS", "CLAUDE_CODE_X"):
            monkeypatch.setenv(name, f"canary-{name}")
        for lane in (MASHA, OWNER):
            before = set(rig.processes())
            await rig.ask(lane, "hello")
            (pid,) = set(rig.processes()) - before
            environ = Path(f"/proc/{pid}/environ").read_bytes().decode()
            variables = dict(line.split("=", 1) for line in environ.split("\0") if line)
            assert "canary" not in environ
            assert DUMMY_KEY not in environ
            assert variables["ANTHROPIC_API_KEY"].startswith("sk-ant-jobs-")
            assert DUMMY_KEY not in Path(f"/proc/{pid}/cmdline").read_text()
            cwd = Path(os.readlink(f"/proc/{pid}/cwd"))
            if lane == MASHA:
                assert list(cwd.iterdir()) == []
                assert variables["HOME"] == str(cwd)
                assert not any(str(rig.settings.workspace_dir) in value for value in variables.values())
            else:
                assert cwd == rig.settings.workspace_dir
        assert {request.credential for request in rig.model.requests} == {DUMMY_KEY}
        await rig.sessions.stop()  # a running CLI writes its files by renaming: they come and go under a reader
        kept = [path.read_bytes() for path in rig.settings.data_dir.rglob("*") if path.is_file()]
        assert kept
        assert not [content for content in kept if DUMMY_KEY.encode() in content]
        assert not [content for content in kept if DUMMY_KEY[-20:].encode() in content]


async def test_a_shell_of_the_owners_session_does_not_see_the_key(tmp_path: Path) -> None:
    command = (
        "env; tr '\\0' '\\n' </proc/$PPID/environ; cat /proc/$PPID/cmdline; "
        "for f in 3 4 5 6 7 8 9; do timeout 0.1 cat <&$f; done"
    )
    async with Rig(tmp_path, fixed("done")) as rig:
        rig.model.script([Reply(ToolCall("Bash", {"command": command, "description": "look"}))])
        assert await rig.ask(OWNER, "look around") == ["done"]
        (result,) = rig.model.requests[-1].tool_results
        assert "JOBS_SESSION_OF=" in result.text
        assert DUMMY_KEY not in result.text


async def test_a_conversation_goes_on_after_a_restart(tmp_path: Path) -> None:
    async with Rig(tmp_path, echo) as rig:
        await rig.ask(MASHA, "my word is heron")
        await rig.restart()
        assert rig.processes() == []
        assert await rig.ask(MASHA, "second") == ["ECHO: second"]
        assert await rig.ask(MASHA, "third") == ["ECHO: third"]
        assert rig.model.requests[-1].history == [
            *(("user", "my word is heron"), ("assistant", "ECHO: my word is heron")),
            *(("user", "second"), ("assistant", "ECHO: second")),
            ("user", "third"),
        ]
        assert "lost your memory" not in json.dumps(rig.model.requests[-1].body)
        assert len(rig.model.requests) == 3


@pytest.mark.parametrize("damage", ["cut", "deleted", "emptied"])
async def test_a_conversation_whose_transcript_is_damaged_starts_anew_from_the_records(
    tmp_path: Path, damage: str
) -> None:
    async with Rig(tmp_path, echo) as rig:
        await rig.ask(MASHA, "my word is heron")
        await rig.restart()
        (transcript,) = rig.settings.data_dir.glob(f"claude/{MASHA}/config/projects/*/*.jsonl")
        if damage == "cut":
            os.truncate(transcript, transcript.stat().st_size // 2)
        elif damage == "emptied":
            os.truncate(transcript, 0)
        else:
            transcript.unlink()
        assert await rig.ask(MASHA, "second") == ["ECHO: second"]
        request = rig.model.requests[-1]
        assert request.history == [("user", "second")]
        assert "they: my word is heron" in request.context_text
        assert "you: ECHO: my word is heron" in request.context_text
        await rig.ask(MASHA, "third")
        assert "lost your memory" not in rig.model.requests[-1].context_text


async def test_a_prompt_that_has_changed_takes_effect_at_the_next_turn(tmp_path: Path) -> None:
    async with Rig(tmp_path, echo) as rig:
        await rig.ask(MASHA, "one")
        rig.spine.users.remember(MASHA, "Мария Сидорова")
        await rig.ask(MASHA, "two")
        assert "person: Мария Иванова" in rig.model.requests[0].system
        assert "person: Мария Сидорова" in rig.model.requests[1].system
        assert [text for _, text in rig.model.requests[1].history] == ["one", "ECHO: one", "two"]
        assert len(rig.processes()) == 1


# -------------------------------------------------------------------- failures


@pytest.fixture
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turn_runner, "MODEL_PAUSES", [0])
    monkeypatch.setitem(profile.QUIET, "CLAUDE_CODE_MAX_RETRIES", "0")


@pytest.mark.usefixtures("short_pauses")
async def test_while_the_model_is_away_the_person_is_told_once_and_answered_when_it_is_back(tmp_path: Path) -> None:
    async with Rig(tmp_path, echo) as rig:
        await rig.ask(MASHA, "before")
        rig.model.faults.next(ApiError(500), times=3)
        async with lanes_running(rig) as said:
            rig.spine.accept("are you there", MASHA)
            await said(MASHA, "ECHO: are you there")
        told = [text for text in rig.spine.said(MASHA) if "ECHO" not in text]
        assert len(told) == 1
        assert "Сообщение сохранено" in told[0]
        assert rig.spine.said(OWNER) == []
        request = rig.model.requests[-1]
        assert [text for role, text in request.history if role == "user"] == ["before", "are you there"]
        turn = rig.spine.db.execute("SELECT * FROM turns ORDER BY id")[-1]
        assert (turn["state"], turn["failures"]) == ("done", 0)
        assert turn["attempts"] == len(rig.model.requests) - 1


@pytest.mark.usefixtures("short_pauses")
async def test_a_first_message_that_failed_stands_in_the_history_once(tmp_path: Path) -> None:
    async with Rig(tmp_path, echo) as rig:
        rig.model.faults.next(ApiError(529), times=2)
        async with lanes_running(rig) as said:
            rig.spine.accept("are you there", OWNER)
            await said(OWNER, "ECHO: are you there")
        assert json.dumps(rig.model.requests[-1].messages).count("are you there") == 1


@pytest.mark.usefixtures("short_pauses")
async def test_a_key_that_is_refused_is_told_to_the_owner_once_with_what_to_do(tmp_path: Path) -> None:
    async with Rig(tmp_path, echo) as rig:
        rig.model.faults.next(ApiError(401), times=3)
        async with lanes_running(rig) as said:
            rig.spine.accept("hello", MASHA)
            await said(MASHA, "ECHO: hello")
            rig.model.faults.next(ApiError(401), times=2)
            rig.spine.accept("hello again", OWNER)
            await said(OWNER, "ECHO: hello again")
        told = [text for text in rig.spine.said(OWNER) if "ключ" in text]
        assert len(told) == 2  # once for each time that it was refused anew
        assert "401" in told[0]
        assert "ANTHROPIC_API_KEY" in told[0]
        assert "./jobs setup" in told[0]
        assert not any("ключ" in text or "401" in text for text in rig.spine.said(MASHA))
        assert [text for text in rig.spine.said(OWNER) if "Сообщение сохранено" in text] == []


async def test_a_request_that_is_refused_for_what_is_in_it_is_set_aside_after_three_tries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turn_runner, "FAULT_PAUSES", (timedelta(0),) * 2)
    async with Rig(tmp_path, echo) as rig:
        rig.model.faults.when(lambda request: "poison" in request.last_user_text, ApiError(400))
        async with lanes_running(rig) as said:
            rig.spine.accept("poison", MASHA)
            await said(OWNER, "Не справился с сообщением от Мария Иванова")
            rig.spine.accept("bread", MASHA)
            await said(MASHA, "ECHO: bread")
        assert len([text for text in rig.spine.said(MASHA) if "Попробуйте" in text]) == 1
        assert rig.spine.states() == ["set_aside", "done"]


async def test_a_process_killed_in_a_turn_is_started_again_and_the_turn_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turn_runner, "FAULT_PAUSES", (timedelta(0),) * 2)
    stall = Stall()
    async with Rig(tmp_path, echo) as rig:
        await rig.ask(MASHA, "before")
        rig.model.script([Reply(stall, "never heard")])
        async with lanes_running(rig) as said:
            rig.spine.accept("are you there", MASHA)
            async with asyncio.timeout(10):
                await stall.reached()
            (pid,) = rig.processes()
            os.kill(pid, signal.SIGKILL)
            await said(MASHA, "ECHO: are you there")
        assert rig.spine.said(MASHA) == ["ECHO: before", "ECHO: are you there"]
        assert [text for _, text in rig.model.requests[-1].history] == ["before", "ECHO: before", "are you there"]


async def test_an_empty_answer_is_still_an_answer(tmp_path: Path) -> None:
    async with Rig(tmp_path, fixed("  ")) as rig:
        assert await rig.ask(MASHA, "hello") == ["Готово."]


@pytest.mark.parametrize("chat", [OWNER, MASHA])
async def test_an_answer_that_is_longer_than_the_model_may_write_at_once_arrives_whole(
    tmp_path: Path, chat: int
) -> None:
    async with Rig(tmp_path, fixed("другое")) as rig:
        rig.model.script(
            [
                Reply(Text("Первая часть, "), stop_reason="max_tokens"),
                Reply(Text("вторая, "), stop_reason="max_tokens"),
                Reply("и третья."),
            ]
        )
        assert await rig.ask(chat, "расскажи всё") == ["Первая часть, вторая, и третья."]
        assert await rig.ask(chat, "и ещё") == ["другое"]


async def test_what_was_said_before_a_tool_call_is_no_part_of_the_answer(tmp_path: Path) -> None:
    async with Rig(tmp_path, fixed("готово")) as rig:
        rig.model.script([Reply(Text("Смотрю. "), ToolCall("mcp__jobs__get_user_tasks", {}))])
        assert await rig.ask(OWNER, "что у людей?") == ["готово"]


async def test_no_tool_says_what_broke_inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with Rig(tmp_path, fixed("ok")) as rig:
        rig.model.script(
            [
                Reply(ToolCall("mcp__jobs__get_my_tasks")),
                Reply(ToolCall("mcp__jobs__update_task", {"task_id": "one", "status": "done"})),
            ]
        )

        def broken(*_: object) -> None:
            raise RuntimeError("secret of the system /srv/path")

        monkeypatch.setattr(rig.spine.users, "tasks", broken)
        assert await rig.ask(MASHA, "hello") == ["ok"]
        first, second = rig.model.requests[-1].tool_results
        assert (first.text, first.is_error) == ("The tool failed. Nothing was done.", True)
        assert second.is_error
        assert "secret" not in json.dumps(rig.model.requests[-1].body)


# ------------------------------------------------------------------ warm or not


async def test_few_sessions_stay_warm_and_the_owners_longest(tmp_path: Path) -> None:
    async with Rig(tmp_path, echo, max_warm_sessions=2) as rig:
        await rig.ask(OWNER, "one")
        (owners,) = rig.processes()
        await rig.ask(MASHA, "two")
        (mashas,) = set(rig.processes()) - {owners}
        await rig.ask(PETYA, "three")
        assert (rig.sessions.warm, mashas in rig.processes(), owners in rig.processes()) == (2, False, True)
        await rig.ask(MASHA, "four")
        assert owners in rig.processes()
        assert [text for _, text in rig.model.requests[-1].history] == ["two", "ECHO: two", "four"]


async def test_sessions_that_are_opened_at_once_are_no_more_than_may_be_warm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Rig(tmp_path, echo, max_warm_sessions=3) as rig:
        await rig.ask(OWNER, "one")
        await rig.ask(MASHA, "two")
        most = [rig.sessions.warm]

        build = rig.sessions._build

        def building(person: Person) -> Session:
            most.append(rig.sessions.warm + 1)
            return build(person)

        monkeypatch.setattr(rig.sessions, "_build", building)
        rig.spine.users.remember(PETYA + 1, "Четвёртая")
        turns = [rig.begin(lane, "hello") for lane in (PETYA, PETYA + 1)]
        await asyncio.gather(*map(rig.run.runner.handle, turns))
        assert max(most) == 3


async def test_one_warm_session_serves_everybody_in_turn(tmp_path: Path) -> None:
    async with Rig(tmp_path, echo, max_warm_sessions=1) as rig:
        async with lanes_running(rig) as said:
            for lane in (OWNER, MASHA, PETYA):
                rig.spine.accept(f"hello {lane}", lane)
            for lane in (OWNER, MASHA, PETYA):
                await said(lane, f"ECHO: hello {lane}")
        assert len(rig.processes()) == 1


async def test_a_session_that_is_not_used_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_manager, "IDLE_SECONDS", 0.01)
    async with Rig(tmp_path, echo) as rig:
        await rig.ask(MASHA, "hello")
        async with asyncio.timeout(10):
            while rig.sessions.warm or rig.sessions._closing:  # the timer, then the closing itself
                await asyncio.gather(*rig.sessions._closing)
                await asyncio.sleep(0.005)
        assert rig.processes() == []


async def test_a_turn_that_is_stopped_while_its_session_opens_leaves_no_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Rig(tmp_path, echo) as rig:
        await rig.ask(OWNER, "so that the SDK is loaded")
        await rig.sessions.forget(OWNER)
        from jobs.users.session import Session

        connect = Session.connect

        async def stopped_meanwhile(session: Session) -> None:
            await connect(session)
            rig.sessions.interrupt(OWNER)

        monkeypatch.setattr(Session, "connect", stopped_meanwhile)
        assert "ECHO" not in str(await rig.ask(OWNER, "hello"))
        assert rig.processes() == []
        assert rig.sessions.warm == 0


async def test_a_turn_that_begins_while_the_old_session_is_still_being_closed_has_nothing_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Rig(tmp_path, echo) as rig:
        await rig.ask(OWNER, "the old conversation")
        from jobs.users.session import Session

        closing, closed, close = asyncio.Event(), asyncio.Event(), Session.close

        async def slowly(session: Session) -> None:
            closing.set()
            await closed.wait()
            await close(session)

        monkeypatch.setattr(Session, "close", slowly)
        forgetting = rig.sessions.forget(OWNER)
        await closing.wait()
        await rig.ask(OWNER, "hello")
        assert "the old conversation" not in spoken(rig.model.requests[-1])
        closed.set()
        await forgetting


async def test_a_start_that_fails_early_removes_nothing_from_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: Path) -> Path:
        raise OSError(errno.ENOSPC, "No space left on device")

    here = tmp_path / "here"
    here.mkdir()
    (here / "precious").touch()
    async with Rig(tmp_path, echo) as rig:
        other = Run(rig.spine, rig.settings, dict, remembers=False).sessions
        monkeypatch.chdir(here)
        monkeypatch.setattr(session_manager, "write_launcher", full)
        with pytest.raises(OSError, match="No space left"):
            other.start()
        await other.stop()
    assert (here / "precious").exists()


async def test_what_built_in_tools_did_is_kept_for_a_turn_that_runs_again(tmp_path: Path) -> None:
    async with Rig(tmp_path, fixed("done")) as rig:
        commands = ["printf 'one \\355\\240\\200 two'", "echo half > half.txt; false"]
        rig.model.script([Reply(ToolCall("Bash", {"command": text, "description": "d"})) for text in commands])
        await rig.ask(OWNER, "do it")
        kept = rig.spine.db.execute("SELECT arguments, result FROM tool_calls ORDER BY id")
        assert [json.loads(row["arguments"])["command"] for row in kept] == commands
        assert "two" in kept[0]["result"]
        assert (rig.settings.workspace_dir / "half.txt").exists()


async def test_a_retried_turn_gets_the_result_of_the_call_it_had_made(tmp_path: Path) -> None:
    calls = [ToolCall("mcp__jobs__create_user_task", {"user": "Маше", "title": "Прислать отчёт"})]

    async def brain(request: ModelRequest) -> Reply:
        return Reply("done") if request.tool_results else Reply(*calls)

    async with Rig(tmp_path, brain) as rig:
        turn = rig.begin(OWNER, "попроси Машу прислать отчёт")
        person = rig.spine.users.owner()
        await rig.sessions.run(turn, person)  # the answer is lost: the turn was not finished
        again = rig.begin(OWNER, "ну что?")
        assert (again.id, len(again.finished_calls)) == (turn.id, 1)
        await rig.run.runner.handle(again)
        assert len(rig.spine.users.tasks()) == 1
        assert rig.spine.said(OWNER) == ["done"]
        assert "create_user_task" in rig.model.requests[-1].context_text


async def test_a_session_whose_context_is_nearly_full_is_renewed_with_a_recap(tmp_path: Path) -> None:
    async with Rig(tmp_path, fixed("ok")) as rig:
        rig.model.script([Reply("запомнил", input_tokens=900_000)])
        answer, notice = await rig.ask(OWNER, "код от сейфа — корица")
        assert answer == "запомнил"
        assert "почти заполнен" in notice
        assert await rig.ask(OWNER, "что дальше?") == ["ok"]
        request = rig.model.requests[-1]
        assert "корица" in request.context_text
        assert "код от сейфа — корица" not in spoken(request)
        rig.model.script([Reply("ладно", input_tokens=900_000)])
        assert await rig.ask(MASHA, "привет") == ["ладно"], "to anyone but the owner it is no matter"
        assert await rig.ask(OWNER, "и ещё") == ["ok"]
        assert "что дальше?" in spoken(rig.model.requests[-1])


@pytest.mark.parametrize("error", [RuntimeError("odd"), PermissionError(errno.EACCES, "no")])
async def test_a_turn_that_breaks_off_by_anything_is_set_aside_after_three_tries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    async def broken(*_: object) -> None:
        raise error

    monkeypatch.setattr(turn_runner, "FAULT_PAUSES", (timedelta(0),) * 2)
    async with Rig(tmp_path, echo) as rig:
        monkeypatch.setattr(rig.sessions, "run", broken)
        async with lanes_running(rig) as said:
            rig.spine.accept("hello", MASHA)
            await said(OWNER, "Не справился с сообщением от Мария Иванова")
        assert rig.spine.states() == ["set_aside"]


async def test_a_full_disk_is_no_fault_of_a_turn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    async with Rig(tmp_path, echo) as rig:
        monkeypatch.setattr(rig.sessions, "run", full)
        rig.spine.accept("hello", MASHA)
        turn = rig.spine.turns.begin(MASHA)
        assert turn is not None
        with pytest.raises(OSError, match="No space"):
            await rig.run.runner.handle(turn)
        assert rig.spine.states() == ["taken"]


async def test_what_a_conversation_has_cost_is_not_counted_again_when_its_process_is_a_new_one(tmp_path: Path) -> None:
    async with Rig(tmp_path, echo) as rig:
        for number in range(6):
            await rig.ask(MASHA, f"hello {number}")
            if number % 2:
                await rig.sessions._close(MASHA)
        costs = [row["cost_usd"] for row in rig.spine.db.execute("SELECT cost_usd FROM turns ORDER BY id")]
        assert len(costs) == 6
        assert costs[0] > 0
        assert max(costs) < 2 * min(costs), "the same words, and a little more to read each time"
