"""What a programme decides about tracks: how its terms count, its kinds of leave, and what each regulation demands."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

import msgspec

from lms_core.api import check_zone

ModuleKey = Annotated[str, msgspec.Meta(min_length=1, max_length=120, pattern=r"^[a-z0-9][a-z0-9._-]*(?!\n)$")]
Kind = Annotated[str, msgspec.Meta(max_length=30, pattern=r"^[a-z][a-z_]*(?!\n)$", examples=["ordinary"])]
Share = Annotated[float, msgspec.Meta(gt=0, le=1)]
Cents = Annotated[int, msgspec.Meta(ge=0, le=10_000_000)]


def _check_ects(**named: Decimal | None) -> None:
    for name, ects in named.items():
        if ects is not None and not (ects.is_finite() and 0 <= ects <= 1_000):
            raise ValueError(f"{name}: must be from 0 to 1000")


class Leave(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A kind of leave: whether its terms count as terms of study, and whether she takes courses meanwhile."""

    kind: Kind
    counts_as_study: bool = False
    courses: bool = False


class Electives(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Modules of which some are chosen: how many ECTS and how many modules at least and at most."""

    key: ModuleKey
    title: Annotated[str, msgspec.Meta(max_length=200)]
    modules: Annotated[tuple[ModuleKey, ...], msgspec.Meta(min_length=1, max_length=100)]
    min_ects: Decimal = Decimal(0)
    max_ects: Decimal | None = None
    min_modules: Annotated[int, msgspec.Meta(ge=0, le=100)] = 0
    max_modules: Annotated[int, msgspec.Meta(ge=0, le=100)] | None = None

    def __post_init__(self) -> None:
        """Refuse ECTS that are no number."""
        _check_ects(min_ects=self.min_ects, max_ects=self.max_ects)


class Curriculum(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a version of the regulation demands: required modules, electives, and the thesis after so many ECTS."""

    version: Annotated[str, msgspec.Meta(min_length=1, max_length=120)]
    required: Annotated[tuple[ModuleKey, ...], msgspec.Meta(max_length=100)]
    electives: Annotated[tuple[Electives, ...], msgspec.Meta(max_length=20)] = ()
    thesis: ModuleKey | None = None
    thesis_after_ects: Decimal = Decimal(0)
    min_ects_per_term: Decimal = Decimal(0)

    def __post_init__(self) -> None:
        """Refuse ECTS that are no number."""
        _check_ects(thesis_after_ects=self.thesis_after_ects, min_ects_per_term=self.min_ects_per_term)


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The policy of a programme.

    Of the weeks of a term nobody studies in `idle_weeks` (26 weeks less 3 are 23), nor in a week of which `lost_days`
    are lost to work or leave. `fees` are cents by the key of a module. `leaves` are the kinds of leave, told by what
    they do and not by why they were granted. `curricula` say what regulations demand; of one that is not there, what
    all modules of the programme bring counts. A module is passed as often as it was in the programme, where at least
    `enough_exams` were taken; else in its share of `pass_shares`, or in `pass_share` of all attempts. An exam is
    repeated when the module is taught again, or in any term (`repeat_any_term`). A plan is searched for `seconds` at
    most. What day it is goes by `zone`.
    """

    zone: Annotated[str, msgspec.Meta(max_length=64, examples=["Europe/Berlin"])] = "Europe/Berlin"
    idle_weeks: Annotated[int, msgspec.Meta(ge=0, le=20)] = 3
    lost_days: Annotated[int, msgspec.Meta(ge=1, le=7)] = 3
    fees: Annotated[dict[ModuleKey, Cents], msgspec.Meta(max_length=200)] = {}
    leaves: Annotated[tuple[Leave, ...], msgspec.Meta(max_length=20)] = (
        Leave("ordinary"),
        Leave("protected", courses=True),
    )
    pass_share: Share = 0.85
    pass_shares: Annotated[dict[ModuleKey, Share], msgspec.Meta(max_length=200)] = {}
    enough_exams: Annotated[int, msgspec.Meta(ge=10, le=10_000)] = 20
    repeat_any_term: bool = False
    curricula: Annotated[tuple[Curriculum, ...], msgspec.Meta(max_length=20)] = ()
    seconds: Annotated[int, msgspec.Meta(ge=1, le=60)] = 10

    def __post_init__(self) -> None:
        """Refuse unknown zones, and two rules for one thing."""
        check_zone("zone", self.zone)
        for name, keys in (
            ("leaves", [one.kind for one in self.leaves]),
            ("curricula", [one.version for one in self.curricula]),
        ):
            if len(set(keys)) < len(keys):
                raise ValueError(f"{name}: each can stand there once")

    def curriculum(self, version: str) -> Curriculum | None:
        """Return what a version of the regulation demands; None if nobody has said."""
        return next((one for one in self.curricula if one.version == version), None)
