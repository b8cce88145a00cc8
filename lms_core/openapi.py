"""The description of the API, and a page to read it that needs nothing from the internet."""

from __future__ import annotations

import inspect
from decimal import Decimal
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any
from uuid import UUID

import msgspec
from litestar import Litestar, Request, Response, Router, get
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, OpenAPIRenderPlugin
from litestar.openapi.spec import Components, License, SecurityScheme
from litestar.openapi.spec.enums import OpenAPIType
from litestar.openapi.spec.schema import Schema
from litestar.params import FromPath
from litestar.plugins import OpenAPISchemaPlugin
from litestar.typing import FieldDefinition

from lms_core.hooks.links import GUEST
from lms_core.hooks.plugin import Plugin
from lms_core.hooks.registry import Registry
from lms_core.permissions import PERMISSIONS, PUBLIC
from lms_core.programmes.enablement import Enablement
from lms_core.sheets import CSV

_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "examples": ["urn:lms:problem:not-found"]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["where", "reason"],
                "properties": {"where": {"type": "string"}, "reason": {"type": "string"}},
            },
        },
        "plugin": {"type": "string"},
    },
}
_STATUSES = {
    "400": "The input is malformed; `errors` says where and why.",
    "401": "Nobody is signed in.",
    "403": "The person may not do this.",
    "404": "There is no such thing, or it is not hers to see.",
    "405": "This address does not know the method.",
    "409": "The state of things forbids it.",
    "412": "It was changed meanwhile.",
    "413": "The request is too long.",
    "415": "The body has a media type that is not understood.",
    "422": "The input means something impossible; `errors` says where and why.",
    "428": "If-Match is missing.",
    "429": "Too many attempts.",
    "503": "Something that is needed does not answer at the moment.",
}
_REDIRECT = {
    "description": "The bytes are at another address, for some minutes.",
    "headers": {"Location": {"required": True, "schema": {"type": "string", "format": "uri"}}},
}
_NEXT_PAGE = {
    "Link": {
        "description": 'The address of the next page, with rel="next" (RFC 8288); missing on the last page.',
        "schema": {"type": "string"},
    }
}


class DecimalSchema(OpenAPISchemaPlugin):
    """Describes decimals as what they are on the wire: strings."""

    @staticmethod
    def is_plugin_supported_type(value: Any) -> bool:
        """Claim Decimal."""
        return value is Decimal

    def to_openapi_schema(self, field_definition: FieldDefinition, schema_creator: Any) -> Schema:
        """Describe a decimal."""
        return Schema(type=OpenAPIType.STRING, pattern=r"^-?\d{1,9}(\.\d{1,2})?$")


