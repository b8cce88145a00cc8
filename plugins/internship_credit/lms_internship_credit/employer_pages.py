"""The page by which a firm, without an account, enters and mends what it offers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from html import escape
from typing import Any
from uuid import UUID

import msgspec
from litestar import MediaType, Response

from lms_core.api import BadValue, FieldError, InvalidInput, new_id
from lms_internship_credit.employer import Board
from lms_internship_credit.employer_words import FIELDS, LINE, RULES, TEXTS
from lms_internship_credit.offers import Offer, Posting
from lms_internship_credit.telling import Language

# The address holds a secret: it must reach neither caches nor other sites.
_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'",
}

_PAGE = """<!doctype html>
<html lang="{language}"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>
body{{font:1rem/1.4 system-ui;max-width:50rem;margin:2rem auto;padding:0 1rem;overflow-wrap:anywhere;hyphens:auto}}
section,form,p.told,div.wrong{{border:1px solid;padding:.5rem 1rem;margin:1rem 0}}section form{{border:0;padding:0}}
label{{display:block;margin:.75rem 0}}input,select,textarea,button{{font:inherit;max-width:100%;box-sizing:border-box}}
input,select,textarea{{display:block;width:100%}}:focus-visible{{outline:3px solid #05a}}
[aria-invalid]{{border-color:#b00}}
</style></head><body><h1>{title}</h1>{body}</body></html>"""

_TYPES = {"first_day": "date", "last_day": "date", "closes_on": "date", "places": "number"}
_LONG = ("tasks", "skills")
_NUMBER = re.compile(r"(\d{1,7})([.,]\d{1,2})?")


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


def posting(form: Typed) -> Posting:
    """Read what a firm has typed. Raises InvalidInput that names each field that is wrong."""
    given: dict[str, Any] = {name: form.fields.get(name, "").strip().replace("\r\n", "\n") for name in FIELDS}
    wrong = []
    for name in ("site_id", "contact_id", "pay_cents"):
        given[name] = given[name] or None
    for name in ("pay_cents", "weekly_hours"):
        if not given[name]:
            continue
        number = _NUMBER.fullmatch(given[name])
        if number is None:
            wrong.append(name)
        elif name == "pay_cents":
            given[name] = int(Decimal(given[name].replace(",", ".")) * 100)
        else:
            given[name] = given[name].replace(",", ".")
    for name, text in given.items():  # one by one, for the decoder tells of the first that is wrong only
        kind = next(field.type for field in msgspec.structs.fields(Posting) if field.name == name)
        try:
            msgspec.convert(text, kind, strict=False)
        except msgspec.ValidationError:
            wrong.append(name)
    if wrong:
        errors = [FieldError(f"body.{name}", "") for name in FIELDS if name in wrong]
        raise InvalidInput("The offer is not complete.", errors=errors)
    wire = dict(zip(Posting.__struct_fields__, Posting.__struct_encode_fields__, strict=True))
    try:
        return msgspec.convert({wire[name]: value for name, value in given.items()}, Posting, strict=False)
    except msgspec.ValidationError as error:
        if isinstance(error.__cause__, BadValue):
            where = [FieldError(f"body.{error.__cause__.field}", error.__cause__.reason)]
            raise InvalidInput("The offer cannot be like that.", errors=where) from error
        raise


def show(
    board: Board, link: str, *, told: str = "", form: Typed | None = None, wrong: Sequence[str] = ()
) -> Response[str]:
    """Show what a firm offers, each with a form to change it, and one for a new offer.

    `told` is a key of the texts. With `form` what was typed is shown once more, and what is `wrong` with it, by the
    fields' names.
    """
    language: Language = board.firm.contacts[0].language if board.firm.contacts else "en"
    say = {name: escape(words[language]) for name, words in TEXTS.items()}
    known = {one.id for one in board.items}
    errors = "".join(
        f'<li><a href="#{name}">{escape(FIELDS[name][language])}</a> {escape(RULES.get(name, LINE)[language])}</li>'
        for name in FIELDS
        if name in wrong
    )
    parts = [
        f'<p class="told" role="status">{say[told]}</p>' if told else "",
        f'<div class="wrong" role="alert"><p>{say["wrong"]}</p><ul>{errors}</ul></div>' if errors else "",
        f"<p>{say['office']}</p>",
        "" if board.items else f"<p>{say['none']}</p>",
        *(_section(board, one, link, language, form, wrong) for one in board.items),
        f'<p><a href="?link={escape(link)}&amp;cursor={board.next}">{say["more"]}</a></p>' if board.next else "",
        f"<h2>{say['new']}</h2>",
        _form(board, link, language, None, form if form and form.offer_id not in known else None, wrong),
    ]
    title = escape(TEXTS["heading"][language].format(firm=board.firm.name))
    page = _PAGE.format(language=language, title=title, body="".join(parts))
    return Response(page, media_type=MediaType.HTML, headers=_HEADERS, status_code=422 if wrong else 200)


def _section(board: Board, one: Offer, link: str, language: Language, form: Typed | None, wrong: Sequence[str]) -> str:
    say = {name: escape(words[language]) for name, words in TEXTS.items()}
    mine = form if form and form.offer_id == one.id else None
    period = say["period"].format(first=one.first_day, last=one.last_day, free=one.free, places=one.places)
    action, button = ("hand_in", say["hand_in"]) if one.state == "closed" else ("close", say["close"])
    return f"""<section><h2>{escape(one.title)}</h2><p>{say[one.state].format(day=one.closes_on)}</p><p>{period}</p>
<details{" open" if mine else ""}><summary>{say["change"]}</summary>{_form(board, link, language, one, mine, wrong)}
</details><form method="post" action="?link={escape(link)}">{_hidden(str(one.id), str(one.revision))}
<button name="action" value="{action}">{button}</button></form></section>"""


def _form(
    board: Board, link: str, language: Language, one: Offer | None, form: Typed | None, wrong: Sequence[str]
) -> str:
    offer_id, revision = (str(one.id), str(one.revision)) if one else (str(form.offer_id if form else new_id()), "")
    values = {name: _text(name, one) for name in FIELDS} if one else {"kind": "any", "places": "1"}
    if form:
        values = {name: form.fields.get(name, "") for name in FIELDS}
    rows = "".join(
        _field(
            board,
            name,
            values.get(name, ""),
            language,
            name if form else f"{name}-{offer_id}",
            bool(form) and name in wrong,
        )
        for name in FIELDS
        if not (name == "site_id" and not board.firm.sites)
    )
    return f"""<form method="post" action="?link={escape(link)}" novalidate>{_hidden(offer_id, revision)}{rows}
<button name="action" value="save">{escape(TEXTS["save"][language])}</button></form>"""


def _hidden(offer_id: str, revision: str) -> str:
    return (
        f'<input type="hidden" name="offer" value="{offer_id}"><input type="hidden" name="revision" value="{revision}">'
    )


def _text(name: str, one: Offer) -> str:
    """Return what a field shows of an offer."""
    if name == "site_id":
        return str(one.site.id) if one.site else ""
    value = getattr(one, name)
    if name == "pay_cents" and value is not None:
        return f"{Decimal(value) / 100:.2f}"
    return "" if value is None else str(value)


def _field(board: Board, name: str, value: str, language: Language, place: str, wrong: bool) -> str:
    mark = f'id="{place}" name="{name}"' + (' aria-invalid="true"' if wrong else "")
    label = f'<label for="{place}">{escape(FIELDS[name][language])}'
    if name in _LONG:
        return f'{label} <textarea {mark} rows="4">{escape(value)}</textarea></label>'
    choices = _choices(board, name, language)
    if choices:
        options = "".join(
            f'<option value="{key}"{" selected" if key == value else ""}>{escape(text)}</option>'
            for key, text in choices
        )
        return f"{label} <select {mark}>{options}</select></label>"
    return f'{label} <input {mark} type="{_TYPES.get(name, "text")}" value="{escape(value)}"></label>'


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
