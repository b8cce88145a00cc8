"""The forms of hosts and mentors: which fields each step has, and from what was typed to what the step takes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal, TypeVar
from uuid import UUID

import msgspec

from lms_core.api import BadValue
from lms_internship_credit.case import Certified, Description, Entry, Evaluation, Mentor, broken
from lms_internship_credit.page_words import EVALUATE
from lms_internship_credit.wire import NewDocument

T = TypeVar("T", bound=msgspec.Struct)

Kind = Literal["text", "long", "email", "date", "hours", "money", "days", "points", "agree"]
Problem = Literal[
    "needed", "date", "hours", "money", "days", "email", "points", "long", "agree", "rule", "moved", "unread",
]  # fmt: skip
"""What is wrong with a field: it is empty, not of its kind, or against a rule that goes by the field's name."""


class Field(msgspec.Struct, frozen=True):
    """A field of a form."""

    name: str
    kind: Kind
    needed: bool = True


class Wrong(Exception):
    """What was typed cannot be taken: the problem of each field by its name, of the form as a whole by none."""

    def __init__(self, problems: Mapping[str, Problem]) -> None:
        super().__init__(str(problems))
        self.problems = problems


_PERIOD = (Field("first_day", "date"), Field("last_day", "date"))
_NOTE, _REMARK, _DAY = Field("note", "long"), Field("note", "long", needed=False), Field("day", "date", needed=False)

POINTS = ("knowledge", "quality", "initiative", "teamwork", "reliability")

FORMS: dict[str, tuple[Field, ...]] = {
    "confirm": (Field("name", "text"), Field("email", "email"), Field("position", "text", needed=False)),
    "return": (_NOTE,),
    "sign": (Field("agree", "agree"),),
    "refuse": (_NOTE,),
    "amend": (
        *_PERIOD, Field("weekly_hours", "hours"), Field("place", "text"), Field("tasks", "long"), Field("aims", "long"),
        Field("monitoring", "long", needed=False), Field("language", "text", needed=False),
        Field("pay_cents", "money", needed=False), Field("insurance", "long", needed=False), _REMARK,
    ),
    "interrupt": (_DAY, _REMARK),
    "resume": (_DAY, _REMARK),
    "cancel": (_DAY, _NOTE),
    "certify": (*_PERIOD, Field("hours", "hours"), Field("absent_days", "days", needed=False)),
    EVALUATE: (*(Field(name, "points") for name in POINTS), Field("words", "long", needed=False)),
}  # fmt: skip
"""The fields of each step that hosts and mentors take, and of the mentor's evaluation; in the order of the page."""

_WITH: dict[str, tuple[str, type[msgspec.Struct]]] = {
    "confirm": ("mentor", Mentor), "certify": ("certified", Certified), "amend": ("change", Description),
}  # fmt: skip

_NUMBERS = (
    re.compile(r"\d{1,7}([.,]\d{1,2})?"), re.compile(r"\d{1,3}(\.\d{3}){1,2}(,\d{1,2})?"),
    re.compile(r"\d{1,3}(,\d{3}){1,2}(\.\d{1,2})?"),
)  # fmt: skip
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+")
_MOST = {"text": 200, "email": 254, "long": 20_000}


def entry_of(action: str, fields: Mapping[str, str]) -> Entry:
    """Read the form of a step. Raises Wrong."""
    given: dict[str, Any] = {"action": action, **_typed(action, fields)}
    if action == "sign":
        given = {"action": action, "sha256": fields.get("sha256", "")}
    if action in _WITH:
        name, kind = _WITH[action]
        given = {"action": action, "note": given.pop("note", ""), name: _named(kind, given)}
    if action == "certify" and fields.get("file"):
        given["file"] = fields["file"]
    return _read(Entry, given)


def document_of(fields: Mapping[str, str]) -> tuple[UUID, NewDocument]:
    """Read which file that was sent is what. Raises Wrong."""
    try:
        return UUID(fields.get("file", "")), msgspec.convert({"kind": fields.get("kind", "")}, NewDocument)
    except ValueError as error:  # no script has sent a file and put its id there
        raise Wrong({"": "unread"}) from error


def evaluation_of(fields: Mapping[str, str]) -> Evaluation:
    """Read the mentor's judgement. Raises Wrong."""
    return _read(Evaluation, _typed(EVALUATE, fields))


def _typed(action: str, fields: Mapping[str, str]) -> dict[str, Any]:
    """Return what was typed into each field, as what it is; what was left empty is left out. Raises Wrong."""
    found: dict[str, Any] = {}
    problems: dict[str, Problem] = {}
    for field in FORMS[action]:
        text = fields.get(field.name, "").strip().replace("\r\n", "\n")  # as browsers send lines
        if not text:
            if field.needed:
                problems[field.name] = field.kind if field.kind in ("agree", "points") else "needed"
            continue
        try:
            found[field.name] = _value(field.kind, text)
        except ValueError:
            problems[field.name] = field.kind if field.kind != "text" else "long"
    if "first_day" in found and "last_day" in found and found["last_day"] < found["first_day"]:
        problems["last_day"] = "rule"
    if action == "amend":
        for error in broken(found):
            problems.setdefault(field_of(error.field), "rule")
    if problems:
        raise Wrong(problems)
    return found


def amount(text: str) -> Decimal:
    """Read an amount with at most two places as people write it: 1200.5, 1200,50, 1.200,50 or 1,200. Raises ValueError.

    Where three digits follow, the sign before them parts thousands.
    """
    if not any(shape.fullmatch(text) for shape in _NUMBERS):
        raise ValueError(text)
    return Decimal(".".join(re.sub("[.,]", "", part) for part in re.split(r"[.,](?=\d{1,2}$)", text)))


def _value(kind: Kind, text: str) -> Any:
    """Return what a text says. Raises ValueError."""
    if kind == "date":
        return datetime.strptime(text, "%d.%m.%Y").date() if "." in text else date.fromisoformat(text)
    if kind in ("hours", "money"):
        number = amount(text)
        return int(number * 100) if kind == "money" else number
    if kind in ("days", "points"):
        if not re.fullmatch(r"\d{1,4}", text) or (kind == "points" and text not in ("1", "2", "3", "4", "5")):
            raise ValueError(text)
        return int(text)
    if kind == "email" and not _ADDRESS.fullmatch(text):
        raise ValueError(text)
    if len(text) > _MOST.get(kind, len(text)):
        raise ValueError(text)
    return text


def _named(kind: type[msgspec.Struct], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a kind as they are called on the wire."""
    pairs = zip(kind.__struct_fields__, kind.__struct_encode_fields__, strict=True)
    return {wire: given[name] for name, wire in pairs if name in given}


def _read(kind: type[T], given: dict[str, Any]) -> T:
    try:
        return msgspec.convert(given, kind)
    except msgspec.ValidationError as error:
        cause = error.__cause__
        wire = cause.field if isinstance(cause, BadValue) else str(error).rpartition("$")[2].rstrip("`")
        raise Wrong({field_of(wire): "rule"}) from error


def field_of(where: str) -> str:
    """Return which field of a form a refusal is about, such as last_day for body.change.lastDay."""
    name = re.sub("[A-Z]", lambda found: f"_{found[0].lower()}", where.rpartition(".")[2])
    return "first_day" if name == "certified" else name  # days outside of the internship are told of both together
