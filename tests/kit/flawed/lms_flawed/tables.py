from sqlalchemy import Column, Integer, Table, Uuid

from lms_core.api import Plugin, core_key, plugin_tables

drifting = plugin_tables("drifting")
Table(
    "drifting_mark", drifting, Column("programme_id", Uuid, primary_key=True), Column("points", Integer, nullable=False)
)
leaving = plugin_tables("leaving")
Table("leaving_mark", leaving, Column("programme_id", Uuid, primary_key=True))
one_sided = plugin_tables("one_sided")
Table("one_sided_mark", one_sided, Column("programme_id", Uuid, core_key("programme"), primary_key=True))


class Drifting(Plugin):
    """Declares a column that no revision makes."""

    name = "drifting"
    tables = drifting
    migrations = "lms_flawed:drifting"


class Leaving(Plugin):
    """Does not go back by its downgrade."""

    name = "leaving"
    tables = leaving
    migrations = "lms_flawed:leaving"


class OneSided(Plugin):
    """Has a revision that PostgreSQL does not understand."""

    name = "one_sided"
    tables = one_sided
    migrations = "lms_flawed:one_sided"
