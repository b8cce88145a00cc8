"""Bad input at every route: a problem document names the field and the reason, and nothing changes."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from tests.support.campus import Campus, Operation, Sample, campus, contents, operations

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from tests.support.world import World

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
LONG = "x" * 1_000_001

# What no field of a kind can hold, as raw JSON: some of it no encoder would write.
NO_TEXT = ["5", "true", "[]", "{}", '"a\\u0000b"', f'"{LONG}"']
NO_INTEGER = ["1.5", "true", '"5"', '"NaN"', "[]", "{}", "-1", str(10**30), str(-(10**30)), "1e30"]
NO_BOOLEAN = ["1", '"true"', "[]", "{}"]
NO_LIST = ["5", '"x"', "{}", "[[]]"]
NO_UUID = ["5", '""', '"x"', '"a\\u0000b"', f'"{LONG}"']
NO_TIME = ["5e9", '"x"', '"2026-13-01"', '"2026-02-30T00:00:00Z"', '"99999-01-01"', f'"{LONG}"']
NO_DECIMAL = [
    '"NaN"', '"sNaN"', '"Infinity"', '"-Infinity"', '"1e999999999"', '"1e-999999999"', '"1E+2"', '"0.001"', '"-1"',
    '"' + "9" * 5_000 + '"', '"0.' + "3" * 5_000 + '"', "9" * 5_000, str(10**30), "1e400", "true", '""', "[]",
]  # fmt: skip
NO_OBJECT = [
    "5", '"x"', "[]", '{"a": 1000000000000000000000000000000}', '{"a": 1e400}', '{"a": "\\u0000"}', '{"\\u0000": 1}',
    '{"a": "' + "x" * 20_001 + '"}', '{"a": ' + "[" * 50 + "]" * 50 + "}",
]  # fmt: skip
NO_BODY = [
    "", "{", "null", "5", '"x"', "[]", "NaN", '{"a": "\\ud800"}', '{"\\ud800": 1}', "[" * 100_000,
    '{"a": ' + "[" * 100_000 + "]" * 100_000 + "}", "[" + "0," * 1_000_000 + "0]",
]  # fmt: skip

# The same for the parts of an address.
NO_KEY = ["%00", "%ff", "A", "a%0A", "x" * 200, "%F0%9F%98%80"]
NO_ID = ["x", "%00", "-1", "0" * 5_000, str(10**30), "%ff"]
NO_NUMBER = ["0", "-1", str(10**30), "1.5", "x", "%00"]
NO_QUERY = {
    "cursor": ["x", "%00", "-1", str(10**30), "", "1c7-212e1285034a81-4cd3cb1a0704d1243:a:b"],
    "limit": ["0", "201", "-1", "1.5", "x", "%00", str(10**30), "NaN", ""],
    "key": [*NO_KEY, ""],
    "email": ["x", "%00@x", "x@%00", "x" * 300 + "@x", "%C4%B0@x"],
    "link": ["%00", "x" * 201, ""],
    "state": ["x", "%00", "dead,open", ""],
    "q": ["%00", "x" * 201, "", "%20"],
    "mode": ["x", "%00", "ALL", ""],
    "format": ["x", "%00", "CSV", ""],
    "sha256": ["x", "%00", "0" * 63, "0" * 65, "G" * 64, ""],
}
NO_HEADER = {"If-Match": ["x" * 300], "Idempotency-Key": ["x" * 300, "a b", ""]}


@pytest.fixture
def plugins() -> list[Any]:
    return [Sample()]


def bad_values(schema: dict[str, Any]) -> list[str]:
    if "enum" in schema:
        found = ['"x"', "5", "[]"]
    else:
        match schema:
            case {"type": "integer"}:
                found = NO_INTEGER
            case {"type": "boolean"}:
                found = NO_BOOLEAN
            case {"type": "array", "maxItems": most}:
                found = [*NO_LIST, "[" + ",".join(["null"] * (most + 1)) + "]"]
            case {"type": "array"}:
                found = NO_LIST
            case {"type": "object"}:
                found = NO_OBJECT
            case {"format": "uuid"}:
                found = NO_UUID
            case {"format": "date" | "date-time" | "date-time-local"}:
                found = NO_TIME
            case {"pattern": pattern} if r"\d{1,9}" in pattern:
                found = NO_DECIMAL
            case {"type": "string"}:
                found = NO_TEXT
            case _:
                raise AssertionError(f"say here what no field of this kind can hold: {schema}")
    nullable = schema.get("nullable") or None in schema.get("enum", [])
    return found if nullable else [*found, "null"]


def fields(
    operation: Operation, schema: dict[str, Any], right: Any, place: str
) -> Iterator[tuple[str, list[Any], Any]]:
    """Walk through a schema and a right value side by side; yield every field's place, the keys to it, its schema."""
    for name, field in operation.resolve(schema).get("properties", {}).items():
        if "oneOf" in field:
            field |= operation.resolve(field["oneOf"][0]) | {"nullable": True}
        yield f"{place}.{name}", [name], field
        if field.get("type") == "array" and right.get(name):
            item = operation.resolve(field["items"])
            if "properties" not in item:
                yield f"{place}.{name}[0]", [name, 0], item
            for where, keys, inner in fields(operation, item, right[name][0], f"{place}.{name}[0]"):
                yield where, [name, 0, *keys], inner


