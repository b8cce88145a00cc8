"""The frame of the pages for guests: who writes, in which language, and whom to ask."""

from __future__ import annotations

import base64
import hashlib
from html import escape
from urllib.parse import urlencode

import msgspec
from litestar import MediaType, Response

from lms_internship_credit.letterhead import Letterhead
from lms_internship_credit.page_words import P
from lms_internship_credit.telling import Language

# The address holds a secret: it must reach neither caches nor other sites.
HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'",
}

_PAGE = """<!doctype html>
<html lang="{language}"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>
*{{box-sizing:border-box}}
body{{font:1rem/1.5 system-ui,sans-serif;max-width:46rem;margin:0 auto;padding:1rem;overflow-wrap:anywhere;
color:#1b1b1b;background:#fff}}
header,footer{{color:#444}}header{{border-bottom:1px solid #999;padding-bottom:.5rem}}
footer{{border-top:1px solid #999;margin-top:2rem;padding-top:.5rem}}
h1,h2,h3{{line-height:1.25}}h1{{font-size:1.6rem}}h2{{font-size:1.25rem;margin-top:2rem}}h3{{font-size:1rem;margin:0}}
dl{{margin:0}}dt{{font-weight:bold}}dd{{margin:0 0 .75rem;white-space:pre-wrap}}
a{{color:#0b4a9e}}
form{{border:1px solid #767676;border-radius:.25rem;padding:1rem;margin:1rem 0}}
details>form{{margin-top:.5rem}}details{{margin:1rem 0}}summary{{cursor:pointer;padding:.25rem 0;font-weight:bold}}
p.field,fieldset{{margin:0 0 1rem;padding:0;border:0}}
label,legend{{display:block;font-weight:bold;padding:0}}label.choice{{display:inline-flex;align-items:center;
gap:.3rem;min-height:2.75rem;margin-right:.75rem;font-weight:normal}}
input,textarea,select,button{{font:inherit;color:inherit}}
input:not([type=radio]):not([type=checkbox]),textarea,select{{width:100%;min-height:2.75rem;padding:.4rem .5rem;
border:1px solid #767676;border-radius:.25rem;background:#fff}}
select{{max-width:100%}}input[type=date],input.short{{max-width:14rem}}
input[type=radio],input[type=checkbox]{{width:1.4rem;height:1.4rem;flex:none}}
button{{min-height:2.75rem;padding:.4rem 1.25rem;border:2px solid #0b4a9e;border-radius:.25rem;background:#0b4a9e;
color:#fff;font-weight:bold;cursor:pointer}}
:focus-visible{{outline:3px solid #c05600;outline-offset:2px}}
.note{{padding:.5rem 1rem;border:2px solid #1d6b2f;border-radius:.25rem}}
.wrong{{padding:.5rem 1rem;border:3px solid #a80000;border-radius:.25rem}}.wrong h2{{margin:.25rem 0}}
.mistake{{display:block;color:#a80000;font-weight:bold}}.hint{{color:#444;font-weight:normal}}
.change{{border-left:4px solid #c05600;padding-left:.75rem;margin:1rem 0}}
.change dt{{font-weight:normal;color:#444}}
.change dl{{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,15rem),1fr));gap:0 1.5rem}}
code{{font-size:.85rem}}
@media(min-width:40rem){{dl.facts{{display:grid;grid-template-columns:13rem 1fr;gap:0 1rem}}
dl.facts dt,dl.facts dd{{margin:0 0 .5rem}}}}
</style></head><body>{body}</body></html>"""


def framed(
    letterhead: Letterhead,
    language: Language,
    title: str,
    body: str,
    *,
    other: str = "",
    script: str = "",
    status: int = 200,
) -> Response[str]:
    """Return a page; `title` is plain text, `body` HTML, and `other` the address of the page in the other language.

    Where there is a `script`, it alone runs; it may talk to the content store, whose address only its answers tell.
    """
    sender, contact = escape(letterhead.sender), letterhead.contact
    switch = questions = ""
    if other:
        tongue: Language = "en" if language == "de" else "de"
        switch = f'<br><a href="{escape(other)}" lang="{tongue}" hreflang="{tongue}">{P["other"][language]}</a>'
    if contact:
        email, phone = escape(contact.email), f", {escape(contact.phone)}" if contact.phone else ""
        mail = f'<a href="mailto:{email}">{email}</a>'
        questions = f"<p>{P['questions'][language]}: {escape(contact.name)}, {mail}{phone}</p>"
    whole = f"<header>{sender}{switch}</header><main>{body}</main><footer><p>{sender}</p>{questions}</footer>"
    headers = {**HEADERS, "Content-Language": language}
    if script:
        whole += f"<script>{script}</script>"
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        headers["Content-Security-Policy"] += f"; script-src 'sha256-{digest}'; connect-src 'self' https: http:"
    text = _PAGE.format(language=language, title=escape(title), body=whole)
    return Response(text, status_code=status, media_type=MediaType.HTML, headers=headers)


class Visit(msgspec.Struct, frozen=True):
    """Who writes, in which language a guest reads, and the secret of the link by which she has come."""

    letterhead: Letterhead
    language: Language
    link: str

    def query(self, language: Language | None = None) -> str:
        """Return the query by which an address is opened as this page was, in this or another language."""
        return "?" + urlencode({"link": self.link, "language": language or self.language})

    def show(self, title: str, body: str, *, status: int = 200) -> Response[str]:
        """Return a page that can be read in the other language as well."""
        other = self.query("en" if self.language == "de" else "de")
        return framed(self.letterhead, self.language, title, body, other=other, status=status)
