"""The contract of plugins: its levels and their steps, in the order in which they are taken."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lms_core.contract import behaviour, loading, off, settings, source, tables
from lms_core.contract.report import WORSE, Begun, Message, Step
from lms_core.contract.subject import Finding, Skip, Subject, wrong
from lms_core.hooks.measure import told

Check = Callable[[Subject], Iterator[Finding]]

STEPS: tuple[tuple[int, str, Check], ...] = (
    (1, "its entry point can be imported", loading.imports),
    (1, "the host registers it", loading.registers),
    (1, "its entry point is called like it", loading.is_called_alike),
    (2, "of the core it imports only lms_core.api", source.imports_only_the_api),
    (2, "it imports no other plugin", source.imports_no_other_plugin),
    (2, "importing it takes no time", source.imports_quickly),
    (3, "examples of its settings can be made", settings.has_examples),
    (3, "settings survive JSON", settings.survives_json),
    (3, "everything in the settings has bounds", settings.is_bounded),
    (4, "its tables come, go and come again on SQLite", tables.on_sqlite),
    (4, "its tables come, go and come again on PostgreSQL", tables.on_postgresql),
    (5, "a core starts with it, and a programme enables it", behaviour.starts),
    (5, "its hooks and jobs answer, and hold nobody up", behaviour.answers),
    (5, "its routes refuse who has not signed in", behaviour.refuses_strangers),
    (5, "its routes refuse who has no role", behaviour.refuses_the_uninvited),
    (5, "its pages can be read", behaviour.can_be_read),
    (6, "it can be disabled", off.goes_off),
    (6, "its routes are gone", off.answers_nobody),
    (6, "its hooks and jobs are not called", off.is_not_called),
    (6, "its permissions and its description are gone", off.is_not_described),
    (6, "what it keeps can be exported, and is the programme's own", off.can_be_exported),
)


def check(subject: Subject) -> Iterator[Message]:
    """Take every step, whatever came of those before: one that cannot be taken is skipped with the reason.

    A plugin that the host cannot register is looked at no further.
    """
    for level, title, step in STEPS:
        if level > 1 and subject.registry is None:
            return
        yield Begun(level, title)
        try:
            findings = list(step(subject))
        except Skip as reason:
            yield Step(level, title, "skipped", [str(reason)])
            continue
        except Exception as error:  # a stranger's code runs in each step
            findings = [wrong(f"this step could not be ended: {told(error)}")]
        outcome = max((finding.outcome for finding in findings), key=WORSE.index, default=WORSE[0])
        yield Step(level, title, outcome, [finding.text for finding in findings])
