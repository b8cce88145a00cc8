"""How alembic runs migrations, the core's and those of plugins: on the connection that it is handed, inside its transaction."""

from alembic import context

from lms_core.migrations.alone import COMPARING

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    render_as_batch=connection.dialect.name == "sqlite",
    transactional_ddl=True,
    **COMPARING,
    **context.config.attributes["options"],
)
context.run_migrations()
