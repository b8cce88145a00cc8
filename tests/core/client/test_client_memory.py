from __future__ import annotations

import os
from pathlib import Path

import pytest

from lms_core.client.digests import digest
from lms_core.client.memory import Memory

MIB = 1024 * 1024


@pytest.fixture
def film(tmp_path: Path) -> Path:
    place = tmp_path / "film.mp4"
    place.write_bytes(os.urandom(9 * MIB))
    return place


def test_a_big_file_is_read_once_until_the_push_is_done(film: Path, state_home: Path):
    first = Memory(film).digest(film)
    assert first == digest(film)
    with film.open("r+b") as file:  # had it been read again, this would show
        file.write(b"secret change")
    os.utime(film, ns=(first.modified_ns, first.modified_ns))

    counted: list[int] = []
    memory = Memory(film)
    assert memory.digest(film, counted.append) == first
    assert sum(counted) == 9 * MIB

    [kept] = state_home.rglob("*.json")
    assert kept == memory.place
    assert kept.stat().st_mode & 0o077 == 0
    memory.forget()
    assert [place for place in state_home.rglob("*") if place.is_file()] == []
    assert Memory(film).digest(film) == digest(film) != first


def test_a_file_that_changed_starts_over_and_that_is_said(film: Path):
    said: list[str] = []
    Memory(film).digest(film)
    film.write_bytes(os.urandom(10 * MIB))

    again = Memory(film, said.append).digest(film)

    assert again == digest(film)
    assert said == [f"{film} has changed since it was pushed last; it is sent from the beginning."]
    assert Memory(film, said.append).digest(film) == again
    assert len(said) == 1


def test_each_path_has_a_memory_of_its_own_and_small_files_need_none(tmp_path: Path, film: Path, state_home: Path):
    (tmp_path / "notes.txt").write_bytes(b"short")
    Memory(film).digest(film)
    Memory(tmp_path).digest(film)
    Memory(tmp_path).digest(tmp_path / "notes.txt")

    assert set(state_home.rglob("*.json")) == {Memory(film).place, Memory(tmp_path).place}
    assert b"notes.txt" not in Memory(tmp_path).place.read_bytes()


@pytest.mark.parametrize("damage", [b"", b'{"x": 1}', b"\xff\x00"])
def test_a_damaged_memory_costs_time_only(film: Path, damage: bytes):
    memory = Memory(film)
    memory.digest(film)
    memory.place.write_bytes(damage)

    assert Memory(film).digest(film) == digest(film)


def test_a_home_that_cannot_be_written_to_costs_time_only(film: Path, state_home: Path):
    state_home.write_text("a file where the folder would be")

    assert Memory(film).digest(film) == digest(film)
