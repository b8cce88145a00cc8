import os
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from lms_core.client.errors import ClientError
from lms_core.client.folder import BrokenLink, Course, LeftOut, Outcome, read_folder
from lms_core.client.units import FileUse
from lms_core.modules.types import Unit


def page(front: str = "", body: str = "text") -> str:
    return f"---\n{front}\n---\n{body}"


def keys(course: Course) -> list[str]:
    return [unit.key for unit in course.units]


def notes(course: Course) -> dict[str, str]:
    return {outcome.path: outcome.note for outcome in course.outcomes if outcome.note}


def test_pages_come_in_the_order_of_the_author_chapter_by_chapter(write_folder):
    course = read_folder(
        write_folder(
            {
                "index.md": page("layout: home"),
                "b/intro.md": page("title: Basics\nnav_order: 2"),
                "b/ten.md": page("parent: Basics\nnav_order: 10"),
                "b/eight.md": page("parent: Basics\nnav_order: 08"),
                "b/seven.md": page("parent: Basics\nnav_order: 7"),
                "b/appendix.md": page("parent: basics\nnav_order: A1"),
                "b/appendix10.md": page("parent: Basics\nnav_order: A10"),
                "b/appendix2.md": page("parent: Basics\nnav_order: A2"),
                "b/deeper.md": page("title: Deeper\nparent: Basics"),
                "b/deepest.md": page("parent: Deeper"),
                "a/last.md": page("title: Last\nnav_order: 3"),
                "z10.md": page("title: No order"),
                "z9.md": page("title: No order either"),
                "files/data10.csv": "1",
                "files/data9.csv": "1",
                "files/Extra.csv": "1",
                "syllabus.pdf": "%PDF",
            }
        )
    )

    assert [(unit.key, unit.parent, unit.kind, unit.required) for unit in course.units] == [
        ("index", None, "reading", True),
        ("b-intro", None, "reading", True),
        ("b-seven", "b-intro", "reading", True),
        ("b-eight", "b-intro", "reading", True),
        ("b-ten", "b-intro", "reading", True),
        ("b-appendix", "b-intro", "reading", True),
        ("b-appendix2", "b-intro", "reading", True),
        ("b-appendix10", "b-intro", "reading", True),
        ("b-deeper", "b-intro", "reading", True),
        ("b-deepest", "b-deeper", "reading", True),
        ("a-last", None, "reading", True),
        ("z9", None, "reading", True),
        ("z10", None, "reading", True),
        ("syllabus.pdf", None, "file", False),
        ("files-data9.csv", None, "file", False),
        ("files-data10.csv", None, "file", False),
        ("files-extra.csv", None, "file", False),
    ]


def test_titles_come_from_front_matter_else_a_heading_else_the_name(write_folder):
    course = read_folder(
        write_folder(
            {
                "index.md": "welcome",
                "a.md": page("title: '  From   front matter '", "# Heading"),
                "b.md": "text\n\n## The `first` *heading*\nwith <br/> more\n\n# Later",
                "c.md": "Under\nlined\n===",
                "d.md": "<h2 class='x'><span>Chapter 2</span><br />\n<a id='y'></a>Dynamics &amp; more</h2>\n<h1>No</h1>",
                "e.md": "```\n# code\n```\n",
                "f/index.md": page("title:", "# "),
                "g.md": page(f"title: {'x' * 300}"),
                "film.mp4": "film",
            }
        )
    )

    assert {unit.key: unit.title for unit in course.units} == {
        "index": "Home",
        "a": "From front matter",
        "b": "The first heading",
        "c": "Under lined",
        "d": "Chapter 2 Dynamics & more",
        "e": "e",
        "f-index": "f",
        "g": "x" * 199 + "…",
        "film.mp4": "film.mp4",
    }
    assert course.title is None


def test_front_matter_that_is_broken_is_told_and_the_page_stays(write_folder):
    course = read_folder(
        write_folder(
            {
                "broken.md": "---\nlayout: default\ntitle: C++: pointers\n---\n# Pointers\n",
                "list.md": "---\ntitle: [a, b]\nnav_order: 1\n---\nText",
                "open.md": "---\ntitle: No end\n\nText",
                "twice.md": "---\ntitle: Closed twice\n---\n---\n\nText",
                "rules.md": "---\nonly rules\n---\nText",
                "windows.md": "\ufeff---\r\ntitle: Windows\r\n---\r\none\r\ntwo",
                "author.md": "---\ntitle : Spaced\nauthor : Ada\n---\n",
            }
        )
    )

    assert {unit.key: (unit.title, unit.body) for unit in course.units} == {
        "broken": ("Pointers", "# Pointers\n"),
        "list": ("list", "Text"),
        "open": ("open", "---\ntitle: No end\n\nText"),
        "twice": ("Closed twice", "\nText"),
        "rules": ("only rules", "---\nonly rules\n---\nText"),
        "windows": ("Windows", "one\ntwo"),
        "author": ("Spaced", ""),
    }
    assert notes(course) == {
        "broken.md": "line 3: the front matter is not valid YAML: mapping values are not allowed here",
        "list.md": "line 2: title in the front matter is not a text",
        "open.md": "line 1: the front matter has no closing ---",
        "author.md": "an empty page",
    }


