"""Links of a course folder, and the files that they lead to."""

from lms_core.client.folder import Course, Outcome, read_folder


def notes(course: Course) -> dict[str, str]:
    return {outcome.path: outcome.note for outcome in course.outcomes if outcome.note}


def test_files_go_with_the_pages_that_use_them_and_the_others_stand_alone(write_folder):
    course = read_folder(
        write_folder(
            {
                "one.md": "# One\n![](img/a.png) [again](img/a.png) [data](data.csv)",
                "two.md": "# Two\n[the same image](img/a.png)\n\n<video src='talk.mp4'></video>",
                "img/a.png": "png",
                "img/unused.png": "png",
                "data.csv": "1,2",
                "talk.mp4": "film",
                "talk.de.vtt": "WEBVTT",
                "talk.vtt": "WEBVTT",
                "alone.webm": "film",
                "alone.en-GB.vtt": "WEBVTT",
                "other.vtt": "WEBVTT",
            }
        )
    )

    assert {key: [(use.key, use.role, use.language) for use in uses] for key, uses in course.uses.items()} == {
        "one": [("img-a.png", "inline", None), ("data.csv", "attachment", None)],
        "two": [
            ("img-a.png", "attachment", None),
            ("talk.mp4", "inline", None),
            ("talk.de.vtt", "caption", "de"),
            ("talk.vtt", "caption", None),
        ],
        "alone.webm": [("alone.webm", "content", None), ("alone.en-gb.vtt", "caption", "en-GB")],
        "other.vtt": [("other.vtt", "content", None)],
        "img-unused.png": [("img-unused.png", "content", None)],
    }
    assert [(unit.key, unit.kind) for unit in course.units] == [
        ("one", "reading"),
        ("two", "reading"),
        ("alone.webm", "video"),
        ("other.vtt", "file"),
        ("img-unused.png", "file"),
    ]
    assert (
        course.units[1].body == "# Two\n[the same image](lms-file:img-a.png)\n\n<video src='lms-file:talk.mp4'></video>"
    )
    assert Outcome("img/a.png", "inline", ["one", "two"], "") in course.outcomes


def test_links_lead_where_their_authors_meant(write_folder):
    body = """\
[a](../notes/Units.md#length) [b](../_notes/units) [c](/notes/units.html?x=1#mass) [d](../NOTES/) [e](image%20one.PNG)
[f](https://example.org/x.md) [g](mailto:a@b.org) [h](#here) [i](//cdn.example.org/x) [j](?page=2)
[k]({% link notes/Units.md %}) <a href="{{ site.baseurl }}/notes/Units.md">l</a> [m](sub\\\\data.csv) [n](übung.pdf)
[o](page.md#%C3%BCber%20%22uns%22) [p](sub/data.csv#row=2)
"""
    course = read_folder(
        write_folder(
            {
                "text/page.md": body,
                "notes/Units.md": "# Units",
                "notes/index.md": "# Notes",
                "text/image one.png": "png",
                "text/sub/data.csv": "1",
                "text/u\u0308bung.pdf": "pdf",
            }
        )
    )

    [unit] = [unit for unit in course.units if unit.key == "text-page"]
    assert (
        unit.body
        == """\
[a](lms-unit:notes-units#length) [b](lms-unit:notes-units) [c](lms-unit:notes-units#mass) [d](lms-unit:notes-index) [e](lms-file:text-image-one.png)
[f](https://example.org/x.md) [g](mailto:a@b.org) [h](#here) [i](//cdn.example.org/x) [j](?page=2)
[k](lms-unit:notes-units) <a href="lms-unit:notes-units">l</a> [m](lms-file:text-sub-data.csv) [n](lms-file:text-ubung.pdf)
[o](lms-unit:text-page#%C3%BCber%20%22uns%22) [p](lms-file:text-sub-data.csv#row=2)
"""
    )
    assert course.broken_links == []
    assert notes(course) == {
        "text/page.md": "line 1: ../_notes/units is taken for notes/Units.md; "
        "line 1: /notes/units.html?x=1#mass is taken for notes/Units.md; "
        "line 1: ../NOTES/ is taken for notes/index.md; "
        "line 1: image%20one.PNG is taken for text/image one.png; "
        "line 3: übung.pdf is taken for text/u\u0308bung.pdf"
    }


def test_links_that_lead_nowhere_are_listed_and_left(write_folder):
    body = (
        "---\ntitle: Page\n---\n"
        "[a](missing.pdf) [b](../../etc/passwd) [c](file:///C:/notes.pdf) [d](C:\\\\notes.pdf)\n"
        "[e]() [f](.secret) [g](folder/) [h](http://[::1) [i](chapter_one.md)\n\n"
        "| table |\n|---|\n| [j](chapter-one.md) \\| more |\n\n"
        "[k](READ.md) [l](drafts/x.md)\n"
    )
    folder = write_folder(
        {
            "text/page.md": body,
            "text/chapter-one.md": "# One",
            "text/folder/x.csv": "1",
            "text/.secret": "s",
            "text/Read.md": "1",
            "text/read.md": "2",
            "text/drafts/x.md": "3",
            "module.yaml": "ignore: [text/drafts/]",
        }
    )

    course = read_folder(folder)

    assert [(link.line, link.target, link.reason) for link in course.broken_links] == [
        (4, "missing.pdf", "not in the folder"),
        (4, "../../etc/passwd", "it leaves the folder"),
        (4, "file:///C:/notes.pdf", "a path on somebody's own computer"),
        (4, "C:\\notes.pdf", "a path on somebody's own computer"),
        (5, "", "the link has no target"),
        (5, ".secret", "left out: hidden"),
        (5, "folder/", "a folder without an index page"),
        (5, "http://[::1", "not a valid address"),
        (5, "chapter_one.md", "not in the folder; is text/chapter-one.md meant?"),
        (9, "chapter-one.md", "found, but it could not be rewritten here"),
        (11, "READ.md", "could be text/Read.md or text/read.md"),
        (11, "drafts/x.md", "left out: ignored by module.yaml"),
    ]
    [unit] = [unit for unit in course.units if unit.key == "text-page"]
    assert unit.body == body.removeprefix("---\ntitle: Page\n---\n")
