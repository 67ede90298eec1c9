"""How tools and scripts reach a part of the running app without being handed it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

T = TypeVar("T")


class Door(Generic[T]):
    """Holds one part of the app while it runs. Inside the code parts are handed to constructors instead."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._part: T | None = None

    @contextmanager
    def opened(self, part: T) -> Iterator[None]:
        """The part can be had for as long as the context lasts."""
        self._part = part
        try:
            yield
        finally:
            self._part = None

    def get(self) -> T:
        """The part. Raises RuntimeError while no app is running in this process."""
        if self._part is None:
            raise RuntimeError(f"{self._what} exists only while the app is running")
        return self._part
