"""What travels over the wire about organisations, programmes, regulations, terms and their plugins."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import Meta

from lms_core.types import BadValue, Key, Name, Payload, View, check_decimal, check_json

OrganisationKind = Literal["university", "firm", "other"]
Part = Literal["leads", "teaches", "hosts", "supports"]
Season = Literal["winter", "summer"]
Country = Annotated[str, Meta(pattern=r"^[A-Z]{2}(?!\n)$")]
LanguageTag = Annotated[str, Meta(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*(?!\n)$", max_length=35)]
Year = Annotated[int, Meta(ge=1970, le=2200)]


class NewOrganisation(Payload, frozen=True, kw_only=True):
    """A university, a firm or another body that takes part in programmes."""

    key: Key
    name: Name
    kind: OrganisationKind
    country: Country = "DE"


class Organisation(View, frozen=True):
    """A body that takes part in programmes; country by ISO 3166."""

    id: UUID
    key: str
    name: str
    kind: OrganisationKind
    country: str


class Organisations(View, frozen=True):
    """A page of organisations."""

    items: list[Organisation]


class NewProgramme(Payload, frozen=True, kw_only=True):
    """A programme of study."""

    key: Key
    title: Name
    degree: Name
    language: LanguageTag = "en"


class ProgrammeChange(Payload, frozen=True, kw_only=True):
    """What of a programme changes."""

    title: Name | None = None
    degree: Name | None = None
    language: LanguageTag | None = None
    approval: bool | None = None


class Partner(View, frozen=True):
    """An organisation and its part in a programme: it leads, teaches, hosts or supports."""

    organisation_id: UUID
    name: str
    part: Part


class Programme(View, frozen=True):
    """A programme of study in short.

    `approval` tells whether administrators approve of its students' requests before they get seats in runs.
    """

    id: UUID
    key: str
    title: str
    degree: str
    language: str
    approval: bool = False


class Programmes(View, frozen=True):
    """A page of programmes."""

    items: list[Programme]


class PartnerPart(Payload, frozen=True):
    """The part that an organisation has in a programme."""

    part: Part


class NewRegulation(Payload, frozen=True, kw_only=True):
    """A version of the examination regulation.

    `limits` is the regulation's own policy data by name (such as maxTerms, milestones, repeats): they differ by
    university and change, so rules read them from here. Of exams these are read: `attempts` (how often a module may be
    attempted), `repeatWithinTerms` (how many terms after that of the first failed attempt) and `marks` (`passed` and
    `failed`: which marks there are); without them the German scale holds, and no limit.
    """

    version: Key
    valid_from: date
    ects_total: Decimal
    hours_per_ects: Decimal
    limits: dict[str, Any] = {}

    def __post_init__(self) -> None:
        """Refuse numbers that no regulation can mean."""
        check_decimal("ectsTotal", self.ects_total, 1, 1_000)
        check_decimal("hoursPerEcts", self.hours_per_ects, 1, 100)
        check_json("limits", self.limits)


class Regulation(View, frozen=True, kw_only=True):
    """A version of the examination regulation; students are bound to one."""

    id: UUID
    version: str
    valid_from: date
    ects_total: Decimal
    hours_per_ects: Decimal
    limits: dict[str, Any]


class NewTerm(Payload, frozen=True, kw_only=True):
    """A winter or summer term. A winter term has the year in which it begins.

    Lectures and exams have periods of their own; a February exam belongs to the winter term.
    """

    season: Season
    year: Year
    starts_on: date
    ends_on: date
    lectures_from: date
    lectures_to: date
    exams_from: date
    exams_to: date

    def __post_init__(self) -> None:
        """Refuse periods that end before they begin or leave the term."""
        for first, last, name in (
            (self.starts_on, self.ends_on, "endsOn"),
            (self.lectures_from, self.lectures_to, "lecturesTo"),
            (self.exams_from, self.exams_to, "examsTo"),
        ):
            if first > last:
                raise BadValue(name, "must not be before the period's first day")
        if self.lectures_from < self.starts_on:
            raise BadValue("lecturesFrom", "must not be before the term")
        if self.lectures_to > self.ends_on:
            raise BadValue("lecturesTo", "must not be after the term")
        if self.exams_from < self.starts_on:
            raise BadValue("examsFrom", "must not be before the term")


class Term(View, frozen=True, kw_only=True):
    """A winter or summer term with its lecture and exam periods."""

    id: UUID
    season: Season
    year: int
    starts_on: date
    ends_on: date
    lectures_from: date
    lectures_to: date
    exams_from: date
    exams_to: date


class ProgrammeDetail(View, frozen=True, kw_only=True):
    """A programme with its partners, regulation versions, terms and adopted modules."""

    id: UUID
    key: str
    title: str
    degree: str
    language: str
    approval: bool
    partners: list[Partner]
    regulations: list[Regulation]
    terms: list[Term]
    adopted_modules: list[UUID]
