"""What hosts and mentors see without an account: how an internship stands, and a form for each step that is theirs.

Pages work without a script, and on a telephone; only files need one, to be sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from html import escape
from typing import Any
from urllib.parse import urlencode

import msgspec
from litestar import Response

from lms_internship_credit.agreement_words import W, differences, means, moment, number, programme
from lms_internship_credit.agreements import current
from lms_internship_credit.case import Description
from lms_internship_credit.forms import FORMS, Field, Problem
from lms_internship_credit.layout import framed
from lms_internship_credit.letterhead import Letterhead, deadline
from lms_internship_credit.lifecycle import Role
from lms_internship_credit.page_words import ACTIONS, EVALUATE, FIELDS, PROBLEMS, RULES, STATES, P
from lms_internship_credit.policy import Internship
from lms_internship_credit.sending import BRING, SCRIPT, S, bring_form, file_field
from lms_internship_credit.telling import NEXT, Language, day
from lms_internship_credit.wire import CaseView

FIRST = ("confirm", "sign", "resume", "certify", EVALUATE)
"""Forms that are open; the others are folded, for few need them."""


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What a page shows, to whom, in which language; `link` is the secret of the link, empty once it is used up."""

    case: CaseView
    role: Role
    letterhead: Letterhead
    internship: Internship | None
    language: Language
    link: str

    def query(self, language: Language | None = None) -> str:
        """Return the query by which an address is opened as this page was, in this or another language."""
        return "?" + urlencode({"link": self.link, "language": language or self.language})


class Typed(msgspec.Struct, frozen=True):
    """What was typed into the form of an action and cannot be taken: the problem of each field by its name."""

    action: str
    fields: Mapping[str, str]
    problems: Mapping[str, Problem]


def show(seen: Seen, typed: Typed | None = None, status: int = 200) -> Response[str]:
    """Show a case with the steps that can be taken now, and with what was typed if that cannot be taken."""
    language = seen.language
    change = _change(seen) if seen.case.change else ""
    body = _title(seen) + _state(seen) + change + _plan(seen) + _agreement(seen) + _todo(seen, typed)
    sending = bring_form(seen.case, language, seen.query()) if seen.role == "host" else ""
    title, other = _plain_title(seen), seen.query("en" if language == "de" else "de")
    if typed:
        title, body = f"{P['error'][language]}: {title}", _summary(seen, typed) + body
    script = SCRIPT if sending else ""
    return framed(seen.letterhead, language, title, body + sending, other=other, script=script, status=status)


def thank(seen: Seen, action: str) -> Response[str]:
    """Show a case after a step, which has used the link up: nothing more can be done by it."""
    thanks = P["thanks_sign" if action == "sign" and seen.case.state == "approved" else "thanks"][seen.language]
    if action == BRING:
        thanks = S["thanks"][seen.language]
    told = f'<p class="note" role="status">{thanks}</p>'
    body = _title(seen) + told + _state(seen, awaited=False) + _plan(seen)
    return framed(seen.letterhead, seen.language, _plain_title(seen), body)


def _plain_title(seen: Seen) -> str:
    return P["title"][seen.language].format(student=seen.case.student, firm=seen.case.organisation.name)


def _title(seen: Seen) -> str:
    names = {"student": seen.case.student, "firm": seen.case.organisation.name}
    # a name in a script that runs from right to left turns nothing else around
    whole = {place: f"<bdi>{escape(name)}</bdi>" for place, name in names.items()}
    return f"<h1>{P['title'][seen.language].format(**whole)}</h1>"


def _state(seen: Seen, *, awaited: bool = True) -> str:
    case, language = seen.case, seen.language
    told = f"<p>{STATES[case.state][language]}</p>"
    until = deadline(case.state, case.description, case.due, seen.internship)
    if awaited and until and seen.role in NEXT.get(case.state, ()) and not _done(seen):
        told += f"<p><strong>{P['due'][language].format(day=day(until, language))}</strong></p>"
    return told


def _done(seen: Seen) -> bool:
    """Tell whether who sees this has done already what is awaited of all."""
    case = seen.case
    signed = any(one.party == seen.role and one.version == case.version for one in case.signatures)
    return signed if case.state in ("approved", "amendment_pending") else bool(case.evaluation)


def _rows(seen: Seen, what: Description) -> list[tuple[str, str]]:
    return [*programme(what, seen.case.mentor, seen.language), *means(what, seen.language)]


