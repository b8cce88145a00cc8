"""A day with closed modules, over HTTP; the fixtures come with lms-core."""


def test_a_closed_module_takes_nobody_until_it_is_open_again(client, programme, enable):
    enable("closed_modules", contact="office@example.org")
    student = client.as_student()
    closures = f"{programme.path}/closed_modules"

    client.put(f"{closures}/{programme.module_id}", json={"reason": "The laboratory is moving."})
    refused = student.put(f"/runs/{programme.run_id}/enrolment", json={})
    assert refused.status_code == 409
    assert refused.json()["errors"] == [
        {"where": "module-closed", "reason": "The laboratory is moving. Ask office@example.org."}
    ]
    assert [found["moduleId"] for found in student.get(closures).json()["items"]] == [programme.module_id]

    client.delete(f"{closures}/{programme.module_id}")
    assert student.put(f"/runs/{programme.run_id}/enrolment", json={}).json()["state"] == "enrolled"


def test_students_close_nothing(client, programme, enable):
    enable("closed_modules", contact="office@example.org")
    address = f"{programme.path}/closed_modules/{programme.module_id}"
    assert client.as_student().put(address, json={"reason": "Party"}).status_code == 403
    assert client.get(f"{programme.path}/closed_modules").json() == {"items": []}


def test_off_means_off(client, programme, enable, disable):
    enable("closed_modules", contact="office@example.org")
    client.put(f"{programme.path}/closed_modules/{programme.module_id}", json={"reason": "Moving."})
    disable("closed_modules")
    assert client.get(f"{programme.path}/closed_modules").status_code == 404
    assert client.as_student().put(f"/runs/{programme.run_id}/enrolment", json={}).status_code == 200
