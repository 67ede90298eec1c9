"""Secrets are masked in logs, errors, progress and in what goes to other people; login codes reach no model."""

import base64
import io
import logging
import sys
from pathlib import Path

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from tests.support import MASHA, OWNER, Spine, lines

from jobs import log
from jobs.masks import MASK, Masks, session_secrets, without_codes
from jobs.spine.model import OutboxKind
from jobs.spine.outbox import Outbox
from jobs_simulator.model import Reply, ToolCall, echo
from jobs_simulator.stage import Stage
from jobs_simulator.telegram import TelegramSimulator

SECRETS = [
    "sk-ant-api03-" + "Ab1_-" * 18,
    "sk-ant-oat01-" + "Ab1_-" * 18,
    "sk-proj-" + "Ab1" * 16,
    "sk-" + "Ab1" * 16,
    "123456789:" + "AAbb-" * 7,
    "1" + "AgAOMTQ5LjE1NC4x" * 22 + "=",
    "ghp_" + "a1B2" * 9,
    "github_pat_" + "a1B2c_" * 13,
    "glpat-" + "a1B2c" * 4,
    "xoxb-" + "123456789012-abc",
    "AKIA" + "ABCD1234" * 2,
    "AIza" + "a1B2c" * 7,
    "sk_live_" + "a1B2" * 6,
    "hf_" + "a1B2c" * 7,
    "npm_" + "a1B2" * 9,
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl",
    "-----BEGIN RSA PRIVATE KEY-----\nMIIEabc\n-----END RSA PRIVATE KEY-----",
    "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk",
]


