"""Who gets which seat, as arithmetic: checked against a slow account that gives one seat at a time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from lms_core.enrolment.pools import Candidate, Quota, allocate

AT = datetime(2026, 11, 1, tzinfo=UTC)
PROGRAMMES = [UUID(int=number) for number in range(1, 4)]


@st.composite
def runs(draw: st.DrawFn) -> tuple[int, int, list[Quota], list[Candidate]]:
    quotas = []
    for number in range(draw(st.integers(0, 3))):
        seats = draw(st.integers(1, 4))
        held = draw(st.integers(0, seats))
        released = draw(st.sampled_from([None, AT - timedelta(days=1), AT, AT + timedelta(days=1)]))
        of, plugin = draw(st.sampled_from(PROGRAMMES)), draw(st.sampled_from([None, "families"]))
        quotas.append(Quota(f"q{number}", seats, held, of, released, plugin))
    taken = sum(quota.held for quota in quotas) + draw(st.integers(0, 3))
    capacity = taken + draw(st.integers(0, 6))
    claims = st.sampled_from([frozenset[str](), frozenset(["families"]), frozenset(["others"])])
    wishes = draw(st.lists(st.tuples(st.sampled_from([*PROGRAMMES, None]), st.booleans(), claims), max_size=12))
    people = [Candidate(UUID(int=100 + number), *wish) for number, wish in enumerate(wishes)]
    return capacity, taken, quotas, people


@given(runs())
def test_no_seat_is_given_twice_and_none_is_lost(run: tuple[int, int, list[Quota], list[Candidate]]) -> None:
    capacity, taken, quotas, people = run
    found = allocate(capacity, taken, quotas, people, AT)
    given_ = [*((one.person_id, quota) for one, quota in found.seats)]
    used = len(found.seats) + len(found.kept)
    assert used <= capacity - taken
    assert len({person for person, _ in given_} | {one.person_id for one in found.kept}) == used
    assert all(one.ready for one, _ in found.seats)
    assert not any(one.ready for one in found.kept)
    by_key = {quota.key: quota for quota in quotas}
    for one, key in found.seats:
        if key is not None:
            quota = by_key[key]
            assert quota.programme_id == one.programme_id
            assert quota.plugin is None or quota.plugin in one.claims
            assert quota.released_at is None or quota.released_at > AT
    for quota in quotas:
        assert quota.held + sum(key == quota.key for _, key in found.seats) <= quota.seats
    # what is reserved and unused stays reserved
    in_force = [quota for quota in quotas if quota.released_at is None or quota.released_at > AT]
    reserved = sum(quota.seats - quota.held for quota in in_force)
    general = sum(key is None for _, key in found.seats)
    assert general <= max(0, capacity - taken - reserved)


@given(runs())
def test_nobody_is_overtaken_by_one_of_the_same_kind(run: tuple[int, int, list[Quota], list[Candidate]]) -> None:
    capacity, taken, quotas, people = run
    found = allocate(capacity, taken, quotas, people, AT)
    served = {one.person_id for one, _ in found.seats} | {one.person_id for one in found.kept}
    for kind_of in {(one.programme_id, one.claims) for one in people}:
        kind = [one.person_id in served for one in people if (one.programme_id, one.claims) == kind_of]
        assert kind == sorted(kind, reverse=True)


@given(runs())
def test_a_seat_that_anybody_could_have_is_left_only_if_nobody_waits(
    run: tuple[int, int, list[Quota], list[Candidate]],
) -> None:
    capacity, taken, quotas, people = run
    found = allocate(capacity, taken, quotas, people, AT)
    in_force = [quota for quota in quotas if quota.released_at is None or quota.released_at > AT]
    reserved = sum(quota.seats - quota.held for quota in in_force)
    used = len(found.seats) + len(found.kept)
    if used < len(people):
        assert used >= min(len(people), max(0, capacity - taken - reserved))


def test_a_seat_is_kept_for_the_first_who_is_not_judged() -> None:
    first, second = Candidate(UUID(int=1), None, ready=False), Candidate(UUID(int=2), None, ready=True)
    found = allocate(1, 0, [], [first, second], AT)
    assert (found.seats, found.kept) == ([], [first])
    found = allocate(2, 0, [], [first, second], AT)
    assert (found.seats, found.kept) == ([(second, None)], [first])


def test_a_seat_that_fewer_may_have_is_given_first() -> None:
    [of, *_] = PROGRAMMES
    quotas = [Quota("all", 1, 0, of, None), Quota("some", 1, 0, of, None, "families")]
    named, other = Candidate(UUID(int=1), of, True, frozenset(["families"])), Candidate(UUID(int=2), of, True)
    assert allocate(2, 0, quotas, [named, other], AT).seats == [(named, "some"), (other, "all")]
    assert allocate(1, 0, quotas[1:], [other], AT).seats == []
