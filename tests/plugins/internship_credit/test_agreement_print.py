"""The print of an agreement, whatever people wrote into it: nothing is lost, and the same gives the same bytes."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lms_internship_credit.agreement_print import MOST, known, pdf
from lms_internship_credit.agreement_words import W, boxes, number
from lms_internship_credit.agreements import Agreement, Done, Host, Party, Written
from lms_internship_credit.case import Certified, Description, Evaluation, Mentor
from lms_internship_credit.letterhead import Letterhead
from lms_internship_credit.policy import Part
from lms_internship_credit.settings import Contact
from lms_internship_credit.telling import LANGUAGES, Language
from lms_internship_credit.wire import Signature

from tests.support.pdfs import facts_of, files_of, pages_of, poppler

MOMENT = datetime(2027, 3, 1, 11, tzinfo=UTC)
PLAN = Description(
    first_day=date(2027, 4, 5), last_day=date(2027, 6, 4), weekly_hours=Decimal("37.50"), place="Villingen",
    tasks="Etch.", aims="Know a clean room.", insurance="By the host.",
)  # fmt: skip
PART = Part("main", "Praktikum", Decimal(5), hours=150)


def written(version: int = 1, student: str = "Ines", **more: Any) -> Written:
    return Written(
        case=UUID(int=7), version=version, regulation="po-2026", part="main",
        student=Party(student, "ines@example.org"), host=Host("Sensors GmbH", "Villingen", "DE"),
        mentor=Mentor("Mia Mentor", "mia@sensors.example"), supervisor=Party("Sabine", "sabine@example.org"),
        agreed=msgspec.structs.replace(PLAN, **more),
    )  # fmt: skip


def agreement(one: Written, **more: Any) -> Agreement:
    content = msgspec.json.encode(one).decode()
    sha256 = hashlib.sha256(content.encode()).hexdigest()
    whole: dict[str, Any] = {
        "letterhead": Letterhead("Hochschule, Mikrosysteme", Contact("Amt", "amt@university.example", "07723 1")),
        "due": None, "written": one, "content": content, "sha256": sha256, "made_at": MOMENT, "standing": "open",
        "signatures": (Signature(one.version, "host", "Hans", sha256, MOMENT + timedelta(hours=1)),), "before": None,
        "part": PART, "certified": None, "certified_by": None, "evaluation": None, "evaluated_by": None,
    }  # fmt: skip
    return Agreement(**{**whole, **more})


def text_of(found: Agreement, language: Language = "en") -> str:
    """Return the whole text, without what stands at the foot of each page."""
    pages = pages_of(pdf(found, language))
    feet = [re.search(rf" ?(Version|Fassung) \d+ (of|der) .* (page|Seite) {n} (of|von) {len(pages)}$", page)
            for n, page in enumerate(pages, 1)]  # fmt: skip
    assert all(feet), pages
    return " ".join(page[: foot.start()] for page, foot in zip(pages, feet, strict=True) if foot)


@poppler
def test_it_speaks_german() -> None:
    text = text_of(agreement(written(pay_cents=1_234_50), before=written(), due=date(2027, 4, 5)), "de")
    assert text == (
        "Hochschule, Mikrosysteme Fragen: Amt, amt@university.example, 07723 1 "
        "Lernvereinbarung für ein Praktikum Fassung 1. Noch haben nicht alle drei unterschrieben. "
        "Bitte unterschreiben Sie bis 05.04.2027. "
        "Wer vereinbart Studierende Person Ines, ines@example.org Betrieb Sensors GmbH, Villingen, DE "
        "Betreuung an der Hochschule Sabine, sabine@example.org Ordnung, Teil po-2026, main "
        "A. Das Praktikum im Betrieb Von, bis 05.04.2027 \u2013 04.06.2027 Stunden je Woche 37,5 Ort Villingen "
        "Sprache Keine Angabe. Aufgaben Etch. Ziele: was gelernt wird Know a clean room. "
        "Wie begleitet wird Keine Angabe. Betreuung im Betrieb Mia Mentor, Mentor, mia@sensors.example "
        "B. Was die Hochschule anerkennt [X] Praktikum: Die Ordnung po-2026 verlangt es. Ist es anerkannt, bringt es "
        "5 ECTS. Mindestens: 150 Stunden. [ ] Es ist freiwillig während des Studiums; die Ordnung verlangt es nicht. "
        "[ ] Es folgt nach dem Abschluss. "
        "Tabelle B gibt die Ordnung von heute wieder; sie wird nicht mit unterschrieben. "
        "C. Vergütung und Versicherung Zuschuss oder Vergütung 1.234,50 EUR im Monat "
        "Haftpflicht und Unfälle By the host. "
        "A2. Was diese Fassung ändert Fassung 1, von allen unterschrieben Diese Fassung, 1 "
        "Zuschuss oder Vergütung keine 1.234,50 EUR im Monat "
        "Unterschriften Als Name Wann (UTC) Studierende Person \u2013 hat nicht unterschrieben "
        "Betrieb Hans 01.03.2027 12:00:00 Betreuung an der Hochschule \u2013 hat nicht unterschrieben "
        f"SHA-256 des Unterschriebenen {agreement(written(pay_cents=1_234_50)).sha256} "
        "Unterschrieben wird die Datei agreement-1.json, die diesem Druck Byte für Byte angehängt ist. Der Befehl "
        "sha256sum nennt für sie dieselbe Prüfsumme."
    )


@poppler
def test_names_of_any_script_and_what_looks_like_a_place_for_something() -> None:
    names = "Ψάρι Weiß, Иванова, Nguyễn, e\u0301, {nb} **b** {page} \u202e"
    found = agreement(written(student=names, tasks="山田 \ue000 \U0001f600\ta\x0bb\u2028c"))
    text = text_of(found)
    assert "Student Ψάρι Weiß, Иванова, Nguyễn, é, {nb} **b** {page} , ines@example.org Host" in text
    assert "Tasks ▯▯ ▯ ▯ a b c Aims" in text
    assert text.endswith("▯ stands for a letter that the font of this print does not have; the attached file has it.")
    file = pdf(found, "en")
    assert files_of(file) == {"agreement-1.json": found.content.encode()}
    facts = facts_of(file)
    assert facts["Title"].startswith("Learning agreement 1: Ψάρι Weiß, Иванова, Nguyễn")
    assert (facts["CreationDate"], facts["Page size"]) == ("2027-03-01T12:00:00Z", "595.28 x 841.89 pts (A4)")
    assert known("Λέιζερ, лазеры, e\u0301") == "Λέιζερ, лазеры, é"


@poppler
def test_long_texts_go_on_over_pages_and_nothing_of_them_is_lost() -> None:
    tasks = " ".join(f"task{n}" for n in range(2_000))
    aims = "\n".join(f"- aim {n}" for n in range(300))
    was = " ".join(f"old{n}" for n in range(1_500))
    found = agreement(written(2, tasks=tasks, aims=aims), before=written(tasks=was, aims=aims))
    text = text_of(found)
    a, _, a2 = text.partition(" A2. ")
    assert " ".join(re.findall(r"task\d+", a)) == tasks
    assert re.findall(r"- aim \d+", a) == aims.split("\n")
    # on each page the one column is read before the other
    assert (re.findall(r"task\d+", a2), re.findall(r"old\d+", a2)) == (tasks.split(), was.split())
    assert a2.index("old0 ") < a2.index("task0 ") < a2.index("old1499 ") < a2.index("task1999 ")
    assert len(pages_of(pdf(found, "en"))) < 30


@poppler
def test_thousands_of_lines_are_cut_where_it_is_said_and_stay_in_the_attached_file() -> None:
    found = agreement(written(tasks="line\n" * 3_000, aims="\n" * 9_000 + "."))
    file = pdf(found, "en")
    text = text_of(found)
    assert (text.count("line "), text.count("[…]")) == (MOST, 3)
    assert text.endswith("[…] stands for the rest of a text of very many lines; the attached file has it.")
    assert files_of(file)["agreement-1.json"].count(b"line\\n") == 3_000


@settings(max_examples=25, deadline=None)
@given(
    tasks=st.text(max_size=300).map("x".__add__),
    name=st.text(min_size=1, max_size=60),
    language=st.sampled_from(LANGUAGES),
)
def test_whatever_people_write_can_be_printed_and_always_alike(tasks: str, name: str, language: Language) -> None:
    later = MOMENT + timedelta(days=90)
    found = agreement(
        written(2, name, tasks=tasks), standing="holds", before=written(tasks=f"x{tasks[::-1]}"),
        certified=Certified(PLAN.first_day, PLAN.last_day, Decimal("300.5"), 3),
        certified_by=Done(name, "host", later), evaluation=Evaluation(1, 2, 3, 4, 5, tasks),
        evaluated_by=Done(name, "mentor", later),
    )  # fmt: skip
    first = pdf(found, language)
    assert first == pdf(found, language)
    assert first.startswith(b"%PDF")


@pytest.mark.parametrize(
    ("part", "ticked", "text"),
    [
        (
            Part("main", "Internship", Decimal("7.5"), weeks=12, months=3, most_weeks=16),
            0,
            "Internship: The regulation po-2026 demands it. Once it is recognised, it brings 7.5 ECTS. "
            "At least: 12 weeks, 3 months. What goes beyond 16 weeks is voluntary.",
        ),
        (
            Part("main", "Internship", Decimal(10), hours_per_ects=Decimal(30), step=Decimal("0.5")),
            0,
            "Internship: The regulation po-2026 demands it. Once it is recognised, it brings 1 ECTS for 30 hours, in "
            "steps of 0.5, 10 ECTS at most.",
        ),
        (None, 1, "It is voluntary during the study; the regulation does not demand it."),
    ],
)
def test_exactly_one_of_three_boxes_is_ticked(part: Part | None, ticked: int, text: str) -> None:
    found = boxes(part, "po-2026", "en")
    assert [box for box, _ in found] == ["[X]" if n == ticked else "[  ]" for n in range(3)]
    assert found[ticked][1] == text


def test_each_text_is_there_in_each_language_with_the_same_places() -> None:
    for name, words in W.items():
        places = {language: sorted(re.findall(r"{\w+}", words[language])) for language in LANGUAGES}
        assert places["de"] == places["en"], name


def test_numbers_are_written_as_people_write_them() -> None:
    values = (Decimal("37.50"), Decimal(100), Decimal("1234.5"), 0)
    assert [number(one, "en") for one in values] == ["37.5", "100", "1,234.5", "0"]
    assert [number(one, "de") for one in values] == ["37,5", "100", "1.234,5", "0"]
    assert number(Decimal("0.1"), "de", 2) == "0,10"
