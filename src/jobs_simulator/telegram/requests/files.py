"""Parts of files going up and coming down."""

from typing import Any

from telethon.tl import functions, types

from jobs_simulator.telegram.errors import RpcFailure

from .registry import Call, answers

_MAX_CHUNK = 1024 * 1024
_ALIGNMENT = 4096


@answers(functions.upload.SaveFilePartRequest, functions.upload.SaveBigFilePartRequest)
def save_part(call: Call, request: Any) -> bool:
    """Keep one part of an upload."""
    call.world.files.save_part(call.account.id, request.file_id, request.file_part, request.bytes)
    return True


@answers(functions.upload.GetFileRequest)
def get_file(call: Call, request: Any) -> Any:
    """A piece of a file."""
    if request.limit <= 0 or request.limit > _MAX_CHUNK or request.limit % _ALIGNMENT:
        raise RpcFailure("LIMIT_INVALID")
    if request.offset < 0 or request.offset % _ALIGNMENT:
        raise RpcFailure("OFFSET_INVALID")
    if not isinstance(request.location, (types.InputPhotoFileLocation, types.InputDocumentFileLocation)):
        raise RpcFailure("LOCATION_INVALID")
    file = call.world.files.find(request.location)
    piece = file.data[request.offset : request.offset + request.limit]
    return types.upload.File(types.storage.FilePartial(), int(file.date.timestamp()), piece)
