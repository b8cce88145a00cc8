"""The page by which a firm, without an account, enters and mends what it offers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from html import escape
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response

from lms_core.api import FieldError, InvalidInput, new_id
from lms_internship_credit.employer import Board
from lms_internship_credit.firm_words import FIELDS, LINE, RULES, TEXTS
from lms_internship_credit.forms import amount, field_of
from lms_internship_credit.layout import Visit
from lms_internship_credit.offers import Offer, Posting, wrong_in
from lms_internship_credit.page_words import P
from lms_internship_credit.telling import Language, day

_TYPES = {"first_day": "date", "last_day": "date", "closes_on": "date", "places": "number"}
_LONG, _FREE = ("tasks", "skills"), ("skills", "pay_cents")
_DAY = re.compile(r"(\d\d)\.(\d\d)\.(\d{4})")


class Typed(msgspec.Struct, frozen=True):
    """A form as it was sent: of which offer, in which state it was read (null: a new one), and what was typed."""

    offer_id: UUID
    revision: int | None
    fields: Mapping[str, str]


def typed(fields: Mapping[str, str]) -> Typed:
    """Return a form that was sent; the offer of a form that was tampered with is one that nobody has."""
    try:
        offer_id = UUID(fields.get("offer", ""))
    except ValueError:
        offer_id = new_id()
    revision = fields.get("revision", "")
    return Typed(offer_id, int(revision) if re.fullmatch("[0-9]{1,9}", revision) else None, fields)


def posting(form: Typed, today: date) -> Posting:
    """Read what a firm has typed. Raises InvalidInput that names each field that is wrong, all of them at once."""
    given: dict[str, Any] = {name: form.fields.get(name, "").strip().replace("\r\n", "\n") for name in FIELDS}
    wrong = set()
    for name in ("first_day", "last_day", "closes_on"):
        given[name] = _DAY.sub(r"\3-\2-\1", given[name])
    for name in ("site_id", "contact_id", "pay_cents"):
        given[name] = given[name] or None
    for name in ("pay_cents", "weekly_hours"):
        if not given[name]:
            continue
        try:
            number = amount(given[name])
        except ValueError:
            wrong.add(name)
        else:
            given[name] = int(number * 100) if name == "pay_cents" else str(number)
    read: dict[str, Any] = {}
    for name, text in given.items():  # one by one, for the decoder tells of the first that is wrong only
        kind = next(field.type for field in msgspec.structs.fields(Posting) if field.name == name)
        try:
            read[name] = msgspec.convert(text, kind, strict=False)
        except msgspec.ValidationError:
            wrong.add(name)
    wrong |= {field_of(error.field) for error in wrong_in(read)}
    if "closes_on" in read and read["closes_on"] < today:
        wrong.add("closes_on")
    if wrong:
        errors = [FieldError(f"body.{name}", "") for name in FIELDS if name in wrong]
        raise InvalidInput("The offer is not complete.", errors=errors)
    wire = dict(zip(Posting.__struct_fields__, Posting.__struct_encode_fields__, strict=True))
    return msgspec.convert({wire[name]: value for name, value in given.items()}, Posting, strict=False)


def show(
    board: Board, visit: Visit, *, told: str = "", form: Typed | None = None, wrong: Sequence[str] = ()
) -> Response[str]:
    """Show what a firm offers, each with a form to change it, and one for a new offer.

    `told` is a key of the texts. With `form` what was typed is shown once more, and what is `wrong` with it, by the
    fields' names.
    """
    language = visit.language
    say = {name: escape(words[language]) for name, words in TEXTS.items()}
    title = TEXTS["heading"][language].format(firm=board.firm.name)
    heading = say["heading"].format(firm=f"<bdi>{escape(board.firm.name)}</bdi>")
    known = {one.id for one in board.items}
    parts = [
        _summary(wrong, language) if wrong else "",
        f"<h1>{heading}</h1>",
        f'<p class="note" role="status">{say[told]}</p>' if told else "",
        f"<p>{say['office']}</p>",
        "" if board.items else f"<p>{say['none']}</p>",
        *(_section(board, one, visit, form, wrong) for one in board.items),
        f'<p><a href="{escape(visit.query())}&amp;cursor={board.next}">{say["more"]}</a></p>' if board.next else "",
        f"<h2>{say['new']}</h2>",
        _form(board, visit, None, form if form and form.offer_id not in known else None, wrong),
    ]
    title = f"{P['error'][language]}: {title}" if wrong else title
    return visit.show(title, "".join(parts), status=422 if wrong else 200)


def _summary(wrong: Sequence[str], language: Language) -> str:
    """List what is wrong, each with a link to its field."""
    lines = "".join(f'<li><a href="#{name}">{_mistake(name, language)}</a></li>' for name in FIELDS if name in wrong)
    return f'<div class="wrong" role="alert"><h2>{P["wrong"][language]}</h2><ul>{lines}</ul></div>'


def _mistake(name: str, language: Language) -> str:
    return escape(f"{FIELDS[name][language]}: {RULES.get(name, LINE)[language]}.")


def _section(board: Board, one: Offer, visit: Visit, form: Typed | None, wrong: Sequence[str]) -> str:
    language = visit.language
    say = {name: escape(words[language]) for name, words in TEXTS.items()}
    first, last, until = (day(when, language) for when in (one.first_day, one.last_day, one.closes_on))
    mine = form if form and form.offer_id == one.id else None
    period = say["period"].format(first=first, last=last, free=one.free, places=one.places)
    action, button = ("hand_in", say["hand_in"]) if one.state == "closed" else ("close", say["close"])
    return f"""<section><h2><bdi dir="auto">{escape(one.title)}</bdi></h2>
