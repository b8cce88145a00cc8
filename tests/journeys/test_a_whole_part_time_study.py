"""A part-time master from the first plan to the last mark, over HTTP: a leave, a failure, and all 90 ECTS."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from lms_part_time_tracks.plugin import PartTimeTracks

from tests.support.kniebis import Clock, Kniebis, clock
from tests.support.tracks import where
from tests.support.with_tables import plugins, postgres_template, sqlite_template

if TYPE_CHECKING:
    from tests.support.world import Actor, World

__all__ = ["plugins", "postgres_template", "sqlite_template"]  # fixtures are found by their names here

W27, S28, W28, S29 = "winter term 2027/28", "summer term 2028", "winter term 2028/29", "summer term 2029"
W29, S30, W30 = "winter term 2029/30", "summer term 2030", "winter term 2030/31"
STUDIED = {W27: ["electronics", "materials", "mathematics"], S28: ["mechanics", "optics", "sensors"]}
FIRST = {
    **STUDIED, W28: ["control", "microsystems", "signals"], S29: ["production", "reliability", "simulation"],
    W29: ["lasers", "management", "robotics"], S30: ["thesis"],
}  # fmt: skip
LATER = {
    **STUDIED, W28: [], S29: ["production", "reliability", "simulation"], W29: ["control", "microsystems", "signals"],
    S30: ["energy", "management", "polymers"], W30: ["thesis"],
}  # fmt: skip
AGAIN = {
    **LATER, S29: ["production", "reliability"], S30: ["energy", "management", "polymers", "simulation"],
}  # fmt: skip

OFF = {"kind": "skip", "season": "winter", "year": 2028, "leave": "ordinary"}
BUDGETS = [{"firstDay": "2027-10-01", "hours": 18}, {"firstDay": "2030-04-01", "hours": 22}]
ANEW = "Your study plan does not fit any more"
NEARER = "A date of your study comes nearer"


@pytest.fixture(scope="session")
def plugin_class() -> type[PartTimeTracks]:
    return PartTimeTracks


class Life:
    """A student, her programme, and what anybody can see of her study."""

    def __init__(self, time: Clock, study: Kniebis, who: Actor) -> None:
        self.time, self.study, self.who, self.me = time, study, who, f"{study.path}/me"
        self.simulation = study.modules["simulation"]["id"]

    async def planned(self, *what_if: dict[str, Any]) -> dict[str, Any]:
        plan = await self.study.planned(self.who, *what_if)
        assert plan["result"]["status"] == "optimal", plan
        return plan

    async def accept(self, plan: dict[str, Any]) -> None:
        await self.who.post(f"{self.me}/plans/{plan['id']}/acceptance", None, 200)

    async def plans(self) -> list[Any]:
        return list((await self.who.get(f"{self.me}/plans"))["items"])

    async def night(self) -> list[tuple[str, str]]:
        """Let a night pass; return subject and first line of what was written to her."""
        mails = await self.study.night()
        assert {who for who, *_ in mails} <= {self.who.id}
        return [(subject, line) for _, subject, line in mails]

    async def studies(self, day: str, runs: dict[str, str], **marks: str) -> None:
        """Take seats in runs, then their exams, all on one day."""
        for run in runs.values():
            assert (await self.who.put(f"{run}/enrolment", {}))["state"] == "enrolled"
        for key, run in runs.items():
            await self.study.examined(self.time, self.who, day, run, marks.get(key, "2.0"))

    async def state(self) -> dict[str, Any]:
        """Return the plan that holds by terms, the standing, and what the transcript says."""
        [plan] = [one for one in await self.plans() if one["holds"]]
        [programme] = (await self.who.get("/me/transcript"))["programmes"]
        return {
            "plan": {name: sorted(keys) for name, keys in where(plan).items()},
            "finish": plan["result"]["finishOn"],
            "standing": await self.who.get(f"{self.me}/standing"),
            "transcript": (programme["ectsEarned"], programme["ectsTotal"], programme["average"]),
        }

    def expected(
        self,
        plan: dict[str, list[str]],
        ects: int,
        due: list[tuple[str, str, str, int, bool]],
        average: str | None = "2.0",
        failed: bool = False,
    ) -> dict[str, Any]:
        """Return what is to be seen with so many ECTS; `due` are kind, day, term, ECTS and whether it is planned."""
        dates = [
            {
                "kind": kind, "on": on, "term": term, "left": (date.fromisoformat(on) - self.time.moment.date()).days,
                "ects": str(needed), "missing": str(needed if kind == "repeat" else max(0, needed - ects)),
                "planned": planned, "moduleId": self.simulation if kind == "repeat" else None,
                "title": "Simulation" if kind == "repeat" else None,
            }
            for kind, on, term, needed, planned in due
        ]  # fmt: skip
        attempt = {"moduleId": self.simulation, "title": "Simulation", "failed": 1, "left": 2}
        return {
            "plan": plan,
            "finish": "2030-09-30" if plan == FIRST else "2031-03-31",
            "standing": {
                "done": ects == 90, "ects": str(ects), "ectsTotal": "90", "attempts": [attempt] if failed else [],
                "dates": dates, "next": next((one for one in dates if one["missing"] != "0"), None),
            },
            "transcript": (str(ects), "90", average),
        }  # fmt: skip


async def test_from_the_first_plan_to_the_degree(world: World) -> None:
    with clock() as time:
        study = await Kniebis.founded(world)
        life = Life(time, study, await study.student("Ingrid"))
        ingrid, me = life.who, life.me

        # enrolled in September, she begins with the winter term; more hours from the time when her child goes to school
        await ingrid.put(f"{me}/track", {"budgets": BUDGETS}, If_Match='"0"')
        await life.accept(await life.planned())
        due = [
            ("target", "2029-09-30", S29, 60, True), ("target", "2032-09-30", "summer term 2032", 70, True),
            ("latest", "2033-09-30", "summer term 2033", 90, True),
        ]  # fmt: skip
        assert await life.state() == life.expected(FIRST, 0, due, average=None)

        runs = await study.term("winter", 2027, *FIRST[W27])
        assert await life.night() == []
        await life.studies("2028-02-15", runs)
        assert await life.state() == life.expected(FIRST, 15, due)

        await life.studies("2028-07-20", await study.term("summer", 2028, *FIRST[S28]))
        assert await life.state() == life.expected(FIRST, 30, due)

        # she goes abroad for the firm: a term of leave, in which no clock runs
        await life.accept(await life.planned(OFF))
        due = [
            ("target", "2030-03-31", W29, 60, True), ("target", "2033-03-31", "winter term 2032/33", 70, True),
            ("latest", "2034-03-31", "winter term 2033/34", 90, True),
        ]  # fmt: skip
        assert await life.state() == life.expected(LATER, 30, due)
        assert (await ingrid.get(f"{me}/track"))["track"]["leaves"] == [
            {"kind": "ordinary", "firstDay": "2028-10-01", "lastDay": "2029-03-31"}
        ]
        await study.term("winter", 2028, *FIRST[W28])
        time.to("2028-12-03")
        assert await life.night() == []
        assert await life.state() == life.expected(LATER, 30, due)

        # one of three exams is failed: the night brings a plan with its repeat, and nothing moves before she accepts it
        await life.studies("2029-07-20", await study.term("summer", 2029, *LATER[S29]), simulation="5.0")
        repeat = ("repeat", "2030-09-30", S30, 5)
        short = [("target", "2030-03-31", W29, 60, False), (*repeat, False), due[1], (*due[2][:4], False)]
        assert await life.state() == life.expected(LATER, 40, short, failed=True)
        assert [subject for subject, _ in await life.night()] == [ANEW]
        assert await life.state() == life.expected(LATER, 40, short, failed=True)
        newest = (await life.plans())[0]
        assert [one["value"] for one in newest["result"]["proven"] if one["level"] == "changes"] == ["1"]
        await life.accept(newest)
        due = [short[0], (*repeat, True), *due[1:]]
        assert await life.state() == life.expected(AGAIN, 40, due, failed=True)
        assert await life.night() == []

        runs = await study.term("winter", 2029, *AGAIN[W29])
        time.to("2029-10-03")
        told = "By 31.03.2030 you should have 60 ECTS; 20 are missing. Without them nothing is lost."
        assert await life.night() == [(NEARER, told)]
        await life.studies("2030-02-15", runs, control="1.0")
        assert await life.state() == life.expected(AGAIN, 55, due, average="1.9", failed=True)

        await life.studies("2030-07-20", await study.term("summer", 2030, *AGAIN[S30]), simulation="1.3")
        due = [("target", "2030-03-31", W29, 60, True), *due[2:]]
        assert await life.state() == life.expected(AGAIN, 75, due, average="1.8")

        await life.studies("2031-03-01", await study.term("winter", 2030, "thesis"), thesis="1.3")
        assert await life.state() == life.expected(AGAIN, 90, [], average="1.7")
        time.to("2031-06-03")
        assert await life.night() == []
        assert await life.state() == life.expected(AGAIN, 90, [], average="1.7")
        newest = (await life.plans())[0]
        assert where(newest) == where(next(one for one in await life.plans() if one["holds"]))
        assert [one["value"] for one in newest["result"]["proven"]] == ["0"] * 6
        page = (await ingrid.call("GET", f"{me}/plans/{newest['id']}/page")).text
        assert f"There are no weeks to come: the study ended with the {W30}." in page
