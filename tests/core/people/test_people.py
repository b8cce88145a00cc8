"""Persons: how they come in, sign in, change their password, and what their roles let them do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from lms_core.people import attempts
from lms_core.people.tables import password_link, person, token
from lms_core.permissions import PERMISSIONS, ROLES

if TYPE_CHECKING:
    import httpx

    from tests.support.world import World

PASSWORD = "correct horse battery"


async def sign_in(world: World, email: str, password: str = PASSWORD) -> httpx.Response:
    return await world.http.post("/sign-in", json={"email": email, "password": password})


async def new_person(world: World, email: str) -> dict[str, str]:
    made = await world.admin.post("/persons", {"email": email, "name": "Nora"})
    link = await world.admin.post(f"/persons/{made['id']}/password-links")
    secret = link["url"].partition("link=")[2]
    answer = await world.http.post("/password-links/redeem", json={"link": secret, "password": PASSWORD})
    assert answer.status_code == 204
    return {**made, "link": secret}


async def test_a_person_comes_in_by_a_link_that_works_once(world: World) -> None:
    nora = await new_person(world, "Nora@Example.org")
    assert nora["email"] == "nora@example.org"
    again = await world.http.post("/password-links/redeem", json={"link": nora["link"], "password": PASSWORD})
    assert (again.status_code, again.json()["detail"]) == (
        404,
        "This link is unknown, used already or expired; ask for a new one.",
    )
    answer = (await sign_in(world, "NORA@example.org")).json()
    assert answer["person"] == {
        "id": nora["id"], "email": "nora@example.org", "name": "Nora", "active": True, "language": "en",
    }  # fmt: skip
    me = await world.http.get("/me", headers={"Authorization": f"Bearer {answer['token']}"})
    assert me.json() == {**answer["person"], "grants": []}


async def test_the_page_behind_the_link_sets_the_password_without_scripts(world: World) -> None:
    made = await world.admin.post("/persons", {"email": "nora@example.org", "name": "Nora"})
    link = await world.admin.post(f"/persons/{made['id']}/password-links")
    newer = await world.admin.post(f"/persons/{made['id']}/password-links")
    secret = newer["url"].partition("link=")[2]
    page = await world.http.get(newer["url"])
    assert f'name="link" value="{secret}"' in page.text
    assert page.headers["Referrer-Policy"] == "no-referrer"
    form = {"link": secret, "password": PASSWORD}
    replaced = {**form, "link": link["url"].partition("link=")[2]}
    assert (await world.http.post("/set-password", data=replaced)).status_code == 404
    short = await world.http.post("/set-password", data={**form, "password": "short"})
    assert (short.status_code, short.json()["errors"][0]["where"]) == (400, "body.password")
    assert (await world.http.post("/set-password", data=form)).status_code == 200
    assert (await sign_in(world, "nora@example.org")).status_code == 200


async def test_nothing_secret_is_kept_in_clear(world: World) -> None:
    nora = await new_person(world, "nora@example.org")
    secret = (await sign_in(world, "nora@example.org")).json()["token"]
    link = await world.admin.post(f"/persons/{nora['id']}/password-links")
    async with world.database.read() as connection:
        kept = [
            *(await connection.execute(select(token))).all(),
            *(await connection.execute(select(password_link))).all(),
            *(await connection.execute(select(person))).all(),
        ]
    for hidden in (secret, link["url"].partition("link=")[2], PASSWORD):
        assert hidden not in repr(kept)


async def test_changing_the_password_ends_every_sign_in(world: World) -> None:
    await new_person(world, "nora@example.org")
    tokens = [(await sign_in(world, "nora@example.org")).json()["token"] for _ in range(2)]
    headers = [{"Authorization": f"Bearer {secret}"} for secret in tokens]
    wrong = {"current": "not this one", "new": "another long password"}
    answer = await world.http.put("/me/password", json=wrong, headers=headers[0])
    assert answer.json()["errors"] == [{"where": "body.current", "reason": "wrong password"}]
    right = {"current": PASSWORD, "new": "another long password"}
    assert (await world.http.put("/me/password", json=right, headers=headers[0])).status_code == 204
    assert [(await world.http.get("/me", headers=header)).status_code for header in headers] == [401, 401]
    assert (await sign_in(world, "nora@example.org")).status_code == 401
    assert (await sign_in(world, "nora@example.org", "another long password")).status_code == 200


async def test_everybody_is_written_to_in_her_language(world: World) -> None:
    new = {"email": "nora@example.org", "name": "Nora", "language": "de"}
    made = await world.admin.post("/persons", new)
    path = f"/persons/{made['id']}"
    assert made == {**made, **new, "active": True}
    changed = await world.admin.patch(path, {"language": "en"}, If_Match='"1"')
    assert changed == {**made, "language": "en", "grants": []}
    await world.admin.patch(path, {"language": "fr"}, 400, If_Match='"2"')
    nora = await world.person("Nora Two")
    await nora.put("/me/language", {"language": "de"}, 204)
    await nora.put("/me/language", {"language": "fr"}, 400)
    assert (await nora.get("/me"))["language"] == "de"
    assert [person["language"] for person in (await world.admin.get("/persons"))["items"]] == ["en", "en", "de"]


async def test_signing_out_ends_only_this_sign_in(world: World) -> None:
    await new_person(world, "nora@example.org")
    tokens = [(await sign_in(world, "nora@example.org")).json()["token"] for _ in range(2)]
    headers = [{"Authorization": f"Bearer {secret}"} for secret in tokens]
    assert (await world.http.post("/sign-out", headers=headers[0])).status_code == 204
    assert [(await world.http.get("/me", headers=header)).status_code for header in headers] == [401, 200]


async def test_a_closed_account_cannot_sign_in_and_is_signed_out(world: World) -> None:
    nora = await new_person(world, "nora@example.org")
    secret = (await sign_in(world, "nora@example.org")).json()["token"]
    change = {"active": False}
    await world.admin.patch(f"/persons/{nora['id']}", change, If_Match='"1"')
    me = await world.http.get("/me", headers={"Authorization": f"Bearer {secret}"})
    assert (me.status_code, (await sign_in(world, "nora@example.org")).status_code) == (401, 401)


async def test_wrong_passwords_unknown_people_and_guessers_learn_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempts, "FAILURES", 3)
    await new_person(world, "nora@example.org")
    await world.admin.post("/persons", {"email": "nopassword@example.org", "name": "Nobody"})
    answers = [
        await sign_in(world, "nora@example.org", "wrong"),
        await sign_in(world, "unknown@example.org"),
        await sign_in(world, "nopassword@example.org"),
    ]
    assert {(answer.status_code, answer.json()["detail"]) for answer in answers} == {
        (401, "The e-mail address or the password is wrong.")
    }
    for _ in range(2):
        assert (await sign_in(world, "nora@example.org", "wrong")).status_code == 401
    blocked = await sign_in(world, "nora@example.org")
    assert (blocked.status_code, blocked.headers["Retry-After"]) == (429, "60")


async def test_a_role_is_data_and_its_change_takes_effect(world: World) -> None:
    programme = await world.programme()
    lecturer = await world.person("Lea", "lecturer", programme)
    new = {"key": "a", "title": "A"}
    await lecturer.post(f"/programmes/{programme['id']}/modules", new)
    role = await world.admin.get("/roles/lecturer")
    fewer = {"title": "Guest", "permissions": [p for p in role["permissions"] if p != "modules.edit"]}
    await world.admin.put("/roles/lecturer", {**fewer, "permissions": ["fly"]}, 422, If_Match='"1"')
    changed = await world.admin.put("/roles/lecturer", fewer, If_Match='"1"')
    assert changed == {"name": "lecturer", **fewer}
    await lecturer.post(f"/programmes/{programme['id']}/modules", {"key": "b", "title": "B"}, 403)
    await world.admin.put("/roles/administrator", fewer, 409, If_Match='"1"')


async def test_roles_are_granted_at_a_place_and_withdrawn(world: World) -> None:
    programme, other = await world.programme(), await world.programme("other")
    lea = await world.person("Lea")
    grant = {"role": "lecturer", "scope": "programme", "scopeId": programme["id"]}
    made = await world.admin.post(f"/persons/{lea.id}/grants", grant)
    assert await world.admin.post(f"/persons/{lea.id}/grants", grant) == made
    assert (await world.admin.get(f"/persons/{lea.id}"))["grants"] == [made]
    await lea.get(f"/programmes/{programme['id']}")
    await lea.get(f"/programmes/{other['id']}", 404)
    await world.admin.delete(f"/persons/{lea.id}/grants/{made['id']}")
    await lea.get(f"/programmes/{programme['id']}", 404)
    unknown = {**grant, "role": "wizard"}
    problem = await world.admin.post(f"/persons/{lea.id}/grants", unknown, 422)
    assert problem["errors"] == [{"where": "body.role", "reason": "must be one of the names at GET /roles"}]
    await world.admin.post(f"/persons/{lea.id}/grants", {**grant, "scopeId": lea.id}, 422)
    await world.admin.post(f"/persons/{lea.id}/grants", {**grant, "scopeId": None}, 400)


async def test_an_administrator_cannot_lock_herself_out(world: World) -> None:
    mine = (await world.admin.get("/me"))["grants"][0]
    await world.admin.delete(f"/persons/{world.admin.id}/grants/{mine['id']}", 409)


def test_every_role_bundles_permissions_that_exist() -> None:
    assert {p for _, bundle in ROLES.values() for p in bundle} <= set(PERMISSIONS)
    assert set(ROLES["administrator"][1]) == set(PERMISSIONS)
