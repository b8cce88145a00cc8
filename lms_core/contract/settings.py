"""Level 3: examples of the plugin's settings can be made, survive the database, and have bounds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from lms_core.contract.examples import NoExample, example_of, unbounded
from lms_core.contract.subject import Finding, Subject, advice, wrong
from lms_core.hooks.measure import told


def has_examples(subject: Subject) -> Iterator[Finding]:
    """Make the smallest settings, with required fields only, and the fullest."""
    kind = subject.plugin.settings
    how = "name one where it stands: Annotated[..., msgspec.Meta(examples=[...])]"
    examples: list[dict[str, Any]] = []
    for whole in (False, True):
        try:
            example = example_of(kind, whole=whole)
            msgspec.convert(example, kind)
        except NoExample as missing:
            yield wrong(f"no example of {kind.__name__} can be made: {missing}; {how}")
            return
        except Exception as error:
            yield wrong(f"no example of {kind.__name__} can be made: {told(error)}; {how}")
            return
        if example not in examples:
            examples.append(example)
    subject.examples = examples


def survives_json(subject: Subject) -> Iterator[Finding]:
    """Write settings as JSON and read them again, as the database does."""
    kind = subject.plugin.settings
    _ = subject.smallest_settings
    for example in subject.examples:
        settings = msgspec.convert(example, kind)
        again = msgspec.json.decode(msgspec.json.encode(settings), type=kind)
        if again != settings:
            yield wrong(f"{settings} comes back from JSON as {again}; __post_init__ must check, not change")


def is_bounded(subject: Subject) -> Iterator[Finding]:
    """Look for texts and lists that may be of any length."""
    for where, kind in unbounded(subject.plugin.settings):
        yield advice(f"bound {where}: Annotated[{kind}, msgspec.Meta(max_length=...)]")
