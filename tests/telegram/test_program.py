"""The whole program, `jobs up`, through Telegram: nothing lost and nothing twice, whatever is killed and whenever."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from telethon.tl import functions, types
from tests.rig import session_processes
from tests.support import settings

from jobs.app import App, PartFailed
from jobs.telegram.reconcile import Reconciler
from jobs_simulator.model import Reply, Stall, Text, ToolCall, echo, fixed
from jobs_simulator.model.request import ModelRequest
from jobs_simulator.stage import Stage
from jobs_simulator.telegram import Account, Fault, PushFault

pytestmark = pytest.mark.usefixtures("warm")


@asynccontextmanager
async def stage_with(folder: Path, brain: object = echo, **settings: str) -> AsyncIterator[Stage]:
    async with Stage(folder, brain, settings=settings) as stage:  # type: ignore[arg-type]
        yield stage
        for program in stage.programs:
            await program.kill()
        await until_gone(stage.data)
        assert not stage.telegram.world.bugs
        assert not stage.telegram.unsupported
        assert not stage.model.brain_errors


async def until_gone(data: Path) -> None:
    """Wait until no process of a session is left."""
    deadline = time.monotonic() + 5
    while left := session_processes(data):
        assert time.monotonic() < deadline, f"still running: {left}"
        await asyncio.sleep(0.02)


def add_masha(stage: Stage) -> Account:
    return stage.telegram.add_user("Мария", "Иванова", username="masha", lang_code="ru", contact_of=(stage.jobs,))


def answers(stage: Stage, person: Account, jobs: Account | None = None) -> list[str]:
    """What Jobs said to a person, oldest first."""
    return [message.text for message in stage.telegram.messages(person, jobs or stage.jobs) if not message.out]


async def until_answered(stage: Stage, person: Account, text: str) -> None:
    await stage.telegram.wait_for(
        lambda event: event.kind == "message" and event.peer is person and text in event.text, timeout=20
    )


# ------------------------------------------------------------ starting, stopping


async def test_a_second_start_on_the_same_data_is_refused_in_one_line(tmp_path: Path) -> None:
    async with stage_with(tmp_path) as stage:
        first = await stage.start()
        second = stage.program()
        await second.spawn()
        assert await second.ended() == 2
        (line,) = second.lines
        assert line.startswith(f"jobs: Jobs is already running on {stage.data} (process {first.pid})")
        assert await first.stop() == 0


async def test_a_login_that_telegram_ended_is_said_at_the_start_and_while_running(tmp_path: Path) -> None:
    async with stage_with(tmp_path) as stage:
        masha = add_masha(stage)
        program = await stage.start()
        stage.telegram.send(masha, stage.jobs, "hello")
        await until_answered(stage, masha, "ECHO: hello")
        stage.telegram.send(masha, stage.jobs, "again")
        await stage.model.wait_for_request(lambda request: request.last_user_text == "again")
        stage.telegram.revoke(stage.jobs)
        async with asyncio.timeout(20):
            assert await program.ended() == 3
        assert "run ./jobs setup to sign in again" in program.lines[-1]
        again = stage.program()
        await again.spawn()
        async with asyncio.timeout(20):
            assert await again.ended() == 2
        assert "./jobs setup" in again.lines[-1]
        assert not any("Traceback" in line for line in [*program.lines, *again.lines])


async def test_told_to_stop_a_running_turn_ends_and_is_delivered_and_nothing_is_left(tmp_path: Path) -> None:
    stall = Stall()
    async with stage_with(tmp_path) as stage:
        masha = add_masha(stage)
        program = await stage.start()
        stage.model.script([Reply("half ", stall, "and half")])
        stage.telegram.send(masha, stage.jobs, "hello")
        async with asyncio.timeout(20):
            await stall.reached()
        os.kill(program.pid, signal.SIGTERM)
        await program.line("stopping")
        stage.telegram.send(masha, stage.jobs, "too late for this run")
        stall.release()
        async with asyncio.timeout(20):
            assert await program.ended() == 0
        assert session_processes(stage.data) == []
        assert len(answers(stage, masha)) == 1
        assert "and half" in answers(stage, masha)[0]
        await stage.start()
        await until_answered(stage, masha, "ECHO: too late for this run")
        assert len(answers(stage, masha)) == 2


async def test_without_telegram_it_keeps_trying_and_stops_when_told(tmp_path: Path) -> None:
    async with stage_with(tmp_path) as stage:
        masha = add_masha(stage)
        await stage.telegram.stop()
        program = stage.program()
        await program.spawn()
        stage.telegram.send(masha, stage.jobs, "hello")
        lock = stage.data / "jobs.lock"
        deadline = time.monotonic() + 20
        while not lock.exists() or not lock.read_text():
            assert time.monotonic() < deadline
            await asyncio.sleep(0.02)
        await stage.telegram.start()
        await until_answered(stage, masha, "ECHO: hello")
        await stage.telegram.stop()
        async with asyncio.timeout(20):
            assert await program.stop() == 0
        await stage.telegram.start()


async def test_a_part_that_breaks_ends_the_program_with_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that whatever keeps it running starts it anew."""

    async def broken(_: Reconciler) -> None:
        raise RuntimeError("broken part")

    monkeypatch.setattr(Reconciler, "look", broken)
    async with Stage(tmp_path) as stage:
        wanted = settings(
            tmp_path,
            tg_api_id=1,
            tg_api_hash="0" * 32,
            tg_user_id=stage.owner.id,
            tg_server=stage.telegram.endpoint,
            tg_server_key=stage.telegram.public_key_path,
        )
        with pytest.raises(PartFailed):
            await App(wanted).run()


