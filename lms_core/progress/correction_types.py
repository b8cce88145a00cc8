"""What travels over the wire about corrections: a run that moved to another version of its module."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from lms_core.types import View


class UnitNamed(View, frozen=True, kw_only=True):
    """A unit by its key, with the title that it has (or had, where it was removed)."""

    key: str
    title: str


class Correction(View, frozen=True, kw_only=True):
    """What changed when a run moved from one version of its module to another, unit by unit.

    `modified` are units of which anything differs, files too; `moved` those that stand in another order; `details` are
    the fields of the module that differ. `notes` say what other rules decide about. What was completed stays so.
    """

    id: UUID
    at: datetime
    before: int
    after: int
    added: list[UnitNamed]
    removed: list[UnitNamed]
    modified: list[UnitNamed]
    moved: list[UnitNamed]
    details: list[str]
    notes: list[str]


class Corrections(View, frozen=True):
    """The latest changes of a run's version, the last one first; fifty at most."""

    items: list[Correction]
