"""Rules by which a unit, or a whole run, counts as completed: data in a module's version."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Literal

from msgspec import Meta

from lms_core.types import BadValue, Key, Payload, check_decimal

RuleKind = Literal[
    "opened", "readToEnd", "watched", "score", "attended", "submitted", "signedOff", "unit", "all", "any", "nOf"
]
COMBINED = ("all", "any", "nOf")
NEEDS = {"watched": "percent", "attended": "percent", "score": "score", "unit": "unit", "nOf": "n"}
DEEPEST = 5

FITS = {
    "opened": ("reading", "video", "file"),
    "readToEnd": ("reading", "file"),
    "watched": ("video",),
    "score": ("quiz", "assignment"),
    "attended": ("attendance",),
    "submitted": ("assignment",),
}
"""What kinds of units a rule makes sense for; `signedOff` does for all."""


class Rule(Payload, frozen=True, kw_only=True, omit_defaults=True):
    """When a unit is completed: a condition, or several in `of` of which `all`, `any` or `n` (nOf) must hold.

    Conditions on a unit: `opened`; `readToEnd`; `watched`, of a film's seconds at least `percent`; `score`, at least
    that of the maximum; `attended`, of the minutes of the run's sessions at least `percent`; `submitted`; `signedOff`.
    The condition on a run is `unit`: that unit is completed. In minutes attended, cancelled sessions do not count on
    either side, who is excused was not there, and who is remote was there only if the session is online or hybrid.
    """

    rule: RuleKind
    percent: Annotated[int, Meta(ge=1, le=100)] | None = None
    score: Decimal | None = None
    unit: Key | None = None
    n: Annotated[int, Meta(ge=1, le=100)] | None = None
    of: Annotated[list[Rule], Meta(max_length=100)] = []

    def __post_init__(self) -> None:
        """Refuse a rule that lacks what its kind needs, or has what it does not."""
        needed = NEEDS.get(self.rule)
        for name in ("percent", "score", "unit", "n"):
            if (getattr(self, name) is not None) != (name == needed):
                raise BadValue(name, f"{'is required' if name == needed else 'has no meaning'} in the rule {self.rule}")
        if self.score is not None:
            check_decimal("score", self.score, 0, 100_000)
        if bool(self.of) != (self.rule in COMBINED):
            raise BadValue("of", f"{'must' if self.rule in COMBINED else 'cannot'} hold rules in the rule {self.rule}")
        if self.n is not None and self.n > len(self.of):
            raise BadValue("n", f"must be at most {len(self.of)}, the number of rules in `of`")
        if _depth(self) > DEEPEST:
            raise BadValue("of", f"must be nested at most {DEEPEST} deep")


def _depth(rule: Rule) -> int:
    return 1 + max(map(_depth, rule.of), default=0)


def leaves(rule: Rule, place: str = "") -> Iterator[tuple[Rule, str]]:
    """Yield the conditions of a rule, each with its place."""
    if rule.rule not in COMBINED:
        yield rule, place
    for number, one in enumerate(rule.of):
        yield from leaves(one, f"{place}.of[{number}]")


def unfit(rule: Rule, kind: str, max_score: Decimal | None) -> Iterator[tuple[str, str]]:
    """Yield what of a rule nobody could ever meet in a unit of this kind: where in the rule, and why."""
    for leaf, place in leaves(rule):
        fits = FITS.get(leaf.rule, (kind,))
        if leaf.rule == "unit":
            yield f"{place}.rule", "only the completion of the whole module names units"
        elif kind not in fits:
            yield f"{place}.rule", f"{leaf.rule} makes sense for {', '.join(fits)} only"
        elif leaf.score is not None and (max_score is None or leaf.score > max_score):
            yield f"{place}.score", f"the unit {'has no maxScore' if max_score is None else f'has at most {max_score}'}"
