"""What the plugin keeps."""

from lms_core.api import Instant, core_key, plugin_tables
from sqlalchemy import Column, String, Table, Uuid

tables = plugin_tables("closed_modules")

closure = Table(
    "closed_modules_closure",
    tables,
    Column("programme_id", Uuid, core_key("programme"), primary_key=True),
    Column("module_id", Uuid, core_key("module"), primary_key=True),
    Column("reason", String(500), nullable=False),
    Column("closed_at", Instant, nullable=False),
)
