"""Small real films and PDFs to look into."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from lms_core.media.tools import missing

if TYPE_CHECKING:
    from pathlib import Path

needs_tools = pytest.mark.skipif(bool(missing()), reason=f"not installed here: {missing()}")

PICTURE = ["-f", "lavfi", "-i", "testsrc2=duration=3:size=320x240:rate=10"]
SOUND = ["-f", "lavfi", "-i", "sine=duration=3"]
H264 = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"]


def made(path: Path, *words: str) -> bytes:
    """Make a file with ffmpeg and return it."""
    subprocess.run(["ffmpeg", "-v", "error", "-y", *words, str(path)], check=True, timeout=60)
    return path.read_bytes()


def film(folder: Path, *more: str, name: str = "film.mp4") -> bytes:
    """Return three seconds with sound, whose index stands at the end unless `more` says otherwise."""
    return made(folder / name, *PICTURE, *SOUND, *H264, "-c:a", "aac", *more)


def pdf(*pages: bytes) -> bytes:
    """Return a PDF with one line of text on each page, in WinAnsi."""
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Count %d/Kids[%s]>>"
        % (len(pages), b" ".join(b"%d 0 R" % (4 + 2 * i) for i in range(len(pages)))),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
    ]
    for number, text in enumerate(pages):
        drawn = b"BT /F1 12 Tf 50 700 Td (%s) Tj ET" % text
        objects += [
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</Font<</F1 3 0 R>>>>/Contents %d 0 R>>"
            % (5 + 2 * number),
            b"<</Length %d>>stream\n%s\nendstream" % (len(drawn), drawn),
        ]
    body, places = b"%PDF-1.4\n", []
    for number, one in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj%s\nendobj\n" % (number, one)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return body + b"xref\n0 %d\n0000000000 65535 f \n%strailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1, table, len(objects) + 1, len(body),
    )  # fmt: skip
