"""HTTP for exams: planning them, registering for them, recording what came out."""

from __future__ import annotations

from uuid import UUID

from litestar import Response, Router, delete, get, post, put
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec
from litestar.params import FromPath, JSONBody
from litestar.response import Stream

from lms_core.assessment import attempts_elsewhere, crediting, exams, marks, registering, transcript_table, transcripts
from lms_core.assessment import types as t
from lms_core.db import Database
from lms_core.exports import exported
from lms_core.http import (
    CursorParam,
    FormatParam,
    IfMatch,
    LimitParam,
    LmsRequest,
    Once,
    expected_revision,
    paged,
    tagged,
)
from lms_core.permissions import SELF
from lms_core.progress.types import Credit, CreditDecision


@post("/runs/{run_id:uuid}/exams", permission="runs.manage")
async def add_exam(run_id: FromPath[UUID], data: JSONBody[t.ExamContent], once: NamedDependency[Once]) -> t.Exam:
    """Plan an exam of the run."""
    return await once(t.Exam, lambda connection: exams.add(connection, run_id, data))


@get("/runs/{run_id:uuid}/exams", permission="runs.read")
async def list_exams(run_id: FromPath[UUID], database: NamedDependency[Database]) -> t.Exams:
    """List the exams of the run in the order of time, cancelled ones included."""
    async with database.read() as connection:
        return t.Exams(await exams.list_all(connection, run_id))


@get("/runs/{run_id:uuid}/exams/{exam_id:uuid}", permission="runs.read")
async def read_exam(
    run_id: FromPath[UUID], exam_id: FromPath[UUID], database: NamedDependency[Database]
) -> Response[t.Exam]:
    """Show an exam of the run with its deadlines."""
    async with database.read() as connection:
        found = await exams.read(connection, run_id, exam_id)
    return tagged(found, found.revision)


@put("/runs/{run_id:uuid}/exams/{exam_id:uuid}", permission="runs.manage")
async def change_exam(
    run_id: FromPath[UUID],
    exam_id: FromPath[UUID],
    data: JSONBody[t.ExamContent],
    database: NamedDependency[Database],
    if_match: IfMatch = None,
) -> Response[t.Exam]:
    """Replan an exam; those registered stay so."""
    async with database.write() as connection:
        changed = await exams.change(connection, run_id, exam_id, data, expected_revision(if_match))
    return tagged(changed, changed.revision)


@delete("/runs/{run_id:uuid}/exams/{exam_id:uuid}", permission="runs.manage")
async def cancel_exam(
    run_id: FromPath[UUID], exam_id: FromPath[UUID], database: NamedDependency[Database], if_match: IfMatch = None
) -> None:
    """Cancel an exam and the registrations for it, which count as no attempt; results that were recorded stay."""
    async with database.write() as connection:
        await exams.cancel(connection, run_id, exam_id, expected_revision(if_match))


@put("/runs/{run_id:uuid}/exams/{exam_id:uuid}/registration", permission="exams.register")
async def register_myself(
    run_id: FromPath[UUID], exam_id: FromPath[UUID], request: LmsRequest, database: NamedDependency[Database]
) -> t.Registration:
    """Register for an exam, until its deadline and while the regulation leaves an attempt; repeatable."""
    async with database.write() as connection:
        return await registering.register(connection, run_id, exam_id, request.user.person_id)


@delete("/runs/{run_id:uuid}/exams/{exam_id:uuid}/registration", permission="exams.register")
async def deregister_myself(
    run_id: FromPath[UUID], exam_id: FromPath[UUID], request: LmsRequest, database: NamedDependency[Database]
) -> None:
    """Take my registration back, until the deadline of the exam for that; no attempt is counted."""
    async with database.write() as connection:
        await registering.deregister(connection, run_id, exam_id, request.user.person_id)


