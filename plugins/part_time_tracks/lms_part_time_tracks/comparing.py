"""Two plans side by side: when each ends, what it takes, and which modules are elsewhere."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal
from uuid import UUID

from lms_core.api import AsyncConnection, Context, View
from lms_part_time_tracks.plans import read_result
from lms_part_time_tracks.results import Result

Figure = Literal["finish", "peak", "trips", "fee"]


class Moved(View, frozen=True, kw_only=True):
    """A module that is elsewhere: its terms and runs in both plans; null where it is not taken, or has no run yet."""

    module_id: UUID
    title: str
    before: str | None
    after: str | None
    run_before: str | None
    run_after: str | None


class Change(View, frozen=True, kw_only=True):
    """A figure of both plans: its last term with modules, from now; the hours of the heaviest week; trips; cents."""

    figure: Figure
    before: Decimal
    after: Decimal


class Comparison(View, frozen=True, kw_only=True):
    """Two plans of a person: the terms in which they end, the figures that differ, and the modules that moved.

    A plan that does not reach the degree has no end (null), and is `missing` something, in a sentence (else empty).
    """

    finish_before: str | None
    finish_after: str | None
    missing_before: str
    missing_after: str
    figures: list[Change]
    moved: list[Moved]


async def compare(context: Context, connection: AsyncConnection, before: UUID, after: UUID) -> Comparison:
    """Compare two plans of the person who asks. Two statements.

    Raises NotFound, and Conflict that says why where one of them has no result.
    """
    one = await read_result(context, connection, before)
    other = await read_result(context, connection, after)
    was, now = _places(one), _places(other)
    values = [{level.level: level.value for level in result.proven} for result in (one, other)]
    figures: tuple[Figure, ...] = ("finish", "peak", "trips", "fee")
    return Comparison(
        finish_before=one.finish,
        finish_after=other.finish,
        missing_before=one.missing,
        missing_after=other.missing,
        figures=[
            Change(figure=figure, before=values[0][figure], after=values[1][figure])
            for figure in figures
            if values[0][figure] != values[1][figure]
        ],
        moved=[
            Moved(
                module_id=key, title=(was.get(key) or now[key])[0], before=was[key][1] if key in was else None,
                after=now[key][1] if key in now else None, run_before=was[key][2] if key in was else None,
                run_after=now[key][2] if key in now else None,
            )
            for key in sorted({*was, *now})
            if was.get(key) != now.get(key)
        ],
    )  # fmt: skip


def _places(result: Result) -> dict[UUID, tuple[str, str, str | None]]:
    return {one.module_id: (one.title, term.name, one.run) for term in result.terms for one in term.modules}
