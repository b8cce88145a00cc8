"""What stands in a PDF: its pages and their text."""

from __future__ import annotations

import asyncio
import re
import tempfile
import unicodedata
from pathlib import Path

from content_store import ContentStore
from lms_core.media.tools import ToolFailed, fetch, room_for, run

LARGEST = 1 << 30
PAGES = 5000
PAGE_CHARACTERS = 1_000_000
TEXT_BYTES = 32 << 20
INFO_SECONDS, TEXT_SECONDS = 60.0, 600.0


async def read_pdf(store: ContentStore, key: str, size: int) -> tuple[int, list[str]]:
    """Return the number of pages of a PDF, and the text of each of the first 5,000.

    The file lies on this machine's disk meanwhile. Raises StoreError, NoRoom, ToolMissing and ToolFailed.
    """
    room_for(size)
    with tempfile.TemporaryDirectory(prefix="lms-pdf-") as folder:
        path = Path(folder) / "file.pdf"
        await fetch(store, key, path)
        told = await run(["pdfinfo", str(path)], INFO_SECONDS)
        found = re.search(rb"^Pages: +([0-9]{1,9})$", told, re.MULTILINE)
        if found is None:
            raise ToolFailed("pdfinfo does not say how many pages there are")
        words = ["pdftotext", "-q", "-l", str(PAGES), "-enc", "UTF-8", "-eol", "unix", str(path), "-"]
        written = await run(words, TEXT_SECONDS, TEXT_BYTES)
    return int(found[1]), await asyncio.to_thread(_pages, written)


def _pages(written: bytes) -> list[str]:
    """Return the text of each page; each ends with a form feed."""
    return [plain(page) for page in written.decode(errors="replace").split("\f")[:-1]]


def plain(text: str) -> str:
    """Return a page's text as databases keep it and people search it: ligatures as letters, no NUL, bounded."""
    return unicodedata.normalize("NFKC", text[:PAGE_CHARACTERS].replace("\0", ""))[:PAGE_CHARACTERS]


def folded(text: str) -> str:
    """Return a text in lower case, each character at its place."""
    lower = text.lower()
    return lower if len(lower) == len(text) else text.replace("\u0130", "I").lower()
