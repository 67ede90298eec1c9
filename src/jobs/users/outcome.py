"""How a turn of a session can end. Apart from `session.py`, so that knowing these words does not load the SDK."""

from dataclasses import dataclass

from jobs.spine.model import Usage

OWNERS_MATTER = frozenset({"authentication_failed", "billing_error"})
"""The SDK's names of errors that last until the owner does something, whatever status came with them."""


class ModelUnavailable(Exception):
    """The model's service did not answer: worth trying again later. `status` is HTTP's, where there is one."""

    def __init__(self, status: int | None, reason: str) -> None:
        super().__init__(f"{reason} ({status})" if status else reason)
        self.status = status
        self.reason = reason

    @property
    def is_owners_matter(self) -> bool:
        """Whether it lasts until the owner mends it: the key, the balance, the model's name, the proxy."""
        return self.status in (401, 402, 403, 404) or self.reason in OWNERS_MATTER or self.is_proxys

    @property
    def is_proxys(self) -> bool:
        """Whether it is HTTP_PROXY that refuses its user and password; the model's service was not reached."""
        return self.status == 407


class SessionFailed(Exception):
    """The session itself broke: its process died, or the request was refused for what is in it."""


class BudgetSpent(SessionFailed):
    """The turn was ended because it had spent what it may; trying again would spend it again."""

    def __init__(self, usage: Usage) -> None:
        super().__init__(f"it spent what it may ({usage.cost_usd:.2f} USD)")
        self.usage = usage


class OverBudget(Exception):
    """The turn needed a call of the model that could have cost more than may still be spent."""


class Stopped(Exception):
    """The person stopped the turn."""


@dataclass(frozen=True)
class Reply:
    text: str
    usage: Usage
    context_used: float = 0.0
    """How much of the model's context the conversation takes now, from 0 to 1."""
