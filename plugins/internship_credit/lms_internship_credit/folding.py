"""Words as they are searched: without case, accents, and whatever stands between them."""

from __future__ import annotations

import re
from unicodedata import combining, normalize

_BETWEEN = re.compile(r"[\s\x00-\x1f\-\u00ad\u2010-\u2015.,;:!?/()\[\]\"'\u2018-\u201f\u00ab\u00bb]+")
_UMLAUTS = str.maketrans({"\u00e4": "ae", "\u00f6": "oe", "\u00fc": "ue", "\u00f8": "oe", "\u00e5": "aa"})


def kept(*texts: str) -> str:
    """Return texts as they are kept for searching: one line for each, and one for each as umlauts are written out."""
    return "\n".join(dict.fromkeys(line for text in texts for line in forms(text)))


def forms(text: str) -> list[str]:
    """Return how a text may be written: "Ätz-Labor" as atzlabor and aetzlabor; nothing if it is empty."""
    low = normalize("NFC", text.casefold())
    found = (_squeezed(low), _squeezed(low.translate(_UMLAUTS)))
    return [one for one in dict.fromkeys(found) if one]


def _squeezed(text: str) -> str:
    bare = "".join(one for one in normalize("NFKD", text) if not combining(one))
    return _BETWEEN.sub("", bare)
