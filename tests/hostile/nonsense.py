from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from lms_core.api import CalendarEntry, Context, Effect, Objection, PendingCredit, SessionRemark
from tests.hostile.everywhere import Everywhere

AT = datetime(2026, 11, 1, tzinfo=UTC)


def entry(key: str, **changed: Any) -> CalendarEntry:
    soon = (datetime.now(UTC) + timedelta(days=30)).replace(tzinfo=None)
    good = {"title": key, "starts": soon, "ends": soon + timedelta(hours=1), "zone": "Europe/Berlin", "changed_at": AT}
    return CalendarEntry(key=key, **{**good, **changed})


ANSWERS: dict[str, list[Any]] = {
    "check_enrolment": [Objection("surrogate", "\ud800")],
    "check_session": [SessionRemark("maybe", "Perhaps.", "perhaps")],  # type: ignore[arg-type]
    "calendar_entries": [
        entry("unknown zone", zone="Middle/Earth"),
        entry("line", title="A\r\nBEGIN:VEVENT\r\nSUMMARY:injected"),
        entry("bell", description="\x07"),
        entry("backwards", ends=datetime(1970, 1, 1)),
        entry("aware", starts=AT, ends=AT),
        entry("late change", changed_at=datetime(9999, 12, 31)),
        entry("sequence", sequence=10**30),
        entry("sequence", sequence=-1),
    ],
    "progress_credits": [
        PendingCredit(f"credit:{number}", "Credit", Decimal(ects), "wrong")
        for number, ects in enumerate(["NaN", "sNaN", "Infinity", "-5", "1E+30", "0.001"])
    ],
    "preview_change": [Effect("null", "\0"), Effect("surrogate", "\udfff")],
}


class Hostile(Everywhere):
    """Answers with the right types and impossible values."""

    name = "nonsense"

    async def act(self, context: Context, hook: str) -> Any:
        return ANSWERS.get(hook)
