"""Numbers of people: nothing follows of few from all the others, nor from what becomes of a number when one comes."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lms_part_time_tracks.counts import FEW, SPARE, told

NUMBERS = st.integers(0, 400)
KEPT = st.lists(st.none() | st.integers(2, 80).map(lambda n: 5 * n), max_size=4)


def test_numbers_are_told_to_the_nearest_five() -> None:
    assert [told(n) for n in range(20)] == [*[None] * 8, *[10] * 5, *[15] * 5, 20, 20]


@given(NUMBERS, KEPT)
def test_of_fewer_than_five_no_number_is_told_whatever_was_told_before(number: int, kept: list[int | None]) -> None:
    found = told(number, kept)
    assert found is None or (number >= FEW and abs(found - number) <= 5)


@given(NUMBERS, st.lists(st.integers(-1, 1), max_size=SPARE), KEPT)
def test_that_up_to_three_people_come_or_go_is_not_seen(number: int, steps: list[int], kept: list[int | None]) -> None:
    first = told(number)
    answers = [first]
    for step in steps:
        number = max(0, number + step)
        answers.append(told(number, [answers[-1], *kept]))
    assert set(answers) == {first}


@pytest.mark.parametrize("whole", range(8, 40))
def test_one_to_four_do_not_follow_from_all_the_others_and_how_many_there_are(whole: int) -> None:
    """Whoever knows the rule and the exact number of all looks for what can be behind an answer."""
    every = [(a, b, whole - a - b) for a, b in product(range(whole + 1), repeat=2) if a + b <= whole]
    behind: dict[tuple[int | None, ...], list[tuple[int, ...]]] = {}
    for one in every:
        behind.setdefault(tuple(told(n) for n in one), []).append(one)
    for numbers in every:
        possible = behind[tuple(told(n) for n in numbers)]
        for place, number in enumerate(numbers):
            if 0 < number < FEW:
                assert len({other[place] for other in possible}) > 1