def _facts(rows: Sequence[tuple[str, str]]) -> str:
    pairs = "".join(f'<dt>{label}</dt><dd dir="auto">{escape(text)}</dd>' for label, text in rows)
    return f'<dl class="facts">{pairs}</dl>'


def _change(seen: Seen) -> str:
    """Show what a proposed change changes, old beside new."""
    case, language = seen.case, seen.language
    assert case.description
    assert case.change
    before, after = P["before"][language], P["after"][language]
    shown = "".join(
        f'<div class="change"><h3>{label}</h3><dl><div><dt>{before}</dt><dd dir="auto">{escape(was)}</dd></div>'
        f'<div><dt>{after}</dt><dd dir="auto">{escape(text)}</dd></div></dl></div>'
        for label, was, text in differences(_rows(seen, case.description), _rows(seen, case.change))
    )
    same = f"<p>{W['nothing_changed'][language]}</p>"
    return f"<h2>{P['change'][language]}</h2>{shown or same}"


def _plan(seen: Seen) -> str:
    what = seen.case.change or seen.case.description
    if what is None:
        return ""
    heading = P["whole" if seen.case.change else "plan"][seen.language]
    return f"<h2>{heading}</h2>{_facts(_rows(seen, what))}"


def _agreement(seen: Seen) -> str:
    case, language = seen.case, seen.language
    if not case.sha256:
        return ""
    version = current(case)
    signed = "".join(
        f"<li><bdi>{escape(one.name)}</bdi> ({W[one.party][language]}), {moment(one.at, language)} UTC</li>"
        for one in case.signatures
        if one.version == version
    )
    whole = f"<ul>{signed}</ul>" if signed else f"<p>{P['unsigned'][language]}</p>"
    return (
        f"<h2>{P['agreement'][language].format(version=version)}</h2>{whole}"
        f'<p><a href="{seen.role}/agreement.pdf{escape(seen.query())}">{P["pdf"][language]}</a></p>'
        f"<p>{P['digest'][language]}: <code>{case.sha256}</code></p>"
    )


def _todo(seen: Seen, typed: Typed | None) -> str:
    language, case = seen.language, seen.case
    actions: list[str] = [one.action for one in case.next if one.by == seen.role and one.action in FORMS]
    waits = case.state in ("approved", "amendment_pending") and _done(seen)
    if waits:
        actions.remove("sign")
    if seen.role == "mentor" and case.state in ("ended", "certified", "rework", "report_submitted"):
        actions.insert(0, EVALUATE)
    told = f"<p>{P['signed'][language]}</p>" if waits else ""
    if not actions:
        return told or f"<p>{P['nothing'][language]}</p>"
    ordered = sorted(actions, key=lambda action: action not in FIRST)
    forms = "".join(_form(seen, action, typed if typed and typed.action == action else None) for action in ordered)
    once = f"<p>{P['once'][language]}</p>" if len(actions) > 1 else ""
    return f"<h2>{P['todo'][language]}</h2>{told}{once}{forms}"


def _form(seen: Seen, action: str, typed: Typed | None) -> str:
    language = seen.language
    heading, button = (words[language] for words in ACTIONS[action])
    known = typed.fields if typed else _known(seen, action)
    fields = "".join(_field(seen, action, field, known.get(field.name, ""), typed) for field in FORMS[action])
    if action == "sign":
        fields += f'<input type="hidden" name="sha256" value="{seen.case.sha256}">'
    if action == "certify" and seen.role == "host":
        fields += file_field(action, language)
    if action == EVALUATE:
        fields = f"<p>{P['points_of'][language]}</p>{fields}"
    body = (
        f'<form method="post" action="{escape(seen.query())}" id="{action}">'
        f'<input type="hidden" name="action" value="{action}">{fields}<button>{button}</button></form>'
    )
    done = {"certify": seen.case.certified, EVALUATE: seen.case.evaluation}.get(action)
    if action in FIRST and not done:
        return f"<h3>{heading}</h3>{body}"
    return f"<details{' open' if typed else ''}><summary>{heading}</summary>{body}</details>"


