from lms_core.api import Context, EnrolmentRequest, Objection, Plugin, hookimpl


class Hostile(Plugin):
    """Its hook would never be called."""

    name = "misspelt_hook"

    @hookimpl
    async def check_enrollment(self, context: Context, enrolment: EnrolmentRequest) -> list[Objection]:
        return []
