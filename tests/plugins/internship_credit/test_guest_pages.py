"""The pages of hosts and mentors: what they say in which language, and what becomes of what is typed into them."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lms_internship_credit.forms import FORMS, Problem, Wrong, amount, entry_of, evaluation_of
from lms_internship_credit.lifecycle import State
from lms_internship_credit.page_words import ACTIONS, FIELDS, PROBLEMS, RULES, STATES, P
from lms_internship_credit.telling import LANGUAGES

from tests.support.interns import DESCRIPTION, MENTOR, POINTS, Placement
from tests.support.reading import Page

if TYPE_CHECKING:
    from tests.support.world import World

CONTACT = {"name": "Praktikumsamt", "email": "office@university.example", "phone": "+49 7723 920-0"}
POINT_NAMES = [name for name in POINTS if name != "words"]


@pytest.fixture
async def scene(world: World, monkeypatch: pytest.MonkeyPatch) -> Placement:
    return await Placement.of(world, monkeypatch, contact=CONTACT)


async def opened(scene: Placement, case: str, role: str, query: str = "", **typed: str) -> Page:
    """Open the page of a fresh link, or send a form of it."""
    address = f"{scene.path}/{role}?link={await scene.link(case, role)}{query}"
    if typed:
        return Page(await scene.world.http.post(address, data=typed))
    return Page(await scene.world.http.get(address))


async def proposed(scene: Placement, **more: Any) -> str:
    case = await scene.drafted(**more)
    await scene.step("Ines", case, "propose")
    return case


async def approved(scene: Placement) -> str:
    case = await proposed(scene)
    await scene.guest(case, "host", "confirm", mentor=MENTOR)
    await scene.step("Sabine", case, "approve")
    return case


async def ended(scene: Placement) -> str:
    case = await scene.running()
    await scene.day("2027-06-05")
    return case


PLAN = [
    "Was vereinbart oder geplant ist", "Von, bis", "05.04.2027 \u2013 04.06.2027", "Stunden je Woche", "35", "Ort", "Villingen",
    "Sprache", "de", "Aufgaben", "Etch membranes and measure them.", "Ziele: was gelernt wird", "Know a clean room.",
    "Wie begleitet wird", "A talk each Friday.", "Betreuung im Betrieb", "Keine Angabe.", "Zuschuss oder Vergütung",
    "1.200,00 EUR im Monat", "Haftpflicht und Unfälle", "Liability and accident by the host.",
]  # fmt: skip


async def test_a_host_reads_what_is_proposed_by_whom_until_when_and_what_it_can_do(scene: Placement) -> None:
    case = await proposed(scene)
    page = await opened(scene, case, "host")
    assert (page.status, page.language) == (200, "de")
    assert page.lines == [
        "Programme ms", "This page in English", "Praktikum von Ines ms bei Sensors GmbH",
        "Es ist vorgeschlagen: bitte bestätigen Sie es und nennen Sie eine Betreuung, oder geben Sie es zurück.",
        "Bitte erledigen Sie das bis 04.04.2027.", *PLAN, "Was Sie tun können", "Dieser Link gilt für einen dieser Schritte.",
        "Bestätigen und Betreuung nennen", "Name der Betreuungsperson", "E-Mail der Betreuungsperson",
        "Funktion der Betreuungsperson (freiwillig)", "Bestätigen", "An die studierende Person zurückgeben",
        "Warum? Alle Beteiligten lesen es.", "Zurückgeben", "Praktikum absagen",
        "Ab welchem Tag, wenn nicht heute (freiwillig)", "Warum? Alle Beteiligten lesen es.", "Praktikum absagen",
        "Programme ms", "Fragen: Praktikumsamt, office@university.example, +49 7723 920-0",
    ]  # fmt: skip
    english = await opened(scene, case, "host", "&language=en")
    assert english.language == "en"
    assert english.lines[:5] == [
        "Programme ms", "Diese Seite auf Deutsch", "Internship of Ines ms at Sensors GmbH",
        "It is proposed: please confirm it and name who looks after the student, or send it back.",
        "Please do this by 2027-04-04.",
    ]  # fmt: skip
    # nobody is asked for a language that there is not
    assert (await opened(scene, case, "host", "&language=fr")).lines == page.lines


async def test_a_firm_elsewhere_reads_english_and_every_field_has_a_name(scene: Placement) -> None:
    lasers = {
        "name": "Lasers SARL", "place": "Lyon", "country": "FR", "contacts": [{"name": "Kim", "email": "kim@l.example"}],
    }  # fmt: skip
    firm = await scene["Otto"].post(f"{scene.path}/organisations", lasers)
    case = await scene.drafted(firm=firm["id"])
    await scene.step("Ines", case, "propose")
    page = await opened(scene, case, "host")
    assert page.language == "en"
    await scene.guest(case, "host", "confirm", mentor=MENTOR)
    pages = [page]
    await scene.step("Sabine", case, "approve")
    pages.append(await opened(scene, case, "host"))
    await scene.signed(case)
    for kind in ("insurance", "residence", "wage"):
        await scene["Otto"].put(f"{scene.path}/cases/{case}/clearances/{kind}", {"cleared": True, "note": "Seen."})
    await scene.step("Otto", case, "clear")
    await scene.day("2027-04-05")
    pages.append(await opened(scene, case, "host"))
    await scene.day("2027-06-05")
    pages += [await opened(scene, case, role) for role in ("host", "mentor")]
    seen = {place.partition("-")[0] for page in pages for place in page.fields}
    assert seen == {"confirm", "return", "cancel", "sign", "amend", "interrupt", "certify", "bring", "evaluate"}
    for page in pages:
        plain = {place for place, given in page.fields.items() if given.get("type") not in ("radio", "checkbox")}
        assert plain <= page.labels  # the others stand inside of theirs
        assert page.lines[0] == "Programme ms"


WRONG: list[tuple[str, dict[str, str], dict[str, str]]] = [
    ("confirm", {"name": " ", "email": "mia at firm"}, {
        "name": "„Name der Betreuungsperson“ muss ausgefüllt sein.",
        "email": "„E-Mail der Betreuungsperson“ muss eine Adresse sein wie mia@firma.example.",
    }),
    ("confirm", {"name": "Mia <b>", "email": "mïa@firm.example"}, {
        "email": "„E-Mail der Betreuungsperson“ muss eine Adresse sein wie mia@firma.example.",
    }),
    ("confirm", {"name": "M" * 201, "email": "m@firm.example"}, {"name": "„Name der Betreuungsperson“ ist zu lang."}),
    ("confirm", {"name": "M\x07", "email": "m@firm.example"}, {
        "name": "„Name der Betreuungsperson“ kann so nicht gespeichert werden.",
    }),
    ("return", {"note": ""}, {"note": "„Warum? Alle Beteiligten lesen es.“ muss ausgefüllt sein."}),
    ("return", {"note": "n" * 4_001}, {"note": "Bitte sagen Sie, warum (bis zu 4.000 Zeichen)."}),
    ("cancel", {"day": "2027-03-02", "note": "No."}, {
        "day": "Der Tag darf nicht nach heute liegen und nicht vor dem Beginn des Praktikums oder der Unterbrechung.",
    }),
    ("cancel", {"day": "31.02.2027", "note": "No."}, {
        "day": "„Ab welchem Tag, wenn nicht heute“ muss ein Tag sein wie 05.04.2027.",
    }),
]  # fmt: skip


async def test_what_cannot_be_taken_is_told_in_words_of_the_field_and_what_was_typed_stays(scene: Placement) -> None:
    case = await proposed(scene)
    for action, typed, told in WRONG:
        page = await opened(scene, case, "host", action=action, **typed)
        assert (page.status, page.wrong()) == (422, list(told.values())), typed
        assert page.leads == [f"{action}-{name}" for name in told]
        for name, value in typed.items():
            field = page.fields[f"{action}-{name}"]
            assert field.get("aria-describedby") == (f"{action}-{name}-wrong" if name in told else None)
            if name != "note":
                assert field["value"] == value
        assert [page.lines.count(sentence) for sentence in told.values()] == [2] * len(told)  # above, and at its field
    unread = await opened(scene, case, "host", action="propose")
    assert (unread.status, unread.wrong()) == (422, ["Wählen Sie einen der Schritte unten."])
    assert (await opened(scene, case, "host", action="evaluate")).status == 422
    # nothing of that has used a link up or moved the case
    assert (await scene["Otto"].get(f"{scene.path}/cases/{case}"))["state"] == "proposed"


CERTIFIED = {"first_day": "2027-04-05", "last_day": "2027-06-04", "hours": "300", "absent_days": "7"}


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"last_day": "2027-04-04"}, {"last_day": "The last day must not be before the first."}),
        ({"last_day": "2027-04-04", "hours": "x"}, {
            "hours": "“Hours worked, all in all” must be a number such as 37.5.",
            "last_day": "The last day must not be before the first.",
        }),
        ({"first_day": "2027-04-04"}, {
            "first_day": "The days must lie from 2027-04-05 to 2027-06-04, the days of the internship.",
        }),
        ({"absent_days": "6"}, {
            "absent_days": "The days of interruption must be 7 at least, which are on record, and fewer than all days "
            "from the first to the last.",
        }),
        ({"absent_days": "1.5"}, {"absent_days": "“Days of interruption in between” must be a whole number."}),
        ({"hours": "541"}, {"hours": "The hours must fit into the days: 10 a day at most."}),
        ({"first_day": "", "hours": "1e3"}, {
            "first_day": "“First day” must be filled in.",
            "hours": "“Hours worked, all in all” must be a number such as 37.5.",
        }),
    ],
)  # fmt: skip
async def test_what_is_certified_wrongly(scene: Placement, typed: dict[str, str], told: dict[str, str]) -> None:
    case = await scene.running()
    scene.at("2027-04-20")
    await scene.step("Ines", case, "interrupt")
    scene.at("2027-04-27")
    await scene.step("Ines", case, "resume")
    await scene.day("2027-06-05")
    page = await opened(scene, case, "host", "&language=en", action="certify", **{**CERTIFIED, **typed})
    assert (page.status, page.wrong(), page.leads) == (422, list(told.values()), [f"certify-{name}" for name in told])
    fresh = await opened(scene, case, "host")
    assert {name: fresh.fields[f"certify-{name}"]["value"] for name in CERTIFIED} == {**CERTIFIED, "hours": ""}
    done = await opened(
        scene, case, "host", action="certify", **{**CERTIFIED, "last_day": "04.06.2027", "hours": "300,5"}
    )
    assert (done.status, done.fields) == (200, {})
    served = (await scene["Otto"].get(f"{scene.path}/cases/{case}"))["certified"]
    assert served == {"firstDay": "2027-04-05", "lastDay": "2027-06-04", "hours": "300.5", "absentDays": 7}


async def test_a_change_is_shown_old_beside_new_and_signed_on_its_own_page(scene: Placement) -> None:
    case = await scene.running()
    form = (await opened(scene, case, "mentor")).fields
    typed = {
        "action": "amend", "first_day": "2027-04-05", "last_day": "2027-07-02", "weekly_hours": "37,5",
        "place": "Villingen", "tasks": "Etch.\r\nMeasure.", "aims": "Know a clean room.",
        "monitoring": "A talk each Friday.", "language": "de", "pay_cents": "1.500,00",
        "insurance": "Liability and accident by the host.", "note": "The machine came late.",
    }  # fmt: skip
    known = {name: form[f"amend-{name}"].get("value") for name in typed if f"amend-{name}" in form}
    assert (known["weekly_hours"], known["pay_cents"], known["place"]) == ("35", "1200,00", "Villingen")
    for more, told in (
        ({"first_day": "2027-04-06"}, "Der erste Tag muss 05.04.2027 bleiben: das Praktikum hat begonnen."),
        ({"last_day": "2030-07-02"}, "Der letzte Tag darf nicht vor dem ersten oder vor heute liegen und höchstens 1000 "
         "Tage nach dem ersten."),
        ({"weekly_hours": "61"}, "Die Stunden je Woche müssen zwischen 1 und 60 liegen."),
        ({"pay_cents": "1.50,00"}, "„Vergütung im Monat, in EUR“ muss ein Betrag sein wie 1200 oder 1200,50."),
    ):  # fmt: skip
        page = await opened(scene, case, "mentor", **{**typed, **more})
        assert (page.status, page.wrong()) == (422, [told])
    page = await opened(scene, case, "mentor", **{**typed, "last_day": "morgen", "weekly_hours": "61", "aims": ""})
    assert page.wrong() == [
        "„Letzter Tag“ muss ein Tag sein wie 05.04.2027.", "„Ziele: was gelernt wird“ muss ausgefüllt sein.",
        "Die Stunden je Woche müssen zwischen 1 und 60 liegen.",
    ]  # fmt: skip
    assert (await opened(scene, case, "mentor", **typed)).status == 200
    change = (await scene["Otto"].get(f"{scene.path}/cases/{case}"))["change"]
    assert change == {
        **DESCRIPTION, "lastDay": "2027-07-02", "weeklyHours": "37.5", "tasks": "Etch.\nMeasure.", "payCents": 150_000,
    }  # fmt: skip
    page = await opened(scene, case, "host")
    start, end = page.lines.index("Was sich ändern soll"), page.lines.index("Alles, wie es werden soll")
    assert page.lines[start - 2 : end] == [
        "Eine Änderung ist vorgeschlagen. Bis alle drei sie unterschrieben haben, gilt die Vereinbarung davor.",
        "Bitte erledigen Sie das bis 04.06.2027.", "Was sich ändern soll",
        "Von, bis", "Bisher", "05.04.2027 \u2013 04.06.2027", "Künftig", "05.04.2027 \u2013 02.07.2027",
        "Stunden je Woche", "Bisher", "35", "Künftig", "37,5",
        "Aufgaben", "Bisher", "Etch membranes and measure them.", "Künftig", "Etch. Measure.",
        "Zuschuss oder Vergütung", "Bisher", "1.200,00 EUR im Monat", "Künftig", "1.500,00 EUR im Monat",
    ]  # fmt: skip
    sha256 = (await scene["Otto"].get(f"{scene.path}/cases/{case}"))["sha256"]
    unread = await opened(scene, case, "host", action="sign", sha256=sha256)
    assert (unread.status, unread.wrong(), unread.leads) == (
        422, ["Kreuzen Sie an, dass Sie die Vereinbarung gelesen haben, bevor Sie unterschreiben."], ["sign-agree"],
    )  # fmt: skip
    old = await opened(scene, case, "host", action="sign", sha256="0" * 64, agree="yes")
    assert (old.status, old.wrong()) == (
        422,
        [
            "Die Vereinbarung hat sich geändert, seit Sie die Seite geöffnet haben. Bitte lesen Sie sie noch einmal, bevor "
            "Sie unterschreiben."
        ],
    )
    done = await opened(scene, case, "host", action="sign", sha256=sha256, agree="yes")
    assert (
        "Danke, das ist gespeichert, und die Beteiligten erfahren davon. Sie können diese Seite schließen."
        in done.lines
    )
    again = await opened(scene, case, "host")
    assert "Sie haben unterschrieben; die anderen noch nicht." in again.lines
    assert "sign-agree" not in again.fields
    twice = await opened(scene, case, "host", action="sign", sha256=sha256, agree="yes")
    assert (twice.status, twice.wrong()) == (409, [PROBLEMS["moved"]["de"]])


async def test_who_signs_first_hears_of_the_mail_that_comes(scene: Placement) -> None:
    case = await approved(scene)
    sha256 = (await scene["Otto"].get(f"{scene.path}/cases/{case}"))["sha256"]
    done = await opened(scene, case, "host", action="sign", sha256=sha256, agree="yes")
    assert P["thanks_sign"]["de"] in done.lines
    assert not [line for line in done.lines if line in (P["todo"]["de"], P["pdf"]["de"], P["other"]["de"])]


async def test_a_mentor_evaluates_and_mends_it(scene: Placement) -> None:
    case = await ended(scene)
    page = await opened(scene, case, "mentor", action="evaluate", knowledge="4", quality="6", words="Gladly again.")
    assert (page.status, page.wrong()) == (
        422, [
            "„Güte der Arbeit“: wählen Sie 1 bis 5.", "„Eigeninitiative“: wählen Sie 1 bis 5.",
            "„Zusammenarbeit“: wählen Sie 1 bis 5.", "„Zuverlässigkeit“: wählen Sie 1 bis 5.",
        ],
    )  # fmt: skip
    assert set(page.leads) <= set(page.fields)
    given = dict.fromkeys(POINT_NAMES, "4")
    assert (await opened(scene, case, "mentor", action="evaluate", **given)).status == 200
    assert (await opened(scene, case, "mentor", action="evaluate", **{**given, "quality": "5"})).status == 200
    kept = (await scene["Otto"].get(f"{scene.path}/cases/{case}"))["evaluation"]
    assert kept == {**dict.fromkeys(POINT_NAMES, 4), "quality": 5, "words": ""}
    # what has moved on meanwhile cannot be evaluated any more
    await scene.guest(
        case, "host", "certify", certified={"firstDay": "2027-04-05", "lastDay": "2027-06-04", "hours": "300"}
    )
    await scene["Ines"].put(f"{scene.path}/me/cases/{case}/report", {"text": "I etched."})
    await scene.step("Ines", case, "submit")
    await scene.step("Sabine", case, "evaluate")
    late = await opened(scene, case, "mentor", action="evaluate", **given)
    assert (late.status, late.wrong()) == (409, [PROBLEMS["moved"]["de"]])


async def test_what_others_write_is_text_in_whatever_direction_it_runs(scene: Placement) -> None:
    case = await proposed(scene, tasks='"><script>alert(1)</script>{student}', place="غرفة نظيفة {firm}")
    answer = await scene.world.http.get(f"{scene.path}/host?link={await scene.link(case, 'host')}")
    assert "<script" not in answer.text
    assert '<dd dir="auto">غرفة نظيفة {firm}</dd>' in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    page = await opened(scene, case, "host", action="confirm", name='"><script>', email="{x}")
    assert page.fields["confirm-name"]["value"] == '"><script>'


TYPED = st.text(max_size=30) | st.sampled_from(
    [
        "2027-04-05",
        "9999-12-31",
        "0001-01-01",
        "31.12.9999",
        "1.1.1",
        "37,5",
        "1e9",
        "NaN",
        "-1",
        "٣",
        "5",
        "a@b",
        "\x00",
    ]
)


@settings(max_examples=400, deadline=None)
@given(action=st.sampled_from(sorted(FORMS)), texts=st.data())
def test_whatever_is_typed_is_taken_or_told_at_fields_of_the_form(action: str, texts: st.DataObject) -> None:
    names = [field.name for field in FORMS[action]]
    fields = {name: texts.draw(TYPED, name) for name in [*names, "sha256"]}
    problems, taken = set[str](), True
    try:
        _ = evaluation_of(fields) if action == "evaluate" else entry_of(action, fields)
    except Wrong as wrong:
        problems, taken = set(wrong.problems), False
    assert problems <= {*names, "sha256"}
    assert taken != bool(problems)


def test_every_text_is_there_in_each_language_with_the_same_places() -> None:
    assert set(STATES) == set(get_args(State))
    assert set(ACTIONS) == set(FORMS)
    assert {field.name for fields in FORMS.values() for field in fields} == set(FIELDS)
    assert set(PROBLEMS) == set(get_args(Problem))
    words = [*P.items(), *STATES.items(), *FIELDS.items(), *PROBLEMS.items(), *RULES.items()]
    for name, pair in [*words, *((name, text) for name, texts in ACTIONS.items() for text in texts)]:
        places = {language: sorted(re.findall(r"{\w+}", pair[language])) for language in LANGUAGES}
        assert places["de"] == places["en"], name


async def test_whoever_comes_by_a_used_link_reads_when_it_was_used_there_and_whom_to_ask(scene: Placement) -> None:
    case = await proposed(scene)
    address = f"{scene.path}/host?link={await scene.link(case, 'host')}"
    typed = {"action": "confirm", "name": "Mia", "email": "mia@sensors.example"}
    assert (await scene.world.http.post(address, data=typed)).status_code == 200
    lines = Page(await scene.world.http.get(address, headers={"Accept": "text/html"})).lines
    whom = "Praktikumsamt, office@university.example, +49 7723 920-0"
    assert [line for line in lines if "used" in line or "benutzt" in line or whom in line] == [
        "This link is good for one time and was used on 2027-03-01 at 12:00 CET. What was sent then is kept.",
        f"Whom to ask: {whom}",
        "Dieser Link gilt für ein Mal und wurde am 01.03.2027 um 12:00 CET benutzt. Was dabei gesendet wurde, ist "
        "gespeichert.",
        f"Fragen Sie: {whom}",
    ]
    found = (await scene.world.http.get(address, headers={"Accept": "application/json"})).json()
    assert (found["type"], found["title"]) == ("urn:lms:problem:unauthenticated", "This link opens nothing now")
    guessed = await scene.world.http.get(f"{address}x", headers={"Accept": "text/html"})
    assert whom not in guessed.text


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("1200", "1200"), ("1200,5", "1200.5"), ("1200.50", "1200.50"), ("1.200,50", "1200.50"), ("1,200.50", "1200.50"),
        ("1.200", "1200"), ("1,200", "1200"), ("1.234.567,8", "1234567.8"), ("37,5", "37.5"), ("0", "0"),
        ("1.200.50", None), ("1.20,50", None), ("1,200,50", None), ("12.00.000", None), ("-1", None), ("1.2345", None),
        ("", None), (".5", None), ("1.", None), ("12345678", None),
    ],
)  # fmt: skip
def test_amounts_are_read_as_people_write_them(text: str, read: str | None) -> None:
    if read is None:
        with pytest.raises(ValueError, match="^" + re.escape(text) + "$"):
            amount(text)
    else:
        assert amount(text) == Decimal(read)
