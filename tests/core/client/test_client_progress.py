from __future__ import annotations

import re
from io import StringIO

from rich.console import Console

from lms_core.client.progress import Tally, show_progress


def test_a_log_has_a_line_for_the_end_of_each_stage():
    out = StringIO()
    with show_progress(Console(file=out)) as on_progress:
        reading = Tally("Reading", 2, 3000, on_progress)
        reading.add(1000)
        reading.add(2000, files=2)
        Tally("Uploading", 0, 0, on_progress)

    assert out.getvalue() == "Reading: 3.0 kB of 3.0 kB, 2/2 files\nUploading: 0 bytes of 0 bytes, 0/0 files\n"


def test_a_long_stage_is_told_in_between_with_rate_and_time_left(monkeypatch):
    monkeypatch.setattr("lms_core.client.progress.LINE_EVERY", 0)
    out = StringIO()
    with show_progress(Console(file=out)) as on_progress:
        sending = Tally("Uploading", 1, 4000, on_progress)
        sending.add(1000, there=True)  # which says nothing of the line
        sending.add(1000)
        sending.add(-1000)

    lines = out.getvalue().splitlines()
    assert lines[:2] == ["Uploading: 0 bytes of 4.0 kB, 0/1 files", "Uploading: 1.0 kB of 4.0 kB, 0/1 files"]
    assert re.fullmatch(r"Uploading: 2\.0 kB of 4\.0 kB, 0/1 files, .+/s, \d+:\d\d:\d\d left", lines[2])
    assert lines[3] == lines[1]


def test_a_terminal_has_a_bar_with_bytes_files_rate_and_time():
    out = StringIO()
    with show_progress(Console(file=out, force_terminal=True, width=160)) as on_progress:
        Tally("Uploading", 2, 4_000_000, on_progress).add(3_000_000, files=1)

    assert re.search(r"3\.0/4\.0 MB\S* 1/2 files .+/s, \d+:\d\d:\d\d left", out.getvalue())
