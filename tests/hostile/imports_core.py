from typing import Any

from sqlalchemy import select

from lms_core.api import Context
from lms_core.people.tables import person
from tests.hostile.everywhere import Everywhere


class Hostile(Everywhere):
    """Reads the core's own tables, which change without notice."""

    name = "imports_core"

    async def act(self, context: Context, hook: str) -> Any:
        async with context.read() as connection:
            await connection.execute(select(person.c.id))
        return []
