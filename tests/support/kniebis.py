"""A part-time master that is fully documented, from its regulation to its dates, built through the public API.

90 ECTS: twelve required modules and three electives of 5, and a thesis of 15 after all of these; six terms, of 5 to
20 ECTS each. 60 ECTS are wanted by the fourth term, below 70 by the tenth there is a warning, after twelve it is over.
"""

from __future__ import annotations

from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
import pytest
from lms_part_time_tracks import dates, knowing, plans, replanning, tracks
from lms_part_time_tracks.settings import Settings
from lms_part_time_tracks.watching import watch

from lms_core.api import Context
from lms_core.assessment import marks, registering
from lms_core.enrolment import programme as enrolling
from lms_core.progress import credits as booking
from tests.support.family_childcare import mails
from tests.support.tracks import Study

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.world import Actor, World

WINTER, SUMMER = ["winter"], ["summer"]
MODULES: dict[str, tuple[list[str], str | None]] = {
    "mathematics": (WINTER, None),
    "electronics": (WINTER, None),
    "materials": (WINTER, None),
    "mechanics": (SUMMER, None),
    "optics": (SUMMER, None),
    "sensors": (SUMMER, None),
    "control": (WINTER, "mathematics"),
    "signals": (WINTER, "electronics"),
    "microsystems": (WINTER, "materials"),
    "simulation": (SUMMER, "mechanics"),
    "reliability": (SUMMER, "sensors"),
    "production": (SUMMER, "optics"),
    "lasers": (WINTER, "control"),
    "robotics": (WINTER, "signals"),
    "polymers": (SUMMER, "production"),
    "energy": (SUMMER, "reliability"),
    "management": ([*WINTER, *SUMMER], "microsystems"),
    "thesis": ([*WINTER, *SUMMER], None),
}
"""When each module is taught, and what has to be passed before."""

ELECTIVES = ("lasers", "robotics", "polymers", "energy", "management")
LIMITS = {
    "maxTerms": 12, "maxEctsPerTerm": "20", "attempts": 3, "repeatWithinTerms": 2,
    "milestones": [{"ects": "60", "byTerm": 4, "binding": False}, {"ects": "70", "byTerm": 10, "binding": False}],
}  # fmt: skip
CURRICULUM = {
    "version": "kniebis-2027",
    "required": [key for key in MODULES if key not in (*ELECTIVES, "thesis")],
    "electives": [
        {"key": "depth", "title": "Depth", "modules": list(ELECTIVES), "min_ects": "15", "max_ects": "15"},
    ],
    "thesis": "thesis",
    "thesis_after_ects": "75",
    "min_ects_per_term": "5",
}


