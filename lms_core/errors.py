"""What can go wrong, as exceptions of the domain, and the one place where they become answers.

Every refusal leaves the server as an RFC 9457 problem document: a stable `type`, a `title` for people, a
`detail` about this case and, where fields are to blame, `errors` with where, what is wrong and what would be right.
"""

from __future__ import annotations

import logging
import re
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from content_store import StoreError, UnknownUpload, UploadRefused
from lms_core.types import BadValue

log = logging.getLogger("lms")


class FieldError(msgspec.Struct, frozen=True):
    """One thing wrong with the input: where it stands (such as body.units[2].title) and the reason."""

    where: str
    reason: str


class Problem(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A problem document of RFC 9457, media type application/problem+json."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldError] = []
    plugin: str | None = None


class LmsError(Exception):
    """A refusal with a status, a stable code and a sentence for the person who asked."""

    status = 400
    code = "bad-request"
    title = "The request cannot be carried out"
    headers: dict[str, str] = {}

    def __init__(self, detail: str, *, errors: list[FieldError] | None = None, plugin: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = errors or []
        self.plugin = plugin


class MalformedInput(LmsError):
    """The input cannot be read as what the route takes."""

    status, code, title = 400, "malformed-input", "The input is not valid"

    def __init__(self, *errors: FieldError) -> None:
        super().__init__("Some of what was sent is not valid.", errors=list(errors))


class InvalidInput(LmsError):
    """The input is well-formed but means something impossible here."""

    status, code, title = 422, "invalid-input", "The input is not valid"


class Unauthenticated(LmsError):
    """Nobody is signed in, or the token is unknown, expired or revoked."""

    status, code, title = 401, "unauthenticated", "Sign in first"
    headers = {"WWW-Authenticate": "Bearer"}


class Forbidden(LmsError):
    """The person may see this but not do what was asked."""

    status, code, title = 403, "forbidden", "You may not do this"


class NotFound(LmsError):
    """There is no such thing, or the person must not know that there is."""

    status, code, title = 404, "not-found", "Not found"


class Conflict(LmsError):
    """The state of things forbids it: taken, closed, already there."""

    status, code, title = 409, "conflict", "This conflicts with what is there"


class PreconditionFailed(LmsError):
    """Somebody else changed the resource since it was read."""

    status, code, title = 412, "changed-meanwhile", "It was changed meanwhile"


class TurnedOff(NotFound):
    """Here was something of a plugin that the programme has turned off since."""

    code, title = "turned-off", "The programme has turned this off"


class UnsupportedMediaType(LmsError):
    """The body is written in a form that the route does not read."""

    status, code, title = 415, "unsupported-media-type", "The body has the wrong media type"


class PreconditionRequired(LmsError):
    """A change without If-Match could overwrite somebody's work."""

    status, code, title = 428, "if-match-required", "Say which state you are changing"


class TooManyRequests(LmsError):
    """Too many attempts in a short time."""

    status, code, title = 429, "too-many-requests", "Too many attempts"
    headers = {"Retry-After": "60"}


class Unavailable(LmsError):
    """Something that is needed to answer does not work at the moment; the same request may succeed later."""

    status, code, title = 503, "unavailable", "Not available at the moment"
    headers = {"Retry-After": "5"}


def problem(status: int, code: str, title: str, detail: str, **more: Any) -> Problem:
    """Build a problem document whose `type` is the URN of the stable code."""
    return Problem(type=f"urn:lms:problem:{code}", title=title, status=status, detail=detail, **more)


def answer(body: Problem, headers: dict[str, str] | None = None) -> Response[bytes]:
    """Wrap a problem document as a response of its own media type."""
    return Response(
        msgspec.json.encode(body),
        status_code=body.status,
        media_type="application/problem+json",
        headers=headers,
    )


# What the framework refuses by itself, it refuses in two words.
_SENTENCES = {
    404: "There is nothing at this address.",
    405: "This address does not know the method; the header Allow names those it knows.",
    413: "The request is longer than 16 MiB; send media in parts to the content store.",
}
_MISSING_OR_UNKNOWN = re.compile(r"Object (missing required|contains unknown) field `(.{1,100})")


def field_error(error: msgspec.ValidationError, root: str) -> FieldError:
    """Say which field of `root` (such as body) msgspec refuses, and why."""
    reason, _, place = str(error).partition(" - at `$")
    where = root + place.removesuffix("`")
    if isinstance(error.__cause__, BadValue):
        return FieldError(f"{where}.{error.__cause__.field}", error.__cause__.reason)
    return _named(where, reason)


def _named(where: str, reason: str) -> FieldError:
    """Name the field that is missing or unknown, of which msgspec tells only the object."""
    if found := _MISSING_OR_UNKNOWN.match(reason):
        what = "is required" if found[1] == "missing required" else "is not known here"
        return FieldError(f"{where}.{found[2].removesuffix('`')}", what)
    return FieldError(where, reason)


def _field_errors(exc: ValidationException) -> list[FieldError]:
    """Read what the framework says about parameters and forms."""
    found = []
    for item in exc.extra if isinstance(exc.extra, list) else []:
        source, key = item.get("source", "body"), item.get("key", "")
        source = getattr(source, "value", source)
        key = key.replace("_", "-").title() if source == "header" else key
        where = f"{source}.{key}".removesuffix(".data")
        found.append(_named(where, str(item.get("message", "is not valid"))))
    return found or [FieldError("body", exc.detail)]


def _route(request: Request[Any, Any, Any]) -> str:
    """Return the path as it is declared, for the log: what fills it in may be a secret."""
    return str(request.scope.get("path_template", ""))


def to_response(request: Request[Any, Any, Any], exc: Exception) -> Response[bytes]:
    """Turn any exception into its problem document; what nobody foresaw is logged and answered with 500."""
    if isinstance(exc, LmsError):
        body = problem(exc.status, exc.code, exc.title, exc.detail, errors=exc.errors, plugin=exc.plugin)
        return answer(body, exc.headers)
    if isinstance(exc, ValidationException):
        return to_response(request, MalformedInput(*_field_errors(exc)))
    if isinstance(exc, HTTPException) and exc.status_code < 500:
        phrase = HTTPStatus(exc.status_code).phrase
        code = phrase.lower().replace(" ", "-")
        title = next((kind.title for kind in LmsError.__subclasses__() if kind.code == code), phrase)
        detail = _SENTENCES.get(exc.status_code, exc.detail) if exc.detail == phrase else exc.detail
        headers = dict(exc.headers) if exc.headers else None
        return answer(problem(exc.status_code, code, title, detail), headers)
    if isinstance(exc, UnknownUpload | UploadRefused):
        detail = f"The content store refuses to put the parts together: {exc}"
        return answer(problem(409, "upload-refused", Conflict.title, detail))
    if isinstance(exc, StoreError):
        log.warning("content store: %s", exc)
        detail = "The content store does not answer as it should; try again in a moment."
        return answer(problem(503, "store-unavailable", "Not available at the moment", detail), {"Retry-After": "5"})
    if isinstance(exc, IntegrityError):
        reason = str(exc.orig).partition("\n")[0]  # what follows quotes the values, which may be personal
        log.warning("constraint refused a write at %s %s: %s", request.method, _route(request), reason)
        detail = "Somebody else's change came first, or something that this refers to is gone; read again and retry."
        return answer(problem(409, "conflict", Conflict.title, detail))
    if isinstance(exc, PoolTimeout | OSError) or (isinstance(exc, DBAPIError) and _is_outage(exc)):
        log.error("database unavailable at %s %s: %s", request.method, _route(request), exc)
        detail = "The database does not answer at the moment; nothing was changed. Try again."
        return answer(problem(503, "database-unavailable", Unavailable.title, detail), {"Retry-After": "5"})
    log.exception("unforeseen error at %s %s", request.method, _route(request), exc_info=exc)
    detail = "The server made a mistake; it was logged. Nothing was changed."
    return answer(problem(500, "internal", "Internal error", detail))


# Classes of SQLSTATE: connection, read-only, authorization, no such database, rollback (deadlock), resources, wrong
# state (lock), operator, system.
_OUTAGES_POSTGRESQL = ("08", "25006", "28", "3D", "40", "53", "55", "57", "58")
_OUTAGES_SQLITE = ("BUSY", "LOCKED", "FULL", "IOERR", "CANTOPEN", "READONLY", "PROTOCOL", "NOMEM")


def _is_outage(exc: DBAPIError) -> bool:
    """Tell a database that is away, locked or full from a statement that is wrong."""
    if exc.connection_invalidated:
        return True
    state = getattr(exc.orig, "sqlstate", None) or ""
    name = getattr(exc.orig, "sqlite_errorname", "").removeprefix("SQLITE_")
    return state.startswith(_OUTAGES_POSTGRESQL) or name.startswith(_OUTAGES_SQLITE)


__all__ = [
    "Conflict",
    "FieldError",
    "Forbidden",
    "InvalidInput",
    "LmsError",
    "MalformedInput",
    "NotFound",
    "PreconditionFailed",
    "PreconditionRequired",
    "Problem",
    "TooManyRequests",
    "Unauthenticated",
    "Unavailable",
    "UnsupportedMediaType",
    "answer",
    "field_error",
    "problem",
    "to_response",
]
