"""A plugin that writes to whoever enrols."""

from __future__ import annotations

from lms_core.api import (
    Context,
    EnrolmentCreated,
    Invitation,
    Permission,
    Plugin,
    Recipient,
    RouteContext,
    get,
    hookimpl,
    mail_guest,
    send_mail,
)


@get("/door", permission="guest:greeter.friend")
async def open_door(context: RouteContext) -> str:
    """Let a friend in, by name."""
    assert context.guest
    return context.guest.about


class Greeter(Plugin):
    """Writes a greeting; then raises `error`, if there is one, within its transaction."""

    name = "greeter"
    guests = (Permission("greeter.friend", "come along"),)
    routes = (open_door,)

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.subject = {"de": "Grüße {name}", "en": "Greetings {name}"}
        self.friends: list[Recipient] = []
        self.text = {"de": "Schön, dass Sie da sind.\n", "en": "Nice to have you.\n"}

    @hookimpl
    async def enrolment_created(self, context: Context, event: EnrolmentCreated) -> None:
        async with context.write() as connection:
            await send_mail(
                context,
                connection,
                event.person_id,
                subject=self.subject,  # type: ignore[arg-type]  # tests give it wrong ones, too
                text=self.text,  # type: ignore[arg-type]
            )
            for friend in self.friends:
                invitation = Invitation(role="greeter.friend", about=friend.name, title=friend.name, path="door")
                texts = {"de": "Hier entlang: {link}\n", "en": "This way: {link}\n"}
                subject = {"de": "Komm mit", "en": "Come along"}
                await mail_guest(context, connection, friend, invitation, subject=subject, text=texts)
            if self.error:
                raise self.error
