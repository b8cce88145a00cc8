"""What travels over the wire about modules, their versions, runs and sessions."""

from __future__ import annotations

from datetime import datetime, time
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from msgspec import Meta

from lms_core.hooks.types import SessionRemark
from lms_core.modules.completion import Rule
from lms_core.types import (
    BadValue,
    Body,
    FileName,
    Key,
    Name,
    Payload,
    View,
    WallTime,
    Zone,
    check_decimal,
    check_zone,
    instant_of,
)

UnitKind = Literal["reading", "video", "file", "quiz", "attendance", "assignment"]
FileRole = Literal["content", "inline", "caption", "attachment", "stream"]
Season = Literal["winter", "summer"]
Language = Annotated[str, Meta(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*(?!\n)$", max_length=35)]
"""A BCP 47 language tag, such as de or en-GB."""


class UnitFile(Payload, frozen=True, kw_only=True):
    """A file that belongs to a unit.

    `role` is content (what the unit is about: the video, the PDF), inline (an image in the text), caption (a
    text track of the video, with its language), attachment (linked from the text) or stream. `key` is unique within
    the unit. A unit's body refers to the file as `lms-file:KEY`.

    Several content files of a video are renditions of one film: alternatives of which a player takes one.

    The stream files of a video are together the folder of its HLS stream, one for each unit: `name` is the path in
    the folder, such as master.m3u8 or 720p/seg-001.ts. The first of them is the playlist that a player begins with.
    """

    key: Key
    name: FileName
    role: FileRole
    media_id: UUID
    language: Language | None = None

    def __post_init__(self) -> None:
        """Refuse a stream file whose name is no path that stays in the folder."""
        if self.role == "stream" and ("\\" in self.name or {"", ".", ".."} & set(self.name.split("/"))):
            raise BadValue("name", "must be a path in the folder of the stream, such as 720p/seg-001.ts")


class Unit(Payload, frozen=True, kw_only=True):
    """A step of a module, in the order of study.

    `key` survives versions, so progress survives a correction. `parent` is the key of an earlier unit and
    groups units into chapters. `body` is Markdown (HTML allowed) in which `lms-unit:KEY` links another unit and
    `lms-file:KEY` a file of this unit. `minutes` is the expected work. `max_score` belongs to a quiz or an
    assignment. Without `completion` the unit is completed when an event says so.
    """

    key: Key
    kind: UnitKind
    title: Name
    parent: Key | None = None
    required: bool = True
    body: Body = ""
    minutes: Annotated[int, Meta(ge=0, le=100_000)] | None = None
    max_score: Decimal | None = None
    completion: Rule | None = None
    files: Annotated[list[UnitFile], Meta(max_length=5_000)] = []

    def __post_init__(self) -> None:
        """Refuse a maximum score that is not an ordinary number."""
        if self.max_score is not None:
            check_decimal("maxScore", self.max_score, 0, 100_000)


class ModuleContent(Payload, frozen=True, kw_only=True):
    """All that a version of a module says: its description and its units in the order of study.

    `ects` is an exact decimal with at most two places, `workload_hours` the expected work for the whole
    module, `prerequisites` keys of modules of the same programme, `offered` the seasons in which runs start.
    Without `completion` a run is completed with all of its required units.
    """

    title: Name
    ects: Decimal
    workload_hours: Annotated[int, Meta(ge=0, le=10_000)]
    language: Language = "en"
    offered: Annotated[list[Season], Meta(max_length=2)] = []
    prerequisites: Annotated[list[Key], Meta(max_length=50)] = []
    completion: Rule | None = None
    units: Annotated[list[Unit], Meta(max_length=2_000)] = []

    def __post_init__(self) -> None:
        """Refuse ECTS that are not an ordinary number."""
        check_decimal("ects", self.ects, 0, 300)


class NewModule(Payload, frozen=True):
    """A module to be created in a programme; its content follows as a draft."""

    key: Key
    title: Name


class Module(View, frozen=True, kw_only=True):
    """A module: its owning programme, the number of its latest published version (0: none), and of its draft."""

    id: UUID
    programme_id: UUID
    key: str
    title: str
    published: int
    draft: int | None


class Modules(View, frozen=True):
    """A page of modules."""

    items: list[Module]


class DraftChange(View, frozen=True, kw_only=True):
    """What a new content changes against what was there: keys of units, and names of changed fields of the module.

    If `changed` is false nothing was made. `moved` lists units whose order among the others changed.
    """

    changed: bool
    added: list[str]
    removed: list[str]
    modified: list[str]
    moved: list[str]
    details: list[str]
    unchanged: int
    revision: int


class Version(View, frozen=True, kw_only=True):
    """A published version of a module: never changes. `notes` are told once, to who publishes it."""

    module_id: UUID
    number: int
    title: str
    ects: Decimal
    published_at: datetime
    units: int
    units_required: int
    notes: list[str] = []


VersionNumber = Annotated[int, Meta(ge=1, le=1_000_000)]
Capacity = Annotated[int, Meta(ge=0, le=100_000)]
Mode = Literal["on_site", "online", "hybrid"]
Place = Annotated[str, Meta(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*(?!\n)$")]


class NewRun(Payload, frozen=True, kw_only=True):
    """A run of a module in a term, pinned to a published version (none given: the latest)."""

    term_id: UUID
    capacity: Capacity
    version: VersionNumber | None = None
    title: Name | None = None
    open: bool = True


class RunChange(Payload, frozen=True, kw_only=True):
    """What of a run changes; a run that is not open takes no enrolments."""

    title: Name | None = None
    open: bool | None = None


class Run(View, frozen=True, kw_only=True):
    """A run of a module in a term, with its seats."""

    id: UUID
    module_id: UUID
    programme_id: UUID
    term_id: UUID
    version: int
    title: str
    ects: Decimal
    capacity: int
    seats_taken: int
    open: bool


class Runs(View, frozen=True):
    """A page of runs."""

    items: list[Run]


class SessionContent(Payload, frozen=True, kw_only=True):
    """A session as planned: times on the wall at a place, in a named zone.

    A time that the clock skips (spring) is refused; of one that it shows twice (autumn) the first is meant.
    """

    title: Name
    starts: WallTime
    ends: WallTime
    zone: Zone
    mode: Mode
    place: Place = ""

    def __post_init__(self) -> None:
        """Refuse unknown zones, skipped times and sessions that end before they begin."""
        check_plan(self.starts, self.ends, self.zone)


def check_wall(name: str, wall: datetime, zone: str) -> None:
    """Raise BadValue unless there is such a zone and a clock in it shows this time."""
    check_zone("zone", zone)
    if not 1970 <= wall.year <= 2200:
        raise BadValue(name, "must lie between the years 1970 and 2200")
    if instant_of(wall, zone).astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0) != wall:
        raise BadValue(name, f"{wall} is skipped by the clock in {zone} that day")


def check_plan(starts: datetime, ends: datetime, zone: str) -> None:
    """Raise BadValue unless a clock in the zone shows both times, and the end after the start."""
    check_wall("starts", starts, zone)
    check_wall("ends", ends, zone)
    if instant_of(starts, zone) >= instant_of(ends, zone):
        raise BadValue("ends", "must be after starts")


def check_days(starts: datetime, ends: datetime, zone: str) -> None:
    """Raise BadValue unless these are whole days, the last one excluded; it is no matter if clocks skip a midnight."""
    check_zone("zone", zone)
    for name, wall in (("starts", starts), ("ends", ends)):
        if not 1970 <= wall.year <= 2200 or wall.time() != time():
            raise BadValue(name, "must be a midnight between the years 1970 and 2200")
    if starts >= ends:
        raise BadValue("ends", "must be after starts")


class Session(View, frozen=True, kw_only=True):
    """A session with its times on the wall, and the same moments in UTC.

    One that was cancelled stays, with the moment of that in `cancelledAt`, and is never changed again. `changedAt`
    is null as long as it is unknown. `warnings` are what plugins said about the plan when it was made or changed
    just now, and how many participants are elsewhere then.
    """

    id: UUID
    title: str
    starts: WallTime
    ends: WallTime
    zone: str
    starts_at: datetime
    ends_at: datetime
    mode: Mode
    place: str
    revision: int
    changed_at: datetime | None = None
    cancelled_at: datetime | None = None
    warnings: list[SessionRemark] = []


class Sessions(View, frozen=True):
    """The sessions of a run in the order of time, cancelled ones included."""

    items: list[Session]


class FileLink(View, frozen=True, kw_only=True):
    """A file of a unit, the address in this API that leads to its bytes, and what a player wants to know before.

    Several files of a video with the role content are renditions of one film: offer them as the sources of one player,
    which chooses by `contentType` and, among films that differ in size, by `width` and `height` (pixels); `durationMs`
    is the same for all. Files with the role caption are its text tracks, each for its `language`. Of a stream (HLS)
    there is one file, the playlist to begin with; all others follow from it.

    `width`, `height`, `durationMs` and `pages` (of a PDF) are null for other kinds of files, and until the file has
    been looked into. `poster` is the address of a still image of a film, a JPEG; null if there is none. Unless
    `ready`, the file is damaged and being repaired: its address answers 503 in the meantime.
    """

    key: str
    name: str
    role: FileRole
    language: str | None
    content_type: str
    size: int
    width: int | None
    height: int | None
    duration_ms: int | None
    pages: int | None
    ready: bool
    href: str
    poster: str | None


class UnitContent(View, frozen=True, kw_only=True):
    """A unit as a participant reads it; links in the body are addresses in this API."""

    key: str
    parent: str | None
    kind: UnitKind
    title: str
    required: bool
    body: str
    minutes: int | None
    max_score: Decimal | None
    files: list[FileLink]
