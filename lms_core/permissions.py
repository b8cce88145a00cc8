"""Permissions, the roles that bundle them, and who may do what where.

Every route names one permission. A person holds permissions through roles granted at the system, a programme or a
run; being enrolled is holding the role student there. What lies outside a person's grants does not exist for her.
"""

from __future__ import annotations

from typing import Literal
from uuid import UUID

import msgspec

PUBLIC = "public"
"""Declared by the few routes that need no sign-in."""

SELF = "self"
"""Declared by routes that concern only the signed-in person herself."""

PERMISSIONS = {
    "persons.read": "see persons and their roles",
    "persons.manage": "create persons, hand out password links",
    "roles.manage": "change roles, grant and withdraw them",
    "organisations.manage": "create organisations",
    "programmes.create": "create programmes",
    "programmes.read": "see a programme, its regulations, terms and modules",
    "programmes.manage": "change a programme, its partners, regulations, terms, adoptions and plugins",
    "programmes.overview": "see the figures of a programme",
    "modules.edit": "create modules, edit drafts, publish versions, bring in media",
    "runs.manage": "open and change runs and their sessions",
    "runs.read": "see a run and its sessions",
    "runs.study": "read the units of a run and their files",
    "runs.enrol": "enrol oneself into a run",
    "enrolments.manage": "enrol and withdraw other persons, see who is enrolled",
    "participants.read": "see the participants of a run and their progress",
    "progress.record": "record own progress",
    "progress.assess": "record results, attendance and hand-ins of participants",
    "credits.book": "book ECTS, and take booked ones back",
    "exams.register": "register for the exams of a run",
    "extensions.decide": "decide on later deadlines for single persons, see the reasons",
    "work.hand_in": "bring own files for assignments and hand them in",
    "transcripts.read": "see the transcripts of the students of a programme",
    "marks.record": "see who is registered for an exam, register and deregister others, record results",
}

ADOPTED = frozenset({"programmes.read", "runs.read", "runs.enrol"})
"""What a role in a programme also allows on modules and runs that the programme has adopted from another."""

_STUDENT = ["programmes.read", "runs.read", "runs.enrol"]
_ENROLLED = ["runs.read", "runs.study", "progress.record", "exams.register", "work.hand_in"]
_LECTURER = [
    "programmes.read", "modules.edit", "runs.manage", "runs.read", "runs.study",
    "participants.read", "progress.assess", "marks.record",
]  # fmt: skip

ROLES: dict[str, tuple[str, list[str]]] = {
    "administrator": ("Administrator", sorted(PERMISSIONS)),
    "programme_administrator": (
        "Programme administrator",
        [
            *_LECTURER, "programmes.manage", "programmes.overview", "enrolments.manage", "transcripts.read",
            "extensions.decide",
        ],
    ),
    "lecturer": ("Lecturer", _LECTURER),
    "student": ("Student of a programme", _STUDENT),
    "participant": ("Participant of a run", _ENROLLED),
    "examiner": (
        "Examiner",
        [
            "programmes.read", "runs.read", "participants.read", "credits.book", "marks.record", "transcripts.read",
            "extensions.decide",
        ],
    ),
    "integrator": ("Integrator", ["programmes.read", "programmes.manage", "programmes.overview"]),
}  # fmt: skip
"""The roles a new system starts with, as (title, permissions); from then on they are data."""

Scope = Literal["system", "programme", "run"]


class Grant(msgspec.Struct, frozen=True):
    """A role that a person holds at one place."""

    role: str
    scope: Scope
    scope_id: UUID | None
    permissions: frozenset[str]

    def covers(self, programme_id: UUID | None, run_id: UUID | None) -> bool:
        """Tell whether a place (a run, a programme, or the system if both are None) lies within the grant."""
        match self.scope:
            case "system":
                return True
            case "programme":
                return self.scope_id == programme_id
            case "run":
                return run_id is not None and self.scope_id == run_id


class Principal(msgspec.Struct, frozen=True):
    """The signed-in person and what she holds."""

    person_id: UUID
    token_hash: str
    grants: tuple[Grant, ...]

    def may(self, permission: str, programme_id: UUID | None = None, run_id: UUID | None = None) -> bool:
        """Tell whether she holds a permission at a place."""
        return any(permission in g.permissions and g.covers(programme_id, run_id) for g in self.grants)

    def sees(self, programme_id: UUID | None, run_id: UUID | None) -> bool:
        """Tell whether she holds anything at a place, and so may know that it exists."""
        return any(g.covers(programme_id, run_id) for g in self.grants)

    def programmes(self, permission: str) -> set[UUID] | None:
        """Return the programmes in which she holds a permission; None means all of them."""
        held = [g for g in self.grants if permission in g.permissions]
        if any(g.scope == "system" for g in held):
            return None
        return {g.scope_id for g in held if g.scope == "programme" and g.scope_id}
