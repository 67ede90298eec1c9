"""What can be agreed about a task: a date, a price, a length; and the bounds inside which code agrees by itself."""

from datetime import datetime

from pydantic import AwareDatetime, BaseModel, ConfigDict


class Terms(BaseModel):
    """What was proposed, or agreed. Moments are aware; the price is in whatever unit the task speaks of."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    deadline: AwareDatetime | None = None
    price: float | None = None
    minutes: int | None = None

    @property
    def is_empty(self) -> bool:
        return self == Terms()

    def with_more(self, other: "Terms") -> "Terms":
        """These, changed by what the other says."""
        return self.model_copy(update=other.model_dump(exclude_none=True))


class Bounds(BaseModel):
    """What the owner would agree to. Nothing of it is ever shown to the person, but the slots of a meeting."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    earliest: AwareDatetime | None = None
    latest: AwareDatetime | None = None
    price_from: float | None = None
    price_to: float | None = None
    minutes_from: int | None = None
    minutes_to: int | None = None
    slots: tuple[AwareDatetime, ...] = ()
    """When a meeting may begin."""

    def allow(self, terms: Terms) -> bool:
        """Whether everything proposed is bounded and inside. What the owner set no bound for is theirs to decide."""
        return not terms.is_empty and all(
            (
                _inside(terms.deadline, self.earliest, self.latest),
                _inside(terms.price, self.price_from, self.price_to),
                _inside(terms.minutes, self.minutes_from, self.minutes_to),
            )
        )


def _inside(value: datetime | float | None, low: datetime | float | None, high: datetime | float | None) -> bool:
    if value is None:
        return True
    if low is None and high is None:
        return False
    return (low is None or low <= value) and (high is None or value <= high)  # type: ignore[operator]  # of one kind
