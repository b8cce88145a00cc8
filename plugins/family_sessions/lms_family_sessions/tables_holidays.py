"""What is kept of school calendars: movable days that schools choose, and which calendars matter to whom.

`calendar` says of a person only that holidays of a Land, and perhaps of a school, count when sessions are planned. That
tells of children all the same, so its column for the programme has another name in the database: an export of the
programme, which its administrators read, leaves it out.
"""

from sqlalchemy import Column, Date, String, Table, Uuid

from lms_core.api import core_key
from lms_family_sessions.tables import tables

movable_day = Table(
    "family_sessions_movable_day",
    tables,
    Column("id", Uuid, primary_key=True),
    Column("programme_id", Uuid, core_key("programme"), nullable=False, index=True),
    Column("land", String(2), nullable=False),
    Column("school", String(100), nullable=False),  # empty: all schools of the Land
    Column("first_day", Date, nullable=False),
    Column("last_day", Date, nullable=False),
    Column("name", String(200), nullable=False),
)

calendar = Table(
    "family_sessions_calendar",
    tables,
    Column("of_programme", Uuid, core_key("programme"), key="programme_id", primary_key=True),
    Column("person_id", Uuid, core_key("person"), primary_key=True),
    Column("land", String(2), primary_key=True),
    Column("school", String(100), primary_key=True),
)
