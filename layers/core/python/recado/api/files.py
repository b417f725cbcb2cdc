"""/v1/files: the one door for files. The bytes go to S3 and come from there; here they are announced and asked for."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from recado.api.bodies import Body, Meta, PublicId, Text
from recado.api.routes import Call, Resource
from recado.api.rules import EVERYONE, may
from recado.domain.file_limits import Feature
from recado.services.files import file_view

files = Resource("files")


class NewFile(Body, frozen=True):
    """`size` in bytes; the upload must have exactly this size and type."""

    feature: Feature
    name: Text
    content_type: Annotated[str, Meta(min_length=3, max_length=200)]
    size: Annotated[int, Meta(ge=1)]
    channel_id: PublicId | None = None


class UploadShape(msgspec.Struct):
    """A form to be posted as multipart/form-data: the fields as they are, then the file as `file`. Good for ten
    minutes."""

    url: str
    fields: dict[str, str]


class AnnouncedShape(msgspec.Struct):
    file_id: str
    upload: UploadShape


class FileShape(msgspec.Struct):
    """`url` only when accepted, good for five minutes; `reason` only when rejected."""

    id: str
    feature: Feature
    name: str
    content_type: str
    size: int
    state: Literal["pending", "accepted", "rejected"]
    reason: str | None
    url: str | None


@files.post(
    "/v1/files",
    may("files:write", *EVERYONE),
    body=NewFile,
    answers=AnnouncedShape,
    status=201,
    problems=("file_too_large", "file_type_not_taken"),
)
def announce_file(call: Call) -> Any:
    """Announce a file and get the form to upload it with; who may depends on the feature."""
    body = call.body
    file, form = call.services.file_service.announce(
        call.caller, body.feature, body.channel_id, body.name, body.content_type, body.size
    )
    return {"file_id": file.id, "upload": {"url": form.url, "fields": dict(form.fields)}}


@files.get("/v1/files/{file_id}", may("files:read", *EVERYONE), answers=FileShape)
def get_file(call: Call, file_id: str) -> Any:
    """A file of one's own, of a chat that one sees, or made to be sent (admins: any): whether it was accepted, and then
    where it is fetched."""
    service = call.services.file_service
    file = service.get(call.caller, file_id)
    return file_view(file, service.link(call.caller.account, file))
