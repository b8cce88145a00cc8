"""What plugins/README.md adds to the plugin that `lms plugin new` writes works as it stands there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.kit.conftest import checked, lms, register

if TYPE_CHECKING:
    from collections.abc import Callable

PAGE = (Path(__file__).parents[2] / "plugins" / "README.md").read_text()

A_DAY = """
def test_a_remark_is_made_once_and_changed_by_one_at_a_time(client, programme, enable):
    enable("closed_modules", contact="office@example.org")
    remarks = f"{programme.path}/closed_modules/remarks"
    for _ in range(2):
        made = client.post(remarks, json={"text": "Mind the paint."}, headers={"Idempotency-Key": "paint"})
        assert made.status_code == 201
    path = f"{remarks}/{made.json()['id']}"
    assert client.put(path, json={"text": "Dry."}).status_code == 428
    changed = client.put(path, json={"text": "Dry."}, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.headers["ETag"], changed.json()["text"]) == (200, '"2"', "Dry.")
    assert client.put(path, json={"text": "Wet."}, headers={"If-Match": '"1"'}).status_code == 412
    assert client.put(f"{path[:-4]}0000", json={"text": "Wet."}, headers={"If-Match": '"1"'}).status_code == 404
    assert client.get(remarks).json() == {"items": [changed.json()], "next": None}
    assert client.get(remarks, params={"cursor": made.json()["id"]}).json() == {"items": [], "next": None}


def test_a_closure_has_an_end(client, programme, enable):
    enable("closed_modules", contact="office@example.org")
    path = f"{programme.path}/closed_modules/{programme.module_id}"
    assert client.put(path, json={"reason": "Moving."}).status_code == 200
    [row] = client.get(f"{programme.path}/plugins/closed_modules/export").json()["tables"]["closed_modules_closure"]
    assert row["ends_on"] == "9999-12-31"
"""


def block(beginning: str) -> str:
    """Return the block of Python on the page that begins so."""
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    [found] = [text for text in blocks if text.startswith(beginning)]
    return str(found)


def replace(file: Path, old: str, new: str) -> None:
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new, 1))


def test_the_further_column_and_the_further_routes(
    tmp_path: Path, run_pytest: Callable[..., str], postgres_server: str
) -> None:
    lms("plugin", "new", "closed_modules", "--folder", tmp_path)
    folder = tmp_path / "lms-closed-modules"
    package = folder / "lms_closed_modules"
    register(tmp_path / "site", "lms-closed-modules", "closed_modules", "lms_closed_modules.plugin:ClosedModules")
    path = f"{folder}:{tmp_path / 'site'}"

    reason = '    Column("reason", String(500), nullable=False),\n'
    column = block('Column("ends_on"').strip()
    replace(package / "tables.py", reason, f"{reason}    {column},\n")
    replace(package / "tables.py", "Column, String", "Column, Date, String")
    (package / "remarks.py").write_text(block('"""Remarks'))
    replace(package / "plugin.py", "import routes", "import remarks, routes")
    replace(
        package / "plugin.py",
        "routes.reopen)",
        "routes.reopen, remarks.list_remarks, remarks.add_remark, remarks.change_remark)",
    )
    words = ("plugin", "migration", "closed_modules", "closures have an end")
    written = subprocess.run(
        [sys.executable, "-c", "from lms_core.cli import main; main()", *words],
        env={"PYTHONPATH": path}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    made = package / "migrations" / "0002_closures_have_an_end.py"
    assert (written.stdout, written.stderr) == (f"wrote {made}\n", "")

    (folder / "tests" / "test_remarks.py").write_text(A_DAY)
    said = run_pytest(folder, path=path)
    assert "5 passed" in said
    assert "Warning" not in said
    assert checked(folder, postgres_server) == {"closed_modules": {"reached": 6}}
