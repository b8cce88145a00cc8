from lms_core.api import Context, EnrolmentRequest, Objection, Plugin, hookimpl


class Misspelt(Plugin):
    """Waits for a hook that there is not."""

    name = "misspelt"

    @hookimpl
    async def check_enrollment(self, context: Context, enrolment: EnrolmentRequest) -> list[Objection]:
        return []


class Other(Plugin):
    """Calls itself otherwise than its entry point."""

    name = "other"
