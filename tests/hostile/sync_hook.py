from lms_core.api import Context, EnrolmentRequest, Objection, Plugin, hookimpl


class Hostile(Plugin):
    """Its hook is not async."""

    name = "sync_hook"

    @hookimpl
    def check_enrolment(self, context: Context, enrolment: EnrolmentRequest) -> list[Objection]:
        return []
