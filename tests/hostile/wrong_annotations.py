from lms_core.api import Context, EnrolmentRequest, Plugin, hookimpl


class Hostile(Plugin):
    """Its hook answers what nobody understands."""

    name = "wrong_annotations"

    @hookimpl
    async def check_enrolment(self, context: Context, enrolment: EnrolmentRequest) -> bool:
        return True
