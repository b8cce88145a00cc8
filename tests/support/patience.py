"""More time in tests than in earnest: where the machine is busy, statements are counted and plugins refused for nothing."""

from lms_core import guard
from lms_core.hooks import dispatch

REMEMBERED = guard.REMEMBER_SECONDS
"""Seconds for which the guard remembers in earnest."""


def be_patient() -> None:
    """Let the guard of this process remember who asks for an hour, and plugins take 20 s; tests of limits set theirs."""
    guard.REMEMBER_SECONDS = 3600.0
    dispatch.TIME_LIMIT = 20.0
