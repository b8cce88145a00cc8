"""A plugin that writes to whoever enrols."""

from __future__ import annotations

from lms_core.api import Context, EnrolmentCreated, Plugin, hookimpl, send_mail


class Greeter(Plugin):
    """Writes a greeting; then raises `error`, if there is one, within its transaction."""

    name = "greeter"

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.subject = {"de": "Grüße {name}", "en": "Greetings {name}"}
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
            if self.error:
                raise self.error
