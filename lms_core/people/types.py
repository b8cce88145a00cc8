"""What travels over the wire about persons, sign-in and roles."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta

from lms_core.sheets import MOST_LINES, Line
from lms_core.types import END, BadValue, Email, Key, Name, Password, Payload, Secret, View

RoleScope = Literal["system", "programme", "run"]
Language = Literal["de", "en"]
"""What mail to a person is written in."""
ExternalKey = Annotated[str, Meta(min_length=1, max_length=100, pattern=rf"^[^\x00-\x1f\x7f]*{END}")]
"""What another system knows a person by, such as a matriculation number or the id of a system of human resources."""


class SignIn(Payload, frozen=True):
    """Who signs in; the e-mail address in any case."""

    email: Email
    password: Secret


class Person(View, frozen=True):
    """A person, without anything secret; mail to her is written in her language."""

    id: UUID
    email: str
    name: str
    active: bool
    language: Language = "en"


class SignedIn(View, frozen=True):
    """A token for the Authorization header (`Bearer TOKEN`) and until when it holds."""

    token: str
    expires_at: datetime
    person: Person


class NewPerson(Payload, frozen=True):
    """A person to be created; she sets her password through a one-time link."""

    email: Email
    name: Name
    language: Language = "en"


class PasswordChange(Payload, frozen=True):
    """The password as it is and as it shall be (at least 12 characters)."""

    current: Secret
    new: Password


class PasswordByLink(Payload, frozen=True):
    """The secret of a one-time link and the password to set (at least 12 characters)."""

    link: Secret
    password: Password


class PasswordLink(View, frozen=True):
    """A one-time link to set a password; nobody can read it again."""

    url: str
    expires_at: datetime


class PersonChange(Payload, frozen=True, kw_only=True):
    """What of a person changes; a person who is not active cannot sign in."""

    name: Name | None = None
    active: bool | None = None
    language: Language | None = None


class LanguageChoice(Payload, frozen=True):
    """The language that a person wants mail in."""

    language: Language


class NewGrant(Payload, frozen=True, kw_only=True):
    """A role for a person at the system, a programme or a run (`scopeId` is that programme's or run's id)."""

    role: Key
    scope: RoleScope
    scope_id: UUID | None = None

    def __post_init__(self) -> None:
        """Refuse a scope without its id, and the system with one."""
        if (self.scope == "system") != (self.scope_id is None):
            raise BadValue("scopeId", "the id of the programme or run; leave it out for the system")


class RoleGrant(View, frozen=True):
    """A role that a person holds somewhere."""

    id: UUID
    role: str
    scope: RoleScope
    scope_id: UUID | None


class PersonDetail(View, frozen=True, kw_only=True):
    """A person with the roles she was granted."""

    id: UUID
    email: str
    name: str
    active: bool
    language: Language
    grants: list[RoleGrant]


class Persons(View, frozen=True):
    """A page of persons."""

    items: list[Person]


class Role(View, frozen=True):
    """A named bundle of permissions."""

    name: str
    title: str
    permissions: list[str]


class Roles(View, frozen=True):
    """All roles."""

    items: list[Role]


class RoleContent(Payload, frozen=True):
    """Title and permissions of a role."""

    title: Name
    permissions: Annotated[list[Key], Meta(max_length=500)]


class PersonLine(Line, frozen=True, kw_only=True):
    """A person as another system has her. Whoever has this external key, or else this e-mail address, is the one meant.

    `state` is active or inactive (she cannot sign in); empty cells of `language` and `state` leave what is there.
    """

    external_key: str | None = None
    email: str | None = None
    name: str | None = None
    language: str | None = None
    state: str | None = None


class PersonLines(Payload, frozen=True):
    """Persons to bring in or up to date, of which each is named in one line."""

    lines: Annotated[list[PersonLine], Meta(max_length=MOST_LINES)]
