"""Places are given as fairly as can be: compared with all that is possible, and in figures that people can follow."""

from __future__ import annotations

from itertools import combinations, product
from random import Random
from typing import TYPE_CHECKING
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st
from lms_university_weeks.engine.fair import assign, lot

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

Wishes = dict[UUID, tuple[str, ...]]
Result = dict[UUID, tuple[str, ...]]

OPTIONS = ("a", "b", "c")


@st.composite
def choices(draw: st.DrawFn) -> tuple[dict[str, int], Wishes, int]:
    options = OPTIONS[: draw(st.integers(1, 3))]
    each = draw(st.integers(1, len(options)))
    people = draw(st.lists(st.uuids(), unique=True, max_size=4))
    ranked = st.permutations(options).flatmap(lambda order: st.integers(0, len(order)).map(lambda n: tuple(order[:n])))
    places = {key: draw(st.integers(0, 4)) for key in options}
    return places, {person: draw(ranked) for person in people}, each


def ranks(wishes: Wishes, result: Result) -> list[int]:
    return [
        wishes[person].index(key) + 1 if key in wishes[person] else len(wishes[person]) + 1
        for person, got in result.items()
        for key in got
    ]


def unfairness(wishes: Wishes, result: Result, each: int) -> tuple[int, ...]:
    """Count who goes without most, with somewhat less and so on; then the places by rank, the last one first."""
    missing = [sum(len(got) <= each - n for got in result.values()) for n in range(each, 0, -1)]
    return (*missing, *(ranks(wishes, result).count(rank) for rank in range(4, 0, -1)))


def drawn(result: Result, each: int, seed: str) -> int:
    return sum(
        sum(lot(seed, person, key) for key in got)
        + sum(lot(seed, person, f"without {n}") for n in range(1, each - len(got) + 1))
        for person, got in result.items()
    )


def possible(places: Mapping[str, int], people: Sequence[UUID], each: int) -> Iterator[Result]:
    bundles = [got for n in range(each + 1) for got in combinations(sorted(places), n)]
    for chosen in product(bundles, repeat=len(people)):
        if all(sum(key in got for got in chosen) <= most for key, most in places.items()):
            yield dict(zip(people, chosen, strict=True))


@settings(max_examples=150, deadline=None)
@given(choices(), st.text(max_size=5))
def test_nothing_possible_is_fairer_and_ties_are_drawn(choice: tuple[dict[str, int], Wishes, int], seed: str) -> None:
    places, wishes, each = choice
    result = assign(places, wishes, each, seed)
    assert result.keys() == wishes.keys()
    asking = {person: ranked for person, ranked in wishes.items() if ranked}
    left = dict(places)
    for part in (asking, dict.fromkeys(wishes.keys() - asking.keys(), ())):
        mine = {person: result[person] for person in part}
        best = min(
            possible(left, sorted(part), each),
            key=lambda one: (unfairness(part, one, each), drawn(one, each, seed)),
        )
        assert mine == best
        left = {key: most - sum(key in got for got in mine.values()) for key, most in left.items()}
    assert min(left.values()) >= 0
    backwards = {person: wishes[person] for person in reversed(list(wishes))}
    assert assign(dict(reversed(places.items())), backwards, each, seed) == result


def test_two_get_their_second_wish_so_that_nobody_gets_her_last() -> None:
    ann, bo, cy = (UUID(int=n) for n in range(3))
    wishes = {ann: ("a", "b", "c"), bo: ("b", "c", "a"), cy: ("a", "b", "c")}
    results = [assign({"a": 1, "b": 1, "c": 1}, wishes, 1, str(number)) for number in range(20)]
    assert {result[bo] for result in results} == {("c",)}
    assert {result[ann] for result in results} == {("a",), ("b",)}  # between her and Cy it is drawn


def test_who_names_fewer_or_answers_first_is_not_better_off() -> None:
    people = [UUID(int=n) for n in range(1, 9)]
    alike = dict.fromkeys(people, ("a", "b"))
    won = dict.fromkeys(people, 0)
    for number in range(400):
        for person, got in assign({"a": 4, "b": 4}, alike, 1, str(number)).items():
            won[person] += got == ("a",)
    assert all(150 <= times <= 250 for times in won.values())  # half of the draws, give or take five deviations
    short = {**dict.fromkeys(people, ("a", "b", "c")), people[0]: ("a",)}
    lots = [assign({"a": 1, "b": 1, "c": 6}, short, 1, str(number))[people[0]] for number in range(40)]
    assert set(lots) <= {("b",), ("c",)}  # she has said that all others are the same to her


def test_a_year_of_a_large_school() -> None:
    """Ranks whose weights no machine number could hold, each capacity kept, everybody placed."""
    chance, options = Random(5), [f"option{n}" for n in range(30)]
    wishes = {UUID(int=n): tuple(chance.sample(options, 30)) for n in range(600)}
    places = dict.fromkeys(options, 20)
    given = assign(places, wishes, 1, "seed")
    assert {sum(key in got for got in given.values()) for key in options} == {20}
    assert max(ranks(wishes, given)) <= 5
