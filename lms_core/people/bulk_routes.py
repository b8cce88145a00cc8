"""HTTP for bringing in and handing out persons by the thousand."""

from __future__ import annotations

from litestar import Router, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec
from litestar.params import JSONBody
from litestar.response import Stream

from lms_core.db import Database
from lms_core.exports import exported
from lms_core.http import FormatParam, ModeParam, one_of
from lms_core.people import bulk
from lms_core.people import types as t
from lms_core.sheets import Mode, Report


@post("/imports/persons", permission="persons.manage", status_code=200, csv=t.PersonLine)
async def import_persons(
    data: JSONBody[t.PersonLines],
    database: NamedDependency[Database],
    state: State,
    mode: ModeParam = "all",
) -> Report:
    """Create the persons of a list that are missing, and bring the others up to date; repeating it changes nothing."""
    report = await bulk.import_persons(database, data, one_of("mode", mode, Mode))
    state.guard.forget_all()  # some may be signed out
    return report


@get("/exports/persons", permission="persons.manage", responses={200: ResponseSpec(t.PersonLines, description="All.")})
async def export_persons(database: NamedDependency[Database], form: FormatParam = "csv") -> Stream:
    """Hand out all persons, as an import takes them."""
    return await exported(database, bulk.EXPORTED, t.PersonLine, form, "persons")


router = Router("/", tags=["People"], route_handlers=[import_persons, export_persons])