@get("/runs/{run_id:uuid}/exams/{exam_id:uuid}/registrations", permission="marks.record")
async def list_candidates(
    run_id: FromPath[UUID],
    exam_id: FromPath[UUID],
    request: LmsRequest,
    database: NamedDependency[Database],
    cursor: CursorParam = None,
    limit: LimitParam = 50,
) -> Response[t.Candidates]:
    """List those who are or were registered for an exam, with their results."""
    async with database.read() as connection:
        rows = await registering.candidates(connection, run_id, exam_id, cursor, limit)
    return paged(request, t.Candidates, rows, limit, key="person_id")


@put("/runs/{run_id:uuid}/exams/{exam_id:uuid}/registrations/{person_id:uuid}", permission="marks.record")
async def register_other(
    run_id: FromPath[UUID],
    exam_id: FromPath[UUID],
    person_id: FromPath[UUID],
    database: NamedDependency[Database],
) -> t.Registration:
    """Register another person for an exam, after the deadline as well; her attempts are counted as always."""
    async with database.write() as connection:
        return await registering.register(connection, run_id, exam_id, person_id, late=True)


@delete("/runs/{run_id:uuid}/exams/{exam_id:uuid}/registrations/{person_id:uuid}", permission="marks.record")
async def deregister_other(
    run_id: FromPath[UUID],
    exam_id: FromPath[UUID],
    person_id: FromPath[UUID],
    database: NamedDependency[Database],
) -> None:
    """Take another person's registration back, after the deadline as well; no attempt is counted."""
    async with database.write() as connection:
        await registering.deregister(connection, run_id, exam_id, person_id, late=True)


@get("/runs/{run_id:uuid}/exams/{exam_id:uuid}/marks/{person_id:uuid}", permission="marks.record")
async def read_marks(
    run_id: FromPath[UUID],
    exam_id: FromPath[UUID],
    person_id: FromPath[UUID],
    database: NamedDependency[Database],
) -> Response[t.Marks]:
    """Show every result that a person was ever given in an exam; the latest holds."""
    async with database.read() as connection:
        return tagged(*await marks.read(connection, run_id, exam_id, person_id))


@put("/runs/{run_id:uuid}/exams/{exam_id:uuid}/marks/{person_id:uuid}", permission="marks.record")
async def record_mark(
    run_id: FromPath[UUID],
    exam_id: FromPath[UUID],
    person_id: FromPath[UUID],
    data: JSONBody[t.NewMark],
    request: LmsRequest,
    database: NamedDependency[Database],
    if_match: IfMatch = None,
) -> Response[t.Marks]:
    """Record a result; a change of it is kept beside what was recorded before, with its reason."""
    me, expected = request.user.person_id, expected_revision(if_match)
    async with database.write() as connection:
        await marks.record(connection, run_id, exam_id, person_id, data, expected, me)
        return tagged(*await marks.read(connection, run_id, exam_id, person_id))


@post("/runs/{run_id:uuid}/exams/{exam_id:uuid}/marks/{person_id:uuid}/credit", permission="credits.book")
async def book_exam(
    run_id: FromPath[UUID],
    exam_id: FromPath[UUID],
    person_id: FromPath[UUID],
    data: JSONBody[CreditDecision],
    request: LmsRequest,
    once: NamedDependency[Once],
) -> Credit:
    """Book the ECTS of the module for one who has passed the exam, once."""
    me = request.user.person_id
    return await once(Credit, lambda connection: crediting.book_exam(connection, run_id, exam_id, person_id, data, me))


@post("/runs/{run_id:uuid}/participants/{person_id:uuid}/credit", permission="credits.book")
async def book_run(
    run_id: FromPath[UUID],
    person_id: FromPath[UUID],
    data: JSONBody[CreditDecision],
    request: LmsRequest,
    once: NamedDependency[Once],
) -> Credit:
    """Book the ECTS of a completed run for a participant, once; not while an exam of the module is open or failed."""
    authority = request.user.person_id
    return await once(Credit, lambda connection: crediting.book_run(connection, run_id, person_id, data, authority))


