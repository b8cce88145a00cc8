"""Names of the plugin API that are about to go."""

from __future__ import annotations

import warnings
from collections.abc import Mapping

import msgspec


class Deprecated(msgspec.Struct, frozen=True):
    """What a name still means, since which minor version it warns, and what to write instead."""

    value: object
    since: str
    instead: str

    @property
    def gone_in(self) -> str:
        """Return the first version that may do without the name: it warns for two minor releases."""
        major, minor = self.since.split(".")
        return f"{major}.{int(minor) + 2}" if major == "0" else f"{int(major) + 1}.0"


def deprecated(module: str, known: Mapping[str, Deprecated], name: str) -> object:
    """Return what a deprecated name means, with a DeprecationWarning. Raises AttributeError for any other name."""
    found = known.get(name)
    if found is None:
        raise AttributeError(f"module {module!r} has no attribute {name!r}")
    told = f"{module}.{name} is deprecated since {found.since} and gone in {found.gone_in}: {found.instead}"
    warnings.warn(told, DeprecationWarning, stacklevel=3)
    return found.value
