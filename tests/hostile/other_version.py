from lms_core.api import Plugin


class Hostile(Plugin):
    """Was written for a host that is to come."""

    name = "other_version"
    requires = "lms>=7"
