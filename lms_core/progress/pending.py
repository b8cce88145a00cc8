"""ECTS that plugins say are on their way: shown beside what is booked, never counted."""

from __future__ import annotations

import logging
from uuid import UUID

import msgspec

from lms_core.hooks.dispatch import Dispatcher
from lms_core.hooks.types import CreditsRequest, PendingCredit
from lms_core.progress import types as t
from lms_core.types import BadValue, check_decimal

log = logging.getLogger("lms.plugins")


async def add_pending(hooks: Dispatcher, person_id: UUID, found: t.Dashboard) -> t.Dashboard:
    """Return the dashboard with the pending ECTS of every programme in it, and the names of plugins that failed."""
    pending: list[t.Pending] = []
    degraded: set[str] = set()
    for programme_id in (total.programme_id for total in found.totals):
        if programme_id is None:
            continue
        request = CreditsRequest(person_id, programme_id)
        answers, failed = await hooks.shape("progress_credits", programme_id, request)
        degraded.update(failed)
        for plugin, credit in answers:
            try:
                pending.append(_shown(programme_id, plugin, credit))
            except BadValue as error:
                log.warning("plugin %s tells impossible pending ECTS: %s", plugin, error)
                degraded.add(plugin)
    return msgspec.structs.replace(found, pending=pending, degraded=sorted(degraded))


def _shown(programme_id: UUID, plugin: str, credit: PendingCredit) -> t.Pending:
    check_decimal("ects", credit.ects, 0, 1_000)
    return t.Pending(
        programme_id=programme_id,
        plugin=plugin,
        source=credit.source,
        title=credit.title,
        ects=credit.ects,
        state=credit.state,
    )
