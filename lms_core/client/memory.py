"""What a push remembers of big files until it is done, so that going on does not begin with reading them again.

Which parts have arrived is not remembered: the server knows, and it finds the upload by the digest. Nor is any token.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Lock

import msgspec
from msgspec import Struct
from platformdirs import user_state_path

from lms_core.client.digests import LocalFile, OnBytes, digest, kind_of

__all__ = ["Memory"]


class _Known(Struct, frozen=True, kw_only=True):
    """The digests of a file that had this size and time of change."""

    size: int
    modified_ns: int
    sha256: str
    part_size: int
    parts: list[str]


class Memory:
    """The digests of the files of one pushed path, kept in a file of this person's; safe to use from many threads.

    `say` is told of files that have changed since.
    """

    def __init__(self, pushed: Path, say: Callable[[str], None] = lambda words: None) -> None:
        name = hashlib.sha256(os.fsencode(pushed.resolve())).hexdigest()[:32]
        self.place = user_state_path("lms", appauthor=False) / "push" / f"{name}.json"
        self._say = say
        self._lock = Lock()
        self._known: dict[str, _Known] = {}
        with suppress(OSError, ValueError):  # none yet, or not of this release: then everything is read
            self._known = msgspec.json.decode(self.place.read_bytes(), type=dict[str, _Known])

    def digest(self, place: Path, on_bytes: OnBytes = lambda count: None) -> LocalFile:
        """Return the file as `digests.digest` does, without reading it if it is known and has not changed."""
        path = str(place.resolve())
        status, known = place.stat(), self._known.get(path)
        if known and (known.size, known.modified_ns) == (status.st_size, status.st_mtime_ns):
            on_bytes(known.size)
            name, kind = place.name[-255:], kind_of(place)
            return LocalFile(place=place, name=name, content_type=kind, **msgspec.structs.asdict(known))
        if known:
            self._say(f"{place} has changed since it was pushed last; it is sent from the beginning.")
        file = digest(place, on_bytes)
        if len(file.parts) > 1:
            fields = {name: getattr(file, name) for name in _Known.__struct_fields__}
            with self._lock:
                self._known[path] = _Known(**fields)
                self._keep()
        return file

    def forget(self) -> None:
        """Remove what was remembered: the push is done."""
        self.place.unlink(missing_ok=True)

    def _keep(self) -> None:
        with suppress(OSError):  # a home that cannot be written to costs time, not the push
            self.place.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self.place.parent, delete=False) as file:
                file.write(msgspec.json.encode(self._known))
            Path(file.name).replace(self.place)
