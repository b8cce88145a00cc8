"""What a plugin may declare as its tables, and what its author is told to change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from lms_core.api import Plugin, core_key, plugin_tables
from lms_core.db import metadata
from lms_core.hooks.metadata import CORE_TABLES, check_tables

if TYPE_CHECKING:
    from collections.abc import Callable

ALLOWED = "media, module, organisation, person, programme, regulation, run, session, term"
LONG = "x" * 56


def plugin(tables: Any, migrations: Any = "lms_notes:migrations", name: str = "notes") -> Plugin:
    made: Plugin = type("Notes", (Plugin,), {"name": name, "tables": tables, "migrations": migrations})()
    return made


def refusal(made: Plugin) -> str:
    with pytest.raises(ValueError, match=r".+") as caught:
        check_tables(made)
    return str(caught.value)


def identity() -> sa.Column[Any]:
    return sa.Column("id", sa.Uuid, primary_key=True)  # a column of which there is nothing to say


def test_tables_are_named_by_convention_and_lead_to_the_core() -> None:
    tables = plugin_tables("notes")
    note = sa.Table(
        "notes_note",
        tables,
        identity(),
        sa.Column("person_id", core_key("person"), nullable=False, index=True),
        sa.Column("run_id", core_key("run", ondelete="SET NULL")),
        sa.Column("parent_id", sa.Uuid, sa.ForeignKey("notes_note.id", ondelete="CASCADE")),
        sa.UniqueConstraint("person_id", "run_id"),
        sa.CheckConstraint("id <> parent_id", name="parent"),
    )
    check_tables(plugin(tables))
    assert {item.name for item in (*note.constraints, *note.indexes)} == {
        "pk_notes_note",
        "fk_notes_note_person_id",
        "fk_notes_note_run_id",
        "fk_notes_note_parent_id",
        "uq_notes_note_person_id_run_id",
        "ck_notes_note_parent",
        "ix_notes_note_person_id",
    }
    assert isinstance(note.c.run_id.type, sa.Uuid)
    engine = sa.create_engine("sqlite://")
    metadata.create_all(engine)
    tables.create_all(engine)
    keys = sa.inspect(engine).get_foreign_keys("notes_note")
    assert {(key["referred_table"], key["options"]["ondelete"]) for key in keys} == {
        ("person", "CASCADE"),
        ("run", "SET NULL"),
        ("notes_note", "CASCADE"),
    }
    engine.dispose()


def test_what_core_key_leads_to_is_documented_and_there() -> None:
    assert ", ".join(CORE_TABLES) == ALLOWED
    for table in CORE_TABLES:
        assert core_key(table).column is metadata.tables[table].c.id
    with pytest.raises(ValueError, match="may refer to media, module") as caught:
        core_key("token")
    assert str(caught.value) == f"core_key('token'): a plugin may refer to {ALLOWED}"


def test_a_plugin_without_tables_is_asked_nothing() -> None:
    check_tables(plugin(None, None))


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (
            lambda: plugin(plugin_tables("notes"), None),
            "declare tables and migrations together; migrations (the folder of its revisions as package:folder) is missing",
        ),
        (lambda: plugin(None), "declare tables and migrations together; tables is missing"),
        (lambda: plugin(sa.MetaData()), "tables must be the MetaData that plugin_tables('notes') returns"),
        (lambda: plugin(plugin_tables("other")), "tables must be the MetaData that plugin_tables('notes') returns"),
        (lambda: plugin([]), "tables must be the MetaData that plugin_tables('notes') returns"),
        (
            lambda: plugin(plugin_tables("notes"), "lms_notes/migrations"),
            "migrations must name the folder of its revisions as package:folder, not lms_notes/migrations",
        ),
        (
            lambda: plugin(plugin_tables("notes"), "lms_notes:../../etc"),
            "migrations must name the folder of its revisions as package:folder, not lms_notes:../../etc",
        ),
        (
            lambda: plugin(plugin_tables("n" * 48), name="n" * 48),
            "a plugin with tables needs a name of at most 47 characters",
        ),
    ],
)
def test_the_declaration_as_a_whole(made: Callable[[], Plugin], told: str) -> None:
    assert refusal(made()) == told


@pytest.mark.parametrize(
    ("name", "column", "told"),
    [
        ("note", identity, "rename the table note to notes_..., in lower case, and put it into no schema"),
        ("notesnote", identity, "rename the table notesnote to notes_..., in lower case, and put it into no schema"),
        ("notes_Note", identity, "rename the table notes_Note to notes_..., in lower case, and put it into no schema"),
        (
            "notes_alembic_version",
            identity,
            "rename the table notes_alembic_version: what ends in _alembic_version belongs to the migrations",
        ),
        (
            "notes_x_alembic_version",
            identity,
            "rename the table notes_x_alembic_version: what ends in _alembic_version belongs to the migrations",
        ),
        (
            f"notes_{LONG}xx",
            identity,
            f"the name notes_{LONG}xx has more than 63 characters; give it a shorter one",
        ),
        (
            f"notes_{LONG}",
            identity,
            f"the name pk_notes_{LONG} has more than 63 characters; give it a shorter one",
        ),
        (
            "notes_note",
            lambda: sa.Column("x" * 50, sa.Integer, index=True),
            f"the name ix_notes_note_{'x' * 50} has more than 63 characters; give it a shorter one",
        ),
        (
            "notes_note",
            lambda: sa.Column("mood", sa.Enum("good", "bad", name="mood")),
            "notes_note.mood makes a type of its own; give the Enum native_enum=False",
        ),
        (
            "notes_note",
            lambda: sa.Column("person_id", sa.Uuid, sa.ForeignKey("person.id", ondelete="CASCADE")),
            "notes_note.person_id refers to person.id, which is no table of the plugin; to those of the core lead "
            "core_key(...)",
        ),
        (
            "notes_note",
            lambda: sa.Column("token", sa.ForeignKey(metadata.tables["token"].c.hash, ondelete="CASCADE")),
            f"notes_note.token refers to token.hash; a plugin may refer to its own tables and to {ALLOWED}",
        ),
        (
            "notes_note",
            lambda: sa.Column("email", sa.ForeignKey(metadata.tables["person"].c.email, ondelete="CASCADE")),
            f"notes_note.email refers to person.email; a plugin may refer to its own tables and to {ALLOWED}",
        ),
        (
            "notes_note",
            lambda: sa.Column(
                "theirs",
                sa.ForeignKey(sa.Table("other_thing", plugin_tables("other"), identity()).c.id, ondelete="CASCADE"),
            ),
            f"notes_note.theirs refers to other_thing.id; a plugin may refer to its own tables and to {ALLOWED}",
        ),
        (
            "notes_note",
            lambda: sa.Column("person_id", sa.ForeignKey(metadata.tables["person"].c.id)),
            "notes_note.person_id refers to person: give it ondelete CASCADE or SET NULL, or its rows could not be "
            "deleted there",
        ),
        (
            "notes_note",
            lambda: sa.Column("parent_id", sa.Uuid, sa.ForeignKey("notes_note.key", ondelete="RESTRICT")),
            "notes_note.parent_id refers to notes_note: give it ondelete CASCADE or SET NULL, or its rows could not be "
            "deleted there",
        ),
        (
            "notes_note",
            lambda: sa.Column("person_id", core_key("person", ondelete="SET NULL"), nullable=False),
            "notes_note.person_id refers to person with ondelete SET NULL: let the column be NULL, or choose CASCADE",
        ),
    ],
)
def test_a_table(name: str, column: Callable[[], sa.Column[Any]], told: str) -> None:
    tables = plugin_tables("notes")
    sa.Table(name, tables, sa.Column("key", sa.Integer, primary_key=True), column())
    assert refusal(plugin(tables)) == told


def test_a_table_without_primary_key() -> None:
    tables = plugin_tables("notes")
    sa.Table("notes_note", tables, sa.Column("text", sa.String(10)))
    assert refusal(plugin(tables)) == "the table notes_note needs a primary key"


def test_a_table_in_a_schema() -> None:
    tables = plugin_tables("notes")
    sa.Table("notes_note", tables, identity(), schema="other")
    told = "rename the table other.notes_note to notes_..., in lower case, and put it into no schema"
    assert refusal(plugin(tables)) == told
