"""HTTP for those who look after deliveries: of a programme, or of what belongs to none."""

from __future__ import annotations

from typing import Annotated, get_args
from uuid import UUID

from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, PathParameter, QueryParameter

from lms_core.db import Database
from lms_core.http import LimitParam, LmsRequest, bounds, one_of, paged
from lms_core.outbox import deliveries
from lms_core.outbox import types as t

SubscriberInPath = Annotated[str, PathParameter(**bounds(t.Subscriber))]
StateParam = Annotated[
    str | None, QueryParameter(name="state", description="Only those in this state.", enum=get_args(t.State))
]
Cursor = Annotated[
    str | None, QueryParameter(name="cursor", description="Where the next page begins.", **bounds(t.DeliveryId))
]


@get("/programmes/{programme_id:uuid}/deliveries", permission="programmes.manage")
async def list_of_programme(
    programme_id: FromPath[UUID],
    request: LmsRequest,
    database: NamedDependency[Database],
    wanted: StateParam = None,
    cursor: Cursor = None,
    limit: LimitParam = 50,
) -> Response[t.Deliveries]:
    """List what was or is to be delivered of the programme's events and jobs, and how that went."""
    return await _list(request, database, programme_id, wanted, cursor, limit)


@get("/deliveries", permission="programmes.manage")
async def list_of_none(
    request: LmsRequest,
    database: NamedDependency[Database],
    wanted: StateParam = None,
    cursor: Cursor = None,
    limit: LimitParam = 50,
) -> Response[t.Deliveries]:
    """List the deliveries that belong to no programme."""
    return await _list(request, database, None, wanted, cursor, limit)


async def _list(
    request: LmsRequest,
    database: Database,
    programme_id: UUID | None,
    wanted: str | None,
    cursor: str | None,
    limit: int,
) -> Response[t.Deliveries]:
    state = one_of("state", wanted, t.State)
    async with database.read() as connection:
        rows = await deliveries.list_deliveries(connection, programme_id, state, cursor, limit)
    return paged(request, t.Deliveries, rows, limit)


@post(
    "/programmes/{programme_id:uuid}/deliveries/{event_id:uuid}/{subscriber:str}/replay",
    permission="programmes.manage",
    status_code=200,
)
async def replay_of_programme(
    programme_id: FromPath[UUID],
    event_id: FromPath[UUID],
    subscriber: SubscriberInPath,
    database: NamedDependency[Database],
) -> t.Delivery:
    """Try a dead letter again; it may arrive after what happened later."""
    async with database.write() as connection:
        return await deliveries.replay(connection, programme_id, event_id, subscriber)


@post("/deliveries/{event_id:uuid}/{subscriber:str}/replay", permission="programmes.manage", status_code=200)
async def replay_of_none(
    event_id: FromPath[UUID], subscriber: SubscriberInPath, database: NamedDependency[Database]
) -> t.Delivery:
    """Try a dead letter again that belongs to no programme."""
    async with database.write() as connection:
        return await deliveries.replay(connection, None, event_id, subscriber)


@post("/programmes/{programme_id:uuid}/deliveries/replay", permission="programmes.manage", status_code=200)
async def replay_all(
    programme_id: FromPath[UUID], data: JSONBody[t.Replay], database: NamedDependency[Database]
) -> t.Replayed:
    """Try all dead letters of one subscriber again, such as when its plugin was mended."""
    async with database.write() as connection:
        return t.Replayed(await deliveries.replay_all(connection, programme_id, data.subscriber))


router = Router(
    "/",
    tags=["Deliveries"],
    route_handlers=[list_of_programme, list_of_none, replay_of_programme, replay_of_none, replay_all],
)
