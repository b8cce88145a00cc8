"""Which seats are free for whom: pure arithmetic over the seats of a run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct

__all__ = ["Allocation", "Candidate", "Quota", "allocate", "free_seats"]


class Quota(Struct, frozen=True):
    """Seats kept for those who enrol under a programme, until a moment (null: for good); `held` are taken.

    With `plugin` only for those whom that plugin has named.
    """

    key: str
    seats: int
    held: int
    programme_id: UUID
    released_at: datetime | None
    plugin: str | None = None

    def serves(self, candidate: Candidate) -> bool:
        """Tell whether a seat of this quota may be hers."""
        named = self.plugin is None or self.plugin in candidate.claims
        return named and self.programme_id == candidate.programme_id


class Candidate(Struct, frozen=True):
    """Somebody who wants a seat; `ready` once every plugin that has a say agreed lately.

    `claims` are the plugins that have named her for the seats that they keep in her programme.
    """

    person_id: UUID
    programme_id: UUID | None
    ready: bool
    claims: frozenset[str] = frozenset()


class Allocation(Struct, frozen=True):
    """Who gets a seat, each with the quota it belongs to (null: none), and for whom one is kept until judged."""

    seats: list[tuple[Candidate, str | None]]
    kept: list[Candidate]


def free_seats(capacity: int, taken: int, quotas: Iterable[Quota], at: datetime) -> tuple[int, dict[str, Quota]]:
    """Return how many seats anybody may have, and the quotas in force that still have seats.

    What a quota does not use is kept for it until it is released. Seats taken are all that are held, in quotas too.
    """
    open_ = {q.key: q for q in quotas if q.held < q.seats and (q.released_at is None or q.released_at > at)}
    return capacity - taken - sum(q.seats - q.held for q in open_.values()), open_


def allocate(
    capacity: int, taken: int, quotas: Sequence[Quota], candidates: Iterable[Candidate], at: datetime
) -> Allocation:
    """Give the free seats to the candidates in their order: one of their quota first, else one that anybody may have.

    For a candidate who is not ready the seat is kept, so that nobody behind her gets it.
    """
    anybody, open_ = free_seats(capacity, taken, quotas, at)
    left = {key: q.seats - q.held for key, q in open_.items()}
    room = capacity - taken  # quotas may promise more than there is after the capacity was changed
    seats: list[tuple[Candidate, str | None]] = []
    kept: list[Candidate] = []
    for candidate in candidates:
        if room <= 0 or (anybody <= 0 and not any(left.values())):
            break
        own = (key for key, q in open_.items() if left[key] and q.serves(candidate))
        # first one that fewer people may have
        quota = min(own, key=lambda key: open_[key].plugin is None, default=None)
        if quota is not None:
            left[quota] -= 1
        elif anybody > 0:
            anybody -= 1
        else:
            continue
        room -= 1
        if candidate.ready:
            seats.append((candidate, quota))
        else:
            kept.append(candidate)
    return Allocation(seats, kept)
