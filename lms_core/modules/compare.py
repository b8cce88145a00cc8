"""What changes between two contents of a module; server and client tell it in the same words."""

from __future__ import annotations

from lms_core.modules import types as t

DESCRIPTION = ("title", "ects", "workload_hours", "language", "offered", "prerequisites")
"""The fields of a content but for its units and its rule of completion."""


def compare(old: t.ModuleContent | None, new: t.ModuleContent, revision: int) -> t.DraftChange:
    """Say what `new` changes against `old`."""
    before = {u.key: u for u in old.units} if old else {}
    after = {u.key: u for u in new.units}
    common = [key for key in after if key in before]
    order = {key: index for index, key in enumerate(key for key in before if key in after)}
    modified = [key for key in common if before[key] != after[key]]
    moved = [key for index, key in enumerate(common) if order[key] != index]
    details = [name for name in DESCRIPTION if old is None or getattr(old, name) != getattr(new, name)]
    if (old.completion if old else None) != new.completion:
        details.append("completion")
    added = [key for key in after if key not in before]
    removed = [key for key in before if key not in after]
    return t.DraftChange(
        changed=bool(added or removed or modified or moved or details),
        added=added,
        removed=removed,
        modified=modified,
        moved=moved,
        details=details,
        unchanged=len(set(common) - set(modified) - set(moved)),
        revision=revision,
    )
