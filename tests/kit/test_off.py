"""The last level looks at what it says: of a plugin that is still on, it finds everything that should be gone."""

from __future__ import annotations

from contextlib import ExitStack
from importlib.metadata import EntryPoint
from typing import TYPE_CHECKING

import pytest

import lms_core.types
from lms_core.contract import behaviour, loading, off
from lms_core.contract.subject import Subject
from lms_core.contract.target import Target

if TYPE_CHECKING:
    from collections.abc import Iterator

PATH = "/programmes/{programme_id}/board"


@pytest.fixture
def subject(monkeypatch: pytest.MonkeyPatch) -> Iterator[Subject]:
    """The notice board of the host's own tests, enabled in a running core."""
    entry = EntryPoint("board", "tests.support.board:Board", "lms.plugins")
    with ExitStack() as stack:
        made = Subject(Target("lms-core", [entry]), entry, stack)
        monkeypatch.setattr("lms_core.types._clock", lms_core.types._clock)  # the check sets it, and this puts it back
        made.examples = [{}]
        assert [*loading.imports(made), *loading.registers(made), *behaviour.starts(made)] == []
        yield made


def test_what_is_on_is_not_off(subject: Subject) -> None:
    assert [finding.text for finding in off.is_not_called(subject)] == [
        f"{name} is called where the plugin is off"
        for name in (
            "calendar_entries", "check_enrolment", "check_session", "enrolment_created", "job:sweep",
            "plugin_disabled", "plugin_enabled", "preview_change", "progress_credits",
        )
    ]  # fmt: skip
    assert [finding.text for finding in off.is_not_described(subject)] == [
        "the permission board.read is offered where the plugin is off",
        "the permission board.pin is offered where the plugin is off",
        *(
            f"{PATH}{rest} is described where the plugin is off"
            for rest in (
                "/broken", "/mine", "/notices", "/notices/{notice_id}", "/public", "/runs/{run_id}/notices",
            )
        ),
    ]  # fmt: skip
    told = [finding.text.partition(" where")[0] for finding in off.answers_nobody(subject)]
    assert told == [
        f"GET {PATH}/broken answers 500",
        f"GET {PATH}/mine answers 200",
        f"GET {PATH}/notices answers 200",
        f"GET {PATH}/public answers 200",
        f"GET {PATH}/runs/{{run_id}}/notices answers 200",
        f"POST {PATH}/notices answers 415",
    ]

    assert list(off.goes_off(subject)) == []
    for step in (off.is_not_called, off.is_not_described, off.answers_nobody):
        assert list(step(subject)) == []
