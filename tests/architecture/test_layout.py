"""The shape of the house: what lies where, and that nothing grows out of its room."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import lms_core.api

ROOT = Path(__file__).parents[2]
TOP = {"LICENSE", "README.md", "content_store", "deploy", "lms_core", "plugins", "pyproject.toml", "tests"}
DOMAINS = ("people", "programmes", "media", "modules", "enrolment", "progress", "assessment", "calendar", "webhooks")


def tracked() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [path for path in listed.stdout.splitlines() if (ROOT / path).exists()]


def test_the_top_level_holds_what_was_agreed_and_dot_files() -> None:
    assert {path.split("/")[0] for path in tracked() if not path.startswith(".")} == TOP


def test_every_domain_has_routes_tables_and_types() -> None:
    for domain in DOMAINS:
        found = {path.name for path in (ROOT / "lms_core" / domain).glob("*.py")}
        assert {"routes.py", "tables.py", "types.py"} <= found, domain


def test_files_are_short() -> None:
    long = [
        path
        for path in tracked()
        if path.endswith(".py") and "migrations" not in path and len((ROOT / path).read_text().splitlines()) > 400
    ]
    assert long == []


def test_decisions_are_numbered_without_gaps() -> None:
    records = sorted((ROOT / "lms_core" / "decisions").glob("[0-9]*.md"))
    assert [int(record.name[:4]) for record in records] == list(range(1, len(records) + 1))
    for record in records:
        title = record.read_text().splitlines()[0]
        assert re.fullmatch(rf"# {int(record.name[:4])}\. .+", title), record.name


def test_the_readme_names_only_what_exists() -> None:
    for page in ("README.md", "plugins/README.md", "deploy/README.md"):
        text = (ROOT / page).read_text()
        for target in re.findall(r"\]\((?!https?:|#)([^)]+)\)", text):
            assert ((ROOT / page).parent / target).exists(), f"{page}: {target}"


def test_what_plugins_may_import_changes_only_on_purpose() -> None:
    assert lms_core.api.__all__ == [
        "API_VERSION",
        "Allocation",
        "Announced",
        "AsyncConnection",
        "BadValue",
        "CalendarEntry",
        "CalendarRequest",
        "Candidate",
        "CandidateEvent",
        "Catalogue",
        "Conflict",
        "ConstraintsRequest",
        "Context",
        "CreateOnce",
        "CreditEvent",
        "CreditsRequest",
        "Database",
        "DeadlineEvent",
        "DeadlineFacts",
        "Desk",
        "Earned",
        "Effect",
        "EnrolmentCreated",
        "EnrolmentEnded",
        "EnrolmentRequest",
        "EventStream",
        "ExamDate",
        "ExamEvent",
        "ExtensionEvent",
        "FieldError",
        "FileAddress",
        "FileFacts",
        "Forbidden",
        "FromPath",
        "FromQuery",
        "Guest",
        "GuestLink",
        "HandInEvent",
        "Hundredths",
        "IfMatch",
        "Instant",
        "InvalidInput",
        "Invitation",
        "JSONBody",
        "Job",
        "Json",
        "Key",
        "LastEventId",
        "Later",
        "LongText",
        "Media",
        "ModuleCompleted",
        "ModuleFacts",
        "Name",
        "NewMedia",
        "NotFound",
        "Objection",
        "Participant",
        "PassRate",
        "Payload",
        "PendingCredit",
        "Permission",
        "PersonFacts",
        "PlannedSession",
        "Plugin",
        "PluginChanged",
        "PluginProposal",
        "ProgrammeFacts",
        "Quota",
        "Recipient",
        "RegulationFacts",
        "Role",
        "RouteContext",
        "RunDecided",
        "RunFacts",
        "RunMinimum",
        "RunOffer",
        "RunPlace",
        "Seat",
        "SeatClaim",
        "SeatFacts",
        "SentParts",
        "SessionChange",
        "SessionConstraint",
        "SessionEvent",
        "SessionFacts",
        "SessionPeople",
        "SessionPlan",
        "SessionRemark",
        "Slot",
        "SlotScore",
        "SlotsRequest",
        "Standing",
        "StudyFacts",
        "StudyTerm",
        "TermDates",
        "Told",
        "Tried",
        "Unavailable",
        "UnitOfRun",
        "View",
        "Zone",
        "allocate",
        "begin_file",
        "book_credit",
        "changed_or_raise",
        "check_zone",
        "claim_seats",
        "complete_file",
        "core_key",
        "delete",
        "deregister_from_exam",
        "expected_revision",
        "extend_deadline",
        "file_address",
        "follow",
        "forget_file",
        "get",
        "guard_cell",
        "hookimpl",
        "insert_into",
        "invite_guests",
        "judge_sessions",
        "keep_file",
        "lengthened",
        "mail_guest",
        "name_session_people",
        "new_id",
        "note_attendance",
        "now",
        "patch",
        "pause_terms",
        "plugin_tables",
        "post",
        "publish_sessions",
        "put",
        "read_catalogue",
        "read_deadlines",
        "read_exam_dates",
        "read_files",
        "read_minimum",
        "read_participants",
        "read_pass_rates",
        "read_person",
        "read_persons",
        "read_programme",
        "read_regulations",
        "read_run",
        "read_seat_claims",
        "read_seats",
        "read_sessions",
        "read_standings",
        "read_students",
        "read_study",
        "read_units",
        "register_for_exam",
        "reverse_credit",
        "revoke_guests",
        "score_slots",
        "send_mail",
        "session_constraints",
        "tagged",
        "term_name",
        "unguard_cell",
        "withdraw_extension",
        "write_calendar",
    ]
