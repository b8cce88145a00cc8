"""The running server keeps what its description promises, whatever is sent: no 5xx, no undocumented answer."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.support.campus import Campus, campus, operations
from tests.support.measuring import unmeasured
from tests.support.serving import Serving, environment, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hypothesis.strategies import SearchStrategy

    from content_store import StoreSettings
    from tests.support.world import World

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
# Requests of each kind for each operation: few enough for every day. Many more (such as 200) now and then find more.
EXAMPLES = int(os.environ.get("LMS_TEST_EXAMPLES", "0"))
EVERY_DAY = {"sqlite": 3, "postgresql": 2}

pytestmark = pytest.mark.timeout(900)  # some minutes on a busy machine

QUICKLY = settings(
    derandomize=True, database=None, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
)


@pytest.fixture
def server(database_url: str, store_settings: StoreSettings, tmp_path: Path) -> Iterator[Serving]:
    """A server on the test's database."""
    serving = Serving(environment(database_url, store_settings, free_port()), tmp_path / "log")
    serving.start()
    yield serving
    serving.stop()


@pytest.fixture
async def made(world: World) -> Campus:
    return await campus(world, "alpha")


class Caller:
    """Sends generated requests as the administrator, and collects what is wrong with the answers."""

    def __init__(self, server: Serving, made: Campus) -> None:
        self.url = server.url
        self.bodies = made.bodies
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {made.world.admin.token}"
        self.complaints: dict[str, str] = {}

    def send(self, case: Case[Any], lot: int) -> None:
        """Send the request as it was generated, or with a right body but for one field and the present ETag."""
        if lot and isinstance(case.body, dict) and case.body:
            name = sorted(case.body)[lot % len(case.body)]
            case.body = self.bodies[f"{case.method} {case.path}"] | {name: case.body[name]}
        if lot and "If-Match" in case.headers:
            case.headers["If-Match"] = self.etag(case.formatted_path)
        answer = case.call(base_url=self.url, session=self.session)
        try:
            case.validate_response(answer, checks=CHECKS)
        except (Failure, FailureGroup) as failure:
            for found in failure.exceptions if isinstance(failure, FailureGroup) else [failure]:
                what = f"{case.method} {case.path}: {found}"
                self.complaints.setdefault(what, case.as_curl_command(base_url=self.url))

    def etag(self, path: str) -> str:
        for ending in ("/draft", "/publish", "/capacity", "/version"):
            path = path.removesuffix(ending)
        return self.session.get(self.url + path).headers.get("ETag", '"1"')


def kinds(operation: Any, made: Campus) -> Iterator[SearchStrategy[Case[Any]]]:
    """Yield right requests and wrong ones at addresses that exist, and requests to addresses that do not."""
    name = "sample" if "/plugins/" in operation.path else "lecturer"
    known = {**made.ids, "name": name}
    ids = {parameter.name: known[parameter.name] for parameter in operation.path_parameters} or None
    signed_in = {"Authorization": f"Bearer {made.world.admin.token}"}
    yield operation.as_strategy(GenerationMode.POSITIVE, path_parameters=ids)
    if operation.body or operation.query or any(header.name != "Authorization" for header in operation.headers):
        yield operation.as_strategy(GenerationMode.NEGATIVE, path_parameters=ids, headers=signed_in)
    if ids:
        yield operation.as_strategy(GenerationMode.NEGATIVE, headers=signed_in)


def test_every_operation(server: Serving, made: Campus, backend: str) -> None:
    description = schemathesis.openapi.from_url(f"{server.url}/openapi.json")
    caller = Caller(server, made)
    found = [result.ok() for result in description.get_all_operations() if isinstance(result, Ok)]
    assert len(found) == len(operations(made.world.app))
    with unmeasured():  # the server measures itself; what makes up the requests is not ours
        for operation in sorted(found, key=lambda operation: operation.method == "delete"):  # last, for others need it
            if operation.path == "/sign-out":
                continue  # would end the sign-in of all others
            for kind in kinds(operation, made):
                run = given(case=kind, lot=st.integers(0, 9))(caller.send)
                settings(QUICKLY, max_examples=EXAMPLES or EVERY_DAY[backend])(run)()
    assert caller.complaints == {}
