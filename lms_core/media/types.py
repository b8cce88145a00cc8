"""What travels over the wire about files in the content store."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta

from lms_core.types import Name, Payload, Sha256, View

MediaState = Literal["uploading", "ready"]
MediaType = Annotated[
    str, Meta(max_length=127, pattern=r"^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*(?!\n)$")
]
Size = Annotated[int, Meta(ge=0, le=100 * 1024**3)]
PartNumber = Annotated[int, Meta(ge=1, le=10_000)]


class NewMedia(Payload, frozen=True, kw_only=True):
    """A file to be brought into a programme: name, size in bytes, media type, SHA-256 of the whole."""

    name: Name
    size: Size
    content_type: MediaType
    sha256: Sha256


class Media(View, frozen=True, kw_only=True):
    """A file of a programme. It can be used in units once its state is ready."""

    id: UUID
    programme_id: UUID
    name: str
    size: int
    content_type: str
    sha256: str
    state: MediaState
    part_size: int
    """Bytes of every part but the last; the number of parts is ceil(size / part_size), at least 1."""


class PartRequest(Payload, frozen=True, kw_only=True):
    """A part about to be sent: its number (from 1) and the SHA-256 of its bytes."""

    number: PartNumber
    sha256: Sha256


class PartsRequest(Payload, frozen=True, kw_only=True):
    """The parts for which addresses are wanted, at most 100 at once."""

    parts: Annotated[list[PartRequest], Meta(min_length=1, max_length=100)]


class SentParts(Payload, frozen=True, kw_only=True):
    """All parts of a file, as they were sent: number and SHA-256 of each, in ascending order of number."""

    parts: Annotated[list[PartRequest], Meta(max_length=10_000)]


class PartAddress(View, frozen=True, kw_only=True):
    """Where to PUT the bytes of a part, with the headers to send along; expires within the hour."""

    number: int
    url: str
    headers: dict[str, str]


class PartAddresses(View, frozen=True, kw_only=True):
    """Addresses for the parts asked for, in the same order."""

    parts: list[PartAddress]


class ArrivedPart(View, frozen=True, kw_only=True):
    """A part that has arrived in the store: its number and its size in bytes."""

    number: int
    size: int


class ArrivedParts(View, frozen=True, kw_only=True):
    """The parts of an upload that have arrived, so that an interrupted client sends only the others."""

    parts: list[ArrivedPart]
