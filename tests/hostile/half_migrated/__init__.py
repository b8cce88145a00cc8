from sqlalchemy import Column, Integer, Table

from lms_core.api import Plugin, plugin_tables

TABLES = plugin_tables("half_migrated")
Table("half_migrated_note", TABLES, Column("id", Integer, primary_key=True))


class Hostile(Plugin):
    """Its migration fails half-way."""

    name = "half_migrated"
    tables = TABLES
    migrations = "tests.hostile.half_migrated:migrations"
