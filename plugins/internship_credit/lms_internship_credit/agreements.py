"""What there is to say about one version of a case's agreement: what is signed, by whom, and what followed from it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal
from uuid import UUID

import msgspec
from sqlalchemy import select

from lms_core.api import AsyncConnection, Context, NotFound
from lms_internship_credit import tables as t
from lms_internship_credit.case import Case, Certified, Description, Evaluation, Mentor
from lms_internship_credit.cases import Who, find
from lms_internship_credit.hosts import Site
from lms_internship_credit.letterhead import Letterhead, deadline, read_letterhead
from lms_internship_credit.lifecycle import PARTIES, Role, State
from lms_internship_credit.policy import Part
from lms_internship_credit.wire import CaseView, Signature

Standing = Literal["open", "holds", "given_up", "replaced", "void"]
"""How it stands: waits for signatures, holds, was signed and then given up, was replaced, or never held."""

_TO_SIGN: frozenset[State] = frozenset({"approved", "amendment_pending"})
_GIVEN_UP: frozenset[State] = frozenset(
    {"draft", "proposed", "returned", "host_confirmed", "approved", "withdrawn", "host_cancelled"}
)


class Party(msgspec.Struct, frozen=True):
    """A person of the university in an agreement."""

    name: str
    email: str


class Host(msgspec.Struct, frozen=True):
    """The firm in an agreement, and at which site of it the student is, if that was said."""

    name: str
    place: str
    country: str
    site: Site | None = None


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """What is signed, as it can be read from its bytes."""

    case: UUID
    version: int
    regulation: str
    part: str
    student: Party
    host: Host
    mentor: Mentor | None
    supervisor: Party | None
    agreed: Description


class Done(msgspec.Struct, frozen=True):
    """Who certified or judged, as what, when."""

    name: str
    role: Role
    at: datetime


class Agreement(msgspec.Struct, frozen=True, kw_only=True):
    """A version of an agreement and all around it; `due` is until when it is to be signed, where it still is.

    `content` in UTF-8 are the very bytes that are signed, `sha256` is theirs as it was kept with them. `before` is
    what all three had signed last before this version. `part` is what the regulation demands, null if it does not.
    What was certified and how it was judged are told of the version that holds, and null for any other.
    """

    letterhead: Letterhead
    written: Written
    due: date | None
    content: str
    sha256: str
    made_at: datetime
    standing: Standing
    signatures: tuple[Signature, ...]
    before: Written | None
    part: Part | None
    certified: Certified | None
    certified_by: Done | None
    evaluation: Evaluation | None
    evaluated_by: Done | None


async def read(
    context: Context, connection: AsyncConnection, case_id: UUID, who: Who, version: int | None
) -> Agreement:
    """Return a version of a case's agreement; without one what is to be signed, or else what all have signed last.

    Raises NotFound. Five statements.
    """
    case = await find(context, connection, case_id, who)
    a, s, h = t.agreement.c, t.signature.c, t.history.c
    query = select(a.version, a.content, a.sha256, a.made_at).where(a.case_id == case_id).order_by(a.version)
    rows = {row.version: row for row in await connection.execute(query)}
    wanted = current(case) if version is None else version
    if wanted not in rows:
        there = f"There are versions {', '.join(map(str, rows))}." if rows else "It is written once it is approved."
        raise NotFound(f"There is no such agreement. {there}")
    signed = select(s.version, s.party, s.name, s.sha256, s.at).where(s.case_id == case_id)
    signatures: dict[int, list[Signature]] = defaultdict(list)
    for one in await connection.execute(signed):
        signatures[one.version].append(Signature(*one))
    later = select(h.action, h.by_name, h.role, h.at).where(h.case_id == case_id, h.action.in_(("certify", "rate")))
    done = {one.action: Done(*one[1:]) for one in await connection.execute(later.order_by(h.number))}
    whole = [known for known in rows if {one.party for one in signatures[known]} >= set(PARTIES)]
    standing = _standing(case, wanted, whole)
    before = max((one for one in whole if one < wanted), default=None)
    internship = context.settings.internship(case.regulation)
    row, holds = rows[wanted], standing == "holds"
    until = deadline(case.state, case.description, case.due, internship)
    return Agreement(
        letterhead=await read_letterhead(context, connection),
        due=until if standing == "open" else None,
        written=msgspec.json.decode(row.content, type=Written),
        content=row.content,
        sha256=row.sha256,
        made_at=row.made_at,
        standing=standing,
        signatures=tuple(sorted(signatures[wanted], key=lambda one: PARTIES.index(one.party))),
        before=msgspec.json.decode(rows[before].content, type=Written) if before else None,
        part=internship.part(case.part) if internship else None,
        certified=case.certified if holds else None,
        certified_by=done.get("certify"),
        evaluation=case.evaluation if holds else None,
        evaluated_by=done.get("rate"),
    )


def current(case: Case | CaseView) -> int:
    """Return which version is to be signed, or else which one all have signed last; 0 if there is none.

    A change that was refused, or that nobody signed before the end, is neither.
    """
    return case.version if case.state in _TO_SIGN else case.in_force


def _standing(case: Case, version: int, whole: Sequence[int]) -> Standing:
    if version == case.in_force:
        return "given_up" if case.state in _GIVEN_UP else "holds"
    if version in whole:
        return "replaced"
    return "open" if version == case.version and case.state in _TO_SIGN else "void"
