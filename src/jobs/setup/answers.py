"""The settings as they are, and what the person answers: checked by the settings' own rules, written down at once."""

import os
import re

from jobs import config
from jobs.config import Settings, SettingsError
from jobs.setup.env_file import EnvFile
from jobs.setup.terminal import Terminal
from jobs.texts import Language, say

SECRET = frozenset({"TG_API_HASH", "TG_BOT_TOKEN", "ANTHROPIC_API_KEY", "CLAUDE_CODE_OAUTH_TOKEN", "HTTP_PROXY"})
ASKED = frozenset({*SECRET, "TG_API_ID", "TG_USER_ID", "TZ"})
"""What setup asks about; anything else that is wrong has to be mended by hand."""
BY_OWN_NAME = frozenset({"HTTP_PROXY", "TZ"})
"""Settings that are named in upper case inside the program too."""


class SetupStopped(Exception):
    """It cannot go on. The message is the sentence for the person."""


class Answers:
    def __init__(self, terminal: Terminal, language: Language) -> None:
        root = config.project_root()
        self.terminal = terminal
        self.language = language
        self._file = EnvFile(root / ".env", root / ".env.example")
        self.changed = False
        """Whether anything was written."""

    def tell(self, key: str, **values: object) -> None:
        """Say a sentence of the catalogue."""
        self.terminal.say(self.text(key, **values))

    def text(self, key: str, **values: object) -> str:
        return say(f"setup_{key}", self.language, **values)

    def settings(self) -> Settings:
        """As `up` would read them now. Raises SettingsError."""
        return config.load()

    def wrong(self) -> list[str]:
        """The names of what has a value that cannot be. Raises SettingsError for what setup does not ask about."""
        try:
            config.load()
        except SettingsError as error:
            if set(error.names) <= ASKED:
                return error.names
            raise
        return []

    def source(self, name: str) -> str | None:
        """Where a variable gets its value from, for the person; None when it has none."""
        if any(key.upper() == name and value for key, value in os.environ.items()):
            return self.text("from_environment")
        return ".env" if name in self._file.names() else None

    async def ask(self, name: str, *, default: str | None = None, **values: object) -> str | None:
        """Ask for a setting until the answer can be, and keep it.

        An empty answer means `default`; without one, an empty answer is wrong. With a default of "" the setting may be
        left as it is by an empty answer, and taken away by "-"; both return None. Raises SetupStopped as `keep` does.
        """
        self.refuse_environment(name)
        question = self.text(f"ask_{name.lower()}", **values)
        ask = self.terminal.ask_secret if name in SECRET else self.terminal.ask
        while True:
            answer = "".join((await ask(question)).split()) or default
            if default == "" and answer in ("", "-"):
                if answer:
                    self.drop(name)
                return None
            if name == "HTTP_PROXY" and answer:
                answer = in_url(answer)
            if answer and self._keep_if_right(name, answer):
                return answer
            self.tell(f"wrong_{name.lower()}")

    def _keep_if_right(self, name: str, value: str) -> bool:
        """Keep a value unless the settings' own rules refuse it."""
        try:
            config.load(**{name if name in BY_OWN_NAME else name.lower(): value})
        except SettingsError as error:
            if name in error.names:
                return False
        try:
            self.keep(name, value)
        except ValueError:
            return False
        return True

    def keep(self, name: str, value: str) -> None:
        """Write a value to `.env`.

        Raises SetupStopped when the environment would win over it or the file cannot be written, and ValueError for a
        value that cannot be written.
        """
        self.refuse_environment(name)
        try:
            self._file.set(name, value)
        except OSError as error:
            raise SetupStopped(self.text("not_written", path=self._file.path, error=error.strerror)) from None
        self.changed = True

    def drop(self, name: str) -> None:
        """Take a value out of `.env`. Raises SetupStopped as `keep` does."""
        self.refuse_environment(name)
        if not self.source(name):
            return
        try:
            self._file.remove(name)
        except OSError as error:
            raise SetupStopped(self.text("not_written", path=self._file.path, error=error.strerror)) from None
        self.changed = True

    def refuse_environment(self, name: str) -> None:
        """Raises SetupStopped when a variable is set where `.env` cannot change it."""
        if self.source(name) == self.text("from_environment"):
            raise SetupStopped(self.text("environment_wins", name=name))

    async def yes(self, question: str) -> bool:
        """A question with yes or no; Enter is yes."""
        return (await self.terminal.ask(question)).casefold() in ("", "y", "yes", "д", "да")


def in_url(url: str) -> str:
    """The same URL without the characters that not every reader of `.env` reads alike: they are percent-encoded."""
    return re.sub(r"[$'\"\\]", lambda found: f"%{ord(found[0]):02X}", url)