def test_parents_that_cannot_be_are_told_and_the_page_stays_at_the_top(write_folder):
    course = read_folder(
        write_folder(
            {
                "a.md": page("title: A\nparent: C"),
                "b.md": page("title: B\nparent: A"),
                "c.md": page("title: C\nparent: B"),
                "below.md": page("title: Below\nparent: B"),
                "self.md": page("title: Self\nparent: Self"),
                "lost.md": page("title: Lost\nparent: Nobody"),
                "x/general.md": page("title: General"),
                "y/general.md": page("title: General"),
                "y/near.md": page("title: Near\nparent: General"),
                "far.md": page("title: Far\nparent: General"),
            }
        )
    )

    assert {unit.key: unit.parent for unit in course.units if unit.parent} == {
        "below": "b",
        "y-near": "y-general",
    }
    assert notes(course) == {
        "a.md": "the parents form a circle (a.md > c.md > b.md > a.md): stays at the top level",
        "b.md": "the parents form a circle (b.md > a.md > c.md > b.md): stays at the top level",
        "c.md": "the parents form a circle (c.md > b.md > a.md > c.md): stays at the top level",
        "self.md": 'parent "Self" is no other page\'s title: stays at the top level',
        "lost.md": 'parent "Nobody" is no other page\'s title: stays at the top level',
        "far.md": 'parent "General" is the title of x/general.md and y/general.md: stays at the top level',
    }


def test_nothing_is_dropped_without_a_word(write_folder, tmp_path):
    (tmp_path / "outside.txt").write_text("not part of the course")
    folder = write_folder(
        {
            "page.md": "# Page",
            "latin1.md": "Übung".encode("latin-1"),
            "nul.md": b"a\0b",
            "huge.md": "x" * 1_000_001,
            "empty.md": "",
            "empty.txt": "",
            ".git/config": "[core]",
            ".DS_Store": "x",
            "sub/Thumbs.db": "x",
            "drafts/a.md": "x",
            "module.yaml": "ignore: [drafts/*]",
        }
    )
    (folder / "out.txt").symlink_to(tmp_path / "outside.txt")
    (folder / "dangling.txt").symlink_to("nowhere.txt")
    (folder / "inside.txt").symlink_to("page.md")
    (folder / "loop").symlink_to(folder)
    os.mkfifo(folder / "pipe")
    Path(os.fsdecode(os.fsencode(folder) + b"/bad\xff\n.txt")).write_text("x")

    course = read_folder(folder)

    assert course.outcomes == [
        Outcome("empty.md", "reading", ["empty"], "an empty page"),
        Outcome("page.md", "reading", ["page"], ""),
        Outcome("empty.txt", "file", ["empty.txt"], "an empty file"),
        Outcome("huge.md", "file", ["huge"], "kept as a file: longer than 1000000 characters"),
        Outcome("inside.txt", "file", ["inside.txt"], ""),
        Outcome("latin1.md", "file", ["latin1"], "kept as a file: not UTF-8 text"),
        Outcome("nul.md", "file", ["nul"], "kept as a file: not text, there are NUL characters in it"),
        Outcome("module.yaml", "description", [], ""),
    ]
    assert course.left_out == [
        LeftOut(".DS_Store", "hidden"),
        LeftOut(".git/", "hidden"),
        LeftOut("bad\\udcff\\n.txt", "its name is not readable text"),
        LeftOut("dangling.txt", "a link to nothing"),
        LeftOut("drafts/a.md", "ignored by module.yaml"),
        LeftOut("loop/", "a link to a folder"),
        LeftOut("out.txt", "a link out of the folder"),
        LeftOut("pipe", "not an ordinary file"),
        LeftOut("sub/Thumbs.db", "hidden"),
    ]


