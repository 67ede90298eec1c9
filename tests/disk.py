"""What a power cut leaves of a database: each of its files as it was when the disk was last waited for."""

import os
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import apsw


class Disk:
    """Used as `with Disk() as disk`; databases opened inside are watched. `leave`: what a power cut would leave now."""

    def __init__(self) -> None:
        self._synced: dict[str, bytes] = {}
        self._fdatasync = os.fdatasync

    def __enter__(self) -> Self:
        self._vfs = _Watched(self)
        os.fdatasync = self._flush
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.fdatasync = self._fdatasync
        self._vfs.unregister()

    def _flush(self, file: Any) -> None:
        self._fdatasync(file)
        self.note(str(Path(f"/proc/self/fd/{file}").readlink()))

    def note(self, path: str) -> None:
        """All of the file is on the disk."""
        self._synced[Path(path).name] = Path(path).read_bytes()

    def leave(self, folder: Path) -> None:
        """Put the files, as they are on the disk now, into a folder."""
        folder.mkdir(parents=True)
        for name, content in self._synced.items():
            if not name.endswith("-journal"):  # of the first transaction, before there is a log
                (folder / name).write_bytes(content)


class _Watched(apsw.VFS):
    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        super().__init__("watched", "unix", makedefault=True)

    def xOpen(self, name: apsw.URIFilename | str | None, flags: list[int]) -> apsw.VFSFile:
        return _File(self._disk, name, flags)


class _File(apsw.VFSFile):
    def __init__(self, disk: Disk, name: apsw.URIFilename | str | None, flags: list[int]) -> None:
        super().__init__("unix", name, flags)  # type: ignore[arg-type]
        self._disk = disk
        self._path = name.filename() if isinstance(name, apsw.URIFilename) else name

    def xSync(self, flags: int) -> None:
        super().xSync(flags)
        if self._path:
            self._disk.note(self._path)
