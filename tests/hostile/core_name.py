from lms_core.api import Plugin


class Hostile(Plugin):
    """Wants its routes where the core has its own."""

    name = "modules"
