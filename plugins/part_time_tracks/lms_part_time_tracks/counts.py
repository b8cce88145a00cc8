"""Numbers of people that may be told: never of few, never exact, and steady while few people change.

Who knows how many there are in all could take what is told from it, and who asks twice, before and after somebody has
changed something or with a little difference, could see what became of her. So numbers are rounded, which leaves what
is not told unknown, and an answer that was given stays as it was until it is clearly wrong: the change of up to three
people cannot be seen in it.
"""

from __future__ import annotations

from collections.abc import Iterable

FEW = 5
"""Of fewer people no number is told."""

STEP = 5
"""Numbers are told to the nearest of these."""

SPARE = 3
"""So many people can come or go before a number that was told is told anew."""


def near(number: int) -> int | None:
    """Return a number of people to the nearest five, and none for few: two of these do not give away a third."""
    return max(FEW, (number + STEP // 2) // STEP * STEP) if number >= FEW else None


def told(number: int, kept: Iterable[int | None] = ()) -> int | None:
    """Return what is told of a number of people; `kept` is what was told before, that which counts most first."""
    for one in kept:
        if _stands(number, one):
            return one
    return (number + STEP // 2) // STEP * STEP if number >= FEW + SPARE else None


def _stands(number: int, kept: int | None) -> bool:
    """Tell whether what was told still comes near; a number of fewer than FEW never does."""
    if kept is None:
        return number < FEW + 2 * SPARE
    return abs(number - kept) <= STEP // 2 + SPARE
