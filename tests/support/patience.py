"""The guard remembers for longer in tests: where the machine is busy, statements are counted that nobody caused."""

from lms_core import guard

REMEMBERED = guard.REMEMBER_SECONDS
"""Seconds for which it remembers in earnest."""


def remember_longer() -> None:
    """Let the guard of this process remember who asks for a minute."""
    guard.REMEMBER_SECONDS = 60.0
