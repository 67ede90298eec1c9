"""What Jobs remembers: Markdown files that the owner can read, the conversations, and a search over them."""

from typing import TYPE_CHECKING

from jobs.door import Door

if TYPE_CHECKING:
    from jobs.memory.index import MemoryIndex
    from jobs.memory.storage import MemoryStorage

storage_door: Door["MemoryStorage"] = Door("the memory's storage")
index_door: Door["MemoryIndex"] = Door("the memory's index")

get_storage = storage_door.get
get_index = index_door.get
