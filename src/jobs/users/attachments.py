"""What came with messages, as a turn gets it. Where it is fetched from is not known here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Protocol

from jobs.spine.extras import Attachment
from jobs.spine.model import InboxRow
from jobs.users.model import Person


@dataclass(frozen=True)
class Image:
    """A picture for the model to see."""

    media_type: str
    data: str
    """Base64."""


@dataclass(frozen=True)
class Received:
    """An attachment after its download, whether that went well or not (`attachment.state` says)."""

    attachment: Attachment
    image: Image | None = None


Files = Mapping[int, Sequence[Received]]
"""By inbox row."""

NO_FILES: Files = MappingProxyType({})


def without_images(files: Files) -> Files:
    """The same, with nothing for the model to see."""
    return {row: [replace(each, image=None) for each in received] for row, received in files.items()}


class Attachments(Protocol):
    async def fetch(self, rows: Sequence[InboxRow], person: Person) -> Files:
        """Have the rows' attachments on the disk and return them; what is there already is not fetched again.

        Whoever sent one that is too large or cannot be fetched is told in one sentence. Raises nothing of Telegram's.
        """
        ...


class NoAttachments:
    """For where nothing can be fetched."""

    async def fetch(self, rows: Sequence[InboxRow], person: Person) -> Files:
        return {}
