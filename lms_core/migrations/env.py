"""How alembic runs the migrations: on the connection that it is handed, inside its transaction."""

from alembic import context

import lms_core.tables  # noqa: F401 - declares every table
from lms_core.db import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=True,
    transactional_ddl=True,
)
context.run_migrations()
