"""What guests read in a browser when a route refuses them: a small page in both languages, with what to do next.

Guests have no account and no program of ours that would explain a problem document to them.
"""

from __future__ import annotations

from html import escape
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from litestar import MediaType, Request, Response

from lms_core.errors import Problem, TurnedOff
from lms_core.hooks.links import GUEST, LinkRefused, Why
from lms_core.hooks.plugin import Desk
from lms_core.people.types import Language

HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
}
"""The address holds a secret: it must reach neither caches nor other sites."""

TITLE: dict[Language, str] = {"en": "This link does not open anything now", "de": "Dieser Link öffnet jetzt nichts"}
LINKS: dict[Why, dict[Language, str]] = {
    "unknown": {
        "en": "This link is not known here. A part of its address may be lost: open it again from the mail.",
        "de": "Dieser Link ist hier nicht bekannt. Vielleicht fehlt ein Teil der Adresse: öffnen Sie ihn noch einmal "
        "aus der E-Mail.",
    },
    "revoked": {
        "en": "This link was taken back or replaced by a newer one. If you have a newer mail, use the link in that.",
        "de": "Dieser Link wurde zurückgenommen oder durch einen neueren ersetzt. Wenn Sie eine neuere E-Mail haben, "
        "nehmen Sie den Link daraus.",
    },
    "used": {
        "en": "This link is good for one time and was used on {when}. What was sent then is kept.",
        "de": "Dieser Link gilt für ein Mal und wurde am {when} benutzt. Was dabei gesendet wurde, ist gespeichert.",
    },
    "expired": {"en": "This link expired on {when}.", "de": "Dieser Link ist am {when} abgelaufen."},
    "over": {
        "en": "This link was used or taken back a moment ago, so what you have just sent is not kept.",
        "de": "Dieser Link wurde eben benutzt oder zurückgenommen; was Sie gerade gesendet haben, ist nicht "
        "gespeichert.",
    },
}
ASK: dict[Language, str] = {
    "en": "If you need a new link, ask the office of the programme that wrote to you{programme}.",
    "de": "Wenn Sie einen neuen Link brauchen, bitten Sie das Büro des Studiengangs darum, das Ihnen geschrieben "
    "hat{programme}.",
}
OFF: dict[Language, str] = {
    "en": "The programme does not offer this at the moment. Your link is kept: if it is offered again before the link "
    "expires, it opens as before. If you have questions, ask the office of the programme that wrote to you.",
    "de": "Der Studiengang bietet das zurzeit nicht an. Ihr Link bleibt: wird es wieder angeboten, bevor er abläuft, "
    "öffnet er wie bisher. Bei Fragen hilft das Büro des Studiengangs, das Ihnen geschrieben hat.",
}
WRONG: dict[Language, str] = {"en": "This did not work", "de": "Das hat nicht geklappt"}
REFUSED: dict[Language, str] = {
    "en": "Nothing was changed. Go back and try again, or ask the office of the programme that wrote to you.",
    "de": "Nichts wurde geändert. Gehen Sie zurück und versuchen Sie es noch einmal, oder fragen Sie das Büro des "
    "Studiengangs, das Ihnen geschrieben hat.",
}
FAILED: dict[Language, str] = {
    "en": "It is our mistake, and nothing was changed. Please try again in a few minutes.",
    "de": "Es liegt an uns, und nichts wurde geändert. Bitte versuchen Sie es in einigen Minuten noch einmal.",
}
QUESTIONS: dict[Language, str] = {"en": "Whom to ask: {contact}", "de": "Fragen Sie: {contact}"}
_MOMENT: dict[Language, str] = {"en": "%Y-%m-%d at %H:%M %Z", "de": "%d.%m.%Y um %H:%M %Z"}

_SECTIONS: tuple[tuple[Language, str], ...] = (("en", "h1"), ("de", "h2"))

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>
body{{font:1rem/1.5 system-ui,sans-serif;max-width:40rem;margin:2rem auto;padding:0 1rem;overflow-wrap:break-word}}
h1,h2{{line-height:1.2}}</style></head><body><main>{body}</main></body></html>"""


def for_guests(request: Request[Any, Any, Any]) -> bool:
    """Tell whether a guest asks by a browser: who does not ask for HTML before JSON gets the problem document."""
    if not str(request.route_handler.opt.get("permission")).startswith(GUEST):
        return False
    known = ["application/problem+json", "application/json", "text/html"]
    return request.accept.best_match(known) == "text/html"


def page(found: Response[bytes], error: Exception, desk: Desk) -> Response[str]:
    """Say in a page why a guest was refused, and what to do; status and headers stay those of the problem document."""
    problem = msgspec.json.decode(found.content, type=Problem)
    sections, titles = "", []
    for language, tag in _SECTIONS:
        title, texts = _told(problem, error, language, desk)
        told = "".join(f"<p>{escape(text)}</p>" for text in texts)
        sections += f'<section lang="{language}"><{tag}>{title}</{tag}>{told}</section>'
        titles.append(title)
    return Response(
        _PAGE.format(title=" · ".join(titles), body=sections), status_code=found.status_code, media_type=MediaType.HTML,
        headers={**found.headers, **HEADERS},
    )  # fmt: skip


def _told(problem: Problem, error: Exception, language: Language, desk: Desk) -> tuple[str, list[str]]:
    if isinstance(error, LinkRefused):
        when = f"{error.when.astimezone(ZoneInfo(desk.zone)):{_MOMENT[language]}}" if error.when else ""
        programme = f" ({error.programme})" if error.programme else ""
        # who only guesses at a link does not learn whose it is
        asked = [QUESTIONS[language].format(contact=desk.contact)] if desk.contact and error.programme else []
        return TITLE[language], [
            LINKS[error.why][language].format(when=when), ASK[language].format(programme=programme), *asked,
        ]  # fmt: skip
    if problem.status == 401:
        return TITLE[language], [LINKS["unknown"][language], ASK[language].format(programme="")]
    if isinstance(error, TurnedOff):
        return TITLE[language], [OFF[language]]
    if problem.status >= 500:
        return WRONG[language], [FAILED[language]]
    detail = [problem.detail] if language == "en" else []  # what plugins say is English
    return WRONG[language], [*detail, REFUSED[language]]
