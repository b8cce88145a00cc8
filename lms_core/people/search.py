"""Finding people among those who may be seen."""

from __future__ import annotations

from sqlalchemy import ColumnElement, func, literal, or_

from lms_core.people.tables import person


def begins(text: str) -> ColumnElement[bool]:
    """Say whether a word of a person's name, or her e-mail address, begins with a text, in any case."""
    words = literal(" ") + person.c.name
    return or_(
        func.lower(words).contains(f" {text.lower()}", autoescape=True),
        person.c.email.startswith(text.lower(), autoescape=True),
    )
