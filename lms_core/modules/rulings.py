"""Rules of completion: which of them nobody could meet, and what a version decides by others than another one."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select

from lms_core.db import AsyncConnection
from lms_core.errors import FieldError
from lms_core.modules import types as t
from lms_core.modules.completion import leaves, unfit
from lms_core.modules.tables import unit, version


def mistakes(content: t.ModuleContent) -> list[FieldError]:
    """Find the conditions that nobody could ever meet."""
    found = []
    for index, u in enumerate(content.units):
        where = f"body.units[{index}].completion"
        wrong = unfit(u.completion, u.kind, u.max_score) if u.completion else ()
        found += [FieldError(f"{where}{place}", reason) for place, reason in wrong]
    keys = {u.key for u in content.units}
    for leaf, place in leaves(content.completion, "body.completion") if content.completion else ():
        if leaf.rule != "unit":
            found.append(FieldError(f"{place}.rule", f"{leaf.rule} is a rule for a unit; name units by the rule unit"))
        elif leaf.unit not in keys:
            found.append(FieldError(f"{place}.unit", f"{leaf.unit} must be the key of a unit"))
    return found


async def changed_rules(connection: AsyncConnection, old: UUID, new: UUID) -> list[str]:
    """Say, in a sentence or none, what counts as completed by other rules in a version than in another.

    Two statements.
    """
    units: dict[UUID, dict[str, object]] = {old: {}, new: {}}
    columns = (unit.c.version_id, unit.c.key, unit.c.completion, unit.c.required)
    query = select(*columns).where(unit.c.version_id.in_([old, new])).order_by(unit.c.position)
    for row in await connection.execute(query):
        units[row.version_id][row.key] = (row.completion, row.required)
    rules = await connection.execute(select(version.c.id, version.c.completion).where(version.c.id.in_([old, new])))
    of_run = {row.id: row.completion for row in rules}
    found = ["the whole module"] if of_run[old] != of_run[new] else []
    found += [key for key, rule in units[new].items() if key in units[old] and units[old][key] != rule]
    if not found:
        return []
    return [f"Other rules decide about: {', '.join(found)}. What somebody has completed stays completed."]