def test_a_file_that_vanishes_while_the_folder_is_read_is_left_out(write_folder):
    folder = write_folder({"a.md": "[b](b.txt)", "b.txt": "b"})

    course = read_folder(folder, lambda progress: (folder / "b.txt").unlink(missing_ok=True))

    assert course.left_out == [LeftOut("b.txt", "cannot be read: No such file or directory")]
    assert course.broken_links == [
        BrokenLink("a.md", 1, "b.txt", "left out: cannot be read: No such file or directory")
    ]


def test_a_file_that_changes_while_it_is_read_ends_the_import(write_folder):
    folder = write_folder({"film.mp4": b"x" * 3_000_000})

    def write_on(progress):
        if progress.bytes:
            with (folder / "film.mp4").open("ab") as film:
                film.write(b"more")

    with pytest.raises(ClientError, match=r"film\.mp4 changed while it was read"):
        read_folder(folder, write_on)


def test_progress_counts_bytes_and_files(write_folder):
    seen = []

    read_folder(write_folder({"b.bin": b"x" * 1_500_000}), seen.append)
    read_folder(write_folder({"a.md": "four"}), seen.append)

    told = [(now.bytes, now.total_bytes, now.files, now.total_files) for now in seen]
    assert told[:4] == [
        (0, 1_500_000, 0, 1),
        (1_048_576, 1_500_000, 0, 1),
        (1_500_000, 1_500_000, 0, 1),
        (1_500_000, 1_500_000, 1, 1),
    ]
    assert told[4] == (0, 1_500_004, 0, 2)  # from here on two threads read
    assert told[-1] == (1_500_004, 1_500_004, 2, 2)


def test_a_folder_that_is_none_is_told(tmp_path):
    with pytest.raises(ClientError, match="nowhere is not a folder"):
        read_folder(tmp_path / "nowhere")


def test_module_yaml_orders_completes_and_adds(write_folder):
    course = read_folder(
        write_folder(
            {
                "index.md": "# Welcome",
                "lecture/index.md": page("title: Lecture\nnav_order: 1"),
                "lecture/one.md": page("title: One\nparent: Lecture\nnav_order: 1"),
                "lecture/two.md": page("title: Two\nparent: Lecture\nnav_order: 2", "[sheet](../sheet.pdf)"),
                "project/index.md": page("title: Project\nnav_order: 2"),
                "project/extra.md": page("title: Extra\nparent: Project"),
                "sheet.pdf": "pdf",
                "module.yaml": """\
units:
  - path: project/index.md
    key: work
    minutes: 120
  - path: lecture/two.md
    title: Second
  - {key: quiz, title: Quiz, kind: quiz, maxScore: 10.5}
  - path: sheet.pdf
    kind: assignment
    parent: work
completion:
  required: all
  optional: [lecture/*]
""",
            }
        )
    )

    assert course.title == "Welcome"
    assert msgspec.to_builtins(course.units) == msgspec.to_builtins(
        [
            Unit(key="index", kind="reading", title="Welcome", body="# Welcome"),
            Unit(key="work", kind="reading", title="Project", minutes=120, body="text"),
            Unit(key="sheet.pdf", kind="assignment", title="sheet.pdf", parent="work"),
            Unit(key="project-extra", kind="reading", title="Extra", parent="work", body="text"),
            Unit(key="lecture-index", kind="reading", title="Lecture", required=False, body="text"),
            Unit(
                key="lecture-two",
                kind="reading",
                title="Second",
                parent="lecture-index",
                required=False,
                body="[sheet](lms-file:sheet.pdf)",
            ),
            Unit(key="quiz", kind="quiz", title="Quiz", parent="lecture-index", max_score=Decimal("10.5")),
            Unit(key="lecture-one", kind="reading", title="One", parent="lecture-index", required=False, body="text"),
        ]
    )
    assert course.uses["sheet.pdf"] == [FileUse(path="sheet.pdf", key="sheet.pdf", role="content")]
    assert course.uses["lecture-two"] == [FileUse(path="sheet.pdf", key="sheet.pdf", role="attachment")]


def test_names_that_collide_or_say_little_in_ascii_still_make_units(write_folder):
    course = read_folder(
        write_folder({"a/b.md": "1", "a-b.md": "[x](漢字.md) [y](a/b.md)", "漢字.md": "2", "Übung 1.pdf": "3"})
    )

    assert {unit.key: unit.title for unit in course.units} == {
        "a-b-d8f2f1c5": "a-b",
        "b6a7f922": "漢字",
        "a-b-5a05f1b2": "b",
        "ubung-1.pdf": "Übung 1.pdf",
    }
    assert course.units[0].body == "[x](lms-unit:b6a7f922) [y](lms-unit:a-b-5a05f1b2)"
