"""What hosts and mentors see without an account: the case, and a form for each step that they can take."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any, TypeVar

import msgspec
from litestar import MediaType, Response

from lms_core.api import BadValue
from lms_internship_credit.agreements import current
from lms_internship_credit.applying import Applicants
from lms_internship_credit.case import Certified, Description, Entry, Evaluation, Mentor
from lms_internship_credit.lifecycle import Action, Role
from lms_internship_credit.wire import CaseView

T = TypeVar("T", bound=msgspec.Struct)

# The address holds a secret: it must reach neither caches nor other sites.
_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'",
}

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title><meta name="viewport" content="width=device-width">
<style>body{{font:1rem system-ui;max-width:50rem;margin:2rem auto;padding:0 1rem}}dt{{font-weight:bold}}
dd{{margin:0 0 .5rem;white-space:pre-wrap}}form,p.told{{border:1px solid;padding:.5rem 1rem;margin:1rem 0}}
label{{display:block;margin:.5rem 0}}input,textarea,button{{font:inherit;max-width:100%}}textarea{{width:100%}}
</style></head><body><h1>{title}</h1>{body}</body></html>"""

WORDS: dict[Action, str] = {
    "confirm": "Confirm this internship and name who looks after the student",
    "return": "Send it back to the student",
    "sign": "Sign this agreement",
    "refuse": "Refuse the change; the agreement before holds",
    "amend": "Propose a change, which all sign again",
    "interrupt": "Say that it is interrupted",
    "resume": "Say that it goes on",
    "cancel": "Cancel the internship",
    "certify": "Certify days and hours",
}
"""What hosts and mentors can do, as the button says it."""

NAMES = {
    "first_day": "First day", "last_day": "Last day", "weekly_hours": "Hours a week", "place": "Place",
    "tasks": "Tasks", "aims": "Aims", "monitoring": "How it is looked after", "language": "Language",
    "pay_cents": "Pay a month, in cents", "insurance": "Insurance",
}  # fmt: skip

POINTS = ("knowledge", "quality", "initiative", "teamwork", "reliability")
_LONG = ("tasks", "aims", "monitoring", "insurance")


def show(case: CaseView, role: Role, link: str, told: str = "") -> Response[str]:
    """Show a case with the steps that a role can take now; after one was taken (`told` says so) without."""
    what = case.change or case.description
    known = msgspec.structs.asdict(what) if what else {}
    facts = "".join(f"<dt>{NAMES[name]}</dt><dd>{escape(str(value))}</dd>" for name, value in known.items() if value)
    mentor = f"<dt>Mentor</dt><dd>{escape(case.mentor.name)}</dd>" if case.mentor else ""
    signed = "".join(
        f"<li>{escape(one.name)} ({one.party}), {one.at:%Y-%m-%d %H:%M} UTC</li>"
        for one in case.signatures
        if one.version == current(case)
    )
    agreement = (
        f"<h2>Agreement {current(case)}</h2><p>SHA-256 <code>{case.sha256}</code></p><ul>{signed}</ul>"
        if case.sha256
        else ""
    )
    if agreement and link:
        agreement += f'<p><a href="{role}/agreement.pdf?link={escape(link)}">All of it, as PDF</a></p>'
    steps = [one for one in case.next if one.by == role]
    forms = "".join(_form(case, one.action, link) for one in steps if one.action in WORDS)
    if role == "mentor" and case.state in ("ended", "certified", "rework", "report_submitted"):
        forms += _evaluation(link)
    nothing = "<p>There is nothing for you to do at the moment.</p>"
    body = (
        (f'<p class="told" role="status">{escape(told)}</p>' if told else "")
        + f"<p>It is {case.state.replace('_', ' ')}.</p><dl>{facts}{mentor}</dl>{agreement}"
        + ("" if told.startswith("Thank") else forms or nothing)
    )
    title = f"Internship of {case.student} at {case.organisation.name}"
    return Response(_PAGE.format(title=escape(title), body=body), media_type=MediaType.HTML, headers=_HEADERS)


def _form(case: CaseView, action: Action, link: str) -> str:
    fields = ""
    if action == "confirm":
        fields = _input("name", "Mentor") + _input("email", "E-mail", "email") + _input("position", "Position")
    if action == "certify":
        first, last = case.began_on, case.ended_on
        fields = _input("first_day", "First day", "date", first) + _input("last_day", "Last day", "date", last)
        fields += _input("hours", "Hours worked", "text") + _input("absent_days", "Days of interruption", "number", 0)
    if action == "amend" and case.description:
        known = msgspec.structs.asdict(case.description)
        fields = "".join(_described(name, known[name]) for name in NAMES)
    if action == "sign":
        fields = f'<input type="hidden" name="sha256" value="{case.sha256}">'
        fields += '<label><input type="checkbox" required> I have read the agreement above.</label>'
    if action in ("return", "refuse", "interrupt", "cancel", "amend"):
        fields += '<label>Why <textarea name="note" rows="3"></textarea></label>'
    return f"""<form method="post" action="?link={escape(link)}"><input type="hidden" name="action" value="{action}">
{fields}<button>{WORDS[action]}</button></form>"""


