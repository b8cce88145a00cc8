"""The MetaData that all tables of the plugin stand in; each part declares its own in a module `tables_...`."""

from lms_core.api import plugin_tables

tables = plugin_tables("family_sessions")
