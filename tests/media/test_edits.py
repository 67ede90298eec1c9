"""What is changed or taken back after it was written."""

import asyncio

from telethon.tl import functions
from tests.media.desk import STALL_WORD, Desk, peer

from jobs_simulator.telegram import Fault


def received(desk: Desk, message_id: int) -> int:
    """The id that a message of the owner's has for Jobs."""
    copy = desk.jobs.box.copy_of(desk.owner.box.messages[message_id].uid)
    assert copy is not None
    return copy.id


async def test_of_what_waits_the_new_text_is_used_and_what_is_deleted_is_dropped(desk: Desk) -> None:
    async with desk.person(desk.owner) as owner:
        await desk.programs[0].stop()
        program = desk.program()
        # The download of the first message holds the turn, so that the others wait.
        held = Fault(functions.upload.GetFileRequest, desk.jobs, delay=asyncio.Event())
        desk.telegram.faults.add(held)
        await program.start()
        desk.send_document(desk.owner, b"data", "a.txt", "text/plain", "первое")
        await held.hit.wait()
        wrong = await owner.say("купи молоко")
        gone = await owner.say("забудь меня")
        await desk.telegram.wait_for(lambda event: event.kind == "read" and received(desk, gone) in event.ids)
        await owner.client.edit_message(await peer(owner), wrong, "купи хлеб")
        await owner.client.delete_messages(await peer(owner), [gone])
        last = await owner.say("и ещё одно")
        await desk.telegram.wait_for(lambda event: event.kind == "read" and received(desk, last) in event.ids)
        assert isinstance(held.delay, asyncio.Event)
        held.delay.set()
        await owner.expect("купи хлеб")
        told = "\n".join(request.last_user_text for request in desk.model.requests)
        assert "молоко" not in told
        assert "забудь" not in told


async def test_a_correction_reaches_the_turn_at_work(desk: Desk) -> None:
    async with desk.person(desk.owner) as owner:
        asked = await owner.say(STALL_WORD)
        await desk.request(STALL_WORD)
        await desk.brain.stall.reached()
        await owner.client.edit_message(await peer(owner), asked, "нет, не надо")
        await desk.programs[0].line("joins the turn")
        desk.brain.stall.release()
        answer = await owner.expect("досчитал")
        assert "нет, не надо" in answer
        await owner.ask("дальше", "ECHO: дальше")
        assert len([text for text in owner.heard if "не надо" in text]) == 1


async def test_a_correction_of_what_was_answered_is_one_new_turn(desk: Desk) -> None:
    async with desk.person(desk.owner) as owner:
        asked = await owner.say("сколько будет два и два?")
        await owner.expect("два и два")
        await owner.client.edit_message(await peer(owner), asked, "сколько будет три и три?")
        request = await desk.request("три и три")
        assert "correction: this message said before: «сколько будет два и два?»" in request.context_text
        await owner.expect("ECHO", "три и три")
        # A reaction is an edit that changes nothing.
        message = desk.telegram.messages(desk.owner, desk.jobs)[0]
        message.edited = None
        entry = desk.jobs.box.record("edit", message=desk.jobs.box.copy_of(message.uid))
        desk.telegram._hub.entry(desk.jobs, entry, None, None)
        await owner.ask("дальше", "ECHO: дальше")
        assert len(desk.said(desk.owner)) == 3


async def test_what_was_edited_while_jobs_was_down_is_seen(desk: Desk) -> None:
    async with desk.person(desk.owner) as owner:
        asked = await owner.say("сколько будет два и два?")
        await owner.expect("два и два")
        await owner.ask("и ещё", "ECHO: и ещё")
        await desk.programs[0].kill()
        await owner.client.edit_message(await peer(owner), asked, "сколько будет три и три?")
        await desk.start()
        request = await desk.request("три и три")
        assert "correction" in request.context_text
        await owner.expect("ECHO", "три и три")
        await desk.programs[-1].kill()
        await desk.start()
        await owner.ask("дальше", "ECHO: дальше")
        assert len([text for text in owner.heard if "три и три" in text]) == 1
