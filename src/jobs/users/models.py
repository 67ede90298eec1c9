"""Which model answers whom: the settings say, until the owner chooses another one in the chat."""

import re

from jobs.config import Settings
from jobs.db import Database
from jobs.users.model import Role

DEFAULT = "default"
"""Said in place of a name: back to the setting."""

KNOWN = ("opus", "sonnet", "haiku")
"""Names that the CLI takes for the newest model of each size, offered to choose from; any other name may be typed."""

_NAME = re.compile(r"[\w.:/@+\[\]-]{1,200}", re.ASCII)


class Models:
    """The choice is kept in the database; a session takes it up at its next turn, with its conversation."""

    def __init__(self, db: Database, settings: Settings) -> None:
        self._db = db
        self._of_settings = {
            Role.OWNER: settings.claude_model,
            Role.EXTERNAL: settings.external_model or settings.claude_model,
            Role.ISOLATED: settings.schedule_model or settings.claude_model,
            Role.HEARTBEAT: settings.heartbeat_model,
            Role.WATCH: settings.heartbeat_model,
        }

    def of(self, role: Role) -> str | None:
        """The name of the model for sessions of a role; None: whatever the CLI takes by itself."""
        return self._db.meta.get(_key(role)) or self._of_settings[role]

    def choose(self, role: Role, name: str) -> None:
        """Use another one from the next turn on, or with DEFAULT the setting's. Raises ValueError for what is no name.

        Whether the model's service knows the name only shows when it is asked.
        """
        if not _NAME.fullmatch(name):
            raise ValueError("not a model's name")
        if name.casefold() == DEFAULT:
            self._db.meta.pop(_key(role), None)
        else:
            self._db.meta[_key(role)] = name


def _key(role: Role) -> str:
    return f"model:{role}"
