"""What readers of PDF that are not ours find in one."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

poppler = pytest.mark.skipif(shutil.which("pdfdetach") is None, reason="poppler-utils is not installed")


def pages_of(pdf: bytes) -> list[str]:
    """Return the text of each page as it is read, its lines joined by blanks."""
    done = subprocess.run(["pdftotext", "-raw", "-", "-"], input=pdf, capture_output=True, check=True)
    assert done.stderr == b""
    return [" ".join(page.split()) for page in done.stdout.decode().removesuffix("\f").split("\f")]


def files_of(pdf: bytes) -> dict[str, bytes]:
    """Return the attached files by their names."""
    with TemporaryDirectory() as folder:
        file, there = Path(folder, "a.pdf"), Path(folder, "files")
        file.write_bytes(pdf)
        there.mkdir()
        subprocess.run(["pdfdetach", "-saveall", "-o", there, file], capture_output=True, check=True)
        return {one.name: one.read_bytes() for one in there.iterdir()}


def facts_of(pdf: bytes) -> dict[str, str]:
    """Return what a PDF says of itself."""
    done = subprocess.run(["pdfinfo", "-isodates", "-"], input=pdf, capture_output=True, text=False, check=True)
    lines = done.stdout.decode().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}