@post("/runs/{run_id:uuid}/participants/{person_id:uuid}/credit/reversal", permission="credits.book")
async def reverse_credit(
    run_id: FromPath[UUID],
    person_id: FromPath[UUID],
    data: JSONBody[t.ReversalDecision],
    request: LmsRequest,
    once: NamedDependency[Once],
) -> Credit:
    """Take the booked ECTS of the run's module back: what was booked stays to be seen, and its negative beside it."""
    me = request.user.person_id
    return await once(Credit, lambda connection: crediting.take_back(connection, run_id, person_id, data, me))


@get("/modules/{module_id:uuid}/attempts-elsewhere/{person_id:uuid}", permission="credits.book")
async def read_attempts_elsewhere(
    module_id: FromPath[UUID], person_id: FromPath[UUID], database: NamedDependency[Database]
) -> Response[t.AttemptsElsewhere]:
    """Show what counts of a person's failed attempts at another university."""
    async with database.read() as connection:
        found = await attempts_elsewhere.read(connection, module_id, person_id)
    return tagged(found, found.revision)


@put("/modules/{module_id:uuid}/attempts-elsewhere/{person_id:uuid}", permission="credits.book")
async def put_attempts_elsewhere(
    module_id: FromPath[UUID],
    person_id: FromPath[UUID],
    data: JSONBody[t.NewAttemptsElsewhere],
    request: LmsRequest,
    database: NamedDependency[Database],
    if_match: IfMatch = None,
) -> Response[t.AttemptsElsewhere]:
    """Decide how many failed attempts elsewhere count here; for a first decision `If-Match: "0"` says so."""
    me, expected = request.user.person_id, expected_revision(if_match)
    async with database.write() as connection:
        made = await attempts_elsewhere.put(connection, module_id, person_id, data, expected, me)
    return tagged(made, made.revision)


@get("/me/transcript", permission=SELF)
async def read_my_transcript(request: LmsRequest, database: NamedDependency[Database]) -> t.Transcript:
    """Show all that I was examined in or credited with: marks, attempts, ECTS and averages, by programme."""
    async with database.read() as connection:
        return await transcripts.read(connection, request.user.person_id)


@get("/programmes/{programme_id:uuid}/transcripts", permission="transcripts.read")
async def list_transcripts(
    programme_id: FromPath[UUID],
    request: LmsRequest,
    database: NamedDependency[Database],
    cursor: CursorParam = None,
    limit: LimitParam = 50,
) -> Response[t.TranscriptHeads]:
    """List the students of the programme, former ones included, with their ECTS and averages in it."""
    async with database.read() as connection:
        rows = await transcripts.heads(connection, programme_id, cursor, limit)
    return paged(request, t.TranscriptHeads, rows, limit, key="person_id")


@get(
    "/programmes/{programme_id:uuid}/exports/transcripts",
    permission="transcripts.read",
    responses={200: ResponseSpec(t.TranscriptLines, description="All.")},
)
async def export_transcripts(
    programme_id: FromPath[UUID], database: NamedDependency[Database], form: FormatParam = "csv"
) -> Stream:
    """Hand out the transcripts of all students of the programme, former ones included, a line for each attempt."""
    query = transcript_table.selected(programme_id)
    return await exported(database, query, t.TranscriptLine, form, "transcripts", shape=transcript_table.line)


@get("/programmes/{programme_id:uuid}/transcripts/{person_id:uuid}", permission="transcripts.read")
async def read_transcript(
    programme_id: FromPath[UUID], person_id: FromPath[UUID], database: NamedDependency[Database]
) -> t.Transcript:
    """Show what of a student's transcript counts under the programme, and nothing else of it."""
    async with database.read() as connection:
        return await transcripts.read(connection, person_id, programme_id)


router = Router(
    "/",
    tags=["Exams"],
    route_handlers=[
        add_exam, list_exams, read_exam, change_exam, cancel_exam, register_myself, deregister_myself,
        list_candidates, register_other, deregister_other, read_marks, record_mark, book_exam, book_run, reverse_credit,
        read_attempts_elsewhere, put_attempts_elsewhere, read_my_transcript, list_transcripts, export_transcripts,
        read_transcript,
    ],
)  # fmt: skip
