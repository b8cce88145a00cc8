import time

from lms_core.api import Plugin

time.sleep(2.1)


class Slow(Plugin):
    """Takes its time."""

    name = "slow"
