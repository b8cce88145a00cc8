"""How alembic runs migrations, the core's and those of plugins: on the connection that it is handed, inside its transaction."""

from alembic import context

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=True,
    transactional_ddl=True,
    **context.config.attributes["options"],
)
context.run_migrations()
