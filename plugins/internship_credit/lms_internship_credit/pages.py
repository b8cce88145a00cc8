"""What firms see of those who apply for their offers, without an account."""

from __future__ import annotations

from html import escape

from litestar import MediaType, Response

from lms_internship_credit.applying import Applicants

# The address holds a secret: it must reach neither caches nor other sites.
_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'",
}

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title><meta name="viewport" content="width=device-width">
<style>body{{font:1rem system-ui;max-width:50rem;margin:2rem auto;padding:0 1rem}}dt{{font-weight:bold}}
dd{{margin:0 0 .5rem;white-space:pre-wrap}}form,p.told{{border:1px solid;padding:.5rem 1rem;margin:1rem 0}}
label{{display:block;margin:.5rem 0}}input,textarea,button{{font:inherit;max-width:100%}}textarea{{width:100%}}
</style></head><body><h1>{title}</h1>{body}</body></html>"""


def show_applicants(found: Applicants, link: str, told: str = "") -> Response[str]:
    """Show a firm who applied for an offer, with two buttons for each who waits for a decision."""
    offer = found.offer
    rows = "".join(
        f"<h2>{escape(one.name)}</h2><p>{one.state.title()}</p><dl><dd>{escape(one.words)}</dd></dl>"
        + _decision(str(one.application_id), link, decided=one.state != "applied")
        for one in found.items
    )
    body = (
        (f'<p class="told" role="status">{escape(told)}</p>' if told else "")
        + f"<p>{offer.first_day} to {offer.last_day}; {offer.free} of {offer.places} places are free.</p>"
        + (rows or "<p>Nobody has applied yet.</p>")
    )
    return Response(_PAGE.format(title=escape(offer.title), body=body), media_type=MediaType.HTML, headers=_HEADERS)


def _decision(application: str, link: str, *, decided: bool) -> str:
    """Write two buttons or, where it is decided, one to take that back."""
    buttons = (
        '<button name="decision" value="agree">Agree</button> <button name="decision" value="decline">Decline</button>'
    )
    if decided:
        buttons = '<button name="decision" value="back">Take this back</button>'
    return f"""<form method="post" action="?link={escape(link)}">
<input type="hidden" name="application" value="{application}">{buttons}</form>"""


def plain(text: str) -> str:
    """Keep spreadsheets from taking a text for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