# --------------------------------------------------------- nothing lost or twice


async def test_messages_written_while_jobs_was_down_are_answered_once_in_order(tmp_path: Path) -> None:
    async with stage_with(tmp_path) as stage:
        masha = add_masha(stage)
        for text in ("one", "two", "three"):
            stage.telegram.send(masha, stage.jobs, text)
        program = await stage.start()
        await until_answered(stage, masha, "ECHO: one\ntwo\nthree")
        await program.kill()
        for text in ("four", "five"):
            stage.telegram.send(masha, stage.jobs, text)
        await stage.start()
        await until_answered(stage, masha, "ECHO: four\nfive")
        assert answers(stage, masha) == ["ECHO: one\ntwo\nthree", "ECHO: four\nfive"]


async def test_killed_between_receiving_and_answering_it_answers_once_and_typing_does_not_outlast_the_answer(
    tmp_path: Path,
) -> None:
    stall = Stall()
    async with stage_with(tmp_path) as stage:
        masha = add_masha(stage)
        program = await stage.start()
        stage.model.script([Reply(stall, "never heard")])
        message = stage.telegram.send(masha, stage.jobs, "hello")
        async with asyncio.timeout(20):
            await stall.reached()
        await stage.telegram.wait_for(lambda event: event.kind == "typing" and event.peer is masha)
        await program.kill()
        await until_gone(stage.data)
        program = await stage.start()
        await until_answered(stage, masha, "ECHO: hello")
        assert await program.stop() == 0
        assert answers(stage, masha) == ["ECHO: hello"]
        events = [event.kind for event in stage.telegram.log.of(account=stage.jobs, peer=masha)]
        assert events[-1] == "message"
        assert "typing" in events
        dialog = masha.box.dialogs[stage.jobs]
        assert dialog.read_outbox >= message.id


async def test_killed_after_a_send_took_effect_it_does_not_send_again(tmp_path: Path) -> None:
    async with stage_with(tmp_path) as stage:
        masha = add_masha(stage)
        program = await stage.start()
        stage.telegram.faults.add(
            Fault(functions.messages.SendMessageRequest, stage.jobs, swallow=True)
        )  # sent, and Jobs never learns of it
        stage.telegram.send(masha, stage.jobs, "hello")
        await until_answered(stage, masha, "ECHO: hello")
        await program.kill()
        await stage.start()
        stage.telegram.send(masha, stage.jobs, "again")
        await until_answered(stage, masha, "ECHO: again")
        assert answers(stage, masha) == ["ECHO: hello", "ECHO: again"]


