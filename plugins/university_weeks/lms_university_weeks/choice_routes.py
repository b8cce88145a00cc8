"""What the plugin answers about choices: to students about their own, to planners about all."""

from __future__ import annotations

from uuid import UUID

from lms_core.api import FromPath, JSONBody, RouteContext, get, post, put
from lms_university_weeks import assigning, choosing, rosters


@put("/weeks/{week_id:uuid}/choices/{key:str}/mine", permission="university_weeks.read")
async def put_wishes(
    context: RouteContext, week_id: FromPath[UUID], key: FromPath[str], data: JSONBody[choosing.Wishes]
) -> choosing.MyChoice:
    """Say what I want of a choice, the best first, in place of what I said before; until it closes."""
    async with context.write() as connection:
        return await choosing.put_wishes(context, connection, week_id, key, data)


@get("/weeks/{week_id:uuid}/choices", permission="university_weeks.read")
async def list_my_choices(context: RouteContext, week_id: FromPath[UUID]) -> choosing.MyChoices:
    """List the choices of a week in which I take part, as I see them."""
    async with context.read() as connection:
        return await choosing.read_all_mine(context, connection, week_id)


@get("/weeks/{week_id:uuid}/choices/{key:str}/mine", permission="university_weeks.read")
async def read_my_choice(context: RouteContext, week_id: FromPath[UUID], key: FromPath[str]) -> choosing.MyChoice:
    """Show what I can choose, what I want, and what I was given; never what others were."""
    async with context.read() as connection:
        return await choosing.read_mine(context, connection, week_id, key)


@get("/weeks/{week_id:uuid}/choices/{key:str}", permission="university_weeks.plan")
async def read_choice(context: RouteContext, week_id: FromPath[UUID], key: FromPath[str]) -> choosing.ChoiceState:
    """Show how many want what of a choice, and who has not answered."""
    async with context.read() as connection:
        return await choosing.read_state(context, connection, week_id, key)


@post("/weeks/{week_id:uuid}/choices/{key:str}/assignment", permission="university_weeks.plan", status_code=200)
async def assign_places(context: RouteContext, week_id: FromPath[UUID], key: FromPath[str]) -> assigning.Assignment:
    """Give the places of a choice as fairly as can be; nobody can choose any more, and again gives the same."""
    await assigning.load()
    async with context.write() as connection:
        made = await assigning.assign(context, connection, week_id, key)
        await rosters.renew(context, connection, week_id)
        return made


@get("/weeks/{week_id:uuid}/choices/{key:str}/assignment", permission="university_weeks.plan")
async def read_assignment(context: RouteContext, week_id: FromPath[UUID], key: FromPath[str]) -> assigning.Assignment:
    """Show who was given what, and from which seed."""
    async with context.read() as connection:
        return await assigning.read(context, connection, week_id, key)


@put("/weeks/{week_id:uuid}/choices/{key:str}/assignment", permission="university_weeks.plan")
async def change_assignment(
    context: RouteContext, week_id: FromPath[UUID], key: FromPath[str], data: JSONBody[assigning.Places]
) -> assigning.Assignment:
    """Give some people something else, as far as there are places; all others keep what they have."""
    async with context.write() as connection:
        made = await assigning.put(context, connection, week_id, key, data)
        await rosters.renew(context, connection, week_id)
        return made


choice_routes = (
    put_wishes, list_my_choices, read_my_choice, read_choice, assign_places, read_assignment, change_assignment,
)  # fmt: skip
