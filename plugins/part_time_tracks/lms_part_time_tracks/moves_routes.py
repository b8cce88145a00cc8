"""Routes of what a programme asks: what if a module were taught in other seasons."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from uuid import UUID

from litestar import MediaType, Response

from lms_core.api import CreateOnce, FromPath, FromQuery, JSONBody, RouteContext, get, post
from lms_part_time_tracks import moves, moves_pictures
from lms_part_time_tracks.moves import Move, Moves, NewMove

MOVE = "part_time_tracks.move"
_HEADERS = {"Cache-Control": "no-store", "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}


@post("/moves", permission=MOVE)
async def begin_move(context: RouteContext, once: CreateOnce, data: JSONBody[NewMove]) -> Move:
    """Have it found out what it would do to graduations if a module were taught in other seasons."""
    return await once(Move, lambda connection: moves.begin(context, connection, data))


@get("/moves", permission=MOVE)
async def list_moves(context: RouteContext, cursor: FromQuery[UUID | None] = None) -> Moves:
    """List who asked for which moves and what they would do, the newest first."""
    async with context.read() as connection:
        return await moves.read_all(context, connection, cursor)


@get("/moves/{move_id:uuid}", permission=MOVE)
async def read_move(context: RouteContext, move_id: FromPath[UUID]) -> Move:
    """Show how many students would end when if a module moved; never who, and no number of few."""
    async with context.read() as connection:
        return await moves.read(context, connection, move_id)


@get("/moves/{move_id:uuid}/graduations.svg", permission=MOVE, media_type="image/svg+xml")
async def draw_move(context: RouteContext, move_id: FromPath[UUID]) -> Response[bytes]:
    """Draw what a move would do."""
    return await _of_move(context, move_id, moves_pictures.graduations, "image/svg+xml")


@get("/moves/{move_id:uuid}/page", permission=MOVE, media_type=MediaType.HTML)
async def show_move(context: RouteContext, move_id: FromPath[UUID]) -> Response[bytes]:
    """Show what a move would do on a page: the picture, and the same in a table."""
    return await _of_move(context, move_id, moves_pictures.page, MediaType.HTML)


@get("/moves/{move_id:uuid}/graduations.csv", permission=MOVE, media_type="text/csv")
async def export_move(context: RouteContext, move_id: FromPath[UUID]) -> Response[bytes]:
    """Give what a move would do out as a table."""
    return await _of_move(context, move_id, moves_pictures.table, "text/csv")


async def _of_move(context: RouteContext, move_id: UUID, draw: Callable[[Move], str], kind: str) -> Response[bytes]:
    async with context.read() as connection:
        found = await moves.read_done(context, connection, move_id)
    body = await asyncio.to_thread(draw, found)
    return Response(body.encode(), media_type=kind, headers=_HEADERS)


moves_routes = (begin_move, list_moves, read_move, draw_move, show_move, export_move)
