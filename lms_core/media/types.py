"""What travels over the wire about files in the content store."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from lms_core.types import FileName, Payload, Sha256, View

MediaState = Literal["uploading", "checking", "ready", "quarantined"]
MediaType = Annotated[
    str, Meta(max_length=127, pattern=r"^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*(?!\n)$")
]
LARGEST = 100 * 1024**3
Size = Annotated[int, Meta(ge=0, le=LARGEST)]
PartNumber = Annotated[int, Meta(ge=1, le=10_000)]
Bytes = Annotated[int, Meta(ge=0, le=2**53 - 1)]


class PartRequest(Payload, frozen=True, kw_only=True):
    """A part about to be sent: its number (from 1) and the SHA-256 of its bytes."""

    number: PartNumber
    sha256: Sha256


class NewMedia(Payload, frozen=True, kw_only=True):
    """A file to be brought into a programme: name, size in bytes, media type, SHA-256 of the whole.

    Without the SHA-256 the upload cannot be recognised later, and completing it needs the SHA-256. Up to 100 `parts`
    may be named already: the answer then has their addresses.
    """

    name: FileName
    size: Size
    content_type: MediaType
    sha256: Sha256 | None = None
    parts: Annotated[list[PartRequest], Meta(max_length=200)] = []


class Media(View, frozen=True, kw_only=True):
    """A file of a programme.

    `state` goes from uploading to ready, for files of several parts by way of checking: all bytes are being read from
    the store and compared with the SHA-256. A quarantined file is not what it was announced as, for the `reason`;
    announcing the same bytes again repairs it, wherever it is used. Drafts may use files that are being checked;
    publishing needs all of them ready.
    """

    id: UUID
    programme_id: UUID
    name: str
    size: int
    content_type: str
    sha256: str | None
    state: MediaState
    reason: str | None
    part_size: int
    """Bytes of every part but the last; the number of parts is ceil(size / part_size), at least 1."""


class PartAddress(View, frozen=True, kw_only=True):
    """Where to PUT the bytes of a part, with the headers to send along; expires within the hour."""

    number: int
    url: str
    headers: dict[str, str]


class Announced(Media, frozen=True, kw_only=True, omit_defaults=True):
    """A file that was announced, with addresses for the parts that were named, if it still wants them.

    Unless `begun`, it is new, and none of its parts can have arrived.
    """

    parts: list[PartAddress] = []
    begun: bool = True


class MediaUse(View, frozen=True, kw_only=True):
    """A file of a programme with the number of places that need it: files of units, drafts and all versions counted."""

    id: UUID
    name: str
    size: int
    content_type: str
    sha256: str | None
    state: MediaState
    reason: str | None
    created_by: UUID
    created_at: datetime
    uses: int


class MediaPage(View, frozen=True):
    """A page of files, in the order in which they were announced."""

    items: list[MediaUse]


class PluginFile(Struct, frozen=True):
    """Under which id, by which plugin and for what of its own (at most 100 characters) a file is announced."""

    id: UUID
    plugin: str
    about: str


class FileFacts(View, frozen=True, kw_only=True):
    """A file that a plugin keeps: its name, bytes, media type, SHA-256, and how it stands with it.

    It is read once it is ready. One that is quarantined is not what it was announced as; announcing the same bytes
    under its id again repairs it.
    """

    id: UUID
    name: str
    size: int
    content_type: str
    sha256: str
    state: MediaState


class PartsRequest(Payload, frozen=True, kw_only=True):
    """The parts for which addresses are wanted, at most 100 at once."""

    parts: Annotated[list[PartRequest], Meta(min_length=1, max_length=200)]


class SentParts(Payload, frozen=True, kw_only=True):
    """All parts of a file, as they were sent: number and SHA-256 of each, in ascending order of number.

    `sha256` of the whole is required here if it was not announced.
    """

    parts: Annotated[list[PartRequest], Meta(max_length=10_000)]
    sha256: Sha256 | None = None


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


class Quota(Payload, frozen=True, kw_only=True):
    """How many bytes of files a programme may hold, and how many of them one person may have brought; null: any."""

    programme_bytes: Bytes | None
    person_bytes: Bytes | None


class Share(View, frozen=True, kw_only=True):
    """The files in one state, or brought by one person: their number and their bytes."""

    name: str
    files: int
    bytes: int


class Usage(View, frozen=True, kw_only=True):
    """What a programme holds in the store, of what it may hold.

    Uploads count with their announced size from the beginning. `persons` begins with who brought most and ends
    after 100.
    """

    bytes: int
    files: int
    quota: Quota
    states: list[Share]
    persons: list[Share]


class Preparation(View, frozen=True, kw_only=True):
    """What was found out about a file: of films and recordings in milliseconds and pixels, of PDFs the pages.

    Until a worker has looked at it the state is waiting. `skipped` and `failed` come with a `reason`; a reason of what
    is done tells what is missing nevertheless. The file is whole and readable in all of these states.
    """

    state: Literal["waiting", "done", "skipped", "failed"]
    reason: str | None
    duration_ms: int | None
    width: int | None
    height: int | None
    pages: int | None
    seekable: bool | None
    """Whether players can jump in the film without reading all of it; null where the format leaves it open."""
    poster: bool
    fixing: bool
    """Whether a copy is being made in which players can jump."""
    fixed_by: UUID | None
    """The file that is this copy; units use it when they are told to."""


class FoundPage(View, frozen=True, kw_only=True):
    """A page of a PDF on which something was found, and the words around it."""

    media_id: UUID
    name: str
    page: int
    snippet: str


class FoundPages(View, frozen=True, kw_only=True):
    """The first 50 pages on which something was found, by file and page."""

    items: list[FoundPage]


class FileAddress(View, frozen=True):
    """Where a file is read for some minutes, whole or in ranges, without a token; ask anew to go on after that."""

    url: str


class MediaEvent(Struct, frozen=True):
    """Something happened to a file: the file, and who brought it."""

    media_id: UUID
    person_id: UUID
