"""Read a page of hosts and mentors as they do."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx

LINES = {
    "p",
    "li",
    "h1",
    "h2",
    "h3",
    "dt",
    "dd",
    "header",
    "label",
    "legend",
    "summary",
    "button",
    "textarea",
    "form",
    "br",
}


class Page(HTMLParser):
    """A page as it is read: its texts line by line, its fields, and what names and leads to them."""

    def __init__(self, answer: httpx.Response) -> None:
        super().__init__()
        self.status, self.lines = answer.status_code, [""]
        self.language = ""
        self.fields: dict[str, dict[str, str | None]] = {}
        self.labels: set[str] = set()
        self.leads: list[str] = []
        self._skipped = 0
        self.feed(answer.text)
        self.lines = [" ".join(line.split()) for line in self.lines if line.strip()]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self._skipped += tag in ("style", "title")
        if tag in LINES:
            self.lines.append("")
        if tag == "html":
            self.language = given["lang"] or ""
        if tag in ("input", "textarea") and given.get("type") != "hidden" and given.get("id"):
            self.fields[given["id"] or ""] = given
        if tag == "label":
            self.labels.add(given.get("for") or "")
        if tag == "a" and (given["href"] or "").startswith("#"):
            self.leads.append((given["href"] or "")[1:])

    def handle_endtag(self, tag: str) -> None:
        self._skipped -= tag in ("style", "title")
        if tag in LINES:
            self.lines.append("")

    def handle_data(self, data: str) -> None:
        if not self._skipped:
            self.lines[-1] += data

    def wrong(self) -> list[str]:
        """What the page says first of all."""
        start = self.lines.index("Bitte korrigieren Sie das" if self.language == "de" else "Please correct this")
        end = next(
            place for place, line in enumerate(self.lines) if line.startswith(("Praktikum von", "Internship of"))
        )
        return self.lines[start + 1 : end]