def bad_bodies(operation: Operation, right: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
    """Yield bodies that are right but for one field, with the place of that field."""
    for where, keys, schema in fields(operation, operation.body, right, "body"):
        for bad in bad_values(schema):
            body = inside = copy.deepcopy(right)
            for key in keys[:-1]:
                inside = inside[key]
            inside[keys[-1]] = msgspec.Raw(bad.encode())
            yield where, msgspec.json.encode(body)
    for name in operation.body["required"]:
        yield f"body.{name}", msgspec.json.encode({key: right[key] for key in right if key != name})
    for name in ("unknown", "\0"):
        yield f"body.{name}", msgspec.json.encode(right | {name: 1})


async def send(
    made: Campus, operation: Operation, path: str = "", body: bytes | None = None, header: tuple[str, str] | None = None
) -> httpx.Response:
    """Call an operation as the administrator, right but for what is given."""
    if operation.media_type and body is None:
        body = msgspec.json.encode(made.bodies[operation.name])
    headers = {"Authorization": f"Bearer {made.world.admin.token}", "If-Match": '"1"'}
    headers |= {"Content-Type": operation.media_type} if operation.media_type else {}
    headers |= dict([header] if header else [])
    path = path or made.path(operation.path)
    return await made.world.http.request(operation.method, path, content=body, headers=headers)


def complaints(operation: Operation, bad: object, where: str | None, answer: httpx.Response) -> list[str]:
    """Say what is wrong with an answer: it must be a short problem document, about this field if one is named."""
    told = answer.json() if answer.headers["Content-Type"] == "application/problem+json" else {}
    places = [error["where"] for error in told.get("errors", [])]
    if (
        400 <= answer.status_code < 500
        and told.get("status") == answer.status_code
        and {"type", "title", "detail"} <= told.keys()
        and (where is None or any(f"{place}.".startswith((f"{where}.", f"{where}[")) for place in places))
        and len(answer.content) < 2_000
    ):
        return []
    return [f"{operation.name} {where} {str(bad)[:100]}: {answer.status_code} {answer.text[:200]}"]


def refused(answer: httpx.Response) -> bool:
    """Tell whether the one event of a batch was refused by itself, so that it would not have held up others."""
    told = answer.json().get("outcomes", [])
    return [(one["outcome"], one["code"]) for one in told] in (
        [("refused", "malformed")],
        [("refused", "unknown-unit")],
    )


async def test_every_field_of_every_body(world: World) -> None:
    made = await campus(world, "alpha")
    before = await contents(world.database)
    found = []
    for operation in operations(world.app):
        if operation.media_type == JSON:
            for where, body in bad_bodies(operation, made.bodies[operation.name]):
                answer = await send(made, operation, body=body)
                if not (where.startswith("body.events[0].") and refused(answer)):
                    found += complaints(operation, body, where, answer)
    assert found == []
    assert await contents(world.database) == before


async def test_bodies_that_are_none(world: World) -> None:
    made = await campus(world, "alpha")
    before = await contents(world.database)
    taking = [operation for operation in operations(world.app) if operation.media_type]
    assert {operation.name for operation in taking} == made.bodies.keys()
    found = []
    for operation in taking:
        for body in NO_BODY:
            found += complaints(operation, body, "body", await send(made, operation, body=body.encode()))
        for other in ("text/plain", "", "\0", "multipart/form-data", FORM if operation.media_type == JSON else JSON):
            answer = await send(made, operation, header=("Content-Type", other))
            found += complaints(operation, other, None, answer) if answer.status_code == 415 else [operation.name]
    assert found == []
    assert await contents(world.database) == before


async def test_a_body_that_is_too_long(world: World) -> None:
    answer = await world.http.post("/sign-in", content=b"x" * (16 * 1024 * 1024 + 1), headers={"Content-Type": JSON})
    assert answer.json() == {
        "type": "urn:lms:problem:request-entity-too-large",
        "title": "Request Entity Too Large",
        "status": 413,
        "detail": "The request is longer than 16 MiB; send media in parts to the content store.",
    }


@pytest.mark.parametrize("link", ["", "%00", "x" * 201, "x&link=y"])
async def test_the_form_that_sets_a_password(world: World, link: str) -> None:
    body = f"password=correct+horse+battery&link={link}"
    answer = await world.http.post("/set-password", content=body, headers={"Content-Type": FORM})
    assert answer.status_code == 400
    assert [error["where"] for error in answer.json()["errors"]] == ["body.link"]


async def test_every_parameter_of_every_address(world: World) -> None:
    made = await campus(world, "alpha")
    before = await contents(world.database)
    found = []
    for operation in operations(world.app):
        if operation.method == "HEAD":
            continue  # refuses what its GET refuses, without saying so
        for parameter in operation.parameters:
            name, schema = parameter["name"], parameter["schema"]
            where = f"{parameter['in']}.{name}"
            if parameter["in"] == "header":
                for bad in NO_HEADER[name]:
                    found += complaints(operation, bad, where, await send(made, operation, header=(name, bad)))
            elif parameter["in"] == "query":
                for bad in NO_QUERY[name]:
                    path = f"{made.path(operation.path)}?{name}={bad}"
                    found += complaints(operation, bad, where, await send(made, operation, path))
            else:
                kinds = {"uuid": NO_ID, "integer": NO_NUMBER, "string": NO_KEY}
                for bad in kinds[schema.get("format", schema["type"])]:
                    answer = await send(made, operation, made.path(operation.path, **{name: bad}))
                    # what looks like no id or number at all is no address of ours
                    named = None if answer.status_code == 404 else where
                    found += complaints(operation, bad, named, answer)
    assert found == []
    assert await contents(world.database) == before
