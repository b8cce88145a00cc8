"""What a plan must keep for each single person: the same as is asked when its sessions are published."""

from __future__ import annotations

from lms_family_sessions.checking import Free, forbidden
from lms_family_sessions.scores import Meeting, Person, Policy, Schools, cost, overlaps

EXCLUDED = 200_000
"""What it costs that somebody must not be obliged to come: more than all that can be unpleasant about sixty sessions.

So among plans that exclude somebody those are fairest that exclude whoever is worst off least often.
"""


def excludes(person: Person, meeting: Meeting, free: Free) -> bool:
    """Tell whether a session would be refused for the sake of a person.

    Who cannot come by the word of another plugin may take part from home, as well.
    """
    return any(forbidden(person.constraints, *times, meeting.mode, free) for times in meeting.times) or (
        meeting.mode == "on_site"
        and any(one.strength == "cannot" and overlaps(one, meeting) for one in person.elsewhere)
    )


def price(person: Person, meeting: Meeting, policy: Policy, schools: Schools, free: Free) -> int:
    """Return what a session costs a person; at least EXCLUDED if it would be refused for her sake."""
    total = cost(person, meeting, policy, schools).total()
    return total + EXCLUDED if excludes(person, meeting, free) else total
