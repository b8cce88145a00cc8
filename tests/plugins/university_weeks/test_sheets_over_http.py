"""A planner takes a week out as a spreadsheet, changes it, tries it, and puts it back."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import openpyxl
from lms_university_weeks.files import CSV, XLSX

from tests.support.weeks import prepared, week
from tests.support.world import statements

if TYPE_CHECKING:
    import httpx

    from tests.support.world import Actor, World


async def sent(actor: Actor, method: str, path: str, data: bytes, kind: str = XLSX, **headers: str) -> httpx.Response:
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    signed_in = {"Authorization": f"Bearer {actor.token}", "Content-Type": kind}
    return await actor.http.request(method, path, content=data, headers=signed_in | told)


def changed(data: bytes, **cells: Any) -> bytes:
    """Return a workbook with other cells, named like `Rooms_C2`."""
    book = openpyxl.load_workbook(io.BytesIO(data))
    for name, value in cells.items():
        sheet, _, cell = name.partition("_")
        book[sheet][cell] = value
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


async def test_out_changed_tried_and_back(world: World) -> None:
    setting = await prepared(world)
    content = week(setting.run["id"], title="Woche in Köln/Bonn")
    made = await world.admin.post(f"{setting.path}/weeks", content)
    at = f"{setting.path}/weeks/{made['id']}"
    with statements(world.database) as asked:
        out = await world.admin.call("GET", f"{at}/workbook")
    export = len(asked)
    assert (out.status_code, out.headers["content-type"], out.headers["etag"]) == (200, XLSX, '"1"')
    assert out.headers["content-disposition"] == "attachment; filename*=UTF-8''Woche%20in%20K%C3%B6ln%2FBonn.xlsx"
    same = await sent(world.admin, "PUT", f"{at}/workbook", out.content, If_Match='"1"')
    assert (same.status_code, same.headers["etag"], same.json()["content"]) == (200, '"2"', made["content"])

    data = changed(out.content, Rooms_D3=24, Sessions_A9="closing", Sessions_B9="Closing", Travel_A2=None,
                   Travel_B2=None, Travel_C2=None, Week_B7=12)  # fmt: skip
    tried = await sent(world.admin, "POST", f"{setting.path}/workbook/check?week_id={made['id']}", data)
    assert tried.status_code == 200
    rows = {one.pop("sheet"): tuple(one.values()) for one in tried.json()["sheets"]}  # rows, added, changed, removed
    assert rows == {
        "Week": (8, 0, 1, 0), "Slots": (5, 0, 0, 0), "Sites": (2, 0, 0, 0), "Travel": (0, 0, 0, 1),
        "Rooms": (2, 0, 1, 0), "Lecturers": (2, 0, 0, 0), "Tracks": (2, 0, 0, 0), "Companies": (1, 0, 0, 0),
        "Sessions": (8, 1, 0, 0), "Choices": (0, 0, 0, 0),
    }  # fmt: skip
    assert (await world.admin.get(at))["revision"] == 2
    with statements(world.database) as asked:
        done = await sent(world.admin, "PUT", f"{at}/workbook", data, If_Match='"2"')
    assert (done.status_code, export, len(asked)) == (200, 1, 3)
    plain = {"tracks": [], "lecturers": []}
    wanted = {**made["content"], "travel": [], "childcare": 12}
    wanted["rooms"][1]["seats"] = 24
    wanted["sessions"] = [*wanted["sessions"], {**wanted["sessions"][1], **plain, "key": "closing", "title": "Closing"}]
    assert done.json()["content"] == wanted
    assert (await world.admin.get(at))["content"] == wanted
    stale = await sent(world.admin, "PUT", f"{at}/workbook", out.content, If_Match='"2"')
    assert stale.status_code == 412
    assert (await sent(world.admin, "PUT", f"{at}/workbook", out.content)).status_code == 428

    key = {"Idempotency_Key": "once"}
    first = await sent(world.admin, "POST", f"{setting.path}/workbook", data, **key)
    again = await sent(world.admin, "POST", f"{setting.path}/workbook", data, **key)
    assert (first.status_code, first.json()["content"], again.json()) == (201, wanted, first.json())
    assert len((await world.admin.get(f"{setting.path}/weeks"))["items"]) == 2


async def test_one_table_as_csv(world: World) -> None:
    setting = await prepared(world)
    made = await world.admin.post(f"{setting.path}/weeks", week(setting.run["id"]))
    at = f"{setting.path}/weeks/{made['id']}/tables"
    out = await world.admin.call("GET", f"{at}/tracks")
    assert (out.headers["content-type"].partition(";")[0], out.headers["etag"]) == (CSV, '"1"')
    assert out.content.decode("utf-8-sig") == ("key,name,size,languages\r\nmems,MEMS,20,\r\noptics,Optics,10,\r\n")
    more = out.content + b"robots,'=Robots,8,de; en\r\n"
    with statements(world.database) as asked:
        done = await sent(world.admin, "PUT", f"{at}/Tracks", more, CSV, If_Match='"1"')
    assert (done.status_code, done.headers["etag"], len(asked)) == (200, '"2"', 4)
    tracks = [*made["content"]["tracks"], {"key": "robots", "name": "=Robots", "size": 8, "languages": ["de", "en"]}]
    assert done.json()["content"] == {**made["content"], "tracks": tracks}
    assert (await world.admin.call("GET", f"{at}/tracks")).content == more

    fewer = b"key;name;size;languages\r\nmems;MEMS;20;\r\n"
    stale = await sent(world.admin, "PUT", f"{at}/tracks", fewer, CSV, If_Match='"1"')
    early = await sent(world.admin, "PUT", f"{at}/tracks", fewer, CSV, If_Match='"3"')
    assert (stale.status_code, early.status_code) == (412, 412)
    refused = await sent(world.admin, "PUT", f"{at}/tracks", fewer, CSV, If_Match='"2"')
    assert (refused.status_code, refused.json()["errors"]) == (
        422,
        [
            {"where": "Sessions!F5 (tracks)", "reason": "there is no track optics"},
            {"where": "Sessions!F8 (tracks)", "reason": "there is no track optics"},
        ],
    )
    assert (await world.admin.get(f"{at[:-7]}"))["content"]["tracks"] == tracks
    unknown = await world.admin.get(f"{at}/tack", 404)
    assert unknown["detail"].startswith("There is no such table; they are Week, Slots, ")


async def test_what_is_wrong_changes_nothing(world: World) -> None:
    setting, other = await prepared(world), await prepared(world, "beta")
    made = await world.admin.post(f"{setting.path}/weeks", week(setting.run["id"]))
    at = f"{setting.path}/weeks/{made['id']}/workbook"
    whole = (await world.admin.call("GET", at)).content
    nobody = "0190a6e0-5f3c-7000-8000-000000000000"
    runs = changed(whole, Week_B3=other.run["id"], Sessions_R2=nobody, Sessions_R3=setting.run["id"])
    cell = changed(whole, Sessions_G2="nobody", Rooms_D2=-1)
    wanted = {
        runs: [("Week!B3 (runId)", "the programme has no such run"), ("Sessions!R2 (runId)", "the programme has no such run")],
        cell: [
            ("Rooms!D2 (seats)", "'-1' is not a whole number from 0 to 100000"),
            ("Sessions!G2 (lecturers)", "there is no lecturer nobody"),
        ],
    }  # fmt: skip
    for data, errors in wanted.items():
        for method, path in (
            ("PUT", at),
            ("POST", f"{setting.path}/workbook"),
            ("POST", f"{setting.path}/workbook/check"),
        ):
            refused = await sent(world.admin, method, path, data, If_Match='"1"')
            assert refused.status_code == 422
            assert [(one["where"], one["reason"]) for one in refused.json()["errors"]] == errors
    for data, kind, status in (
        (whole, CSV, 415),
        (b"", XLSX, 422),
        (whole[:2000], XLSX, 422),
        (b" " * 5_000_001, XLSX, 413),
    ):
        assert (await sent(world.admin, "PUT", at, data, kind, If_Match='"1"')).status_code == status
    [line] = (await world.admin.get(f"{setting.path}/weeks"))["items"]
    assert line["revision"] == 1


async def test_planners_of_the_programme_only(world: World) -> None:
    setting, other = await prepared(world), await prepared(world, "beta")
    made = await world.admin.post(f"{setting.path}/weeks", week(setting.run["id"]))
    planner = await world.person("Pia")
    role = {"role": "university_weeks.planner", "scope": "programme", "scopeId": setting.programme["id"]}
    await world.admin.post(f"/persons/{planner.id}/grants", role)
    lecturer = await world.person("Lea", "lecturer", setting.programme)
    week_path = f"weeks/{made['id']}"
    data = (await planner.call("GET", f"{setting.path}/{week_path}/workbook")).content
    theirs = changed(data, Week_B3=other.run["id"])
    table = (await planner.call("GET", f"{setting.path}/{week_path}/tables/rooms")).content
    requests = (
        ("GET", f"{week_path}/workbook", b"", XLSX), ("PUT", f"{week_path}/workbook", theirs, XLSX),
        ("GET", f"{week_path}/tables/rooms", b"", CSV), ("PUT", f"{week_path}/tables/rooms", table, CSV),
        ("POST", f"workbook/check?week_id={made['id']}", theirs, XLSX), ("POST", "workbook", theirs, XLSX),
    )  # fmt: skip
    for method, path, body, kind in requests:
        assert (await sent(lecturer, method, f"{setting.path}/{path}", body, kind, If_Match='"1"')).status_code == 403
        assert (await sent(planner, method, f"{other.path}/{path}", body, kind, If_Match='"1"')).status_code == 404
        if path != "workbook":  # of a programme that is hers to see, but not the week's
            found = await sent(world.admin, method, f"{other.path}/{path}", body, kind, If_Match='"1"')
            assert found.status_code == 404
    assert (await world.admin.get(f"{other.path}/weeks"))["items"] == []
    assert (await planner.get(f"{setting.path}/{week_path}"))["revision"] == 1
    described = await world.admin.get(f"/programmes/{setting.programme['id']}/openapi.json")
    of_week = described["paths"]["/programmes/{programme_id}/university_weeks/weeks/{week_id}/workbook"]
    assert list(of_week["put"]["requestBody"]["content"]) == [XLSX]
    assert list(of_week["get"]["responses"]["200"]["content"]) == [XLSX]