async def test_killed_after_a_tool_had_acted_it_does_not_act_twice(tmp_path: Path) -> None:
    stall = Stall()
    task = ToolCall("mcp__jobs__create_user_task", {"user": "Маше", "title": "Прислать отчёт"})
    word = ToolCall("mcp__jobs__send_to_user", {"user": "Маше", "text": "Это срочно"})

    async def brain(request: ModelRequest) -> Reply:
        done = [result.name for result in request.tool_results]
        if done:
            return Reply(stall, "never heard") if "cut off" not in request.context_text else Reply("всё сделано")
        return Reply(task, word)

    # A progress message, which a slow machine shows, goes a moment after the answer: too late for what is looked at.
    async with stage_with(tmp_path, brain, STREAMING="off") as stage:
        masha = add_masha(stage)
        program = await stage.start(CONFIRM_FIRST_MESSAGES="0")
        stage.telegram.send(stage.owner, stage.jobs, "попроси Машу прислать отчёт, и срочно")
        async with asyncio.timeout(20):
            await stall.reached()
        await until_answered(stage, masha, "Это срочно")
        await program.kill()
        stall.release()
        await stage.start(CONFIRM_FIRST_MESSAGES="0")
        await until_answered(stage, stage.owner, "всё сделано")
        assert answers(stage, stage.owner) == ["всё сделано"]
        told = answers(stage, masha)
        assert len([text for text in told if "Прислать отчёт" in text]) == 1
        assert told.count("Это срочно") == 1
        results = stage.model.requests[-1].tool_results
        assert [result.is_error for result in results] == [False, False]


async def test_nothing_that_a_session_started_outlives_it(tmp_path: Path) -> None:
    shell = ToolCall(
        "Bash", {"command": "setsid nohup sleep 1234 >/dev/null 2>&1 & echo started", "description": "background"}
    )
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    async with stage_with(tmp_path, fixed("done"), TMPDIR=str(temporary)) as stage:
        program = await stage.start()
        stage.model.script([Reply(shell)])
        stage.telegram.send(stage.owner, stage.jobs, "start it")
        await until_answered(stage, stage.owner, "done")
        left = [pid for pid in session_processes(stage.data) if b"sleep" in Path(f"/proc/{pid}/cmdline").read_bytes()]
        assert left
        await program.kill()
        deadline = time.monotonic() + 5
        while set(session_processes(stage.data)) - set(left):  # the CLI dies with its parent
            assert time.monotonic() < deadline
            await asyncio.sleep(0.02)
        program = await stage.start()
        assert session_processes(stage.data) == []
        assert len(list(temporary.iterdir())) == 1
        assert await program.stop() == 0
        assert list(temporary.iterdir()) == []


async def test_killed_again_and_again_every_message_is_answered_once(tmp_path: Path) -> None:
    async with stage_with(tmp_path) as stage:
        masha = add_masha(stage)
        stage.telegram.faults.add(
            PushFault("withhold", stage.jobs, when=lambda update: isinstance(update, types.UpdateNewMessage), skip=1)
        )
        sent = 0
        for _ in range(2):
            program = await stage.start()
            before = len(stage.telegram.log)
            for _ in range(3):
                sent += 1
                stage.telegram.send(masha, stage.jobs, f"message {sent}.")
            await stage.telegram.wait_for(
                lambda event: event.kind == "message" and event.peer is masha,
                timeout=20,
                since=before,
            )
            await program.kill()
        await stage.start()
        sent += 1
        stage.telegram.send(masha, stage.jobs, f"message {sent}.")
        await until_answered(stage, masha, f"message {sent}.")
        said = "\n".join(answers(stage, masha))
        assert [said.count(f"message {number}.") for number in range(1, sent + 1)] == [1] * sent


# ------------------------------------------------------- other ways to have an account


