import msgspec
from hypothesis import given
from hypothesis import strategies as st

from lms_core.client.keys import make_keys
from lms_core.types import Key

names = st.text(st.characters(exclude_characters="/\0"), min_size=1, max_size=40)
paths = st.lists(names, min_size=1, max_size=4).map("/".join)
alike = st.sampled_from(
    ["a/b.md", "a-b.md", "A/b.md", "a b.md", "a/b.markdown", "a/b", "ü.md", "ü.md", "漢字.md", "..."]
)


@given(st.sets(paths | alike, max_size=12), st.randoms())
def test_keys_are_valid_and_unique_whatever_the_names_and_their_order(some, random):
    keys = make_keys(sorted(some))

    for key in keys.values():
        msgspec.convert(key, Key)
    assert len(set(keys.values())) == len(some)
    shuffled = sorted(some)
    random.shuffle(shuffled)
    assert make_keys(shuffled) == keys


@given(st.sets(paths, max_size=8), paths)
def test_another_file_changes_no_key_unless_it_would_have_the_same(some, another):
    before, after = make_keys(some), make_keys(some | {another})

    plain = make_keys([another])[another]
    assert {path: key for path, key in after.items() if path != another and key != before[path]}.keys() <= {
        path for path, key in before.items() if key == plain
    }


def test_keys_read_like_their_paths():
    assert make_keys(
        [
            "index.md",
            "lecture/chapter01.md",
            "lecture/figures/image7.png",
            "notes/eV_A_units.markdown",
            "C++ notes (2024).pdf",
            "_drafts/Über Größen.md",
            "Übung 1.pdf",
        ]
    ) == {
        "index.md": "index",
        "lecture/chapter01.md": "lecture-chapter01",
        "lecture/figures/image7.png": "lecture-figures-image7.png",
        "notes/eV_A_units.markdown": "notes-ev_a_units",
        "C++ notes (2024).pdf": "c-notes-2024-.pdf",
        "_drafts/Über Größen.md": "drafts-uber-grossen",
        "Übung 1.pdf": "ubung-1.pdf",
    }


def test_what_cannot_be_told_in_ascii_or_told_apart_gets_a_hash_of_its_path():
    long = f"{'x' * 130}.md"

    assert make_keys(["漢字.md", "notes/漢字.md", "smørrebrød.md", "a/b.md", "a-b.md", long, "Ångström.md"]) == {
        "漢字.md": "b6a7f922",
        "notes/漢字.md": "notes-107fe24e",
        "smørrebrød.md": "smrrebrd-8ad56916",
        "a/b.md": "a-b-5a05f1b2",
        "a-b.md": "a-b-d8f2f1c5",
        long: f"{'x' * 111}-9cf4edb3",
        "Ångström.md": "angstrom",
    }


def test_keys_that_somebody_chose_are_left_to_them():
    assert make_keys(["quiz.md"], taken={"quiz"}) == {"quiz.md": "quiz-0891be99"}
