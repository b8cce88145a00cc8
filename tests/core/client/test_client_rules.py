"""Rules of completion in `module.yaml`: read with line and field of every mistake, pushed, kept, taken away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lms_core.client.course import import_course, prepare_course
from lms_core.client.description import read_description
from lms_core.client.errors import ClientError
from tests.support.world import MP4

if TYPE_CHECKING:
    from pathlib import Path

    from lms_core.client.http import LmsClient
    from tests.support.world import World

RULES = """\
units:
  - {path: lecture/one.md, completion: {rule: readToEnd}}
  - path: film.mp4
    completion:
      rule: any
      of:
        - {rule: watched, percent: 80}
        - {rule: signedOff}
  - {key: quiz, kind: quiz, title: Quiz, maxScore: 20, completion: {rule: score, score: 12.5}}
completion:
  optional: [film.mp4]
  rule: {rule: nOf, n: 2, of: [{rule: unit, unit: lecture/one.md}, {rule: unit, unit: quiz}, {rule: unit, unit: film.mp4}]}
"""


async def test_rules_are_pushed_kept_where_nothing_is_said_and_taken_away_by_null(
    world: World, client: LmsClient, write_folder
):
    programme = await world.programme()
    head = "key: md\nects: 5\nworkloadHours: 150\n"
    folder = write_folder({"lecture/one.md": "# One", "film.mp4": MP4, "module.yaml": head + RULES})

    async def push() -> tuple[bool, list[str], dict[str, object]]:
        made = await import_course(client, await prepare_course(client, folder, "ms"))
        [module] = (await world.admin.get(f"/programmes/{programme['id']}/modules"))["items"]
        content = await world.admin.get(f"/modules/{module['id']}/content")
        rules = {unit["key"]: unit["completion"] for unit in content["units"]}
        return made.change.changed, made.change.modified, rules | {"": content["completion"]}

    said = {
        "lecture-one": {"rule": "readToEnd"},
        "film.mp4": {"rule": "any", "of": [{"rule": "watched", "percent": 80}, {"rule": "signedOff"}]},
        "quiz": {"rule": "score", "score": "12.5"},
        "": {
            "rule": "nOf",
            "n": 2,
            "of": [{"rule": "unit", "unit": key} for key in ("lecture-one", "quiz", "film.mp4")],
        },
    }
    assert await push() == (True, [], said)
    assert await push() == (False, [], said)
    folder = write_folder({"module.yaml": head + "units:\n  - {key: quiz, kind: quiz, title: Quiz, maxScore: 20}\n"})
    changed, _, rules = await push()
    assert (changed, rules) == (True, said)  # the film is required again
    folder = write_folder(
        {"module.yaml": head + "units:\n  - {path: film.mp4, completion: null}\n  - {key: quiz, kind: quiz, title: Quiz, "
         "maxScore: 20, completion: {rule: signedOff}}\ncompletion: {rule: null}\n"}
    )  # fmt: skip
    assert (await push())[2] == said | {"film.mp4": None, "quiz": {"rule": "signedOff"}, "": None}


def test_every_mistake_is_told_with_its_line_and_field():
    text = """\
units:
  - path: one.md
    completion: {rule: watched, percent: 80}
  - path: film.mp4
    completion:
      rule: any
      of:
        - {rule: watched, percent: 180}
        - {rule: watch, percent: 80}
        - {percent: 80}
  - path: two.md
    completion: {rule: nOf, n: 3, of: [{rule: opened}, {rule: signedOff}]}
  - {key: quiz, kind: quiz, title: Quiz, maxScore: 10, completion: {rule: score, score: 12}}
  - {key: exam, kind: quiz, title: Exam, completion: {rule: all, of: [{rule: score, score: 2}, {rule: unit, unit: quiz}]}}
  - {path: three.md, completion: readToEnd}
  - path: four.md
    completion: &a {rule: all, of: [*a]}
completion:
  rule:
    rule: all
    of:
      - {rule: unit, unit: too.md}
      - {rule: opened}
"""
    with pytest.raises(ClientError) as raised:
        read_description(text, ["one.md", "film.mp4", "two.md", "three.md", "four.md"])

    kinds = "opened, readToEnd, watched, score, attended, submitted, signedOff, unit, all, any, nOf"
    deep = "units[6].completion" + ".of[0]" * 5
    assert str(raised.value).splitlines() == [
        "module.yaml:3: field units[0].completion.rule: watched makes sense for video only",
        'module.yaml:8: field units[1].completion.of[0].percent: "180" is not allowed; write whole percent from 1 to 100, '
        "such as 80",
        f'module.yaml:9: field units[1].completion.of[1].rule: "watch" is not allowed; write {kinds}',
        f"module.yaml:10: field units[1].completion.of[2].rule: is missing; write {kinds}",
        "module.yaml:12: field units[2].completion.n: must be at most 2, the number of rules in `of`",
        "module.yaml:13: field units[3].completion.score: the unit has at most 10",
        "module.yaml:14: field units[4].completion.of[0].score: the unit has no maxScore",
        "module.yaml:14: field units[4].completion.of[1].rule: only the completion of the whole module names units",
        "module.yaml:15: field units[5].completion: must be fields, such as rule: ...",
        f"module.yaml:17: field {deep}: rules are nested at most 5 deep",
        'module.yaml:22: field completion.rule.of[0].unit: "too.md" is neither a path nor the key of a unit; '
        "did you mean two.md?",
        "module.yaml:23: field completion.rule.of[1].rule: opened is a rule for a unit; name units by the rule unit",
    ]


async def test_a_file_that_is_part_of_a_page_is_no_unit_to_name(client: LmsClient, write_folder):
    rule = "completion: {rule: {rule: unit, unit: data.csv}}"
    folder: Path = write_folder({"page.md": "# Page\n[data](data.csv)", "data.csv": "1", "module.yaml": rule})
    with pytest.raises(
        ClientError, match=r'^module.yaml: field completion.rule: "data.csv" is part of other units, and'
    ):
        await prepare_course(client, folder, "ms")
