"""How plugins write to people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args
from unicodedata import category
from uuid import UUID

import msgspec

from lms_core.db import AsyncConnection
from lms_core.hooks.context import Context
from lms_core.outbox.events import send
from lms_core.people.types import Language

LONGEST_SUBJECT, LONGEST_TEXT = 200, 20_000

EVENT = "mail"
"""The name under which such mail waits in the outbox."""


class PluginMail(msgspec.Struct, frozen=True):
    """Subject and text of a mail in each language."""

    subject: Mapping[Language, str]
    text: Mapping[Language, str]


async def send_mail(
    context: Context,
    connection: AsyncConnection,
    person_id: UUID,
    *,
    subject: Mapping[Language, str],
    text: Mapping[Language, str],
) -> UUID:
    """Send a mail to a person, if the transaction of `connection` commits; return its id in the outbox.

    `connection` comes from `context.write()`. Subject (one line, at most 200 characters) and text (plain, at most
    20,000) are given in every language, as {"en": ..., "de": ...}; the person's own is sent. Raises ValueError that
    says what to change. Two statements.
    """
    check_texts(subject, text)
    mail = PluginMail(subject, text)
    return await send(connection, f"mail:{person_id}", EVENT, context.programme_id, mail)


def check_texts(subject: Mapping[Language, str], text: Mapping[Language, str]) -> None:
    """Raise ValueError that says what to change, unless both are there in every language and can be sent."""
    for name, given, most in (("subject", subject, LONGEST_SUBJECT), ("text", text, LONGEST_TEXT)):
        _check(name, given, most)
    for language, line in subject.items():
        if any(category(character) in {"Cc", "Zl", "Zp"} for character in line):
            raise ValueError(f"subject[{language!r}] must be one line without control characters; join its lines")


def _check(name: str, given: Mapping[Language, str], most: int) -> None:
    languages = sorted(get_args(Language))
    if sorted(given) != languages:
        raise ValueError(f"{name} must have exactly the languages {', '.join(languages)}, not {sorted(given)}")
    for language, value in given.items():
        if not value.strip() or len(value) > most:
            raise ValueError(f"{name}[{language!r}] must have 1 to {most} characters, not {len(value)}")
        try:
            value.encode()
        except UnicodeEncodeError:
            raise ValueError(f"{name}[{language!r}] must be valid Unicode; it holds half a surrogate pair") from None
        if "\0" in value:
            raise ValueError(f"{name}[{language!r}] must not hold the character NUL")
