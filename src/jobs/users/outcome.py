"""How a turn of a session can end. Apart from `session.py`, so that knowing these words does not load the SDK."""

from dataclasses import dataclass

from jobs.spine.model import Usage


class ModelUnavailable(Exception):
    """The model's service did not answer: worth trying again later. `status` is HTTP's, where there is one."""

    def __init__(self, status: int | None, reason: str) -> None:
        super().__init__(f"{reason} ({status})" if status else reason)
        self.status = status

    @property
    def is_credential(self) -> bool:
        return self.status in (401, 403)


class SessionFailed(Exception):
    """The session itself broke: its process died, or the request was refused for what is in it."""


class Stopped(Exception):
    """The person stopped the turn."""


@dataclass(frozen=True)
class Reply:
    text: str
    usage: Usage