<p>{say[one.state].format(day=until)}</p><p>{period}</p>
<details{" open" if mine else ""}><summary>{say["change"]}</summary>{_form(board, visit, one, mine, wrong)}</details>
<form method="post" action="{escape(visit.query())}">{_hidden(str(one.id), str(one.revision))}
<button name="action" value="{action}">{button}</button></form></section>"""


def _form(board: Board, visit: Visit, one: Offer | None, form: Typed | None, wrong: Sequence[str]) -> str:
    language = visit.language
    offer_id, revision = (str(one.id), str(one.revision)) if one else (str(form.offer_id if form else new_id()), "")
    values = {name: _text(name, one, language) for name in FIELDS} if one else {"kind": "any", "places": "1"}
    if form:
        values = {name: form.fields.get(name, "") for name in FIELDS}
    rows = "".join(
        _field(
            board, name, values.get(name, ""), language, name if form else f"{name}-{offer_id}", wrong if form else ()
        )
        for name in FIELDS
        if name != "site_id" or board.firm.sites
    )
    return f"""<form method="post" action="{escape(visit.query())}" novalidate>{_hidden(offer_id, revision)}{rows}
<button name="action" value="save">{escape(TEXTS["save"][language])}</button></form>"""


def _hidden(offer_id: str, revision: str) -> str:
    return (
        f'<input type="hidden" name="offer" value="{offer_id}"><input type="hidden" name="revision" value="{revision}">'
    )


def _text(name: str, one: Offer, language: Language) -> str:
    """Return what a field shows of an offer, as one would type it."""
    if name == "site_id":
        return str(one.site.id) if one.site else ""
    value = getattr(one, name)
    if name == "pay_cents" and value is not None:
        value = f"{Decimal(value) / 100:.2f}"
    text = "" if value is None else str(value)
    return text.replace(".", ",") if language == "de" and name in ("pay_cents", "weekly_hours") else text


def _field(board: Board, name: str, value: str, language: Language, place: str, wrong: Sequence[str]) -> str:
    label = escape(FIELDS[name][language])
    if name in _FREE:
        label += f' <span class="hint">({P["optional"][language]})</span>'
    mark, mistake = f'id="{place}" name="{name}"', ""
    if name in wrong:
        mark += f' aria-invalid="true" aria-describedby="{place}-wrong"'
        mistake = f'<span class="mistake" id="{place}-wrong">{_mistake(name, language)}</span>'
    choices = _choices(board, name, language)
    if choices:
        options = "".join(
            f'<option value="{key}"{" selected" if key == value else ""}>{escape(text)}</option>'
            for key, text in choices
        )
        entry = f"<select {mark}>{options}</select>"
    elif name in _LONG:
        entry = f'<textarea {mark} rows="4" dir="auto">\n{escape(value)}</textarea>'
    else:
        entry = f'<input {mark} type="{_TYPES.get(name, "text")}" value="{escape(value)}">'
    return f'<p class="field"><label for="{place}">{label}</label>{mistake}{entry}</p>'


def _choices(board: Board, name: str, language: Language) -> list[tuple[str, str]]:
    """Return between what one chooses in a field; nothing where one types."""
    if name == "kind":
        return [(kind, TEXTS[kind][language]) for kind in ("any", "mandatory", "voluntary")]
    if name == "site_id":
        named = [(str(one.id), f"{one.name}, {one.place}") for one in board.firm.sites]
        return [("", TEXTS["nowhere"][language]), *named]
    if name == "contact_id":
        return [("", TEXTS["first"][language]), *((str(one.id), one.name) for one in board.firm.contacts or [])]
    return []