class Clock:
    """The time, for all that goes by dates in a study; what goes by hours, such as tokens, keeps the real one."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.moment = datetime.fromisoformat("2027-09-01T12:00:00+00:00")
        for module in (dates, knowing, plans, replanning, tracks, enrolling, registering, marks, booking):
            patch.setattr(module, "now", lambda: self.moment)

    def to(self, day: date | str) -> None:
        """Move it to the noon of a day."""
        self.moment = datetime.fromisoformat(f"{day}T12:00:00+00:00")


@contextmanager
def clock() -> Iterator[Clock]:
    with pytest.MonkeyPatch.context() as patch:
        yield Clock(patch)


class Kniebis(Study):
    """The programme with its modules by key, a lecturer and an examiner."""

    lecturer: Actor
    examiner: Actor

    @classmethod
    async def founded(cls, world: World) -> Kniebis:
        programme = await world.admin.post(
            "/programmes", {"key": "ets-kniebis", "title": "Embedded Technical Systems", "degree": "M.Sc."}
        )
        where = f"/programmes/{programme['id']}"
        rules = {
            "version": "kniebis-2027", "validFrom": "2027-01-01", "ectsTotal": "90", "hoursPerEcts": "25",
            "limits": LIMITS,
        }  # fmt: skip
        programme["regulation"] = (await world.admin.post(f"{where}/regulations", rules))["id"]
        settings = {"curricula": [CURRICULUM], "fees": {"lasers": 20_000, "robotics": 20_000}}
        await world.admin.put(
            f"{where}/plugins/part_time_tracks", {"enabled": True, "settings": settings}, If_Match='"0"'
        )
        modules = {}
        for key, (offered, before) in MODULES.items():
            made = await world.admin.post(f"{where}/modules", {"key": key, "title": key.title()})
            content = {
                "title": key.title(), "ects": "15" if key == "thesis" else "5", "offered": offered,
                "workloadHours": 375 if key == "thesis" else 125, "prerequisites": [before] if before else [],
                "units": [{"key": "intro", "kind": "reading", "title": "Introduction"}],
            }  # fmt: skip
            draft = await world.admin.put(f"/modules/{made['id']}/draft", content, If_Match='"1"')
            await world.admin.post(f"/modules/{made['id']}/publish", If_Match=f'"{draft["revision"]}"')
            modules[key] = made
        study = cls(world, programme, modules)
        study.lecturer = await world.person("Lea Lecturer", "lecturer", programme)
        study.examiner = await world.person("Eva Examiner", "examiner", programme)
        return study

    async def term(self, season: str, year: int, *keys: str) -> dict[str, str]:
        """Open a term with runs of these modules; return the addresses of the runs by key."""
        first, lectures, over, last = (
            (f"{year}-10-01", f"{year}-10-12", f"{year + 1}-02-06", f"{year + 1}-03-31")
            if season == "winter"
            else (f"{year}-04-01", f"{year}-04-12", f"{year}-07-17", f"{year}-09-30")
        )
        new = {
            "season": season, "year": year, "startsOn": first, "endsOn": last, "lecturesFrom": lectures,
            "lecturesTo": over, "examsFrom": over, "examsTo": last,
        }  # fmt: skip
        term = await self.world.admin.post(f"/programmes/{self.programme['id']}/terms", new)
        runs = {}
        for key in keys:
            made = await self.world.admin.post(
                f"/modules/{self.modules[key]['id']}/runs", {"termId": term["id"], "capacity": 15}
            )
            runs[key] = f"/runs/{made['id']}"
        return runs

    async def examined(self, clock: Clock, who: Actor, day: str, run: str, mark: str) -> None:
        """Let somebody register for the exam of a run, take it on a day, and have its ECTS booked if it is passed."""
        on = date.fromisoformat(day)
        exam = {
            "title": "Exam", "kind": "written", "starts": f"{on}T09:00:00", "ends": f"{on}T11:00:00",
            "registerBy": f"{on - timedelta(days=14)}T23:59:00", "deregisterBy": f"{on - timedelta(days=7)}T23:59:00",
            "zone": "Europe/Berlin", "place": "Hall 1",
        }  # fmt: skip
        made = f"{run}/exams/{(await self.lecturer.post(f'{run}/exams', exam))['id']}"
        clock.to(on - timedelta(days=30))
        await who.put(f"{made}/registration")
        clock.to(on)
        await self.examiner.put(f"{made}/marks/{who.id}", {"mark": mark}, If_Match='"0"')
        if mark != "5.0":
            await self.examiner.post(f"{made}/marks/{who.id}/credit", {"evidence": f"Protocol of {on}"})

    async def night(self) -> list[tuple[str, str, str]]:
        """Let a night pass; return to whom was written, the subject, and the first line."""
        before = len(await mails(self.world))
        path = f"/programmes/{self.programme['id']}/plugins/part_time_tracks"
        settings = msgspec.convert((await self.world.admin.get(path))["settings"], Settings)
        context = Context(
            "part_time_tracks", UUID(self.programme["id"]), settings, self.world.database,
            hooks=self.world.app.state.hooks,
        )  # fmt: skip
        await replanning.replan(context)
        await watch(context)
        sent = (await mails(self.world))[before:]
        return [(who, subject["en"], text["en"].splitlines()[0]) for who, subject, text in sent]
