"""Persons, their tokens and password links, roles and who holds them where."""

from sqlalchemy import Boolean, CheckConstraint, Column, ForeignKey, Index, Integer, String, Table, Uuid

from lms_core.db import Instant, Json, metadata

person = Table(
    "person",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("email", String(254), nullable=False, unique=True),  # lower case: people type it either way
    Column("name", String(200), nullable=False),
    Column("password_hash", String(200)),
    Column("active", Boolean, nullable=False),
    Column("language", String(2), nullable=False, server_default="en"),  # of mail to her
    Column("revision", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    # what another system knows her by, such as a matriculation number
    Column("external_key", String(100)),
    Index("uq_person_external_key", "external_key", unique=True),  # in which NULLs are distinct
)

token = Table(
    "token",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("person_id", Uuid, ForeignKey("person.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
)

password_link = Table(
    "password_link",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("person_id", Uuid, ForeignKey("person.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("expires_at", Instant, nullable=False),
)

role = Table(
    "role",
    metadata,
    Column("name", String(120), primary_key=True),
    Column("title", String(200), nullable=False),
    Column("permissions", Json, nullable=False),
    Column("revision", Integer, nullable=False),
)

role_grant = Table(
    "role_grant",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("person_id", Uuid, ForeignKey("person.id", ondelete="CASCADE"), nullable=False),
    Column("role", String(120), ForeignKey("role.name"), nullable=False),
    Column("scope", String(20), nullable=False),
    Column("scope_id", Uuid),
    Column("granted_by", Uuid, ForeignKey("person.id")),
    Column("granted_at", Instant, nullable=False),
    CheckConstraint("scope IN ('system', 'programme', 'run')", name="scope"),
    CheckConstraint("(scope = 'system') = (scope_id IS NULL)", name="scope_id"),
    # NULLs are distinct in a unique index, so the system's grants need an index of their own
    Index("uq_role_grant_scoped", "person_id", "role", "scope_id", unique=True),
)
Index(
    "uq_role_grant_system",
    role_grant.c.person_id,
    role_grant.c.role,
    unique=True,
    sqlite_where=role_grant.c.scope_id.is_(None),
    postgresql_where=role_grant.c.scope_id.is_(None),
)

# permissions of plugins that were handed to their first roles; from then on roles are the administrators'
plugin_permission = Table(
    "plugin_permission",
    metadata,
    Column("name", String(120), primary_key=True),
    Column("plugin", String(60), nullable=False),
    Column("confined_to", Json),  # roles that alone may hold it; null: any
)
