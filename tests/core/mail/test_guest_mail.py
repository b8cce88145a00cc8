"""Mail to people without an account: the link in it is known to nobody else, and the newest counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from lms_core.api import Context, Invitation, Recipient, mail_guest
from lms_core.hooks.channel import PluginChannel
from lms_core.outbox.tables import outbox
from lms_core.outbox.work import settle
from tests.support.mailing import deliver, enrolled, greets, outcomes

if TYPE_CHECKING:
    from lms_core.settings import Settings
    from tests.support.greeter import Greeter
    from tests.support.mailserver import MailServer
    from tests.support.world import World


async def test_people_without_an_account_get_a_link_that_only_their_mail_knows(
    world: World, app_settings: Settings, server: MailServer, run: dict[str, Any], greeter: Greeter
) -> None:
    await greets(world, run)
    greeter.friends = [Recipient("Hans", "hans@firm.example", "de"), Recipient("Mia", "mia@firm.example")]
    ann = await enrolled(world, "Ann", run)
    await deliver(world, app_settings)
    async with world.database.read() as connection:
        kept = "".join(str(row) for row in (await connection.execute(select(outbox.c.payload))).scalars())
    found = {str(mail["To"]): (mail["Subject"], mail.get_content()) for mail in server.mails}
    links = {name: text.partition("link=")[2].split()[0] for name, (_, text) in found.items() if "link=" in text}
    assert {name: subject for name, (subject, _) in found.items() if name in links} == {
        "Hans <hans@firm.example>": "Komm mit", "Mia <mia@firm.example>": "Come along",
    }  # fmt: skip
    place = f"/programmes/{run['programme']['id']}/greeter/door"
    for name, secret in links.items():
        assert secret not in kept
        answer = await world.http.get(f"{place}?link={secret}")
        assert (answer.status_code, answer.text) == (200, name.partition(" ")[0])
    # a later mail about the same takes the link of the earlier one back, and that of nobody else
    await ann.delete(f"/runs/{run['id']}/enrolment")
    greeter.friends = greeter.friends[:1]
    server.mails.clear()
    await enrolled(world, "Bea", run)
    await deliver(world, app_settings)
    [newer] = [text for mail in server.mails if "link=" in (text := mail.get_content())]
    names = ("Hans <hans@firm.example>", "Mia <mia@firm.example>")  # their mails came in any order
    secrets = [*(links[name] for name in names), newer.partition("link=")[2].split()[0]]
    assert [(await world.http.get(f"{place}?link={secret}")).status_code for secret in secrets] == [401, 200, 200]


async def test_of_many_mails_about_the_same_the_last_one_counts(
    world: World, app_settings: Settings, server: MailServer, run: dict[str, Any], greeter: Greeter
) -> None:
    """They are sent in the order in which they were written, though others are sent at the same time."""
    await greets(world, run)
    greeter.friends = [Recipient("Hans", "hans@firm.example", "de")] * 6
    await enrolled(world, "Ann", run)
    await deliver(world, app_settings)
    mails = [mail for mail in server.mails if "link=" in mail.get_content()]
    ids = [str(mail["Message-ID"]) for mail in mails]
    assert (len(ids), ids) == (6, sorted(ids))
    place = f"/programmes/{run['programme']['id']}/greeter/door?link="
    answers = [await world.http.get(place + mail.get_content().partition("link=")[2].split()[0]) for mail in mails]
    assert [answer.status_code for answer in answers] == [401] * 5 + [200]


async def test_who_was_written_to_gets_no_link_of_a_plugin_that_is_off(
    world: World, app_settings: Settings, server: MailServer, run: dict[str, Any], greeter: Greeter
) -> None:
    await greets(world, run)
    greeter.friends = [Recipient("Hans", "hans@firm.example", "de")]
    await enrolled(world, "Ann", run)
    await settle(world.database, [PluginChannel(world.app.state.hooks)])
    path = f"/programmes/{run['programme']['id']}/plugins/greeter"
    await world.admin.put(path, {"enabled": False}, If_Match='"1"')
    await deliver(world, app_settings)
    assert [mail for mail in server.mails if "link=" in mail.get_content()] == []
    assert ("dead", "the plugin is not enabled in the programme any more") in await outcomes(world)


@pytest.mark.parametrize(
    ("role", "text", "wrong"),
    [
        ("greeter.friend", "Come.", r"text\['de'\] must have the place of the link as \{link\}, once"),
        ("greeter.friend", "{link} {link}", r"text\['de'\] must have the place of the link as \{link\}, once"),
        ("other.friend", "{link}", "the role of a guest is called greeter.word, not 'other.friend'"),
    ],
)
async def test_what_no_guest_could_use_is_refused_with_what_to_change(
    world: World, role: str, text: str, wrong: str
) -> None:
    programme = await world.programme()
    context = Context("greeter", programme["id"], None, world.database)
    both = {"de": text, "en": text}
    async with world.database.write() as connection:
        with pytest.raises(ValueError, match=wrong):
            await mail_guest(
                context, connection, Recipient("Hans", "hans@firm.example"),
                Invitation(role=role, about="it", title="It"), subject={"de": "Ja", "en": "Yes"}, text=both,
            )  # fmt: skip
