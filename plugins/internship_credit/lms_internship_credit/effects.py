"""What it means for internships when somebody turns the plugin on or off, or changes its policy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select

from lms_core.api import Context, Effect, PluginProposal, RegulationFacts, read_regulations
from lms_internship_credit import tables as t
from lms_internship_credit.forgetting import old_words
from lms_internship_credit.parts import OVER
from lms_internship_credit.retention import old
from lms_internship_credit.settings import Settings

BEFORE = ("draft", "returned")
OPEN = (*OVER, "booked", *BEFORE)
"""States in which nothing is under way: what is over, booked, or not proposed."""


async def preview(context: Context, proposal: PluginProposal) -> list[Effect]:
    """Say how many internships are under way, what has no policy any more, what it names in vain, which documents go.

    Five statements, four where the plugin is turned off.
    """
    c, s = t.case.c, t.settled.c
    query = select(c.regulation, c.part, c.state, func.count().label("cases")).where(
        c.programme_id == context.programme_id, c.state.not_in(OVER)
    )
    query = query.group_by(c.regulation, c.part, c.state).order_by(c.regulation, c.part, c.state)
    gone = [*_deleted(await old(context)), *_forgotten(await old_words(context))]
    async with context.read() as connection:
        cases = (await connection.execute(query)).all()
        if not proposal.enabled:
            o = t.offer.c
            offers = select(func.count()).where(o.programme_id == context.programme_id, o.state == "open")
            return [*_turned_off(cases), *_placements(await connection.scalar(offers) or 0), *gone]
        regulations = await read_regulations(connection, context.programme_id)
        board = select(s.part, func.count().label("students")).where(s.programme_id == context.programme_id)
        settled = (await connection.execute(board.group_by(s.part).order_by(s.part))).all()
    settings: Settings = context.settings
    return [*_named(settings, regulations), *_lost(settings, cases), *_unsettled(settings, settled), *gone]


def _turned_off(cases: Sequence[Any]) -> Iterator[Effect]:
    number = sum(row.cases for row in cases if row.state not in OPEN)
    if number:
        told = _so_many(number, "internship is", "internships are")
        yield Effect("under-way", f"{told} under way and will be finished; nothing new can be proposed.")


def _placements(offers: int) -> Iterator[Effect]:
    if offers:
        told = _so_many(offers, "open offer is", "open offers are")
        reason = (
            f"{told} kept. While it is off nobody can find offers, apply or decide: the catalogue and the links of "
            "firms to their offers and applicants answer nothing."
        )
        yield Effect("placements", reason)


def _named(settings: Settings, regulations: Sequence[RegulationFacts]) -> Iterator[Effect]:
    """Say which regulations there are not, and whose parts bring more than a whole degree."""
    if not settings.internships:
        reason = "No regulation demands an internship in these settings: students can begin none."
        yield Effect("no-internships", reason)
    totals = {one.version: one.ects_total for one in regulations}
    for internship in settings.internships:
        if internship.version not in totals:
            there = f"there is {', '.join(totals)}" if totals else "there is none yet"
            yield Effect("no-regulation", f"No regulation has the version {internship.version}; {there}.")
            continue
        ects, most = sum((part.ects for part in internship.parts), Decimal(0)), totals[internship.version]
        if ects > most:
            reason = f"The parts of {internship.version} bring {ects} ECTS together, and the whole degree takes {most}."
            yield Effect("too-many-ects", reason)


def _lost(settings: Settings, cases: Sequence[Any]) -> Iterator[Effect]:
    """Say how many cases have a part that these settings lack: under way, not proposed yet, or booked."""
    counts: dict[tuple[str, str], list[int]] = {}
    for row in cases:
        internship = settings.internship(row.regulation)
        if internship is None or internship.part(row.part) is None:
            which = 2 if row.state == "booked" else int(row.state in BEFORE)
            counts.setdefault((row.regulation, row.part), [0, 0, 0])[which] += row.cases
    for (regulation, part), (open_, before, booked) in counts.items():
        where = f"of the part {part} of {regulation}, which these settings lack"
        if open_:
            told = _so_many(open_, "internship", "internships")
            yield Effect("no-policy", f"{told} {where}: no step can be taken until it is there again.")
        if before:
            told = _so_many(before, "draft", "drafts")
            yield Effect("no-policy", f"{told} {where}: nobody can propose it.")
        if booked:
            told = _so_many(booked, "booked internship", "booked internships")
            reason = f"{told} {where}: the ECTS stay; if the part has another key now, that counts as not done."
            yield Effect("booked-lost", reason)


def _unsettled(settings: Settings, settled: Sequence[Any]) -> Iterator[Effect]:
    known = {part.key for one in settings.internships for part in one.parts}
    for row in settled:
        if row.part not in known:
            told = _so_many(row.students, "student", "students")
            reason = (
                f"The board has waived or recognised the part {row.part} for {told}; no regulation has it any more."
            )
            yield Effect("settled", reason)


def _deleted(kinds: Iterable[tuple[str, int]]) -> Iterator[Effect]:
    for kind, number in kinds:
        told = f"{_so_many(number, 'document', 'documents')} of the kind {kind} will be deleted within the hour"
        yield Effect("documents-deleted", f"{told}: by these settings their time is over.")


def _forgotten(counts: Mapping[str, int]) -> Iterator[Effect]:
    for name, told in (
        ("cases", ("The personal words of 1 internship", "The personal words of {} internships")),
        ("applications", ("1 application for an offer", "{} applications for offers")),
        ("days", ("1 day of other work", "{} days of other work")),
    ):
        if number := counts[name]:
            what = told[number > 1].format(number)
            yield Effect(
                "words-deleted", f"{what} will be deleted within the hour: by these settings the time is over."
            )


def _so_many(number: int, one: str, more: str) -> str:
    return f"{number} {one if number == 1 else more}"