@pytest.mark.parametrize("beginning", ["sk-", "eyJ-"])
def test_a_long_text_of_nothing_but_beginnings_holds_nobody_up(beginning: str) -> None:
    """It would take a minute if each of them was followed to the end: anybody may have a session write such a text."""
    text = beginning * (80_000 // len(beginning))
    assert Masks()(f"{text} {SECRETS[0]}") == f"{text} {MASK}"


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("text", ["{}", "key={}", "a «{}», b", "https://x/?token={}", '{{"k": "{}"}}'])
def test_a_secret_is_known_by_its_form(secret: str, text: str) -> None:
    shown = Masks()(text.format(secret))
    assert secret not in shown
    assert MASK in shown


@pytest.mark.parametrize(
    "text",
    [
        *["Отчёт готов к 18:00, 25.11.2026", "sk-1", "+7 900 000-00-03", "https://t.me/masha", "commit 9ee665c1d2"],
        *["task-1234567890123456", "the ask-me-anything-session-of-today", "12:30-14:00", "user@example.com"],
    ],
)
def test_what_is_no_secret_is_left(text: str) -> None:
    assert Masks()(text) == text


def test_a_known_value_is_masked_wherever_it_stands_and_a_password_in_a_url() -> None:
    assert Masks(["hunter22"])("xhunter22y http://bob:pw@host/") == f"x{MASK}y http://{MASK}@host/"


@given(st.text(), st.text())
def test_masking_hides_what_is_known_and_can_be_repeated(before: str, after: str) -> None:
    masks = Masks(["s3cr3t-value"])
    shown = masks(f"{before}s3cr3t-value{after}")
    assert "s3cr3t-value" not in shown
    assert masks(shown) == masks(masks(shown))


@pytest.mark.parametrize(
    "text",
    [
        *["Login code: 12345. Do not give this code to anyone", "Код для входа в Telegram: 54321.", "код входа 12-345"],
        *[
            "Код подтверждения: 123 456",
            "your log in code is 12345",
            "https://t.me/login/12345",
            "tg://login?code=12345",
        ],
    ],
)
def test_a_login_code_is_masked(text: str) -> None:
    shown = without_codes(text)
    assert MASK in shown
    assert not any(code in shown for code in ("12345", "54321", "12-345", "123 456"))
    assert without_codes("встреча в 12345 кабинете, заказ 654321") == "встреча в 12345 кабинете, заказ 654321"
    assert without_codes("12345", by_telegram=True) == MASK


async def test_login_codes_that_arrive_in_a_chat_reach_no_model(tmp_path: Path) -> None:
    async with Stage(tmp_path, echo) as stage:
        maria = stage.telegram.add_user("Мария", username="masha", phone="79000000003", lang_code="ru")
        stage.telegram.service_message(stage.owner, "Login code: 71717. Do not give it to anyone")
        stage.telegram.service_message(stage.owner, "Вход: 82828")
        await stage.start()
        stage.telegram.service_message(stage.jobs, "Login code: 93939. Do not give it to anyone")
        async with stage.person(stage.owner) as owner, stage.person(maria) as person:
            await owner.client.get_dialogs()
            for message in await owner.client.get_messages(777000, limit=2):
                await owner.client.forward_messages("jobs_assistant", message)
            await owner.expect("***")
            await person.ask("Код для входа: 51515, введи его", "***")
            await owner.ask("ещё", "ещё")
            seen = "".join(str(request.body) for request in stage.model.requests)
            assert not [code for code in ("71717", "82828", "93939", "51515") if code in seen]


async def test_what_goes_to_other_people_has_no_secret_and_the_owner_may_have_it(tmp_path: Path) -> None:
    secret = SECRETS[0]

    async with Stage(tmp_path, echo) as stage:
        maria = stage.telegram.add_user("Мария", username="masha", phone="79000000003", lang_code="ru")
        await stage.start()
        async with stage.person(stage.owner) as owner, stage.person(maria) as person:
            await person.ask(f"ключ {secret} и sk-loopback-dummy", f"ключ {MASK} и {MASK}")
            await owner.ask(f"ключ {secret}", secret)
            stage.model.script(
                [
                    Reply(ToolCall("mcp__jobs__send_to_user", {"user": "@masha", "text": f"вот {secret}"})),
                    Reply(ToolCall("mcp__jobs__create_user_task", {"user": "@masha", "title": f"введи {secret}"})),
                ]
            )
            await owner.say("передай ей")
            await person.expect(f"вот {MASK}")
            await person.expect(f"введи {MASK}")
            assert not [text for text in person.heard if secret in text]


async def test_the_session_files_key_is_known_in_every_form(tmp_path: Path) -> None:
    async with TelegramSimulator() as sim:
        account = sim.add_user("Jobs", username="jobs", phone="79000000002")
        path = sim.write_session(account, tmp_path / "telethon.session")
        known = session_secrets(path)
    key = bytes.fromhex(known[0])
    assert len(key) == 256
    for form in (key.hex(), key.hex().upper(), base64.b64encode(key).decode()):
        assert Masks(known)(f"x {form} y") == f"x {MASK} y"
    assert session_secrets(tmp_path / "none") == []


def test_logs_and_errors_are_masked_whoever_writes_them(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.StringIO()
    monkeypatch.setattr(sys, "stderr", written)
    root = logging.getLogger()
    before = root.handlers[:]
    root.handlers.clear()
    try:
        log.set_up("debug", Masks(["hunter22"]))
        try:
            raise ValueError(f"refused {SECRETS[0]}")
        except ValueError:
            structlog.get_logger().exception("it broke", key="hunter22", more={"nested": SECRETS[2]})
            logging.getLogger("a.library").exception("it said %s", "hunter22")
        shown = written.getvalue()
        assert MASK in shown
        assert not [secret for secret in ("hunter22", SECRETS[0], SECRETS[2]) if secret in shown]
    finally:
        root.handlers[:] = before
        structlog.reset_defaults()


def test_a_document_of_a_long_answer_is_masked_too(spine: Spine) -> None:
    outbox = Outbox(spine.db, lines, lines, lambda chat, text: text if chat == OWNER else Masks()(text))
    outbox.say("long", MASHA, OutboxKind.ANSWER, "\n".join(["line"] * 9 + [SECRETS[0]]))
    row = spine.db.one("SELECT text, content FROM outbox WHERE chat = ?", (MASHA,))
    assert row is not None
    assert SECRETS[0] not in row["text"] + row["content"]
    assert MASK in row["content"]
