"""Rules of completion: what they ask for, how they combine, and how they are told to a student."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms_core.modules.completion import Rule
from lms_core.progress.rules import Held, Unit, decided, missing
from lms_core.progress.state import State, join

if TYPE_CHECKING:
    from tests.support.world import World

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
SESSIONS = {"a": Held(90, remote=False), "b": Held(60, remote=True)}


def unit(rule: dict[str, Any] | None, duration: int | None = 1_000) -> Unit:
    return Unit("u", "Film", msgspec.convert(rule, Rule | None), duration)


def lacking(rule: dict[str, Any] | None, duration: int | None = 1_000, **state: Any) -> list[str]:
    return [one.text for one in missing(unit(rule, duration), State(**state), SESSIONS)]


WATCHED = {"rule": "watched", "percent": 80}
ATTENDED = {"rule": "attended", "percent": 80}
OPENED, READ, SIGNED = ({"rule": kind} for kind in ("opened", "readToEnd", "signedOff"))


@pytest.mark.parametrize(
    ("rule", "state", "expected"),
    [
        (None, {}, ["completing “Film”"]),
        (None, {"told_at": NOON}, []),
        (OPENED, {}, ["opening “Film”"]),
        (OPENED, {"told_at": NOON}, ["opening “Film”"]),
        (OPENED, {"facts": ["opened"]}, []),
        ({"rule": "submitted"}, {"facts": ["opened"]}, ["handing in “Film”"]),
        (SIGNED, {"facts": ["signedOff"]}, []),
        (WATCHED, {"watched": [[0, 80]]}, ["12 minutes of “Film”"]),
        (WATCHED, {"watched": [[0, 300], [310, 800]]}, ["10 seconds of “Film”"]),
        (WATCHED, {"watched": [[0, 799], [5_000, 9_000]]}, ["1 second of “Film”"]),  # there is no film any more
        (WATCHED, {"watched": [[200, 1_050]]}, []),
        ({"rule": "score", "score": "7.5"}, {}, ["7.5 points in “Film” (none so far)"]),
        ({"rule": "score", "score": "7.5"}, {"score": Decimal("7.4")}, ["7.5 points in “Film” (7.4 so far)"]),
        ({"rule": "score", "score": "7.5"}, {"score": Decimal("7.5")}, []),
        (ATTENDED, {}, ["120 minutes of attendance"]),
        (ATTENDED, {"attended": {"a": ["", "", 90, False, False]}}, ["30 minutes of attendance"]),
        (ATTENDED, {"attended": {"a": ["", "", 90, True, False]}}, ["120 minutes of attendance"]),  # excused
        (ATTENDED, {"attended": {"a": ["", "", 90, False, True]}}, ["120 minutes of attendance"]),  # not from home
        (ATTENDED, {"attended": {"b": ["", "", 90, False, True]}}, ["60 minutes of attendance"]),  # no more than held
        (ATTENDED, {"attended": {name: ["", "", 60, False, False] for name in "abc"}}, []),  # c was cancelled
        ({"rule": "all", "of": [OPENED, READ, SIGNED]}, {"facts": ["readToEnd"]},
         ["opening “Film”", "a lecturer's sign-off of “Film”"]),
        ({"rule": "any", "of": [READ, SIGNED]}, {}, ["1 of: reading “Film” to its end; a lecturer's sign-off of “Film”"]),
        ({"rule": "any", "of": [READ, SIGNED]}, {"facts": ["signedOff"]}, []),
        ({"rule": "nOf", "n": 2, "of": [OPENED, READ, SIGNED]}, {"facts": ["opened"]},
         ["1 of: reading “Film” to its end; a lecturer's sign-off of “Film”"]),
        ({"rule": "nOf", "n": 2, "of": [OPENED, READ]}, {}, ["opening “Film”", "reading “Film” to its end"]),
        ({"rule": "any", "of": [{"rule": "all", "of": [OPENED, READ]}, SIGNED]}, {},
         ["1 of: opening “Film” and reading “Film” to its end; a lecturer's sign-off of “Film”"]),
    ],
)  # fmt: skip
def test_what_a_rule_asks_for(rule: Any, state: dict[str, Any], expected: list[str]) -> None:
    assert lacking(rule, **state) == expected


def test_what_is_missing_can_be_said_in_any_language() -> None:
    film, score = {"rule": "watched", "percent": 80}, {"rule": "score", "score": "12.5"}
    rule = {"rule": "nOf", "n": 2, "of": [film, {"rule": "all", "of": [score, OPENED]}, ATTENDED, SIGNED]}
    sessions = {"a": Held(90, remote=False)}
    (found,) = missing(unit(rule, 600), State(score=Decimal(3), facts=["signedOff"]), sessions)
    assert msgspec.to_builtins(found) == {
        "code": "nOf", "unit": None, "n": 1, "text": found.text,
        "of": [
            [{"code": "watched", "unit": "u", "seconds": 480, "text": "8 minutes of “Film”"}],
            [
                {
                    "code": "score", "unit": "u", "score": "12.5", "scored": "3",
                    "text": "12.5 points in “Film” (3 so far)",
                },
                {"code": "opened", "unit": "u", "text": "opening “Film”"},
            ],
            [{"code": "attended", "unit": "u", "minutes": 72, "text": "72 minutes of attendance"}],
        ],
    }  # fmt: skip


def test_what_nobody_can_know_yet() -> None:
    assert lacking(WATCHED, None, watched=[[0, 900]]) == ["“Film”: it is not known yet how long this film is"]
    assert [one.text for one in missing(unit(ATTENDED), State(), {})] == ["“Film”: no session is planned yet"]


facts = st.lists(st.sampled_from(["opened", "readToEnd", "submitted", "signedOff"]), unique=True).map(sorted)
piece = st.tuples(st.integers(0, 900), st.integers(1, 400)).map(lambda told: [told[0], told[0] + told[1]])
states = st.builds(
    lambda facts, watched, score: State(facts=facts, watched=watched, score=score, told_score=score),
    facts, st.lists(piece, max_size=3), st.none() | st.decimals(0, 10, places=1),
)  # fmt: skip
leaf = st.sampled_from([OPENED, READ, SIGNED, WATCHED, {"rule": "score", "score": "5"}])
rules = st.recursive(
    leaf,
    lambda of: st.lists(of, min_size=1, max_size=3).flatmap(
        lambda some: st.sampled_from(["all", "any", "nOf"]).flatmap(
            lambda kind: st.fixed_dictionaries(
                {"rule": st.just(kind), "of": st.just(some)}
                | ({"n": st.integers(1, len(some))} if kind == "nOf" else {})
            )
        )
    ),
    max_leaves=6,
).filter(lambda rule: len(str(rule)) < 500)


@given(rules, states, states)
def test_more_done_never_means_more_missing(rule: Any, one: State, two: State) -> None:
    try:
        asked = unit(rule)
    except msgspec.ValidationError:
        return  # nested too deep
    both = join([one, two])
    if not missing(asked, one, {}):
        assert not missing(asked, both, {})
    done = decided(asked, both, {}, NOON)
    assert (done.completed_at == NOON) == (not missing(asked, both, {}))
    later = decided(unit({"rule": "score", "score": "100000"}), done, {}, datetime(2027, 1, 1, tzinfo=UTC))
    assert later == done  # whatever a new version asks for


def draft(units: list[dict[str, Any]], completion: Any = None) -> dict[str, Any]:
    return {"title": "M", "ects": "5", "workloadHours": 1, "units": units, "completion": completion}


async def test_rules_that_nobody_could_meet_are_refused(world: World) -> None:
    programme = await world.programme()
    module = await world.admin.post(f"/programmes/{programme['id']}/modules", {"key": "m", "title": "M"})
    text: dict[str, Any] = {"key": "text", "kind": "reading", "title": "Text"}
    quiz: dict[str, Any] = {"key": "quiz", "kind": "quiz", "title": "Quiz", "maxScore": "10"}
    of_units = {
        "rule": "nOf",
        "n": 2,
        "of": [{"rule": "unit", "unit": "text"}, {"rule": "unit", "unit": "gone"}, SIGNED],
    }
    content = draft(
        [
            {**text, "completion": {"rule": "any", "of": [OPENED, WATCHED]}},
            {**quiz, "completion": {"rule": "score", "score": "10.5"}},
            {**text, "key": "more", "completion": {"rule": "unit", "unit": "text"}},
        ],
        of_units,
    )
    path = f"/modules/{module['id']}/draft"
    problem = await world.admin.put(path, content, 422, If_Match='"1"')
    assert problem["errors"] == [
        {"where": "body.units[0].completion.of[1].rule", "reason": "watched makes sense for video only"},
        {"where": "body.units[1].completion.score", "reason": "the unit has at most 10"},
        {"where": "body.units[2].completion.rule", "reason": "only the completion of the whole module names units"},
        {"where": "body.completion.of[1].unit", "reason": "gone must be the key of a unit"},
        {
            "where": "body.completion.of[2].rule",
            "reason": "signedOff is a rule for a unit; name units by the rule unit",
        },
    ]
    deep: dict[str, Any] = OPENED
    for _ in range(5):
        deep = {"rule": "all", "of": [deep]}
    for wrong, where, reason in (
        ({"rule": "watched"}, ".percent", "is required in the rule watched"),
        ({"rule": "opened", "percent": 5}, ".percent", "has no meaning in the rule opened"),
        ({"rule": "watched", "percent": 101}, ".percent", "Expected `int` <= 100"),
        ({"rule": "all"}, ".of", "must hold rules in the rule all"),
        ({"rule": "nOf", "n": 2, "of": [OPENED]}, ".n", "must be at most 1, the number of rules in `of`"),
        ({"rule": "magic"}, ".rule", "Invalid enum value 'magic'"),
        (deep, ".of", "must be nested at most 5 deep"),
    ):
        content = draft([{**text, "completion": wrong}])
        problem = await world.admin.put(path, content, 400, If_Match='"1"')
        assert problem["errors"] == [{"where": f"body.units[0].completion{where}", "reason": reason}]
    right = draft([{**text, "completion": {"rule": "all", "of": [OPENED, READ]}}], {"rule": "unit", "unit": "text"})
    change = await world.admin.put(path, right, If_Match='"1"')
    assert change["changed"] is True
    kept = await world.admin.get(f"/modules/{module['id']}/content")
    assert (kept["completion"], kept["units"][0]["completion"]) == (
        right["completion"],
        right["units"][0]["completion"],
    )
    assert (await world.admin.put(path, right, If_Match='"2"'))["changed"] is False
