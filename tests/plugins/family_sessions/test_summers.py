"""Summer holidays of all Länder, compared with the long-range lists of the ministers of education (KMK).

Entered by hand, as month and day. Lower Saxony and Bremen in 2028 are left out: whoever entered it did not know them.
"""

from __future__ import annotations

from datetime import date

import pytest
from lms_family_sessions.holidays_of import DAY, LAENDER, Land, Span, free_days, known_until

SUMMERS: dict[int, str] = {
    2024: "BW 0725-0907 BY 0729-0909 BE 0718-0830 BB 0718-0831 HB 0624-0802 HH 0718-0828 HE 0715-0823 MV 0722-0831 "
          "NI 0624-0803 NW 0708-0820 RP 0715-0823 SL 0715-0823 SN 0620-0802 ST 0624-0803 SH 0722-0831 TH 0620-0731",
    2025: "BW 0731-0913 BY 0801-0915 BE 0724-0906 BB 0724-0906 HB 0703-0813 HH 0724-0903 HE 0707-0815 MV 0728-0906 "
          "NI 0703-0813 NW 0714-0826 RP 0707-0815 SL 0707-0814 SN 0628-0808 ST 0628-0808 SH 0728-0906 TH 0628-0808",
    2026: "BW 0730-0912 BY 0803-0914 BE 0709-0822 BB 0709-0822 HB 0702-0812 HH 0709-0819 HE 0629-0807 MV 0713-0822 "
          "NI 0702-0812 NW 0720-0901 RP 0629-0807 SL 0629-0807 SN 0704-0814 ST 0704-0814 SH 0704-0815 TH 0704-0814",
    2027: "BW 0729-0911 BY 0802-0913 BE 0701-0814 BB 0701-0814 HB 0708-0818 HH 0701-0811 HE 0628-0806 MV 0705-0814 "
          "NI 0708-0818 NW 0719-0831 RP 0628-0806 SL 0628-0806 SN 0710-0820 ST 0710-0820 SH 0703-0814 TH 0710-0820",
    2028: "BW 0727-0909 BY 0731-0911 BE 0701-0812 BB 0629-0812 HH 0703-0811 HE 0703-0811 MV 0626-0805 "
          "NW 0710-0822 RP 0703-0811 SL 0703-0811 SN 0722-0901 ST 0722-0901 SH 0624-0805 TH 0722-0901",
}  # fmt: skip


def published(year: int) -> dict[str, Span]:
    words = SUMMERS[year].split()
    found = {}
    for land, days in zip(words[::2], words[1::2], strict=True):
        first, last = (date(year, int(text[:2]), int(text[2:])) for text in days.split("-"))
        found[land] = Span(first, last)
    return found


def school_days(days: Span) -> list[date]:
    return [day for day in days.days() if day.weekday() < 5]


@pytest.mark.parametrize("year", SUMMERS)
def test_summers_begin_and_end_as_published(year: int) -> None:
    """By days on which there would be school: lists differ in whether they name the Saturday of the last week."""
    listed = published(year)
    assert set(LAENDER) - set(listed) == ({"HB", "NI"} if year == 2028 else set())
    wrong = {}
    for land in LAENDER:
        if land in listed:
            free = free_days(land, date(year, 6, 1), date(year, 9, 30)).free
            named = set(listed[land].days())  # a public holiday within is named as such
            found = [day for day in free if day.weekday() < 5 and (free[day] == "Sommerferien" or day in named)]
            if found != school_days(listed[land]):
                wrong[land] = (found[0], found[-1])
    assert wrong == {}


@pytest.mark.parametrize("land", LAENDER)
def test_nothing_is_unknown_until_the_summer_of_2029_and_everything_after(land: Land) -> None:
    last = known_until(land)
    assert date(2029, 7, 28) <= last <= date(2029, 9, 10)
    assert free_days(land, date(2024, 1, 1), last).unknown == ()
    assert free_days(land, last + DAY, date(2031, 12, 31)).unknown == (Span(last + DAY, date(2031, 12, 31)),)
