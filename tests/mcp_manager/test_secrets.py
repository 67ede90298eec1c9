"""Secrets that the owner gives in the chat: taken for what was asked, kept from every model."""

from datetime import timedelta

import pytest
from tests.support import OWNER, Spine

from jobs.mcp_manager.config import ConfigError
from jobs.mcp_manager.secrets import PATIENCE, Secrets, forget_requests
from jobs.spine.extras import Extras, Quote
from jobs.spine.model import Incoming, Origin
from jobs.times import now


class Desk:
    """Who asks for secrets, and what was given."""

    def __init__(self, spine: Spine) -> None:
        self.spine = spine
        self.given: list[tuple[str, str, str]] = []
        self.secrets = Secrets(spine.db, spine.outbox, spine.users, lambda *what: self.given.append(what))

    def ask(self, server: str, variable: str) -> str:
        """Ask; returns the key of the question."""
        self.secrets.ask(server, variable)
        return str(self.spine.db.value("SELECT key FROM outbox ORDER BY id DESC LIMIT 1"))

    def write(self, text: str, *, to: str | None = None, after: timedelta = timedelta()) -> bool:
        """The owner writes, as a reply `to` a question; returns whether it was taken."""
        quote = Quote(text="…", by="jobs", occasion=to) if to else None
        number = int(self.spine.db.value("SELECT count(*) FROM messages_to_delete")) + 1
        event = Incoming(f"telegram:{number}", OWNER, Origin.OWNER, text, now() + after, number, Extras(quote=quote))
        taken = self.secrets.takes(event)
        if taken:
            self.secrets.take(event)
        return taken

    @property
    def deleted(self) -> int:
        return int(self.spine.db.value("SELECT count(*) FROM messages_to_delete"))


@pytest.fixture
def desk(spine: Spine) -> Desk:
    return Desk(spine)


def test_two_secrets_may_be_asked_for_and_each_is_taken_for_the_question_it_answers(desk: Desk) -> None:
    first, second = desk.ask("notes", "KEY"), desk.ask("notes", "PASSWORD")
    assert desk.write("correct horse", to=second)
    assert desk.write("key-0123456789", to=first)
    assert desk.given == [("notes", "PASSWORD", "correct horse"), ("notes", "KEY", "key-0123456789")]
    assert desk.deleted == 2


def test_a_word_that_may_be_any_of_several_secrets_is_kept_for_none_and_reaches_no_model(desk: Desk) -> None:
    desk.ask("notes", "KEY")
    desk.ask("mail", "KEY")
    assert desk.write("key-0123456789")
    assert desk.given == []
    assert desk.deleted == 1
    assert "ответом на тот вопрос" in desk.spine.said(OWNER)[-1]


def test_a_reply_to_a_question_reaches_no_model_however_late(desk: Desk) -> None:
    question = desk.ask("notes", "KEY")
    assert not desk.write("key-0123456789", after=PATIENCE * 2), "a word, and no question stands"
    assert desk.write("correct horse", to=question, after=PATIENCE * 2)
    assert desk.write("correct horses", to=question), "a slip of the pen is mended"
    assert [value for *_, value in desk.given] == ["correct horse", "correct horses"]


def test_a_word_written_in_time_is_taken_although_jobs_was_away_meanwhile(desk: Desk) -> None:
    desk.ask("notes", "KEY")
    desk.spine.db.execute("UPDATE secret_requests SET asked_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 day')")
    assert desk.write("key-0123456789", after=timedelta(days=-1, minutes=1))
    assert desk.given == [("notes", "KEY", "key-0123456789")]


def test_a_question_asked_again_takes_the_place_of_the_earlier_one(desk: Desk) -> None:
    desk.ask("notes", "KEY")
    desk.ask("notes", "KEY")
    assert desk.write("key-0123456789")
    assert desk.given == [("notes", "KEY", "key-0123456789")]


def test_what_cannot_be_kept_is_said_and_deleted_all_the_same(desk: Desk) -> None:
    def refuse(*_: str) -> None:
        raise ConfigError("no_server", name="notes")

    desk.secrets._given = refuse
    question = desk.ask("notes", "KEY")
    assert desk.write("correct horse", to=question)
    assert "сервера «notes» нет" in desk.spine.said(OWNER)[-1]
    assert desk.deleted == 1


def test_a_reply_to_a_question_of_a_removed_server_is_not_given_to_another_of_its_name(desk: Desk) -> None:
    asked = desk.ask("notes", "KEY")
    forget_requests(desk.spine.db, "notes")
    assert desk.write("key-0123456789", to=asked), "it reaches no model either"
    assert [server for server, _, _ in desk.given] == [""]
    assert desk.deleted == 1