def _known(seen: Seen, action: str) -> dict[str, str]:
    """Return what stands in a form before anybody types: what is known already."""
    case = seen.case
    if action == "amend" and case.description:
        return {name: _written(name, value, seen.language) for name, value in _asdict(case.description).items()}
    if action == "certify":
        days = {"first_day": case.began_on, "last_day": case.ended_on, "absent_days": case.absent_days}
        found = {**days, **(_asdict(case.certified) if case.certified else {})}
        return {name: _written(name, value, seen.language) for name, value in found.items()}
    if action == EVALUATE and case.evaluation:
        return {name: str(value) for name, value in _asdict(case.evaluation).items()}
    return {}


def _asdict(what: msgspec.Struct) -> dict[str, Any]:
    return msgspec.structs.asdict(what)


def _written(name: str, value: Any, language: Language) -> str:
    """Write a value as one would type it."""
    if value is None:
        return ""
    if name == "pay_cents":
        return f"{Decimal(value) / 100:.2f}".replace(".", "," if language == "de" else ".")
    return str(value).replace(".", ",") if isinstance(value, Decimal) and language == "de" else str(value)


_INPUTS = {
    "text": 'type="text" maxlength="200"', "email": 'type="email" maxlength="254" autocomplete="off"',
    "date": 'type="date"', "hours": 'type="text" inputmode="decimal" class="short"',
    "money": 'type="text" inputmode="decimal" class="short"', "days": 'type="text" inputmode="numeric" class="short"',
}  # fmt: skip


def _field(seen: Seen, action: str, field: Field, value: str, typed: Typed | None) -> str:
    language, place = seen.language, f"{action}-{field.name}"
    label = FIELDS[field.name][language]
    if not field.needed:
        label += f' <span class="hint">({P["optional"][language]})</span>'
    marks = " required" if field.needed else ""
    mistake = ""
    if typed and field.name in typed.problems:
        told = sentence(seen, action, field.name, typed.problems[field.name])
        mistake = f'<span class="mistake" id="{place}-wrong">{escape(told)}</span>'
        marks += f' aria-invalid="true" aria-describedby="{place}-wrong"'
    named = f'name="{field.name}"'
    if field.kind == "points":
        return f"<fieldset><legend>{label}</legend>{mistake}{_choices(place, named + marks, value)}</fieldset>"
    if field.kind == "agree":
        box = f'<input type="checkbox" id="{place}" {named} value="yes"{" checked" if value else ""}{marks}>'
        return f'<p class="field">{mistake}<label class="choice">{box} {label}</label></p>'
    if field.kind == "long":
        entry = f'<textarea id="{place}" {named} rows="4" dir="auto"{marks}>\n{escape(value)}</textarea>'
    else:
        entry = f'<input id="{place}" {named} {_INPUTS[field.kind]} value="{escape(value)}"{marks}>'
    return f'<p class="field"><label for="{place}">{label}</label>{mistake}{entry}</p>'


def _choices(place: str, marks: str, value: str) -> str:
    """Offer 1 to 5; what is wrong with the choice leads to the first."""
    whole = ""
    for n in "12345":
        more = marks + (f' id="{place}"' if n == "1" else "") + (" checked" if n == value else "")
        whole += f'<label class="choice"><input type="radio" value="{n}" {more}> {n}</label>'
    return whole


def _summary(seen: Seen, typed: Typed) -> str:
    """List what is wrong, each with a link to its field."""
    lines = ""
    names = [field.name for field in FORMS.get(typed.action, ())]
    for name, problem in typed.problems.items():
        told = escape(sentence(seen, typed.action, name, problem))
        lines += f'<li><a href="#{typed.action}-{name}">{told}</a></li>' if name in names else f"<li>{told}</li>"
    return f'<div class="wrong" role="alert"><h2>{P["wrong"][seen.language]}</h2><ul>{lines}</ul></div>'


def sentence(seen: Seen, action: str, name: str, problem: Problem) -> str:
    """Say in words of the field what is wrong with it."""
    language, case = seen.language, seen.case
    words = PROBLEMS[problem]
    if problem == "rule":
        words = RULES.get(f"{action}.{name}") or RULES.get(name) or words
    first = case.description.first_day if case.description else None
    days = {"first": first, "began": case.began_on, "ended": case.ended_on}
    told = {place: day(value, language) for place, value in days.items() if value}
    hours = number(seen.internship.day_hours, language) if seen.internship else ""
    label = FIELDS[name][language] if name in FIELDS else name
    return words[language].format(field=label, absent=case.absent_days, day_hours=hours, **told)