async def test_on_the_owners_own_account_it_talks_in_saved_messages_and_not_with_itself(tmp_path: Path) -> None:
    async with Stage(tmp_path, echo, settings={"STREAMING": "off"}) as stage:
        owner, masha = stage.owner, stage.telegram.add_user("Мария", username="masha")
        own = tmp_path / "own"
        own.mkdir()
        stage.telegram.write_session(owner, own / "telethon.session")
        stage.telegram.send(owner, owner, "an old note")
        program = await stage.start(DATA_DIR=str(own))

        async def until_said(text: str) -> None:
            await stage.telegram.wait_for(lambda event: event.kind == "message" and event.text == text, timeout=20)

        stage.telegram.send(masha, owner, "hello Ivan")
        stage.telegram.send(owner, owner, "one")
        await until_said("ECHO: one")
        await program.kill()
        stage.telegram.send(owner, owner, "two")
        program = await stage.start(DATA_DIR=str(own))
        await until_said("ECHO: two")
        stage.telegram.faults.add(Fault(functions.messages.SendMessageRequest, owner, swallow=True))
        stage.telegram.send(owner, owner, "three")
        await until_said("ECHO: three")
        await program.kill()
        program = await stage.start(DATA_DIR=str(own))
        stage.telegram.send(owner, owner, "four")
        await until_said("ECHO: four")
        assert await program.stop() == 0
        assert [message.text for message in stage.telegram.messages(owner, owner)] == [
            "an old note",
            *("one", "ECHO: one", "two", "ECHO: two", "three", "ECHO: three", "four", "ECHO: four"),
        ]
        assert [message.text for message in stage.telegram.messages(masha, owner)] == ["hello Ivan"]


async def test_as_a_bot_it_answers_and_what_came_while_it_was_down_too(tmp_path: Path) -> None:
    async with Stage(tmp_path, echo, settings={"STREAMING": "off"}) as stage:
        bot = stage.telegram.add_bot("jobs_bot")
        masha = stage.telegram.add_user("Мария", username="masha")
        data = tmp_path / "bot"
        data.mkdir()
        stage.telegram.write_session(bot, data / "telethon.session")
        program = await stage.start(DATA_DIR=str(data))
        await program.kill()
        stage.telegram.send(masha, bot, "one")
        program = await stage.start(DATA_DIR=str(data))
        await until_answered(stage, masha, "ECHO: one")
        stage.telegram.send(stage.owner, bot, "two")
        await until_answered(stage, stage.owner, "ECHO: two")
        await program.kill()
        stage.telegram.send(masha, bot, "three")
        program = await stage.start(DATA_DIR=str(data))
        await until_answered(stage, masha, "ECHO: three")
        assert answers(stage, masha, bot) == ["ECHO: one", "ECHO: three"]
        assert answers(stage, stage.owner, bot) == ["ECHO: two"]
        assert await program.stop() == 0


# ------------------------------------------------------------------------ odd things


async def test_whatever_a_model_says_is_delivered_or_answered_with_a_word(tmp_path: Path) -> None:
    hostile = ["\ud800 and \udfff", "\0\x01\x1b[31m", "я" * 100_000, "\u202e abc \u202c", "\u200b", "<b>x</b>&"]
    async with stage_with(tmp_path) as stage:
        masha = add_masha(stage)
        await stage.start()
        for number, text in enumerate(hostile):
            stage.model.script([Reply(Text(text))])
            before = len(stage.telegram.log)
            stage.telegram.send(masha, stage.jobs, "say it")
            await stage.telegram.wait_for(
                lambda event: event.kind == "message" and event.peer is masha, timeout=20, since=before
            )
            stage.telegram.send(masha, stage.jobs, f"and now {number}")
            await until_answered(stage, masha, f"ECHO: and now {number}")
        said = answers(stage, masha)
        (file,) = [
            message.media.file
            for message in stage.telegram.messages(stage.jobs, masha)
            if message.out and message.media and message.media.file
        ]
        assert file.data.decode() == "я" * 100_000
        assert "Готово." in said