def describe(app: Litestar, plugins: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document, with the problems that any route may answer and its permission.

    Of plugins it holds the routes of those named, each under a tag of its own, and nothing of any other.
    """
    document: dict[str, Any] = app.openapi_schema.to_schema()
    installed: dict[str, Plugin] = app.state.hooks.registry.plugins
    meanings = {**PERMISSIONS, **{new.name: new.meaning for plugin in installed.values() for new in plugin.permissions}}
    guests = {f"{GUEST}{new.name}": new.meaning for plugin in installed.values() for new in plugin.guests}
    document["components"].setdefault("schemas", {})["Problem"] = _PROBLEM
    document["components"]["responses"] = {
        f"Problem{status}": {
            "description": text,
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status, text in _STATUSES.items()
    }
    handlers = {
        (route.path_format, method.lower()): handler
        for route in app.routes
        for handler in getattr(route, "route_handlers", ())
        for method in handler.http_methods
    }
    for path, method in [(path, method) for path, found in document["paths"].items() for method in found]:
        if handlers[path, method].opt.get("plugin") not in {None, *plugins}:
            del document["paths"][path][method]
    document["paths"] = {path: found for path, found in document["paths"].items() if found}
    document["tags"] = [
        {"name": name, "description": inspect.getdoc(type(installed[name])) or ""} for name in sorted(plugins)
    ]
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            handler = handlers[path, method]
            permission = handler.opt.get("permission")
            if told := operation.get("description"):  # the framework would show the function's name instead
                operation["summary"] = told.partition("\n")[0].rstrip(".")
            operation["security"] = [] if permission == PUBLIC else [{"bearer": []}]
            operation["x-permission"] = permission
            if permission in meanings:
                needs = f"Needs the permission `{permission}`: {meanings[permission]}."
                operation["description"] = f"{operation.get('description', '')}\n\n{needs}".strip()
            if permission in guests:
                needs = f"Needs a link, as the token or in the query as `link`, to {guests[permission]}."
                operation["description"] = f"{operation.get('description', '')}\n\n{needs}".strip()
            for parameter in operation.get("parameters", ()):
                if parameter["name"] == "If-Match":
                    parameter["required"] = True  # the code takes its absence, to answer with 428
            responses = operation["responses"]
            for status in _STATUSES:
                if int(status) not in (handler.responses or {}):
                    responses[status] = {"$ref": f"#/components/responses/Problem{status}"}
            if "csv" in handler.opt:
                operation["requestBody"]["content"][CSV] = {"schema": {"type": "string"}}
            if any(parameter["name"] == "format" for parameter in operation.get("parameters", ())):
                responses["200"]["content"][CSV] = {"schema": {"type": "string"}}
            if "307" in responses:
                responses["307"] = _REDIRECT
            if any(parameter["name"] == "cursor" for parameter in operation.get("parameters", ())):
                responses["200"]["headers"] = _NEXT_PAGE
    _prune(document)
    _put_right(document["components"]["schemas"])
    return document


def _put_right(part: Any) -> None:
    """Move what is said of a wall time that may be null to the time itself; the framework says it of both."""
    match part:
        case {"oneOf": [dict(first), *_], "format": "date-time-local"}:
            first |= {name: part.pop(name) for name in ("format", "pattern")}
        case dict():
            for inner in part.values():
                _put_right(inner)
        case list():
            for inner in part:
                _put_right(inner)


def _prune(document: dict[str, Any]) -> None:
    """Drop the schemas that nothing refers to (any more)."""
    schemas, kept = document["components"]["schemas"], set[str]()
    found = _references({**document, "components": {**document["components"], "schemas": {}}})
    while found:
        kept |= found
        found = {name for known in found for name in _references(schemas[known])} - kept
    document["components"]["schemas"] = {name: schema for name, schema in schemas.items() if name in kept}


def _references(part: Any) -> set[str]:
    match part:
        case dict():
            own = {str(part["$ref"]).rpartition("/")[2]} if "/schemas/" in str(part.get("$ref", "")) else set()
            return own.union(*map(_references, part.values()))
        case list():
            return set().union(*map(_references, part))
        case _:
            return set()


@lru_cache(maxsize=64)
def _document(app: Litestar, plugins: frozenset[str] = frozenset()) -> bytes:
    return msgspec.json.encode(describe(app, plugins))


_STATIC = {
    "swagger-ui.css": "text/css",
    "swagger-ui-bundle.js": "text/javascript",
    "favicon-32x32.png": "image/png",
}
_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>API</title>
<link rel="icon" href="/docs/static/favicon-32x32.png"><link rel="stylesheet" href="/docs/static/swagger-ui.css"></head>
<body><div id="ui"></div><script src="/docs/static/swagger-ui-bundle.js"></script>
<script>SwaggerUIBundle({url: "/openapi.json", dom_id: "#ui", deepLinking: true, validatorUrl: null,
displayRequestDuration: true, persistAuthorization: false})</script></body></html>"""


@cache
def _asset(name: FromPath[str]) -> bytes:
    return files("swagger_ui").joinpath("static", name).read_bytes()


class Json(JsonRenderPlugin):
    """Serves the description with problems and permissions in it."""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """Return the description."""
        return _document(request.app)


class Page(OpenAPIRenderPlugin):
    """Serves the page that shows the description."""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """Return the page."""
        return _PAGE.encode()


@get("/openapi.json", permission=PUBLIC, include_in_schema=False)
async def document(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Return the description of the API as OpenAPI 3.1."""
    return Response(_document(request.app), media_type="application/json")


@get("/programmes/{programme_id:uuid}/openapi.json", permission="programmes.read", include_in_schema=False)
async def document_of_programme(
    programme_id: FromPath[UUID],
    request: Request[Any, Any, Any],
    enablement: NamedDependency[Enablement],
    registry: NamedDependency[Registry],
) -> Response[bytes]:
    """Return the description of the API together with the routes of the plugins that the programme has enabled."""
    enabled = frozenset(registry.plugins.keys() & (await enablement(programme_id)).keys())
    return Response(_document(request.app, enabled), media_type="application/json")


@get("/static/{name:str}", sync_to_thread=True)
def asset(name: FromPath[str]) -> Response[bytes]:
    """Return a file of the documentation page."""
    if name not in _STATIC:
        raise NotFoundException("There is no such file.")
    return Response(_asset(name), media_type=_STATIC[name], headers={"Cache-Control": "max-age=86400"})


CONFIG = OpenAPIConfig(
    title="Blended master programmes",
    version="0.1",
    description="Enrolment, modules and progress of part-time master programmes. Sign in at POST /sign-in and send "
    "the token as a bearer. Times that happened are UTC; decimals (ECTS, scores) are strings, exact.",
    license=License(name="Apache-2.0", identifier="Apache-2.0"),
    use_handler_docstrings=True,
    components=Components(security_schemes={"bearer": SecurityScheme(type="http", scheme="bearer")}),
    openapi_router=Router("/docs", route_handlers=[asset], opt={"permission": PUBLIC}, include_in_schema=False),
    render_plugins=[Page(path="/"), Json(path="/openapi.json")],
)

__all__ = ["CONFIG", "DecimalSchema", "describe", "document", "document_of_programme"]
