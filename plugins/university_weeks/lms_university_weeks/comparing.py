"""Proposals of a plan side by side: what each costs whom, and where they differ from what is published."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from uuid import UUID

from lms_core.api import Context
from lms_university_weeks import plans
from lms_university_weeks.engine.burden import said
from lms_university_weeks.pictures import document
from lms_university_weeks.publishing import published_places
from lms_university_weeks.tasks import Plan, Proposal
from lms_university_weeks.translate import Where
from lms_university_weeks.views import Own, View, shown


async def compared(context: Context, plan_id: UUID) -> str:
    """Return a page that compares the proposals of a plan, and what is published now. Raises NotFound.

    Two statements.
    """
    async with context.read() as connection:
        found = await plans.read(context, connection, plan_id)
        present = await published_places(connection, found.week_id)
    title = f"{found.content.title}: proposals"
    if not (found.result and found.result.proposals):
        return document(title, '<p role="status">The plan has no proposals.</p>')
    return document(title, _costs(found, found.result.proposals) + _places(found, found.result.proposals, present))


def _costs(plan: Plan, proposals: Sequence[Proposal]) -> str:
    names: dict[str, None] = {}
    parts: list[dict[str, str]] = []
    for one in proposals:
        parts.append({part.what: f"{part.text} ({part.cost}){_for(part.people)}" for part in one.parts})
        names |= dict.fromkeys(parts[-1])
    bound = plan.result.bound if plan.result else None
    fair = " in which nobody bears more" if plan.task.fair else ""
    least = "" if bound is None else f" No plan{fair} costs less than {bound}."
    rows = [("Cost", [str(one.cost) for one in proposals])]
    rows.append(("Changes", [str(len(one.differences)) if one.differences else "none" for one in proposals]))
    rows.append(("Burden", [said(one.burdens, one.fairest) if one.burdens else "unknown" for one in proposals]))
    rows += [(what.replace("_", " ").capitalize(), [own.get(what, "none") for own in parts]) for what in names]
    return _table(f"What each proposal costs.{least}", [f"Proposal {n}" for n, _ in enumerate(proposals, 1)], rows)


def _for(people: int | None) -> str:
    return f", for {people} people" if people else ""


def _places(plan: Plan, proposals: Sequence[Proposal], present: Sequence[Where]) -> str:
    """Return a table of the sessions that are not in the same place everywhere."""
    columns = {f"Proposal {n}": one.sessions for n, one in enumerate(proposals, 1)}
    if present:
        known = {one.key for one in plan.content.sessions}
        columns = {"Published": tuple(one for one in present if one.key.partition("/")[0] in known), **columns}
    told: dict[str, dict[str, str]] = {}
    titles: dict[str, str] = {}
    for name, wheres in columns.items():
        for entry in shown(plan.content, wheres, View("all"), Own()):
            words = (f"{entry.day:%a} {entry.day.isoformat()} {entry.starts}", entry.place, entry.lecturers)
            told.setdefault(entry.key, {})[name] = ", ".join(word for word in words if word)
            titles[entry.key] = entry.title
    rows = [
        (titles[key], [own.get(name, "does not take place") for name in columns])
        for key, own in told.items()
        if len({own.get(name) for name in columns}) > 1
    ]
    if not rows:
        return '<p role="status">All sessions are in the same place everywhere.</p>'
    return _table("Where they differ", list(columns), rows)


def _table(caption: str, columns: Sequence[str], rows: Sequence[tuple[str, list[str]]]) -> str:
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in columns)
    body = "".join(
        f'<tr><th scope="row">{escape(name)}</th>' + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"
        for name, cells in rows
    )
    above = f"<caption>{escape(caption)}</caption><thead><tr><td></td>{head}</tr></thead>"
    return f"<table>{above}<tbody>{body}</tbody></table>"
