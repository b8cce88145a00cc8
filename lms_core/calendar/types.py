"""What calendar feeds say on the wire, and what a plugin's entry in one can be."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from lms_core.modules.types import check_days, check_plan
from lms_core.types import END, BadValue, Count, Instant, Name, Payload, View, WallTime, Zone, check_instant


class NewFeed(Payload, frozen=True):
    """A calendar feed to make; calendar programs show its name."""

    name: Name


class Feed(View, frozen=True):
    """A person's calendar feed, without its secret address."""

    id: UUID
    name: str
    created_at: datetime


class Feeds(View, frozen=True):
    """A person's calendar feeds, oldest first."""

    items: list[Feed]


class FeedAddress(View, frozen=True):
    """A new calendar feed with the address to which calendar programs subscribe.

    Whoever has the address reads the calendar. It is told this once; nobody can read it again.
    """

    id: UUID
    name: str
    created_at: datetime
    url: str


_Key = Annotated[str, Meta(min_length=1, max_length=200, pattern=rf"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*{END}")]
_Place = Annotated[str, Meta(max_length=500, pattern=rf"^[^\x00-\x1f\x7f]*{END}")]
_Description = Annotated[str, Meta(max_length=20_000, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]*$")]


class PluginEntry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A CalendarEntry of which every calendar program can make sense."""

    key: _Key
    title: Name
    starts: WallTime
    ends: WallTime
    zone: Zone
    changed_at: Instant
    place: _Place
    description: _Description
    sequence: Count
    cancelled: bool
    all_day: bool
    tentative: bool

    def __post_init__(self) -> None:
        """Refuse times that no clock shows, entries that end before they begin, and text that UTF-8 cannot hold."""
        if self.all_day:
            check_days(self.starts, self.ends, self.zone)
        else:
            check_plan(self.starts, self.ends, self.zone)
        check_instant("changed_at", self.changed_at)
        for name in ("key", "title", "place", "description"):
            try:
                getattr(self, name).encode()
            except UnicodeEncodeError:
                raise BadValue(name, "is no text that UTF-8 can hold") from None
