from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from lms_core.client.digests import digest, kind_of, media_type
from lms_core.client.digests import part_size_for as expected
from lms_core.media import kinds
from lms_core.media.uploads import part_size_for

MIB = 1024 * 1024


@pytest.mark.parametrize("size", [0, 1, 8 * MIB, 8 * MIB + 1, 17 * MIB])
def test_parts_are_those_of_the_server(tmp_path: Path, size: int):
    content = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    (tmp_path / "file").write_bytes(content)

    file = digest(tmp_path / "file")

    assert file.part_size == part_size_for(size)
    pieces = [content[start : start + file.part_size] for start in range(0, size, file.part_size)] or [b""]
    assert file.parts == [hashlib.sha256(piece).hexdigest() for piece in pieces]
    assert (file.size, file.sha256) == (size, hashlib.sha256(content).hexdigest())


@pytest.mark.parametrize("size", [8 * MIB * 10_000, 8 * MIB * 10_000 + 1, 100 * 1024 * MIB])
def test_the_size_of_parts_grows_as_the_server_has_it(size: int):
    assert expected(size) == part_size_for(size)


def test_what_lecturers_have_is_called_by_types_that_the_server_takes():
    types = {
        "a.md": "text/markdown", "a.vtt": "text/vtt", "a.srt": "text/plain", "a.m4a": "audio/mp4",
        "a.m3u8": "application/vnd.apple.mpegurl", "a.ts": "video/mp2t", "a.mp4": "video/mp4", "a.webm": "video/webm",
        "a.mov": "video/quicktime", "a.mkv": "video/x-matroska", "a.wav": "audio/wav", "a.mp3": "audio/mpeg",
        "a.ogg": "audio/ogg", "a.pdf": "application/pdf", "a.csv": "text/csv", "a.webp": "image/webp",
        "a.svg": "image/svg+xml", "a.ipynb": "application/x-ipynb+json", "a.tar.gz": "application/gzip",
        "a.xyz": "application/octet-stream", "a": "application/octet-stream",
    }  # fmt: skip

    assert {name: media_type(name) for name in types} == types
    assert {name: kinds.misnamed(name, kind) for name, kind in types.items()} == dict.fromkeys(types)


def test_a_text_in_an_old_encoding_is_bytes(tmp_path: Path):
    (tmp_path / "old.csv").write_bytes("Größe;1".encode("latin-1"))
    (tmp_path / "new.csv").write_bytes("Größe;1".encode())

    assert [kind_of(tmp_path / name) for name in ("old.csv", "new.csv")] == ["application/octet-stream", "text/csv"]
