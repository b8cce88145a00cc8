"""What firms see of those who apply for their offers, without an account."""

from __future__ import annotations

from html import escape

from litestar import Response

from lms_internship_credit.applying import Applicant, Applicants
from lms_internship_credit.firm_words import DECISIONS, FIXED, STATES, TEXTS
from lms_internship_credit.layout import Visit
from lms_internship_credit.telling import day


def show(found: Applicants, visit: Visit, told: str = "", status: int = 200) -> Response[str]:
    """Show a firm who applied for an offer, with what it can decide; `told` is a key of the texts."""
    offer, language = found.offer, visit.language
    say = {name: escape(words[language]) for name, words in TEXTS.items()}
    first, last = day(offer.first_day, language), day(offer.last_day, language)
    parts = [
        f'<h1><bdi dir="auto">{escape(offer.title)}</bdi></h1>',
        f'<p class="note" role="status">{say[told]}</p>' if told else "",
        f"<p>{say['period'].format(first=first, last=last, free=offer.free, places=offer.places)}</p>",
        *(_applicant(one, visit) for one in found.items),
        "" if found.items else f"<p>{say['nobody']}</p>",
    ]
    return visit.show(offer.title, "".join(parts), status=status)


def _applicant(one: Applicant, visit: Visit) -> str:
    words = f'<dl><dd dir="auto">{escape(one.words)}</dd></dl>' if one.words else ""
    state = escape(STATES[one.state][visit.language])
    told = f"<h2><bdi>{escape(one.name)}</bdi></h2><p>{state}</p>{words}"
    if one.fixed:
        return f"{told}<p>{escape(FIXED[one.fixed][visit.language])}</p>"
    choices = ("agree", "decline") if one.state == "applied" else ("back",)
    buttons = " ".join(
        f'<button name="decision" value="{choice}">{escape(DECISIONS[choice][visit.language])}</button>'
        for choice in choices
    )
    return f"""{told}
<form method="post" action="{escape(visit.query())}"><input type="hidden" name="application"
value="{one.application_id}">{buttons}</form>"""
