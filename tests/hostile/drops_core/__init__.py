from sqlalchemy import Column, Integer, Table

from lms_core.api import Plugin, plugin_tables

TABLES = plugin_tables("drops_core")
Table("drops_core_note", TABLES, Column("id", Integer, primary_key=True))


class Hostile(Plugin):
    """Its migration drops a table of the core's."""

    name = "drops_core"
    tables = TABLES
    migrations = "tests.hostile.drops_core:migrations"
