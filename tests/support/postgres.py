"""A real PostgreSQL for tests: one server for a session, a database of its own for a test."""

from lms_core.contract.postgres import create_database, drop_database, postgres

__all__ = ["create_database", "drop_database", "postgres"]
