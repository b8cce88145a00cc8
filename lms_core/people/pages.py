"""The only pages of HTML that the server itself shows: setting a password through a one-time link."""

from __future__ import annotations

from html import escape

from litestar import MediaType, Response

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width">
<style>body{{font:1.1rem system-ui;max-width:30rem;margin:4rem auto;padding:0 1rem}}
input,button{{font:inherit;padding:.5rem;width:100%;box-sizing:border-box;margin:.4rem 0}}</style>
</head><body><h1>{title}</h1>{body}</body></html>"""

# The address holds a secret: it must reach neither caches nor other sites.
_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'",
}


def _page(title: str, body: str) -> Response[str]:
    return Response(_PAGE.format(title=title, body=body), media_type=MediaType.HTML, headers=_HEADERS)


def password_form(link: str) -> Response[str]:
    """Show the form that sets a password; works without scripts."""
    return _page(
        "Set your password",
        f"""<form method="post" action="set-password"><input type="hidden" name="link" value="{escape(link)}">
<label>New password, at least 12 characters
<input type="password" name="password" minlength="12" maxlength="200" required autocomplete="new-password"></label>
<button>Set password</button></form>""",
    )


def password_set() -> Response[str]:
    """Say that the password is set."""
    return _page("Your password is set", "<p>You can sign in with it now. This link is used up.</p>")
