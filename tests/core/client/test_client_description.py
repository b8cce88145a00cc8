from decimal import Decimal

import pytest

from lms_core.client.description import Completion, Description, UnitEntry, matches, read_description
from lms_core.client.errors import ClientError

FILES = ["index.md", "lecture/chapter01.md", "lecture/chapter02.md", "drafts/old.md", "sheet.pdf"]


def test_a_full_description_keeps_what_was_written():
    text = """\
key: molecular-dynamics
title: 2024
ects: 7.50
workloadHours: 225
language: de-AT
offered: [winter, summer]
prerequisites:
  - linear-algebra
units:
  - path: ./lecture/chapter01.md
    title: "Kapitel 1"
    minutes: 90
  - key: quiz-1
    title: First quiz
    kind: quiz
    maxScore: "12.5"
    parent: lecture/chapter01.md
  - path: sheet.pdf
    kind: assignment
    required: true
    parent: null
completion:
  required: [lecture/*]
  optional: [lecture/chapter02.md]
ignore: [drafts/]
"""
    assert read_description(text, FILES) == Description(
        key="molecular-dynamics",
        title="2024",
        ects=Decimal("7.50"),
        workload_hours=225,
        language="de-AT",
        offered=["winter", "summer"],
        prerequisites=["linear-algebra"],
        units=[
            UnitEntry(path="lecture/chapter01.md", title="Kapitel 1", minutes=90),
            UnitEntry(
                key="quiz-1",
                title="First quiz",
                kind="quiz",
                max_score=Decimal("12.5"),
                parent="lecture/chapter01.md",
            ),
            UnitEntry(path="sheet.pdf", kind="assignment", required=True, parent=None),
        ],
        completion=Completion(required=["lecture/*"], optional=["lecture/chapter02.md"]),
        ignore=["drafts/"],
    )


def test_an_empty_description_says_nothing():
    assert read_description("# nothing yet\n", FILES) == Description()


def test_all_mistakes_are_told_at_once_by_line_and_field():
    text = """\
key: Molecular Dynamics
titel: MD
ects: five
workloadHours: many
language:
offered: winter
prerequisites: [ok, "Not OK"]
ects: 6
units:
  - path: lecture/chapter1.md
    ects: 3
  - path: lecture/chapter01.md
    kind: video
    minutes: -1
    required: maybe
  - title: Quiz
    kind: quiz
  - key: exam
    title: Exam
    kind: reading
  - path: lecture/chapter01.md
    maxScore: 10
    parent: nowhere
  - just text
  - path: drafts/old.md
  - path:
completion:
  required: some
  optional: [labs/*]
ignore: [drafts/]
"""
    with pytest.raises(ClientError) as raised:
        read_description(text, FILES)

    assert str(raised.value).splitlines() == [
        'module.yaml:1: field key: "Molecular Dynamics" is not allowed; write lower-case letters, digits, dots, '
        "hyphens and underscores, such as molecular-dynamics",
        "module.yaml:2: field titel: there is no such field; did you mean title?",
        'module.yaml:3: field ects: "five" is not allowed; write a number from 0 to 300 with at most two decimals, '
        "such as 7.5",
        'module.yaml:4: field workloadHours: "many" is not allowed; write whole hours from 0 to 10000, such as 150',
        "module.yaml:5: field language: is empty; write a language tag, such as en or de-AT",
        "module.yaml:6: field offered: must be a list; write for each item winter or summer",
        'module.yaml:7: field prerequisites[1]: "Not OK" is not allowed; write lower-case letters, digits, dots, '
        "hyphens and underscores, such as molecular-dynamics",
        "module.yaml:8: field ects: given already in line 3",
        'module.yaml:10: field units[0].path: "lecture/chapter1.md" is not in the folder; '
        "did you mean lecture/chapter01.md?",
        "module.yaml:11: field units[0].ects: there is no such field",
        "module.yaml:13: field units[1].kind: a page cannot be a video; write reading, quiz, attendance or assignment",
        'module.yaml:14: field units[1].minutes: "-1" is not allowed; write whole minutes from 0 to 100000, such as 90',
        'module.yaml:15: field units[1].required: "maybe" is not allowed; write true or false',
        "module.yaml:16: field units[2]: a unit without path needs key, title and kind; add key",
        "module.yaml:20: field units[3].kind: a reading needs a path; write quiz, attendance or assignment",
        'module.yaml:21: field units[4].parent: "nowhere" is neither a page nor the key of a unit',
        'module.yaml:21: field units[4].path: "lecture/chapter01.md" is already that of units[1]',
        "module.yaml:22: field units[4].maxScore: only a quiz or an assignment has a score; "
        "write its kind, or leave this out",
        "module.yaml:24: field units[5]: must be fields, such as path: ...",
        'module.yaml:25: field units[6].path: "drafts/old.md" is ignored; take it out of ignore or of units',
        "module.yaml:26: field units[7].path: is empty; write the path of a file from the folder, "
        "such as lecture/chapter01.md",
        'module.yaml:28: field completion.required: "some" is not allowed; write all, none or a list of patterns, '
        "such as [lecture/*]",
        'module.yaml:29: field completion.optional: "labs/*" matches no file and no key',
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("title: a: b\n", "module.yaml:1: not valid YAML: mapping values are not allowed here"),
        ("key: x\nunits: [\n", "module.yaml:2: not valid YAML: "),
        ("[" * 800, "module.yaml: not valid YAML: nested too deeply"),
        ("title: \x01", "module.yaml: not valid YAML: "),
        ("just a text", "module.yaml:1: must be fields, such as key: ..."),
        ("key: &a [*a]", "module.yaml:1: field key: is a list; write "),
        ("ignore: [a, [b]]", "module.yaml:1: field ignore[1]: is a list; write a pattern of paths, such as drafts/*"),
        ("ects: .nan", 'module.yaml:1: field ects: ".nan" is not allowed; '),
        ("ects: 1e5", 'module.yaml:1: field ects: "1e5" is not allowed; '),
        ("ects: 7.125", 'module.yaml:1: field ects: "7.125" is not allowed; '),
    ],
)
def test_what_is_no_description_at_all_is_told_with_its_line(text: str, message: str):
    with pytest.raises(ClientError) as raised:
        read_description(text, [])

    assert str(raised.value).startswith(message)
    assert "\n" not in str(raised.value)


def test_patterns_match_paths_and_whole_folders():
    patterns = ["drafts/", "*.bak", "lecture/chapter0?.md"]

    assert [path for path in [*FILES, "a/b/c.bak", "drafts2/x.md"] if matches(path, patterns)] == [
        "lecture/chapter01.md",
        "lecture/chapter02.md",
        "drafts/old.md",
        "a/b/c.bak",
    ]