def _described(name: str, value: object) -> str:
    text = "" if value is None else escape(str(value))
    if name in _LONG:
        return f'<label>{NAMES[name]} <textarea name="{name}" rows="3">{text}</textarea></label>'
    return _input(name, NAMES[name], "date" if name.endswith("day") else "text", text)


def _input(name: str, label: str, kind: str = "text", value: object = "") -> str:
    text = "" if value is None else value
    return f'<label>{label} <input name="{name}" type="{kind}" value="{text}"></label>'


def _evaluation(link: str) -> str:
    choices = "".join(
        f'<label>{name.title()}, 1 (poor) to 5 (excellent) <input name="{name}" type="number" min="1" max="5"></label>'
        for name in POINTS
    )
    return f"""<form method="post" action="?link={escape(link)}"><input type="hidden" name="action" value="evaluate">
{choices}<label>In words <textarea name="words" rows="4"></textarea></label><button>Evaluate</button></form>"""


def entry_of(fields: Mapping[str, str]) -> Entry:
    """Read the form of a step. Raises BadValue where something is none."""
    action = fields.get("action", "")
    if action not in WORDS:
        raise BadValue("action", f"must be one of {', '.join(WORDS)}")
    given: dict[str, Any] = {"action": action, "note": fields.get("note", "")}
    parts: dict[str, tuple[str, type[msgspec.Struct]]] = {
        "confirm": ("mentor", Mentor), "certify": ("certified", Certified), "amend": ("change", Description),
    }  # fmt: skip
    if action == "sign":
        given["sha256"] = fields.get("sha256", "")
    if action in parts:
        name, kind = parts[action]
        if found := _named(kind, fields):  # a form that is left empty is told what is missing by the step
            given[name] = found
    return _read(Entry, given)


def evaluation_of(fields: Mapping[str, str]) -> Evaluation:
    """Read the mentor's judgement. Raises BadValue."""
    return _read(Evaluation, _named(Evaluation, fields))


def _named(kind: type[msgspec.Struct], fields: Mapping[str, str]) -> dict[str, str]:
    """Return the fields of a kind as they are called on the wire; what was left empty is left out."""
    pairs = zip(kind.__struct_fields__, kind.__struct_encode_fields__, strict=True)
    found = {wire: fields[name].strip() for name, wire in pairs if fields.get(name, "").strip()}
    for wire in {"hours", "weeklyHours"} & found.keys():
        found[wire] = found[wire].replace(",", ".")  # as many write it
    return found


def _read(kind: type[T], given: dict[str, Any]) -> T:
    try:
        return msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as error:
        raise BadValue("form", str(error)) from error


def show_applicants(found: Applicants, link: str, told: str = "") -> Response[str]:
    """Show a firm who applied for an offer, with two buttons for each who waits for a decision."""
    offer = found.offer
    rows = "".join(
        f"<h2>{escape(one.name)}</h2><p>{one.state.title()}</p><dl><dd>{escape(one.words)}</dd></dl>"
        + _decision(str(one.application_id), link, decided=one.state != "applied")
        for one in found.items
    )
    body = (
        (f'<p class="told" role="status">{escape(told)}</p>' if told else "")
        + f"<p>{offer.first_day} to {offer.last_day}; {offer.free} of {offer.places} places are free.</p>"
        + (rows or "<p>Nobody has applied yet.</p>")
    )
    return Response(_PAGE.format(title=escape(offer.title), body=body), media_type=MediaType.HTML, headers=_HEADERS)


def _decision(application: str, link: str, *, decided: bool) -> str:
    """Write two buttons or, where it is decided, one to take that back."""
    buttons = (
        '<button name="decision" value="agree">Agree</button> <button name="decision" value="decline">Decline</button>'
    )
    if decided:
        buttons = '<button name="decision" value="back">Take this back</button>'
    return f"""<form method="post" action="?link={escape(link)}">
<input type="hidden" name="application" value="{application}">{buttons}</form>"""


def plain(text: str) -> str:
    """Keep spreadsheets from taking a text for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
